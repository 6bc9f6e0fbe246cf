//! The tables of capacity, their SQL and their rows.

use base::Uid;
use carte::Channel;
use domain::organisations::RestaurantId;
use store::{Class, Column, Failure, Outcome, Row, Sql, Table};
use trade::capacity::{Bounds, Kept, Limits, Load, Rules, Slot, Taken};

/// What restaurants say of their capacity.
pub(crate) static RULES: Table = Table::new(
    "capacity_rules",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("version"),
        Column::text("rules"),
    ],
    1,
    &[],
);

/// How much each slot has taken on. A slot that has taken on nothing has no row.
pub(crate) static SLOTS: Table = Table::new(
    "capacity_slots",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("slot"),
        Column::int("taken"),
        Column::int("minutes"),
        Column::int("money"),
        Column::int("at"),
    ],
    2,
    &[],
)
.cleared();

/// How much each slot has taken on of a sales channel that has limits of its own.
pub(crate) static CHANNELS: Table = Table::new(
    "capacity_channels",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("slot"),
        Column::text("channel"),
        Column::int("taken"),
        Column::int("minutes"),
        Column::int("money"),
        Column::int("at"),
    ],
    3,
    &[],
)
.cleared();

/// What an order, or a hold, has taken of which slot, until it gives it back; also of its channel, where that is named.
pub(crate) static TAKES: Table = Table::new(
    "capacity_takes",
    Class::Organisation,
    &[
        Column::id("purchase"),
        Column::id("restaurant"),
        Column::int("slot"),
        Column::int("minutes"),
        Column::int("money"),
        Column::int("at"),
        Column::text("channel"),
        Column::int("channel_minutes"),
        Column::int("channel_money"),
    ],
    1,
    &[],
)
.cleared();

/// Which hold a person has at a restaurant. What it has taken stands in the takes, under its id.
pub(crate) static HOLDS: Table = Table::new(
    "capacity_holds",
    Class::Organisation,
    &[
        Column::id("person"),
        Column::id("restaurant"),
        Column::id("hold"),
    ],
    2,
    &[],
);

/// All of them but the holds as the queue role sees what is older than 30 days.
static OLD_SLOTS: Table = SLOTS.as_queue();
static OLD_CHANNELS: Table = CHANNELS.as_queue();
static OLD_TAKES: Table = TAKES.as_queue();

pub(crate) static READ_RULES: Sql = Sql::new(
    "capacity_rules.read",
    &RULES,
    "SELECT restaurant, version, rules FROM capacity_rules WHERE organisation = $1 AND restaurant = $2",
);

pub(crate) static ALL_RULES: Sql = Sql::new(
    "capacity_rules.all",
    &RULES,
    "SELECT restaurant, version, rules FROM capacity_rules WHERE organisation = $1",
);

/// Other rules, for a restaurant whose rules stood at `$3`.
pub(crate) static CHANGE_RULES: Sql = Sql::new(
    "capacity_rules.change",
    &RULES,
    "UPDATE capacity_rules SET version = version + 1, rules = $4 \
     WHERE organisation = $1 AND restaurant = $2 AND version = $3",
);

/// Takes of a slot, if it takes so much besides. The row is made by whoever is first; of two at once the second finds
/// it there, so nobody slips past the limits.
pub(crate) static TAKE: Sql = Sql::new(
    "capacity_slots.take",
    &SLOTS,
    "INSERT INTO capacity_slots (organisation, restaurant, slot, taken, minutes, money, at) \
     VALUES ($1, $2, $3, 1, $4, $5, $6) ON CONFLICT (organisation, restaurant, slot) DO UPDATE \
     SET taken = capacity_slots.taken + 1, minutes = capacity_slots.minutes + $4, \
     money = capacity_slots.money + $5 WHERE capacity_slots.taken + 1 <= $7 \
     AND capacity_slots.minutes + $4 <= $8 AND capacity_slots.money + $5 <= $9",
);

/// The same of what a slot takes of a channel.
pub(crate) static TAKE_CHANNEL: Sql = Sql::new(
    "capacity_channels.take",
    &CHANNELS,
    "INSERT INTO capacity_channels (organisation, restaurant, slot, channel, taken, minutes, money, at) \
     VALUES ($1, $2, $3, $4, 1, $5, $6, $7) ON CONFLICT (organisation, restaurant, slot, channel) DO UPDATE \
     SET taken = capacity_channels.taken + 1, minutes = capacity_channels.minutes + $5, \
     money = capacity_channels.money + $6 WHERE capacity_channels.taken + 1 <= $8 \
     AND capacity_channels.minutes + $5 <= $9 AND capacity_channels.money + $6 <= $10",
);

/// Takes more of a slot for an order that has its place there, or less.
pub(crate) static SHIFT: Sql = Sql::new(
    "capacity_slots.shift",
    &SLOTS,
    "UPDATE capacity_slots SET minutes = minutes + $4, money = money + $5 \
     WHERE organisation = $1 AND restaurant = $2 AND slot = $3 \
     AND minutes + $4 >= 0 AND minutes + $4 <= $6 AND money + $5 >= 0 AND money + $5 <= $7",
);

