//! Adapters to the outside: what a provider calls its things, turned into what we call ours, and back.
