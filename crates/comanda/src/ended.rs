//! How a command ended, as the exit code that scripts go by.

use std::process::ExitCode;

use base::{Error, codes};

/// The exit codes, as `comanda --help` explains them.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  failed; what was said on the terminal tells why
  2  the command line cannot be read
  3  the settings were refused, and nothing was started
  4  damage was found in stored data, or a check of `doctor` failed
  5  stopped, but some requests or tasks had not ended in time";

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As it should.
    Well,
    /// It looked, and found that something is not as it should be.
    FoundDamage,
    /// It was told to stop and did not get everything to an end in time.
    CutShort,
}

impl Ended {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Well => 0,
            Self::FoundDamage => 4,
            Self::CutShort => 5,
        })
    }
}

/// The exit code of a failure.
pub(crate) fn code_of(error: &Error) -> ExitCode {
    ExitCode::from(match error.code() {
        codes::LINE_MALFORMED => 3,
        codes::DAMAGED => 4,
        _ => 1,
    })
}
