//! Sealing: what is said of a person is under that person's key, and gone with it.

use base::{KeyRing, Uid};
use serde_json::json;
use store::{Call, Failure, Opened, Sealed, Sealer, Sql, Table};

use crate::world::World;

static PERSON_KEYS: Table = Table::new(
    "person_keys",
    store::Class::Queue,
    &[
        store::Column::id("person"),
        store::Column::int("master"),
        store::Column::bytes("wrapped"),
        store::Column::int("made_at"),
        store::Column::int("erased_at"),
    ],
    1,
    &[],
);

/// What is stored of the key of the person `$1`.
static STORED_KEY: Sql = Sql::new(
    "contract.stored_key",
    &PERSON_KEYS,
    "SELECT master, wrapped FROM person_keys WHERE person = $1",
);

/// Gives the person `$1` other bytes as a key.
static SPOIL_KEY: Sql = Sql::new(
    "contract.spoil_key",
    &PERSON_KEYS,
    "UPDATE person_keys SET wrapped = $2 WHERE person = $1",
);

pub(super) fn ring(world: &World) -> KeyRing {
    KeyRing::draw(world.random())
}

pub(super) async fn seal(world: &World, sealer: &Sealer, person: Uid, text: &str) -> Sealed {
    let deadline = world.db().deadline();
    sealer.seal(person, "name", text, &deadline).await.unwrap()
}

pub(super) async fn open(
    world: &World,
    sealer: &Sealer,
    (person, field): (Uid, &str),
    bytes: &[u8],
) -> Result<Opened, Failure> {
    let deadline = world.db().deadline();
    sealer.open(person, field, bytes, &deadline).await
}

pub(super) async fn stored_key(world: &World, person: Uid) -> Option<(i64, Option<Vec<u8>>)> {
    let call = Call::new(&STORED_KEY, [person.into()]);
    let (keys, deadline) = (world.db().keys(), world.db().deadline());
    let rows = keys.read(store::Scope::Nobody, vec![call], &deadline).await;
    let rows = rows.unwrap();
    let row = rows[0].first()?;
    Some((row.get(0).unwrap(), row.get(1).unwrap()))
}

pub(super) fn text(words: &str) -> Result<Opened, Failure> {
    Ok(Opened::Text(words.to_owned()))
}

fn is_damaged<T: std::fmt::Debug>(outcome: &Result<T, Failure>) {
    assert!(matches!(outcome, Err(Failure::Damaged(_))), "{outcome:?}");
}

pub(super) async fn what_was_sealed_opens_as_what_it_was_and_nowhere_else(world: World) {
    let ring = ring(&world);
    let sealer = world.db().sealer(&ring);
    let (ann, bob) = (world.id(), world.id());
    let sealed = seal(&world, &sealer, ann, "Ann").await;
    let others = seal(&world, &sealer, bob, "Bob").await;
    let again = seal(&world, &sealer, ann, "Ann").await;
    assert_ne!(sealed, again, "a nonce was used twice");
    assert_eq!(
        open(&world, &sealer, (ann, "name"), sealed.bytes()).await,
        text("Ann")
    );
    // A node that knows nothing yet reads the same.
    let fresh = world.db().sealer(&ring);
    assert_eq!(
        open(&world, &fresh, (ann, "name"), sealed.bytes()).await,
        text("Ann")
    );
    is_damaged(&open(&world, &sealer, (bob, "name"), sealed.bytes()).await);
    is_damaged(&open(&world, &sealer, (ann, "name"), others.bytes()).await);
    is_damaged(&open(&world, &sealer, (ann, "phone"), sealed.bytes()).await);
    is_damaged(&open(&world, &sealer, (world.id(), "name"), sealed.bytes()).await);
    for at in 0..sealed.bytes().len() {
        let mut spoilt = sealed.bytes().to_vec();
        spoilt[at] ^= 0x20;
        is_damaged(&open(&world, &sealer, (ann, "name"), &spoilt).await);
        is_damaged(&open(&world, &sealer, (ann, "name"), &sealed.bytes()[..at]).await);
    }
}

