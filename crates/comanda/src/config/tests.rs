//! Layers, hints and what is shown.

use super::*;

fn flag(key: &str, value: &str) -> Flag {
    Flag {
        flag: "--set".to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn load(flags: Vec<Flag>, environment: &[(&str, &str)]) -> Result<Settings> {
    let line = Line { file: None, flags };
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(&line, environment)
}

fn said(flags: Vec<Flag>, environment: &[(&str, &str)]) -> String {
    load(flags, environment).unwrap_err().to_string()
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("comanda-settings-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(FILE), text).unwrap();
        Self(folder)
    }

    fn load(&self, flags: Vec<Flag>, environment: &[(&str, &str)]) -> Result<Settings> {
        let data = self.0.display().to_string();
        let mut all = vec![flag("storage.data", &data)];
        all.extend(flags);
        load(all, environment)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_defaults_are_whole() {
    let settings = Settings::defaults().unwrap();
    assert_eq!(settings.listen.http.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.limits.stop_within.0.as_secs(), 30);
    assert!(!settings.storage.is_postgres());
}

#[test]
fn each_layer_covers_the_one_below() {
    let file = File::new(
        "layers",
        "[listen]\nhttp = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\ntrust = \"127.0.0.1:3\"\n",
    );
    let environment = [
        ("COMANDA_LISTEN__ADMIN", "127.0.0.1:12"),
        ("COMANDA_LISTEN__TRUST", "127.0.0.1:13"),
        ("COMANDA_PORT", "tcp://10.0.0.1"),
    ];
    let flags = vec![flag("listen.trust", "127.0.0.1:23")];
    let settings = file.load(flags, &environment).unwrap();
    let listen = &settings.listen;
    assert_eq!(listen.http.port(), 1);
    assert_eq!(listen.admin.port(), 12);
    assert_eq!(listen.trust.port(), 23);
    let shown = settings.shown();
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(line("http").contains("# file "), "{shown}");
    assert!(line("admin").ends_with("# environment COMANDA_LISTEN__ADMIN"));
    assert!(line("trust").ends_with("# flag --set"));
    assert!(line("region").ends_with("# default"));
}

#[test]
fn unknown_words_are_refused_with_the_nearest() {
    let said_of = |key| said(vec![flag(key, "1")], &[]);
    assert!(said_of("listen.htpt").contains("did you mean `http`"));
    assert!(said_of("lisetn.http").contains("did you mean `listen`"));
    assert!(said_of("listen.qqqqqqqqq").contains("--defaults"));
    assert!(said_of("listen").contains("SECTION.KEY"));
    let variable = said(Vec::new(), &[("COMANDA_STORAGE__DATTA", "x")]);
    assert!(variable.contains("COMANDA_STORAGE__DATTA") && variable.contains("`data`"));
    let file = File::new("unknown", "[limits]\nconections_max = 3\n");
    let said = file.load(Vec::new(), &[]).unwrap_err().to_string();
    assert!(
        said.contains("comanda.toml") && said.contains("`connections_max`"),
        "{said}"
    );
}

#[test]
fn a_wrong_value_is_named_with_its_place() {
    let wrong = [
        ("limits.stop_within", "12"),
        ("retention.answers", "soon"),
        ("listen.http", "here"),
    ];
    for (key, value) in wrong {
        let said = said(vec![flag(key, value)], &[]);
        assert!(said.contains(key) && said.contains("flag --set"), "{said}");
    }
    let said = said(Vec::new(), &[("COMANDA_STORAGE__LANES", "two")]);
    assert!(said.contains("COMANDA_STORAGE__LANES"), "{said}");
}

#[test]
fn shards_of_the_environment_stand_beside_those_of_the_file() {
    let file = File::new(
        "shards",
        "[storage]\ncontrol = \"host=a\"\npeople = \"host=p\"\naudit = \"host=u\"\nkeys = \"host=k\"\nshards = { one = \"host=b\" }\n",
    );
    let environment = [("COMANDA_STORAGE__SHARDS__TWO", "host=c")];
    let settings = file.load(Vec::new(), &environment).unwrap();
    let names: Vec<_> = settings.storage.shards.keys().collect();
    assert_eq!(names, ["one", "two"]);
}

#[test]
fn half_a_postgres_and_passwords_in_addresses_are_refused() {
    let half = said(vec![flag("storage.control", "host=a")], &[]);
    assert!(half.contains("storage.people"), "{half}");
    let all = |address: &str| {
        let keys = ["control", "people", "audit", "keys", "shards.main"];
        let flags = keys.map(|key| flag(&format!("storage.{key}"), &address.replace("KEY", key)));
        load(flags.into(), &[])
    };
    assert!(all("host=a dbname=KEY").is_ok());
    let twice = all("host=a dbname=b").unwrap_err().to_string();
    assert!(twice.contains("a database of its own"), "{twice}");
    assert!(all("host=a password=b").is_err());
    assert!(all("postgres://a:b@c/d").is_err());
}

#[test]
fn the_file_in_the_data_folder_cannot_move_the_folder() {
    let file = File::new("moving", "[storage]\ndata = \"elsewhere\"\n");
    let said = file.load(Vec::new(), &[]).unwrap_err().to_string();
    assert!(said.contains("--data"), "{said}");
    let named = Line {
        file: Some(file.0.join(FILE)),
        flags: Vec::new(),
    };
    let settings = Settings::load(&named, []).unwrap();
    assert_eq!(settings.storage.data, Path::new("elsewhere"));
}

#[test]
fn the_file_of_defaults_is_a_file_that_changes_nothing() {
    let text = show::defaults();
    // Prose begins with `# `, what can be uncommented with `#` alone.
    let uncommented = text.replace("\n#", "\n").replace("\n ", "\n# ");
    let mut layers = Layers::defaults().unwrap();
    // Reading refuses any key that is not known, so the file names exactly what there is.
    layers.file(Path::new("defaults"), &uncommented).unwrap();
    for section in &SECTIONS {
        for key in section.keys {
            assert!(
                layers.value(section.name, key.name).is_some(),
                "{}",
                key.name
            );
        }
    }
}
