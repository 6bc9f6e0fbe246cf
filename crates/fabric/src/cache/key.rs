//! Keys as entries have them: a short one lies in the entry itself, so that comparing it touches no other memory.

use std::sync::Arc;

/// How long a short one is at most. Ids are, and what is named by one.
const NEAR_MAX: usize = 30;

/// A key.
#[derive(Debug)]
pub(super) enum Key {
    Near { length: u8, bytes: [u8; NEAR_MAX] },
    Far(Arc<str>),
}

impl Key {
    pub(super) fn of(key: &Arc<str>) -> Self {
        let mut bytes = [0; NEAR_MAX];
        let near = bytes.get_mut(..key.len()).zip(u8::try_from(key.len()).ok());
        let Some((near, length)) = near else {
            return Self::Far(Arc::clone(key));
        };
        near.copy_from_slice(key.as_bytes());
        Self::Near { length, bytes }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Near { length, bytes } => &bytes[..usize::from(*length)],
            Self::Far(key) => key.as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_it_was_made_of_however_long() {
        for length in [0, 1, 30, NEAR_MAX, NEAR_MAX + 1, 300] {
            let text: Arc<str> = "k".repeat(length).into();
            let key = Key::of(&text);
            assert_eq!(key.bytes(), text.as_bytes());
            assert_eq!(matches!(key, Key::Near { .. }), length <= NEAR_MAX);
        }
        assert_eq!(size_of::<Key>(), 32);
    }
}
