//! What was asked, which words are meant by it, and which restaurants fit how well.
//!
//! A restaurant fits when it has every word that was asked for, or a word near it; where none has, those with the most.
//! Its name counts more than its cuisine, that more than what is on its menu; a rare word more than one that all have.

use std::collections::HashMap;

use super::fold::{self, is_unspaced};
use super::terms::{Ends, Field, Meant, Terms, slot};

/// The most words of a question; more are left out.
const ASKED_MAX: usize = 8;
/// The most words that are meant by one.
const MEANT_MAX: usize = 160;
/// The most entries of lists that are looked at for one word.
const ENTRIES_MAX: usize = 250_000;
/// From so many letters on one may be wrong, from so many two, from so many in a word that is not finished.
const ONE_WRONG_FROM: usize = 4;
const TWO_WRONG_FROM: usize = 8;
const OPEN_WRONG_FROM: usize = 5;
/// How much less a wrong word counts where the right one is known.
const DOUBT: f32 = 0.25;

/// A question, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    words: Vec<String>,
    /// Whether the last word may go on: nothing was typed after it.
    is_open: bool,
}

/// A word of the index that is meant by some of what was asked: a bit for each word of the question.
pub(crate) type Meanings<'a> = HashMap<&'a str, u8>;

/// Restaurants that fit, and what was meant.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// Places with how well they fit, in the order of the places.
    pub(crate) fits: Vec<(u32, f32)>,
    /// What was meant.
    pub(crate) meanings: Meanings<'a>,
    /// How many words were asked for.
    pub(crate) most: u32,
}

impl Asked {
    /// Takes a question apart.
    pub(crate) fn parse(text: &str) -> Self {
        Asked {
            words: fold::words(text, ASKED_MAX),
            is_open: !text.ends_with(char::is_whitespace),
        }
    }

    /// Whether nothing is asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Finds what fits among so many places, of those that are wanted.
    pub(crate) fn find<'a>(
        &self,
        terms: &'a Terms,
        slots: usize,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Found<'a> {
        let mut tally = Tally::new(slots);
        let mut meanings = Meanings::new();
        for (place, word) in self.words.iter().enumerate() {
            let ends = match self.is_open && place + 1 == self.words.len() {
                true => Ends::Open,
                false => Ends::Closed,
            };
            let meant = meant(terms, word, ends);
            for (meant, _) in &meant {
                *meanings.entry(meant.word).or_default() |= 1 << place;
            }
            tally.count(&meant, slots);
        }
        Found {
            fits: tally.best(is_wanted),
            meanings,
            most: u32::try_from(self.words.len()).unwrap_or(u32::MAX),
        }
    }
}

