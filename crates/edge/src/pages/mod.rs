//! The pages for people who program against the API: the document to look through, and the codes of errors.
//!
//! Own HTML, CSS and JavaScript, each a file of its own, so that nothing inline has to be allowed; nothing is
//! fetched from elsewhere, so that they work without a network.

mod errors;

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use axum::extract::State;
use base::{Error, Result, codes};
use http::Method;

use crate::{
    Accepts, Answer, Criticality, Documentation, Packed, Policy, Rate, Route, Routes, Sort,
    Variants,
};

static HTML: Sort = Sort::of("text/html; charset=utf-8");
static CSS: Sort = Sort::of("text/css; charset=utf-8");
static JAVASCRIPT: Sort = Sort::of("text/javascript; charset=utf-8");
static JSON: Sort = Sort::of("application/json");

/// Who asks first waits until the whole document is written, also on a machine that is busy.
const WITHIN: Duration = Duration::from_secs(10);
const TAG: &str = "documentation";

/// Files that are the same in every process; they are compressed when the first edge is built.
static FILES: LazyLock<Files> = LazyLock::new(|| Files {
    page: Variants::new(&HTML, include_str!("page.html")),
    errors: Variants::new(&HTML, errors::page()),
    style: Variants::new(&CSS, include_str!("page.css")),
    script: Variants::new(&JAVASCRIPT, include_str!("page.js")),
});

struct Files {
    page: Variants,
    errors: Variants,
    style: Variants,
    script: Variants,
}

/// Writes the document.
type Write = Box<dyn Fn() -> Result<String> + Send + Sync>;

/// The document. It is put here after the routes were checked, because it tells of the routes.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Arc<Kept>);

#[derive(Default)]
struct Kept {
    write: OnceLock<Write>,
    plain: OnceLock<Packed>,
    packed: OnceLock<Variants>,
    /// Of all who ask before it is written one has it written: it takes time and memory.
    turn: tokio::sync::Mutex<()>,
}

impl Shelf {
    /// Compresses everything, so that no request waits for it.
    pub(crate) fn fill(&self, openapi: &str) -> Result<()> {
        let plain = || Packed::new(&JSON, openapi.to_owned());
        self.0.plain.get_or_init(plain);
        self.pack()
    }

    /// Has it written by this when somebody asks.
    pub(crate) fn leave(&self, write: Write) {
        // An edge is put together once, so nobody has left anything here before.
        let _first = self.0.write.set(write);
    }

    /// Writes what was left for later, and compresses everything; what was done is not done again.
    pub(crate) fn pack(&self) -> Result<()> {
        if self.0.packed.get().is_none() {
            let plain = self.plain()?;
            self.0.packed.get_or_init(|| Variants::of(plain));
            LazyLock::force(&FILES);
        }
        Ok(())
    }

    /// As it is. Who asks first and who packs may both write it; it is the same.
    fn plain(&self) -> Result<Packed> {
        if let Some(plain) = self.0.plain.get() {
            return Ok(plain.clone());
        }
        let missing = || {
            Error::internal(
                codes::INTERNAL,
                "the document was asked for before it was written",
            )
        };
        let write = self.0.write.get().ok_or_else(missing)?;
        let written = Packed::new(&JSON, write()?);
        Ok(self.0.plain.get_or_init(|| written).clone())
    }
}

/// The routes of the pages. That of the codes is always there, because every error points to it.
pub(crate) fn routes(shelf: &Shelf, documentation: Documentation) -> Routes {
    let errors = page(
        "/docs/errors",
        "docs.errors",
        "Look up what an error code means",
        &HTML,
    );
    let style = page(
        "/docs/page.css",
        "docs.style",
        "The style of the pages",
        &CSS,
    );
    let mut routes = Routes::new()
        .add(errors.handler(errors_page))
        .add(style.handler(style_sheet));
    if matches!(documentation, Documentation::Shown | Documentation::Later) {
        let openapi = page(
            "/api/openapi.json",
            "docs.openapi",
            "Read this document",
            &JSON,
        );
        let docs = page("/docs", "docs.page", "Look through this document", &HTML);
        let script = page(
            "/docs/page.js",
            "docs.script",
            "The script of the page",
            &JAVASCRIPT,
        );
        routes = routes
            .add(openapi.handler(openapi_document))
            .add(docs.handler(docs_page))
            .add(script.handler(page_script));
    }
    routes.with_state(shelf.clone())
}

fn page(
    path: &'static str,
    name: &'static str,
    about: &'static str,
    sort: &'static Sort,
) -> Route<Shelf> {
    Route::new(Method::GET, path, name)
        .about(about)
        .tag(TAG)
        .policy(Policy::Public)
        .rate(Rate::Health)
        .criticality(Criticality::Background)
        .deadline(WITHIN)
        .takes_nothing()
        .answers_text(sort.media_type())
}

async fn openapi_document(State(shelf): State<Shelf>, accepts: Accepts) -> Answer<Packed> {
    if let Some(packed) = shelf.0.packed.get() {
        return Ok(packed.choose(accepts));
    }
    // Nobody has packed it yet; whoever asks so early gets it as it is, and does not wait for the packing.
    let turns = shelf.clone();
    let _turn = turns.0.turn.lock().await;
    let written = tokio::task::spawn_blocking(move || shelf.plain()).await;
    let broken = |error: tokio::task::JoinError| {
        Error::internal(codes::INTERNAL, "the document was not written").caused_by(error)
    };
    Ok(written.map_err(broken)??)
}

async fn docs_page(accepts: Accepts) -> Packed {
    FILES.page.choose(accepts)
}

async fn errors_page(accepts: Accepts) -> Packed {
    FILES.errors.choose(accepts)
}

async fn style_sheet(accepts: Accepts) -> Packed {
    FILES.style.choose(accepts)
}

async fn page_script(accepts: Accepts) -> Packed {
    FILES.script.choose(accepts)
}