/// The same of what a slot takes of a channel.
pub(crate) static SHIFT_CHANNEL: Sql = Sql::new(
    "capacity_channels.shift",
    &CHANNELS,
    "UPDATE capacity_channels SET minutes = minutes + $5, money = money + $6 \
     WHERE organisation = $1 AND restaurant = $2 AND slot = $3 AND channel = $4 \
     AND minutes + $5 >= 0 AND minutes + $5 <= $7 AND money + $6 >= 0 AND money + $6 <= $8",
);

/// An order has taken more, or less, if it had taken `$3` and `$4` until then.
pub(crate) static HOLD: Sql = Sql::new(
    "capacity_takes.hold",
    &TAKES,
    "UPDATE capacity_takes SET minutes = minutes + $5, money = money + $6, \
     channel_minutes = channel_minutes + $7, channel_money = channel_money + $8 \
     WHERE organisation = $1 AND purchase = $2 AND minutes = $3 AND money = $4",
);

/// Gives back what an order took of a slot.
pub(crate) static GIVE_BACK: Sql = Sql::new(
    "capacity_slots.give_back",
    &SLOTS,
    "UPDATE capacity_slots SET taken = taken - 1, minutes = minutes - $4, money = money - $5 \
     WHERE organisation = $1 AND restaurant = $2 AND slot = $3 \
     AND taken >= 1 AND minutes >= $4 AND money >= $5",
);

/// The same of what a slot takes of a channel.
pub(crate) static GIVE_BACK_CHANNEL: Sql = Sql::new(
    "capacity_channels.give_back",
    &CHANNELS,
    "UPDATE capacity_channels SET taken = taken - 1, minutes = minutes - $5, money = money - $6 \
     WHERE organisation = $1 AND restaurant = $2 AND slot = $3 AND channel = $4 \
     AND taken >= 1 AND minutes >= $5 AND money >= $6",
);

/// An order has taken nothing any more; once.
pub(crate) static RETURN: Sql = Sql::new(
    "capacity_takes.return",
    &TAKES,
    "DELETE FROM capacity_takes WHERE organisation = $1 AND purchase = $2",
);

pub(crate) static READ_TAKE: Sql = Sql::new(
    "capacity_takes.read",
    &TAKES,
    "SELECT restaurant, slot, minutes, money, channel, channel_minutes, channel_money FROM capacity_takes \
     WHERE organisation = $1 AND purchase = $2",
);

pub(crate) static READ_HOLD: Sql = Sql::new(
    "capacity_holds.read",
    &HOLDS,
    "SELECT hold FROM capacity_holds WHERE organisation = $1 AND person = $2 AND restaurant = $3",
);

/// Somebody who had the hold `$5` has another one.
pub(crate) static REPLACE_HOLD: Sql = Sql::new(
    "capacity_holds.replace",
    &HOLDS,
    "UPDATE capacity_holds SET hold = $4 \
     WHERE organisation = $1 AND person = $2 AND restaurant = $3 AND hold = $5",
);

/// Whose a hold is, and at which restaurant.
pub(crate) static READ_HOLDER: Sql = Sql::new(
    "capacity_holds.holder",
    &HOLDS,
    "SELECT person, restaurant FROM capacity_holds WHERE organisation = $1 AND hold = $2",
);

/// A hold is no more.
pub(crate) static END_HOLD: Sql = Sql::new(
    "capacity_holds.end",
    &HOLDS,
    "DELETE FROM capacity_holds WHERE organisation = $1 AND person = $2 AND restaurant = $3 AND hold = $4",
);

/// How much slots of a restaurant have taken on, from `$3` to `$4`, both with.
pub(crate) static READ_SLOTS: Sql = Sql::new(
    "capacity_slots.read",
    &SLOTS,
    "SELECT slot, taken, minutes, money FROM capacity_slots \
     WHERE organisation = $1 AND restaurant = $2 AND slot >= $3 AND slot <= $4",
);

/// How much slots of a restaurant have taken on of a channel, from `$3` to `$4`, both with.
pub(crate) static READ_CHANNEL: Sql = Sql::new(
    "capacity_channels.read",
    &CHANNELS,
    "SELECT slot, taken, minutes, money FROM capacity_channels \
     WHERE organisation = $1 AND restaurant = $2 AND slot >= $3 AND slot <= $4 AND channel = $5",
);

/// Removes counters of slots that are long past.
pub(crate) static CLEAR_SLOTS: Sql = Sql::new(
    "capacity_slots.clear",
    &OLD_SLOTS,
    "DELETE FROM capacity_slots WHERE (organisation, restaurant, slot) IN \
     (SELECT organisation, restaurant, slot FROM capacity_slots WHERE at < $1 LIMIT $2)",
);

