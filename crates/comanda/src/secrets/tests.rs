//! Making, reading, rotating and carrying secrets away.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

struct Data(PathBuf);

impl Data {
    fn new(name: &str) -> Self {
        let name = format!("comanda-secrets-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn open(&self) -> Result<Secrets> {
        Secrets::open(&self.0, &Random::real())
    }

    fn path(&self, name: Name) -> PathBuf {
        Secrets::folder(&self.0).join(name.file())
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn they_are_made_once_and_for_their_owner_alone() {
    let data = Data::new("once");
    let first = data.open().unwrap();
    let second = data.open().unwrap();
    assert_eq!(
        first.master.current.1.bytes(),
        second.master.current.1.bytes()
    );
    assert_ne!(
        first.master.current.1.bytes(),
        first.token.current.1.bytes()
    );
    let mode_of = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode_of(&Secrets::folder(&data.0)), 0o700);
    for name in Name::ALL {
        assert_eq!(mode_of(&data.path(name)), 0o600, "{name:?}");
    }
}

#[test]
fn the_secret_of_the_audit_log_is_added_once_to_those_that_have_none() {
    let data = Data::new("audit");
    let first = data.open().unwrap();
    std::fs::remove_file(data.path(Name::Audit)).unwrap();
    let second = data.open().unwrap();
    assert_eq!(
        first.master.current.1.bytes(),
        second.master.current.1.bytes()
    );
    assert_ne!(
        first.audit.current.1.bytes(),
        second.audit.current.1.bytes()
    );
    // Beside a log that was signed with it, it is not made anew, and neither is any other.
    std::fs::write(data.0.join("audit.db"), "").unwrap();
    std::fs::remove_file(data.path(Name::Audit)).unwrap();
    let said = data.open().unwrap_err().to_string();
    assert!(said.contains("secrets restore"), "{said}");
    std::fs::remove_file(data.0.join("audit.db")).unwrap();
    std::fs::remove_file(data.path(Name::Token)).unwrap();
    assert!(data.open().is_err());
}

#[test]
fn looser_modes_links_and_weak_secrets_are_refused() {
    let data = Data::new("loose");
    data.open().unwrap();
    let said = || data.open().unwrap_err().to_string();
    mode(&data.path(Name::Token), 0o640);
    assert!(said().contains("chmod 600"), "{}", said());
    mode(&data.path(Name::Token), 0o600);
    mode(&Secrets::folder(&data.0), 0o750);
    assert!(said().contains("chmod 700"), "{}", said());
    mode(&Secrets::folder(&data.0), 0o700);
    data.open().unwrap();

    let moved = data.0.join("moved.key");
    std::fs::rename(data.path(Name::Token), &moved).unwrap();
    symlink(&moved, data.path(Name::Token)).unwrap();
    assert!(said().contains("not a link"), "{}", said());
    std::fs::remove_file(data.path(Name::Token)).unwrap();

    let zeros = format!("comanda key ring 1\ncurrent 1 {}\n", "A".repeat(43));
    guarded::write(&data.path(Name::Token), zeros.as_bytes()).unwrap();
    assert!(said().contains("weak"), "{}", said());
}

#[test]
fn what_is_missing_beside_data_is_never_made_anew() {
    let data = Data::new("missing");
    data.open().unwrap();
    std::fs::remove_file(data.path(Name::Master)).unwrap();
    assert!(data.open().is_err());
    std::fs::remove_dir_all(Secrets::folder(&data.0)).unwrap();
    std::fs::write(data.0.join("keys.db"), "").unwrap();
    let said = data.open().unwrap_err().to_string();
    assert!(said.contains("secrets restore"), "{said}");
}

#[test]
fn a_rotation_is_seen_and_the_one_before_stays_until_it_is_retired() {
    let data = Data::new("rotate");
    let live = Live::new(data.0.clone(), data.open().unwrap());
    assert!(!live.look().unwrap());
    let first = live.now().pepper.current.clone();
    let rotate = || Secrets::change(&data.0, Name::Pepper, |ring| ring.rotated(&Random::real()));
    rotate().unwrap();
    assert!(live.look().unwrap());
    let ring = live.now().pepper.clone();
    assert_eq!(ring.current.0, 2);
    assert_eq!(ring.find(1).unwrap().bytes(), first.1.bytes());
    assert!(rotate().is_err(), "the key before would be lost");
    Secrets::change(&data.0, Name::Pepper, |ring| Ok(ring.retired())).unwrap();
    assert!(live.look().unwrap());
    assert!(live.now().pepper.find(1).is_none());
}

#[test]
fn a_backup_opens_by_its_passphrase_alone() {
    let files = archive::Files::from([("master.key".to_owned(), "secret text".to_owned())]);
    let sealed = archive::seal(&files, "five words are quite enough", &Random::real()).unwrap();
    assert!(!sealed.windows(8).any(|window| window == b"ret text"));
    let open = |sealed: &[u8], word| archive::open(sealed, word);
    assert_eq!(open(&sealed, "five words are quite enough").unwrap(), files);
    assert!(open(&sealed, "five words are quite enougH").is_err());
    for place in [0, 19, 25, 40, sealed.len() - 1] {
        let mut spoiled = sealed.clone();
        spoiled[place] ^= 1;
        // One flipped bit in the rounds may ask for more of them than are allowed; all are refused.
        assert!(
            open(&spoiled, "five words are quite enough").is_err(),
            "{place}"
        );
    }
    assert!(open(&sealed[..30], "five words are quite enough").is_err());
}
