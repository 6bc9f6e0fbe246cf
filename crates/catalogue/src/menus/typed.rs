//! Parts of menus as they are typed and shown: the types of `domain`, with prices as decimal numbers.
//!
//! An amount means something only in the currency of its menu, so whoever reads one has looked that up.

use std::collections::BTreeSet;

use base::{Currency, Money, Result, codes};
use carte::{
    Allergen, Category, CategoryId, Channel, Choice, Daypart, Diet, ExternalId, Group, GroupId,
    Head, Item, ItemId, Key, Language, Metadata, Part, PictureId, PriceRule, Prices, Service, Sold,
    TaxClass, TaxesIncluded, Words,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::{
    AllergenName, CurrencyCode, DaypartView, DietName, ServiceName, SoldView, TaxClassView,
    TaxesName, WordsView,
};

/// What something costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuPrices)]
pub(crate) struct TypedPrices {
    /// The amount where no rule says another, with at most the digits that the currency has.
    #[schema(
        max_length = 20,
        pattern = "^(0|[1-9][0-9]*)(\\.[0-9]+)?$",
        example = "12.50"
    )]
    amount: String,
    /// Other amounts, for narrower cases. The rule that names most of a case counts, the first among equals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 40)]
    rules: Vec<TypedRule>,
}

/// An amount for a service, a channel, a part of the day, or what of these is named together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuPriceRule)]
pub(crate) struct TypedRule {
    /// The service that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ServiceName>)]
    service: Option<Service>,
    /// The channel that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<Channel>,
    /// The part of the day that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    daypart: Option<Key>,
    /// The amount.
    #[schema(
        max_length = 20,
        pattern = "^(0|[1-9][0-9]*)(\\.[0-9]+)?$",
        example = "9.90"
    )]
    amount: String,
}

/// What holds for a whole menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuHead)]
pub(crate) struct TypedHead {
    /// What prices are in.
    #[schema(value_type = CurrencyCode)]
    currency: Currency,
    /// The language of the main texts.
    #[schema(value_type = String, max_length = 35, example = "de-AT")]
    language: Language,
    /// Whether taxes are in the prices or come on top.
    #[schema(value_type = TaxesName)]
    taxes_included: TaxesIncluded,
    /// Parts of the day that prices and categories may be limited to.
    #[serde(default)]
    #[schema(value_type = Vec<DaypartView>, max_items = 40)]
    dayparts: Vec<Daypart>,
    /// What rates apply to what.
    #[serde(default)]
    #[schema(value_type = Vec<TaxClassView>, max_items = 40)]
    taxes: Vec<TaxClass>,
    /// The order in which categories are shown; those that are not named follow, oldest first.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 2000)]
    order: Vec<CategoryId>,
}

/// Items that are shown together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuCategory)]
pub(crate) struct TypedCategory {
    /// Which one; a new one gets an id where none is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^cat_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: Option<CategoryId>,
    /// What it is called.
    #[schema(value_type = WordsView)]
    pub(crate) name: Words,
    /// What is said of it.
    #[serde(default)]
    #[schema(value_type = Option<WordsView>)]
    pub(crate) description: Option<Words>,
    /// What it shows, in this order.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 5000)]
    pub(crate) items: Vec<ItemId>,
    /// The part of the day in which its items are sold; always, where none is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub(crate) daypart: Option<Key>,
    /// The services and channels in which it is shown.
    #[serde(default)]
    #[schema(value_type = SoldView)]
    pub(crate) sold: Sold,
    /// What another system calls it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    pub(crate) external_id: Option<ExternalId>,
    /// What the owner's programs keep with it: at most 16 small pairs.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub(crate) metadata: Metadata,
}

/// Something that can be ordered, by itself or as a choice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuItem)]
pub(crate) struct TypedItem {
    /// Which one; a new one gets an id where none is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: Option<ItemId>,
    /// What it is called.
    #[schema(value_type = WordsView)]
    pub(crate) name: Words,
    /// What is said of it.
    #[serde(default)]
    #[schema(value_type = Option<WordsView>)]
    pub(crate) description: Option<Words>,
    /// What it costs.
    pub(crate) price: TypedPrices,
    /// What can or must be chosen with it, in this order.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 30)]
    pub(crate) groups: Vec<GroupId>,
    /// The tax class of it.
    #[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub(crate) tax: Key,
    /// The services and channels in which it is sold.
    #[serde(default)]
    #[schema(value_type = SoldView)]
    pub(crate) sold: Sold,
    /// What is in it that must be declared in the European Union.
    #[serde(default)]
    #[schema(value_type = Vec<AllergenName>)]
    pub(crate) allergens: BTreeSet<Allergen>,
    /// Who may eat it.
    #[serde(default)]
    #[schema(value_type = Vec<DietName>)]
    pub(crate) diets: BTreeSet<Diet>,
    /// How old a buyer must be, in years.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 99)]
    pub(crate) age_min: Option<u8>,
    /// What it looks like.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) picture: Option<PictureId>,
    /// How long it takes to make.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    pub(crate) prep_minutes: Option<u16>,
    /// Whether it can be ordered by itself; what cannot is a choice only.
    #[serde(default = "yes")]
    pub(crate) alone: bool,
    /// What another system calls it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    pub(crate) external_id: Option<ExternalId>,
    /// What the owner's programs keep with it: at most 16 small pairs.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub(crate) metadata: Metadata,
}

