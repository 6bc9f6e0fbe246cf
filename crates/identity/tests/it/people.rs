//! Profiles, contacts, addresses, guests, and what is left of somebody who is forgotten.

use std::time::Duration;

use domain::people::PersonId;
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{Shop, Visitor, on_both};

on_both!(
    a_profile_changes_by_its_version,
    contacts_come_by_proof_and_the_last_stays,
    of_two_last_contacts_one_stays,
    a_contact_has_one_person,
    an_address_book_has_room_for_twenty,
    addresses_of_others_are_not_there,
    a_guest_who_proves_a_contact_stays_the_same,
    a_guest_with_a_known_contact_is_that_person,
    of_many_who_sign_in_with_one_guest_one_takes_over,
    a_guest_goes_with_the_person_that_it_became,
    nothing_is_left_of_who_is_forgotten,
    names_are_told_to_other_slices,
    the_inbox_shows_letters,
    nobody_reads_a_profile_without_a_sign_in,
);

const PHONE: &str = "+4930901820";
const STREET: &str = "Via Roma 1";

async fn a_profile_changes_by_its_version(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let change = json!({
        "version": 1, "firstName": "Lucia", "lastName": "Rossi", "locale": "it-IT",
        "profileImageUrl": "https://example.com/l.png", "city": "Berlin",
    });
    let said = lucia.patch("/api/me", change.clone()).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert_eq!(said.body["version"], 2);
    assert_eq!(said.body["firstName"], "Lucia");
    let late = lucia
        .patch("/api/me", json!({"version": 1, "city": "Rom"}))
        .await;
    assert_eq!(
        (late.status, late.code()),
        (StatusCode::CONFLICT, "version_changed")
    );
    let said = lucia
        .patch("/api/me", json!({"version": 2, "city": null}))
        .await;
    assert_eq!(said.body["version"], 3);
    assert_eq!(said.body.get("city"), None);
    assert_eq!(said.body["lastName"], "Rossi");
    for wrong in [
        json!({"version": 3, "locale": "Deutsch"}),
        json!({"version": 3, "profileImageUrl": "javascript:alert(1)"}),
        json!({"version": 3, "firstName": ""}),
        json!({"version": 0, "firstName": "L"}),
        json!({"version": 3, "id": "x"}),
        json!({"firstName": "L"}),
    ] {
        let said = lucia.patch("/api/me", wrong.clone()).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong} {said:?}"
        );
    }
    let me = lucia.get("/api/me").await;
    assert_eq!(me.body["version"], 3);
    assert_eq!(me.body["profileImageUrl"], "https://example.com/l.png");
}

