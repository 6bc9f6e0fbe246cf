//! Invitations: a letter, a secret that works once, and what is refused alike.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::access_world::{OPERATOR, Town, eventually, text};
use super::world::on_both;

on_both!(
    an_invitation_works_once,
    what_does_not_work_looks_the_same,
    invitations_are_listed_and_withdrawn,
    so_many_are_open_and_no_more,
    a_promise_lapses_with_the_rights_of_who_made_it,
    a_member_gets_what_he_has_not,
    the_same_request_sends_one_letter,
    nothing_of_the_address_is_left,
);

fn staff(place: &str) -> Value {
    json!([{"role": "staff", "place": place}])
}

async fn an_invitation_works_once(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let token = town
        .invited(&owner, &organisation, staff(&organisation))
        .await;
    let guests: Vec<String> = (0..8).map(|_| town.person()).collect();
    let said = join_all(guests.iter().map(|guest| town.accept(guest, &token))).await;
    let joined = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(joined.count(), 1, "{said:?}");
    let refused = said
        .iter()
        .filter(|said| said.code() == (403, "invitation_refused"));
    assert_eq!(refused.count(), 7, "{said:?}");
    let members = town
        .get(
            &owner,
            &format!("/api/organisations/{organisation}/members"),
        )
        .await;
    assert_eq!(members.body["items"].as_array().unwrap().len(), 2);
    town.verify().await;
}

