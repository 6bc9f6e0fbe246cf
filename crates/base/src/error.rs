//! The error that every crate returns: one of eight kinds, a code for programs, a message for people.
//!
//! The kind decides the answer at the border (HTTP status, gRPC status), the code says what happened,
//! and the trail says through which lines of our own code it came. The trail, the notes on it and the
//! cause are shown by `Debug` alone, which goes to the log; `Display` may reach a stranger.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How many steps and how many fields one error keeps; more would tell nobody more.
const STEPS_MAX: usize = 32;
const FIELDS_MAX: usize = 64;

/// What an error means for the caller, and so what the border answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// The request makes no sense as it stands; sending it again does not help.
    Invalid,
    /// Nobody is signed in, or the sign-in is no longer good.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such thing, or none that the caller may know of.
    Missing,
    /// It contradicts what is already there.
    Conflict,
    /// The caller did too much; it may try again later.
    Limited,
    /// Something that is needed cannot be reached now; it may be tried again.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// All kinds, for tables that must be complete.
    pub const ALL: [Self; 8] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::Missing,
        Self::Conflict,
        Self::Limited,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Gives the kind's name in small letters, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is wrong with one field of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// The path of the field, such as `lines.3.quantity`.
    pub field: String,
    /// The code for programs, from the same table as other codes.
    pub code: &'static str,
    /// The message for people.
    pub message: Cow<'static, str>,
}

/// One step of an error's way through the code.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// Where in the source the step was noted.
    pub place: &'static Location<'static>,
    /// What was being done there, when that was noted.
    pub note: Option<Cow<'static, str>>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.place.file(), self.place.line())?;
        match &self.note {
            Some(note) => write!(f, " {note}"),
            None => Ok(()),
        }
    }
}

/// An error of one of eight kinds; one pointer wide, so that results stay small.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    code: &'static str,
    message: Cow<'static, str>,
    retry_delay: Option<Duration>,
    fields: Vec<FieldError>,
    cause: Option<Cause>,
    trail: Vec<Step>,
}

/// Makes one constructor a kind; they differ in nothing else.
macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)+) => {
        impl Error {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
                Self::new(Kind::$kind, code, message.into())
            }
        )+}
    };
}

constructors! {
    /// Says that the request makes no sense as it stands.
    invalid => Invalid;
    /// Says that nobody is signed in.
    unauthenticated => Unauthenticated;
    /// Says that the caller may not do this.
    forbidden => Forbidden;
    /// Says that there is no such thing, or none that the caller may know of.
    missing => Missing;
    /// Says that it contradicts what is already there.
    conflict => Conflict;
    /// Says that the caller did too much.
    limited => Limited;
    /// Says that something that is needed cannot be reached now.
    unavailable => Unavailable;
    /// Says that the fault is ours.
    internal => Internal;
}

impl Error {
    #[track_caller]
    fn new(kind: Kind, code: &'static str, message: Cow<'static, str>) -> Self {
        let (retry_delay, fields, cause, trail) = (None, Vec::new(), None, Vec::new());
        Self(Box::new(Inner {
            kind,
            code,
            message,
            retry_delay,
            fields,
            cause,
            trail,
        }))
        .at()
    }

    /// Says after how long it is worth trying again.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_delay = Some(delay);
        self
    }

    /// Adds what is wrong with one field of the request.
    #[must_use]
    pub fn field(
        mut self,
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        if self.0.fields.len() < FIELDS_MAX {
            let (field, message) = (field.into(), message.into());
            self.0.fields.push(FieldError {
                field,
                code,
                message,
            });
        }
        self
    }

    /// Keeps the error of another library that led to this one.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Notes that the error passed the calling line.
    #[must_use]
    #[track_caller]
    pub fn at(self) -> Self {
        self.step(None)
    }

    /// Notes that the error passed the calling line, and what was being done there.
    #[must_use]
    #[track_caller]
    pub fn context(self, note: impl Into<Cow<'static, str>>) -> Self {
        self.step(Some(note.into()))
    }

    #[track_caller]
    fn step(mut self, note: Option<Cow<'static, str>>) -> Self {
        if self.0.trail.len() < STEPS_MAX {
            self.0.trail.push(Step {
                place: Location::caller(),
                note,
            });
        }
        self
    }

    /// Gives the kind, by which the border answers.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Gives the code, by which programs decide.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Gives the message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Gives the delay after which it is worth trying again, when one is known.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.0.retry_delay
    }

    /// Gives what is wrong with single fields of the request.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// Gives the way of the error through the code, from where it was made outwards.
    pub fn trail(&self) -> &[Step] {
        &self.0.trail
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            code,
            message,
            retry_delay,
            fields,
            cause,
            trail,
        } = &*self.0;
        let mut all = f.debug_struct("Error");
        all.field("kind", kind)
            .field("code", code)
            .field("message", message);
        if let Some(delay) = retry_delay {
            all.field("retry_after", delay);
        }
        if !fields.is_empty() {
            all.field("fields", fields);
        }
        if let Some(cause) = cause {
            all.field("cause", cause);
        }
        all.field("trail", trail).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause = self.0.cause.as_deref()?;
        Some(cause)
    }
}

/// Notes on a failed result where it passed, and turns smaller errors into [`Error`] on the way.
pub trait Trail<T> {
    /// Notes on a failure that it passed the calling line.
    ///
    /// # Errors
    ///
    /// The failure itself, when there is one.
    #[track_caller]
    fn at(self) -> Result<T>;

    /// Notes on a failure that it passed the calling line, and what was being done there.
    ///
    /// # Errors
    ///
    /// The failure itself, when there is one.
    #[track_caller]
    fn context(self, note: impl Into<Cow<'static, str>>) -> Result<T>;
}

impl<T, E: Into<Error>> Trail<T> for std::result::Result<T, E> {
    fn at(self) -> Result<T> {
        // The trait makes this track its caller. A closure would not, so this is a match.
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().at()),
        }
    }

    fn context(self, note: impl Into<Cow<'static, str>>) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().context(note)),
        }
    }
}