async fn contacts_come_by_proof_and_the_last_stays(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let mail = json!({"email": "Lucia@example.com"});
    let sent = lucia.post("/api/me/contacts", mail).await;
    let code = shop.code("Lucia@example.com");
    let body = json!({"challenge": sent.text("challenge"), "code": code});
    let added = lucia.post("/api/me/contacts/verify", body).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let me = lucia.get("/api/auth/me").await;
    assert_eq!(me.body["email"], "Lucia@example.com");
    assert_eq!(me.body["contacts"].as_array().unwrap().len(), 2);
    // Either of both signs in as the same person.
    let other = shop.visitor();
    let said = other.sign_in(json!({"email": "lucia@example.com"})).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert_eq!(said.body["person"]["id"], me.body["id"]);

    let path = |kind: &str| {
        let contacts = me.body["contacts"].as_array().unwrap();
        let found = contacts.iter().find(|contact| contact["kind"] == kind);
        format!(
            "/api/me/contacts/{}",
            found.unwrap()["id"].as_str().unwrap()
        )
    };
    let gone = lucia.delete(&path("phone")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let again = lucia.delete(&path("phone")).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let last = lucia.delete(&path("email")).await;
    assert_eq!(
        (last.status, last.code()),
        (StatusCode::CONFLICT, "last_one")
    );
    // What is nobody's any more is free for somebody else.
    let stranger = shop.person(json!({"phone": PHONE})).await;
    assert_ne!(stranger.get("/api/me").await.body["id"], me.body["id"]);
}

async fn of_two_last_contacts_one_stays(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let mail = json!({"email": "lucia@example.com"});
    let sent = lucia.post("/api/me/contacts", mail).await;
    let code = shop.code("lucia@example.com");
    let body = json!({"challenge": sent.text("challenge"), "code": code});
    lucia.post("/api/me/contacts/verify", body).await;
    let me = lucia.get("/api/me").await;
    let contacts = me.body["contacts"].as_array().unwrap();
    let ended = join_all(contacts.iter().map(|contact| {
        let path = format!("/api/me/contacts/{}", contact["id"].as_str().unwrap());
        let lucia = &lucia;
        async move { lucia.delete(&path).await.status }
    }))
    .await;
    let gone = ended
        .iter()
        .filter(|status| **status == StatusCode::NO_CONTENT);
    assert_eq!(gone.count(), 1, "{ended:?}");
}

async fn a_contact_has_one_person(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    shop.person(json!({"phone": "+4930901821"})).await;
    let sent = lucia
        .post("/api/me/contacts", json!({"phone": "+4930901821"}))
        .await;
    let code = shop.code("+4930901821");
    let body = json!({"challenge": sent.text("challenge"), "code": code});
    let said = lucia.post("/api/me/contacts/verify", body).await;
    assert_eq!(
        (said.status, said.code()),
        (StatusCode::CONFLICT, "contact_taken")
    );
}

async fn an_address_book_has_room_for_twenty(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let path = "/api/me/addresses";
    let home = json!({
        "label": "Home", "street": STREET, "city": "Berlin", "postCode": "10115",
        "instructions": "Ring twice", "location": {"latitude": 52.5, "longitude": 13.4},
    });
    let added = lucia.post_once(path, "once", home.clone()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let again = lucia.post_once(path, "once", home).await;
    assert_eq!(again.body, added.body);
    let one = format!("{path}/{}", added.text("id"));
    let change = json!({"version": 1, "label": null, "street": "Via Roma 2"});
    let changed = lucia.patch(&one, change.clone()).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    assert_eq!(changed.body["street"], "Via Roma 2");
    assert_eq!(changed.body.get("label"), None);
    assert_eq!(changed.body["location"]["latitude"], 52.5);
    let late = lucia.patch(&one, change).await;
    assert_eq!(late.code(), "version_changed", "{late:?}");
    for wrong in [
        json!({"street": ""}),
        json!({"street": "x", "location": {"latitude": 91, "longitude": 0}}),
        json!({"street": "x", "owner": "y"}),
        json!({"label": "x"}),
    ] {
        let said = lucia.post(path, wrong.clone()).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong} {said:?}"
        );
    }

    let all = join_all((0..25).map(|n| {
        let lucia = &lucia;
        async move {
            lucia
                .post(path, json!({"street": format!("Street {n}")}))
                .await
        }
    }))
    .await;
    let made = all.iter().filter(|said| said.status == StatusCode::CREATED);
    assert_eq!(made.count(), 19);
    let full = all.iter().filter(|said| said.code() == "too_many");
    assert_eq!(full.count(), 6);
    assert_eq!(lucia.delete(&one).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lucia.get(&one).await.status, StatusCode::NOT_FOUND);
    let said = lucia.post(path, json!({"street": "One more"})).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    let book = lucia.get(path).await;
    assert_eq!(book.body["items"].as_array().unwrap().len(), 20);
}

async fn addresses_of_others_are_not_there(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let mario = shop.person(json!({"phone": "+4930901821"})).await;
    let added = lucia
        .post("/api/me/addresses", json!({"street": STREET}))
        .await;
    let id = added.text("id");
    let path = format!("/api/me/addresses/{id}");
    let absent = id.replace(|c: char| c.is_ascii_digit(), "0");
    let absent = format!("/api/me/addresses/{absent}");
    let change = json!({"version": 1, "street": "Elsewhere"});
    for (foreign, none) in [
        (mario.get(&path).await, mario.get(&absent).await),
        (
            mario.patch(&path, change.clone()).await,
            mario.patch(&absent, change).await,
        ),
        (mario.delete(&path).await, mario.delete(&absent).await),
    ] {
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{foreign:?}");
        let plain = |mut body: Value| {
            body.as_object_mut().unwrap().remove("instance");
            body
        };
        assert_eq!(plain(foreign.body), plain(none.body));
    }
    assert!(mario.get("/api/me/addresses").await.body["items"] == json!([]));
    let me = lucia.get("/api/me").await;
    let contact = me.body["contacts"][0]["id"].as_str().unwrap();
    let said = mario.delete(&format!("/api/me/contacts/{contact}")).await;
    assert_eq!(said.status, StatusCode::NOT_FOUND, "{said:?}");
    assert_eq!(lucia.get(&path).await.body["street"], STREET);
}

