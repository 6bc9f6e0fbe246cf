//! The same targets with a mistake in each, of the sort that people make. Whoever looks for mistakes must find these.

use std::sync::Arc;

use carte::transfer::{Mode, Rows, Sheet, plan, read_csv};
use carte::{Draft, Menu};

use crate::bytes::change;
use crate::engine::Target;
use crate::files::corpus;
use crate::menus::{Chance, OURS};

pub(crate) const TARGETS: [&Target; 3] = [&SHORT_LINES, &LOST_QUOTES, &SMALL_SUMS];

/// Takes a cell by its place, though a line may be shorter than the first.
const SHORT_LINES: Target = Target {
    name: "planted1",
    corpus: || corpus(|menu| Sheet::new(menu).unwrap().collect()),
    change,
    run: |bytes| {
        let mut rows = Rows::new(bytes).flatten();
        let columns = rows.next().map_or(0, |row| row.cells.len());
        let last = rows
            .filter(|row| !row.is_blank())
            .map(|row| row.cells[columns - 1].len());
        last.max().unwrap_or(0) as u64 % 8
    },
};

/// Writes a quotation mark once where a reader wants it twice.
const LOST_QUOTES: Target = Target {
    name: "planted2",
    corpus: || {
        vec![
            Sheet::new(Arc::new(plain()))
                .unwrap()
                .collect::<String>()
                .into_bytes(),
        ]
    },
    change,
    run: |bytes| {
        let Some(menu) = taken(bytes) else { return 0 };
        let sheet: String = Sheet::new(Arc::new(menu.clone())).unwrap().collect();
        let again = taken(sheet.replace("\"\"", "\"").as_bytes());
        assert_eq!(again.as_ref(), Some(&menu));
        1 + menu.items.len().min(4) as u64
    },
};

/// Adds prices in 32 bits.
const SMALL_SUMS: Target = Target {
    name: "planted3",
    corpus: || {
        vec![
            Sheet::new(Arc::new(plain()))
                .unwrap()
                .collect::<String>()
                .into_bytes(),
        ]
    },
    change,
    run: |bytes| {
        let Some(menu) = taken(bytes) else { return 0 };
        let prices = menu
            .items
            .iter()
            .map(|item| i32::try_from(item.price.minor).unwrap());
        prices.fold(0_i32, |sum, price| sum.checked_add(price).unwrap()) as u64 % 16
    },
};

/// A menu in which nothing is odd.
fn plain() -> Menu {
    let menus = (0..).map(|seed| Chance::new(seed).menu(4));
    let is_plain = |menu: &Menu| {
        let text = serde_json::to_string(menu).unwrap();
        !menu.items.is_empty()
            && !text.contains("\\\"")
            && menu.items.iter().all(|item| item.price.minor < 10_000)
    };
    menus.into_iter().find(is_plain).unwrap()
}

fn taken(bytes: &[u8]) -> Option<Menu> {
    let chance = Chance::new(1);
    let read = read_csv(bytes, None);
    let plan = plan(read, &Draft::default(), Mode::Replace, OURS, &mut || {
        chance.uid()
    })
    .ok()?;
    let mut draft = Draft::default();
    draft.follow(plan.edit);
    draft.menu()
}
