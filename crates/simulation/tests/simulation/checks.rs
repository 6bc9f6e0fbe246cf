//! What must hold: after every commit on what it touched, and in the end on everything. The numbers are those of the
//! list of invariants in `docs/simulation.md`.

use std::collections::{BTreeMap, BTreeSet};

use base::Uid;
use rpc::providers::Act;
use serde_json::Value as Json;
use store::verify;
use testkit::provider::Held;

use super::acts::Kind;
use super::book::{Ordered, Rows, Touched, text};
use super::change::{Fate, price};
use super::run::Sim;
use super::world::{CAKES, COUPON, SLOT};
use super::{legal, limits, tabs};

/// Judges what a commit has touched.
pub(crate) async fn step(sim: &mut Sim, touched: &Touched) -> Result<(), String> {
    if !touched.orders.is_empty() {
        let rows = Rows(&sim.db);
        let stored = rows.orders().await;
        for order in &touched.orders {
            row(sim, *order, &stored)?;
        }
        stock(sim).await?;
        coupons(sim).await?;
        slots(sim).await?;
    }
    if touched.has_credit {
        credit(sim).await?;
    }
    limits::queues(Rows(&sim.db), &sim.book).await?;
    if touched.has_money || !touched.orders.is_empty() {
        books(sim).await?;
        provider(sim)?;
    }
    Ok(())
}

/// The row of an order is what the log says, and its total is what its items cost.
fn row(sim: &Sim, id: Uid, stored: &BTreeMap<Uid, (String, i64, Json)>) -> Result<(), String> {
    let order = &sim.book.orders[&id];
    let Some((status, version, body)) = stored.get(&id) else {
        return Err(format!("7: {} has no row", order.id));
    };
    let said = (order.status.as_str(), sim.book.version(id));
    if (status.as_str(), *version) != said {
        return Err(format!(
            "7: {} stands at {status} {version}, and is {said:?}",
            order.id
        ));
    }
    let tickets = body["tickets"].as_array().map_or(0, Vec::len);
    if tickets != 1 {
        return Err(format!("18: {} has {tickets} tickets", order.id));
    }
    tabs::shown(order, body)?;
    let total = body["totalMinor"].as_i64().unwrap();
    let rest = total - worth(sim, order);
    if total != order.total || (rest != 0 && rest != 100) {
        return Err(format!(
            "19: {} costs {total}, which is {rest} too much",
            order.id
        ));
    }
    let is_safe = ["secured", "on_delivery"].contains(&body["paying"].as_str().unwrap());
    if legal::is_accepted(status) && !is_safe {
        return Err(format!(
            "4: {} is {status} and its money is not safe",
            order.id
        ));
    }
    if order.is_card && is_safe && !order.has_cash {
        let held = held(sim).remove(&id).unwrap_or_default();
        let spent = sim.book.spent.get(&id).copied().unwrap_or(0);
        let was_safe = held.authorised_minor + spent;
        let counts_on = order.tab.unwrap_or(total);
        if was_safe < counts_on {
            return Err(format!(
                "4: {} counts on {counts_on}, and {was_safe} was held",
                order.id
            ));
        }
    }
    Ok(())
}

/// What the items of an order cost, with delivery and without a tip.
fn worth(sim: &Sim, order: &Ordered) -> i64 {
    let kitchens = sim.ground.kitchens.iter();
    let kitchen = kitchens
        .into_iter()
        .find(|one| one.restaurant == order.restaurant);
    let kitchen = kitchen.unwrap();
    let known = (kitchen.pizza.as_str(), kitchen.water.as_str());
    let lines = order.lines.values();
    let items: i64 = lines
        .clone()
        .map(|line| price(known, &line.item) * line.quantity)
        .sum();
    let fee = if order.service == "delivery" { 250 } else { 0 };
    // A change takes off as much of what stays as before, and nothing of what is new.
    let off = match (order.has_coupon, order.is_changed) {
        (false, _) => 0,
        (true, false) => items / 10,
        (true, true) => lines.map(|line| line.off).sum(),
    };
    items - off + fee
}

