//! Mistakes that are planted on purpose, to show that the simulator finds them.
//!
//! Without the feature `planted`, which no program names, every question is answered `false` when it is compiled, and
//! nothing of a mistake is left. With it a test plants one by its name, in its own thread.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted mistakes are for tests: nothing that is shipped is built with them");

/// Whether this mistake is planted here and now.
#[cfg(not(feature = "planted"))]
#[inline]
#[must_use]
pub const fn planted(_name: &str) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use with::{plant, planted, struck};

#[cfg(feature = "planted")]
mod with {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<&'static str> = const { Cell::new("") };
        static STRUCK: Cell<u64> = const { Cell::new(0) };
    }

    /// Whether this mistake is planted here and now.
    #[must_use]
    pub fn planted(name: &str) -> bool {
        let is_it = PLANTED.get() == name;
        if is_it {
            STRUCK.set(STRUCK.get().saturating_add(1));
        }
        is_it
    }

    /// Plants this mistake in this thread, instead of the one before; an empty name plants none.
    pub fn plant(name: &'static str) {
        PLANTED.set(name);
        STRUCK.set(0);
    }

    /// How often the place of the planted mistake was passed since it was planted.
    #[must_use]
    pub fn struck() -> u64 {
        STRUCK.get()
    }
}
