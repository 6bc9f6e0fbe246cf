//! Which choices can be ordered, and what they cost.

use super::*;

fn wanted(group: u16, item: u16, quantity: u32) -> Wanted {
    Wanted {
        group: grp(group),
        item: itm(item),
        quantity,
        choices: Vec::new(),
    }
}

fn choosing(menu: &Menu, item: u16, wanted: &[Wanted], off: &[u16]) -> Choosing {
    let channel = Channel::default();
    let off = off.iter().copied().map(itm).collect();
    let case = Case {
        context: Context {
            service: Service::Delivery,
            channel: &channel,
            dayparts: &[],
        },
        off: &off,
    };
    choose(menu, menu.item(itm(item)).unwrap(), wanted, &case)
}

/// Group, item, quantity, depth and price of what was chosen.
fn told(choosing: &Choosing) -> Vec<(u16, u16, u32, u8, i64)> {
    let short = |uid: Uid| u16::from(uid.as_bytes()[15]);
    let line = |one: &Chosen| {
        let (group, item) = (short(one.group.uid()), short(one.item.uid()));
        (group, item, one.quantity, one.depth, one.minor)
    };
    choosing.chosen.iter().map(line).collect()
}

fn codes(choosing: &Choosing) -> Vec<&'static str> {
    choosing.unmet.iter().map(|unmet| unmet.code).collect()
}

#[test]
fn presets_fill_in_what_was_left_out() {
    let menu = trattoria();
    let plain = choosing(&menu, 1, &[], &[]);
    assert_eq!(told(&plain), [(1, 10, 1, 1, 0)]);
    assert_eq!(codes(&plain), [""; 0]);
    let large = choosing(&menu, 1, &[wanted(1, 11, 1)], &[]);
    assert_eq!(told(&large), [(1, 11, 1, 1, 300)]);
    // Who wants none of a preset says so, and is told where one must be.
    let none = choosing(&menu, 1, &[wanted(1, 10, 0)], &[]);
    assert_eq!((told(&none), codes(&none)), (vec![], vec!["too_few"]));
}

#[test]
fn the_cheapest_are_free() {
    let menu = trattoria();
    let toppings = [wanted(2, 21, 1), wanted(2, 20, 2)];
    let choosing = choosing(&menu, 1, &toppings, &[]);
    let lines = [(1, 10, 1, 1, 0), (2, 20, 2, 1, 100), (2, 21, 1, 1, 180)];
    assert_eq!(told(&choosing), lines);
}

#[test]
fn limits_hold_for_each_choice_and_for_all() {
    let menu = trattoria();
    for (choices, expected) in [
        (vec![wanted(2, 20, 3)], vec!["choice_too_many"]),
        (
            vec![wanted(2, 20, 2), wanted(2, 20, 1)],
            vec!["choice_too_many"],
        ),
        (
            vec![wanted(2, 20, 2), wanted(2, 21, 2)],
            vec!["choice_too_many", "too_many"],
        ),
        (vec![wanted(1, 10, 1), wanted(1, 11, 1)], vec!["too_many"]),
        (vec![wanted(2, 10, 1)], vec!["choice_unknown"]),
        (vec![wanted(4, 30, 1)], vec!["group_unknown"]),
        (vec![wanted(9, 99, 1)], vec!["group_unknown"]),
        (
            vec![wanted(2, 20, u32::MAX), wanted(2, 20, u32::MAX)],
            vec!["choice_too_many", "too_many"],
        ),
    ] {
        assert_eq!(
            codes(&choosing(&menu, 1, &choices, &[])),
            expected,
            "{choices:?}"
        );
    }
}

