//! What is published of a restaurant: the card that everybody may read, and the words that it is found by.
//!
//! Both are what the published table holds. What an organisation keeps to itself (external ids, metadata, fees that
//! follow from an order, versions) is in neither.

use base::{Currency, Time};
use carte::{ItemId, RevisionNumber, Words};
use domain::organisations::{Address, BrandId, Name, Restaurant, RestaurantId, TimeZone};
use domain::venues::{Exceptions, Hours, Profile, Standing, Venue, Zones};
use serde::{Deserialize, Serialize};

/// The most items of one restaurant that it is found by.
pub const ITEMS_MAX: usize = 5_000;
/// What the words of one restaurant take at most, in bytes: nobody fills the memory of all nodes with a long menu.
pub const BYTES_MAX: usize = 512 << 10;

/// Between the texts of one thing in several languages. No name has it in it.
const BETWEEN: char = '\u{1f}';

/// What everybody may read of a restaurant.
#[derive(Clone, PartialEq, Debug)]
pub struct Card {
    /// Which one it is.
    pub id: RestaurantId,
    /// The brand that it belongs to.
    pub brand: Option<BrandId>,
    /// What it is called.
    pub name: Name,
    /// The zone by which its hours are meant.
    pub time_zone: TimeZone,
    /// What its prices are in.
    pub currency: Currency,
    /// Where it is.
    pub address: Address,
    /// When it was made.
    pub created_at: Time,
    /// The revision of the menu that it sells now; nothing before one is published.
    pub revision: Option<RevisionNumber>,
    /// How it serves; without its fees.
    pub venue: Venue,
}

/// The card as the table holds it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Kept {
    id: RestaurantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    brand: Option<BrandId>,
    name: Name,
    time_zone: TimeZone,
    currency: Currency,
    address: Address,
    created_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<RevisionNumber>,
    profile: Profile,
    hours: Hours,
    exceptions: Exceptions,
    zones: Zones,
    standing: Standing,
}

impl Card {
    /// What is published of this restaurant, which serves like this and sells this revision.
    #[must_use]
    pub fn of(restaurant: &Restaurant, venue: &Venue, revision: Option<RevisionNumber>) -> Self {
        let details = &restaurant.details;
        Card {
            id: restaurant.id,
            brand: details.brand,
            name: details.name.clone(),
            time_zone: details.time_zone,
            currency: details.currency,
            address: details.address.clone(),
            created_at: restaurant.created_at,
            revision,
            venue: published(venue),
        }
    }

    /// The text that the table holds.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Kept {
            id: self.id,
            brand: self.brand,
            name: self.name.clone(),
            time_zone: self.time_zone,
            currency: self.currency,
            address: self.address.clone(),
            created_at: self.created_at,
            revision: self.revision,
            profile: self.venue.profile.clone(),
            hours: self.venue.hours.clone(),
            exceptions: self.venue.exceptions.clone(),
            zones: self.venue.zones.clone(),
            standing: self.venue.standing.clone(),
        })
    }

    /// The card of a text that the table holds.
    pub(crate) fn from_json(text: &str) -> serde_json::Result<Self> {
        let kept: Kept = serde_json::from_str(text)?;
        Ok(Card {
            id: kept.id,
            brand: kept.brand,
            name: kept.name,
            time_zone: kept.time_zone,
            currency: kept.currency,
            address: kept.address,
            created_at: kept.created_at,
            revision: kept.revision,
            venue: Venue {
                profile: kept.profile,
                hours: kept.hours,
                exceptions: kept.exceptions,
                zones: kept.zones,
                standing: kept.standing,
                ..Venue::default()
            },
        })
    }
}

fn published(venue: &Venue) -> Venue {
    Venue {
        profile: venue.profile.clone(),
        hours: venue.hours.clone(),
        exceptions: venue.exceptions.clone(),
        zones: venue.zones.clone(),
        standing: venue.standing.clone(),
        ..Venue::default()
    }
}

/// The words of a restaurant's menu: what its categories and items are called, in all languages. Kept as two texts, so
/// that millions of items take little more room than their letters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MenuWords {
    categories: Box<str>,
    items: Box<str>,
    ids: Box<[ItemId]>,
}

/// The words as the table holds them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptWords {
    categories: String,
    items: String,
    ids: Vec<ItemId>,
}

impl MenuWords {
    /// The words of these categories and items, as far as they are not too many.
    #[must_use]
    pub fn of<'a>(
        categories: impl IntoIterator<Item = &'a Words>,
        items: impl IntoIterator<Item = (ItemId, &'a Words)>,
    ) -> Self {
        let mut kept = KeptWords {
            categories: String::new(),
            items: String::new(),
            ids: Vec::new(),
        };
        for words in categories {
            if kept.categories.len() < BYTES_MAX / 8 {
                line(&mut kept.categories, words);
            }
        }
        for (id, words) in items.into_iter().take(ITEMS_MAX) {
            if kept.items.len() < BYTES_MAX {
                line(&mut kept.items, words);
                kept.ids.push(id);
            }
        }
        kept.into()
    }

    /// What the categories are called: one text of all.
    pub(crate) fn categories(&self) -> &str {
        &self.categories
    }

    /// What all items are called, one text of all.
    pub(crate) fn all_items(&self) -> &str {
        &self.items
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The items, each with all that it is called.
    pub(crate) fn items(&self) -> impl Iterator<Item = (ItemId, &str)> {
        self.ids.iter().copied().zip(self.items.split('\n'))
    }

    /// The text in the main language, of all that something is called.
    pub(crate) fn main(line: &str) -> &str {
        line.split(BETWEEN).next().unwrap_or(line)
    }

    /// The text that the table holds.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&KeptWords {
            categories: self.categories.to_string(),
            items: self.items.to_string(),
            ids: self.ids.to_vec(),
        })
    }

    /// The words of a text that the table holds.
    pub(crate) fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str::<KeptWords>(text).map(Into::into)
    }
}

impl From<KeptWords> for MenuWords {
    fn from(kept: KeptWords) -> Self {
        MenuWords {
            categories: kept.categories.into(),
            items: kept.items.into(),
            ids: kept.ids.into(),
        }
    }
}

/// Adds all that something is called as one line.
fn line(text: &mut String, words: &Words) {
    if !text.is_empty() {
        text.push('\n');
    }
    for (place, name) in words.all().enumerate() {
        if place > 0 {
            text.push(BETWEEN);
        }
        text.extend(
            name.chars()
                .map(|char| if char == '\n' { ' ' } else { char }),
        );
    }
}