/// As much is taken of the counted item as orders hold.
async fn stock(sim: &Sim) -> Result<(), String> {
    for (restaurant, item, counted, taken) in Rows(&sim.db).stock().await {
        let (restaurant, item) = (
            base::uid::spell("rst", restaurant).to_string(),
            base::uid::spell("itm", item).to_string(),
        );
        let orders = sim.book.orders.values();
        let its = orders.filter(|order| order.restaurant == restaurant);
        let held: i64 = its.map(|order| order.takes(&item)).sum();
        if taken != held || counted < taken || counted != CAKES {
            return Err(format!(
                "5: {taken} of {counted} are taken, and orders hold {held}"
            ));
        }
    }
    Ok(())
}

/// Coupons are used as often as orders use them, and not too often.
async fn coupons(sim: &Sim) -> Result<(), String> {
    let (counts, of_person, takes) = Rows(&sim.db).coupons().await;
    let orders = sim.book.orders.iter();
    let using = orders.filter(|(_, order)| order.has_coupon && !order.gives_back());
    let using: BTreeSet<Uid> = using.map(|(id, _)| *id).collect();
    let takes: BTreeSet<Uid> = takes.into_iter().collect();
    let used: i64 = counts.iter().map(|(used, _)| used).sum();
    if takes != using || used != using.len() as i64 {
        let (takes, using) = (takes.len(), using.len());
        return Err(format!(
            "19: coupons count {used}, {takes} takes, used by {using}"
        ));
    }
    let mut by_person: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for order in using.iter().map(|id| &sim.book.orders[id]) {
        *by_person
            .entry((order.restaurant.as_str(), order.customer.as_str()))
            .or_default() += 1;
    }
    let of_person = by_person.into_values().max().unwrap_or(0).max(of_person);
    let most = counts.iter().map(|(used, _)| *used).max().unwrap_or(0);
    if most > COUPON.0 || of_person > COUPON.1 {
        return Err(format!(
            "19: a coupon was used {most} times, {of_person} by one person"
        ));
    }
    Ok(())
}

/// Slots are as full as orders and holds make them, and not fuller than they may be.
async fn slots(sim: &Sim) -> Result<(), String> {
    let (slots, takes) = Rows(&sim.db).slots().await;
    let orders = sim.book.orders.iter();
    let holding: BTreeSet<Uid> = orders
        .filter(|(_, order)| order.holds())
        .map(|(id, _)| *id)
        .collect();
    let holds = Rows(&sim.db).holds().await;
    let holding: BTreeSet<Uid> = holding.into_iter().chain(holds).collect();
    let taking: BTreeSet<Uid> = takes.iter().map(|(order, _)| *order).collect();
    if holding != taking {
        let (taking, holding) = (taking.len(), holding.len());
        return Err(format!(
            "5: {taking} orders and holds stand in slots, and {holding} should"
        ));
    }
    for (slot, taken) in slots {
        let its = takes.iter().filter(|(_, of)| *of == slot).count() as i64;
        if taken != its || taken > SLOT {
            return Err(format!("5: a slot counts {taken}, and {its} stand in it"));
        }
    }
    Ok(())
}

/// The books add up to zero, and have what became of each order.
async fn books(sim: &Sim) -> Result<(), String> {
    let rows = Rows(&sim.db);
    if let Some(sum) = rows.books().await.into_iter().find(|sum| *sum != 0) {
        return Err(format!("1: the books add up to {sum}"));
    }
    let mut sales = BTreeMap::new();
    let mut unsold = BTreeSet::new();
    for (order, kind, account, minor, _) in rows.posted().await {
        if ["sale", "change"].contains(&kind.as_str()) && account == "diner" {
            *sales.entry(order).or_insert(0) += minor;
        }
        if kind == "captured" {
            in_time(sim, order, "posted")?;
        }
        if kind == "unsale" {
            unsold.insert(order);
        }
    }
    for (id, order) in &sim.book.orders {
        let sold = sales.get(id).copied().unwrap_or(0);
        if sold != order.total {
            return Err(format!(
                "1: {} costs {} and {sold} is owed",
                order.id, order.total
            ));
        }
        if unsold.contains(id) != order.gives_back() {
            return Err(format!(
                "1: {} is {} and was unsold: {}",
                order.id,
                order.status,
                unsold.contains(id)
            ));
        }
    }
    Ok(())
}