async fn a_guest_who_proves_a_contact_stays_the_same(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let guest = shop.visitor();
    let said = guest
        .ask(http::Method::POST, "/api/auth/guest", &[], None)
        .await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    assert_eq!(said.body["person"]["guest"], true);
    let before = guest.cookie("__Host-comanda");
    guest
        .post("/api/me/addresses", json!({"street": STREET}))
        .await;
    let known = guest.sign_in(json!({"phone": PHONE})).await;
    assert_eq!(known.body["person"]["id"], said.body["person"]["id"]);
    assert_eq!(known.body["person"]["guest"], false);
    assert_ne!(guest.cookie("__Host-comanda"), before);
    let book = guest.get("/api/me/addresses").await;
    assert_eq!(book.body["items"][0]["street"], STREET);
    // Whoever has copied the guest's session has no account with it.
    let copied = shop.visitor();
    copied.bring("__Host-comanda", &before.unwrap());
    assert_eq!(copied.get("/api/auth/me").await.status.as_u16(), 401);
}

/// Somebody who orders without an account, and who that is.
async fn guest(shop: &Shop) -> (Visitor<'_>, PersonId) {
    let guest = shop.visitor();
    let made = guest
        .ask(http::Method::POST, "/api/auth/guest", &[], None)
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let id = made.body["person"]["id"].as_str().unwrap().parse();
    (guest, id.unwrap())
}

async fn a_guest_with_a_known_contact_is_that_person(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let id: PersonId = lucia.get("/api/me").await.text("id").parse().unwrap();
    let (visitor, was) = guest(&shop).await;
    let before = visitor.cookie("__Host-comanda").unwrap();
    let known = visitor.sign_in(json!({"phone": PHONE})).await;
    assert_eq!(known.body["person"]["id"], json!(id));
    // What the guest has begun is the person's; and of a person who signs in anew nothing is handed over.
    visitor.sign_in(json!({"phone": PHONE})).await;
    let handed = || shop.book.handed.lock().unwrap().clone();
    assert_eq!(handed(), [(was, id)]);
    // The guest's session has ended with it. Whoever brings it along signs in all the same, and takes over from nobody.
    let other = shop.visitor();
    other.bring("__Host-comanda", &before);
    assert_eq!(other.get("/api/auth/me").await.status.as_u16(), 401);
    let said = other.sign_in(json!({"phone": "+4930901999"})).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    let nonsense = shop.visitor();
    nonsense.bring("__Host-comanda", "nonsense");
    let said = nonsense.sign_in(json!({"phone": "+4930901998"})).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    let (over, _) = guest(&shop).await;
    shop.later(Duration::from_secs(25 * 60 * 60));
    let said = over.sign_in(json!({"phone": "+4930901997"})).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert_eq!(handed(), [(was, id)]);
}

async fn of_many_who_sign_in_with_one_guest_one_takes_over(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (visitor, was) = guest(&shop).await;
    let brought = visitor.cookie("__Host-comanda").unwrap();
    let mut sent = Vec::new();
    for number in 0..5 {
        let phone = format!("+493090182{number}");
        shop.person(json!({"phone": phone})).await;
        let one = shop.visitor();
        let said = one.post("/api/auth/send-otp", json!({"phone": phone}));
        let challenge = said.await.text("challenge").to_owned();
        one.bring("__Host-comanda", &brought);
        sent.push((
            one,
            json!({"challenge": challenge, "code": shop.code(&phone)}),
        ));
    }
    let asks = sent
        .iter()
        .map(|(one, body)| one.post("/api/auth/verify-otp", body.clone()));
    for said in join_all(asks).await {
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
    }
    let handed = shop.book.handed.lock().unwrap().clone();
    assert_eq!(handed.len(), 1, "{handed:?}");
    assert_eq!(handed[0].0, was);
}

async fn a_guest_goes_with_the_person_that_it_became(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let id: PersonId = lucia.get("/api/me").await.text("id").parse().unwrap();
    let (visitor, was) = guest(&shop).await;
    visitor
        .post("/api/me/addresses", json!({"street": STREET}))
        .await;
    visitor.sign_in(json!({"phone": PHONE})).await;
    let export = visitor.get("/api/me/export").await;
    assert_eq!(export.body["factors"]["guests"], json!([was]), "{export:?}");
    let gone = visitor
        .post("/api/me/erase", json!({"confirm": "erase"}))
        .await;
    assert_eq!(gone.status.as_u16(), 204, "{gone:?}");
    for one in [was, id] {
        assert_eq!(shop.people.export(one).await.unwrap(), json!(null));
    }
    assert_eq!(shop.book.gone(), [was, id]);
}

