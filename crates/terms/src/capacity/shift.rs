//! What a change of an order's lines does to its slot: what came is taken, what went is given back, by guards in the
//! commit of the change.

use ::store::{Commit, Value};
use base::{Result, Trail as _, Uid};
use carte::Channel;
use domain::organisations::RestaurantId;
use trade::capacity::{Asks, Bounds, Goods, Kitchen, Load, Rules, Shift, Why, make_minutes};

use super::app::App;
use super::store::{self as rows, HOLD, Held, SHIFT, SHIFT_CHANNEL};
use super::take::most;

/// What lines ask of a kitchen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wants {
    /// What is to be made.
    pub goods: Vec<Goods>,
    /// What the items cost, in minor units.
    pub money_minor: i64,
}

/// An order whose lines have changed, as far as its slot depends on it.
#[derive(Clone, Debug)]
pub struct Shifted<'a> {
    /// Which order.
    pub order: Uid,
    /// Of which restaurant.
    pub restaurant: RestaurantId,
    /// Where it was ordered.
    pub channel: &'a Channel,
    /// What was sold before, and what would have been after a change that waited.
    pub before: (Wants, Option<Wants>),
    /// The same now.
    pub after: (Wants, Option<Wants>),
    /// How far the kitchen is.
    pub kitchen: Kitchen,
}

impl App {
    /// Adds to a commit what an order's slot takes on for lines that came, and has back of lines that went. It adds nothing
    /// where the order has no place in a slot. When somebody else is faster the commit is refused, and
    /// [`super::is_full`] or [`super::is_given_back`] tells so.
    ///
    /// # Errors
    /// A database is away.
    pub async fn shift(
        &self,
        commit: &mut Commit,
        shifted: &Shifted<'_>,
    ) -> Result<std::result::Result<(), Why>> {
        let Some(held) = self.held(shifted).await? else {
            return Ok(Ok(()));
        };
        let scene = self.scene(shifted.restaurant).await?;
        let rules = &scene.kept.rules;
        let zone = scene.restaurant.details.time_zone;
        // Of a slot that is over a kitchen has no less for it: that of a tab goes on for an evening.
        let is_over = held.slot.ends() <= self.0.clock.now();
        let bounds = match is_over {
            false => rules.bounds(zone, held.slot, shifted.channel),
            true => None,
        };
        let bounds = bounds.unwrap_or_default();
        let asks = (asks(rules, &shifted.before), asks(rules, &shifted.after));
        let all = bounds.all.shift(asks, shifted.kitchen);
        let all = all.of_held(held.minutes, held.money_minor);
        let limits = bounds.channel.unwrap_or_default();
        let of_channel = match &held.of_channel {
            Some((_, minutes, money)) => {
                let shift = limits.shift(asks, shifted.kitchen);
                shift.of_held(*minutes, *money)
            }
            None => Shift::default(),
        };
        if all.is_nothing() && of_channel.is_nothing() {
            return Ok(Ok(()));
        }
        let slot = (held.slot, held.slot);
        let counted = held.of_channel.as_ref().map(|_| shifted.channel);
        let taken = self.taken(shifted.restaurant, slot, counted).await?;
        let taken = taken.get(&held.slot).copied().unwrap_or_default();
        let fits = bounds.all.take(taken.all, all) && limits.take(taken.channel, of_channel);
        if !fits {
            return Ok(Err(Why::Full));
        }
        let bounds = Bounds {
            channel: Some(limits),
            ..bounds
        };
        add(commit, (shifted, &held), (bounds, all, of_channel));
        Ok(Ok(()))
    }

    async fn held(&self, shifted: &Shifted<'_>) -> Result<Option<Held>> {
        let house = shifted.restaurant.organisation();
        let params = [Value::from(shifted.order)];
        let found = self.0.db.rows(house, &rows::READ_TAKE, params).await.at()?;
        Ok(found.first().map(rows::read_take).transpose()?)
    }
}

/// What an order asks of a slot by these rules.
fn asks(rules: &Rules, (sold, waiting): &(Wants, Option<Wants>)) -> Asks {
    let load = |wants: &Wants| Load {
        orders: 1,
        minutes: make_minutes(rules, &wants.goods),
        money_minor: wants.money_minor,
    };
    Asks {
        sold: load(sold),
        waiting: waiting.as_ref().map(load),
    }
}

/// Adds to a commit that an order takes more of its slot, or less.
fn add(
    commit: &mut Commit,
    (shifted, held): (&Shifted<'_>, &Held),
    (bounds, all, of_channel): (Bounds, Shift, Shift),
) {
    // What is given back fits, whatever the rules say by now.
    let limit = |more: i64, limit: Option<i64>| most(limit.filter(|_| more > 0));
    let (restaurant, slot) = (held.restaurant.uid(), held.slot.number());
    let params: [Value; 6] = [
        restaurant.into(),
        slot.into(),
        all.minutes.into(),
        all.money_minor.into(),
        limit(all.minutes, bounds.all.minutes),
        limit(all.money_minor, bounds.all.money_minor),
    ];
    commit.guard(&SHIFT, params);
    if let Some((channel, ..)) = &held.of_channel {
        let limits = bounds.channel.unwrap_or_default();
        let params: [Value; 7] = [
            restaurant.into(),
            slot.into(),
            channel.clone().into(),
            of_channel.minutes.into(),
            of_channel.money_minor.into(),
            limit(of_channel.minutes, limits.minutes),
            limit(of_channel.money_minor, limits.money_minor),
        ];
        commit.guard(&SHIFT_CHANNEL, params);
    }
    let params: [Value; 7] = [
        shifted.order.into(),
        held.minutes.into(),
        held.money_minor.into(),
        all.minutes.into(),
        all.money_minor.into(),
        of_channel.minutes.into(),
        of_channel.money_minor.into(),
    ];
    commit.guard(&HOLD, params);
}
