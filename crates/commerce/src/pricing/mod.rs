//! Pricing: what an order would cost, by the same pure code that ordering uses.

use edge::Routes;

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