async fn nothing_is_left_of_who_is_forgotten(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    lucia
        .patch("/api/me", json!({"version": 1, "firstName": "Lucia"}))
        .await;
    lucia
        .post("/api/me/addresses", json!({"street": STREET}))
        .await;
    let id = lucia.get("/api/me").await.text("id").to_owned();
    let person = id.parse().unwrap();
    let export = shop.people.export(person).await.unwrap();
    assert_eq!(export["firstName"], "Lucia", "{export}");
    assert_eq!(export["contacts"][0]["value"], PHONE);
    assert_eq!(export["addresses"][0]["street"], STREET);
    let open = shop.visitor();
    let sent = open
        .post("/api/auth/send-otp", json!({"phone": PHONE}))
        .await;
    let body = json!({"challenge": sent.text("challenge"), "code": shop.code(PHONE)});

    shop.people.erase(person, &shop.codes).await.unwrap();
    shop.people.erase(person, &shop.codes).await.unwrap();
    assert_eq!(shop.people.export(person).await.unwrap(), Value::Null);
    assert!(!shop.people.is_active(person).await.unwrap());
    // The code that was out is gone, and what the log says of the person opens nowhere.
    let said = open.post("/api/auth/verify-otp", body).await;
    assert_eq!(said.code(), "code_refused");
    let people = shop.world.db.people();
    let deadline = shop.world.db.deadline();
    let log = people.log_after(0, 1_000, &deadline).await.unwrap();
    assert!(log.iter().any(|event| event.kind == "person.erased"));
    for event in &log {
        for personal in ["Lucia", PHONE, "901820", STREET] {
            assert!(!event.payload.contains(personal), "{event:?}");
        }
        let deadline = shop.world.db.deadline();
        let opened = shop.sealer.open_payload(&event.payload, &deadline).await;
        assert!(!opened.unwrap().to_string().contains(PHONE), "{event:?}");
    }
    // Whoever comes with the number later is somebody else.
    let later = shop.person(json!({"phone": PHONE})).await;
    assert_ne!(later.get("/api/me").await.text("id"), id);
}

async fn names_are_told_to_other_slices(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let change = json!({"version": 1, "firstName": "Lucia", "lastName": "Rossi"});
    lucia.patch("/api/me", change).await;
    let nameless = shop.person(json!({"phone": "+4930901821"})).await;
    let mut ids = Vec::new();
    for visitor in [&lucia, &nameless] {
        let me = visitor.get("/api/me").await;
        ids.push(me.text("id").parse().unwrap());
    }
    ids.push(shop.people.new_person());
    let people = rpc::People::new(std::sync::Arc::new(shop.people.clone()));
    let names = people.names(&ids).await.unwrap();
    assert_eq!(names, [Some("Lucia Rossi".to_owned()), None, None]);
}

async fn the_inbox_shows_letters(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let visitor = shop.visitor();
    let sent = visitor
        .post("/api/auth/send-otp", json!({"email": "a'b@example.com"}))
        .await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
    let list = visitor.get("/api/dev/inbox").await;
    let text = list.body["items"][0]["text"].as_str().unwrap();
    assert!(text.starts_with(&shop.code("a'b@example.com")));
    assert_eq!(list.body["items"][0]["about"], "code");
    let page = visitor.get("/dev/inbox").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
}

async fn nobody_reads_a_profile_without_a_sign_in(engine: Engine) {
    let shop = Shop::new(engine).await;
    let visitor = shop.visitor();
    for path in ["/api/auth/me", "/api/me", "/api/me/addresses"] {
        let said = visitor.get(path).await;
        assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{path} {said:?}");
    }
    // An operator's key stands for its person.
    let me = shop.get("/api/auth/me").await;
    assert_eq!(me.status, StatusCode::OK, "{me:?}");
    assert_eq!(me.body["role"], "operator");
    assert_eq!(me.body["contacts"][0]["value"], "ada@example.com");
    assert_eq!(me.body["contacts"][0]["verified"], false);
    assert_eq!(me.body.get("email"), None);
}
