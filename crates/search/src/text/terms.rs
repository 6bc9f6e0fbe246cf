//! Which restaurants have which word, and in what: every word once, with a sorted list.
//!
//! A word that was typed wrong is found by walking the words in their order, side by side with a table of distances:
//! where no word that begins like this can be near enough any more, the walk jumps to the next beginning.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::fold::UNSPACED;

/// Where a word stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    /// In the name of the restaurant.
    Name,
    /// In the names of its cuisines.
    Cuisine,
    /// In the name of the town.
    City,
    /// In the name of a category of the menu.
    Category,
    /// In the name of an item.
    Item,
}

impl Field {
    pub(super) const ALL: [Field; 5] = [
        Field::Name,
        Field::Cuisine,
        Field::City,
        Field::Category,
        Field::Item,
    ];

    /// The bit of this field in an entry of a list.
    pub(crate) const fn bit(self) -> u32 {
        match self {
            Field::Name => 1,
            Field::Cuisine => 2,
            Field::City => 4,
            Field::Category => 8,
            Field::Item => 16,
        }
    }
}

/// Bits of an entry that say in what the word stands; the others are the place of the restaurant.
const FIELD_BITS: u32 = 5;
/// The mask of these bits.
pub(crate) const FIELDS: u32 = (1 << FIELD_BITS) - 1;
/// Places that fit beside the bits.
pub(crate) const SLOTS_MAX: u32 = 1 << (32 - FIELD_BITS);

/// The place of the restaurant in an entry.
pub(crate) const fn slot(entry: u32) -> u32 {
    entry >> FIELD_BITS
}

/// Every word with its list.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    lists: BTreeMap<Box<str>, Vec<u32>>,
}

/// A word that is meant by what was typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meant<'a> {
    /// The word.
    pub(crate) word: &'a str,
    /// Where it stands.
    pub(crate) list: &'a [u32],
    /// How many letters are wrong.
    pub(crate) wrong: u8,
    /// How many of its letters were not typed (yet).
    pub(crate) rest: u8,
}

impl Terms {
    /// Adds a restaurant to the list of a word. Its place is below [`SLOTS_MAX`].
    pub(crate) fn add(&mut self, word: &str, slot: u32, fields: u32) {
        let entry = (slot << FIELD_BITS) | (fields & FIELDS);
        let Some(list) = self.lists.get_mut(word) else {
            self.lists.insert(word.into(), vec![entry]);
            return;
        };
        // Places are given in their order while everything is read at the start.
        if list.last().is_some_and(|last| self::slot(*last) < slot) {
            list.push(entry);
            return;
        }
        match list.binary_search_by_key(&slot, |entry| self::slot(*entry)) {
            Ok(at) => {
                if let Some(known) = list.get_mut(at) {
                    *known = entry;
                }
            }
            Err(at) => list.insert(at, entry),
        }
    }

    /// Takes a restaurant out of the list of a word.
    pub(crate) fn remove(&mut self, word: &str, slot: u32) {
        let Some(list) = self.lists.get_mut(word) else {
            return;
        };
        if let Ok(at) = list.binary_search_by_key(&slot, |entry| self::slot(*entry)) {
            list.remove(at);
        }
        if list.is_empty() {
            self.lists.remove(word);
        }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.lists.len()
    }

    /// Gives back what lists took beyond what they hold.
    pub(crate) fn shrink(&mut self) {
        self.lists.values_mut().for_each(Vec::shrink_to_fit);
    }

