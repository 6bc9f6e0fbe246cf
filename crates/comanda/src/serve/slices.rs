//! The slices of the platform, put together from the settings and the ground.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::{Result, Trail as _};
use catalogue::Catalogue;
use commerce::Commerce;
use domain::people::{Countries, PersonId};
use edge::{FirstOf, Identify, Routes};
use fabric::Limits;
use feeds::{Feeds, Neighbours, OfTheSystem, Patience, Wire};
use futures_util::future::BoxFuture;
use identity::{Identity, factors, people, privacy, sessions};
use platform::Platform;
use rpc::{Addresses, Deliver, Fraud, Inbox, Letters, Log, Menus, People, Venues};
use slice::Cursors;

use super::ground::Ground;
use super::payments;
use crate::config::sign_in::{Provider, Way};
use crate::letters::{Folder, Nobody};
use crate::secrets::guarded;

/// Callers whose requests are counted at once; those who came last stay.
const CALLERS_MAX: usize = 100_000;

/// What apps and browsers call the platform where they list accounts.
const NAME: &str = "Comanda";

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Slices {
    pub(crate) identity: Identity,
    pub(crate) platform: Platform,
    pub(crate) catalogue: Catalogue,
    pub(crate) commerce: Commerce,
    pub(crate) feeds: Feeds,
    pub(crate) search: search::App,
    pub(crate) privacy: privacy::App,
    pub(crate) limits: Limits,
    inbox: Option<Inbox>,
}

/// Whoever belongs to an organisation works for it, and an operator for the platform.
struct Workers {
    platform: OnceLock<Platform>,
    operators: OnceLock<identity::operators::App>,
}

impl factors::Staff for Workers {
    fn is_staff(&self, person: PersonId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let (Some(platform), Some(operators)) = (self.platform.get(), self.operators.get())
            else {
                // Nobody loses a factor before it is known whether he needs it.
                return Ok(true);
            };
            if operators.is_operator(person).await? {
                return Ok(true);
            }
            Ok(!platform.access.memberships(person).await?.is_empty())
        })
    }
}

impl Slices {
    /// Puts the slices together; browsers reach them under this address.
    pub(crate) fn open(ground: &Ground, url: &str) -> Result<Self> {
        let settings = &ground.settings.sign_in;
        let inbox = (settings.letters == Way::Inbox).then(|| Inbox::new(&ground.clock));
        let letters = Letters::new(sender(ground, inbox.as_ref())?);
        let limits = Limits::memory(&ground.clock, CALLERS_MAX);
        let workers = Arc::new(Workers {
            platform: OnceLock::new(),
            operators: OnceLock::new(),
        });
        let identity = Identity::new(identity::Parts {
            db: &ground.db,
            sealer: &ground.sealer,
            clock: &ground.clock,
            random: &ground.random,
            bus: &ground.bus,
            trust: &ground.trust,
            limits: &limits,
            pepper: ground.rings.pepper(),
            token: ground.rings.token(),
            letters: letters.clone(),
            staff: Arc::clone(&workers) as Arc<dyn factors::Staff>,
            settings: read(ground, url)?,
        })
        .context("the settings of `sign_in`")?;
        let platform = Platform::new(platform::Parts {
            db: ground.db.clone(),
            clock: ground.clock.clone(),
            random: ground.random.clone(),
            sealer: ground.sealer.clone(),
            cursors: Cursors::new(ground.rings.cursors()),
            pepper: ground.rings.pepper(),
            audit: ground.rings.audit(),
            bus: ground.bus.clone(),
            trust: ground.trust.clone(),
            people: People::new(Arc::new(identity.people.clone())),
            letters,
            join: format!("{url}/join"),
        });
        let within = (&identity, &platform, &limits);
        let (catalogue, commerce, feeds) = sellers(ground, within, url)?;
        let search = searching(ground, &platform, &catalogue);
        // Set once, here, so neither was there before.
        let _first = workers.platform.set(platform.clone());
        let _first = workers.operators.set(identity.operators.clone());
        Ok(Slices {
            privacy: privacy::App::new(
                &identity,
                &platform.personal().and(commerce.keepers()),
                &ground.clock,
            ),
            identity,
            platform,
            catalogue,
            commerce,
            feeds,
            search,
            limits,
            inbox,
        })
    }

    /// The routes of all slices.
    pub(crate) fn routes(&self) -> Routes {
        let routes = Routes::new()
            .with(self.identity.routes())
            .with(privacy::routes(&self.privacy))
            .with(self.platform.routes())
            .with(self.catalogue.routes())
            .with(self.commerce.routes())
            .with(self.feeds.routes())
            .with(search::routes(&self.search));
        match &self.inbox {
            Some(inbox) => routes.with(people::inbox_routes(inbox)),
            None => routes,
        }
    }

    /// Who knows whose credentials a request carries.
    pub(crate) fn identify(&self) -> Arc<dyn Identify> {
        let mut all = self.identity.identify();
        all.extend(self.platform.identify());
        Arc::new(FirstOf(all))
    }

    /// Begins what works on its own, and the engine with it.
    pub(crate) fn start(&self, ground: &Ground) -> Result<()> {
        self.identity.start(&ground.tasks);
        self.platform.start(&ground.tasks);
        let privacy = self.privacy.clone();
        let tasks = &ground.tasks;
        tasks.spawn("erasures", move |stop| privacy.clone().finish(stop));
        self.catalogue.start(tasks);
        self.commerce.start(tasks);
        self.feeds.start(tasks);
        search::start(&self.search, tasks);
        let mut consumers = self.platform.consumers()?;
        consumers.extend(self.catalogue.consumers()?);
        consumers.extend(self.commerce.consumers()?);
        consumers.extend(self.feeds.consumers()?);
        consumers.push(search::consumer(&self.search)?);
        let mut timers = self.platform.timers();
        timers.extend(self.catalogue.timers());
        timers.extend(self.commerce.timers());
        let engine = ground.start_engine(consumers, timers, self.feeds.jobs())?;
        self.feeds.attend(&engine);
        Ok(())
    }
}

