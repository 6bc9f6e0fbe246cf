//! Tables on the terminal.

/// Prints rows under a head, each column as wide as its widest cell.
pub(crate) fn print<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    print!("{}", render(head, rows));
}

fn render<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let mut widths = [0; N];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in [&head].into_iter().chain(rows) {
        let cells = row.iter().zip(widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [
            ["a".to_owned(), "long cell".to_owned()],
            ["longer".to_owned(), "b".to_owned()],
        ];
        let text = render(["x", "y"], &rows);
        assert_eq!(text, "x       y\na       long cell\nlonger  b\n");
    }
}