    /// The word itself.
    pub(crate) fn exact<'a>(&'a self, word: &str, found: &mut Vec<Meant<'a>>) {
        found.extend(self.lists.get_key_value(word).map(|(word, list)| Meant {
            word,
            list,
            wrong: 0,
            rest: 0,
        }));
    }

    /// Words that begin like this one and go on.
    pub(crate) fn prefixed<'a>(&'a self, word: &str, found: &mut Vec<Meant<'a>>) {
        let after = (Bound::Excluded(word), Bound::Unbounded);
        let like = self.lists.range::<str, _>(after);
        let like = like.take_while(|(known, _)| known.starts_with(word));
        found.extend(like.map(|(known, list)| Meant {
            word: known,
            list,
            wrong: 0,
            rest: u8::try_from(known.len() - word.len()).unwrap_or(u8::MAX),
        }));
    }

    /// Words from which at most so many letters are missing, too many, others, or in the wrong order; with `ends` as
    /// `Open` also those that only begin with such a word.
    pub(crate) fn near<'a>(
        &'a self,
        word: &str,
        (wrong_max, ends): (u8, Ends),
        found: &mut Vec<Meant<'a>>,
    ) {
        let mut walk = Walk::new(word, wrong_max, ends);
        let mut from: Bound<String> = Bound::Unbounded;
        'beginnings: loop {
            let lower = match &from {
                Bound::Unbounded => Bound::Unbounded,
                Bound::Included(at) | Bound::Excluded(at) => Bound::Included(at.as_str()),
            };
            let range = self.lists.range::<str, _>((lower, Bound::Unbounded));
            for (known, list) in range {
                if known.starts_with(|first| first >= UNSPACED) {
                    return;
                }
                match walk.step(known) {
                    Step::Near { wrong, rest } => {
                        if wrong > 0 {
                            found.push(Meant {
                                word: known,
                                list,
                                wrong,
                                rest,
                            });
                        }
                    }
                    Step::Far => {}
                    Step::Past(bytes) => {
                        let mut next = known.get(..bytes).unwrap_or(known).to_owned();
                        next.push(char::MAX);
                        from = Bound::Included(next);
                        continue 'beginnings;
                    }
                }
            }
            return;
        }
    }
}

/// Whether a word that is looked for may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ends {
    /// It was typed to its end.
    Closed,
    /// It may go on.
    Open,
}

/// The walk over the words in their order. A row of distances for each letter of the current word: those that it has in
/// common with the word before need not be counted again.
struct Walk {
    wanted: Vec<char>,
    wrong_max: u8,
    ends: Ends,
    path: Vec<char>,
    rows: Vec<Vec<u8>>,
}

enum Step {
    Near {
        wrong: u8,
        rest: u8,
    },
    Far,
    /// No word that begins with these bytes of this one is near.
    Past(usize),
}

impl Walk {
    fn new(word: &str, wrong_max: u8, ends: Ends) -> Self {
        let wanted: Vec<char> = word.chars().collect();
        let first = (0..=wanted.len()).map(|count| u8::try_from(count).unwrap_or(u8::MAX));
        Walk {
            rows: vec![first.collect()],
            wanted,
            wrong_max,
            ends,
            path: Vec::new(),
        }
    }

    fn step(&mut self, known: &str) -> Step {
        let same = self
            .path
            .iter()
            .zip(known.chars())
            .take_while(|(one, other)| **one == *other)
            .count();
        self.path.truncate(same);
        self.rows.truncate(same + 1);
        let mut bytes = 0;
        for (count, char) in known.chars().enumerate() {
            bytes += char.len_utf8();
            if count < same {
                continue;
            }
            self.extend(char);
            // What has begun like a word that may go on stays near, whatever follows.
            let is_near = self.ends == Ends::Open && self.begun().is_some();
            if !is_near && self.nearest() > self.wrong_max {
                return Step::Past(bytes);
            }
        }
        let whole = self.rows.last().and_then(|row| row.last()).copied();
        match whole {
            Some(wrong) if wrong <= self.wrong_max => Step::Near { wrong, rest: 0 },
            _ => match (self.ends, self.begun()) {
                (Ends::Open, Some((wrong, rest))) => Step::Near { wrong, rest },
                _ => Step::Far,
            },
        }
    }

    /// Counts the distances for one letter more.
    fn extend(&mut self, char: char) {
        let above = self.rows.last().map_or(&[][..], Vec::as_slice);
        let two_above = self
            .rows
            .len()
            .checked_sub(2)
            .and_then(|at| self.rows.get(at));
        let before = self.path.last();
        let mut row = Vec::with_capacity(above.len());
        row.push(above.first().map_or(0, |first| first.saturating_add(1)));
        for (at, wanted) in self.wanted.iter().enumerate() {
            let get = |row: &[u8], at: usize| row.get(at).copied().unwrap_or(u8::MAX);
            let other = get(above, at).saturating_add(u8::from(*wanted != char));
            let missing = get(&row, at).saturating_add(1);
            let more = get(above, at + 1).saturating_add(1);
            let mut least = other.min(missing).min(more);
            let turned = at
                .checked_sub(1)
                .filter(|last| self.wanted.get(*last) == Some(&char) && before == Some(wanted));
            if let (Some(last), Some(two_above)) = (turned, two_above) {
                least = least.min(get(two_above, last).saturating_add(1));
            }
            row.push(least);
        }
        self.rows.push(row);
        self.path.push(char);
    }

