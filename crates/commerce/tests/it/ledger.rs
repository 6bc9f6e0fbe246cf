//! The ledger: posted with a commit or not at all, once, to the cent; read by whoever may, and never wrong unnoticed.

use base::{Currency, KeyRing, Money, Organisation, Time, Uid};
use commerce::ledger::{App, Posted, is_posted, post};
use domain::organisations::OrganisationId;
use domain::people::PersonId;
use domain::pricing::{Funder, Kind};
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use slice::Ask;
use store::{Cell, Class, Column, Failure, Table, checksum};
use testkit::trial::Engine;
use trade::ledger::{About, Account, Bearer, Granting, Means, Sums, Transaction};
use trade::orders::{MoneyLine, OrderId};
use trade::payments::AttemptId;

use super::world::{Shop, on_both};

on_both!(
    what_is_posted_is_read_page_by_page,
    the_balance_is_that_of_the_period,
    the_same_is_posted_once,
    a_refused_commit_posts_nothing,
    the_books_are_the_organisations_own,
    forged_rows_are_found,
    many_orders_add_up_and_nobodys_erasure_changes_them,
);

/// The books of an organisation.
struct Books {
    shop: Shop,
    id: OrganisationId,
}

impl Books {
    async fn open(engine: Engine) -> Self {
        let shop = Shop::new(engine).await;
        let id = shop.organisation("Lucia").await.parse().unwrap();
        Books { shop, id }
    }

    fn number(&self) -> Organisation {
        self.id.organisation()
    }

    fn app(&self) -> &App {
        &self.shop.node.more.commerce.ledger
    }

    fn order(&self) -> OrderId {
        let (clock, random) = self.shop.chance();
        OrderId::make(clock, random, self.number())
    }

    fn attempt(&self) -> About {
        let (clock, random) = self.shop.chance();
        About::Attempt(AttemptId::make(clock, random, self.number()))
    }

    /// Posts all of these with one commit.
    async fn post(&self, all: &[&Transaction]) -> Result<Time, Failure> {
        let db = &self.shop.world.db;
        let mut commit = db.new_commit(self.number());
        let at = commit.at();
        for transaction in all {
            post(&mut commit, &ask(), transaction).unwrap();
        }
        db.commit(commit, &db.deadline()).await?;
        Ok(at)
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("/api/organisations/{}/ledger{path}", self.id);
        self.shop.get(&path).await.good()
    }
}

