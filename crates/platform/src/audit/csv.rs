//! Entries as CSV by RFC 4180, in a form that no spreadsheet takes for a formula.

use domain::audit::Link;

use super::view::EntryView;

/// The first line.
pub const HEAD: &str =
    "number,at,organisation,actor,role,what,operation,target,code,reason,correlation,hash\r\n";

/// The line of an entry.
#[must_use]
pub fn line(link: &Link) -> String {
    let view = EntryView::from(link);
    let or_nothing = Option::unwrap_or_default;
    let cells = [
        view.number.to_string(),
        view.at.to_string(),
        view.organisation.to_string(),
        view.actor,
        view.role,
        view.what,
        view.operation,
        or_nothing(view.target),
        or_nothing(view.code),
        or_nothing(view.reason),
        or_nothing(view.correlation),
        view.hash,
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell in quotes. What a spreadsheet would calculate gets a mark in front that makes it a text.
fn quoted(cell: &str) -> String {
    let is_formula = cell.trim_start().starts_with([
        '=', '+', '-', '@', '\t', '\r', '|', '%', '＝', '＋', '－', '＠',
    ]);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in [
            "=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "＝1+1", "|cmd",
        ] {
            assert!(quoted(formula).starts_with("\"'"), "{formula}");
        }
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted("order.created"), "\"order.created\"");
    }
}
