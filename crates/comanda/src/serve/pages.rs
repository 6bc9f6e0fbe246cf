//! The pages that the binary itself brings: the front page, and the set-up of the first operator.
//!
//! They are files of ours, sent as they are. They load nothing from elsewhere and hold no inline script or style.

use std::sync::LazyLock;
use std::time::Duration;

use edge::{Accepts, Criticality, Policy, Rate, Route, Routes, Sort, Variants};
use http::Method;

const WITHIN: Duration = Duration::from_secs(2);

static HTML: Sort = Sort::of("text/html; charset=utf-8");
static CSS: Sort = Sort::of("text/css; charset=utf-8");
static SCRIPT: Sort = Sort::of("text/javascript; charset=utf-8");

/// The files, packed once at the start.
static FILES: LazyLock<Files> = LazyLock::new(|| Files {
    home: Variants::new(&HTML, include_str!("../../assets/home.html")),
    setup: Variants::new(&HTML, include_str!("../../assets/setup.html")),
    style: Variants::new(&CSS, include_str!("../../assets/page.css")),
    script: Variants::new(&SCRIPT, include_str!("../../assets/setup.js")),
});

struct Files {
    home: Variants,
    setup: Variants,
    style: Variants,
    script: Variants,
}

/// The routes of the pages.
pub(crate) fn routes() -> Routes {
    LazyLock::force(&FILES);
    let home = async |accepts: Accepts| FILES.home.choose(accepts);
    let setup = async |accepts: Accepts| FILES.setup.choose(accepts);
    let style = async |accepts: Accepts| FILES.style.choose(accepts);
    let script = async |accepts: Accepts| FILES.script.choose(accepts);
    Routes::new()
        .add(page("/", "home.page", &HTML).handler(home))
        .add(page("/setup", "setup.page", &HTML).handler(setup))
        .add(page("/setup/page.css", "setup.style", &CSS).handler(style))
        .add(page("/setup/setup.js", "setup.script", &SCRIPT).handler(script))
}

fn page(path: &'static str, operation: &'static str, sort: &'static Sort) -> Route {
    Route::new(Method::GET, path, operation)
        .about("A page for people, or a file of one")
        .tag("pages")
        .policy(Policy::Public)
        .rate(Rate::Api)
        .criticality(Criticality::Background)
        .deadline(WITHIN)
        .takes_nothing()
        .answers_text(sort.media_type())
}