const fn yes() -> bool {
    true
}

/// Choices that go together: a size, toppings, the drink of a combo.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuGroup)]
pub(crate) struct TypedGroup {
    /// Which one; a new one gets an id where none is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: Option<GroupId>,
    /// What it is called.
    #[schema(value_type = WordsView)]
    pub(crate) name: Words,
    /// How many must be chosen, counted with their quantities.
    #[schema(maximum = 1000)]
    pub(crate) min: u16,
    /// How many may be chosen.
    #[schema(maximum = 1000)]
    pub(crate) max: u16,
    /// How many of the chosen cost nothing; the cheapest of them do.
    #[serde(default)]
    #[schema(maximum = 1000)]
    pub(crate) free: u16,
    /// What there is to choose from, in this order.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub(crate) choices: Vec<TypedChoice>,
    /// What another system calls it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    pub(crate) external_id: Option<ExternalId>,
    /// What the owner's programs keep with it: at most 16 small pairs.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub(crate) metadata: Metadata,
}

/// An item that a group offers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuChoice)]
pub(crate) struct TypedChoice {
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// What it costs as this choice; what the item costs, where nothing is said.
    #[serde(default)]
    prices: Option<TypedPrices>,
    /// How many of it may be chosen.
    #[serde(default = "one")]
    #[schema(maximum = 1000)]
    max: u16,
    /// How many of it are chosen where the diner chooses nothing in the group.
    #[serde(default)]
    #[schema(maximum = 1000)]
    preset: u16,
}

const fn one() -> u16 {
    1
}

/// Parts of a menu by their kinds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct TypedParts {
    pub(crate) head: Option<TypedHead>,
    pub(crate) categories: Vec<TypedCategory>,
    pub(crate) groups: Vec<TypedGroup>,
    pub(crate) items: Vec<TypedItem>,
}

/// An amount as it was typed, in a currency.
fn minor(amount: &str, currency: Currency, field: &str) -> Result<i64> {
    let money = Money::parse(amount, currency).map_err(|error| {
        let error = base::Error::from(error);
        let said = error.message().to_owned();
        error.field(field, codes::AMOUNT_MALFORMED, said)
    })?;
    Ok(money.minor())
}

fn amount(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).amount()
}

impl TypedPrices {
    /// What they mean in a currency.
    pub(crate) fn prices(&self, currency: Currency, field: &str) -> Result<Prices> {
        let rules = self.rules.iter().map(|rule| {
            Ok(PriceRule {
                service: rule.service,
                channel: rule.channel.clone(),
                daypart: rule.daypart.clone(),
                minor: minor(&rule.amount, currency, field)?,
            })
        });
        Ok(Prices {
            minor: minor(&self.amount, currency, field)?,
            rules: rules.collect::<Result<_>>()?,
        })
    }

    /// How they are shown.
    pub(crate) fn of(prices: &Prices, currency: Currency) -> Self {
        let rules = prices.rules.iter().map(|rule| TypedRule {
            service: rule.service,
            channel: rule.channel.clone(),
            daypart: rule.daypart.clone(),
            amount: amount(rule.minor, currency),
        });
        TypedPrices {
            amount: amount(prices.minor, currency),
            rules: rules.collect(),
        }
    }
}

impl TypedHead {
    /// What its prices are in.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    fn head(self) -> Head {
        Head {
            currency: self.currency,
            language: self.language,
            taxes_included: self.taxes_included,
            dayparts: self.dayparts,
            taxes: self.taxes,
            order: self.order,
        }
    }
}

impl From<Head> for TypedHead {
    fn from(head: Head) -> Self {
        TypedHead {
            currency: head.currency,
            language: head.language,
            taxes_included: head.taxes_included,
            dayparts: head.dayparts,
            taxes: head.taxes,
            order: head.order,
        }
    }
}

impl TypedCategory {
    /// What it means, under the id that it has or this one.
    pub(crate) fn category(self, id: impl FnOnce() -> CategoryId) -> Category {
        Category {
            id: self.id.unwrap_or_else(id),
            name: self.name,
            description: self.description,
            items: self.items,
            daypart: self.daypart,
            sold: self.sold,
            external_id: self.external_id,
            metadata: self.metadata,
        }
    }
}

impl From<Category> for TypedCategory {
    fn from(category: Category) -> Self {
        TypedCategory {
            id: Some(category.id),
            name: category.name,
            description: category.description,
            items: category.items,
            daypart: category.daypart,
            sold: category.sold,
            external_id: category.external_id,
            metadata: category.metadata,
        }
    }
}

