//! Members and grants: races for the last owner, what somebody of a part sees and does, and people who are erased.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::json;
use testkit::trial::Engine;

use super::access_world::{Town, eventually, text};
use super::world::{Said, on_both};

on_both!(
    one_owner_is_always_left,
    many_changes_of_one_member_all_count,
    somebody_of_a_part_keeps_to_it,
    lists_come_in_pages,
    a_plan_holds_so_many_members,
    the_erased_are_nowhere,
    rights_are_not_used_after_they_were_taken,
);

async fn one_owner_is_always_left(engine: Engine) {
    let town = Town::new(engine).await;
    let one = town.person();
    let organisation = town.organisation(&one).await;
    for _ in 0..4 {
        let owners = async |by: &str| {
            let said = town
                .get(by, &format!("/api/organisations/{organisation}/members"))
                .await;
            let items = said.body["items"].as_array().unwrap().clone();
            let owner = items.into_iter().filter(|item| {
                let mut grants = item["grants"].as_array().unwrap().iter();
                grants.any(|grant| grant["role"] == "owner")
            });
            owner.map(|item| text(&item["person"])).collect::<Vec<_>>()
        };
        let acting = "operator|looking on";
        let first = owners(acting).await.remove(0);
        let second = town
            .member(&first, &organisation, &[("owner", &organisation)])
            .await;
        let mut grants = Vec::new();
        for person in [&first, &second] {
            let (grant, ..) = town.grants(acting, &organisation, person).await.remove(0);
            grants.push(format!("/api/grants/{grant}"));
        }
        // Each takes the other's, and each his own, at the same time.
        let said = join_all([
            town.delete(&first, &grants[1]),
            town.delete(&second, &grants[0]),
            town.delete(&first, &grants[0]),
            town.delete(&second, &grants[1]),
        ])
        .await;
        assert_eq!(owners(acting).await.len(), 1, "{said:?}");
        assert!(
            said.iter().all(|said| said.status.as_u16() < 500),
            "{said:?}"
        );
    }
    let acting = "operator|looking on";
    let members = format!("/api/organisations/{organisation}/members");
    let said = town.get(acting, &members).await;
    let all = said.body["items"].as_array().unwrap().iter();
    let tries = all.map(|item| {
        let path = format!("{members}/{}", text(&item["person"]));
        let town = &town;
        async move { town.delete(acting, &path).await }
    });
    let said = join_all(tries).await;
    let kept = said
        .iter()
        .filter(|said| said.code() == (409, "last_owner"));
    assert_eq!(kept.count(), 1, "{said:?}");
    town.verify().await;
}

async fn many_changes_of_one_member_all_count(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let mut places = vec![organisation.clone()];
    for _ in 0..4 {
        places.push(town.restaurant(&owner, &organisation, None).await);
    }
    let cook = town
        .member(&owner, &organisation, &[("staff", &organisation)])
        .await;
    let tries = places.iter().flat_map(|place| {
        let of = (organisation.as_str(), cook.as_str());
        ["kitchen", "finance"].map(|role| town.give(&owner, of, (role, place)))
    });
    let said = join_all(tries).await;
    assert!(
        said.iter().all(|said| said.status == StatusCode::CREATED),
        "{said:?}"
    );
    let grants = town.grants(&owner, &organisation, &cook).await;
    assert_eq!(grants.len(), 11);
    let paths: Vec<_> = grants
        .iter()
        .map(|(id, ..)| format!("/api/grants/{id}"))
        .collect();
    let said = join_all(paths.iter().map(|path| town.delete(&owner, path))).await;
    assert!(
        said.iter()
            .all(|said| said.status == StatusCode::NO_CONTENT),
        "{said:?}"
    );
    assert_eq!(town.grants(&owner, &organisation, &cook).await, []);
    // He is still a member.
    eventually(async || {
        let mine = town.get(&cook, "/api/me/organisations").await;
        mine.body["items"].as_array().unwrap().len() == 1
    })
    .await;
    town.verify().await;
}

