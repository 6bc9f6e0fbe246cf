//! The secrets of a running process, which follow their files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base::Result;

use super::Secrets;

/// The secrets in force now. Clones see the same.
#[derive(Clone)]
pub(crate) struct Live {
    data: PathBuf,
    now: Arc<Mutex<Arc<Secrets>>>,
}

impl Live {
    /// Begins with secrets that were read.
    pub(crate) fn new(data: PathBuf, secrets: Secrets) -> Self {
        let now = Arc::new(Mutex::new(Arc::new(secrets)));
        Self { data, now }
    }

    /// What is in force.
    pub(crate) fn now(&self) -> Arc<Secrets> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again, and answers whether any key has changed.
    ///
    /// # Errors
    /// A file cannot be used; what was in force stays so.
    pub(crate) fn look(&self) -> Result<bool> {
        let read = Secrets::read(&self.data)?;
        let is_new = read.numbers() != self.now().numbers();
        if is_new {
            *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        }
        Ok(is_new)
    }
}

impl Secrets {
    /// The numbers of all keys: a ring changes only by getting another number or by losing one.
    fn numbers(&self) -> [(u32, Option<u32>); 5] {
        let Self {
            token,
            cursor,
            pepper,
            master,
            audit,
        } = self;
        [token, cursor, pepper, master, audit].map(|ring| {
            let previous = ring.previous.as_ref().map(|(number, _)| *number);
            (ring.current.0, previous)
        })
    }
}