/// What is sold, what is ordered of it, and what the outside is told of both.
fn sellers(
    ground: &Ground,
    (identity, platform, limits): (&Identity, &Platform, &Limits),
    url: &str,
) -> Result<(Catalogue, Commerce, Feeds)> {
    let catalogue = Catalogue::new(&catalogue::Parts {
        db: ground.db.clone(),
        clock: ground.clock.clone(),
        random: ground.random.clone(),
        cursors: Cursors::new(ground.rings.cursors()),
        bus: ground.bus.clone(),
        trust: ground.trust.clone(),
        blobs: ground.blobs()?,
        restaurants: platform.restaurants(),
    });
    let commerce = Commerce::new(&commerce::Parts {
        db: ground.db.clone(),
        clock: ground.clock.clone(),
        random: ground.random.clone(),
        cursors: Cursors::new(ground.rings.cursors()),
        sealer: ground.sealer.clone(),
        bus: ground.bus.clone(),
        trust: ground.trust.clone(),
        limits: limits.clone(),
        restaurants: platform.restaurants(),
        venues: Venues::new(Arc::new(catalogue.venues.clone())),
        menus: Menus::new(Arc::new(catalogue.menus.clone())),
        stock: catalogue.menus.clone(),
        fraud: Fraud::default(),
        addresses: Addresses::new(Arc::new(identity.people.clone())),
        providers: payments::providers(ground, url)?,
    });
    let catalogue = catalogue.holding(commerce.places());
    let feeds = Feeds::new(&feeds::Parts {
        db: ground.db.clone(),
        clock: ground.clock.clone(),
        random: ground.random.clone(),
        cursors: Cursors::new(ground.rings.cursors()),
        sealer: ground.sealer.clone(),
        bus: ground.bus.clone(),
        restaurants: platform.restaurants(),
        wire: Wire::new(Arc::new(OfTheSystem), neighbours(ground))?,
        patience: Patience::default(),
    });
    Ok((catalogue, commerce, feeds))
}

fn searching(ground: &Ground, platform: &Platform, catalogue: &Catalogue) -> search::App {
    search::App::new(search::Parts {
        db: ground.db.clone(),
        clock: ground.clock.clone(),
        random: ground.random.clone(),
        cursors: Cursors::new(ground.rings.cursors()),
        restaurants: platform.restaurants(),
        venues: Venues::new(Arc::new(catalogue.venues.clone())),
        menus: Menus::new(Arc::new(catalogue.menus.clone())),
    })
}

/// Whether webhooks may be in the network of this machine: where somebody tries it out, and nowhere else.
fn neighbours(ground: &Ground) -> Neighbours {
    match ground.is_production {
        true => Neighbours::Refused,
        false => Neighbours::Allowed,
    }
}

/// The way out for letters.
fn sender(ground: &Ground, inbox: Option<&Inbox>) -> Result<Arc<dyn Deliver>> {
    let settings = &ground.settings.sign_in;
    Ok(match (inbox, &settings.letters_folder) {
        (Some(inbox), _) => Arc::new(Log::new(inbox)),
        (None, Some(path)) => Arc::new(Folder::open(path, &ground.clock, &ground.random)?),
        (None, None) => Arc::new(Nobody),
    })
}

fn read(ground: &Ground, url: &str) -> Result<identity::Settings> {
    let settings = &ground.settings.sign_in;
    let limits = |absolute: Duration, idle: Duration| sessions::Limits { absolute, idle };
    let countries = match settings.countries.is_empty() {
        true => Countries::All,
        false => Countries::Only(settings.countries.clone()),
    };
    let providers = settings
        .providers
        .iter()
        .map(|(name, given)| provider(name, given));
    Ok(identity::Settings {
        codes: people::codes::Settings {
            countries,
            text_micros: settings.text_price_micros,
            email_micros: settings.email_price_micros,
            region_cap_micros: settings.day_cap_micros,
            organisation_cap_micros: settings.organisation_day_cap_micros,
            ..people::codes::Settings::default()
        },
        sessions: sessions::Settings {
            one: limits(settings.session.0, settings.session_idle.0),
            two: limits(settings.staff_session.0, settings.staff_session_idle.0),
            access: settings.token.0,
            issuer: url.to_owned(),
            audience: format!("{url}/api"),
        },
        factors: factors::Settings {
            public_url: url.to_owned(),
            name: NAME.to_owned(),
            providers: providers.collect::<Result<_>>()?,
            loopback: match ground.is_production {
                true => factors::Loopback::Tls,
                false => factors::Loopback::Plain,
            },
        },
    })
}

fn provider(name: &str, given: &Provider) -> Result<factors::Provider> {
    let secret = given
        .client_secret_file
        .as_deref()
        .map(guarded::read)
        .transpose();
    let secret = secret.context("reading the secret of a provider")?;
    let usual = || vec!["email".to_owned(), "profile".to_owned()];
    Ok(factors::Provider {
        name: name.to_owned(),
        label: given.label.clone().unwrap_or_else(|| name.to_owned()),
        issuer: given.issuer.clone(),
        client_id: given.client_id.clone(),
        client_secret: secret.map(|text| text.trim_end().to_owned().into()),
        scopes: given.scopes.clone().unwrap_or_else(usual),
    })
}
