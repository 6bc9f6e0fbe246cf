//! What an organisation does with its offers: makes, lists, changes and ends them.

use std::sync::Arc;

use ::store::{Cell, Commit, Db, Failure, Value};
use base::{Clock, Error, Organisation, Page, Random, Result, Trail as _, Uid, codes};
use domain::organisations::OrganisationId;
use domain::pricing::Funder;
use engine::Stop;
use fabric::Bus;
use serde::Serialize;
use slice::{Ask, Cursors, Turn};
use trade::offers::{Code, Founding, Offer, Terms, Told};

use super::memory::Memory;
use super::store::{self as rows, Sort};
use super::view::OfferView;

/// How often something is decided anew because somebody else was faster.
const TRIES: usize = 16;

/// The use cases of offers. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) memory: Memory,
    clock: Clock,
    random: Random,
    cursors: Cursors,
    bus: Bus,
}

/// On whose behalf offers are made and changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hand {
    /// Of those who work in the organisation.
    Own,
    /// Of the platform, which may say that it pays.
    Platform,
}

/// Which offers of which organisation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shelf {
    pub(super) organisation: OrganisationId,
    pub(super) sort: Sort,
}

impl Shelf {
    fn number(self) -> Organisation {
        self.organisation.organisation()
    }
}

/// What becomes of an offer.
enum Next {
    Changed(Box<Told>),
    Ended,
}

