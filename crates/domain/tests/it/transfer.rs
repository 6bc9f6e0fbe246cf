//! Menus as files and back.

use std::sync::Arc;

use carte::transfer::{
    Code, Document, Findings, Lines, Mode, Plan, Read, Sheet, plan, read_csv, read_json, read_lines,
};
use carte::{Draft, Item, Menu};

use crate::menus::{Chance, OURS};
use crate::{engine, files, rules};

/// What reads a file of one form.
type Reader = fn(&[u8]) -> Read;

/// The same menu as a file of each form, with what reads it.
fn files(menu: &Arc<Menu>) -> [(&'static str, String, Reader); 3] {
    let sheet = Sheet::new(menu.clone()).unwrap();
    [
        ("csv", sheet.collect(), |bytes| read_csv(bytes, None)),
        ("json", Document::new(menu.clone()).collect(), read_json),
        ("lines", Lines::new(menu.clone()).collect(), read_lines),
    ]
}

fn planned(read: Read, draft: &Draft, mode: Mode) -> Result<Plan, Findings> {
    let chance = Chance::new(1);
    plan(read, draft, mode, OURS, &mut || chance.uid())
}

fn followed(mut draft: Draft, plan: Plan) -> Menu {
    draft.follow(plan.edit);
    draft.menu().unwrap()
}

#[test]
fn what_is_written_is_read_as_the_same_menu() {
    for seed in 0..300 {
        let chance = Chance::new(seed);
        let (menu, other) = (Arc::new(chance.menu(30)), chance.menu(10));
        for (form, text, read) in files(&menu) {
            let plan = planned(read(text.as_bytes()), &Draft::default(), Mode::Replace);
            let plan = plan.unwrap_or_else(|found| panic!("{seed} {form}: {found:#?}\n{text}"));
            let again = followed(Draft::default(), plan);
            assert_eq!(again, *menu, "{seed} {form}\n{text}");
            // Where something else was, it is the same.
            let there = Draft::of(&other);
            let plan = planned(read(text.as_bytes()), &there, Mode::Replace).unwrap();
            assert_eq!(
                followed(there, plan),
                *menu,
                "{seed} {form} over another\n{text}"
            );
            // Where it is already, nothing is to be done.
            let there = Draft::of(&menu);
            for mode in [Mode::Merge, Mode::Replace] {
                let plan = planned(read(text.as_bytes()), &there, mode).unwrap();
                assert!(plan.edit.puts.is_empty(), "{seed} {form}: {:#?}", plan.edit);
                assert!(
                    plan.edit.removes.is_empty(),
                    "{seed} {form}: {:#?}",
                    plan.edit
                );
            }
        }
    }
}

#[test]
fn a_document_is_the_text_that_is_hashed() {
    for seed in 0..50 {
        let menu = Arc::new(Chance::new(seed).menu(700));
        let text: String = Document::new(menu.clone()).collect();
        assert_eq!(text, serde_json::to_string(&*menu).unwrap());
    }
}

#[test]
fn no_cell_that_is_written_is_a_formula() {
    for seed in 0..100 {
        let menu = Arc::new(Chance::new(seed).menu(20));
        let sheet: String = Sheet::new(menu).unwrap().collect();
        let cells = sheet.split([',', '\n', '\r']);
        for cell in cells {
            let bare = cell.strip_prefix('"').unwrap_or(cell);
            // A piece of a cell may begin with anything; a cell whose mark was forgotten begins the line or follows a
            // comma outside of quotation marks, which the small table below looks at one by one.
            assert!(!bare.starts_with("=SUM"), "{sheet}");
        }
    }
    for (cell, written) in [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\ta", "\"'\ta\""),
        ("'=1", "''=1"),
        ("'n", "'n"),
        ("a=1", "a=1"),
        ("a\"b", "\"a\"\"b\""),
    ] {
        let mut out = String::new();
        carte::transfer::write_cell(&mut out, cell);
        assert_eq!(out, written);
    }
}

