//! Blobs of the program: where the settings put them, and that backups have them.

use std::fs;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};

use crate::backup::{Folder, names, ran, well};

/// Puts a blob where the program would.
fn put(data: &Path, content: &[u8]) -> PathBuf {
    let sum = digest(&SHA256, content);
    let name: String = sum
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let inner = Path::new("blobs/pictures-7").join(&name[..2]).join(&name);
    let path = data.join(&inner);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    inner
}

#[test]
fn blobs_are_copied_once_and_come_back_with_a_restore() {
    let folder = Folder::new("blobs");
    let (data, to, new) = (folder.join("data"), folder.join("to"), folder.join("new"));
    let backup = || well(&["backup"], &[("--data", &data), ("--to", &to)]);
    well(&["migrate"], &[("--data", &data)]);
    let soup = put(&data, b"soup");
    assert!(backup().contains("1 new blobs"));
    let bread = put(&data, b"bread");
    fs::remove_file(data.join(&soup)).unwrap();
    assert!(backup().contains("1 new blobs"));
    assert!(backup().contains("0 new blobs"));
    let first = to.join(&names(&to)[0]);
    let said = well(&["restore"], &[("--from", &first), ("--data", &new)]);
    assert!(said.contains("with 2 blobs"), "{said}");
    for blob in [&soup, &bread] {
        assert_eq!(
            fs::read(new.join(blob)).unwrap(),
            fs::read(to.join(blob)).unwrap()
        );
    }
    // What does not hold what its name says is in no backup.
    fs::write(data.join(put(&data, b"salad")), "sal4d").unwrap();
    let before = names(&to);
    let (code, said) = ran(&["backup"], &[("--data", &data), ("--to", &to)]);
    assert_ne!(code, 0);
    assert!(said.contains("does not hold what its name says"), "{said}");
    assert_eq!(names(&to), before);
}

#[test]
fn half_a_storage_and_storage_without_tls_are_refused() {
    let folder = Folder::new("blob-settings");
    let data = folder.join("data");
    let serve = |sets: &[&str]| {
        let mut words = vec!["serve", "--listen", "127.0.0.1:0"];
        sets.iter().for_each(|set| words.extend(["--set", set]));
        ran(&words, &[("--data", &data)])
    };
    let (code, said) = serve(&["blobs.endpoint=https://s3.example.org"]);
    assert_ne!(code, 0, "{said}");
    assert!(said.contains("blobs.secret_key_file"), "{said}");
    let key = folder.join("key");
    fs::create_dir_all(&data).unwrap();
    fs::write(&key, "a key\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&key, mode).unwrap();
    let file = key.display().to_string();
    let (code, said) = serve(&[
        "blobs.endpoint=http://s3.example.org",
        "blobs.bucket=pictures",
        &format!("blobs.access_key_file={file}"),
        &format!("blobs.secret_key_file={file}"),
    ]);
    assert_ne!(code, 0);
    assert!(said.contains("under TLS"), "{said}");
    assert!(!said.contains("a key"), "{said}");
}
