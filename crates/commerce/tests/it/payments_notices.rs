//! What providers tell by themselves: in any order and however often, it ends alike; and settlement files.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use base::{Money, Organisation, Random, Uid};
use commerce::payments::App;
use engine::{Due, Handled};
use futures_util::future::BoxFuture;
use http::{Method, Request, StatusCode};
use rpc::Providers;
use rpc::providers::{Answer, Asked, Change, Charge, Headers, LookUp, Notice, Provider, Return};
use testkit::provider::Fake;
use testkit::trial::Engine;
use trade::payments::{Act, AttemptState, Covers, Intent, PaymentId, State};

use crate::payments::Till;
use crate::world::{OPERATOR, Shop, eventually, on_both};

/// How many orders of six there are.
const ORDERS: usize = 720;

/// Tells one fact as the provider would, and has it looked at.
async fn tell(till: &Till, fake: &Fake, notice: &Notice) {
    let (headers, body) = fake.write(std::slice::from_ref(notice));
    let said = till.app.take_in("fake", &headers, &body).await.unwrap();
    assert_eq!(said, "[fake]");
    hear(&till.app, till.organisation, &notice.id).await;
}

/// Looks at a notice as its timer does.
async fn hear(app: &App, organisation: Organisation, id: &str) {
    try_to_hear(app, organisation, id).await.unwrap();
}

async fn try_to_hear(app: &App, organisation: Organisation, id: &str) -> base::Result<Handled> {
    let due = Due {
        organisation,
        id: Uid::from_bytes([1; 16]),
        payload: serde_json::json!({"provider": "fake", "notice": id}).to_string(),
        due_at: base::Time::EPOCH,
        attempt: 1,
        tries: 1,
    };
    app.hear(&due).await
}

/// The order of that number.
fn order(mut number: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..6).collect();
    (1..=6)
        .rev()
        .map(|count| {
            let at = number % count;
            number /= count;
            left.remove(at)
        })
        .collect()
}

