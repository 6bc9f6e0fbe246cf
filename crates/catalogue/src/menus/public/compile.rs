//! Compiling: from a menu to the bytes that are sent.

use std::sync::Arc;
use std::time::Duration;

use base::{Error, Result, Time, codes};
use carte::{
    Availability, ItemId, Language, Menu, RevisionNumber, Service, ShownCategory, ShownMenu, Since,
    View, shown,
};
use domain::organisations::RestaurantId;
use edge::{Accepts, Encoding, Packed, Sort, Variants};
use fabric::Held;
use fabric::cache::LISTS_AGE_MAX;
use serde::Serialize;

use super::choice::{Asked, Case};
use super::front::{Front, Kind};
use super::mark::Mark;
use crate::menus::app::App;

/// What has run out, which anybody may keep for a moment without asking whether it is still so.
static OVERLAY: Sort = Sort::of("application/json").kept("public, max-age=1, must-revalidate");

/// Menus; besides, they depend on the languages of the browser.
static MENU: Sort = OVERLAY.varies("accept-language");

/// How many revisions back a difference is made; who has an older one gets the whole menu.
const SINCE_MAX: i64 = 50;

/// Below this, an overlay is sent as it is: it fits into one packet.
const OVERLAY_PACKED_MIN: usize = 1_024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    mark: &'a str,
    revision: RevisionNumber,
    service: Service,
    whole: bool,
    #[serde(flatten)]
    menu: &'a ShownMenu<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step<'a> {
    mark: &'a str,
    revision: RevisionNumber,
    service: Service,
    whole: bool,
    since: RevisionNumber,
    language: &'a Language,
    changes: Since<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Categories<'a> {
    mark: &'a str,
    revision: RevisionNumber,
    service: Service,
    language: &'a Language,
    categories: &'a [ShownCategory<'a>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Overlay {
    version: i64,
    items: Vec<OverlayItem>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OverlayItem {
    item: ItemId,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    left: u32,
}

/// What one answer is compiled from; moved to where there is time for it.
struct Task {
    menu: Arc<Menu>,
    /// The menu that the caller has, where a difference is made.
    before: Option<(RevisionNumber, Arc<Menu>)>,
    case: Case,
    kind: Kind,
    mark: String,
    revision: RevisionNumber,
    encoding: Encoding,
}

impl App {
    /// The menu for one who asks, from memory or compiled now, and the version of what has run out.
    pub(super) async fn menu_for(
        &self,
        id: RestaurantId,
        asked: &Asked<'_>,
        since: Option<&str>,
        encoding: Encoding,
    ) -> Result<(u64, Held<Packed>)> {
        let pages = &self.0.memory.pages;
        let is_whole = since.is_none();
        let at_hand = || pages.at_hand(id, |front| front.hint(asked, encoding));
        if let Some(at_hand) = is_whole.then(at_hand).flatten() {
            return Ok(at_hand);
        }
        let front = self.front(id).await?;
        let case = front.faces.case(asked);
        let hint = front.hint(asked, encoding).filter(|_| is_whole);
        let packed = match hint {
            Some(hint) => {
                let key = || front.key(&case, Kind::Whole, encoding);
                let compile = async || self.compile(id, &front, &case, Kind::Whole, encoding).await;
                pages.usual((&front, hint), key, compile).await?
            }
            None => {
                let kind = self.kind_for(&front, &case, since);
                self.answer(id, &front, &case, kind, encoding).await?
            }
        };
        Ok((front.availability, packed))
    }

    /// The answer to a case, from memory or compiled now.
    pub(super) async fn answer(
        &self,
        id: RestaurantId,
        front: &Front,
        case: &Case,
        kind: Kind,
        encoding: Encoding,
    ) -> Result<Held<Packed>> {
        let key = front.key(case, kind, encoding);
        let compile = async || self.compile(id, front, case, kind, encoding).await;
        self.0.memory.pages.answer((front, &key), compile).await
    }

    /// What a caller with a mark is answered: the difference, if there is one to be made.
    fn kind_for(&self, front: &Front, case: &Case, since: Option<&str>) -> Kind {
        let Some(has) = since.and_then(|text| text.parse::<Mark>().ok()) else {
            return Kind::Whole;
        };
        let now = front.mark(case);
        let behind = now.revision.saturating_sub(has.revision);
        let is_known = (0..=SINCE_MAX).contains(&behind) && has.revision > 0;
        match is_known && has.is_like(&now) {
            true => Kind::Since(has.revision),
            false => Kind::Whole,
        }
    }

    async fn compile(
        &self,
        id: RestaurantId,
        front: &Front,
        case: &Case,
        kind: Kind,
        encoding: Encoding,
    ) -> Result<Packed> {
        let selling = &front.selling;
        let gone = || Error::internal(codes::INTERNAL, "a revision that is sold is not there");
        let menu = self.menu_sold(id, selling).await?.ok_or_else(gone)?;
        let before = match kind {
            Kind::Since(number) => {
                let before = self.menu_of(selling.place, number).await?;
                before.map(|menu| (number, menu))
            }
            Kind::Whole | Kind::Categories => None,
        };
        let location = selling.location.clone();
        let task = Task {
            menu,
            before,
            case: case.clone(),
            kind,
            mark: front.mark(case).to_string(),
            revision: selling.revision,
            encoding,
        };
        let work = move || {
            let mut task = task;
            if !location.is_empty() {
                let at = |(number, menu): (_, Arc<Menu>)| (number, Arc::new(menu.at(&location)));
                task.before = task.before.take().map(at);
            }
            task.run()
        };
        self.0.memory.pages.aside(work).await
    }

    /// How many answers to the public were compiled by this node.
    #[must_use]
    pub fn compiled(&self) -> u64 {
        self.0.memory.pages.compiled()
    }

    /// What has run out, from memory or read now.
    pub(super) async fn overlay(&self, id: RestaurantId, accepts: Accepts) -> Result<Packed> {
        // Whoever shows no menu shows nothing that has run out.
        let _shown = self.front(id).await?;
        let load = async || {
            let stock = self.availability(id).await?;
            overlay(&stock, self.0.clock.now())
        };
        let overlay = self.0.memory.pages.overlay(id, load).await?;
        Ok(overlay.choose(accepts))
    }
}

impl Task {
    fn run(&self) -> Result<Packed> {
        let view = View {
            service: self.case.service,
            channel: &self.case.channel,
            language: self.case.language.as_ref(),
        };
        let now = shown(&self.menu, &view);
        let text = match (&self.kind, &self.before) {
            (Kind::Categories, _) => write(&self.categories(&now))?,
            (Kind::Since(_), Some((since, before))) => {
                let step = write(&self.step(*since, &shown(before, &view), &now))?;
                let whole = write(&self.whole(&now))?;
                // Where nearly everything has changed the menu itself says it in fewer words.
                if step.len() < whole.len() {
                    step
                } else {
                    whole
                }
            }
            (Kind::Whole | Kind::Since(_), _) => write(&self.whole(&now))?,
        };
        Ok(Packed::new(&MENU, text).packed(self.encoding))
    }

    fn whole<'a>(&'a self, menu: &'a ShownMenu<'a>) -> Whole<'a> {
        Whole {
            mark: &self.mark,
            revision: self.revision,
            service: self.case.service,
            whole: true,
            menu,
        }
    }

    fn step<'a>(
        &'a self,
        since: RevisionNumber,
        before: &ShownMenu<'a>,
        now: &ShownMenu<'a>,
    ) -> Step<'a> {
        Step {
            mark: &self.mark,
            revision: self.revision,
            service: self.case.service,
            whole: false,
            since,
            language: now.head.language,
            changes: Since::between(before, now),
        }
    }

    fn categories<'a>(&'a self, menu: &'a ShownMenu<'a>) -> Categories<'a> {
        Categories {
            mark: &self.mark,
            revision: self.revision,
            service: self.case.service,
            language: menu.head.language,
            categories: &menu.categories,
        }
    }
}