#[test]
fn a_combo_nests_what_its_slots_hold() {
    let menu = trattoria();
    let mut pizza = wanted(3, 1, 1);
    pizza.choices = vec![wanted(1, 11, 1), wanted(2, 21, 1)];
    let done = choosing(&menu, 2, &[wanted(4, 31, 1), pizza], &[]);
    let lines = [
        (3, 1, 1, 1, 0),
        (1, 11, 1, 2, 300),
        (2, 21, 1, 2, 0),
        (4, 31, 1, 1, 150),
    ];
    assert_eq!((told(&done), codes(&done)), (lines.to_vec(), vec![]));
    // The pizza is preset, and so is its size; a drink must be chosen.
    let done = choosing(&menu, 2, &[], &[]);
    assert_eq!(told(&done), [(3, 1, 1, 1, 0), (1, 10, 1, 2, 0)]);
    assert_eq!(codes(&done), ["too_few"]);
}

#[test]
fn what_is_nested_is_meant_for_each() {
    let mut menu = trattoria();
    (menu.groups[2].max, menu.groups[2].choices[0].max) = (2, 2);
    let mut pizzas = wanted(3, 1, 2);
    pizzas.choices = vec![wanted(1, 11, 1), wanted(2, 20, 2)];
    let done = choosing(&menu, 2, &[pizzas, wanted(4, 30, 1)], &[]);
    // Each of the two pizzas is large, and has two portions of olives of which one is free.
    let lines = [
        (3, 1, 2, 1, 0),
        (1, 11, 2, 2, 600),
        (2, 20, 4, 2, 200),
        (4, 30, 1, 1, 0),
    ];
    assert_eq!((told(&done), codes(&done)), (lines.to_vec(), vec![]));
}

#[test]
fn what_has_run_out_is_neither_chosen_nor_filled_in() {
    let menu = trattoria();
    assert_eq!(
        codes(&choosing(&menu, 1, &[wanted(2, 21, 1)], &[21])),
        ["off"]
    );
    let done = choosing(&menu, 1, &[], &[10]);
    assert_eq!((told(&done), codes(&done)), (vec![], vec!["too_few"]));
    let mut menu = menu;
    menu.items[5].sold.services = [Service::DineIn].into();
    assert_eq!(
        codes(&choosing(&menu, 1, &[wanted(2, 21, 1)], &[])),
        ["not_sold"]
    );
}

#[test]
fn presets_that_grow_with_each_level_end() {
    let mut menu = trattoria();
    // Each of 25 presets has the same 25 presets again.
    let choices = (100..125).map(|number| Choice {
        preset: 1,
        ..choice(number)
    });
    menu.groups = vec![group(1, "Many", (0, 25), choices.collect())];
    menu.items = (100..125)
        .map(|n| Item {
            groups: vec![grp(1)],
            ..item(n, "One", 1)
        })
        .collect();
    let done = choosing(&menu, 100, &[], &[]);
    assert!(done.chosen.len() <= CHOSEN_LINES_MAX + 1);
    let deepest = done.chosen.iter().map(|one| usize::from(one.depth)).max();
    assert_eq!(deepest, Some(DEPTH_MAX));
    assert!(codes(&done).contains(&"too_deep") && codes(&done).contains(&"too_many_choices"));
    assert!(
        check(&menu)
            .iter()
            .any(|finding| finding.code == "too_deep")
    );
}

fn any_wanted() -> impl Strategy<Value = Vec<Wanted>> {
    let one = (0..6_u16, 0..9_u16, 0..4_u32);
    let leaf = one
        .clone()
        .prop_map(|(group, item, quantity)| wanted(group, item, quantity));
    let tree = leaf.prop_recursive(4, 30, 4, move |inner| {
        (one.clone(), vec(inner, 0..4)).prop_map(|((group, item, quantity), choices)| Wanted {
            choices,
            ..wanted(group, item, quantity)
        })
    });
    vec(tree, 0..6)
}