impl App {
    /// The slice over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        App(Arc::new(Inner {
            memory: Memory::new(&parts.clock, &parts.trust),
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            bus: parts.bus.clone(),
        }))
    }

    /// Forgets what other nodes have changed, until the stop.
    pub(super) async fn follow(self, stop: Stop) -> Result<()> {
        self.0.memory.follow(&self.0.bus, &stop).await
    }

    /// Makes an offer; a coupon has a code, and nobody else's.
    pub(super) async fn create(
        &self,
        ask: &Ask,
        shelf: Shelf,
        (founding, hand): (&Founding, Hand),
    ) -> Result<OfferView> {
        may_fund(&founding.terms, hand)?;
        is_own(&founding.terms, shelf.number())?;
        let (db, number) = (&self.0.db, shelf.number());
        let request = (shelf.sort.name(), founding);
        let settled = ask.settle(db, (number, "offers.create"), &request, async || {
            let mut commit = db.new_commit(number);
            let uid = Uid::make(&self.0.clock, &self.0.random, number);
            let id = shelf.sort.id(uid);
            let offer = Offer::created(id, founding.clone(), commit.at());
            let (name, most) = (shelf.sort.name(), shelf.sort.most());
            commit.guard(&rows::BEGIN, [name.into(), most.into()]);
            if let Some(code) = &offer.code {
                commit.claim(&rows::CODES, [code.as_str().into(), uid.into()]);
            }
            let mut cells = vec![Cell::from(uid)];
            cells.extend(rows::cells(&offer)?.map(Cell::from));
            commit.insert(&rows::OFFERS, cells);
            let counts: [Value; 4] = [
                uid.into(),
                offer.version.into(),
                rows::most(&offer.terms).into(),
                0.into(),
            ];
            commit.insert(&rows::COUNTS, counts.map(Cell::from));
            let event = ask.event(&commit, (uid, 1), id.created(), founding)?;
            commit.event(event);
            Ok((commit, OfferView::of(&offer, 0)))
        });
        let made = settled.await.map_err(|error| refused(error, shelf.sort));
        self.0.memory.forget(number).await;
        made
    }

    /// Lists the offers of a sort, oldest first.
    pub(super) async fn list(&self, shelf: Shelf, turn: &Turn) -> Result<Page<OfferView>> {
        let (inner, number) = (&self.0, shelf.number());
        let scope = format!("{}s of {}", shelf.sort.name(), shelf.organisation);
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(inner.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let params: [Value; 3] = [
            shelf.sort.name().into(),
            after.into(),
            i64::from(turn.limit).saturating_add(1).into(),
        ];
        let found = inner.db.rows(number, &rows::LIST, params).await.at()?;
        let more = found.len() > limit;
        let offers = found.iter().take(limit).map(rows::read);
        let offers: Vec<Offer> = offers.collect::<Result<_, _>>()?;
        let last = offers.last().filter(|_| more);
        let next = last.map(|last| inner.cursors.seal(&scope, last.id.uid().as_bytes()));
        Ok(Page {
            next,
            items: self.shown(number, &offers).await?,
        })
    }

    /// Reads an offer.
    pub(super) async fn read(&self, shelf: Shelf, id: Uid) -> Result<OfferView> {
        let offer = self.offer(shelf, id).await?;
        let shown = self.shown(shelf.number(), std::slice::from_ref(&offer));
        shown.await?.pop().ok_or_else(missing)
    }

    /// Gives an offer other terms, by somebody who has seen it at a version.
    pub(super) async fn change(
        &self,
        ask: &Ask,
        (shelf, id): (Shelf, Uid),
        (request, seen): (&impl Serialize, i64),
        (terms, hand): (impl Fn(&Offer) -> Result<Terms>, Hand),
    ) -> Result<OfferView> {
        let decide = |offer: &Offer| {
            may_fund(&offer.terms, hand)?;
            let terms = terms(offer)?;
            may_fund(&terms, hand)?;
            is_own(&terms, shelf.number())?;
            Ok(offer.change(terms, seen)?.map(Box::new).map(Next::Changed))
        };
        self.settle(ask, (shelf, id, "offers.change"), request, decide)
            .await
    }

    /// Ends an offer. It may be said again.
    pub(super) async fn end(&self, ask: &Ask, shelf: Shelf, id: Uid) -> Result<OfferView> {
        let decide = |offer: &Offer| Ok(offer.ends().then_some(Next::Ended));
        self.settle(ask, (shelf, id, "offers.end"), &(), decide)
            .await
    }

    /// Reads, decides and commits, again when somebody else was faster.
    async fn settle(
        &self,
        ask: &Ask,
        (shelf, id, operation): (Shelf, Uid, &'static str),
        request: &impl Serialize,
        decide: impl Fn(&Offer) -> Result<Option<Next>>,
    ) -> Result<OfferView> {
        let (db, number) = (&self.0.db, shelf.number());
        let (mut tries, request) = (1, (shelf.sort.name(), id.as_bytes(), request));
        let settled = loop {
            let settled = ask.settle(db, (number, operation), &request, async || {
                let offer = self.offer(shelf, id).await?;
                let mut commit = db.new_commit(number);
                let offer = match decide(&offer)? {
                    None => offer,
                    Some(next) => say(ask, &mut commit, offer, next)?,
                };
                let shown = self
                    .shown(number, std::slice::from_ref(&offer))
                    .await?
                    .pop();
                Ok((commit, shown.ok_or_else(missing)?))
            });
            match settled.await {
                Err(error) if tries < TRIES && was_refused(&error) => tries += 1,
                settled => break settled,
            }
        };
        self.0.memory.forget(number).await;
        settled
    }

    async fn offer(&self, shelf: Shelf, id: Uid) -> Result<Offer> {
        if id.organisation() != shelf.number() {
            return Err(missing());
        }
        let found = self.0.db.rows(shelf.number(), &rows::READ, [id.into()]);
        let found = found.await.at()?;
        let offer = rows::read(found.first().ok_or_else(missing)?)?;
        match Sort::of(offer.id) == shelf.sort {
            true => Ok(offer),
            false => Err(missing()),
        }
    }

    /// Offers with how often they were used.
    async fn shown(&self, number: Organisation, offers: &[Offer]) -> Result<Vec<OfferView>> {
        let ids: Vec<Uid> = offers.iter().map(|offer| offer.id.uid()).collect();
        let found = self.0.db.rows(number, &rows::READ_COUNTS, [ids.into()]);
        let mut used = std::collections::BTreeMap::new();
        for row in &found.await.at()? {
            used.insert(row.get::<Uid>(0)?, row.get::<i64>(1)?);
        }
        let uses = |offer: &Offer| used.get(&offer.id.uid()).copied().unwrap_or_default();
        Ok(offers
            .iter()
            .map(|offer| OfferView::of(offer, uses(offer)))
            .collect())
    }
}

/// Adds to a commit what becomes of an offer; answers the offer as it is then.
fn say(ask: &Ask, commit: &mut Commit, offer: Offer, next: Next) -> Result<Offer> {
    let (uid, seen, id) = (offer.id.uid(), offer.version, offer.id);
    let version = seen.saturating_add(1);
    let (offer, event) = match next {
        Next::Changed(told) => {
            let event = ask.event(commit, (uid, version), id.changed(), &*told)?;
            (offer.changed(*told), event)
        }
        Next::Ended => {
            commit.change(&rows::END, [Sort::of(id).name().into()]);
            let nothing = serde_json::json!({});
            let event = ask.event(commit, (uid, version), id.ended(), &nothing)?;
            (offer.ended(), event)
        }
    };
    let params: [Value; 4] = [
        uid.into(),
        seen.into(),
        offer.state.name().into(),
        rows::text(&offer.terms)?.into(),
    ];
    commit.guard(&rows::CHANGE, params);
    let params: [Value; 3] = [uid.into(), seen.into(), rows::most(&offer.terms).into()];
    commit.guard(&rows::RECOUNT, params);
    commit.event(event);
    Ok(offer)
}

/// What the platform pays only the platform says.
fn may_fund(terms: &Terms, hand: Hand) -> Result<()> {
    match (terms.funder, hand) {
        (Funder::Platform, Hand::Own) => Err(Error::forbidden(
            codes::FORBIDDEN,
            "only the platform makes and changes offers that it pays for",
        )),
        (Funder::Platform, Hand::Platform) | (Funder::Restaurant | Funder::Brand, _) => Ok(()),
    }
}

/// Refuses restaurants and brands of other organisations.
fn is_own(terms: &Terms, number: Organisation) -> Result<()> {
    let mut brands = terms.brands.iter();
    if !brands.all(|id| id.organisation() == number) {
        let said = "there is no such brand in the organisation";
        return Err(slice::wrong("brands", said));
    }
    let mut restaurants = terms.restaurants.iter();
    match restaurants.all(|id| id.organisation() == number) {
        true => Ok(()),
        false => Err(slice::wrong(
            "restaurants",
            "there is no such restaurant in the organisation",
        )),
    }
}

/// Says what a new offer was refused for.
fn refused(error: Error, sort: Sort) -> Error {
    match failure(&error) {
        Some(Failure::Refused { name, .. }) if *name == rows::BEGIN.name => {
            let (most, name) = (sort.most(), sort.name());
            let said = format!("an organisation has at most {most} {name}s that have not ended");
            Error::conflict(codes::PLAN_LIMIT, said.clone()).field(
                "offers",
                codes::PLAN_LIMIT,
                said,
            )
        }
        Some(Failure::Refused { name, .. }) if *name == rows::CODES.name => {
            let said = "another coupon has this code, or had it";
            Error::conflict(codes::NAME_TAKEN, said).field("code", codes::NAME_TAKEN, said)
        }
        _ => error,
    }
}

fn failure(error: &Error) -> Option<&Failure> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Whether somebody else was faster.
fn was_refused(error: &Error) -> bool {
    matches!(failure(error), Some(Failure::Refused { .. }))
}

#[track_caller]
pub(super) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

/// The code of a coupon as it was typed.
pub(super) fn code(typed: &str) -> Result<Code> {
    Code::parse(typed).map_err(|error| slice::wrong("code", error.to_string()))
}
