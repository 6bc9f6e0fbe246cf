//! Exports are whole and only one's own; who was erased is gone, stays gone, and is found again where it was not.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use base::{Error, Result, Time, codes};
use domain::people::PersonId;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use rpc::{Erasures, Keeps};
use serde_json::{Value, json};
use testkit::trial::Engine;

use crate::world::{Shop, Visitor, on_both};

on_both!(
    an_export_is_whole_and_only_ones_own,
    who_is_erased_is_gone_and_the_number_is_free,
    it_wants_a_fresh_sign_in_and_the_word,
    a_second_factor_is_wanted_of_who_has_one,
    who_must_hand_over_stays,
    operators_erase_with_a_reason_and_are_not_erased,
    who_is_shut_out_stays_out_until_he_is_let_in,
    what_was_interrupted_is_finished,
    whoever_comes_back_is_erased_again,
);

const PHONE: &str = "+4930901820";
const MAIL: &str = "lucia@example.com";
const STREET: &str = "Domplatz 1";

/// The ledger of a test, and a slice that keeps something of everybody.
#[derive(Default)]
pub(crate) struct Book {
    written: Mutex<BTreeSet<PersonId>>,
    by: Mutex<Vec<String>>,
    erased: Mutex<Vec<PersonId>>,
    pub(crate) is_away: Mutex<bool>,
    has_to_hand_over: Mutex<bool>,
    /// From which guests to which people.
    pub(crate) handed: Mutex<Vec<(PersonId, PersonId)>>,
}

impl Book {
    /// Who was to be removed, in turn.
    pub(crate) fn gone(&self) -> Vec<PersonId> {
        self.erased.lock().unwrap().clone()
    }
}

impl Keeps for Book {
    fn name(&self) -> &'static str {
        "book"
    }

    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(json!({"of": person}).to_string()) })
    }

    fn may_go<'a>(&'a self, _person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match *self.has_to_hand_over.lock().unwrap() {
                true => Err(Error::conflict(codes::LAST_OWNER, "the last one")),
                false => Ok(()),
            }
        })
    }

    fn erase<'a>(&'a self, person: PersonId, _trace: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.erased.lock().unwrap().push(person);
            Ok(())
        })
    }

    fn hand_over<'a>(&'a self, guest: PersonId, person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.handed.lock().unwrap().push((guest, person));
            Ok(())
        })
    }
}

impl Erasures for Book {
    fn write<'a>(&'a self, person: PersonId, _at: Time, by: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if *self.is_away.lock().unwrap() {
                return Err(Error::unavailable(codes::UNAVAILABLE, "it is away"));
            }
            self.written.lock().unwrap().insert(person);
            self.by.lock().unwrap().push(by.to_owned());
            Ok(())
        })
    }

    fn after(&self, after: Option<PersonId>) -> BoxFuture<'_, Result<Vec<PersonId>>> {
        Box::pin(async move {
            let written = self.written.lock().unwrap();
            let later = |person: &&PersonId| after.is_none_or(|after| **person > after);
            Ok(written.iter().filter(later).take(2).copied().collect())
        })
    }
}

/// Somebody of whom everything is known.
async fn lucia(shop: &Shop) -> (Visitor<'_>, PersonId) {
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let change =
        json!({"version": 1, "firstName": "Lucia", "lastName": "Rossi", "city": "Bologna"});
    lucia.patch("/api/me", change).await;
    lucia
        .post("/api/me/addresses", json!({"street": STREET}))
        .await;
    let sent = lucia.post("/api/me/contacts", json!({"email": MAIL})).await;
    let body = json!({"challenge": sent.text("challenge"), "code": shop.code(MAIL)});
    let added = lucia.post("/api/me/contacts/verify", body).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let id = lucia.get("/api/me").await.text("id").parse().unwrap();
    (lucia, id)
}

async fn erase(visitor: &Visitor<'_>) -> (u16, String) {
    let said = visitor
        .post("/api/me/erase", json!({"confirm": "erase"}))
        .await;
    (said.status.as_u16(), said.code().to_owned())
}

