//! What the public reads, and what changes from one menu to the next.

use super::*;

fn view<'a>(service: Service, channel: &'a Channel, language: Option<&'a Language>) -> View<'a> {
    View {
        service,
        channel,
        language,
    }
}

#[test]
fn the_public_menu_has_the_prices_and_words_of_its_view() {
    let mut menu = trattoria();
    let salt = words("Sale").with("de".parse().unwrap(), "Salz").unwrap();
    menu.categories.truncate(1);
    menu.categories[0].name = salt;
    menu.categories[0].items = vec![itm(1)];
    let channel = Channel::default();
    let language: Language = "de-AT".parse().unwrap();
    let shown = shown(&menu, &view(Service::Pickup, &channel, Some(&language)));
    let json = serde_json::to_value(&shown).unwrap();
    let expected = serde_json::json!({
        "currency": "EUR", "language": "de-AT", "taxesIncluded": "included",
        "dayparts": [{"key": "lunch", "name": "Lunch", "days": ["mon", "tue", "wed", "thu", "fri"],
                      "from": "11:30", "to": "14:30"}],
        "categories": [{"id": cat(1), "name": "Salz", "items": [itm(1)]}],
        "items": [
            {"id": itm(1), "name": "Margherita", "price": "8.90",
             "prices": [{"daypart": "lunch", "price": "6.90"}], "groups": [grp(1), grp(2)]},
            {"id": itm(10), "name": "Normal", "price": "0.00"},
            {"id": itm(11), "name": "Large", "price": "3.00"},
            {"id": itm(20), "name": "Olives", "price": "1.00"},
            {"id": itm(21), "name": "Ham", "price": "1.80"}],
        "groups": [
            {"id": grp(1), "name": "Size", "min": 1, "max": 1, "free": 0, "choices": [
                {"item": itm(10), "price": "0.00", "max": 1, "preset": 1},
                {"item": itm(11), "price": "3.00", "max": 1, "preset": 0}]},
            {"id": grp(2), "name": "Toppings", "min": 0, "max": 3, "free": 1, "choices": [
                {"item": itm(20), "price": "1.00", "max": 2, "preset": 0},
                {"item": itm(21), "price": "1.80", "max": 1, "preset": 0}]}],
    });
    assert_eq!(json, expected);
}

#[test]
fn what_is_not_sold_in_a_view_is_not_in_it() {
    let mut menu = trattoria();
    menu.categories[1].sold.services = [Service::DineIn].into();
    menu.items[0].sold.channels = ["partner".parse().unwrap()].into();
    let channel = Channel::default();
    let seen = shown(&menu, &view(Service::Delivery, &channel, None));
    // Without the pizza there is no combo of it, and drinks are for those who sit there.
    assert_eq!(
        (seen.categories.len(), seen.items.len(), seen.groups.len()),
        (0, 0, 0)
    );
    menu.groups[2].min = 0;
    let seen = shown(&menu, &view(Service::Delivery, &channel, None));
    let names: Vec<_> = seen.items.iter().map(|item| item.name).collect();
    // The combo is left where the pizza need not be; its drinks are choices and no category.
    assert_eq!(names, ["Pizza and drink", "Water", "Wine"]);
    assert_eq!((seen.categories.len(), seen.groups.len()), (1, 1));
    // Without a size there is no pizza, and without it no combo.
    let mut sizeless = trattoria();
    for size in &mut sizeless.items[2..4] {
        size.sold.services = [Service::DineIn].into();
    }
    let seen = shown(&sizeless, &view(Service::Delivery, &channel, None));
    let names: Vec<_> = seen.items.iter().map(|item| item.name).collect();
    assert_eq!(names, ["Water", "Wine"]);
    let partner = "partner".parse().unwrap();
    let seen = shown(&menu, &view(Service::DineIn, &partner, None));
    assert_eq!((seen.categories.len(), seen.items.len()), (2, 8));
}