fn euros(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

/// A payment of which three captures are pending, and six facts about it: two captures are done, of which one is told
/// twice and once more without saying what, one is refused, and the authorisation is told again.
async fn six(till: &Till, fake: &Fake) -> (PaymentId, Vec<Notice>) {
    let payment = till.held(1_000).await;
    fake.tell_later(rpc::providers::Act::Capture);
    for minor in [300, 200, 100] {
        let taken = till
            .app
            .capture(payment, till.step(), euros(minor))
            .await
            .unwrap();
        assert_eq!(taken.under_way, Some(Act::Capture));
    }
    let told = fake.take_notices();
    let [held, first, second, third] = told.as_slice() else {
        panic!("{told:?}");
    };
    let changed = Notice {
        id: format!("{}-changed", first.id),
        answer: Answer::Unknown {
            words: "something changed".to_owned(),
        },
        ..first.clone()
    };
    let refused = Notice {
        answer: Answer::Refused {
            code: "expired".to_owned(),
            words: "too late".to_owned(),
        },
        ..third.clone()
    };
    let six = [held, first, first, second, &changed, &refused];
    (payment, six.into_iter().cloned().collect())
}

async fn intent(till: &Till, payment: PaymentId) -> Intent {
    let found = till.app.intent(payment).await.unwrap();
    assert_eq!(found.id, payment);
    found
}

/// What was asked for, how that stands, and what the provider said against it.
type Tried = (Act, AttemptState, Option<String>);

fn outcome(intent: &Intent) -> (State, i64, Vec<Tried>) {
    let attempts = intent.attempts.iter();
    let each = attempts.map(|attempt| (attempt.act, attempt.state, attempt.code.clone()));
    (intent.state, intent.captured_minor, each.collect())
}

async fn permuted(engine: Engine, step: usize) {
    let fake = Fake::new("fake", &base::Random::seeded(21));
    let till = Till::open(engine, &[&fake]).await;
    let mut expected = None;
    for number in (0..ORDERS).step_by(step) {
        let (payment, facts) = six(&till, &fake).await;
        for at in order(number) {
            tell(&till, &fake, &facts[at]).await;
        }
        let ended = outcome(&intent(&till, payment).await);
        assert_eq!((ended.0, ended.1), (State::Captured, 500));
        let expected = expected.get_or_insert_with(|| ended.clone());
        assert_eq!(*expected, ended, "the order {:?}", order(number));
    }
    till.shop.verify().await;
}

mod every_order_of_six_ends_alike {
    use testkit::trial::Engine;

    #[tokio::test]
    async fn sqlite() {
        super::permuted(Engine::Sqlite, 1).await;
    }

    #[tokio::test]
    async fn postgres() {
        super::permuted(Engine::Postgres, 13).await;
    }

    #[tokio::test]
    #[ignore = "it takes minutes"]
    async fn postgres_each() {
        super::permuted(Engine::Postgres, 1).await;
    }
}

/// A fact that comes before the answer settles what was lost, and the answer after it says nothing new.
async fn a_notice_settles_what_was_lost(engine: Engine) {
    let fake = Fake::new("fake", &base::Random::seeded(22));
    let till = Till::open(engine, &[&fake]).await;
    let payment = till.held(900).await;
    let _before = fake.take_notices();
    fake.set_faults(testkit::provider::Faults {
        lost_after: 100,
        ..Default::default()
    });
    let step = till.step();
    let taken = till.app.capture(payment, step, euros(900)).await.unwrap();
    assert_eq!(taken.under_way, Some(Act::Capture));
    let [done] = fake.take_notices().try_into().unwrap();
    tell(&till, &fake, &done).await;
    let taken = till.app.capture(payment, step, euros(900)).await.unwrap();
    assert_eq!((taken.captured, taken.under_way), (euros(900), None));

    // What contradicts what is known for good moves nothing, and is on record.
    let gone = Notice {
        id: "later".to_owned(),
        answer: Answer::Refused {
            code: "capture_failed".to_owned(),
            words: String::new(),
        },
        ..done
    };
    tell(&till, &fake, &gone).await;
    let after = intent(&till, payment).await;
    assert_eq!(after.captured_minor, 900);
    assert!(after.attempts[1].is_contradicted);
    till.shop.verify().await;
}

/// A notice that only says that something has changed waits while the provider does not say what.
async fn a_notice_waits_for_a_provider_that_does_not_answer(engine: Engine) {
    let fake = Fake::new("fake", &base::Random::seeded(23));
    let till = Till::open(engine, &[&fake]).await;
    let payment = till.held(900).await;
    fake.tell_later(rpc::providers::Act::Capture);
    let step = till.step();
    till.app.capture(payment, step, euros(900)).await.unwrap();
    let done = fake.take_notices().pop().unwrap();
    let changed = Notice {
        id: "changed".to_owned(),
        answer: Answer::Unknown {
            words: "something changed".to_owned(),
        },
        ..done
    };
    let (headers, body) = fake.write(std::slice::from_ref(&changed));
    till.app.take_in("fake", &headers, &body).await.unwrap();
    fake.set_faults(testkit::provider::Faults {
        lost_after: 100,
        ..Default::default()
    });
    let heard = try_to_hear(&till.app, till.organisation, "changed").await;
    assert_eq!(heard.unwrap_err().kind(), base::Kind::Unavailable);
    assert_eq!(intent(&till, payment).await.captured_minor, 0);
    fake.set_faults(testkit::provider::Faults::default());
    hear(&till.app, till.organisation, "changed").await;
    assert_eq!(intent(&till, payment).await.captured_minor, 900);
    till.shop.verify().await;
}

/// A provider whose payer allows the hold on its page: whoever looks after that places it.
struct Page {
    /// How its notices are written.
    fake: Fake,
    looks: AtomicUsize,
    /// How often something was brought to it.
    brought: AtomicUsize,
    /// Who lets go of which payment while it is looked at.
    meanwhile: OnceLock<(App, PaymentId, Uid)>,
}

impl Page {
    fn new(random: &Random) -> Arc<Self> {
        Arc::new(Page {
            fake: Fake::new("fake", random),
            looks: AtomicUsize::new(0),
            brought: AtomicUsize::new(0),
            meanwhile: OnceLock::new(),
        })
    }

    async fn tell(&self, app: &App, notice: &Notice, organisation: Organisation) {
        let (headers, body) = self.fake.write(std::slice::from_ref(notice));
        app.take_in("fake", &headers, &body).await.unwrap();
        hear(app, organisation, &notice.id).await;
    }
}

impl Provider for Page {
    fn name(&self) -> &str {
        "fake"
    }

    fn authorise<'a>(&'a self, _charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async {
            Answer::Action {
                reference: "order".to_owned(),
                url: "https://pay.example/order".to_owned(),
            }
        })
    }

    /// It knows what is right.
    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.brought.fetch_add(1, Ordering::Relaxed);
            match back.said.get("result").map(String::as_str) {
                Some("right") => Answer::Done {
                    reference: "held".to_owned(),
                    amount: back.amount,
                },
                _ => Answer::Absent,
            }
        })
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.fake.capture(change)
    }

    /// Nothing is held yet.
    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            Answer::Done {
                reference: change.reference.clone(),
                amount: change.amount,
            }
        })
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.fake.refund(change)
    }

    /// What was brought is brought again.
    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.looks.fetch_add(1, Ordering::Relaxed);
            if let Asked::GoOn(back) = &look_up.asked
                && !back.said.is_empty()
            {
                return self.go_on(back).await;
            }
            if let Some((app, payment, step)) = self.meanwhile.get() {
                app.cancel(*payment, *step).await.unwrap();
            }
            Answer::Done {
                reference: "held".to_owned(),
                amount: look_up.asked.amount(),
            }
        })
    }

    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, base::Result<Vec<Notice>>> {
        self.fake.read_notices(headers, body)
    }
}

