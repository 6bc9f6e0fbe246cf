//! Sessions, tokens, and who asks.
