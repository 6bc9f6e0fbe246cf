//! The known word that a mistyped one most likely meant.

/// Gives the nearest of the known words, unless none is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    let measured = known.map(|candidate| (distance(&word, candidate), candidate));
    let (distance, candidate) = measured.min_by_key(|(distance, _)| *distance)?;
    // Half of the letters may be wrong; beyond that a hint would only puzzle.
    (distance * 2 <= candidate.len().max(word.len())).then_some(candidate)
}

/// How many letters must be changed, added, left out or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let right: Vec<char> = right.chars().take(64).collect();
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (row, first) in rows.iter_mut().zip(0..) {
        row[0] = first;
    }
    for (column, cell) in rows[0].iter_mut().enumerate() {
        *cell = column;
    }
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let changed = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let one_more = rows[i - 1][j].min(rows[i][j - 1]) + 1;
            rows[i][j] = changed.min(one_more);
            let is_swapped =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if is_swapped {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        let known = ["listen", "storage", "retention"];
        let meant = |word| nearest(word, known.into_iter());
        assert_eq!(meant("lisetn"), Some("listen"));
        assert_eq!(meant("storag"), Some("storage"));
        assert_eq!(meant("Retention"), Some("retention"));
        assert_eq!(meant("zzzzzzzz"), None);
        assert_eq!(nearest("word", [].into_iter()), None);
    }
}
