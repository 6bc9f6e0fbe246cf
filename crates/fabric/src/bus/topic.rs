//! Patterns of topics.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base::{Error, codes};

/// Which topics: words with dots between them. `*` stands for any one word, and as the last word for one or more:
/// `order.*` takes `order.created` and `order.line.added`, `*.created` takes `order.created`, `*` takes all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pattern(Arc<str>);

impl Pattern {
    /// Takes every topic.
    pub fn all() -> Self {
        Self(Arc::from("*"))
    }

    /// Whether the topic is one of these.
    pub fn takes(&self, topic: &str) -> bool {
        let mut words = topic.split('.');
        let mut wanted = self.0.split('.').peekable();
        while let Some(want) = wanted.next() {
            let Some(word) = words.next() else {
                return false;
            };
            if want == "*" && wanted.peek().is_none() {
                return true;
            }
            if want != "*" && want != word {
                return false;
            }
        }
        words.next().is_none()
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_word = |word: &str| word == "*" || (!word.is_empty() && !word.contains('*'));
        if !text.split('.').all(is_word) {
            return Err(Error::internal(
                codes::INTERNAL,
                format!("{text:?} is no pattern of topics"),
            ));
        }
        Ok(Self(Arc::from(text)))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