const TABLE: &str = "\
kind;key;name;name:de;price;price:pickup;category;tax;currency;language;taxes;rate;group;item;groups;max\r\n\
head;;;;;;;;EUR;en;included;;;;;\r\n\
tax;food;;;;;;;;;;7;;;;\r\n\
category;mains;Mains;Hauptgerichte;;;;;;;;;;;;\r\n\
item;p1;Pizza;;9,5;8;mains;food;;;;;;;size;\r\n\
item;xl;Extra large;Gro\u{df};2;;;food;;;;;;;;\r\n\
group;size;Size;;;;;;;;;;;;;1\r\n\
choice;;;;1,50;;;;;;;;size;xl;;\r\n";

fn called<'a>(menu: &'a Menu, key: &str) -> &'a Item {
    let is_it = |item: &&Item| {
        item.external_id
            .as_ref()
            .is_some_and(|id| id.as_str() == key)
    };
    menu.items.iter().find(is_it).unwrap()
}

#[test]
fn an_owners_table_is_taken() {
    for table in [
        TABLE.to_owned(),
        format!("\u{feff}{TABLE}"),
        TABLE
            .replace(',', ".")
            .replace(';', "\t")
            .replace("\r\n", "\n"),
        TABLE.replace(',', ".").replace(';', ","),
    ] {
        let plan = planned(
            read_csv(table.as_bytes(), None),
            &Draft::default(),
            Mode::Merge,
        );
        let menu = followed(Draft::default(), plan.unwrap());
        let pizza = called(&menu, "p1");
        assert_eq!((pizza.name.main(), pizza.price.minor), ("Pizza", 950));
        assert_eq!(pizza.price.rules[0].minor, 800);
        assert_eq!(menu.taxes[0].rates.len(), 3);
        assert_eq!(menu.categories[0].items, [pizza.id]);
        assert_eq!(pizza.groups, [menu.groups[0].id]);
        let choice = &menu.groups[0].choices[0];
        assert_eq!((choice.item, choice.max), (called(&menu, "xl").id, 1));
        assert_eq!(choice.prices.as_ref().unwrap().minor, 150);
    }
}

#[test]
fn a_table_of_some_columns_changes_nothing_else() {
    let plan = planned(
        read_csv(TABLE.as_bytes(), None),
        &Draft::default(),
        Mode::Merge,
    );
    let before = followed(Draft::default(), plan.unwrap());
    let draft = Draft::of(&before);
    let prices = "kind,key,price\nitem,p1,10.00\n";
    let read = read_csv(prices.as_bytes(), Some(before.currency));
    let plan = planned(read, &draft, Mode::Merge).unwrap();
    assert_eq!(plan.counts.items.changed, 1);
    let after = followed(draft, plan);
    let mut wanted = before.clone();
    let pizza = called(&wanted, "p1").id;
    let pizza = wanted.items.iter_mut().find(|item| item.id == pizza);
    pizza.unwrap().price.minor = 1_000;
    assert_eq!(after, wanted);
}

#[test]
fn a_moved_item_leaves_its_category() {
    let table = format!("{TABLE}category;sides;Sides;;;;;;;;;;;;;\r\n");
    let plan = planned(
        read_csv(table.as_bytes(), None),
        &Draft::default(),
        Mode::Merge,
    );
    let draft = Draft::of(&followed(Draft::default(), plan.unwrap()));
    let read = read_csv(b"kind,key,category\nitem,p1,sides\n", None);
    let plan = planned(read, &draft, Mode::Merge).unwrap();
    let menu = followed(draft, plan);
    let items: Vec<usize> = menu.categories.iter().map(|one| one.items.len()).collect();
    assert_eq!(items, [0, 1]);
}

