//! One entry: who did what, to what, when, and why.

use base::{Organisation, Time};

/// The most characters of a reason; others than people's words are ids and names of ours, and shorter.
const REASON_CHARS_MAX: usize = 200;
const WORD_CHARS_MAX: usize = 120;

/// What sort of thing happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum What {
    /// Something was changed; the event log has it too.
    Action,
    /// Somebody was refused.
    Refused,
    /// Personal data were read.
    Read,
    /// An operator is about to act inside an organisation.
    Acting,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Action, Self::Refused, Self::Read, Self::Acting];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Refused => "refused",
            Self::Read => "read",
            Self::Acting => "acting",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }
}

/// What is written down. It names people by their ids only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When it happened.
    pub at: Time,
    /// In which organisation; 0 for none.
    pub organisation: Organisation,
    /// The id of whoever did it.
    pub actor: String,
    /// What the actor is to the platform: `operator`, `person`, `key`, `device`, `system`.
    pub role: String,
    /// What sort of thing it is.
    pub what: What,
    /// The operation that was called, or the kind of the event.
    pub operation: String,
    /// The id of what it was done to, or empty.
    pub target: String,
    /// The code of a refusal, or empty.
    pub code: String,
    /// The reason that an operator gave, or empty.
    pub reason: String,
    /// The id of the request, or the trace of the event.
    pub correlation: String,
    /// The event that it comes from, which is written down once; nothing for what was seen at the door.
    pub source: Option<String>,
}

impl Entry {
    /// The same with every text short and of one line: both engines store it as it stands, and a report shows it so.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let words = [
            &mut self.actor,
            &mut self.role,
            &mut self.operation,
            &mut self.target,
            &mut self.code,
            &mut self.correlation,
        ];
        for word in words {
            bound(word, WORD_CHARS_MAX);
        }
        bound(&mut self.reason, REASON_CHARS_MAX);
        if let Some(source) = &mut self.source {
            bound(source, WORD_CHARS_MAX);
        }
        self
    }
}

fn bound(text: &mut String, chars_max: usize) {
    let is_fine = text.len() <= chars_max && !text.contains(char::is_control);
    if !is_fine {
        let seen = text.chars().filter(|c| !c.is_control());
        *text = seen.take(chars_max).collect();
    }
}

/// The text if it has the form of a typed id, and nothing otherwise: a parameter of a path can be any word, also
/// somebody's name.
#[must_use]
pub fn id_or_nothing(text: &str) -> &str {
    const DIGITS: usize = 26;
    let is_id = text.split_once('_').is_some_and(|(prefix, digits)| {
        prefix.len() == 3
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
            && digits.len() == DIGITS
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if is_id { text } else { "" }
}