/// What the provider has of each order, all payments together.
fn held(sim: &Sim) -> BTreeMap<Uid, Held> {
    let (mut all, books) = (BTreeMap::new(), sim.fake.held());
    for entry in sim.fake.entries().values() {
        if entry.act != Act::Authorise || entry.done.is_err() {
            continue;
        }
        let (payment, _) = entry.merchant_reference.split_once('.').unwrap();
        let Some(order) = sim.book.payments.get(payment) else {
            continue;
        };
        let (book, sum): (&Held, &mut Held) =
            (&books[&entry.reference], all.entry(*order).or_default());
        sum.authorised_minor += book.authorised_minor;
        sum.captured_minor += book.captured_minor;
        sum.refunded_minor += book.refunded_minor;
        // What is not taken of what was held is let go of.
        let rest = book.authorised_minor - book.captured_minor - book.cancelled_minor;
        let is_taken = book.captured_minor > 0;
        sum.cancelled_minor += book.cancelled_minor + if is_taken { rest } else { 0 };
    }
    all
}

/// Money is taken when an order has come to where its restaurant said when it was placed, by whatever it is paid.
fn in_time(sim: &Sim, order: Uid, how: &str) -> Result<(), String> {
    match sim.book.orders.get(&order) {
        Some(order) if !order.may_be_taken() => Err(format!(
            "4: {} is {}, and money was {how} before its time",
            order.id, order.status
        )),
        _ => Ok(()),
    }
}

/// Nothing is charged twice, or without an order, or more than it costs, or before its time.
fn provider(sim: &Sim) -> Result<(), String> {
    let mut charged = BTreeSet::new();
    for entry in sim.fake.entries().values() {
        let (payment, _) = entry.merchant_reference.split_once('.').unwrap();
        if !sim.book.payments.contains_key(payment) {
            return Err(format!("3: a charge for {payment}, which nobody knows"));
        }
        let is_charge = entry.act == Act::Authorise && entry.done.is_ok();
        if is_charge && !charged.insert(payment.to_owned()) {
            return Err(format!("3: {payment} was charged twice"));
        }
    }
    for (id, held) in held(sim) {
        let order = sim.book.orders.get(&id);
        // Of a tab more is held than may ever be taken.
        let most = |order: &Ordered| order.tab.map_or(order.most, |_| order.total);
        let total = order.map_or(0, most);
        if held.captured_minor > total || held.refunded_minor > held.captured_minor {
            return Err(format!("3: of {total} the provider has {held:?}"));
        }
        if held.captured_minor > 0 {
            in_time(sim, id, "taken")?;
        }
    }
    match sim.fake.counts().other_bodies {
        0 => Ok(()),
        _ => Err("3: a key was used for something else".to_owned()),
    }
}

/// Judges everything, when all has come to its end.
pub(crate) async fn end(sim: &mut Sim) -> Result<(), String> {
    sim.note().await?;
    let all = Touched {
        orders: sim.book.orders.keys().copied().collect(),
        has_money: true,
        has_credit: true,
    };
    step(sim, &all).await?;
    let holds = Rows(&sim.db).holds().await;
    if !holds.is_empty() {
        return Err(format!("5: {} places are held for ever", holds.len()));
    }
    answers(sim).await?;
    tabs::seen(sim)?;
    money(sim).await?;
    notes(sim).await?;
    payments(sim).await?;
    lists(sim).await?;
    limits::calls(sim)?;
    limits::audited(sim).await?;
    folds(sim).await
}

