//! `comanda verify`: damage is found, named, and told by the exit code.

use std::fs;

use crate::backup::{Folder, ran, well};
use crate::writing::{self, Writing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_named_and_changes_the_exit_code() {
    let folder = Folder::new("verify");
    let writing = Writing::begin(writing::world().await).await;
    writing.more(200).await;
    let live = writing.folder();
    let said = well(&["verify"], &[("--data", &live)]);
    assert!(said.contains("nothing is damaged"), "{said}");
    let (_, _world) = writing.end().await;
    let to = folder.join("to");
    well(&["backup"], &[("--data", &live), ("--to", &to)]);
    let backup = to.join(&crate::backup::names(&to)[0]);
    let new = folder.join("new");
    well(&["restore"], &[("--from", &backup), ("--data", &new)]);

    let main = new.join("main.db");
    let mut bytes = fs::read(&main).unwrap();
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 4_096].fill(0);
    fs::write(&main, bytes).unwrap();
    let (code, said) = ran(&["verify"], &[("--data", &new)]);
    assert_eq!(code, 4, "{said}");
    assert!(
        said.contains("shard main") && said.contains("main.db"),
        "{said}"
    );
    let (code, said) = ran(&["verify", "--json"], &[("--data", &new)]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("\"sound\": false"), "{said}");
}

#[test]
fn an_absent_file_is_no_empty_one() {
    let folder = Folder::new("absent");
    let data = folder.join("data");
    well(&["migrate"], &[("--data", &data)]);
    fs::remove_file(data.join("people.db")).unwrap();
    let (code, said) = ran(&["verify"], &[("--data", &data)]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("people.db"), "{said}");
    assert!(!data.join("people.db").exists());
}
