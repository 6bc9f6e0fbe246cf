//! Ids that look right and belong to nothing.

/// The same id with another last digit: well formed, near to one that exists, of nothing at all.
#[must_use]
pub fn absent(id: &str) -> String {
    let (rest, last) = id.split_at(id.len().saturating_sub(1));
    let other = if last == "0" { '1' } else { '0' };
    format!("{rest}{other}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_its_own_absent_one() {
        for last in "0123456789abcdefghjkmnpqrstvwxyz".chars() {
            let id = format!("rst_01jd6yv2m0{last}");
            let other = absent(&id);
            assert!(other != id && other.len() == id.len() && other.starts_with("rst_01jd6yv2m0"));
        }
    }
}
