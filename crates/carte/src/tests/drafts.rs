//! Edits of drafts, what keeps a menu from being published, and menus at locations.

use super::*;

fn put(parts: Vec<Part>) -> Edit {
    Edit {
        puts: parts,
        removes: Vec::new(),
    }
}

fn codes(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    let short = findings.iter().map(|one| (one.code, one.field.as_str()));
    short.collect()
}

#[test]
fn an_edit_is_taken_whole_or_not_at_all() {
    let mut draft = Draft::of(&trattoria());
    let before = draft.clone();
    let mut long = item(1, "x", 1);
    long.name = words(&"x".repeat(NAME_CHARS_MAX + 1));
    let mut edit = put(vec![Part::Item(item(50, "Fine", 1)), Part::Item(long)]);
    edit.removes = vec![PartId::Group(grp(99)), PartId::Item(itm(50))];
    let refused = draft.apply(edit).unwrap_err();
    let expected = [
        ("twice", "puts"),
        ("unknown", "removes"),
        ("unknown", "removes"),
        ("name_too_long", "name"),
    ];
    assert_eq!(codes(&refused), expected);
    assert_eq!(draft, before);
    let edit = Edit {
        puts: vec![Part::Item(item(50, "Fine", 1))],
        removes: vec![PartId::Item(itm(31))],
    };
    draft.apply(edit).unwrap();
    assert_eq!(draft.items.len(), before.items.len());
}

#[test]
fn parts_keep_to_their_limits() {
    let draft = Draft::of(&trattoria());
    let refused = |part: Part| {
        let found = draft.clone().apply(put(vec![part])).unwrap_err();
        codes(&found)
            .into_iter()
            .map(|(code, field)| format!("{code} {field}"))
            .collect::<Vec<_>>()
    };
    let mut one = item(1, "x", -1);
    one.groups = (0..=ITEM_GROUPS_MAX as u16).map(grp).collect();
    one.age_min = Some(100);
    one.prep_minutes = Some(1_441);
    let expected = [
        "out_of_range price.minor",
        "too_many groups",
        "out_of_range ageMin",
        "out_of_range prepMinutes",
    ];
    assert_eq!(refused(Part::Item(one)), expected);
    let mut one = item(1, "x\ny", 1);
    one.price.rules = vec![PriceRule {
        service: None,
        channel: None,
        daypart: None,
        minor: PRICE_MINOR_MAX + 1,
    }];
    let expected = [
        "name_too_long name",
        "out_of_range price.rules[0].minor",
        "empty price.rules[0]",
    ];
    assert_eq!(refused(Part::Item(one)), expected);
    let many = (0..=CHOICES_MAX as u16).map(choice).collect();
    assert_eq!(
        refused(Part::Group(group(1, "x", (0, 1), many))),
        ["too_many choices"]
    );
    let same = vec![choice(1), choice(1)];
    assert_eq!(
        refused(Part::Group(group(1, "x", (0, 1), same))),
        ["twice choices[1]"]
    );
    let mut same = category(1, "x", &[1, 2, 1]);
    same.sold.channels = (0..=CHANNELS_MAX)
        .map(|n| format!("c{n}").parse().unwrap())
        .collect();
    assert_eq!(
        refused(Part::Category(same)),
        ["twice items[2]", "too_many sold.channels"]
    );
    let menu = trattoria();
    let mut head = Draft::of(&menu).head.unwrap();
    head.dayparts.push(Daypart {
        days: BTreeSet::new(),
        ..lunch()
    });
    head.taxes[0].rates.insert(Service::Pickup, 1_000_001);
    let expected = [
        "twice dayparts[1]",
        "empty dayparts[1].days",
        "out_of_range taxes[0].rates.pickup",
    ];
    assert_eq!(refused(Part::Head(head)), expected);
}