fn ask() -> Ask {
    Ask {
        actor: "test".to_owned(),
        trace: String::new(),
        key: None,
    }
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn test() -> Means {
    Means::Provider("test".parse().unwrap())
}

/// 10.00 with 0.91 of tax in it, 1.00 taken off, a tip of 2.00.
fn sale(order: OrderId) -> Transaction {
    let line = |kind, minor| MoneyLine {
        kind,
        line: Some("1".parse().unwrap()),
        minor,
    };
    let lines = [
        line(Kind::Item, 1000),
        line(Kind::Discount(Funder::Platform), -100),
        line(Kind::TaxIncluded, 91),
        MoneyLine {
            line: None,
            ..line(Kind::Tip, 200)
        },
    ];
    Transaction::sale(order, Currency::EUR, &lines).unwrap()
}

fn captured(order: OrderId, about: About, minor: i64) -> Transaction {
    Transaction::captured(order, about, &test(), eur(minor)).unwrap()
}

async fn what_is_posted_is_read_page_by_page(engine: Engine) {
    let books = Books::open(engine).await;
    let order = books.order();
    let (sale, taken) = (sale(order), captured(order, books.attempt(), 1100));
    let at = books.post(&[&sale]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    books.post(&[&taken]).await.unwrap();
    let other = self::sale(books.order());
    books.post(&[&other]).await.unwrap();
    let of_order = books.app().of_order(order).await.unwrap();
    let of_order: Vec<Transaction> = of_order.into_iter().map(|one| one.transaction).collect();
    assert_eq!(of_order, [sale.clone(), taken]);
    let first = books.get("?limit=2").await;
    assert_eq!(
        first["items"][0],
        json!({
            "id": sale.id().to_string(), "at": at, "kind": "sale", "about": order.to_string(),
            "orderId": order.to_string(), "currency": "EUR",
            "postings": [
                {"account": "diner", "debit": "11.00"},
                {"account": "sales", "credit": "9.09"},
                {"account": "tax", "credit": "0.91"},
                {"account": "tips", "credit": "2.00"},
                {"account": "discounts:platform", "debit": "1.00"},
            ],
        })
    );
    assert_eq!(first["items"][1]["kind"], "captured");
    let next = first["next"].as_str().unwrap();
    let second = books.get(&format!("?limit=2&cursor={next}")).await;
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["id"], other.id().to_string());
    assert!(second["next"].is_null());
    // The cursor of one period leads nowhere in another.
    let path = format!(
        "/api/organisations/{}/ledger?from={at}&cursor={next}",
        books.id
    );
    assert_eq!(books.shop.get(&path).await.code(), (422, "cursor_refused"));
    books.shop.verify().await;
}

async fn the_balance_is_that_of_the_period(engine: Engine) {
    let books = Books::open(engine).await;
    let empty = books.get("/balance").await;
    let expected = json!({"accounts": [], "totals": [], "balanced": true, "transactions": 0});
    assert_eq!(empty, expected);
    let order = books.order();
    let first = books.post(&[&sale(order)]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let taken = captured(order, books.attempt(), 1100);
    let second = books.post(&[&taken]).await.unwrap();
    let account = |account: &str, balance: &str| json!({"account": account, "currency": "EUR", "balance": balance});
    let all = books.get("/balance").await;
    assert_eq!(
        all["accounts"],
        json!([
            account("diner", "0.00"),
            account("provider:test", "11.00"),
            account("sales", "-9.09"),
            account("tax", "-0.91"),
            account("tips", "-2.00"),
            account("discounts:platform", "1.00"),
        ])
    );
    assert_eq!(all["totals"], json!([{"currency": "EUR", "total": "0.00"}]));
    assert_eq!(
        (&all["balanced"], &all["transactions"]),
        (&json!(true), &json!(2))
    );
    // A period has its first moment and not its last.
    let before = books
        .get(&format!("/balance?from={first}&to={second}"))
        .await;
    assert_eq!(before["accounts"][0], account("diner", "11.00"));
    assert_eq!(before["transactions"], 1);
    let after = books.get(&format!("/balance?from={second}")).await;
    assert_eq!(after["accounts"][0], account("diner", "-11.00"));
    assert_eq!(after["transactions"], 1);
}

async fn the_same_is_posted_once(engine: Engine) {
    let books = Books::open(engine).await;
    let order = books.order();
    let taken = captured(order, books.attempt(), 500);
    let one = [&taken];
    let many = (0..16).map(|_| books.post(&one));
    let many = join_all(many.collect::<Vec<_>>()).await;
    assert_eq!(many.iter().filter(|one| one.is_ok()).count(), 1);
    for failure in many.into_iter().filter_map(Result::err) {
        assert!(is_posted(&failure), "{failure:?}");
    }
    // Another attempt of the same amount is another matter.
    books
        .post(&[&captured(order, books.attempt(), 500)])
        .await
        .unwrap();
    let sums = books.app().trial_balance(books.number()).await.unwrap();
    assert_eq!(sums.owed(Currency::EUR), eur(-1000));
    books.shop.verify().await;
}

async fn a_refused_commit_posts_nothing(engine: Engine) {
    let books = Books::open(engine).await;
    let db = &books.shop.world.db;
    let order = books.order();
    let mut commit = db.new_commit(books.number());
    post(&mut commit, &ask(), &sale(order)).unwrap();
    commit.expect(order.uid(), 7);
    let refused = db.commit(commit, &db.deadline()).await;
    assert!(
        matches!(refused, Err(Failure::Refused { .. })),
        "{refused:?}"
    );
    // Nothing that is owed leaves nothing, and nothing that could be in the way.
    let nothing = Transaction::sale(order, Currency::EUR, &[]).unwrap();
    books.post(&[&nothing]).await.unwrap();
    assert_eq!(books.app().of_order(order).await.unwrap(), []);
    books.post(&[&sale(order)]).await.unwrap();
    assert_eq!(books.app().of_order(order).await.unwrap().len(), 1);
}

async fn the_books_are_the_organisations_own(engine: Engine) {
    let books = Books::open(engine).await;
    books.post(&[&sale(books.order())]).await.unwrap();
    let other = books.shop.organisation("Marco").await;
    let none = books
        .shop
        .get(&format!("/api/organisations/{other}/ledger"))
        .await;
    assert_eq!(none.good()["items"], json!([]));
    // Who reaches one restaurant does not see what all of them have earned.
    let restaurant = books.shop.restaurant(&books.id.to_string(), None).await;
    let cook = books.shop.person(&[&restaurant]);
    for path in ["ledger", "ledger/balance"] {
        let path = format!("/api/organisations/{}/{path}", books.id);
        let said = books
            .shop
            .ask((&cook, ""), http::Method::GET, &path, None)
            .await;
        assert_eq!(said.code(), (403, "forbidden"));
        let said = books
            .shop
            .ask(("", ""), http::Method::GET, &path, None)
            .await;
        assert_eq!(said.status, StatusCode::UNAUTHORIZED);
    }
}

/// The table of postings, by whoever would write into it past the ledger.
static FORGED: Table = Table::new(
    "ledger_postings",
    Class::Organisation,
    &[
        Column::id("transaction_id"),
        Column::text("account"),
        Column::int("minor"),
        Column::int("checksum"),
    ],
    2,
    &[],
);

async fn forged_rows_are_found(engine: Engine) {
    for is_sealed in [false, true] {
        let books = Books::open(engine).await;
        let (db, order) = (&books.shop.world.db, books.order());
        let sale = sale(order);
        books.post(&[&sale]).await.unwrap();
        let mut commit = db.new_commit(books.number());
        let (id, cash): (Uid, &str) = (sale.id().uid(), "cash");
        let whole = [
            FORGED.name.into(),
            books.number().into(),
            id.into(),
            cash.into(),
            5.into(),
        ];
        // Even with a checksum that is right it does not add up.
        let sum = if is_sealed { checksum(&whole) } else { 0 };
        let cells: [Cell; 4] = [id.into(), cash.into(), 5.into(), sum.into()];
        commit.insert(&FORGED, cells);
        db.commit(commit, &db.deadline()).await.unwrap();
        let error = books.app().of_order(order).await.unwrap_err();
        assert_eq!(error.code(), "damaged");
        let path = format!("/api/organisations/{}/ledger/balance", books.id);
        assert_eq!(
            books.shop.get(&path).await.status,
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}

/// What one order comes to: how much of it is taken, granted and given back, by numbers.
fn story(books: &Books, order: OrderId, number: i64) -> Vec<Transaction> {
    let (clock, random) = books.shop.chance();
    let refund = trade::payments::RefundId::make(clock, random, books.number());
    let grant = Granting {
        refund,
        amount: eur(300 + number),
        tax: eur(number % 30),
        bearer: Bearer::ALL[usize::try_from(number).unwrap() % 4],
    };
    let all = vec![
        sale(order),
        captured(order, books.attempt(), 1100),
        Transaction::refund_granted(order, &grant).unwrap(),
        Transaction::refund_executed(order, books.attempt(), &test(), grant.amount).unwrap(),
    ];
    all.into_iter()
        .take(usize::try_from(number % 4).unwrap() + 1)
        .collect()
}

async fn many_orders_add_up_and_nobodys_erasure_changes_them(engine: Engine) {
    const ORDERS: i64 = 60;
    let books = Books::open(engine).await;
    let mut wanted = Sums::default();
    let mut stories = Vec::new();
    for number in 0..ORDERS {
        let order = books.order();
        let story = story(&books, order, number);
        story.iter().for_each(|one| wanted.add(one).unwrap());
        stories.push((order, story));
    }
    let told = stories.iter().map(async |(_, story)| {
        for one in story {
            books.post(&[one]).await.unwrap();
        }
    });
    join_all(told.collect::<Vec<_>>()).await;
    let sums = books.app().trial_balance(books.number()).await.unwrap();
    assert_eq!(sums, wanted);
    assert!(sums.is_balanced());
    for (order, story) in &stories {
        let of_order = books.app().of_order(*order).await.unwrap();
        let of_order = of_order
            .iter()
            .map(|Posted { transaction, .. }| transaction);
        let sums = Sums::of(of_order).unwrap();
        assert_eq!(sums, Sums::of(story).unwrap());
        let is_settled = [2, 4].contains(&story.len());
        assert_eq!(sums.owed(Currency::EUR).minor() == 0, is_settled);
    }
    // Everything that could be erased of anybody is sealed, and nothing here is.
    let (clock, random) = books.shop.chance();
    let db = &books.shop.world.db;
    let sealer = db.sealer(&KeyRing::draw(random));
    let person = PersonId::make(clock, random, Organisation::PEOPLE).uid();
    sealer
        .seal(person, "name", "Ada", &db.deadline())
        .await
        .unwrap();
    sealer.erase(person, &db.deadline()).await.unwrap();
    assert_eq!(
        books.app().trial_balance(books.number()).await.unwrap(),
        sums
    );
    assert!(
        sums.on(&Account::Refunds(Bearer::Courier), Currency::EUR)
            .minor()
            > 0
    );
    books.shop.verify().await;
}