/// The payer has allowed it, or it is held by this name.
fn of_page(payment: PaymentId, held: Option<&str>) -> Notice {
    let answer = match held {
        Some(name) => Answer::Done {
            reference: name.to_owned(),
            amount: euros(900),
        },
        None => Answer::Unknown {
            words: "the payer has allowed it".to_owned(),
        },
    };
    Notice {
        id: format!("{payment}-{}", held.unwrap_or("allowed")),
        act: rpc::providers::Act::Authorise,
        reference: Some(held.unwrap_or("order").to_owned()),
        merchant_reference: Some(format!("{payment}.1")),
        answer,
    }
}

/// A slice over this provider alone.
fn over(till: &Till, page: &Arc<Page>, random: &Random) -> App {
    let provider: Arc<dyn Provider> = Arc::<Page>::clone(page);
    let parts = (&till.shop.world.db, &till.clock, random);
    App::over(parts, &Providers::new(vec![provider]))
}

/// A payment of 9.00 whose payer was sent to the page.
async fn at_the_page(engine: Engine, random: &Random) -> (Till, Arc<Page>, App, PaymentId) {
    let till = Till::open(engine, &[]).await;
    let page = Page::new(random);
    let app = over(&till, &page, random);
    let payment = till.begin_with(&app, 900).await;
    let standing = app.authorise(payment).await.unwrap();
    assert_eq!(standing.state, State::ActionNeeded);
    (till, page, app, payment)
}

/// Who allows it when it was let go finds that nobody asks for it any more. What is held even so is said aloud.
async fn a_payer_who_allows_it_too_late_has_nothing_held(engine: Engine) {
    let random = Random::seeded(24);
    let (till, page, app, payment) = at_the_page(engine, &random).await;
    let gone = app.cancel(payment, till.step()).await.unwrap();
    assert_eq!(gone.state, State::Cancelled);
    let (allowed, held) = (of_page(payment, None), of_page(payment, Some("held")));
    page.tell(&app, &allowed, till.organisation).await;
    assert_eq!(page.looks.load(Ordering::Relaxed), 0);
    let after = intent(&till, payment).await;
    assert!(!after.attempts[0].is_contradicted, "{after:?}");
    page.tell(&app, &held, till.organisation).await;
    let after = intent(&till, payment).await;
    assert!(after.attempts[0].is_contradicted, "{after:?}");
    assert_eq!(after.state, State::Cancelled);
    till.shop.verify().await;
}