#[test]
fn external_ids_are_given_once_for_each_kind() {
    let named = |number, external: &str| Item {
        external_id: Some(external.parse().unwrap()),
        ..item(number, "x", 1)
    };
    let mut draft = Draft::of(&trattoria());
    draft
        .apply(put(vec![
            Part::Item(named(1, "a")),
            Part::Item(named(2, "b")),
        ]))
        .unwrap();
    let mut same = category(1, "x", &[]);
    same.external_id = Some("a".parse().unwrap());
    draft.apply(put(vec![Part::Category(same)])).unwrap();
    let taken = draft
        .apply(put(vec![Part::Item(named(3, "a"))]))
        .unwrap_err();
    assert_eq!(codes(&taken), [("external_id_taken", "externalId")]);
    // Who changes them all at once may exchange them, and a part that goes leaves its own.
    draft
        .apply(put(vec![
            Part::Item(named(1, "b")),
            Part::Item(named(2, "a")),
        ]))
        .unwrap();
    let edit = Edit {
        puts: vec![Part::Item(named(3, "a"))],
        removes: vec![PartId::Item(itm(2))],
    };
    draft.apply(edit).unwrap();
    let twice = put(vec![Part::Item(named(4, "c")), Part::Item(named(5, "c"))]);
    assert_eq!(
        codes(&draft.apply(twice).unwrap_err()),
        [("external_id_taken", "externalId")]
    );
}

#[test]
fn there_is_room_for_so_many_parts() {
    let standing = Standing {
        categories: CATEGORIES_MAX,
        items: 5,
        ..Standing::default()
    };
    let edit = put(vec![
        Part::Category(category(1, "x", &[])),
        Part::Item(item(1, "x", 1)),
    ]);
    assert_eq!(
        codes(&edit.judge(&standing).unwrap_err()),
        [("too_many", "categories")]
    );
    let known = Standing {
        known: [PartId::Category(cat(1))].into(),
        ..standing
    };
    assert_eq!(edit.judge(&known), Ok(()));
    let many = (0..=EDIT_PARTS_MAX as u16).map(|n| Part::Item(item(n, "x", 1)));
    assert_eq!(
        codes(&put(many.collect()).judge(&known).unwrap_err()),
        [("too_many", "puts")]
    );
}

/// A way to spoil the menu, and what is found then.
type Spoilt = (&'static str, fn(&mut Menu), &'static str);
const SPOILT: &[Spoilt] = &[
    (
        "an item that is gone",
        |menu| drop(menu.items.pop()),
        "unknown items[1], unknown choices[1].item",
    ),
    (
        "a group that is gone",
        |menu| drop(menu.groups.pop()),
        "unknown groups[1]",
    ),
    (
        "a tax class that is gone",
        |menu| menu.items[0].tax = key("none"),
        "unknown tax",
    ),
    (
        "a rate that is missing",
        |menu| menu.taxes[0].rates.retain(|one, _| *one != Service::DineIn),
        "tax_missing taxes[0].rates.dine_in",
    ),
    (
        "a part of the day that is gone",
        |menu| menu.dayparts.clear(),
        "unknown price.rules[0].daypart",
    ),
    (
        "a category at no time",
        |menu| menu.categories[0].daypart = Some(key("night")),
        "unknown daypart",
    ),
    (
        "nothing to sell",
        |menu| menu.categories.clear(),
        "nothing_to_sell categories",
    ),
    (
        "a choice sold alone",
        |menu| menu.categories[0].items.push(itm(10)),
        "not_alone items[2]",
    ),
    (
        "more than can be",
        |menu| menu.groups[0].min = 2,
        "min_above_max min, preset_outside choices",
    ),
    (
        "more than there are",
        |menu| (menu.groups[3].min, menu.groups[3].max) = (3, 3),
        "min_unreachable min",
    ),
    (
        "a limit out of reach",
        |menu| menu.groups[3].max = 3,
        "max_unreachable max",
    ),
    (
        "a group of nothing",
        |menu| menu.groups[1].max = 0,
        "out_of_range max, free_above_max free",
    ),
    (
        "a choice of nothing",
        |menu| menu.groups[3].choices[0].max = 0,
        "out_of_range choices[0].max",
    ),
    (
        "too many presets",
        |menu| menu.groups[0].choices[1].preset = 1,
        "preset_outside choices",
    ),
    (
        "a preset above its choice",
        |menu| menu.groups[0].choices[0].preset = 2,
        "preset_outside choices[0].preset, preset_outside choices",
    ),
    (
        "more free than there are",
        |menu| menu.groups[1].free = 4,
        "free_above_max free",
    ),
    (
        "a negative price",
        |menu| menu.items[0].price.minor = -1,
        "out_of_range price.minor",
    ),
    (
        "a circle",
        |menu| menu.items[2].groups = vec![grp(1)],
        "too_deep groups, too_deep groups, too_deep groups",
    ),
    (
        "the same twice",
        |menu| menu.categories.push(menu.categories[0].clone()),
        "twice id",
    ),
];

