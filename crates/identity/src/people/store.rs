//! The tables of people, of their contacts, addresses and codes, and of what letters cost.

use store::{Class, Column, Sql, Table};

/// Who there is.
pub(crate) static PERSONS: Table = Table::new(
    "persons",
    Class::Person,
    &[
        Column::int("version"),
        Column::text("state"),
        Column::bytes("profile"),
        Column::int("contacts"),
        Column::int("addresses"),
        Column::int("created_at"),
    ],
    0,
    &[],
);

/// How they are reached.
pub(crate) static CONTACTS: Table = Table::new(
    "contacts",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::id("id"),
        Column::text("kind"),
        Column::bytes("value"),
        Column::int("verified_at"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

/// One-time codes.
pub(crate) static CODES: Table = Table::new(
    "codes",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::text("purpose"),
        Column::bytes("tag"),
        Column::bytes("contact"),
        Column::int("tries"),
        Column::int("used"),
        Column::int("expires_at"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

/// Codes as the queue role sees them when they are old.
pub(crate) static OLD_CODES: Table = CODES.as_queue();

/// Where things are brought to.
pub(crate) static ADDRESSES: Table = Table::new(
    "addresses",
    Class::Person,
    &[
        Column::id("id"),
        Column::bytes("address"),
        Column::int("version"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

/// What letters cost.
pub(crate) static BUDGETS: Table = Table::new(
    "budgets",
    Class::Control,
    &[
        Column::text("scope"),
        Column::int("day"),
        Column::int("spent"),
        Column::int("sent"),
    ],
    2,
    &[],
);

pub(crate) static READ_PERSON: Sql = Sql::new(
    "persons.read",
    &PERSONS,
    "SELECT version, state, profile, contacts, created_at FROM persons WHERE person = $1",
);

/// Guard: the person may still do something.
pub(crate) static STILL_ACTIVE: Sql = Sql::new(
    "persons.active",
    &PERSONS,
    "UPDATE persons SET state = state WHERE person = $1 AND state = 'active'",
);

/// Guard: the profile is still the one that was read.
pub(crate) static SET_PROFILE: Sql = Sql::new(
    "persons.profile",
    &PERSONS,
    "UPDATE persons SET profile = $3, version = version + 1 \
     WHERE person = $1 AND version = $2 AND state = 'active'",
);

/// Guard: one contact more, if there is room.
pub(crate) static MORE_CONTACTS: Sql = Sql::new(
    "persons.more_contacts",
    &PERSONS,
    "UPDATE persons SET contacts = contacts + 1 \
     WHERE person = $1 AND contacts < $2 AND state = 'active'",
);

/// Guard: one contact less, if it is not the last.
pub(crate) static FEWER_CONTACTS: Sql = Sql::new(
    "persons.fewer_contacts",
    &PERSONS,
    "UPDATE persons SET contacts = contacts - 1 \
     WHERE person = $1 AND contacts > 1 AND state = 'active'",
);

/// Guard: one address more, if there is room.
pub(crate) static MORE_ADDRESSES: Sql = Sql::new(
    "persons.more_addresses",
    &PERSONS,
    "UPDATE persons SET addresses = addresses + 1 \
     WHERE person = $1 AND addresses < $2 AND state = 'active'",
);

/// Guard: one address less.
pub(crate) static FEWER_ADDRESSES: Sql = Sql::new(
    "persons.fewer_addresses",
    &PERSONS,
    "UPDATE persons SET addresses = addresses - 1 WHERE person = $1 AND addresses > 0",
);

/// Guard: the person has not changed since, and is in another state from now on.
pub(crate) static SET_STATE: Sql = Sql::new(
    "persons.state",
    &PERSONS,
    "UPDATE persons SET state = $3, version = version + 1 \
     WHERE person = $1 AND version = $2 AND state <> 'erased'",
);

/// Guard: what is left of a person when it is gone.
pub(crate) static ERASE_PERSON: Sql = Sql::new(
    "persons.erase",
    &PERSONS,
    "UPDATE persons SET state = 'erased', profile = NULL, contacts = 0, addresses = 0, \
     version = version + 1 WHERE person = $1 AND version = $2 AND state <> 'erased'",
);

/// Whose contact this is, for who can name it.
pub(crate) static FIND_CONTACT: Sql = Sql::new(
    "contacts.find",
    &CONTACTS,
    "SELECT person FROM contacts WHERE digest = $1",
);

pub(crate) static LIST_CONTACTS: Sql = Sql::new(
    "contacts.list",
    &CONTACTS,
    "SELECT id, kind, value, verified_at, created_at, digest FROM contacts \
     WHERE person = $1 ORDER BY id",
);

/// A contact that was only said is proven now.
pub(crate) static VERIFY_CONTACT: Sql = Sql::new(
    "contacts.verify",
    &CONTACTS,
    "UPDATE contacts SET verified_at = $3 WHERE person = $1 AND digest = $2 AND verified_at = 0",
);

/// Guard: the contact is there, and is no more.
pub(crate) static REMOVE_CONTACT: Sql = Sql::new(
    "contacts.remove",
    &CONTACTS,
    "DELETE FROM contacts WHERE person = $1 AND digest = $2",
);

/// All contacts of a person but the one of this digest, which is none's.
pub(crate) static REMOVE_CONTACTS: Sql = Sql::new(
    "contacts.remove_all",
    &CONTACTS,
    "DELETE FROM contacts WHERE person = $1 AND digest <> $2",
);

/// All addresses of a person but the one of this id, which is none's.
pub(crate) static REMOVE_ADDRESSES: Sql = Sql::new(
    "addresses.remove_all",
    &ADDRESSES,
    "DELETE FROM addresses WHERE person = $1 AND id <> $2",
);

/// A code, for who holds its challenge.
pub(crate) static FIND_CODE: Sql = Sql::new(
    "codes.find",
    &CODES,
    "SELECT person, purpose, tag, contact FROM codes WHERE digest = $1",
);

/// Guard: a try is counted before the code is looked at, so that none is free.
pub(crate) static TRY_CODE: Sql = Sql::new(
    "codes.try",
    &CODES,
    "UPDATE codes SET tries = tries + 1 \
     WHERE person = $1 AND digest = $2 AND tries < $3 AND used = 0 AND expires_at > $4",
);

/// Guard: the code is used once.
pub(crate) static USE_CODE: Sql = Sql::new(
    "codes.use",
    &CODES,
    "UPDATE codes SET used = $3 WHERE person = $1 AND digest = $2 AND used = 0",
);

/// A new code ends those that were sent to the same contact before.
pub(crate) static END_OTHER_CODES: Sql = Sql::new(
    "codes.end_others",
    &CODES,
    "DELETE FROM codes WHERE person = $1 AND digest <> $2",
);

/// As the queue role: removes codes from before `$1`.
pub(crate) static CLEAR_CODES: Sql = Sql::new(
    "codes.clear",
    &OLD_CODES,
    "DELETE FROM codes WHERE digest IN (SELECT digest FROM codes WHERE at < $1 LIMIT $2)",
);

pub(crate) static LIST_ADDRESSES: Sql = Sql::new(
    "addresses.list",
    &ADDRESSES,
    "SELECT id, address, version, created_at FROM addresses WHERE person = $1 ORDER BY id",
);

pub(crate) static READ_ADDRESS: Sql = Sql::new(
    "addresses.read",
    &ADDRESSES,
    "SELECT id, address, version, created_at FROM addresses WHERE person = $1 AND id = $2",
);

/// Guard: the address is still the one that was read.
pub(crate) static CHANGE_ADDRESS: Sql = Sql::new(
    "addresses.change",
    &ADDRESSES,
    "UPDATE addresses SET address = $4, version = version + 1 \
     WHERE person = $1 AND id = $2 AND version = $3",
);

/// Guard: the address is there, and is no more.
pub(crate) static REMOVE_ADDRESS: Sql = Sql::new(
    "addresses.remove",
    &ADDRESSES,
    "DELETE FROM addresses WHERE person = $1 AND id = $2 AND version = $3",
);

/// Takes money from what a scope may spend on a day, if so much is left; answers nothing if not.
pub(crate) static SPEND: Sql = Sql::new(
    "budgets.spend",
    &BUDGETS,
    "INSERT INTO budgets (scope, day, spent, sent) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (scope, day) DO UPDATE SET spent = budgets.spent + excluded.spent, \
     sent = budgets.sent + 1 WHERE budgets.spent + excluded.spent <= $4 RETURNING spent",
);

/// Gives back what was taken for a letter that did not go out.
pub(crate) static GIVE_BACK: Sql = Sql::new(
    "budgets.give_back",
    &BUDGETS,
    "UPDATE budgets SET spent = spent - $3, sent = sent - 1 \
     WHERE scope = $1 AND day = $2 AND spent >= $3 AND sent > 0",
);

/// Forgets the days before this one.
pub(crate) static FORGET_DAYS: Sql = Sql::new(
    "budgets.forget",
    &BUDGETS,
    "DELETE FROM budgets WHERE day < $1",
);

pub(crate) const TABLES: &[&Table] = &[&PERSONS, &CONTACTS, &CODES, &ADDRESSES, &BUDGETS];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ_PERSON,
    &STILL_ACTIVE,
    &SET_PROFILE,
    &MORE_CONTACTS,
    &FEWER_CONTACTS,
    &MORE_ADDRESSES,
    &FEWER_ADDRESSES,
    &SET_STATE,
    &ERASE_PERSON,
    &FIND_CONTACT,
    &LIST_CONTACTS,
    &VERIFY_CONTACT,
    &REMOVE_CONTACT,
    &FIND_CODE,
    &TRY_CODE,
    &USE_CODE,
    &END_OTHER_CODES,
    &CLEAR_CODES,
    &REMOVE_CONTACTS,
    &REMOVE_ADDRESSES,
    &LIST_ADDRESSES,
    &READ_ADDRESS,
    &CHANGE_ADDRESS,
    &REMOVE_ADDRESS,
    &SPEND,
    &GIVE_BACK,
    &FORGET_DAYS,
];
