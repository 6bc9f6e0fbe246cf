//! The folder that letters go out by: a file for each, which a sender of the operator's takes away.
//!
//! A file is written beside its name, made durable, and renamed, so that nobody sees half a letter. Its content is
//! secret, so only the owner may read it. A letter that could not be written is an error to whoever sends it.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base::{Clock, Error, Random, Result, codes};
use futures_util::future::BoxFuture;
use rpc::{About, Deliver, Letter, Recipient};
use serde::Serialize;

/// Letters that may lie there; when nobody takes them away, no more are written.
const WAITING_MAX: usize = 10_000;

/// Writes letters into a folder.
pub(crate) struct Folder {
    path: PathBuf,
    clock: Clock,
    random: Random,
}

/// What stands in a file.
#[derive(Serialize)]
struct Written<'a> {
    kind: &'static str,
    to: &'a str,
    by: &'static str,
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<u32>,
}

impl Folder {
    /// Makes the folder when it is not there, for its owner alone.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn open(path: &Path, clock: &Clock, random: &Random) -> Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| away(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            clock: clock.clone(),
            random: random.clone(),
        })
    }

    fn write(&self, letter: &Letter) -> Result<()> {
        let failed = |error: std::io::Error| away(&self.path, &error);
        let waiting = std::fs::read_dir(&self.path).map_err(failed)?;
        if waiting.take(WAITING_MAX).count() == WAITING_MAX {
            let message = "letters are not taken away from their folder";
            return Err(Error::unavailable(codes::UNAVAILABLE, message));
        }
        let text = serde_json::to_vec(&written(letter)).map_err(|error| {
            Error::internal(codes::INTERNAL, "a letter cannot be written").caused_by(error)
        })?;
        let at = self.clock.now().as_micros();
        let name = format!("{at}-{:016x}.json", self.random.u64());
        let (next, done) = (self.path.join(format!(".{name}")), self.path.join(name));
        let mut file = std::fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&next)
            .map_err(failed)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&next, &done))
            .inspect_err(|_| drop(std::fs::remove_file(&next)))
            .map_err(failed)
    }
}

impl Deliver for Folder {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.write(&letter) })
    }
}

/// Sends nothing, and says so.
pub(crate) struct Nobody;

impl Deliver for Nobody {
    fn deliver(&self, _letter: Letter) -> BoxFuture<'_, Result<()>> {
        let message = "this installation sends no letters; set `sign_in.letters`";
        Box::pin(async move { Err(Error::unavailable(codes::UNAVAILABLE, message)) })
    }
}

fn written(letter: &Letter) -> Written<'_> {
    let (by, to) = match &letter.to {
        Recipient::Phone(phone) => ("text", phone.as_str()),
        Recipient::Email(email) => ("e-mail", email.as_str()),
    };
    Written {
        kind: match letter.about {
            About::Code => "code",
            About::Invitation => "invitation",
            About::Notice => "notice",
        },
        to,
        by,
        subject: &letter.subject,
        text: &letter.text,
        organisation: letter.organisation.map(base::Organisation::get),
    }
}

fn away(path: &Path, error: &std::io::Error) -> Error {
    let message = format!("the folder of letters {}: {error}", path.display());
    Error::unavailable(codes::UNAVAILABLE, message)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Trial(PathBuf);

    impl Trial {
        fn new(name: &str) -> Self {
            let name = format!("comanda-letters-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn open(&self) -> Folder {
            Folder::open(&self.0, &Clock::real(), &Random::seeded(1)).unwrap()
        }
    }

    impl Drop for Trial {
        fn drop(&mut self) {
            let _gone_already = std::fs::remove_dir_all(&self.0);
        }
    }

    fn letter() -> Letter {
        Letter {
            to: Recipient::Email(domain::people::Email::parse("ada@example.com").unwrap()),
            about: About::Code,
            subject: "Your code".to_owned(),
            text: "123456".to_owned(),
            organisation: None,
        }
    }

    #[tokio::test]
    async fn a_letter_is_a_file_that_only_its_owner_reads() {
        let trial = Trial::new("files");
        let folder = trial.open();
        folder.deliver(letter()).await.unwrap();
        folder.deliver(letter()).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(&trial.0).unwrap().flatten().collect();
        assert_eq!(files.len(), 2);
        for file in files {
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let text = std::fs::read_to_string(file.path()).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            let expected = ("ada@example.com", "123456", "code");
            let found = (&read["to"], &read["text"], &read["kind"]);
            assert_eq!(
                found,
                (&expected.0.into(), &expected.1.into(), &expected.2.into())
            );
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_said() {
        let trial = Trial::new("gone");
        let folder = trial.open();
        std::fs::remove_dir(&trial.0).unwrap();
        let error = folder.deliver(letter()).await.unwrap_err();
        assert_eq!(error.kind(), base::Kind::Unavailable);
    }
}
