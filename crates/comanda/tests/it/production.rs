//! What `--production` refuses, and what `doctor` finds.

use crate::World;

#[test]
fn production_refuses_what_is_for_trying_and_says_what_to_do() {
    let world = World::new().with(&["--production"]);
    let (code, said) = world.refused();
    assert_eq!(code, Some(3), "{said}");
    for key in [
        "`tls.mode`",
        "`backup.to`",
        "`backup.keys_to`",
        "`storage.data`",
        "/dev/inbox; set `sign_in.letters`",
    ] {
        assert!(said.contains(key), "{key}: {said}");
    }
    assert!(
        !world.0.data().exists(),
        "it was refused before anything was made"
    );
}

#[test]
fn the_doctor_is_content_and_then_is_not() {
    let world = World::new();
    let ports = [
        "--set",
        "listen.http=127.0.0.1:0",
        "--set",
        "listen.admin=127.0.0.1:0",
    ];
    let doctor = || world.run(&[&["doctor"], &ports[..]].concat());
    let (code, said) = doctor();
    assert_eq!(code, Some(0), "{said}");
    assert!(!world.0.data().exists(), "it only looks");
    drop(world.serve());
    let (code, said) = doctor();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("database main") && said.contains("SQLite"),
        "{said}"
    );

    let serve = world.serve();
    let (code, said) = world.run(&["doctor", "--set", &format!("listen.http={}", serve.http())]);
    assert_eq!(code, Some(0), "beside `serve`: {said}");
    drop(serve);

    std::fs::remove_file(world.0.data().join("secrets/master.key")).unwrap();
    let (code, said) = doctor();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("FAIL  secrets"), "{said}");
}