/// What may be meant by a word, with how near it is.
fn meant<'a>(terms: &'a Terms, word: &str, ends: Ends) -> Vec<(Meant<'a>, f32)> {
    let chars = word.chars().count();
    let mut found = Vec::new();
    terms.exact(word, &mut found);
    if ends == Ends::Open {
        terms.prefixed(word, &mut found);
    }
    let doubt = if found.is_empty() { 1.0 } else { DOUBT };
    if chars >= ONE_WRONG_FROM && !word.contains(is_unspaced) {
        let wrong_max = if chars >= TWO_WRONG_FROM { 2 } else { 1 };
        let ends = if chars >= OPEN_WRONG_FROM {
            ends
        } else {
            Ends::Closed
        };
        terms.near(word, (wrong_max, ends), &mut found);
    }
    let weighed = found
        .into_iter()
        .map(|meant| (meant, nearness(&meant, doubt)));
    let mut weighed: Vec<(Meant<'a>, f32)> = weighed.collect();
    // The nearest first, and of those that are as near the one that most have.
    weighed.sort_unstable_by(|(one, near), (other, far)| {
        far.total_cmp(near)
            .then_with(|| other.list.len().cmp(&one.list.len()))
            .then_with(|| one.word.cmp(other.word))
    });
    weighed.truncate(MEANT_MAX);
    let mut left = ENTRIES_MAX;
    weighed.retain(|(meant, _)| {
        let fits = meant.list.len() <= left;
        left = left.saturating_sub(meant.list.len());
        fits
    });
    weighed
}

fn nearness(meant: &Meant<'_>, doubt: f32) -> f32 {
    let right = match meant.wrong {
        0 => 1.0,
        1 => 0.6 * doubt,
        _ => 0.35 * doubt,
    };
    match meant.rest {
        0 => right,
        rest => right * (0.9 - 0.02 * f32::from(rest)).max(0.5),
    }
}

/// How much it says that a word stands there: by the field that says most.
fn weight(entry: u32) -> f32 {
    const WEIGHTS: [f32; 5] = [10.0, 5.0, 2.5, 3.0, 2.0];
    let fields = Field::ALL.iter().zip(WEIGHTS);
    let there = fields.filter(|(field, _)| entry & field.bit() != 0);
    there.map(|(_, weight)| weight).fold(0.0, f32::max)
}

/// How well each place fits so far.
struct Tally {
    sums: Vec<f32>,
    hits: Vec<u8>,
    best: Vec<f32>,
    touched: Vec<u32>,
    weights: [f32; 32],
}

impl Tally {
    fn new(slots: usize) -> Self {
        let mut weights = [0.0; 32];
        for (fields, known) in (0u32..).zip(&mut weights) {
            *known = weight(fields);
        }
        Tally {
            sums: vec![0.0; slots],
            hits: vec![0; slots],
            best: vec![0.0; slots],
            touched: Vec::new(),
            weights,
        }
    }

    /// Adds what one word of the question says.
    fn count(&mut self, meant: &[(Meant<'_>, f32)], slots: usize) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.clear();
        for (meant, near) in meant {
            for entry in meant.list {
                let at = index(slot(*entry));
                let weight = self.weights.get(index(*entry & super::terms::FIELDS));
                let said = near * weight.copied().unwrap_or_default();
                if let Some(best) = self.best.get_mut(at) {
                    if *best == 0.0 {
                        touched.push(slot(*entry));
                    }
                    *best = best.max(said);
                }
            }
        }
        let rarity = rarity(slots, touched.len());
        for slot in &touched {
            let at = index(*slot);
            let best = self.best.get_mut(at).map(std::mem::take);
            if let (Some(best), Some(sum), Some(hits)) =
                (best, self.sums.get_mut(at), self.hits.get_mut(at))
            {
                *sum += best * rarity;
                *hits += 1;
            }
        }
        self.touched = touched;
    }

    /// The places that have the most of the words, of those that are wanted.
    fn best(self, is_wanted: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        let mut most = 1;
        let mut fits = Vec::new();
        for ((slot, hits), sum) in (0u32..).zip(&self.hits).zip(&self.sums) {
            if *hits < most || !is_wanted(slot) {
                continue;
            }
            if *hits > most {
                most = *hits;
                fits.clear();
            }
            fits.push((slot, *sum));
        }
        fits
    }
}

/// How much it says to have a word that so many have.
#[allow(
    clippy::cast_precision_loss,
    reason = "places are counted in thousands, and a rank needs no exact ones"
)]
fn rarity(slots: usize, having: usize) -> f32 {
    (1.0 + slots as f32 / (1.0 + having as f32)).ln().max(0.1)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(texts: &[(&str, Field)]) -> Terms {
        let mut terms = Terms::default();
        for (slot, (text, field)) in (0u32..).zip(texts) {
            fold::each_word(text, |word| terms.add(word, slot, field.bit()));
        }
        terms
    }

    fn order(terms: &Terms, text: &str) -> Vec<u32> {
        let mut fits = Asked::parse(text).find(terms, 9, |_| true).fits;
        fits.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        fits.into_iter().map(|(slot, _)| slot).collect()
    }

    #[test]
    fn names_count_more_than_items_and_right_words_more_than_wrong_ones() {
        let terms = terms(&[
            ("Pizza Salami", Field::Item),
            ("Pizza Lucia", Field::Name),
            ("Ristorante Piazza", Field::Name),
            ("pizza", Field::Cuisine),
            ("Salami", Field::Item),
        ]);
        assert_eq!(order(&terms, "pizza "), [1, 3, 0, 2]);
        assert_eq!(order(&terms, "piza"), [1, 3, 0], "a letter is missing");
        assert_eq!(order(&terms, "pizza salami"), [0]);
        assert_eq!(
            order(&terms, "pizza sushi "),
            [1, 3, 0, 2],
            "nobody has both"
        );
        assert_eq!(order(&terms, "piz"), [1, 3, 0], "it may go on");
        assert!(order(&terms, "piz ").is_empty(), "it is a word of its own");
        assert!(order(&terms, "&").is_empty());
    }
}
