//! The trial tables as the store knows them.

use store::{Class, Column, Table};

/// Who sells.
pub static RESTAURANTS: Table = Table::new(
    "trial_restaurants",
    Class::Organisation,
    &[Column::id("id"), Column::text("name")],
    1,
    &[],
);

/// Orders of restaurants.
pub static ORDERS: Table = Table::new(
    "trial_orders",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("number"),
        Column::id("restaurant"),
        Column::id("diner"),
        Column::text("status"),
        Column::int("total_minor"),
        Column::text("note"),
        Column::int("version"),
        Column::int("created_at"),
    ],
    1,
    &[&RESTAURANTS],
);

/// What was ordered.
pub static LINES: Table = Table::new(
    "trial_lines",
    Class::Organisation,
    &[
        Column::id("order_id"),
        Column::int("line"),
        Column::id("dish"),
        Column::int("quantity"),
        Column::int("price_minor"),
    ],
    2,
    &[&ORDERS],
);

/// What is to be paid for an order.
pub static INTENTS: Table = Table::new(
    "trial_intents",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("order_id"),
        Column::int("amount_minor"),
        Column::text("state"),
    ],
    1,
    &[&ORDERS],
);

/// How much of a dish is left.
pub static STOCK: Table = Table::new(
    "trial_stock",
    Class::Organisation,
    &[Column::id("dish"), Column::int("free")],
    1,
    &[],
);

/// Numbers that are given out one by one.
pub static COUNTERS: Table = Table::new(
    "trial_counters",
    Class::Organisation,
    &[Column::text("name"), Column::int("next")],
    1,
    &[],
);

/// What everybody may read.
pub static LISTING: Table = Table::new(
    "trial_listing",
    Class::Published,
    &[Column::id("id"), Column::text("name")],
    1,
    &[],
);

/// Work that waits for somebody of the queue role.
pub static JOBS: Table = Table::new(
    "trial_jobs",
    Class::Queue,
    &[
        Column::id("id"),
        Column::int("organisation"),
        Column::bytes("payload"),
    ],
    1,
    &[],
);

/// Where people live.
pub static ADDRESSES: Table = Table::new(
    "trial_addresses",
    Class::Person,
    &[Column::id("id"), Column::text("text")],
    1,
    &[],
);

/// What people hold: whoever names the digest sees the row, and the queue role removes what has been used up.
pub static TOKENS: Table = Table::new(
    "trial_tokens",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::text("text"),
        Column::int("uses"),
    ],
    1,
    &[],
)
.worked();

/// The tokens as the queue role sees them.
pub static SPENT_TOKENS: Table = TOKENS.as_queue();

/// What people held once, several things under one digest; removed when it is old.
pub static STUBS: Table = Table::new(
    "trial_stubs",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::int("number"),
        Column::int("at"),
    ],
    2,
    &[],
)
.cleared();

/// The stubs as the queue role sees them when they are old.
pub static OLD_STUBS: Table = STUBS.as_queue();

/// What was done, for ever.
pub static ACTS: Table = Table::new(
    "trial_acts",
    Class::Appended,
    &[Column::int("number"), Column::text("text")],
    1,
    &[],
);
