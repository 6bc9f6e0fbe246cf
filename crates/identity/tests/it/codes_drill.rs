//! Ten thousand numbers from five hundred addresses: whatever is tried, no more money goes than was set.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::secret::KeyRing;
use base::{Clock, Organisation, Random};
use domain::people::{Contact, ContactKind};
use edge::Client;
use fabric::Limits;
use futures_util::future::BoxFuture;
use identity::people::codes::{Asked, Parts, Purpose, Settings};
use identity::people::{App, Codes};
use rpc::{Deliver, Letter, Letters, Recipient};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

/// A sender that keeps a ledger of its own: the oracle of what was spent.
#[derive(Default)]
struct Ledger {
    spent_micros: AtomicI64,
    letters: AtomicI64,
}

impl Deliver for Ledger {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, base::Result<()>> {
        let Recipient::Phone(phone) = &letter.to else {
            panic!("only numbers are attacked")
        };
        let micros = if phone.as_str().starts_with("+44") {
            200_000
        } else {
            50_000
        };
        self.spent_micros.fetch_add(micros, Ordering::Relaxed);
        self.letters.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

static BRING: store::Parts = store::Parts {
    shards: &[],
    people: identity::PEOPLE,
    control: &[],
    audit: &[],
};

#[tokio::test]
async fn ten_thousand_numbers_cost_no_more_than_was_set() {
    let world = World::new(Engine::Inline).await;
    world.db.migrate(&BRING).await.unwrap();
    let random = Random::seeded(4);
    let clock = Clock::simulated(world.clock.now());
    let sealer = world.db.sealer(&KeyRing::draw(&Random::real()));
    let people = App::new(&world.db, &sealer, (&clock, &Random::real()));
    let (_pepper, peppers) = watch::channel(KeyRing::draw(&Random::real()));
    let settings = Settings {
        text_micros_in: vec![("44".to_owned(), 200_000)],
        region_cap_micros: 40_000_000,
        organisation_cap_micros: 5_000_000,
        ..Settings::default()
    };
    let ledger = Arc::new(Ledger::default());
    let codes = Codes::new(Parts {
        people: &people,
        limits: &Limits::memory(&clock, 100_000),
        pepper: peppers,
        letters: Letters::new(Arc::clone(&ledger) as Arc<dyn Deliver>),
        settings: settings.clone(),
    });
    let (mut sent, mut by_organisation) = (0_i64, 0_i64);
    let days = 2;
    for _ in 0..20_000 {
        // Half of the numbers come in rows, as those who sell calls own them; a tenth goes to the dear country.
        let number = random.below(10_000);
        let text = match number % 10 {
            0 => format!("+44770090{number:04}"),
            1..5 => format!("+4915{:09}", number * 99_991 % 1_000_000_000),
            _ => format!("+336{:08}", number * 7_919 % 100_000_000),
        };
        let contact = Contact::parse(ContactKind::Phone, &text).unwrap();
        let address = u32::try_from(random.below(500)).unwrap() + 0x0a00_0000;
        let client = Client {
            address: Some(IpAddr::V4(Ipv4Addr::from(address))),
            agent: None,
        };
        let asked = Asked {
            contact: &contact,
            purpose: Purpose::SignIn,
            client: &client,
            organisation: number.is_multiple_of(3).then(|| Organisation::new(7)),
        };
        if let Ok(done) = codes.send(&asked).await {
            sent += 1;
            assert_eq!(done.lasts, Duration::from_secs(300));
            if asked.organisation.is_some() {
                by_organisation += if text.starts_with("+44") {
                    200_000
                } else {
                    50_000
                };
            }
        }
        // Twenty thousand attempts in two days.
        clock.advance(Duration::from_micros(8_640_000)).unwrap();
    }
    let spent = ledger.spent_micros.load(Ordering::Relaxed);
    assert_eq!(ledger.letters.load(Ordering::Relaxed), sent);
    // The two days may touch three of the calendar.
    assert!(spent <= (days + 1) * settings.region_cap_micros, "{spent}");
    assert!(by_organisation <= (days + 1) * settings.organisation_cap_micros);
    assert!(sent > 100, "nobody was sent anything: {sent}");
}