/// A change, and how it is told.
type Told = (fn(&mut Menu), &'static str);
const TOLD: &[Told] = &[
    (|_| {}, ""),
    (
        |menu| menu.items[0].price.minor = 950,
        "Margherita now costs 9.50 instead of 8.90",
    ),
    (
        |menu| menu.items[0].price.rules[0].minor = 700,
        "Margherita now costs 7.00 instead of 6.90 at lunch",
    ),
    (
        |menu| menu.items[0].price.rules.clear(),
        "Margherita now has no price of its own any more at lunch",
    ),
    (
        |menu| menu.items[0].name = words("Regina"),
        "Margherita is now called Regina",
    ),
    (|menu| drop(menu.items.pop()), "Wine is gone"),
    (
        |menu| menu.items.push(item(40, "Beer", 400)),
        "Beer is new, for 4.00",
    ),
    (
        |menu| menu.items[0].groups.reverse(),
        "Margherita has its groups in another order",
    ),
    (
        |menu| menu.items[0].groups.truncate(1),
        "Margherita does not have Toppings any more",
    ),
    (
        |menu| menu.items[7].age_min = Some(16),
        "Wine is now sold from 16 years of age",
    ),
    (
        |menu| menu.items[7].sold.services = [Service::DineIn].into(),
        "Wine is now sold by dine_in only",
    ),
    (
        |menu| menu.items[0].allergens = [Allergen::Milk, Allergen::Gluten].into(),
        "Margherita now contains gluten, milk",
    ),
    (
        |menu| menu.groups[1].max = 2,
        "In Toppings at most 2 can be chosen instead of 3",
    ),
    (
        |menu| menu.groups[1].free = 0,
        "In Toppings 0 are free instead of 1",
    ),
    (
        |menu| menu.groups[3].choices[1].prices = Some(Prices::flat(200)),
        "Wine in Your drink now costs 2.00 instead of 1.50",
    ),
    (
        |menu| menu.groups[3].choices[1].prices = None,
        "Wine in Your drink now costs what it costs by itself",
    ),
    (
        |menu| menu.categories.reverse(),
        "The categories are in another order",
    ),
    (
        |menu| menu.categories[1].items.push(itm(1)),
        "Drinks now has Margherita",
    ),
    (
        |menu| menu.taxes[0].rates.extend([(Service::Pickup, 55_500)]),
        "The tax class food is now 10 % for delivery, 5.55 % for pickup, 10 % for dine_in instead of 10 % for delivery, 10 % for pickup, 10 % for dine_in",
    ),
    (
        |menu| menu.dayparts[0].to = time("15:00"),
        "Lunch is now mon, tue, wed, thu, fri from 11:30 to 15:00 instead of mon, tue, wed, thu, fri from 11:30 to 14:30",
    ),
    (
        |menu| menu.currency = Currency::CHF,
        "Prices are now in CHF instead of EUR",
    ),
];

#[test]
fn changes_are_told_in_sentences() {
    let old = trattoria();
    let told = |change: fn(&mut Menu)| {
        let mut new = trattoria();
        change(&mut new);
        let all = difference(&old, &new)
            .into_iter()
            .map(|change| change.words);
        all.collect::<Vec<_>>().join("; ")
    };
    for (change, words) in TOLD {
        assert_eq!(told(*change), *words);
    }
}

/// The first choices of each group, until there are enough.
fn taken(seen: &ShownMenu<'_>, item: ItemId, depth: usize) -> Vec<Wanted> {
    let item = seen.items.iter().find(|one| one.id == item).unwrap();
    let mut wanted = Vec::new();
    for id in &item.groups {
        let group = seen.groups.iter().find(|one| one.id == *id).unwrap();
        let mut missing = group.min;
        for choice in &group.choices {
            let quantity = choice.max.min(missing);
            missing -= quantity;
            let choices = match quantity > 0 && depth < DEPTH_MAX {
                true => taken(seen, choice.item, depth + 1),
                false => Vec::new(),
            };
            let (group, item, quantity) = (*id, choice.item, u32::from(quantity));
            wanted.push(Wanted {
                group,
                item,
                quantity,
                choices,
            });
        }
    }
    wanted
}

/// What a phone does: the whole of the description at the head of `since`.
fn applied<'a>(old: &ShownMenu<'a>, since: &Since<'a>) -> ShownMenu<'a> {
    let gone: BTreeSet<PartId> = since.removed.iter().copied().collect();
    let mut new = old.clone();
    if let Some(head) = &since.head {
        new.head = head.clone();
    }
    new.categories
        .retain(|one| !gone.contains(&PartId::Category(one.id)));
    for one in &since.categories {
        match new.categories.iter_mut().find(|known| known.id == one.id) {
            Some(known) => *known = one.clone(),
            None => new.categories.push(one.clone()),
        }
    }
    if let Some(order) = &since.order {
        new.categories
            .sort_by_key(|one| order.iter().position(|id| *id == one.id));
    }
    let mut items: BTreeMap<_, _> = new.items.into_iter().map(|one| (one.id, one)).collect();
    items.retain(|id, _| !gone.contains(&PartId::Item(*id)));
    items.extend(since.items.iter().map(|one| (one.id, one.clone())));
    new.items = items.into_values().collect();
    let mut groups: BTreeMap<_, _> = new.groups.into_iter().map(|one| (one.id, one)).collect();
    groups.retain(|id, _| !gone.contains(&PartId::Group(*id)));
    groups.extend(since.groups.iter().map(|one| (one.id, one.clone())));
    new.groups = groups.into_values().collect();
    new
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn the_old_menu_and_the_difference_make_the_new_one(
        old in any_menu(), new in any_menu(), service in services(), channel in channels(),
    ) {
        let view = view(service, &channel, None);
        let (old, new) = (shown(&old, &view), shown(&new, &view));
        let since = Since::between(&old, &new);
        prop_assert_eq!(since.is_empty(), old == new);
        prop_assert_eq!(applied(&old, &since), new);
    }

    /// Who takes of each group what the shown menu offers, as often as he must, can order.
    #[test]
    fn what_is_shown_can_be_ordered(menu in good_menu(), service in services(), channel in channels()) {
        let seen = shown(&menu, &view(service, &channel, None));
        let context = Context { service, channel: &channel, dayparts: &[] };
        let case = Case { context, off: &BTreeSet::new() };
        for id in seen.categories.iter().flat_map(|one| &one.items) {
            let wanted = taken(&seen, *id, 0);
            let done = choose(&menu, menu.item(*id).unwrap(), &wanted, &case);
            prop_assert!(done.unmet.is_empty(), "{:?}", done.unmet);
        }
    }

    #[test]
    fn a_difference_is_told_exactly_where_there_is_one(old in any_menu(), new in any_menu()) {
        prop_assert_eq!(difference(&old, &new).is_empty(), old == new);
        prop_assert!(difference(&new, &new).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20 * CASES))]

    /// The first price whose part of the day is on is the one that is asked for.
    #[test]
    fn shown_prices_are_those_that_are_charged(
        prices in any_prices(), on in btree_set(keys(), 0..4), service in services(), channel in channels(),
    ) {
        let mut menu = trattoria();
        menu.items[0].price = prices.clone();
        let seen = shown(&menu, &view(service, &channel, None));
        let price = &seen.items[0].price;
        let now = price.prices.iter().find(|one| on.contains(one.daypart));
        let now = now.map_or(&price.price, |one| &one.price);
        let dayparts: Vec<&Key> = on.iter().collect();
        let context = Context { service, channel: &channel, dayparts: &dayparts };
        prop_assert_eq!(now, &base::Money::new(prices.at(&context), menu.currency).amount());
    }
}

/// A menu as large as there may be is gone through a few times, not once for each item.
#[test]
fn the_largest_menu_is_read_in_a_moment() {
    let mut menu = trattoria();
    let number = |n: usize| ItemId::from(Uid::from_bytes((n as u128 + (1 << 64)).to_be_bytes()));
    let many = (0..ITEMS_MAX - menu.items.len()).map(|n| Item {
        id: number(n),
        groups: vec![grp(1)],
        ..item(1, "One", 1)
    });
    menu.items.extend(many.collect::<Vec<_>>());
    for (place, chunk) in menu.items[8..].chunks(CATEGORY_ITEMS_MAX).enumerate() {
        let ids = chunk.iter().map(|item| item.id).collect();
        menu.categories.push(Category {
            items: ids,
            ..category(100 + place as u16, "Many", &[])
        });
    }
    assert_eq!(check(&menu), []);
    let channel = Channel::default();
    let seen = shown(&menu, &view(Service::Delivery, &channel, None));
    assert_eq!(seen.items.len(), ITEMS_MAX);
    assert!(Since::between(&seen, &seen).is_empty());
    assert_eq!(difference(&menu, &menu), []);
}