/// Whoever brings something that the provider knows nothing of may come back with what is right.
async fn a_payer_who_brings_nothing_that_is_known_may_come_again(engine: Engine) {
    let random = Random::seeded(26);
    let (till, _page, app, payment) = at_the_page(engine, &random).await;
    for (result, state) in [
        ("wrong", State::ActionNeeded),
        ("wrong", State::ActionNeeded),
        ("right", State::Authorised),
    ] {
        let said = [("result".to_owned(), result.to_owned())];
        let standing = app.go_on(payment, said.into()).await.unwrap();
        assert_eq!(standing.state, state, "{result}");
        let has_page = standing.action_url.is_some();
        assert_eq!(has_page, state == State::ActionNeeded, "{result}");
    }
    till.shop.verify().await;
}

/// A look brings what the payer brought once, also where the provider knows nothing of it.
async fn what_a_payer_brought_is_brought_once_by_a_look(engine: Engine) {
    let random = Random::seeded(27);
    let (till, page, app, payment) = at_the_page(engine, &random).await;
    let said = [("result".to_owned(), "wrong".to_owned())];
    app.go_on(payment, said.into()).await.unwrap();
    assert_eq!(page.brought.load(Ordering::Relaxed), 1);
    let standing = app.settle(payment).await.unwrap();
    assert_eq!(standing.state, State::ActionNeeded);
    assert_eq!(page.looks.load(Ordering::Relaxed), 1);
    assert_eq!(page.brought.load(Ordering::Relaxed), 2);
    till.shop.verify().await;
}

/// What a look has placed is not forgotten because the payment was let go of at that moment.
async fn what_is_held_by_a_look_while_it_is_let_go_is_on_record(engine: Engine) {
    let random = Random::seeded(25);
    let (till, page, app, payment) = at_the_page(engine, &random).await;
    let other = (over(&till, &page, &random), payment, till.step());
    assert!(page.meanwhile.set(other).is_ok());
    let allowed = of_page(payment, None);
    page.tell(&app, &allowed, till.organisation).await;
    assert_eq!(page.looks.load(Ordering::Relaxed), 1);
    let after = intent(&till, payment).await;
    assert_eq!(after.state, State::Cancelled);
    assert!(after.attempts[0].is_contradicted, "{after:?}");
    till.shop.verify().await;
}

async fn send(
    shop: &Shop,
    provider: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/payments/{provider}/notices"))
        .header("host", "comanda.example")
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = shop.node.send(request.body(body.into()).unwrap()).await;
    (
        answer.status,
        String::from_utf8_lossy(&answer.body).into_owned(),
    )
}

/// Begins a payment of the shop's own slices.
async fn begin(shop: &Shop, payment: PaymentId, minor: i64) {
    let (db, app) = (&shop.world.db, &shop.node.more.commerce.payments);
    let (clock, random) = shop.chance();
    let make = || Uid::make(clock, random, payment.organisation());
    let mut commit = db.new_commit(payment.organisation());
    let begin = commerce::payments::Begin {
        payment,
        order: make().into(),
        restaurant: make().into(),
        amount: euros(minor),
        covers: Covers::Any,
        voucher: None,
        token: None,
        return_url: None,
        saga: None,
    };
    app.begin(&mut commit, &begin).unwrap();
    db.commit(commit, &db.deadline()).await.unwrap();
}