/// What was acknowledged is there, and what was asked under one key has happened once.
async fn answers(sim: &Sim) -> Result<(), String> {
    if let Some(wrong) = &sim.clients.wrong {
        return Err(wrong.clone());
    }
    let refunds = Rows(&sim.db).refunds().await;
    let refunds: BTreeSet<String> = refunds
        .iter()
        .map(|(_, id, ..)| base::uid::spell("rfd", *id).to_string())
        .collect();
    for op in &sim.clients.ops {
        let Some(answer) = &op.answer else { continue };
        if !is_there(sim, (&op.kind, answer), &refunds) {
            return Err(format!(
                "10: {:?} was answered {answer}, and is not there",
                op.sent
            ));
        }
    }
    let kept = Rows(&sim.db).answers().await;
    let placed = kept.get("orders.place").copied().unwrap_or(0);
    let orders = sim.book.orders.len() as i64;
    if placed != orders {
        return Err(format!(
            "9: {orders} orders, and {placed} answers about them"
        ));
    }
    let granted = kept.get("orders.refund").copied().unwrap_or(0);
    let given = kept.get("credit.give").copied().unwrap_or(0);
    if given != sim.book.gifts_given {
        let gifts = sim.book.gifts_given;
        return Err(format!(
            "9: credit was given {gifts} times, and {given} answers"
        ));
    }
    match granted == refunds.len() as i64 {
        true => Ok(()),
        false => Err(format!(
            "9: {} refunds, and {granted} answers",
            refunds.len()
        )),
    }
}

/// Whether what was acknowledged is there.
fn is_there(sim: &Sim, (kind, answer): (&Kind, &Json), refunds: &BTreeSet<String>) -> bool {
    let of_id = |id: &str| sim.book.orders.values().find(|order| order.id == id);
    let proposed = answer["proposal"]["number"].as_i64();
    match kind {
        Kind::Place => of_id(&text(&answer["id"])).is_some(),
        Kind::Move(order, status, version) => {
            let seen = answer["version"].as_i64().unwrap();
            let follows = version.is_none_or(|was| seen == was || seen == was + 1);
            follows && of_id(order).is_some_and(|order| order.been.contains(*status))
        }
        Kind::Cancel(order) => of_id(order).is_some_and(|one| one.been.contains("cancelled")),
        Kind::Refund(_) => refunds.contains(&text(&answer["id"])),
        Kind::Change(order) => of_id(order).is_some_and(|one| {
            proposed.map_or(one.is_changed, |number| one.proposals.contains_key(&number))
        }),
        Kind::Add(order, line) => of_id(order).is_some_and(|one| {
            let is_there = one.had.contains(line);
            proposed.map_or(is_there, |number| one.proposals.contains_key(&number))
        }),
        Kind::Consent(order, number, is_yes) => of_id(order).is_some_and(|one| {
            let fate = one.proposals.get(number);
            // Who says yes may see it dropped when its money does not come.
            fate == Some(&Fate::Dropped)
                || (*is_yes && fate.is_some_and(|fate| *fate != Fate::Waits))
        }),
        Kind::Word(refund) => refunds.contains(refund),
        Kind::Credit | Kind::Cart | Kind::Quote | Kind::Rules | Kind::Notice => true,
    }
}

/// What stands in our books for each order is what the provider has, and nobody owes anything.
async fn money(sim: &Sim) -> Result<(), String> {
    let rows = Rows(&sim.db);
    let mut accounts: BTreeMap<(Uid, String), i64> = BTreeMap::new();
    let mut paid = BTreeMap::<Uid, i64>::new();
    for (order, kind, account, minor, _) in rows.posted().await {
        let is_moved = ["captured", "refund_executed"].contains(&kind.as_str());
        if is_moved && account != "diner" {
            *paid.entry(order).or_default() += minor;
        }
        *accounts.entry((order, account)).or_default() += minor;
    }
    owed(sim, &accounts)?;
    let refunded = refunded(sim).await?;
    let on = |id: &Uid, account: &str| {
        accounts
            .get(&(*id, account.to_owned()))
            .copied()
            .unwrap_or(0)
    };
    let mut held = held(sim);
    for (id, order) in &sim.book.orders {
        let owes = on(id, "diner");
        if owes != 0 {
            return Err(format!(
                "1: {} has ended, and {owes} stands on the diner",
                order.id
            ));
        }
        let held = held.remove(id).unwrap_or_default();
        let ours = on(id, "provider:fake");
        let net = held.captured_minor - held.refunded_minor;
        if ours != net {
            return Err(format!(
                "2: for {} the provider has {net}, and we say {ours}",
                order.id
            ));
        }
        let given = refunded.get(id).copied().unwrap_or(0);
        let is_paid = !order.gives_back();
        let wanted = if is_paid { order.total - given } else { 0 };
        let has = paid.get(id).copied().unwrap_or(0);
        if has != wanted {
            return Err(format!(
                "4: {} is {} and {has} of {wanted} is paid",
                order.id, order.status
            ));
        }
        let left = held.authorised_minor - held.captured_minor - held.cancelled_minor;
        if left != 0 {
            let what = told(sim, *id).await;
            return Err(format!(
                "4: {} is {} and {left} is still held{what}",
                order.id, order.status
            ));
        }
    }
    Ok(())
}

