//! Places that are held for whoever is about to order: taken like the place of an order, used by the order that names the
//! hold, and given back by a timer where none does. One for each person and restaurant; another one comes in its place.

use std::time::Duration;

use ::store::{Call, Commit, Failure, Value};
use base::{Error, Organisation, Result, Time, Trail as _, Uid, codes};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use engine::{Due, Handled, Timer, TimerHandler};
use fabric::limits::Policy;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rpc::HoldsPlaces;
use rpc::places::{PlaceHeld, PlaceWanted};
use trade::capacity::Goods;

use super::app::{App, Asked, Decided};
use super::store::{self as rows, Held};
use super::take::{Need, give_back, take, take_instead};

/// For how long a place is held.
const HOLDS_FOR: Duration = Duration::from_secs(5 * 60);
/// How often somebody may have a place held: at one restaurant for half of the time at most, so that nobody keeps a slot
/// from others, and at all restaurants together.
const AT_ONE: Policy = Policy {
    name: "capacity.hold",
    max: 6,
    window: HOUR,
};
const AT_ALL: Policy = Policy {
    name: "capacity.holds",
    max: 20,
    window: HOUR,
};
const HOUR: Duration = Duration::from_secs(60 * 60);
/// How often it is decided anew because somebody else was faster.
const TRIES: usize = 16;
/// The kind of the timer that ends a hold.
const LAPSE: &str = "capacity.lapse";

/// A place that is held, for an order or another hold to have it instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instead {
    /// The hold.
    pub(super) hold: Uid,
    /// For whom it is held.
    person: Uid,
    /// What it has taken.
    pub(super) held: Held,
}

impl HoldsPlaces for App {
    fn hold(&self, wanted: PlaceWanted) -> BoxFuture<'_, Result<PlaceHeld>> {
        async move { self.held_for(&wanted).await }.boxed()
    }
}

impl App {
    /// What an order takes, where it may name a hold: then what that has taken is the order's to use, and the slot stays the
    /// one that was held, though a few minutes have passed. What comes of the hold belongs into the same commit
    /// ([`super::use_hold`]). A hold that has lapsed is as good as none.
    ///
    /// # Errors
    /// There is no such restaurant, or a database is away.
    pub async fn find_held(
        &self,
        asked: &Asked<'_>,
        hold: Option<Uid>,
    ) -> Result<(Decided, Option<Instead>)> {
        let instead = match hold {
            Some(hold) => {
                let house = asked.restaurant.organisation();
                self.taken_by_hold(house, hold).await?
            }
            None => None,
        };
        let held = instead.as_ref().map(|instead| &instead.held);
        let kept = instead.as_ref();
        let kept = kept.map(|instead| (instead.held.slot, instead.hold.time()));
        let decided = Box::pin(self.decide(asked, (held, kept))).await?;
        Ok((decided, instead))
    }