pub(super) async fn a_key_is_stored_before_it_is_used(world: World) {
    let ring = ring(&world);
    let sealer = world.db().sealer(&ring);
    let ann = world.id();
    assert_eq!(stored_key(&world, ann).await, None);
    let sealed = seal(&world, &sealer, ann, "Ann").await;
    let (master, wrapped) = stored_key(&world, ann).await.unwrap();
    assert_eq!(master, 1);
    // Whoever dies between the making of a key and its first use leaves a key that the next one takes.
    let next = world.db().sealer(&ring);
    let second = seal(&world, &next, ann, "Ann again").await;
    assert_eq!(stored_key(&world, ann).await.unwrap().1, wrapped);
    assert_eq!(
        open(&world, &next, (ann, "name"), sealed.bytes()).await,
        text("Ann")
    );
    assert_eq!(
        open(&world, &sealer, (ann, "name"), second.bytes()).await,
        text("Ann again")
    );
}

pub(super) async fn who_was_erased_stays_erased_in_table_and_log(world: World) {
    let ring = ring(&world);
    let sealer = world.db().sealer(&ring);
    let (ann, bob, never) = (world.id(), world.id(), world.id());
    let (anns, bobs) = (
        seal(&world, &sealer, ann, "Ann").await,
        seal(&world, &sealer, bob, "Bob").await,
    );
    let payload = json!({
        "order": 7,
        "people": [{ "name": anns.to_json(ann) }, { "name": bobs.to_json(bob) }],
        "na/me~": "plain",
    });
    let deadline = world.db().deadline();
    let opened = sealer.open_payload(&payload.to_string(), &deadline).await;
    let expected =
        json!({"order": 7, "people": [{"name": "Ann"}, {"name": "Bob"}], "na/me~": "plain"});
    assert_eq!(opened, Ok(expected));

    sealer.erase(ann, &deadline).await.unwrap();
    sealer.erase(ann, &deadline).await.unwrap();
    sealer.erase(never, &deadline).await.unwrap();
    assert_eq!(
        open(&world, &sealer, (ann, "name"), anns.bytes()).await,
        Ok(Opened::Erased)
    );
    let opened = sealer
        .open_payload(&payload.to_string(), &deadline)
        .await
        .unwrap();
    let expected = json!([{"name": {"erased": true}}, {"name": "Bob"}]);
    assert_eq!(opened["people"], expected);
    assert_eq!(stored_key(&world, ann).await.unwrap().1, None);
    for gone in [ann, never] {
        for sealer in [&sealer, &world.db().sealer(&ring)] {
            let refused = sealer.seal(gone, "name", "Ann", &deadline).await;
            assert!(
                matches!(refused, Err(Failure::Refused { .. })),
                "{refused:?}"
            );
        }
    }
    // A field under another name is not this field, in the log neither.
    let moved = json!({ "phone": bobs.to_json(bob) }).to_string();
    is_damaged(&sealer.open_payload(&moved, &deadline).await);
}

pub(super) async fn the_keys_of_many_are_got_at_once(world: World) {
    let ring = ring(&world);
    let sealer = world.db().sealer(&ring);
    let people: Vec<Uid> = (0..30).map(|_| world.id()).collect();
    let mut sealed = Vec::new();
    for person in &people {
        sealed.push(seal(&world, &sealer, *person, "Ann").await);
    }
    let deadline = world.db().deadline();
    sealer.erase(people[3], &deadline).await.unwrap();
    let fresh = world.db().sealer(&ring);
    let mut asked = people.clone();
    asked.push(world.id());
    fresh.prepare(&asked, &deadline).await.unwrap();
    // Without the database: what is known now is in memory.
    let gone = base::Clock::real();
    let late = store::Deadline::within(&gone, std::time::Duration::ZERO);
    for (person, sealed) in people.iter().zip(&sealed) {
        let opened = fresh.open(*person, "name", sealed.bytes(), &late).await;
        let expected = if *person == people[3] {
            Ok(Opened::Erased)
        } else {
            text("Ann")
        };
        assert_eq!(opened, expected);
    }
    let unknown = fresh
        .open(asked[30], "name", sealed[0].bytes(), &late)
        .await;
    assert_eq!(unknown, Err(Failure::TooLate));
}