/// What is wrong with a table: line, column and code of each finding.
fn wrong(table: &[u8]) -> Vec<(u64, u64, Code)> {
    let found = planned(read_csv(table, None), &Draft::default(), Mode::Merge);
    let found = found.expect_err("it is taken");
    found
        .kept
        .iter()
        .map(|one| (one.line, one.column, one.code))
        .collect()
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    assert_eq!(wrong(b""), [(1, 0, Code::Missing)]);
    assert_eq!(wrong(b"key,name\n"), [(1, 0, Code::Missing)]);
    assert_eq!(
        wrong(b"kind,colour,kind\n"),
        [(1, 2, Code::ColumnUnknown), (1, 3, Code::ColumnTwice)]
    );
    assert_eq!(
        wrong(b"kind,key\nitem,\"a\nb\"\nfood,\n"),
        [(2, 2, Code::Value), (4, 1, Code::Value)]
    );
    assert_eq!(
        wrong(b"kind,key\nitem,a\"b\nitem,\"a\"b\n"),
        [(2, 2, Code::Quote), (3, 2, Code::Quote)]
    );
    assert_eq!(wrong(b"kind,key\nitem,\"abc"), [(2, 2, Code::Quote)]);
    assert_eq!(
        wrong(b"kind,key\nitem,\xff\nitem,a\0b"),
        [(2, 2, Code::Encoding), (3, 2, Code::Encoding)]
    );
    let long = format!("kind,key\nitem,{}\n", "x".repeat(40_000));
    assert_eq!(wrong(long.as_bytes()), [(2, 2, Code::TooLarge)]);
    let replaced = |from: &str, to: &str| wrong(TABLE.replace(from, to).as_bytes());
    assert_eq!(replaced("9,5", "9,555"), [(5, 5, Code::Value)]);
    assert_eq!(replaced("size;xl", "size;xxl"), [(8, 14, Code::Reference)]);
    assert_eq!(
        replaced("item;xl", "item;p1"),
        [(6, 2, Code::Twice), (8, 14, Code::Reference)]
    );
    assert_eq!(replaced("head;;;", "head;;x;"), [(2, 3, Code::NotOfKind)]);
    assert_eq!(
        replaced(";1\r\nchoice", ";\r\nchoice"),
        [(7, 2, Code::Missing)]
    );
}

#[test]
fn findings_in_json_have_their_line_too() {
    let menus = (0..).map(|seed| Chance::new(seed).menu(10));
    let menu = menus
        .into_iter()
        .find(|menu| menu.groups.len() > 2)
        .unwrap();
    let menu = Arc::new(menu);
    let text: String = Document::new(menu).collect();
    let text = text.replace("},{", "},\n{");
    let broken = text.replacen("\"max\":", "\"most\":", 2);
    let read = read_json(broken.as_bytes());
    assert!(!read.findings.is_empty());
    for finding in &read.findings.kept {
        let line = broken.lines().nth(finding.line as usize - 1).unwrap();
        assert!(line.contains("most"), "{finding:?}");
    }
    let read = read_lines(b"{\"kind\":\"item\"}\n\n{\"kind\":\"nothing\"}\n{");
    let lines: Vec<u64> = read.findings.kept.iter().map(|one| one.line).collect();
    assert_eq!(lines, [1, 3, 4]);
}

#[test]
fn no_more_findings_are_kept_than_people_read() {
    let table = format!("kind,key\n{}", "food,x\n".repeat(2_500));
    let read = read_csv(table.as_bytes(), None);
    assert_eq!(
        (read.findings.kept.len(), read.findings.total),
        (1_000, 2_500)
    );
}

/// Inputs that have ever failed are tried in every run of the tests.
#[test]
fn what_has_failed_once_does_not_fail_again() {
    let mut tried = 0;
    for (target, run) in [
        (&files::CSV, files::CSV.run),
        (&files::JSON, files::JSON.run),
        (&files::LINES, files::LINES.run),
        (&rules::RULES, rules::RULES.run),
    ] {
        let folder = engine::kept(target.name);
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            run(&std::fs::read(file.unwrap().path()).unwrap());
            tried += 1;
        }
        // And some of what every search begins with.
        for input in (target.corpus)().iter().take(10) {
            run(input);
        }
    }
    println!("{tried} kept inputs");
}