async fn an_export_is_whole_and_only_ones_own(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (lucia, id) = lucia(&shop).await;
    let carlo = shop.person(json!({"phone": "+4930901999"})).await;
    carlo
        .patch("/api/me", json!({"version": 1, "firstName": "Carlo"}))
        .await;
    let said = lucia.get("/api/me/export").await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    let export = &said.body;
    assert_eq!(export["id"], json!(id));
    assert_eq!(export["profile"]["firstName"], "Lucia");
    assert_eq!(export["profile"]["lastName"], "Rossi");
    assert_eq!(export["profile"]["city"], "Bologna");
    assert_eq!(export["profile"]["addresses"][0]["street"], STREET);
    let contacts = export["profile"]["contacts"].as_array().unwrap();
    let values: BTreeSet<&str> = contacts
        .iter()
        .map(|contact| contact["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, BTreeSet::from([PHONE, MAIL]));
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1, "{export}");
    assert_eq!(export["kept"]["book"]["of"], json!(id));
    assert!(export["factors"]["factors"].is_array(), "{export}");
    assert!(!export.to_string().contains("Carlo"));
    let nobody = shop.visitor().get("/api/me/export").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

async fn who_is_erased_is_gone_and_the_number_is_free(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (lucia, id) = lucia(&shop).await;
    let elsewhere = shop.person(json!({"phone": PHONE})).await;
    assert_eq!(erase(&lucia).await.0, 204);
    for visitor in [&lucia, &elsewhere] {
        assert_eq!(
            visitor.get("/api/auth/me").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert!(shop.book.written.lock().unwrap().contains(&id));
    assert_eq!(*shop.book.by.lock().unwrap(), [id.to_string()]);
    assert_eq!(*shop.book.erased.lock().unwrap(), [id]);
    let gone = shop.privacy.export_of(id).await.unwrap_err();
    assert_eq!(gone.code(), codes::NOT_FOUND);
    let deadline = shop.world.db.deadline();
    let people = shop.world.db.people();
    let log = people.log_after(0, 1_000, &deadline).await.unwrap();
    assert!(log.iter().any(|event| event.kind == "person.erased"));
    for event in &log {
        let deadline = shop.world.db.deadline();
        let opened = shop.sealer.open_payload(&event.payload, &deadline).await;
        let opened = opened.unwrap().to_string();
        for personal in ["Lucia", "Rossi", "Bologna", PHONE, MAIL, STREET] {
            assert!(!event.payload.contains(personal), "{event:?}");
            assert!(!opened.contains(personal), "{opened}");
        }
    }
    for contact in [json!({"phone": PHONE}), json!({"email": MAIL})] {
        let later = shop.person(contact).await;
        assert_ne!(later.get("/api/me").await.text("id"), id.to_string());
    }
}

async fn it_wants_a_fresh_sign_in_and_the_word(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (lucia, id) = lucia(&shop).await;
    for wrong in [
        json!({}),
        json!({"confirm": "yes"}),
        json!({"confirm": "erase", "of": id}),
    ] {
        let said = lucia.post("/api/me/erase", wrong).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    }
    shop.later(Duration::from_secs(5 * 60 + 1));
    let refused = (403, codes::PROOF_TOO_OLD.to_owned());
    assert_eq!(erase(&lucia).await, refused);
    assert!(shop.book.written.lock().unwrap().is_empty());
    // A fresh sign-in somewhere else does not make this session fresh.
    let again = shop.person(json!({"phone": PHONE})).await;
    assert_eq!(erase(&lucia).await, refused);
    assert_eq!(erase(&again).await.0, 204);
}

async fn a_second_factor_is_wanted_of_who_has_one(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (lucia, _) = lucia(&shop).await;
    let offered = lucia
        .ask(Method::POST, "/api/me/factors/totp", &[], None)
        .await;
    let code = totp(offered.text("secret"), shop.clock.now());
    let body = json!({"code": code});
    let proven = lucia.post("/api/me/factors/totp/confirm", body).await;
    assert_eq!(proven.status, StatusCode::OK, "{proven:?}");
    let weak = shop.person(json!({"phone": PHONE})).await;
    let needed = (403, codes::SECOND_FACTOR_NEEDED.to_owned());
    assert_eq!(erase(&weak).await, needed);
    assert_eq!(weak.get("/api/me/export").await.code(), needed.1);
    let strong = lucia.get("/api/me/export").await;
    assert_eq!(strong.status, StatusCode::OK, "{strong:?}");
    assert!(!strong.body.to_string().contains(offered.text("secret")));
    assert_eq!(erase(&lucia).await.0, 204);
}

async fn who_must_hand_over_stays(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (lucia, _) = lucia(&shop).await;
    *shop.book.has_to_hand_over.lock().unwrap() = true;
    assert_eq!(erase(&lucia).await, (409, codes::LAST_OWNER.to_owned()));
    // Nothing goes that is not written down.
    *shop.book.has_to_hand_over.lock().unwrap() = false;
    *shop.book.is_away.lock().unwrap() = true;
    assert_eq!(erase(&lucia).await.0, 503);
    let me = lucia.get("/api/me").await;
    assert_eq!(me.text("firstName"), "Lucia", "{me:?}");
}

async fn operators_erase_with_a_reason_and_are_not_erased(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (lucia, id) = lucia(&shop).await;
    let path = format!("/api/operators/people/{id}/erase");
    let reason = json!({"reason": "letter 17"});
    assert_eq!(
        lucia.post(&path, reason.clone()).await.status,
        StatusCode::FORBIDDEN
    );
    for wrong in ["", "no", " letter", "Gr\u{fc}nde"] {
        let said = shop.post(&path, json!({"reason": wrong})).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {said:?}"
        );
    }
    let me = shop.get("/api/operators/me").await;
    let own = format!("/api/operators/people/{}/erase", me.text("person"));
    let said = shop.post(&own, reason.clone()).await;
    assert_eq!(said.code(), codes::FORBIDDEN, "{said:?}");
    let done = shop.post(&path, reason.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{done:?}");
    assert_eq!(*shop.book.by.lock().unwrap(), [me.text("id").to_owned()]);
    let deadline = shop.world.db.deadline();
    let log = shop.world.db.people().log_after(0, 1_000, &deadline).await;
    let log = log.unwrap();
    let erased = log.iter().find(|event| event.kind == "person.erased");
    let erased = erased.unwrap();
    assert_eq!(erased.actor, me.text("id"));
    let payload: Value = serde_json::from_str(&erased.payload).unwrap();
    assert_eq!(payload, reason);
    let nobody = shop.people.new_person();
    for path in [path, format!("/api/operators/people/{nobody}/erase")] {
        assert_eq!(
            shop.post(&path, reason.clone()).await.code(),
            codes::NOT_FOUND
        );
    }
}

async fn who_is_shut_out_stays_out_until_he_is_let_in(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (lucia, id) = lucia(&shop).await;
    let reason = json!({"reason": "case 12"});
    let out = format!("/api/operators/people/{id}/disable");
    let in_again = format!("/api/operators/people/{id}/enable");
    assert_eq!(lucia.get("/api/me").await.status, StatusCode::OK);
    let own = lucia.post(&out, reason.clone()).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "{own:?}");
    for _ in 0..2 {
        let done = shop.post(&out, reason.clone()).await;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{done:?}");
    }
    let said = lucia.get("/api/me").await;
    assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{said:?}");
    let late = shop.visitor().sign_in(json!({"phone": PHONE})).await;
    assert!(late.status.is_client_error(), "{late:?}");
    let done = shop.post(&in_again, reason.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{done:?}");
    assert_eq!(
        lucia.get("/api/me").await.status,
        StatusCode::UNAUTHORIZED,
        "a session that has ended stays ended"
    );
    let back = shop.visitor().sign_in(json!({"phone": PHONE})).await;
    assert_eq!(back.status, StatusCode::OK, "{back:?}");
    let nobody = shop.people.new_person();
    for path in ["disable", "enable"] {
        let path = format!("/api/operators/people/{nobody}/{path}");
        assert_eq!(
            shop.post(&path, reason.clone()).await.code(),
            codes::NOT_FOUND
        );
    }
    let me = shop.get("/api/operators/me").await;
    let own = format!("/api/operators/people/{}/disable", me.text("person"));
    assert_eq!(shop.post(&own, reason).await.code(), codes::FORBIDDEN);
}

async fn what_was_interrupted_is_finished(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (lucia, id) = lucia(&shop).await;
    let carlo = shop.person(json!({"phone": "+4930901999"})).await;
    // It was written down, and then the process was killed.
    shop.book.written.lock().unwrap().insert(id);
    let replayed = shop.privacy.replay().await.unwrap();
    assert_eq!(
        (replayed.known, replayed.erased, replayed.failed),
        (1, 1, 0)
    );
    assert_eq!(
        lucia.get("/api/auth/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        shop.privacy.export_of(id).await.unwrap_err().code(),
        codes::NOT_FOUND
    );
    assert_eq!(*shop.book.erased.lock().unwrap(), [id]);
    let replayed = shop.privacy.replay().await.unwrap();
    assert_eq!(
        (replayed.known, replayed.erased, replayed.failed),
        (1, 0, 0)
    );
    assert_eq!(carlo.get("/api/auth/me").await.status, StatusCode::OK);
}

async fn whoever_comes_back_is_erased_again(engine: Engine) {
    let shop = Shop::empty(engine).await;
    // More than one page of the ledger, with people who were never here: their keys are destroyed for good, too.
    let strangers: Vec<PersonId> = (0..5).map(|_| shop.people.new_person()).collect();
    shop.book.written.lock().unwrap().extend(&strangers);
    let (visitor, id) = lucia(&shop).await;
    // The key was destroyed, but an older backup has brought the rows back.
    let deadline = shop.world.db.deadline();
    shop.sealer.erase(id.uid(), &deadline).await.unwrap();
    shop.book.written.lock().unwrap().insert(id);
    let replayed = shop.privacy.replay().await.unwrap();
    assert_eq!(
        (replayed.known, replayed.erased, replayed.failed),
        (6, 6, 0)
    );
    assert_eq!(
        visitor.get("/api/auth/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    let later = shop.person(json!({"phone": PHONE})).await;
    assert_ne!(later.get("/api/me").await.text("id"), id.to_string());
    let sealed = shop.sealer.seal(strangers[0].uid(), "name", "x", &deadline);
    assert!(sealed.await.is_err());
    assert_eq!(shop.privacy.replay().await.unwrap().erased, 0);
}

/// What an app shows for a secret (RFC 6238).
fn totp(secret: &str, at: Time) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = secret
        .bytes()
        .filter_map(|letter| LETTERS.iter().position(|one| *one == letter));
    let (mut key, mut held, mut count) = (Vec::new(), 0_usize, 0);
    for five in bits {
        held = (held << 5 | five) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            key.push((held >> count & 0xff) as u8);
        }
    }
    let step = at.as_micros() / 30_000_000;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let from = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[from..from + 4].try_into().unwrap();
    format!(
        "{:06}",
        (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
    )
}
