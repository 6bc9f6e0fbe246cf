//! From nothing to the first operator, and again.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::World;

const CLAIM: &str = r#","name":"Lucia Rossi","email":"lucia@example.com"}"#;

fn claim(link: &str) -> String {
    let (_, token) = link.split_once("/setup#").unwrap();
    format!("{{\"token\":\"{token}\"{CLAIM}")
}

/// The value of a text field in an answer.
fn field<'a>(body: &'a str, name: &str) -> &'a str {
    let begin = format!("\"{name}\":\"");
    body.split(&begin)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
}

#[test]
fn the_link_makes_the_first_operator_once() {
    let world = World::new();
    let serve = world.serve();
    let link = serve.ready("setup").unwrap().to_owned();
    assert!(link.starts_with("http://127.0.0.1:"), "{link}");
    let made = serve.post("/api/setup", &[], &claim(&link));
    assert_eq!(made.status, 201, "{}", made.body);
    let key = format!("Bearer {}", field(&made.body, "key"));
    let me = testkit::serve::ask(
        serve.http(),
        "GET",
        "/api/operators/me",
        &[("authorization", &key)],
        "",
    );
    assert_eq!(me.status, 200, "{}", me.body);
    assert_eq!(field(&me.body, "email"), "lucia@example.com");
    let again = serve.post("/api/setup", &[], &claim(&link));
    assert_eq!(again.status, 403, "{}", again.body);

    // The key works after a restart, and nobody else can become the first.
    assert!(serve.stop().success());
    let serve = world.serve();
    assert_eq!(serve.ready("setup"), None);
    let me = testkit::serve::ask(
        serve.http(),
        "GET",
        "/api/operators/me",
        &[("authorization", &key)],
        "",
    );
    assert_eq!(me.status, 200, "{}", me.body);
}

#[test]
fn a_restart_prints_the_same_link() {
    let world = World::new();
    let token = |link: &str| link.split_once('#').unwrap().1.to_owned();
    let serve = world.serve();
    let first = token(serve.ready("setup").unwrap());
    serve.kill();
    let serve = world.serve();
    assert_eq!(token(serve.ready("setup").unwrap()), first);
    let other = World::new();
    assert_ne!(token(other.serve().ready("setup").unwrap()), first);
}

#[test]
fn the_pages_load_nothing_from_elsewhere() {
    let world = World::new();
    let serve = world.serve();
    let page = serve.get("/setup");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    for inline in [
        "<style", "onclick=", "style=\"", "<script>", "http://", "https://",
    ] {
        assert!(!page.body.contains(inline), "{inline}");
    }
    for (path, media_type) in [
        ("/setup/page.css", "text/css"),
        ("/setup/setup.js", "text/javascript"),
    ] {
        assert!(page.body.contains(path), "{path}");
        let file = serve.get(path);
        assert_eq!(file.status, 200, "{path}");
        assert!(
            file.header("content-type").unwrap().starts_with(media_type),
            "{path}"
        );
    }
}

#[test]
fn health_and_figures_and_documents_are_there() {
    let world = World::new();
    let serve = world.serve();
    for path in [
        "/api/health",
        "/api/health/live",
        "/api/health/ready",
        "/api/info",
        "/api/metrics",
    ] {
        let reply = serve.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
    assert!(
        serve
            .get("/api/openapi.json")
            .body
            .contains("\"/api/setup\"")
    );
    assert_eq!(serve.get("/docs").status, 200);
    assert_eq!(
        serve.get("/metrics").status,
        404,
        "figures are for those who operate"
    );
    let figures = testkit::serve::ask(serve.admin(), "GET", "/metrics", &[], "");
    assert_eq!(figures.status, 200);
    assert!(
        figures.body.contains("http_requests_total"),
        "{}",
        figures.body
    );
}

#[test]
fn folders_and_files_are_for_their_owner_alone() {
    let world = World::new();
    drop(world.serve());
    let secrets = world.0.data().join("secrets");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.0.data()), 0o700);
    assert_eq!(mode(&secrets), 0o700);
    for name in ["token", "cursor", "pepper", "master", "audit"] {
        let name = format!("{name}.key");
        assert_eq!(mode(&secrets.join(&name)), 0o600, "{name}");
    }
    let loose = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(secrets.join("master.key"), loose).unwrap();
    let (code, said) = world.refused();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_second_process_on_the_same_files_is_refused() {
    let world = World::new();
    let serve = world.serve();
    // It must end by itself; one that served would never do so.
    let second = world.0.data();
    let second = second.display().to_string();
    let words = [
        "10",
        env!("CARGO_BIN_EXE_comanda"),
        "serve",
        "--data",
        &second,
    ];
    let ports = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let output = std::process::Command::new("timeout")
        .args(words)
        .args(ports)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another comanda uses"), "{said}");
    let (code, said) = world.run(&["migrate"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(serve.get("/api/health/live").status, 200);
}

#[test]
fn it_is_ready_soon_after_a_kill() {
    let world = World::new();
    world.serve().kill();
    let clock = base::Clock::real();
    let serve = world.serve();
    assert_eq!(serve.get("/api/health/ready").status, 200);
    // Two seconds are promised; a build that is not optimised on a busy machine may take more.
    assert!(
        clock.elapsed() < Duration::from_secs(10),
        "{:?}",
        clock.elapsed()
    );
}

#[test]
fn data_without_their_secrets_are_not_touched() {
    let world = World::new();
    drop(world.serve());
    let secrets = world.0.data().join("secrets");
    let aside = world.0.folder().join("aside");
    std::fs::rename(&secrets, &aside).unwrap();
    let (code, said) = world.refused();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("secrets restore"), "{said}");
    assert!(!secrets.exists());
    std::fs::rename(&aside, &secrets).unwrap();
    drop(world.serve());
}
