//! Pictures: taken in, made anew in the sizes that are shown, and given out.

use edge::Routes;
use store::Part;

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "pictures",
    tables: &[],
    statements: &[],
    migrations: &[],
};

/// The slice at work. Cheap to clone.
#[derive(Clone)]
pub struct App(crate::Parts);

impl App {
    /// The slice over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        App(parts.clone())
    }
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    Routes::new().with_state(app.clone())
}
