//! Sizes of files, functions and crates.

use std::path::Path;

use super::files::Source;
use super::{code, functions};

const FILE_LINES_MAX: usize = 800;
const TEST_FILE_LINES_MAX: usize = 1_000;
const FUNCTION_LINES_MAX: usize = 70;
const CRATE_LINES_MAX: usize = 15_000;
const PARAMETERS_MAX: usize = 6;

/// One crate's line of the table, and what is too large in it.
pub(crate) struct Measured {
    pub(crate) row: [String; 6],
    pub(crate) complaints: Vec<String>,
}

/// Measures the source files of a crate.
pub(crate) fn measure(name: &str, sources: &[Source]) -> Measured {
    let mut complaints = Vec::new();
    let mut lines = 0;
    let mut largest_file = 0;
    let mut longest_function = 0;
    let mut most_parameters = 0;
    for source in sources {
        let file_lines = source.text.lines().count();
        // Tests stand beside a crate: whoever reads the crate need not read them.
        if !is_test(&source.path) {
            lines += file_lines;
        }
        largest_file = largest_file.max(file_lines);
        complaints.extend(check_file(source, file_lines));
        for function in functions::find(&code::blank(&source.text)) {
            longest_function = longest_function.max(function.lines);
            most_parameters = most_parameters.max(function.parameters);
            complaints.extend(check_function(&source.path, &function));
        }
    }
    if lines > CRATE_LINES_MAX {
        complaints.push(format!(
            "crate {name}: {lines} lines, at most {CRATE_LINES_MAX}"
        ));
    }
    let numbers = [
        sources.len(),
        lines,
        largest_file,
        longest_function,
        most_parameters,
    ];
    let [files, lines, file, function, parameters] = numbers.map(|number| number.to_string());
    let row = [name.to_owned(), files, lines, file, function, parameters];
    Measured { row, complaints }
}

fn check_file(source: &Source, lines: usize) -> Vec<String> {
    let path = source.path.display();
    let lines_max = match is_test(&source.path) {
        true => TEST_FILE_LINES_MAX,
        false => FILE_LINES_MAX,
    };
    let mut complaints = Vec::new();
    if lines > lines_max {
        complaints.push(format!("{path}: {lines} lines, at most {lines_max}"));
    }
    if !source.text.trim_start().starts_with("//!") {
        complaints.push(format!(
            "{path}: begins without a `//!` line that says what it is"
        ));
    }
    complaints
}

fn check_function(path: &Path, function: &functions::Function) -> Vec<String> {
    let place = format!("{}:{}: fn {}", path.display(), function.line, function.name);
    let mut complaints = Vec::new();
    if function.lines > FUNCTION_LINES_MAX {
        let lines = function.lines;
        complaints.push(format!(
            "{place}: {lines} lines, at most {FUNCTION_LINES_MAX}"
        ));
    }
    if function.parameters > PARAMETERS_MAX {
        let parameters = function.parameters;
        complaints.push(format!(
            "{place}: {parameters} parameters, at most {PARAMETERS_MAX}"
        ));
    }
    complaints
}

fn is_test(path: &Path) -> bool {
    let is_in = |folder| path.components().any(|part| part.as_os_str() == folder);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    is_in("tests") || name == "tests" || name.ends_with("_tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: impl Into<String>) -> Vec<String> {
        let source = Source {
            path: path.into(),
            text: text.into(),
        };
        measure("kitchen", &[source]).complaints
    }

    #[test]
    fn what_is_too_large_is_refused_with_its_place() {
        let text = include_str!("../../fixtures/too_large.rs");
        let found = complaints("kitchen/src/lib.rs", text);
        assert_eq!(
            found,
            [
                "kitchen/src/lib.rs: begins without a `//!` line that says what it is",
                "kitchen/src/lib.rs:5: fn too_long: 71 lines, at most 70",
                "kitchen/src/lib.rs:78: fn too_many: 7 parameters, at most 6",
            ]
        );
    }

    #[test]
    fn what_is_just_small_enough_passes() {
        let text = include_str!("../../fixtures/just_right.rs");
        assert_eq!(complaints("kitchen/src/lib.rs", text), [] as [&str; 0]);
    }

    #[test]
    fn files_have_a_limit_and_tests_a_larger_one() {
        let lines = |count: usize| "//! Line.\n".repeat(count);
        assert_eq!(complaints("kitchen/src/lib.rs", lines(800)).len(), 0);
        assert_eq!(complaints("kitchen/src/lib.rs", lines(801)).len(), 1);
        assert_eq!(
            complaints("kitchen/src/orders/tests.rs", lines(1_000)).len(),
            0
        );
        assert_eq!(
            complaints("kitchen/tests/it/orders.rs", lines(1_001)).len(),
            1
        );
    }

    #[test]
    fn a_crate_has_a_limit() {
        let sources: Vec<Source> = (0..19)
            .map(|number| Source {
                path: format!("kitchen/src/file_{number}.rs").into(),
                text: "//! Line.\n".repeat(790),
            })
            .collect();
        let found = measure("kitchen", &sources).complaints;
        assert_eq!(found, ["crate kitchen: 15010 lines, at most 15000"]);
    }

    #[test]
    fn tests_do_not_count_towards_the_limit_of_their_crate() {
        let sources: Vec<Source> = (0..19)
            .map(|number| Source {
                path: format!("kitchen/tests/it/file_{number}.rs").into(),
                text: "//! Line.\n".repeat(790),
            })
            .collect();
        assert!(measure("kitchen", &sources).complaints.is_empty());
    }
}
