//! `comanda backup` on SQLite: what it makes while clients write, and what it leaves when it cannot.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::writing::{self, Writing};

/// Tries to hit a backup while it is made; it takes some milliseconds.
const KILLS_MAX: usize = 50;

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("comanda-backups-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now goes with the temporary folder.
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// The program with these words and folders.
pub(crate) fn command(words: &[&str], folders: &[(&str, &Path)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(words);
    for (word, folder) in folders {
        command.arg(word).arg(folder);
    }
    command
}

/// Its exit code and what it said.
pub(crate) fn ran(words: &[&str], folders: &[(&str, &Path)]) -> (i32, String) {
    told(&command(words, folders).output().unwrap())
}

fn told(output: &Output) -> (i32, String) {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

#[track_caller]
pub(crate) fn well(words: &[&str], folders: &[(&str, &Path)]) -> String {
    let (code, said) = ran(words, folders);
    assert_eq!(code, 0, "{words:?}: {said}");
    said
}

/// The names in a folder of backups, without the lock.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Data as they are after the first `migrate`, and one backup of them.
pub(crate) fn data_with_backup(folder: &Folder) -> (PathBuf, PathBuf) {
    let (data, to) = (folder.join("data"), folder.join("to"));
    well(&["migrate"], &[("--data", &data)]);
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
    let backup = to.join(&names(&to)[0]);
    (data, backup)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_64_clients_is_of_one_moment_and_holds_all_that_was_answered() {
    let folder = Folder::new("clients");
    let (to, keys_to, new) = (folder.join("to"), folder.join("keys"), folder.join("new"));
    let writing = Writing::begin(writing::world().await).await;
    writing.more(300).await;
    let before = writing.acknowledged();
    let data = writing.folder();
    let making = tokio::task::spawn_blocking({
        let (to, keys_to) = (to.clone(), keys_to.clone());
        move || {
            well(&["backup"], &[("--data", &data), ("--to", &to)]);
            let folders: [(&str, &Path); 2] = [("--data", &data), ("--to", &keys_to)];
            well(&["backup", "--keys"], &folders);
        }
    });
    making.await.unwrap();
    writing.more(300).await;
    let (known, world) = writing.end().await;

    let (from, keys) = (to.join(&names(&to)[0]), keys_to.join(&names(&keys_to)[0]));
    let folders: [(&str, &Path); 3] = [("--from", &from), ("--keys", &keys), ("--data", &new)];
    let said = well(&["restore"], &folders);
    assert!(said.contains("log to position"), "{said}");
    let there = known.compare(&writing::open(&new, &world), before).await;
    assert!(
        there >= usize::try_from(before).unwrap(),
        "{there} of {before}"
    );
}

#[test]
fn a_killed_backup_leaves_nothing_that_looks_like_one() {
    let folder = Folder::new("killed");
    let (data, to) = (folder.join("data"), folder.join("to"));
    well(&["migrate"], &[("--data", &data)]);
    let partial = |name: &String| name.ends_with(".partial");
    let hit = (0..KILLS_MAX).any(|_| {
        let folders: [(&str, &Path); 2] = [("--data", &data), ("--to", &to)];
        let mut child = command(&["backup"], &folders).spawn().unwrap();
        while !names(&to).iter().any(partial) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        names(&to).iter().any(partial)
    });
    assert!(hit, "no kill fell into a backup");
    let left = names(&to).into_iter().find(|name| partial(name)).unwrap();
    let folders: [(&str, &Path); 2] =
        [("--from", &to.join(&left)), ("--data", &folder.join("new"))];
    let (code, said) = ran(&["restore"], &folders);
    assert_eq!(code, 1, "half a backup was restored: {said}");
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
    assert!(!names(&to).iter().any(partial), "{:?}", names(&to));
}

#[test]
fn only_so_many_are_kept_and_the_newest_are_those() {
    let folder = Folder::new("keep");
    let (data, to) = (folder.join("data"), folder.join("to"));
    well(&["migrate"], &[("--data", &data)]);
    let mut made = Vec::new();
    for _ in 0..4 {
        well(
            &["backup", "--keep", "2"],
            &[("--data", &data), ("--to", &to)],
        );
        made.extend(names(&to).pop());
    }
    assert_eq!(names(&to), made[2..]);
}

#[test]
fn a_place_that_cannot_be_used_is_refused() {
    let folder = Folder::new("places");
    let (data, to) = (folder.join("data"), folder.join("to"));
    well(&["migrate"], &[("--data", &data)]);
    let inside = data.join("backups");
    let (code, said) = ran(&["backup"], &[("--data", &data), ("--to", &inside)]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("lies within the data"), "{said}");
    assert!(!inside.exists());

    let nowhere = Path::new("/proc/backups");
    let (code, said) = ran(&["backup"], &[("--data", &data), ("--to", nowhere)]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("/proc/backups"), "{said}");

    let absent = folder.join("absent");
    let (code, said) = ran(&["backup"], &[("--data", &absent), ("--to", &to)]);
    assert_eq!(code, 3, "{said}");
    assert!(!absent.exists(), "a backup made the data that it was of");
}

#[test]
fn two_backups_to_one_folder_do_not_meet() {
    let folder = Folder::new("two");
    let (data, to) = (folder.join("data"), folder.join("to"));
    well(&["migrate"], &[("--data", &data)]);
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
    let other = File::create(to.join(".comanda-backup.lock")).unwrap();
    other.lock().unwrap();
    let (code, said) = ran(&["backup"], &[("--data", &data), ("--to", &to)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is under way"), "{said}");
    drop(other);
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
}

/// A limit on the size of files does to a write what a full disk does.
#[test]
fn a_full_disk_leaves_the_backups_from_before() {
    let folder = Folder::new("full");
    let (data, to) = (folder.join("data"), folder.join("to"));
    well(&["migrate"], &[("--data", &data)]);
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
    let before = names(&to);
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_comanda"))
        .args(["backup", "--keep", "1", "--data"])
        .arg(&data)
        .arg("--to")
        .arg(&to)
        .output();
    let (code, said) = told(&limited.unwrap());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(".db"), "{said}");
    assert_eq!(names(&to), before, "{said}");
}