/// Organisations owe as much credit as people have.
fn owed(sim: &Sim, accounts: &BTreeMap<(Uid, String), i64>) -> Result<(), String> {
    let mut owed = BTreeMap::<i64, i64>::new();
    for ((order, _), minor) in accounts.iter().filter(|((_, on), _)| on == "store_credit") {
        let house = i64::from(order.organisation().get());
        *owed.entry(house).or_default() += minor;
    }
    for ((house, _), minor) in &sim.book.purses {
        *owed.entry(*house).or_default() += minor;
    }
    match owed.into_iter().find(|(_, minor)| *minor != 0) {
        None => Ok(()),
        Some((house, minor)) => Err(format!(
            "1: people have {minor} more credit with {house} than it owes"
        )),
    }
}

/// What was given back of each order. Nothing that was granted waits, and nothing was given back twice.
async fn refunded(sim: &Sim) -> Result<BTreeMap<Uid, i64>, String> {
    let (mut refunded, mut attempts) = (BTreeMap::<Uid, i64>::new(), BTreeSet::new());
    for (order, _, state, body) in Rows(&sim.db).refunds().await {
        if state == "declined" {
            continue;
        }
        if state != "executed" {
            return Err(format!("18: a refund is {state} in the end: {body}"));
        }
        let moved = body["moved"].as_array().unwrap().iter();
        for one in moved.clone().filter_map(|one| one["attempt"].as_str()) {
            if !attempts.insert(one.to_owned()) {
                return Err(format!("3: two refunds were executed by {one}"));
            }
        }
        let moved: i64 = moved.map(|one| one["minor"].as_i64().unwrap()).sum();
        *refunded.entry(order).or_default() += moved;
    }
    Ok(refunded)
}

/// Each refund that was executed has one credit note of as much money and tax, and no number is missing or there twice.
async fn notes(sim: &Sim) -> Result<(), String> {
    let sum = |all: &Json, field: &str| -> i64 {
        let all = all.as_array().unwrap().iter();
        all.map(|one| one[field].as_i64().unwrap()).sum()
    };
    let mut wanted = BTreeMap::new();
    for (_, id, state, body) in Rows(&sim.db).refunds().await {
        if state == "executed" {
            let parts = &body["parts"];
            let sums = (sum(parts, "minor"), sum(parts, "tax_minor"));
            wanted.insert(base::uid::spell("rfd", id).to_string(), sums);
        }
    }
    let mut numbers = BTreeMap::<(i64, i64), i64>::new();
    for (house, year, number, body) in Rows(&sim.db).notes().await {
        let last = numbers.entry((house, year)).or_default();
        *last += 1;
        if number != *last {
            return Err(format!("18: note {number} of {year} stands at {last}"));
        }
        let told = (sum(&body["lines"], "minor"), sum(&body["taxes"], "minor"));
        let is_whole = body["minor"] == told.0 && sum(&body["back"], "minor") == told.0;
        if wanted.remove(&text(&body["refund"])) != Some(told) || !is_whole {
            return Err(format!("18: a credit note is not its refund: {body}"));
        }
    }
    match wanted.keys().next() {
        None => Ok(()),
        Some(refund) => Err(format!("18: {refund} was executed without a credit note")),
    }
}

/// People have as much credit as was given and not spent.
async fn credit(sim: &Sim) -> Result<(), String> {
    let stored = Rows(&sim.db).credits().await;
    match stored == sim.book.purses {
        true => Ok(()),
        false => Err(format!(
            "7: credit is {stored:?}, and was {:?}",
            sim.book.purses
        )),
    }
}

