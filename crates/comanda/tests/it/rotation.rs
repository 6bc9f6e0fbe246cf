//! Secrets that change while it runs, and their backup.

use std::time::Duration;

use testkit::serve::Serve;

use crate::World;

fn claim(link: &str) -> String {
    let (_, token) = link.split_once('#').unwrap();
    format!("{{\"token\":\"{token}\",\"name\":\"Lucia\",\"email\":\"lucia@example.com\"}}")
}

/// Waits until the running process has other keys than at its start.
fn wait_until_read(serve: &Serve) {
    let clock = base::Clock::real();
    while !serve.said().contains("the secrets were read again") {
        assert!(
            clock.elapsed() < Duration::from_secs(60),
            "{}",
            serve.said()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_rotation_is_in_force_without_a_restart() {
    let world = World::new();
    let serve = world.serve();
    let link = serve.ready("setup").unwrap().to_owned();
    let (code, said) = world.run(&["secrets", "rotate", "pepper"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, said) = world.run(&["secrets", "list"]);
    assert!(
        said.contains("pepper  key 2, key 1 is still valid"),
        "{said}"
    );
    let (code, said) = world.run(&["secrets", "rotate", "pepper"]);
    assert_eq!(code, Some(1), "the key before would be lost: {said}");
    assert_eq!(world.run(&["secrets", "retire", "pepper"]).0, Some(0));
    assert_eq!(world.run(&["secrets", "retire", "pepper"]).0, Some(1));

    wait_until_read(&serve);
    // The link was made with the key that is gone, and the process is still the one that printed it.
    let claimed = serve.post("/api/setup", &[], &claim(&link));
    assert_eq!(claimed.status, 403, "{}", claimed.body);
    assert!(serve.stop().success());
    let serve = world.serve();
    let link = serve.ready("setup").unwrap().to_owned();
    assert_eq!(serve.post("/api/setup", &[], &claim(&link)).status, 201);
}

#[test]
fn the_master_key_rotates_with_all_that_it_wraps() {
    let world = World::new();
    let serve = world.serve();
    let link = serve.ready("setup").unwrap().to_owned();
    let made = serve.post("/api/setup", &[], &claim(&link));
    assert_eq!(made.status, 201, "{}", made.body);
    let key = made
        .body
        .split("\"key\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let key = format!("Bearer {key}");
    assert_eq!(world.run(&["secrets", "rotate", "master"]).0, Some(0));
    let (code, said) = world.run(&["secrets", "retire", "master"]);
    assert_eq!(
        code,
        Some(1),
        "a running process may still wrap by the old key: {said}"
    );
    wait_until_read(&serve);
    let file = world.0.data().join("secrets/master.key");
    let file = std::fs::File::options().write(true).open(file).unwrap();
    let long_ago = file.metadata().unwrap().modified().unwrap() - Duration::from_secs(61);
    file.set_modified(long_ago).unwrap();
    let (code, said) = world.run(&["secrets", "retire", "master"]);
    assert_eq!(code, Some(0), "{said}");
    // His own as an operator and as a person, and the one of the digests by which people are found.
    assert!(said.contains("3 personal key(s)"), "{said}");
    // The process that saw it all, and one that knows the new key alone.
    let me = |serve: &Serve| {
        let headers = [("authorization", key.as_str())];
        testkit::serve::ask(serve.http(), "GET", "/api/operators/me", &headers, "").body
    };
    assert!(me(&serve).contains("lucia@example.com"), "{}", me(&serve));
    serve.stop();
    let serve = world.serve();
    assert!(me(&serve).contains("lucia@example.com"), "{}", me(&serve));
}

#[test]
fn secrets_come_back_from_their_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    drop(world.serve());
    let passphrase = world.0.folder().join("passphrase");
    std::fs::write(&passphrase, "five words are quite enough\n").unwrap();
    let (file, to) = (
        passphrase.display().to_string(),
        world.0.folder().join("backup"),
    );
    let to = to.display().to_string();
    let backup = ["secrets", "backup", "--to", &to, "--passphrase-file", &file];
    let (code, said) = world.run(&backup);
    assert_eq!(code, Some(3), "others can read the passphrase: {said}");
    std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, said) = world.run(&backup);
    assert_eq!(code, Some(0), "{said}");
    let secrets = world.0.data().join("secrets");
    let before = std::fs::read(secrets.join("master.key")).unwrap();
    let restore = [
        "secrets",
        "restore",
        "--from",
        &to,
        "--passphrase-file",
        &file,
    ];
    assert_eq!(world.run(&restore).0, Some(3), "nothing is overwritten");
    std::fs::remove_dir_all(&secrets).unwrap();
    let (code, said) = world.run(&restore);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(std::fs::read(secrets.join("master.key")).unwrap(), before);
    drop(world.serve());
}