async fn somebody_of_a_part_keeps_to_it(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let brand = town.brand(&owner, &organisation, "Osteria").await;
    let inside = town.restaurant(&owner, &organisation, Some(&brand)).await;
    let beside = town.restaurant(&owner, &organisation, None).await;
    let manager = town
        .member(&owner, &organisation, &[("manager", &brand)])
        .await;
    let both = [("staff", inside.as_str()), ("staff", beside.as_str())];
    let waiter = town.member(&owner, &organisation, &both).await;
    let cook = town
        .member(&owner, &organisation, &[("kitchen", &beside)])
        .await;

    let said = town
        .get(
            &manager,
            &format!("/api/organisations/{organisation}/members"),
        )
        .await;
    let seen: Vec<_> = said.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["person"]))
        .collect();
    assert!(seen.len() == 2 && seen.contains(&manager) && seen.contains(&waiter));
    let of_waiter = town.grants(&manager, &organisation, &waiter);
    assert_eq!(of_waiter.await.len(), 1);
    let path = format!("/api/organisations/{organisation}/members/{cook}/grants");
    assert_eq!(town.get(&manager, &path).await.code(), (404, "not_found"));

    for (role, place, code) in [
        ("kitchen", &inside, 201),
        ("manager", &brand, 201),
        ("staff", &beside, 403),
        ("staff", &organisation, 403),
    ] {
        let said = town
            .give(&manager, (&organisation, &waiter), (role, place))
            .await;
        assert_eq!(said.status.as_u16(), code, "{role} {place}: {said:?}");
    }
    let member = format!("/api/organisations/{organisation}/members/{waiter}");
    assert_eq!(
        town.delete(&manager, &member).await.code(),
        (403, "forbidden")
    );
    let all = town.grants(&owner, &organisation, &waiter).await;
    let (there, ..) = all.iter().find(|(_, _, place)| *place == beside).unwrap();
    let (here, ..) = all.iter().find(|(_, _, place)| *place == inside).unwrap();
    let revoke = async |id: &str| town.delete(&manager, &format!("/api/grants/{id}")).await;
    assert_eq!(revoke(there).await.code(), (403, "forbidden"));
    assert_eq!(revoke(here).await.status, StatusCode::NO_CONTENT);
    let invitations = format!("/api/organisations/{organisation}/invitations");
    let invite = json!({"email": "a@example.com", "grants": [{"role": "staff", "place": beside}]});
    assert_eq!(
        town.post(&manager, &invitations, invite).await.code(),
        (403, "forbidden")
    );
    helps_within(&town, (&manager, &organisation, &inside)).await;
    town.verify().await;
}

/// Whoever may change members in a place invites and removes those of that place.
async fn helps_within(town: &Town, (manager, organisation, inside): (&str, &str, &str)) {
    let helper = town
        .member(manager, organisation, &[("staff", inside)])
        .await;
    let member = format!("/api/organisations/{organisation}/members/{helper}");
    assert_eq!(
        town.delete(manager, &member).await.status,
        StatusCode::NO_CONTENT
    );
}

async fn lists_come_in_pages(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let mut all = vec![owner.clone()];
    for _ in 0..4 {
        all.push(
            town.member(&owner, &organisation, &[("staff", &organisation)])
                .await,
        );
    }
    let path = format!("/api/organisations/{organisation}/members");
    let (mut seen, mut next) = (Vec::new(), format!("{path}?limit=2"));
    loop {
        let page = town.get(&owner, &next).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        seen.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| text(&item["person"])),
        );
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("{path}?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    all.sort();
    seen.sort();
    assert_eq!(seen, all);

    let second = town.organisation(&owner).await;
    eventually(async || {
        let mine = town.get(&owner, "/api/me/organisations?limit=1").await;
        let Some(cursor) = mine.body["next"].as_str() else {
            return false;
        };
        let rest = town
            .get(&owner, &format!("/api/me/organisations?cursor={cursor}"))
            .await;
        assert_eq!(text(&mine.body["items"][0]["organisation"]), organisation);
        text(&rest.body["items"][0]["organisation"]) == second
    })
    .await;
}

