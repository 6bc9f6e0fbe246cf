//! The web kit and the gate that every request passes: who are you, may you, how often, how long.