    /// The least that the last row leaves open.
    fn nearest(&self) -> u8 {
        let row = self.rows.last().map_or(&[][..], Vec::as_slice);
        row.iter().copied().min().unwrap_or(u8::MAX)
    }

    /// With how many wrong letters a beginning of the current word is the wanted one, and how much follows.
    fn begun(&self) -> Option<(u8, u8)> {
        let ends = self.rows.iter().enumerate();
        let ends = ends.filter_map(|(letters, row)| Some((*row.last()?, letters)));
        let (wrong, letters) =
            ends.min_by_key(|(wrong, letters)| (*wrong, usize::MAX - letters))?;
        let rest = self.path.len() - letters;
        (wrong <= self.wrong_max).then(|| (wrong, u8::try_from(rest).unwrap_or(u8::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(words: &[&str]) -> Terms {
        let mut terms = Terms::default();
        for (slot, word) in (0u32..).zip(words) {
            terms.add(word, slot, Field::Item.bit());
        }
        terms
    }

    fn near<'a>(terms: &'a Terms, word: &str, wrong_max: u8, ends: Ends) -> Vec<(&'a str, u8)> {
        let mut found = Vec::new();
        terms.near(word, (wrong_max, ends), &mut found);
        found
            .iter()
            .map(|meant| (meant.word, meant.wrong))
            .collect()
    }

    #[test]
    fn wrong_letters_are_counted() {
        let terms = terms(&[
            "margherita",
            "marinara",
            "piazza",
            "pizza",
            "pizzaiolo",
            "pizzas",
            "plaza",
            "puzza",
            "寿司",
        ]);
        let closed = |word, max| near(&terms, word, max, Ends::Closed);
        assert_eq!(closed("piza", 1), [("pizza", 1)]);
        assert_eq!(
            closed("pizza", 1),
            [("piazza", 1), ("pizzas", 1), ("puzza", 1)]
        );
        assert_eq!(
            closed("pziza", 1),
            [("pizza", 1)],
            "two letters in the wrong order"
        );
        assert_eq!(closed("xpizza", 1), [("pizza", 1)]);
        assert_eq!(closed("margerita", 1), [("margherita", 1)]);
        assert_eq!(closed("margarita", 2), [("margherita", 2)]);
        assert!(closed("sushi", 2).is_empty());
        let open = near(&terms, "margeri", 1, Ends::Open);
        assert_eq!(open, [("margherita", 1)]);
    }

    #[test]
    fn the_walk_finds_what_a_look_at_every_word_finds() {
        // Small words over few letters: many are near each other.
        let mut words = Vec::new();
        let mut state = 7_u64;
        for _ in 0..600 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let letters = 2 + (state >> 40) % 5;
            let word: String = (0..letters)
                .map(|at| char::from(b'a' + u8::try_from((state >> (at * 5)) % 4).unwrap()))
                .collect();
            words.push(word);
        }
        words.sort();
        words.dedup();
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let terms = terms(&all);
        for wanted in all.iter().step_by(7) {
            for max in [1, 2] {
                let walked = near(&terms, wanted, max, Ends::Closed);
                let mut plain = Vec::new();
                for known in &all {
                    // One word at a time leaves nothing to jump over.
                    let wrong = match Walk::new(wanted, max, Ends::Closed).step(known) {
                        Step::Near { wrong, .. } => wrong,
                        _ => continue,
                    };
                    if wrong > 0 {
                        plain.push((*known, wrong));
                    }
                }
                assert_eq!(walked, plain, "{wanted}");
            }
        }
    }

    #[test]
    fn lists_are_kept_in_order() {
        let mut terms = Terms::default();
        for slot in [5, 2, 9, 2] {
            terms.add("pizza", slot, Field::Name.bit());
        }
        let mut found = Vec::new();
        terms.exact("pizza", &mut found);
        let slots: Vec<u32> = found[0].list.iter().map(|entry| slot(*entry)).collect();
        assert_eq!(slots, [2, 5, 9]);
        for slot in [2, 5, 9, 1] {
            terms.remove("pizza", slot);
        }
        assert_eq!(terms.len(), 0);
    }
}
