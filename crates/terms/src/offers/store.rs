//! The tables of offers, their SQL and their rows.

use base::Uid;
use store::{Class, Column, Failure, Outcome, Row, Sql, Table, Value};
use trade::offers::{Offer, OfferId, State, Terms};

/// Coupons and promotions.
pub(crate) static OFFERS: Table = Table::new(
    "offers",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("sort"),
        Column::text("code"),
        Column::int("version"),
        Column::text("state"),
        Column::text("terms"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

/// The codes that are taken, for ever: also that of a coupon that has ended.
pub(crate) static CODES: Table = Table::new(
    "offer_codes",
    Class::Organisation,
    &[Column::text("code"), Column::id("offer")],
    1,
    &[],
);

/// How many offers of each sort have not ended.
pub(crate) static LIVE: Table = Table::new(
    "offer_live",
    Class::Organisation,
    &[Column::text("sort"), Column::int("live")],
    1,
    &[],
);

/// How often an offer was used, and how often it can be. It stands at the version of the offer, so that no order gets an
/// offer by terms that are not its terms any more.
pub(crate) static COUNTS: Table = Table::new(
    "offer_counts",
    Class::Organisation,
    &[
        Column::id("offer"),
        Column::int("version"),
        Column::int("uses_max"),
        Column::int("used"),
    ],
    1,
    &[],
);

/// How often a person has used an offer.
pub(crate) static PEOPLE: Table = Table::new(
    "offer_people",
    Class::Organisation,
    &[
        Column::id("offer"),
        Column::id("person"),
        Column::int("used"),
    ],
    2,
    &[],
);

/// Which order uses which offer, until it gives it back; with the person, where his uses are counted.
pub(crate) static TAKES: Table = Table::new(
    "offer_takes",
    Class::Organisation,
    &[
        Column::id("purchase"),
        Column::id("offer"),
        Column::id("person"),
    ],
    2,
    &[],
);

pub(crate) static READ: Sql = Sql::new(
    "offers.read",
    &OFFERS,
    "SELECT id, sort, code, version, state, terms, created_at FROM offers \
     WHERE organisation = $1 AND id = $2",
);

pub(crate) static READ_BY_CODE: Sql = Sql::new(
    "offers.read_by_code",
    &OFFERS,
    "SELECT id, sort, code, version, state, terms, created_at FROM offers \
     WHERE organisation = $1 AND code = $2",
);

pub(crate) static LIST: Sql = Sql::new(
    "offers.list",
    &OFFERS,
    "SELECT id, sort, code, version, state, terms, created_at FROM offers \
     WHERE organisation = $1 AND sort = $2 AND id > $3 ORDER BY id LIMIT $4",
);

/// Those of a sort that have not ended.
pub(crate) static LIST_LIVE: Sql = Sql::new(
    "offers.list_live",
    &OFFERS,
    "SELECT id, sort, code, version, state, terms, created_at FROM offers \
     WHERE organisation = $1 AND sort = $2 AND state = 'live' ORDER BY id LIMIT $3",
);

pub(crate) static ALL: Sql = Sql::new(
    "offers.all",
    &OFFERS,
    "SELECT id, sort, code, version, state, terms, created_at FROM offers WHERE organisation = $1",
);

/// Other terms, or the end, of an offer that stood at `$3`.
pub(crate) static CHANGE: Sql = Sql::new(
    "offers.change",
    &OFFERS,
    "UPDATE offers SET version = version + 1, state = $4, terms = $5 \
     WHERE organisation = $1 AND id = $2 AND version = $3",
);

pub(crate) static ALL_CODES: Sql = Sql::new(
    "offer_codes.all",
    &CODES,
    "SELECT code, offer FROM offer_codes WHERE organisation = $1",
);

/// One more of a sort, while there are fewer than `$3`.
pub(crate) static BEGIN: Sql = Sql::new(
    "offer_live.begin",
    &LIVE,
    "INSERT INTO offer_live (organisation, sort, live) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, sort) DO UPDATE SET live = offer_live.live + 1 \
     WHERE offer_live.live < $3",
);

/// One fewer of a sort.
pub(crate) static END: Sql = Sql::new(
    "offer_live.end",
    &LIVE,
    "UPDATE offer_live SET live = live - 1 WHERE organisation = $1 AND sort = $2 AND live > 0",
);

pub(crate) static ALL_LIVE: Sql = Sql::new(
    "offer_live.all",
    &LIVE,
    "SELECT sort, live FROM offer_live WHERE organisation = $1",
);

/// One more use of an offer that stands at `$3`, while some are left.
pub(crate) static TAKE: Sql = Sql::new(
    "offer_counts.take",
    &COUNTS,
    "UPDATE offer_counts SET used = used + 1 \
     WHERE organisation = $1 AND offer = $2 AND version = $3 AND used < uses_max",
);

/// One use fewer.
pub(crate) static GIVE_BACK: Sql = Sql::new(
    "offer_counts.give_back",
    &COUNTS,
    "UPDATE offer_counts SET used = used - 1 WHERE organisation = $1 AND offer = $2 AND used > 0",
);

/// The offer has other terms: it stands at the version behind `$3`.
pub(crate) static RECOUNT: Sql = Sql::new(
    "offer_counts.change",
    &COUNTS,
    "UPDATE offer_counts SET version = version + 1, uses_max = $4 \
     WHERE organisation = $1 AND offer = $2 AND version = $3",
);

/// One more use by a person, while he has fewer than `$4`.
pub(crate) static TAKE_OF_PERSON: Sql = Sql::new(
    "offer_people.take",
    &PEOPLE,
    "INSERT INTO offer_people (organisation, offer, person, used) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (organisation, offer, person) DO UPDATE SET used = offer_people.used + 1 \
     WHERE offer_people.used < $4",
);

/// One use by a person fewer.
pub(crate) static GIVE_BACK_OF_PERSON: Sql = Sql::new(
    "offer_people.give_back",
    &PEOPLE,
    "UPDATE offer_people SET used = used - 1 \
     WHERE organisation = $1 AND offer = $2 AND person = $3 AND used > 0",
);

/// An order uses an offer no more; once.
pub(crate) static RETURN: Sql = Sql::new(
    "offer_takes.return",
    &TAKES,
    "DELETE FROM offer_takes WHERE organisation = $1 AND purchase = $2 AND offer = $3",
);

pub(crate) static READ_TAKES: Sql = Sql::new(
    "offer_takes.read",
    &TAKES,
    "SELECT offer, person FROM offer_takes WHERE organisation = $1 AND purchase = $2",
);

/// How often each of some offers was used.
pub(crate) static READ_COUNTS: Sql = Sql::two(
    "offer_counts.read",
    &COUNTS,
    "SELECT offer, used FROM offer_counts \
     WHERE organisation = $1 AND offer IN (SELECT value FROM rarray($2))",
    "SELECT offer, used FROM offer_counts WHERE organisation = $1 AND offer = ANY($2)",
);

/// How often a person has used each of some offers.
pub(crate) static READ_PEOPLE: Sql = Sql::two(
    "offer_people.read",
    &PEOPLE,
    "SELECT offer, used FROM offer_people \
     WHERE organisation = $1 AND offer IN (SELECT value FROM rarray($2)) AND person = $3",
    "SELECT offer, used FROM offer_people \
     WHERE organisation = $1 AND offer = ANY($2) AND person = $3",
);

pub(crate) const TABLES: &[&Table] = &[&OFFERS, &CODES, &LIVE, &COUNTS, &PEOPLE, &TAKES];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ,
    &READ_BY_CODE,
    &LIST,
    &LIST_LIVE,
    &ALL,
    &CHANGE,
    &ALL_CODES,
    &BEGIN,
    &END,
    &ALL_LIVE,
    &TAKE,
    &GIVE_BACK,
    &RECOUNT,
    &TAKE_OF_PERSON,
    &GIVE_BACK_OF_PERSON,
    &RETURN,
    &READ_TAKES,
    &READ_COUNTS,
    &READ_PEOPLE,
];

/// What an organisation has offers of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    Coupon,
    Promotion,
}

