//! What works without being asked: supervised tasks, the relay of the log, consumers, timers, retention.