/// The same of channels.
pub(crate) static CLEAR_CHANNELS: Sql = Sql::new(
    "capacity_channels.clear",
    &OLD_CHANNELS,
    "DELETE FROM capacity_channels WHERE (organisation, restaurant, slot, channel) IN \
     (SELECT organisation, restaurant, slot, channel FROM capacity_channels WHERE at < $1 LIMIT $2)",
);

/// Removes what was taken of slots that are long past.
pub(crate) static CLEAR_TAKES: Sql = Sql::new(
    "capacity_takes.clear",
    &OLD_TAKES,
    "DELETE FROM capacity_takes WHERE (organisation, purchase) IN \
     (SELECT organisation, purchase FROM capacity_takes WHERE at < $1 LIMIT $2)",
);

pub(crate) const TABLES: &[&Table] = &[&RULES, &SLOTS, &CHANNELS, &TAKES, &HOLDS];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ_RULES,
    &ALL_RULES,
    &CHANGE_RULES,
    &TAKE,
    &TAKE_CHANNEL,
    &SHIFT,
    &SHIFT_CHANNEL,
    &HOLD,
    &GIVE_BACK,
    &GIVE_BACK_CHANNEL,
    &RETURN,
    &READ_TAKE,
    &READ_HOLD,
    &REPLACE_HOLD,
    &READ_HOLDER,
    &END_HOLD,
    &READ_SLOTS,
    &READ_CHANNEL,
    &CLEAR_SLOTS,
    &CLEAR_CHANNELS,
    &CLEAR_TAKES,
];

/// What an order, or a hold, has taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) restaurant: RestaurantId,
    pub(crate) slot: Slot,
    pub(crate) minutes: i64,
    pub(crate) money_minor: i64,
    /// What it has taken of its channel, where that has limits of its own: minutes and money.
    pub(crate) of_channel: Option<(String, i64, i64)>,
}

impl Held {
    /// Whether an order needs no more of the slot than this, whatever the slot takes by now.
    pub(crate) fn covers(&self, bounds: Bounds, (load, channel): (Load, &Channel)) -> bool {
        let fits = |limits: Limits, minutes: i64, money_minor: i64| {
            let load = limits.counted(load);
            load.minutes <= minutes && load.money_minor <= money_minor
        };
        let of_channel = bounds.channel.is_none_or(|limits| {
            let held = self.of_channel.as_ref();
            held.is_some_and(|(of, minutes, money)| {
                of == channel.as_str() && fits(limits, *minutes, *money)
            })
        });
        of_channel && fits(bounds.all, self.minutes, self.money_minor)
    }

    /// What a slot counts without it, also of this channel.
    pub(crate) fn leave(&self, taken: &mut Taken, channel: &Channel) {
        let own = Load {
            orders: 1,
            minutes: self.minutes,
            money_minor: self.money_minor,
        };
        taken.all = taken.all.minus(own);
        if let Some((of, minutes, money)) = &self.of_channel
            && of == channel.as_str()
        {
            taken.channel = taken.channel.minus(Load {
                orders: 1,
                minutes: *minutes,
                money_minor: *money,
            });
        }
    }
}

/// What a restaurant says; the default where it has said nothing yet.
pub(crate) async fn find(db: &store::Db, restaurant: RestaurantId) -> Outcome<Kept> {
    let params = [restaurant.uid().into()];
    let rows = db.rows(restaurant.organisation(), &READ_RULES, params);
    let rows = rows.await?;
    let Some(row) = rows.first() else {
        return Ok(Kept::default());
    };
    let text: String = row.get(2)?;
    Ok(Kept {
        version: row.get(1)?,
        rules: serde_json::from_str(&text).map_err(|_| damaged("rules"))?,
    })
}

/// The rules as they are stored.
pub(crate) fn text(rules: &Rules) -> Outcome<String> {
    serde_json::to_string(rules).map_err(|error| Failure::Broken(format!("rules: {error}")))
}

/// Reads `slot, taken, minutes, money`.
pub(crate) fn read_slot(row: &Row) -> Outcome<(Slot, Load)> {
    let load = Load {
        orders: row.get(1)?,
        minutes: row.get(2)?,
        money_minor: row.get(3)?,
    };
    Ok((Slot::of_number(row.get(0)?), load))
}

/// Reads `restaurant, slot, minutes, money, channel, channel_minutes, channel_money`.
pub(crate) fn read_take(row: &Row) -> Outcome<Held> {
    let (channel, minutes, money): (String, i64, i64) = (row.get(4)?, row.get(5)?, row.get(6)?);
    Ok(Held {
        of_channel: (!channel.is_empty()).then_some((channel, minutes, money)),
        restaurant: row.get::<Uid>(0)?.into(),
        slot: Slot::of_number(row.get(1)?),
        minutes: row.get(2)?,
        money_minor: row.get(3)?,
    })
}

pub(crate) fn damaged(what: &str) -> Failure {
    Failure::Damaged(format!("the {what} of a capacity cannot be read"))
}
