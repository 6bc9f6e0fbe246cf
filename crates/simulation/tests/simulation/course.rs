//! How far a drill has come, in a file: whoever is stopped at any moment goes on there when he is begun again.

use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::sweep::Tally;

/// The way of a drill from its first seed to its last one, and what was done of it before.
pub(crate) struct Course {
    path: PathBuf,
    /// The first seed, and how many there are.
    from: u64,
    seeds: u64,
    /// What the code is known by: another one draws otherwise, so nothing is known of it.
    code: String,
    /// What was done before, and in how many parts.
    pub(crate) before: Tally,
    parts: u64,
}

impl Course {
    /// The way that is written down there, or that begins there.
    pub(crate) fn at(path: &Path, range: (u64, u64), code: &str) -> Self {
        let (from, seeds) = range;
        let mut course = Course {
            path: path.to_owned(),
            from,
            seeds,
            code: code.to_owned(),
            before: Tally::default(),
            parts: 0,
        };
        match course.read() {
            Ok(Some((before, parts))) => (course.before, course.parts) = (before, parts),
            Ok(None) => {}
            Err(why) => println!("begins at seed {from}: {why}"),
        }
        course
    }

    /// What is written down, where that is of this way and this code.
    fn read(&self) -> Result<Option<(Tally, u64)>, String> {
        let Ok(text) = std::fs::read_to_string(&self.path) else {
            return Ok(None);
        };
        let said: Json = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let number = |name: &str| {
            let number = said[name].as_u64();
            number.ok_or_else(|| format!("nothing says `{name}` in {}", self.path.display()))
        };
        if (number("from")?, number("wanted")?) != (self.from, self.seeds) {
            return Err("others were run before".to_owned());
        }
        if said["code"] != self.code.as_str() {
            let done = number("seeds")?;
            return Err(format!("{done} seeds were run before by another code"));
        }
        let tally = Tally {
            seeds: number("seeds")?,
            orders: number("orders")?,
            borders: number("borders")?,
            struck: number("struck")?,
            seconds: number("seconds")?,
        };
        Ok(Some((tally, number("parts")?)))
    }

    /// The first seed that is not done.
    pub(crate) fn next(&self) -> u64 {
        self.from + self.before.seeds
    }

    /// Writes down what is done, all parts together. Who is stopped in between has what was written before.
    pub(crate) fn keep(&self, all: &Tally) {
        let said = json!({
            "from": self.from, "wanted": self.seeds, "code": self.code, "parts": self.parts + 1,
            "seeds": all.seeds, "orders": all.orders, "borders": all.borders, "struck": all.struck,
            "seconds": all.seconds,
        });
        if let Err(error) = self.write(&said.to_string()) {
            println!("{} is not written: {error}", self.path.display());
        }
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, text)?;
        std::fs::rename(&beside, &self.path)
    }

    /// Says what is done now of the whole way. Who has come to its end begins anew the next time.
    pub(crate) fn ended(&self, all: &Tally) -> String {
        let (from, last) = (self.from, self.from + self.seeds - 1);
        let minutes = all.seconds / 60;
        let parts = match self.parts {
            0 => "at one go".to_owned(),
            before => format!("in {} parts", before + 1),
        };
        let done = match all.seeds {
            0 => "no seed is".to_owned(),
            some => format!("seeds {from} to {} are", from + some - 1),
        };
        let said = format!("{done} done of {from} to {last}, {parts}, {minutes} minutes in all");
        if all.seeds < self.seeds {
            return format!("{said}; asked for in the same way it goes on there");
        }
        match std::fs::remove_file(&self.path) {
            Ok(()) => said,
            Err(error) => format!("{said}; {} stays: {error}", self.path.display()),
        }
    }
}

/// What the code of this program is known by.
pub(crate) fn code() -> String {
    let own = std::env::current_exe().and_then(std::fs::read).unwrap();
    let mut sum = DefaultHasher::new();
    sum.write(&own);
    format!("{:016x}", sum.finish())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::sweep::{Swept, Wanted, sweep};
    use super::*;

    const WAY: (u64, u64) = (11, 6);

    /// As much of the way as there is time for, and what there must be.
    fn part(course: &Course, least: u64) -> Swept {
        sweep(Wanted {
            from: WAY.0,
            seeds: WAY.1,
            within: Some(Duration::ZERO),
            least,
            tells: false,
            course: Some(course),
        })
    }

    fn counts(swept: &Swept) -> [u64; 4] {
        let all = &swept.all;
        [all.seeds, all.orders, all.borders, all.struck]
    }

    #[test]
    fn who_was_stopped_goes_on_where_he_was() {
        let name = format!("comanda-course-{}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        let course = |code| Course::at(&path, WAY, code);
        let whole = sweep(Wanted {
            from: WAY.0,
            seeds: WAY.1,
            within: None,
            least: 0,
            tells: false,
            course: None,
        });
        let first = course("one");
        assert_eq!(first.next(), 11);
        let done = part(&first, 2);
        assert_eq!(done.all.seeds, 2);
        assert!(
            first
                .ended(&done.all)
                .starts_with("seeds 11 to 12 are done")
        );
        // Another code has seen none of them.
        assert_eq!(course("other").next(), 11);
        let second = course("one");
        assert_eq!(second.next(), 13);
        let done = part(&second, WAY.1);
        assert_eq!(counts(&done), counts(&whole));
        let said = second.ended(&done.all);
        assert!(
            said.starts_with("seeds 11 to 16 are done of 11 to 16, in 2 parts"),
            "{said}"
        );
        assert_eq!(course("one").next(), 11, "what is done is begun anew");
        // What was written in part only is as if nothing was.
        std::fs::write(&path, r#"{"from": 11, "wanted""#).unwrap();
        assert_eq!(course("one").next(), 11);
        std::fs::remove_file(&path).unwrap();
    }
}
