//! What the document says of the types of `domain` that menus are made of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base::Currency;
use carte::{Allergen, Diet, Service, TaxesIncluded, Weekday};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Makes a type for the document: a text that is one of these and nothing else.
macro_rules! names {
    ($($(#[$meta:meta])* $name:ident = $title:literal, $names:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(String);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .enum_values(Some($names))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                $title.into()
            }
        }
    )+};
}

names! {
    /// How something reaches the diner.
    ServiceName = "MenuService", Service::ALL.iter().map(|one| one.name());
    /// What must be declared in the European Union.
    AllergenName = "MenuAllergen", Allergen::ALL.iter().map(|one| one.name());
    /// Who may eat something.
    DietName = "MenuDiet", Diet::ALL.iter().map(|one| one.name());
    /// A day of the week.
    WeekdayName = "MenuWeekday", Weekday::ALL.iter().map(|one| one.name());
    /// Whether taxes are in the prices or come on top.
    TaxesName = "MenuTaxesIncluded", TaxesIncluded::ALL.iter().map(|one| one.name());
    /// The code of a currency by ISO 4217.
    CurrencyCode = "MenuCurrency", Currency::TABLE.iter().map(|one| one.code());
}

/// A text that people read: in the language of the menu, and perhaps in others.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MenuWords)]
pub(crate) struct WordsView {
    /// The text in the language of the menu. Names have at most 120 characters.
    #[schema(min_length = 1, max_length = 2000, example = "Margherita")]
    main: String,
    /// The text in other languages, at most 20 of them, by their names: `de`, `pt-BR`.
    #[serde(default)]
    other: BTreeMap<String, String>,
}

/// In which services and channels something is sold; nothing named means all.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MenuSold)]
pub(crate) struct SoldView {
    /// The services.
    #[serde(default)]
    services: Vec<ServiceName>,
    /// The channels; `direct` is the platform's own.
    #[serde(default)]
    #[schema(max_items = 20)]
    channels: Vec<String>,
}

/// A part of the day, such as lunch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MenuDaypart)]
pub(crate) struct DaypartView {
    /// What prices and categories call it by.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    key: String,
    /// What people call it.
    name: WordsView,
    /// The business days on which it is.
    days: Vec<WeekdayName>,
    /// When it begins.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "11:30")]
    from: String,
    /// When it ends; a time that is not later than the beginning is meant on the next day.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "15:00")]
    to: String,
}

/// What taxes apply to a kind of goods.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MenuTaxClass)]
pub(crate) struct TaxClassView {
    /// What items call it by.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    key: String,
    /// The rate for each service, in millionths: 7 % is 70,000.
    rates: BTreeMap<String, i64>,
}