async fn a_plan_holds_so_many_members(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let plan = json!({"plan": "starter", "version": 2});
    let path = format!("/api/organisations/{organisation}/plan");
    let said = town.put("operator", &path, plan).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    for _ in 0..22 {
        town.member(&owner, &organisation, &[("staff", &organisation)])
            .await;
    }
    let mut tokens = Vec::new();
    for _ in 0..4 {
        let grants = json!([{"role": "staff", "place": organisation}]);
        tokens.push(town.invited(&owner, &organisation, grants).await);
    }
    let guests: Vec<_> = tokens.iter().map(|token| (town.person(), token)).collect();
    let said = join_all(
        guests
            .iter()
            .map(|(guest, token)| town.accept(guest, token)),
    )
    .await;
    let joined = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(joined.count(), 2, "the plan holds 25: {said:?}");
    assert!(
        said.iter()
            .all(|said| said.status == StatusCode::OK || said.code() == (409, "plan_limit"))
    );
    let (gone, _) = guests
        .iter()
        .zip(&said)
        .find(|(_, said)| said.status == StatusCode::OK)
        .unwrap();
    let path = format!("/api/organisations/{organisation}/members/{}", gone.0);
    assert_eq!(
        town.delete(&owner, &path).await.status,
        StatusCode::NO_CONTENT
    );
    let (late, _) = guests
        .iter()
        .zip(&said)
        .find(|(_, said)| said.status != StatusCode::OK)
        .unwrap();
    assert_eq!(town.accept(&late.0, late.1).await.status, StatusCode::OK);
}

async fn the_erased_are_nowhere(engine: Engine) {
    let town = Town::new(engine).await;
    let (one, two) = (town.person(), town.person());
    let (first, second) = (town.organisation(&one).await, town.organisation(&two).await);
    let token = town
        .invited(&two, &second, json!([{"role": "staff", "place": second}]))
        .await;
    assert_eq!(town.accept(&one, &token).await.status, StatusCode::OK);
    let person = one.parse().unwrap();
    eventually(async || town.node.app.memberships(person).await.unwrap().len() == 2).await;
    town.erase(&one).await;
    eventually(async || {
        let members = town
            .get(&two, &format!("/api/organisations/{second}/members"))
            .await;
        let gone = members.body["items"].as_array().unwrap().len() == 1;
        gone && town.node.app.memberships(person).await.unwrap().is_empty()
    })
    .await;
    // He was the only owner of the first one; operators go on from there.
    let acting = "operator|the only owner was erased";
    let members = town
        .get(acting, &format!("/api/organisations/{first}/members"))
        .await;
    assert_eq!(members.body["items"], json!([]));
    assert_eq!(
        town.get(&one, &format!("/api/organisations/{first}"))
            .await
            .code(),
        (404, "not_found")
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(town.node.app.memberships(person).await.unwrap(), []);
    town.verify().await;
}

async fn rights_are_not_used_after_they_were_taken(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let whole = organisation.as_str();
    let friend = town.member(&owner, whole, &[("kitchen", whole)]).await;
    let mut managers = Vec::new();
    for round in 0..10 {
        let place = town.restaurant(&owner, whole, None).await;
        let manager = town.member(&owner, whole, &[("manager", whole)]).await;
        let (grant, ..) = town.grants(&owner, whole, &manager).await.remove(0);
        let revoke = format!("/api/grants/{grant}");
        let gifts = ["finance", "support", "staff", "kitchen"]
            .map(|role| town.give(&manager, (whole, &friend), (role, &place)));
        let revoked = async {
            // A little later each time, so that it comes between the look and the deed of some gift.
            tokio::time::sleep(Duration::from_millis(round)).await;
            town.delete(&owner, &revoke).await
        };
        let (given, revoked) = tokio::join!(join_all(gifts), revoked);
        assert_eq!(revoked.status, StatusCode::NO_CONTENT, "{revoked:?}");
        let right = |said: &Said| [201, 403].contains(&said.status.as_u16());
        assert!(given.iter().all(right), "{given:?}");
        let late = town
            .give(&manager, (whole, &friend), ("kitchen", whole))
            .await;
        assert_eq!(late.code(), (403, "forbidden"));
        managers.push(manager);
    }
    // In the log nobody gives anything after he could not any more.
    let deadline = town.world.db.deadline();
    let log = town.world.shard().log_after(0, 1_000, &deadline).await;
    let log = log.unwrap();
    for manager in &managers {
        let last = log.iter().rposition(|event| event.actor == *manager);
        let taken = log.iter().position(|event| {
            event.kind == "grant.revoked" && event.payload.contains(manager.as_str())
        });
        assert!(
            last < taken,
            "{manager} gave something at {last:?} and lost it at {taken:?}"
        );
    }
    town.verify().await;
}
