//! Figures beside their limits, for people as a table and for programs as JSON.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::table::Table;

/// How far a figure should be from its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// At least this part of the limit: throughput.
    AtLeast(f64),
    /// At most this part of the limit: latency.
    AtMost(f64),
}

impl Goal {
    /// Whether a ratio reaches the goal.
    #[must_use]
    pub fn reached(self, ratio: f64) -> bool {
        match self {
            Goal::AtLeast(least) => ratio >= least,
            Goal::AtMost(most) => ratio <= most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::AtLeast(least) => write!(f, "≥ {least:.1}"),
            Goal::AtMost(most) => write!(f, "≤ {most:.1}"),
        }
    }
}

/// Something that was measured, and what it is held against, measured in the same run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is called.
    pub name: &'static str,
    /// What was measured.
    pub value: f64,
    /// In what.
    pub unit: &'static str,
    /// What the machine could do, measured in the same run and unit.
    pub limit: f64,
    /// The value as a part of the limit.
    pub ratio: f64,
    /// What the ratio should be.
    #[serde(skip)]
    pub goal: Goal,
}

impl Figure {
    /// A figure held against its limit.
    #[must_use]
    pub fn new(name: &'static str, unit: &'static str, value: f64, limit: f64, goal: Goal) -> Self {
        Figure {
            name,
            value,
            unit,
            limit,
            ratio: value / limit,
            goal,
        }
    }
}

/// The figures of a bench.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The name of the bench.
    pub bench: &'static str,
    /// Its figures.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Writes the report as JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_json(&self, path: &Path) -> std::io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        std::fs::write(path, text)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["figure", "value", "limit", "unit", "ratio", "to reach", ""]);
        for figure in &self.figures {
            let verdict = if figure.goal.reached(figure.ratio) {
                "reached"
            } else {
                "missed"
            };
            table.row([
                figure.name.to_owned(),
                digits(figure.value),
                digits(figure.limit),
                figure.unit.to_owned(),
                format!("{:.2}", figure.ratio),
                figure.goal.to_string(),
                verdict.to_owned(),
            ]);
        }
        table.fmt(f)
    }
}

/// Small numbers would all look alike without their fractions.
fn digits(number: f64) -> String {
    match number.abs() < 100.0 {
        true => format!("{number:.2}"),
        false => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_fields_that_programs_read() {
        let figure = Figure::new("a_vs_b", "orders/s", 300.0, 100.0, Goal::AtLeast(3.0));
        assert!(figure.goal.reached(figure.ratio));
        assert!(!Goal::AtMost(1.5).reached(1.6));
        let report = Report {
            bench: "store",
            figures: vec![figure],
        };
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            serde_json::json!({"bench": "store", "figures": [
                {"name": "a_vs_b", "value": 300.0, "unit": "orders/s", "limit": 100.0, "ratio": 3.0}
            ]})
        );
    }
}