#[test]
fn what_keeps_a_menu_from_being_published_is_said() {
    assert_eq!(check(&trattoria()), []);
    let page = include_str!("../../../../docs/menus.md");
    for (what, spoil, expected) in SPOILT {
        let mut menu = trattoria();
        spoil(&mut menu);
        let found = check(&menu);
        for finding in &found {
            assert!(page.contains(&format!("`{}`", finding.code)), "{what}");
        }
        let short = codes(&found)
            .into_iter()
            .map(|(code, field)| format!("{code} {field}"));
        assert_eq!(short.collect::<Vec<_>>().join(", "), *expected, "{what}");
    }
}

#[test]
fn choices_nest_four_deep_and_no_deeper() {
    let nested = |levels: u16| {
        let mut menu = trattoria();
        for level in 0..levels {
            let (inner, number) = (choice(100 + level), 100 + level);
            menu.groups
                .push(group(number, "Level", (1, 1), vec![inner]));
            let mut one = option(100 + level, "Level", 0);
            one.groups = if level == 0 {
                vec![]
            } else {
                vec![grp(99 + level)]
            };
            menu.items.push(one);
        }
        menu.items[0].groups = vec![grp(99 + levels)];
        check(&menu).len()
    };
    assert_eq!([nested(1), nested(3)], [0, 0]);
    // The combo that holds the item is one level deeper than the item.
    assert_eq!([nested(4), nested(5)], [1, 2]);
}

#[test]
fn a_location_changes_choice_and_price_only() {
    let menu = trattoria();
    let mut location = Location::default();
    assert_eq!(menu.at(&location), menu);
    location.hidden = [
        PartId::Item(itm(31)),
        PartId::Group(grp(2)),
        PartId::Category(cat(9)),
    ]
    .into();
    location.prices = [(itm(1), Prices::flat(990)), (itm(77), Prices::flat(1))].into();
    location.choice_prices = [(grp(4), [(itm(30), Prices::flat(20))].into())].into();
    let there = menu.at(&location);
    assert_eq!(there.item(itm(31)), None);
    assert_eq!(there.group(grp(2)), None);
    assert_eq!(there.item(itm(1)).unwrap().groups, [grp(1)]);
    assert_eq!(there.item(itm(1)).unwrap().price, Prices::flat(990));
    assert_eq!(there.group(grp(4)).unwrap().choices.len(), 1);
    assert_eq!(
        there.group(grp(4)).unwrap().choices[0].prices,
        Some(Prices::flat(20))
    );
    assert_eq!(check(&there), []);
    let found = check_location(&menu, &location);
    assert_eq!(
        codes(&found),
        [("unknown", "hidden"), ("unknown", "prices")]
    );
    location.hidden = [PartId::Item(itm(30)), PartId::Item(itm(31))].into();
    location.prices.clear();
    assert_eq!(
        codes(&check_location(&menu, &location)),
        [("min_unreachable", "min")]
    );
    assert!(check_currency(&menu, Currency::EUR).is_none());
    assert_eq!(
        check_currency(&menu, Currency::USD).unwrap().code,
        "currency"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn a_draft_becomes_any_menu_in_pieces(old in any_menu(), new in any_menu()) {
        let mut draft = Draft::of(&old);
        prop_assert_eq!(draft.clone().menu(), Some(old));
        for piece in draft.towards(&new).pieces() {
            prop_assert!(piece.puts.len() + piece.removes.len() <= EDIT_PARTS_MAX);
            draft.follow(piece);
        }
        prop_assert_eq!(draft.menu(), Some(new.clone()));
        prop_assert_eq!(Draft::of(&new).towards(&new), Edit::default());
    }

    #[test]
    fn what_is_published_from_a_draft_was_taken_by_it(menu in good_menu()) {
        let mut draft = Draft::default();
        for piece in draft.towards(&menu).pieces() {
            prop_assert_eq!(draft.apply(piece), Ok(()));
        }
        prop_assert_eq!(draft.menu(), Some(menu));
    }

    #[test]
    fn any_menu_is_checked_without_panic(menu in any_menu(), hidden in vec(0..9_u16, 0..4)) {
        let location = Location {
            hidden: hidden.into_iter().map(|n| PartId::Item(itm(n))).collect(),
            ..Location::default()
        };
        drop(check(&menu));
        drop(check_location(&menu, &location));
    }
}
