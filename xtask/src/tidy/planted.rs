//! Planted mistakes are for one test program: no other crate may turn them on, and none by default.

use super::files::Source;

/// Where the feature is made, and where the tests are that turn it on.
const MAY_NAME: [&str; 2] = ["crates/base/Cargo.toml", "crates/simulation/Cargo.toml"];

/// Looks at every manifest.
pub(crate) fn check(source: &Source) -> Vec<String> {
    let path = source.path.display().to_string();
    if !path.ends_with("Cargo.toml") {
        return Vec::new();
    }
    let may_name = MAY_NAME.contains(&path.as_str());
    let named = source.text.lines().enumerate().filter(|(_, line)| {
        let is_said = line.contains("planted") && !line.trim_start().starts_with('#');
        is_said && !(may_name && line.starts_with("planted = "))
    });
    let complaint = |(index, _)| {
        format!(
            "{path}:{}: nothing is shipped with planted mistakes",
            index + 1
        )
    };
    named.map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_crate_turns_them_on() {
        let check_one = |path: &str, text: &str| {
            let source = Source {
                path: path.into(),
                text: text.to_owned(),
            };
            check(&source).len()
        };
        let made = "[features]\nplanted = [\"base/planted\"]\n";
        assert_eq!(check_one("crates/simulation/Cargo.toml", made), 0);
        assert_eq!(check_one("crates/comanda/Cargo.toml", made), 1);
        let default = "[features]\ndefault = [\"planted\"]\n";
        assert_eq!(check_one("crates/simulation/Cargo.toml", default), 1);
    }
}
