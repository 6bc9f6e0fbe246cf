//! How a line looks: JSON for machines, columns and colours for people.

use std::fmt::Write as _;

use base::Time;
use edge::observe::{self, Scope};
use tracing::{Event, Level};

use super::fields::{Fields, Kind};

/// The names that are ours in JSON; a field of an event with such a name gets an underscore.
const OURS: [&str; 7] = [
    "time",
    "level",
    "target",
    "message",
    "organisation",
    "correlation_id",
    "trace_id",
];

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Look {
    /// One JSON object.
    Json,
    /// Columns, with colours.
    Coloured,
    /// Columns.
    Plain,
}

/// Writes a line with its end. Writing into a text cannot fail, so its results are nothing.
pub(super) fn write(line: &mut String, look: Look, now: Time, event: &Event<'_>) {
    match look {
        Look::Json => json(line, now, event),
        Look::Coloured | Look::Plain => pretty(line, look, now, event),
    }
    line.push('\n');
}

fn json(line: &mut String, now: Time, event: &Event<'_>) {
    let metadata = event.metadata();
    let level = metadata.level().as_str();
    let _ = write!(line, r#"{{"time":"{now}","level":"{level}","target":""#);
    escape(line, metadata.target());
    line.push('"');
    observe::with_scope(|scope| json_scope(line, scope));
    event.record(&mut Fields(|name, kind, value| {
        line.push_str(",\"");
        escape(line, name);
        if OURS.contains(&name) && name != "message" {
            line.push('_');
        }
        line.push_str("\":");
        if kind == Kind::Bare {
            line.push_str(value);
            return;
        }
        line.push('"');
        escape(line, value);
        line.push('"');
    }));
    line.push('}');
}

fn json_scope(line: &mut String, scope: &Scope) {
    if let Some(organisation) = scope.organisation() {
        let _ = write!(line, r#","organisation":{organisation}"#);
    }
    let context = scope.context();
    let trace_id = u128::from_be_bytes(context.trace_id);
    let _ = write!(line, r#","correlation_id":"{}""#, context.correlation);
    let _ = write!(line, r#","trace_id":"{trace_id:032x}""#);
}

fn pretty(line: &mut String, look: Look, now: Time, event: &Event<'_>) {
    let metadata = event.metadata();
    let colour = |code: &'static str| if look == Look::Coloured { code } else { "" };
    let level = match *metadata.level() {
        Level::ERROR => colour("\x1b[31m"),
        Level::WARN => colour("\x1b[33m"),
        Level::INFO => colour("\x1b[32m"),
        _ => colour("\x1b[34m"),
    };
    let (dim, end) = (colour("\x1b[2m"), colour("\x1b[0m"));
    let name = metadata.level().as_str();
    let target = metadata.target();
    let _ = write!(
        line,
        "{dim}{now}{end} {level}{name:5}{end} {dim}{target}{end}"
    );
    event.record(&mut Fields(|name, _kind, value| {
        if name == "message" {
            line.push(' ');
        } else {
            let _ = write!(line, " {dim}{name}={end}");
        }
        escape(line, value);
    }));
    observe::with_scope(|scope| {
        if let Some(organisation) = scope.organisation() {
            let _ = write!(line, " {dim}organisation={end}{organisation}");
        }
        let correlation = &scope.context().correlation;
        let _ = write!(line, " {dim}correlation_id={end}{correlation}");
    });
}

/// Writes a text so that it can neither end a line nor steer a terminal, in the way of JSON.
fn escape(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // The second block of controls, and what turns the direction of writing or ends lines elsewhere.
            '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let _ = write!(line, "\\u{:04x}", u32::from(character));
            }
            _ => line.push(character),
        }
    }
}