/// Through the gate: what is not signed is refused, what is too large too; the rest is stored, accepted, and looked at.
async fn notices_come_in(engine: Engine) {
    let shop = Shop::working(engine).await;
    let (app, fake) = (&shop.node.more.commerce.payments, &shop.node.more.fake);
    let organisation = shop.organisation("Lucia").await;
    let number = organisation
        .parse::<domain::organisations::OrganisationId>()
        .unwrap()
        .organisation();
    let (clock, random) = shop.chance();
    let make = || Uid::make(clock, random, number);
    let payment = PaymentId::from(make());
    begin(&shop, payment, 500).await;
    // It is asked of the first provider; the other one has nothing to say about it.
    let notice = Notice {
        id: "fact".to_owned(),
        act: rpc::providers::Act::Authorise,
        reference: None,
        merchant_reference: Some(format!("{payment}.1")),
        answer: Answer::Done {
            reference: "X".to_owned(),
            amount: euros(500),
        },
    };
    let (headers, body) = fake.write(std::slice::from_ref(&notice));
    assert_eq!(
        send(&shop, "fake", &[], body.clone()).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&shop, "test", &headers, body.clone()).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&shop, "nobody", &headers, body.clone()).await.0,
        StatusCode::NOT_FOUND
    );
    let large = vec![b'x'; 70_000];
    assert_eq!(
        send(&shop, "fake", &headers, large).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    for _ in 0..2 {
        let said = send(&shop, "fake", &headers, body.clone()).await;
        assert_eq!(said, (StatusCode::OK, "[fake]".to_owned()));
    }
    let strange = Notice {
        id: "strange".to_owned(),
        merchant_reference: Some("somebody else's".to_owned()),
        ..notice
    };
    let (headers, body) = fake.write(&[strange]);
    assert_eq!(send(&shop, "fake", &headers, body).await.0, StatusCode::OK);
    hear(app, number, "fact").await;
    let intent = app.intent(payment).await.unwrap();
    assert_eq!(intent.state, State::Open, "another provider's word is none");

    let standing = app.authorise(payment).await.unwrap();
    assert_eq!(standing.state, State::Authorised);
    let taken = app.capture(payment, make(), euros(500)).await.unwrap();
    assert_eq!(taken.captured, euros(500));
    eventually(async || app.standing(payment).await.unwrap().captured == euros(500)).await;
    shop.verify().await;
}

/// A settlement file is compared with our rows, and every difference is named.
async fn a_settlement_file_is_compared(engine: Engine) {
    let shop = Shop::new(engine).await;
    let app = &shop.node.more.commerce.payments;
    let organisation = shop.organisation("Lucia").await;
    let number = organisation
        .parse::<domain::organisations::OrganisationId>()
        .unwrap()
        .organisation();
    let (clock, random) = shop.chance();
    let make = || Uid::make(clock, random, number);
    let mut references = Vec::new();
    for minor in [500, 700] {
        let payment = PaymentId::from(make());
        begin(&shop, payment, minor).await;
        app.authorise(payment).await.unwrap();
        app.capture(payment, make(), euros(minor)).await.unwrap();
        let taken = app.intent(payment).await.unwrap();
        references.push(taken.attempts[1].reference.clone().unwrap());
    }
    let file = format!(
        "reference,kind,amount\n{},capture,5.00\nother,refund,1.00\n",
        references[0]
    );
    let path = format!("/api/organisations/{organisation}/settlements/test?currency=EUR");
    let request = |who: &str, body: String| {
        Request::builder()
            .method(Method::POST)
            .uri(&path)
            .header("host", "comanda.example")
            .header("authorization", who)
            .header("x-acting-reason", "a test")
            .header("content-type", "text/csv")
            .body(body.into())
            .unwrap()
    };
    let answer = shop.node.send(request(OPERATOR, file.clone())).await;
    assert_eq!(answer.status, StatusCode::OK);
    let view: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let missing = serde_json::json!({"what": "only_ours", "reference": references[1], "kind": "capture", "ours": "7.00"});
    let strange = serde_json::json!({"what": "only_theirs", "reference": "other", "kind": "refund", "theirs": "1.00"});
    assert_eq!((&view["ours"], &view["theirs"]), (&2.into(), &2.into()));
    let differences = view["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 2, "{view}");
    assert!(
        differences.contains(&missing) && differences.contains(&strange),
        "{view}"
    );

    let wrong = shop.node.send(request(OPERATOR, "what".to_owned())).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let person = shop.person(&[]);
    let refused = shop.node.send(request(&person, file)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

on_both!(
    a_notice_settles_what_was_lost,
    a_notice_waits_for_a_provider_that_does_not_answer,
    a_payer_who_allows_it_too_late_has_nothing_held,
    a_payer_who_brings_nothing_that_is_known_may_come_again,
    what_a_payer_brought_is_brought_once_by_a_look,
    what_is_held_by_a_look_while_it_is_let_go_is_on_record,
    notices_come_in,
    a_settlement_file_is_compared,
);
