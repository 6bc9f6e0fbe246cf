//! The steps of the gate one by one, for the bench that shows what each of them costs.

use super::Gate;

/// What one step is called, and one turn of it.
pub type Step<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// All steps.
pub fn all(_gate: &Gate) -> Vec<Step<'_>> {
    Vec::new()
}