    /// What is done when the time of a hold has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        let app = self.clone();
        let lapse = TimerHandler::new(LAPSE, move |due| {
            let app = app.clone();
            async move { app.lapse(&due).await }
        });
        vec![lapse]
    }

    /// Holds a place for somebody.
    async fn held_for(&self, wanted: &PlaceWanted) -> Result<PlaceHeld> {
        let mut tries = 1;
        loop {
            let (commit, answer) = self.holding(wanted).await?;
            let Some(commit) = commit else {
                return Ok(answer);
            };
            // What is refused keeps nothing from others, and is not counted.
            if tries == 1 {
                self.count(wanted).await?;
            }
            match self.0.db.commit(commit, &self.0.db.deadline()).await {
                Ok(_) => return Ok(answer),
                Err(Failure::Refused { .. }) if tries < TRIES => tries += 1,
                Err(failure @ Failure::Refused { .. }) => {
                    let said = "others took places at the same time, again and again";
                    return Err(Error::conflict(codes::CONFLICT, said).caused_by(failure));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Refuses who asks too often.
    async fn count(&self, wanted: &PlaceWanted) -> Result<()> {
        let person = wanted.person.to_string();
        let both = format!("{person} {}", wanted.restaurant);
        let asked = [(AT_ONE, both.as_str()), (AT_ALL, person.as_str())];
        let taken = self.0.limits.take_all(&asked).await.tightest;
        match taken.filter(|taken| !taken.allowed) {
            None => Ok(()),
            Some(taken) => {
                let said = "places were held too often in this hour";
                let wait = taken.retry_after.unwrap_or(HOUR);
                Err(Error::limited(codes::RATE_LIMITED, said).retry_after(wait))
            }
        }
    }

    /// The commit of a hold, and what is answered when it is stored; what was held before goes into it.
    async fn holding(&self, wanted: &PlaceWanted) -> Result<(Option<Commit>, PlaceHeld)> {
        let dishes = wanted.dishes.iter();
        let goods: Vec<Goods> = dishes
            .map(|dish| Goods {
                minutes: dish.minutes,
                quantity: dish.quantity,
            })
            .collect();
        let asked = Asked {
            restaurant: wanted.restaurant,
            service: wanted.service,
            channel: &wanted.channel,
            now: wanted.now,
            wanted_at: wanted.wanted_at,
            goods: &goods,
            money_minor: wanted.items_minor,
        };
        let house = wanted.restaurant.organisation();
        let before = self.hold_of(wanted.person, wanted.restaurant).await?;
        let instead = match before {
            Some(hold) => self.taken_by_hold(house, hold).await?,
            None => None,
        };
        let held = instead.as_ref().map(|instead| &instead.held);
        let need = match Box::pin(self.decide(&asked, (held, None))).await? {
            Decided::Free { .. } => return Ok((None, PlaceHeld::Unlimited)),
            // What was held before stays, for the quote that it was held with.
            Decided::Refused { why, next } => {
                let words = match next {
                    Some(next) => format!("{why} The next time is {next}."),
                    None => why.to_string(),
                };
                let code = why.code();
                return Ok((None, PlaceHeld::Refused { code, words }));
            }
            Decided::Take(need) => need,
        };
        let hold = Uid::make(&self.0.clock, &self.0.random, house);
        let until = wanted.now.plus(HOLDS_FOR).unwrap_or(wanted.now);
        let mut commit = self.0.db.new_commit(house);
        keep(&mut commit, (wanted, hold), before);
        match &instead {
            Some(instead) => take_instead(&mut commit, (hold, Some(&need)), instead),
            None => take(&mut commit, hold, &need),
        }
        lapse_at(&mut commit, hold, until);
        Ok((Some(commit), PlaceHeld::Until { hold, until }))
    }

    /// Gives back what a hold has taken, unless an order has used it, or another hold stands in its place.
    async fn lapse(&self, due: &Due) -> Result<Handled> {
        let (held, holder) = self.read_hold(due.organisation, due.id).await?;
        let Some(holder) = holder else {
            return Ok(Handled::Done);
        };
        let mut commit = self.0.db.new_commit(due.organisation);
        // What it has taken may have been cleared as old; then nobody counts it any more.
        if let Some(held) = held.filter(|_| !base::planted("hold_kept")) {
            give_back(&mut commit, due.id, &held);
        }
        end(&mut commit, (due.id, holder));
        Ok(commit.into())
    }

    /// The hold of a person at a restaurant.
    async fn hold_of(&self, person: PersonId, restaurant: RestaurantId) -> Result<Option<Uid>> {
        let params = [Value::from(person.uid()), restaurant.uid().into()];
        let house = restaurant.organisation();
        let found = self.0.db.rows(house, &rows::READ_HOLD, params).await.at()?;
        Ok(found.first().map(|row| row.get(0)).transpose()?)
    }

    /// What a hold has taken; nothing where it has lapsed or was used.
    async fn taken_by_hold(&self, house: Organisation, hold: Uid) -> Result<Option<Instead>> {
        let (held, holder) = self.read_hold(house, hold).await?;
        Ok(held
            .zip(holder)
            .map(|(held, (person, _))| Instead { hold, person, held }))
    }

    /// What a hold has taken, and whose it is at which restaurant.
    async fn read_hold(
        &self,
        house: Organisation,
        hold: Uid,
    ) -> Result<(Option<Held>, Option<(Uid, Uid)>)> {
        let read = |sql| Call::new(sql, [Value::from(hold)]);
        let calls = vec![read(&rows::READ_TAKE), read(&rows::READ_HOLDER)];
        let db = &self.0.db;
        let found = db.read(house, calls, &db.deadline()).await.at()?;
        let mut found = found.iter().map(|rows| rows.first());
        let (take, holder) = (found.next().flatten(), found.next().flatten());
        let held = take.map(rows::read_take).transpose()?;
        let holder = match holder {
            Some(row) => Some((row.get(0)?, row.get(1)?)),
            None => None,
        };
        Ok((held, holder))
    }
}

/// Has an order take its place where one was held for it: it uses what is held, takes what it needs more, and gives back
/// what it needs less, and all where it needs another slot or none. The commit is refused where the hold lapses at that
/// moment ([`super::is_given_back`]) or there is not so much more ([`super::is_full`]); then decide again.
pub fn use_hold(commit: &mut Commit, order: Uid, (need, instead): (Option<&Need>, &Instead)) {
    take_instead(commit, (order, need), instead);
    let holder = (instead.person, instead.held.restaurant.uid());
    end(commit, (instead.hold, holder));
}

fn end(commit: &mut Commit, (hold, (person, restaurant)): (Uid, (Uid, Uid))) {
    let params: [Value; 3] = [person.into(), restaurant.into(), hold.into()];
    if !base::planted("hold_not_ended") {
        commit.change(&rows::END_HOLD, params);
    }
}

/// Notes whose hold it is; the commit is refused where he has another one by now.
fn keep(commit: &mut Commit, (wanted, hold): (&PlaceWanted, Uid), before: Option<Uid>) {
    let (person, restaurant) = (wanted.person.uid(), wanted.restaurant.uid());
    let mut params: Vec<Value> = vec![person.into(), restaurant.into(), hold.into()];
    match before {
        None => {
            commit.claim(&rows::HOLDS, params);
        }
        Some(before) => {
            params.push(before.into());
            commit.guard(&rows::REPLACE_HOLD, params);
        }
    }
}

fn lapse_at(commit: &mut Commit, hold: Uid, due_at: Time) {
    let timer = Timer {
        id: hold,
        kind: LAPSE,
        payload: "{}".to_owned(),
        due_at,
    };
    timer.set(commit);
}
