//! `comanda restore` on SQLite: it refuses whatever is not as it was written, and never writes over anything.

use std::fs;
use std::path::Path;

use crate::backup::{Folder, data_with_backup, names, ran, well};

#[test]
fn a_flipped_bit_anywhere_in_a_backup_is_refused() {
    let folder = Folder::new("flipped");
    let (_, backup) = data_with_backup(&folder);
    let new = folder.join("new");
    for name in names(&backup) {
        let path = backup.join(&name);
        let whole = fs::read(&path).unwrap();
        for at in [0, whole.len() / 3, whole.len() / 2, whole.len() - 2] {
            let mut flipped = whole.clone();
            flipped[at] ^= 0b100;
            fs::write(&path, flipped).unwrap();
            let (code, said) = ran(&["restore"], &[("--from", &backup), ("--data", &new)]);
            // The sums of the other files are there for people and their tools; the manifest has them too.
            if name == "SHA256SUMS" && at > 0 {
                continue;
            }
            assert_eq!(code, 1, "{name} at {at}: {said}");
            assert!(
                names(&new).is_empty(),
                "{name} at {at}: something was restored"
            );
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let (code, said) = ran(&["restore"], &[("--from", &backup), ("--data", &new)]);
        assert!(code == 1 || name == "SHA256SUMS", "{name} cut: {said}");
        let _ = fs::remove_dir_all(&new);
        fs::write(&path, whole).unwrap();
    }
    well(&["restore"], &[("--from", &backup), ("--data", &new)]);
}

#[test]
fn a_folder_with_anything_in_it_is_refused() {
    let folder = Folder::new("over");
    let (data, backup) = data_with_backup(&folder);
    let before = fs::read(data.join("main.db")).unwrap();
    let (code, said) = ran(&["restore"], &[("--from", &backup), ("--data", &data)]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(fs::read(data.join("main.db")).unwrap(), before);
}

#[test]
fn an_interrupted_restore_is_begun_anew() {
    let folder = Folder::new("again");
    let (_, backup) = data_with_backup(&folder);
    let new = folder.join("new");
    fs::create_dir_all(new.join(".restoring")).unwrap();
    fs::write(new.join(".restoring/main.db"), "half").unwrap();
    well(&["restore"], &[("--from", &backup), ("--data", &new)]);
    assert!(!new.join(".restoring").exists());
    well(&["verify"], &[("--data", &new)]);
}

#[test]
fn keys_are_restored_with_their_data_and_not_alone() {
    let folder = Folder::new("keys");
    let (data, backup) = data_with_backup(&folder);
    assert!(
        !backup.join("keys.db").exists(),
        "keys lie beside what they open"
    );
    let (to, new) = (folder.join("keys"), folder.join("new"));
    well(&["backup", "--keys"], &[("--data", &data), ("--to", &to)]);
    let keys = to.join(&names(&to)[0]);
    let (code, said) = ran(&["restore"], &[("--from", &keys), ("--data", &new)]);
    assert_eq!(code, 3, "{said}");
    let folders: [(&str, &Path); 3] = [("--from", &backup), ("--keys", &backup), ("--data", &new)];
    let (code, said) = ran(&["restore"], &folders);
    assert_eq!(code, 3, "{said}");
    let folders: [(&str, &Path); 3] = [("--from", &backup), ("--keys", &keys), ("--data", &new)];
    well(&["restore"], &folders);
    assert!(new.join("keys.db").exists());
}

#[test]
fn no_secret_of_the_machine_is_in_a_backup() {
    let folder = Folder::new("secrets");
    let data = folder.join("data");
    fs::create_dir_all(data.join("secrets")).unwrap();
    fs::write(data.join("secrets/master.key"), "a canary").unwrap();
    let (_, backup) = data_with_backup(&folder);
    for name in names(&backup) {
        let text = fs::read(backup.join(&name)).unwrap();
        assert!(!text.windows(8).any(|some| some == b"a canary"), "{name}");
        assert!(!name.contains("secret") && !name.contains("key"), "{name}");
    }
}