async fn what_does_not_work_looks_the_same(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let (id, token) = town
        .invitation(&owner, &organisation, staff(&organisation))
        .await;
    let used = town
        .invited(&owner, &organisation, staff(&organisation))
        .await;
    assert_eq!(
        town.accept(&town.person(), &used).await.status,
        StatusCode::OK
    );
    let (taken_back, withdrawn) = town
        .invitation(&owner, &organisation, staff(&organisation))
        .await;
    town.delete(&owner, &format!("/api/invitations/{taken_back}"))
        .await;
    let secret = token.split_once('.').unwrap().1;
    let other_secret = used.split_once('.').unwrap().1;
    let nowhere = format!("inv_{}{}", &id[4..16], &"00zzzzzzzz000000"[..14]);
    let guest = town.person();
    let mut seen = Vec::new();
    for token in [
        used.clone(),
        withdrawn,
        format!("{id}.{other_secret}"),
        format!("{}.{secret}", testkit::ids::absent(&id)),
        format!("{nowhere}.{secret}"),
        format!("{id}.{}", "A".repeat(43)),
    ] {
        let said = town.accept(&guest, &token).await;
        assert_eq!(
            said.code(),
            (403, "invitation_refused"),
            "{token}: {said:?}"
        );
        let mut body = said.body.clone();
        body["instance"] = Value::Null;
        seen.push(body);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
    for broken in ["", "x", &id, &format!("{id}."), &format!("{token}x")] {
        let said = town.accept(&guest, broken).await;
        assert!(said.status.is_client_error(), "{broken}: {said:?}");
    }
    // An operator's key and a stranger to sign-ins bring no person along.
    assert_eq!(
        town.accept(OPERATOR, &token).await.code(),
        (403, "invitation_refused")
    );
    assert_eq!(town.accept(&guest, &token).await.status, StatusCode::OK);
}

async fn invitations_are_listed_and_withdrawn(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let path = format!("/api/organisations/{organisation}/invitations");
    let (first, _) = town
        .invitation(&owner, &organisation, staff(&organisation))
        .await;
    let (second, token) = town
        .invitation(&owner, &organisation, staff(&organisation))
        .await;
    let listed = town.get(&owner, &path).await;
    let items = listed.body["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["email"]),
        (2, &json!("lucia@example.com")),
        "{listed:?}"
    );
    assert_eq!(items[0]["grants"], staff(&organisation));
    assert!(
        !listed
            .body
            .to_string()
            .contains(token.split_once('.').unwrap().1)
    );
    let one = format!("/api/invitations/{first}");
    assert_eq!(
        town.delete(&owner, &one).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(town.delete(&owner, &one).await.code(), (404, "not_found"));
    assert_eq!(
        town.accept(&town.person(), &token).await.status,
        StatusCode::OK
    );
    let gone = format!("/api/invitations/{second}");
    assert_eq!(town.delete(&owner, &gone).await.code(), (404, "not_found"));
    assert_eq!(town.get(&owner, &path).await.body["items"], json!([]));
    town.verify().await;
}

async fn so_many_are_open_and_no_more(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let path = format!("/api/organisations/{organisation}/invitations");
    let body = json!({"email": "a@example.com", "grants": staff(&organisation)});
    let mut last = String::new();
    for _ in 0..97 {
        let made = town.post(&owner, &path, body.clone()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        last = text(&made.body["id"]);
    }
    let tries = (0..6).map(|_| town.post(&owner, &path, body.clone()));
    let said = join_all(tries).await;
    let made = said
        .iter()
        .filter(|said| said.status == StatusCode::CREATED);
    assert_eq!(made.count(), 3, "{said:?}");
    assert!(
        said.iter()
            .all(|said| said.status == StatusCode::CREATED || said.code() == (409, "too_many"))
    );
    town.delete(&owner, &format!("/api/invitations/{last}"))
        .await;
    assert_eq!(
        town.post(&owner, &path, body).await.status,
        StatusCode::CREATED
    );
}

async fn a_promise_lapses_with_the_rights_of_who_made_it(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let manager = town
        .member(&owner, &organisation, &[("manager", &organisation)])
        .await;
    let more = json!([{"role": "owner", "place": organisation}]);
    let path = format!("/api/organisations/{organisation}/invitations");
    let said = town
        .post(
            &manager,
            &path,
            json!({"email": "a@example.com", "grants": more}),
        )
        .await;
    assert_eq!(said.code(), (403, "rights_exceeded"));
    let token = town
        .invited(&manager, &organisation, staff(&organisation))
        .await;
    let member = format!("/api/organisations/{organisation}/members/{manager}");
    assert_eq!(
        town.delete(&owner, &member).await.status,
        StatusCode::NO_CONTENT
    );
    let said = town.accept(&town.person(), &token).await;
    assert_eq!(said.code(), (403, "invitation_refused"), "{said:?}");
}

async fn a_member_gets_what_he_has_not(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let restaurant = town.restaurant(&owner, &organisation, None).await;
    let cook = town
        .member(&owner, &organisation, &[("staff", &organisation)])
        .await;
    let grants =
        json!([{"role": "staff", "place": organisation}, {"role": "kitchen", "place": restaurant}]);
    let token = town.invited(&owner, &organisation, grants).await;
    let said = town.accept(&cook, &token).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert_eq!(said.body["roles"].as_array().unwrap().len(), 2);
    assert_eq!(town.grants(&owner, &organisation, &cook).await.len(), 2);
    town.verify().await;
}

async fn the_same_request_sends_one_letter(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let path = format!("/api/organisations/{organisation}/invitations");
    let body = json!({"email": "lucia@example.com", "grants": staff(&organisation)});
    let again = async || {
        town.node
            .ask_once(&owner, "same", &path, body.clone())
            .await
    };
    let (one, two) = (again().await, again().await);
    assert_eq!((one.status, &one.body), (StatusCode::CREATED, &two.body));
    let token = town.post.token(&text(&one.body["id"])).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(town.post.count(), 1);
    assert_eq!(
        town.accept(&town.person(), &token).await.status,
        StatusCode::OK
    );
}

async fn nothing_of_the_address_is_left(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let (_, token) = town
        .invitation(&owner, &organisation, staff(&organisation))
        .await;
    let deadline = town.world.db.deadline();
    let shard = town.world.shard();
    let log = shard.log_after(0, 1_000, &deadline).await.unwrap();
    let event = log
        .iter()
        .find(|event| event.kind == "invitation.created")
        .unwrap();
    let secret = token.split_once('.').unwrap().1;
    assert!(!event.payload.contains("lucia") && !event.payload.contains(secret));
    let opened = town
        .sealer
        .open_payload(&event.payload, &deadline)
        .await
        .unwrap();
    assert_eq!(opened["email"], "lucia@example.com");
    assert_eq!(
        town.accept(&town.person(), &token).await.status,
        StatusCode::OK
    );
    eventually(async || {
        let opened = town
            .sealer
            .open_payload(&event.payload, &deadline)
            .await
            .unwrap();
        opened["email"] == json!({"erased": true}) && opened["token"] == json!({"erased": true})
    })
    .await;
}
