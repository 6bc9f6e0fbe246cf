//! A real menu, written, published, sold and changed: the lines of `docs/menus.md` as they stand there.
//!
//! Where a line ends with `# is`, it must answer exactly what follows.

use std::process::Command;

use testkit::serve::Serve;

use crate::World;
use crate::flow::{APP, write};
use crate::postgres::Places;

/// What the page goes on from, up to the heading after it.
const BEFORE: &str = "## Staff";
const MENUS: &str = include_str!("../../../../docs/menus.md");

#[test]
fn a_menu_is_written_as_its_page_says_on_sqlite() {
    let world = World::new();
    go_on(&world, &world.serve(), (MENUS, 15));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_is_written_as_its_page_says_on_postgres() {
    let places = Places::new().await;
    let world = places.world().with(&["--migrate"]);
    go_on(&world, &world.serve(), (MENUS, 15));
}

/// Goes on from the first steps with another page, which says of so many lines at least what they answer.
pub(crate) fn go_on(world: &World, serve: &Serve, (page, judged_min): (&str, usize)) {
    let (steps, _) = include_str!("../../../../docs/first-steps.md")
        .split_once(BEFORE)
        .unwrap();
    let lines: Vec<String> = blocks(page).lines().map(judged).collect();
    let judged = lines
        .iter()
        .filter(|line| line.starts_with("said="))
        .count();
    assert!(judged >= judged_min, "{judged}");
    let script = format!("{}{}", blocks(steps), lines.join("\n"));
    let script = script.replace("http://127.0.0.1:8080", &format!("http://{}", serve.http()));
    let folder = world.0.folder();
    write(&folder.join("oathtool"), APP);
    write(
        &folder.join("steps"),
        &format!("set -eu -o pipefail\nPATH=\"$PWD:$PATH\"\n{script}\n"),
    );
    let output = Command::new("bash")
        .args(["-x", "steps"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}\n{}", serve.said());
}

/// The shell lines of a page.
fn blocks(page: &str) -> String {
    let blocks = page.split("```sh\n").skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).collect()
}

/// A line that says what it answers, as one that fails where the answer is another.
fn judged(line: &str) -> String {
    match line.split_once("# is ") {
        None => line.to_owned(),
        Some((command, answer)) => format!(
            "said=$({}); [ \"$said\" = '{answer}' ] || {{ echo \"answered: $said\"; exit 1; }}",
            command.trim_end()
        ),
    }
}