impl Sort {
    /// How it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Sort::Coupon => "coupon",
            Sort::Promotion => "promotion",
        }
    }

    /// How many of it that have not ended an organisation has at most. All promotions are looked at with every order.
    pub(crate) const fn most(self) -> i64 {
        match self {
            Sort::Coupon => 10_000,
            Sort::Promotion => 50,
        }
    }

    /// The id of one.
    pub(crate) fn id(self, uid: Uid) -> OfferId {
        match self {
            Sort::Coupon => OfferId::Coupon(uid.into()),
            Sort::Promotion => OfferId::Promotion(uid.into()),
        }
    }

    /// The sort of an offer.
    pub(crate) const fn of(id: OfferId) -> Self {
        match id {
            OfferId::Coupon(_) => Sort::Coupon,
            OfferId::Promotion(_) => Sort::Promotion,
        }
    }
}

/// The cells of an offer behind its key, in the order of the columns.
pub(crate) fn cells(offer: &Offer) -> Outcome<[Value; 6]> {
    let code = offer.code.as_ref().map(|code| code.as_str().to_owned());
    Ok([
        Sort::of(offer.id).name().into(),
        code.into(),
        offer.version.into(),
        offer.state.name().into(),
        text(&offer.terms)?.into(),
        offer.created_at.into(),
    ])
}

/// Terms as they are stored.
pub(crate) fn text(terms: &Terms) -> Outcome<String> {
    serde_json::to_string(terms).map_err(|error| Failure::Broken(format!("terms: {error}")))
}

/// How often an offer can be used, as it is counted.
pub(crate) fn most(terms: &Terms) -> i64 {
    terms.uses_max.map_or(i64::MAX, i64::from)
}

/// Reads `id, sort, code, version, state, terms, created_at`.
pub(crate) fn read(row: &Row) -> Outcome<Offer> {
    let (sort, state): (String, String) = (row.get(1)?, row.get(4)?);
    let sort = [Sort::Coupon, Sort::Promotion]
        .into_iter()
        .find(|one| one.name() == sort)
        .ok_or_else(|| damaged("sort"))?;
    let (code, terms): (Option<String>, String) = (row.get(2)?, row.get(5)?);
    let code = code.map(|code| code.parse().map_err(|_| damaged("code")));
    Ok(Offer {
        id: sort.id(row.get(0)?),
        code: code.transpose()?,
        version: row.get(3)?,
        state: State::find(&state).ok_or_else(|| damaged("state"))?,
        terms: serde_json::from_str(&terms).map_err(|_| damaged("terms"))?,
        created_at: row.get(6)?,
    })
}

pub(crate) fn damaged(what: &str) -> Failure {
    Failure::Damaged(format!("the {what} of an offer cannot be read"))
}