impl TypedItem {
    /// What it means in a currency, under the id that it has or this one.
    pub(crate) fn item(self, currency: Currency, id: impl FnOnce() -> ItemId) -> Result<Item> {
        Ok(Item {
            id: self.id.unwrap_or_else(id),
            price: self.price.prices(currency, "price")?,
            name: self.name,
            description: self.description,
            groups: self.groups,
            tax: self.tax,
            sold: self.sold,
            allergens: self.allergens,
            diets: self.diets,
            age_min: self.age_min,
            picture: self.picture,
            prep_minutes: self.prep_minutes,
            alone: self.alone,
            external_id: self.external_id,
            metadata: self.metadata,
        })
    }

    /// How an item of a menu in this currency is shown.
    pub(crate) fn of(item: Item, currency: Currency) -> Self {
        TypedItem {
            id: Some(item.id),
            price: TypedPrices::of(&item.price, currency),
            name: item.name,
            description: item.description,
            groups: item.groups,
            tax: item.tax,
            sold: item.sold,
            allergens: item.allergens,
            diets: item.diets,
            age_min: item.age_min,
            picture: item.picture,
            prep_minutes: item.prep_minutes,
            alone: item.alone,
            external_id: item.external_id,
            metadata: item.metadata,
        }
    }
}

impl TypedChoice {
    /// What choices mean in a currency.
    pub(crate) fn choices(choices: Vec<Self>, currency: Currency) -> Result<Vec<Choice>> {
        let choices = choices.into_iter().enumerate();
        choices
            .map(|(at, choice)| choice.choice(currency, &format!("choices[{at}].prices")))
            .collect()
    }

    fn choice(self, currency: Currency, field: &str) -> Result<Choice> {
        let prices = self.prices.map(|prices| prices.prices(currency, field));
        Ok(Choice {
            item: self.item,
            prices: prices.transpose()?,
            max: self.max,
            preset: self.preset,
        })
    }

    fn of(choice: &Choice, currency: Currency) -> Self {
        let prices = choice.prices.as_ref();
        TypedChoice {
            item: choice.item,
            prices: prices.map(|prices| TypedPrices::of(prices, currency)),
            max: choice.max,
            preset: choice.preset,
        }
    }
}

impl TypedGroup {
    /// What it means in a currency, under the id that it has or this one.
    pub(crate) fn group(self, currency: Currency, id: impl FnOnce() -> GroupId) -> Result<Group> {
        Ok(Group {
            id: self.id.unwrap_or_else(id),
            choices: TypedChoice::choices(self.choices, currency)?,
            name: self.name,
            min: self.min,
            max: self.max,
            free: self.free,
            external_id: self.external_id,
            metadata: self.metadata,
        })
    }

    /// How a group of a menu in this currency is shown.
    pub(crate) fn of(group: Group, currency: Currency) -> Self {
        let choices = group.choices.iter();
        TypedGroup {
            id: Some(group.id),
            choices: choices
                .map(|choice| TypedChoice::of(choice, currency))
                .collect(),
            name: group.name,
            min: group.min,
            max: group.max,
            free: group.free,
            external_id: group.external_id,
            metadata: group.metadata,
        }
    }
}

/// Who makes ids for new parts.
pub(crate) trait Names {
    /// An id for a category.
    fn category(&self) -> CategoryId;
    /// An id for an item.
    fn item(&self) -> ItemId;
    /// An id for a group.
    fn group(&self) -> GroupId;
}

impl TypedParts {
    /// What they mean in a currency.
    pub(crate) fn parts(self, currency: Currency, names: &impl Names) -> Result<Vec<Part>> {
        let mut parts: Vec<Part> = self
            .head
            .into_iter()
            .map(|one| Part::Head(one.head()))
            .collect();
        let categories = self.categories.into_iter();
        parts.extend(categories.map(|one| Part::Category(one.category(|| names.category()))));
        for (at, one) in self.groups.into_iter().enumerate() {
            let group = one.group(currency, || names.group());
            parts.push(Part::Group(
                group.map_err(|error| within(&error, "groups", at))?,
            ));
        }
        for (at, one) in self.items.into_iter().enumerate() {
            let item = one.item(currency, || names.item());
            parts.push(Part::Item(
                item.map_err(|error| within(&error, "items", at))?,
            ));
        }
        Ok(parts)
    }

    /// How parts of a menu in this currency are shown.
    pub(crate) fn of(parts: Vec<Part>, currency: Currency) -> Self {
        let mut typed = TypedParts::default();
        for part in parts {
            match part {
                Part::Head(one) => typed.head = Some(one.into()),
                Part::Category(one) => typed.categories.push(one.into()),
                Part::Group(one) => typed.groups.push(TypedGroup::of(one, currency)),
                Part::Item(one) => typed.items.push(TypedItem::of(one, currency)),
            }
        }
        typed
    }
}

/// The same error, of a part in a list.
fn within(error: &base::Error, list: &str, at: usize) -> base::Error {
    let whole = base::Error::invalid(error.code(), error.message().to_owned());
    error.fields().iter().fold(whole, |whole, field| {
        let name = format!("{list}[{at}].{}", field.field);
        whole.field(name, field.code, field.message.clone())
    })
}