/// What a group costs, told by laying every single choice on a table and taking the cheapest away.
fn by_hand(menu: &Menu, group: &Group, picks: &[(ItemId, u32)], context: &Context<'_>) -> i64 {
    let price = |id: ItemId| {
        let choice = group
            .choices
            .iter()
            .find(|choice| choice.item == id)
            .unwrap();
        let own = choice.prices.as_ref();
        own.unwrap_or(&menu.item(id).unwrap().price).at(context)
    };
    let single =
        |(id, quantity): &(ItemId, u32)| std::iter::repeat_n(price(*id), *quantity as usize);
    let mut all: Vec<i64> = picks.iter().flat_map(single).collect();
    all.sort_unstable();
    all.into_iter().skip(usize::from(group.free)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// One group, whose prices come in any order: the cheapest pieces are free, whichever they are.
    #[test]
    fn a_group_costs_what_its_dearest_pieces_cost(
        prices in vec(0..900_i64, 1..6), free in 0..5_u16, quantities in vec(0..4_u32, 6),
    ) {
        let mut menu = trattoria();
        let choices = (100..).zip(&prices).map(|(number, minor)| Choice {
            prices: Some(Prices::flat(*minor)),
            max: 3,
            ..choice(number)
        });
        menu.groups = vec![Group { free, ..group(1, "Many", (0, 18), choices.collect()) }];
        menu.items = (100..106).map(|number| option(number, "One", 1)).collect();
        menu.items.insert(0, Item { groups: vec![grp(1)], ..item(1, "All", 0) });
        let asked = (100..).zip(quantities).take(prices.len());
        let asked: Vec<_> = asked.map(|(number, quantity)| wanted(1, number, quantity)).collect();
        let done = choosing(&menu, 1, &asked, &[]);
        prop_assert!(done.unmet.is_empty());
        let picks: Vec<_> = asked.iter().map(|one| (one.item, one.quantity)).collect();
        let channel = Channel::default();
        let context = Context { service: Service::Pickup, channel: &channel, dayparts: &[] };
        let minor: i64 = done.chosen.iter().map(|one| one.minor).sum();
        prop_assert_eq!(minor, by_hand(&menu, &menu.groups[0], &picks, &context));
    }

    #[test]
    fn nothing_chosen_from_any_menu_panics(menu in any_menu(), wanted in any_wanted()) {
        for item in &menu.items {
            let number = u16::from(item.id.uid().as_bytes()[15]);
            let done = choosing(&menu, number, &wanted, &[3]);
            prop_assert!(done.chosen.len() <= CHOSEN_LINES_MAX + 6 * CHOICES_MAX);
        }
    }

    #[test]
    fn what_can_be_ordered_keeps_to_the_limits(menu in good_menu(), wanted in any_wanted()) {
        let channel = Channel::default();
        let context = Context { service: Service::Delivery, channel: &channel, dayparts: &[] };
        for item in &menu.items {
            let number = u16::from(item.id.uid().as_bytes()[15]);
            // What is asked for in groups that the item does not have is left out, so that much can be ordered.
            let own = wanted.iter().filter(|one| item.groups.contains(&one.group));
            let own: Vec<_> = own.map(|one| Wanted { choices: vec![], ..one.clone() }).collect();
            let done = choosing(&menu, number, &own, &[]);
            if !done.unmet.is_empty() {
                continue;
            }
            let mut top = BTreeMap::<GroupId, (Vec<(ItemId, u32)>, i64)>::new();
            for one in done.chosen.iter().filter(|one| one.depth == 1) {
                let (picks, minor) = top.entry(one.group).or_default();
                picks.push((one.item, one.quantity));
                *minor += one.minor;
            }
            for id in &item.groups {
                let group = menu.group(*id).unwrap();
                let (picks, minor) = top.remove(id).unwrap_or_default();
                let count: u32 = picks.iter().map(|(_, quantity)| quantity).sum();
                prop_assert!((u32::from(group.min)..=u32::from(group.max)).contains(&count));
                prop_assert_eq!(minor, by_hand(&menu, group, &picks, &context));
            }
            prop_assert!(top.is_empty());
        }
    }
}
