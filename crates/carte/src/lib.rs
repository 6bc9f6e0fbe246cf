//! Menus: what a restaurant sells, in what choices, for what price, and when.
//!
//! A menu belongs to a place, a brand or a restaurant. Its draft is changed by [`Edit`]s, one part after another; what
//! [`check`] finds nothing against is published as an immutable revision. A restaurant that sells its brand's menu sees
//! it through its [`Location`]. What has run out is no part of a menu but of its [`Availability`].
//!
//! An option is an item as any other: a group offers items as choices, and a chosen item's own groups are nested. A
//! combo is an item whose groups are its slots.

mod changes;
mod check;
mod choose;
mod draft;
mod kinds;
mod limits;
mod location;
mod parts;
mod shown;
mod since;
mod stock;
mod texts;
pub mod transfer;

use base::Currency;
use serde::{Deserialize, Serialize};

pub use changes::{Change, Turn, difference};
pub use check::{check, check_currency, check_location};
pub use choose::{CHOSEN_LINES_MAX, Case, Choosing, Chosen, Unmet, Wanted, choose};
pub use draft::{Draft, EDIT_PARTS_MAX, Held, Standing};
pub use kinds::{
    Allergen, Context, Daypart, Days, Diet, Local, Service, Sold, TaxClass, TaxesIncluded,
    TimeOfDay, TimeOfDayError, Weekday,
};
pub use limits::FINDINGS_MAX;
pub use parts::{
    Category, Choice, Edit, Group, Head, Item, Location, Part, PartId, PartIdError, PriceRule,
    Prices,
};
pub use shown::{
    ShownCategory, ShownChoice, ShownDaypart, ShownGroup, ShownHead, ShownItem, ShownMenu,
    ShownPrice, ShownPrices, View, shown,
};
pub use since::Since;
pub use stock::{Availability, Off, StockChange, StockRefusal, Stop, Today, Until};
pub use texts::{
    Channel, EXTERNAL_ID_CHARS_MAX, ExternalId, KEY_CHARS_MAX, Key, Language, LanguageError,
    METADATA_CHARS_MAX, METADATA_PAIRS_MAX, Metadata, MetadataError, REMARK_CHARS_MAX, Remark,
    TextError, Words, WordsError,
};

base::typed_id!(
    /// Names a category of a menu.
    pub CategoryId = "cat";
    /// Names an item of a menu.
    pub ItemId = "itm";
    /// Names a group of choices.
    pub GroupId = "grp";
    /// Names a picture.
    pub PictureId = "pic";
);

/// The number of a revision: 1, 2, 3 … in each place.
pub type RevisionNumber = i64;

/// The most items of a menu.
pub const ITEMS_MAX: usize = 100_000;
/// The most groups of a menu.
pub const GROUPS_MAX: usize = 100_000;
/// The most categories of a menu.
pub const CATEGORIES_MAX: usize = 2_000;
/// The most items of a category.
pub const CATEGORY_ITEMS_MAX: usize = 5_000;
/// The most choices of a group.
pub const CHOICES_MAX: usize = 200;
/// The most groups of an item.
pub const ITEM_GROUPS_MAX: usize = 30;
/// The most price rules of an item or a choice.
pub const RULES_MAX: usize = 40;
/// The most parts of the day of a menu.
pub const DAYPARTS_MAX: usize = 40;
/// The most tax classes of a menu.
pub const TAXES_MAX: usize = 40;
/// The most sales channels that something is limited to.
pub const CHANNELS_MAX: usize = 20;
/// How deep choices may be nested: an item's own groups are the first level.
pub const DEPTH_MAX: usize = 4;
/// The highest price, in the smallest units of the currency.
pub const PRICE_MINOR_MAX: i64 = 1_000_000_000_000;
/// The most characters of a name.
pub const NAME_CHARS_MAX: usize = 120;
/// The most characters of a description.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// The most languages of a text besides the main one.
pub const LANGUAGES_MAX: usize = 20;
/// The most that a group lets choose, and the most of one choice.
pub const CHOSEN_MAX: u16 = 1_000;
/// How a whole is written in rates: a tax of 7 % has 70,000 of these.
pub const RATE_MILLIONTHS: i64 = 1_000_000;

/// A whole menu. Items and groups stand in the order of their ids, also after reading: [`Menu::item`] relies on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Menu {
    /// What its prices are in.
    pub currency: Currency,
    /// The language of the main texts.
    pub language: Language,
    /// Whether taxes are in the prices or come on top.
    pub taxes_included: TaxesIncluded,
    /// Parts of the day that prices and categories may be limited to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dayparts: Vec<Daypart>,
    /// What rates apply to what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxClass>,
    /// The categories, in the order in which they are shown.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// The items, in the order of their ids.
    #[serde(default, deserialize_with = "parts::items_in_order")]
    pub items: Vec<Item>,
    /// The groups, in the order of their ids.
    #[serde(default, deserialize_with = "parts::groups_in_order")]
    pub groups: Vec<Group>,
}

impl Menu {
    /// The item of this id.
    #[must_use]
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        let place = self.items.binary_search_by_key(&id, |item| item.id).ok()?;
        self.items.get(place)
    }

    /// The group of this id.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        let place = self.groups.binary_search_by_key(&id, |group| group.id);
        self.groups.get(place.ok()?)
    }

    /// The tax class of this key.
    #[must_use]
    pub fn tax(&self, key: &Key) -> Option<&TaxClass> {
        self.taxes.iter().find(|class| class.key == *key)
    }

    /// The part of the day of this key.
    #[must_use]
    pub fn daypart(&self, key: &Key) -> Option<&Daypart> {
        self.dayparts.iter().find(|daypart| daypart.key == *key)
    }

    /// The parts of the day that are on at a time.
    #[must_use]
    pub fn dayparts_at(&self, local: &Local) -> Vec<&Key> {
        let on = self.dayparts.iter().filter(|daypart| daypart.is_on(local));
        on.map(|daypart| &daypart.key).collect()
    }
}

/// Something that keeps an edit from being taken, or a menu from being published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What is the matter, for programs.
    pub code: &'static str,
    /// The part that it is about; none for the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<PartId>,
    /// The field of the part, such as `choices[3].item`.
    pub field: String,
    /// What is the matter, for people.
    pub words: String,
}

#[cfg(test)]
mod tests;
