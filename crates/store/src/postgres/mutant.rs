//! A mutant of every statement of an organisation, for tests: one that has lost its filter.

/// A text with every `organisation = $1` replaced by a condition that always holds, whatever the table is called in it.
#[must_use]
pub fn without_organisation(text: &str) -> String {
    const FILTER: &str = "organisation = $1";
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(FILTER) {
        let whole = !after.starts_with(|next: char| next.is_ascii_digit());
        let alone = !before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        if whole && alone {
            out.push_str(unqualified(before));
            out.push_str("$1::bigint IS NOT NULL");
        } else {
            out.push_str(before);
            out.push_str(FILTER);
        }
        rest = after;
    }
    out + rest
}

/// What stands before a column, without the name of its table.
fn unqualified(before: &str) -> &str {
    let Some(named) = before.strip_suffix('.') else {
        return before;
    };
    named.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_goes_and_everything_else_stays() {
        for (text, mutant) in [
            (
                "SELECT a FROM t WHERE organisation = $1 AND b = $2",
                "SELECT a FROM t WHERE $1::bigint IS NOT NULL AND b = $2",
            ),
            (
                "SELECT o.a FROM t AS o JOIN u ON u.organisation = o.organisation WHERE o.organisation = $1",
                "SELECT o.a FROM t AS o JOIN u ON u.organisation = o.organisation WHERE $1::bigint IS NOT NULL",
            ),
            (
                "SELECT a FROM t WHERE organisation = $10 AND my_organisation = $1",
                "SELECT a FROM t WHERE organisation = $10 AND my_organisation = $1",
            ),
        ] {
            assert_eq!(without_organisation(text), mutant);
        }
    }
}
