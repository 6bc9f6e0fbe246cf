//! A menu as the platform takes it: the parts by their kinds, with prices as decimal numbers.

use carte::{Category, Choice, Group, Item, Menu, PriceRule, Prices};
use serde_json::{Value, json};

use crate::plan::amount;

/// What `PATCH …/menu/draft` takes for a draft of which nothing was said yet.
#[must_use]
pub fn draft(menu: &Menu) -> Value {
    let order: Vec<Value> = menu.categories.iter().map(|one| json!(one.id)).collect();
    json!({
        "version": 0,
        "head": {
            "currency": menu.currency,
            "language": menu.language,
            "taxesIncluded": menu.taxes_included,
            "dayparts": menu.dayparts,
            "taxes": menu.taxes,
            "order": order,
        },
        "categories": menu.categories.iter().map(category).collect::<Vec<_>>(),
        "groups": menu.groups.iter().map(group).collect::<Vec<_>>(),
        "items": menu.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn category(category: &Category) -> Value {
    json!({
        "id": category.id,
        "name": category.name,
        "items": category.items,
        "daypart": category.daypart,
    })
}

fn group(group: &Group) -> Value {
    json!({
        "id": group.id,
        "name": group.name,
        "min": group.min,
        "max": group.max,
        "free": group.free,
        "choices": group.choices.iter().map(choice).collect::<Vec<_>>(),
    })
}

fn choice(choice: &Choice) -> Value {
    json!({
        "item": choice.item,
        "prices": choice.prices.as_ref().map(prices),
        "max": choice.max,
        "preset": choice.preset,
    })
}

fn item(item: &Item) -> Value {
    json!({
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "price": prices(&item.price),
        "groups": item.groups,
        "tax": item.tax,
        "allergens": item.allergens,
        "diets": item.diets,
        "ageMin": item.age_min,
        "prepMinutes": item.prep_minutes,
        "picture": item.picture,
        "alone": item.alone,
    })
}

/// What something costs.
#[must_use]
pub fn prices(prices: &Prices) -> Value {
    let rule = |rule: &PriceRule| json!({"service": rule.service, "daypart": rule.daypart, "amount": amount(rule.minor)});
    let rules: Vec<Value> = prices.rules.iter().map(rule).collect();
    json!({"amount": amount(prices.minor), "rules": rules})
}