/// What happened to the payments of an order, for whoever looks for the reason.
async fn told(sim: &Sim, order: Uid) -> String {
    let mut told = String::new();
    let its: Vec<&String> = sim
        .book
        .payments
        .iter()
        .filter(|(_, of)| **of == order)
        .map(|(payment, _)| payment)
        .collect();
    for (of, state, document) in Rows(&sim.db).payments().await {
        if of == order {
            told.push_str(&format!("\n  our payment is {state}: {document}"));
        }
    }
    for (attempt, entry) in sim.fake.entries() {
        let (payment, _) = entry.merchant_reference.split_once('.').unwrap();
        if its.iter().any(|one| *one == payment) {
            told.push_str(&format!("\n  the provider has {attempt:?}: {entry:?}"));
        }
    }
    told
}

/// Payments are settled as the provider has them.
async fn payments(sim: &Sim) -> Result<(), String> {
    let held = held(sim);
    let mut sums: BTreeMap<Uid, [i64; 3]> = BTreeMap::new();
    for (order, state, document) in Rows(&sim.db).payments().await {
        let attempts = document["attempts"].as_array().unwrap();
        if attempts
            .iter()
            .any(|attempt| attempt["provider"] == "credit")
        {
            continue;
        }
        for attempt in attempts {
            let is_open = ["sent", "unknown"].contains(&attempt["state"].as_str().unwrap());
            if is_open || attempt["is_contradicted"] == true {
                return Err(format!(
                    "2: an attempt of a payment that is {state}: {attempt}"
                ));
            }
        }
        let sum = sums.entry(order).or_default();
        let fields = ["authorised_minor", "captured_minor", "refunded_minor"];
        for (sum, field) in sum.iter_mut().zip(fields) {
            *sum += document[field].as_i64().unwrap();
        }
    }
    for (order, sum) in sums {
        let has = held.get(&order).copied().unwrap_or_default();
        let has = [has.authorised_minor, has.captured_minor, has.refunded_minor];
        if has != sum {
            return Err(format!(
                "2: the provider has {has:?}, and our payments {sum:?}"
            ));
        }
    }
    match sim.book.contradicted {
        0 => Ok(()),
        some => Err(format!("2: the provider contradicted itself {some} times")),
    }
}

/// Each order is in the list of who has placed it, and nothing was put aside.
async fn lists(sim: &Sim) -> Result<(), String> {
    let rows = Rows(&sim.db);
    if let Some(dead) = rows.dead().await.first() {
        return Err(format!("8: an event was put aside: {dead}"));
    }
    let listed = rows.listed().await;
    let customer = |order: &Ordered| base::uid::read("per", &order.customer).unwrap();
    let orders = sim.book.orders.iter();
    let wanted: BTreeSet<(Uid, Uid)> = orders.map(|(id, order)| (customer(order), *id)).collect();
    if listed != wanted {
        let (listed, wanted) = (listed.len(), wanted.len());
        return Err(format!("8: {listed} orders are in lists, of {wanted}"));
    }
    let wanted: BTreeSet<(i64, Uid)> = sim.book.purses.keys().copied().collect();
    let purses = rows.purses().await;
    if purses != wanted {
        let (known, wanted) = (purses.len(), wanted.len());
        return Err(format!(
            "8: {known} know that they have credit, of {wanted}"
        ));
    }
    Ok(())
}

/// Folding the log gives the rows.
async fn folds(sim: &Sim) -> Result<(), String> {
    static FOLDS: std::sync::OnceLock<verify::Folds> = std::sync::OnceLock::new();
    let folds = FOLDS.get_or_init(|| verify::Folds {
        shards: [catalogue::FOLDS, commerce::FOLDS].concat().leak(),
        people: &[],
        control: &[],
    });
    let settings = &sim.ground.settings;
    let verified = sim.db.verify(settings, folds, &mut |_| {}).await;
    let verified = verified.map_err(|failure| failure.to_string())?;
    match verified.findings.first() {
        None => Ok(()),
        Some(found) => Err(format!("7: {found:?}")),
    }
}
