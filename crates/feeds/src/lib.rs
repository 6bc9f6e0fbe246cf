//! What the outside reads of the log, and is told of it.