fn overlay(stock: &Availability, now: Time) -> Result<(Variants, usize, Duration)> {
    let item = |(item, off): (&ItemId, &carte::Off)| OverlayItem {
        item: *item,
        until: off.until,
        left: off.left.unwrap_or(0),
    };
    let text = write(&Overlay {
        version: stock.version,
        items: stock.standing(now).map(item).collect(),
    })?;
    let ends = stock.changes_at(now).map(|at| at.since(now));
    let age_max = ends.unwrap_or(LISTS_AGE_MAX).min(LISTS_AGE_MAX);
    let bytes = text.len().saturating_mul(2).saturating_add(4_096);
    let packed = Packed::new(&OVERLAY, text);
    let variants = match packed.body().len() < OVERLAY_PACKED_MIN {
        true => Variants::plain(packed),
        false => Variants::of(packed),
    };
    Ok((variants, bytes, age_max))
}

fn write(answer: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(answer).map_err(|error| {
        Error::internal(codes::INTERNAL, "a menu cannot be written").caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use super::super::view::{CategoriesView, MenuView};
    use super::*;
    use serde_json::Value;

    const MENU: &str = r#"{
        "currency": "EUR", "language": "en", "taxesIncluded": "included",
        "dayparts": [{"key": "lunch", "name": {"main": "Lunch"}, "days": ["mon"], "from": "11:30", "to": "14:30"}],
        "taxes": [{"key": "food", "rates": {"delivery": 70000, "pickup": 70000, "dine_in": 190000}}],
        "categories": [{"id": "cat_01jgfjjz0000000000000000a1", "name": {"main": "All"}, "daypart": "lunch",
            "description": {"main": "Everything"}, "items": ["itm_01jgfjjz0000000000000000a1"]}],
        "items": [{"id": "itm_01jgfjjz0000000000000000a1", "name": {"main": "Pizza"}, "description": {"main": "Hot"},
            "price": {"minor": 1250, "rules": [{"daypart": "lunch", "minor": 990}]}, "tax": "food",
            "groups": ["grp_01jgfjjz0000000000000000a1"], "allergens": ["gluten"], "diets": ["vegan"], "ageMin": 16,
            "picture": "pic_01jgfjjz0000000000000000a1", "prepMinutes": 12}],
        "groups": [{"id": "grp_01jgfjjz0000000000000000a1", "name": {"main": "Again"}, "min": 0, "max": 1,
            "choices": [{"item": "itm_01jgfjjz0000000000000000a1",
                "prices": {"minor": 100, "rules": [{"daypart": "lunch", "minor": 50}]}, "preset": 1}]}]
    }"#;

    fn task(kind: Kind, before: Option<&str>) -> Task {
        let read = |text: &str| Arc::new(serde_json::from_str::<Menu>(text).unwrap());
        Task {
            menu: read(MENU),
            before: before.map(|text| (6, read(text))),
            case: Case {
                service: Service::Delivery,
                channel: "direct".parse().unwrap(),
                language: None,
            },
            kind,
            mark: "7~en".to_owned(),
            revision: 7,
            encoding: Encoding::Identity,
        }
    }

    /// The document describes what is sent to the last field: nothing is sent that it does not know, and what it reads
    /// and writes again is the same.
    #[test]
    fn what_is_sent_is_what_the_document_says() {
        let whole = task(Kind::Whole, None).run().unwrap();
        let sent: Value = serde_json::from_slice(whole.body()).unwrap();
        let read: MenuView = serde_json::from_slice(whole.body()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), sent);
        let categories = task(Kind::Categories, None).run().unwrap();
        let sent: Value = serde_json::from_slice(categories.body()).unwrap();
        let read: CategoriesView = serde_json::from_slice(categories.body()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), sent);
        let other = MENU.replace("Lunch", "Midday").replace("Hot", "Cold");
        let step = task(Kind::Since(6), Some(&other)).run().unwrap();
        let sent: Value = serde_json::from_slice(step.body()).unwrap();
        assert_eq!((&sent["whole"], &sent["since"]), (&false.into(), &6.into()));
        let read: MenuView = serde_json::from_slice(step.body()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), sent);
    }
}
