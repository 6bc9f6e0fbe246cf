//! What is known of a key besides its value: its name, its default and what it means.

/// A section with its keys.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    /// One sentence, shown above the section.
    pub(crate) about: &'static str,
    pub(crate) keys: &'static [Key],
}

/// One key of a section.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// The default as TOML, or an example of a key that has none.
    pub(crate) value: &'static str,
    /// What it means, in a sentence or two.
    pub(crate) about: &'static str,
    pub(crate) has_default: bool,
    pub(crate) is_secret: bool,
}

impl Key {
    /// A key with its default, written as in the file.
    pub(crate) const fn new(name: &'static str, value: &'static str, about: &'static str) -> Self {
        Self {
            name,
            value,
            about,
            has_default: true,
            is_secret: false,
        }
    }

    /// A key without a default, with an example of a value.
    pub(crate) const fn optional(
        name: &'static str,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            has_default: false,
            ..Self::new(name, example, about)
        }
    }

    /// The same, never shown.
    #[allow(
        dead_code,
        reason = "no section of today has a secret value: secrets stand in files"
    )]
    pub(crate) const fn secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }
}