pub(super) async fn a_wrong_master_key_opens_nothing(world: World) {
    let right = ring(&world);
    let sealer = world.db().sealer(&right);
    let ann = world.id();
    let sealed = seal(&world, &sealer, ann, "Ann").await;
    let deadline = world.db().deadline();
    sealer.check(&deadline).await.unwrap();
    let foreign = ring(&world);
    let later = KeyRing {
        current: (7, foreign.current.1.clone()),
        previous: None,
    };
    for wrong in [&foreign, &later] {
        let wrong = world.db().sealer(wrong);
        is_damaged(&wrong.check(&deadline).await);
        is_damaged(&open(&world, &wrong, (ann, "name"), sealed.bytes()).await);
        is_damaged(&wrong.seal(ann, "name", "Ann", &deadline).await);
        is_damaged(
            &wrong
                .rewrap(|_, _| {})
                .await
                .map(|_| ())
                .and(wrong.check(&deadline).await),
        );
    }
    // The key of one person is no key of another.
    let bob = world.id();
    let bobs = seal(&world, &sealer, bob, "Bob").await;
    let wrapped = stored_key(&world, ann).await.unwrap().1;
    let spoil = Call::new(&SPOIL_KEY, [bob.into(), wrapped.into()]);
    world
        .db()
        .keys()
        .transact(vec![spoil], &deadline)
        .await
        .unwrap();
    let fresh = world.db().sealer(&right);
    is_damaged(&open(&world, &fresh, (bob, "name"), bobs.bytes()).await);
}

pub(super) async fn keys_move_to_the_next_master_key(world: World) {
    let old = ring(&world);
    let sealer = world.db().sealer(&old);
    let people: Vec<Uid> = (0..12).map(|_| world.id()).collect();
    let mut sealed = Vec::new();
    for person in &people {
        sealed.push(seal(&world, &sealer, *person, "Ann").await);
    }
    let deadline = world.db().deadline();
    sealer.erase(people[0], &deadline).await.unwrap();
    let rotated = old.rotated(world.random()).unwrap();
    let both = world.db().sealer(&rotated);
    assert_eq!(
        open(&world, &both, (people[1], "name"), sealed[1].bytes()).await,
        text("Ann")
    );
    let digest = async |sealer: &Sealer, field: &str| {
        let digest = sealer.digest(field, "ann@example.org", &deadline).await;
        digest.unwrap()
    };
    let before = digest(&sealer, "email").await;
    assert_eq!(digest(&both, "email").await, before);
    let retired = world.db().sealer(&rotated.retired());
    is_damaged(&retired.check(&deadline).await);
    let mut told = Vec::new();
    assert_eq!(
        both.rewrap(|done, total| told.push((done, total))).await,
        Ok(12)
    );
    assert_eq!((told[0], told[told.len() - 1]), ((0, 12), (12, 12)));
    assert_eq!(both.rewrap(|_, _| {}).await, Ok(0));
    retired.check(&deadline).await.unwrap();
    for (person, sealed) in people.iter().zip(&sealed).skip(1) {
        assert_eq!(
            open(&world, &retired, (*person, "name"), sealed.bytes()).await,
            text("Ann")
        );
    }
    let gone = open(&world, &retired, (people[0], "name"), sealed[0].bytes()).await;
    assert_eq!(gone, Ok(Opened::Erased));
    assert_eq!(digest(&retired, "email").await, before);
    assert_ne!(digest(&both, "phone").await, before);
    // A process that runs all the while goes on with the new ring.
    let late = world.db().sealer(&old);
    let refused = open(&world, &late, (people[1], "name"), sealed[1].bytes()).await;
    assert!(
        matches!(refused, Err(Failure::Unavailable(_))),
        "{refused:?}"
    );
    sealer.exchange(&rotated.retired());
    assert_eq!(
        open(&world, &sealer, (people[1], "name"), sealed[1].bytes()).await,
        text("Ann")
    );
}
