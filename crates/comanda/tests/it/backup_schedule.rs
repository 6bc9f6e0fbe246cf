//! Backups that `serve` makes by itself, of the data and apart from them of the keys.

use std::path::Path;
use std::time::Duration;

use crate::World;
use crate::backup::{Folder, names, well};

const STEP: Duration = Duration::from_millis(50);

/// Waits until a folder of backups has another newest one.
fn another(folder: &Path, newest: Option<&String>) -> String {
    for _ in 0..600 {
        let whole = names(folder)
            .into_iter()
            .rfind(|name| !name.ends_with(".partial"));
        match whole {
            Some(name) if Some(&name) != newest => return name,
            _ => std::thread::sleep(STEP),
        }
    }
    panic!("no backup was made in {}", folder.display());
}

#[test]
fn serve_backs_up_by_itself_and_keeps_so_many() {
    let folder = Folder::new("scheduled");
    let (to, keys_to) = (folder.join("to"), folder.join("keys"));
    let set = [
        format!("backup.to={}", to.display()),
        format!("backup.keys_to={}", keys_to.display()),
        "backup.every=1s".to_owned(),
        "backup.keep=2".to_owned(),
    ];
    let words: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let world = World::new().with(&words);
    let serve = world.serve();
    let mut newest = None;
    for _ in 0..4 {
        newest = Some(another(&to, newest.as_ref()));
    }
    another(&keys_to, None);
    assert!(serve.stop().success());
    let kept = names(&to);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(names(&keys_to).len(), 1);

    let (from, new) = (to.join(&kept[1]), folder.join("new"));
    let keys = keys_to.join(&names(&keys_to)[0]);
    let folders: [(&str, &Path); 3] = [("--from", &from), ("--keys", &keys), ("--data", &new)];
    well(&["restore"], &folders);
    // What the machine keeps to itself is in no backup.
    assert!(world.0.data().join("secrets").exists());
    assert!(!new.join("secrets").exists());
}
