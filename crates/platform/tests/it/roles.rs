//! Roles of an organisation's own: defined by who has what is in them, changed for all, removed when nobody has them.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::access_world::{Town, eventually, text};
use super::world::on_both;

on_both!(
    a_role_does_what_it_says_and_changes_for_all,
    a_role_in_use_stays,
    nobody_defines_more_than_he_has,
    names_and_versions_are_looked_at,
    there_are_so_many_roles_and_no_more,
    a_role_is_not_removed_while_it_is_given,
);

fn role(name: &str, permissions: &[&str]) -> Value {
    json!({"name": name, "permissions": permissions})
}

fn changed(name: &str, permissions: &[&str], version: i64) -> Value {
    json!({"name": name, "permissions": permissions, "version": version})
}

async fn a_role_does_what_it_says_and_changes_for_all(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let all = format!("/api/organisations/{organisation}/roles");
    let made = town
        .post(&owner, &all, role("Host", &["organisation.read"]))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let id = text(&made.body["role"]);
    let hosts = [
        town.member(&owner, &organisation, &[(&id, &organisation)])
            .await,
        town.member(&owner, &organisation, &[(&id, &organisation)])
            .await,
    ];
    let listed = town.get(&owner, &all).await;
    let items = listed.body["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["role"]), (7, &json!("owner")));
    assert_eq!(
        (&items[6]["name"], &items[6]["uses"]),
        (&json!("Host"), &json!(2))
    );

    let members = format!("/api/organisations/{organisation}/members");
    for host in &hosts {
        assert_eq!(town.get(host, &members).await.code(), (403, "forbidden"));
    }
    let more = changed("Host", &["organisation.read", "members.read"], 1);
    let said = town.put(&owner, &format!("/api/roles/{id}"), more).await;
    assert_eq!(
        (said.status, &said.body["version"]),
        (StatusCode::OK, &json!(2)),
        "{said:?}"
    );
    for host in &hosts {
        let said = town.get(host, &members).await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        let names = said.body["items"].as_array().unwrap().iter();
        assert!(
            names
                .clone()
                .all(|item| text(&item["name"]).starts_with("Name of per_"))
        );
        assert_eq!(names.count(), 3);
    }
    eventually(async || {
        let mine = town.get(&hosts[0], "/api/me/organisations").await;
        mine.body["items"][0]["roles"][0]["name"] == "Host"
    })
    .await;
    town.verify().await;
}

async fn a_role_in_use_stays(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let all = format!("/api/organisations/{organisation}/roles");
    let id = text(&town.post(&owner, &all, role("Host", &[])).await.body["role"]);
    let host = town
        .member(&owner, &organisation, &[(&id, &organisation)])
        .await;
    let one = format!("/api/roles/{id}");
    assert_eq!(town.delete(&owner, &one).await.code(), (409, "role_in_use"));
    let (grant, ..) = town.grants(&owner, &organisation, &host).await.remove(0);
    town.delete(&owner, &format!("/api/grants/{grant}")).await;
    assert_eq!(
        town.delete(&owner, &one).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(town.delete(&owner, &one).await.code(), (404, "not_found"));
    let given = town
        .give(&owner, (&organisation, &host), (&id, &organisation))
        .await;
    assert_eq!(given.code(), (422, "field_invalid"), "{given:?}");
    let again = town.post(&owner, &all, role("Host", &[])).await;
    assert_eq!(
        again.status,
        StatusCode::CREATED,
        "its name is free again: {again:?}"
    );
    town.verify().await;
}

async fn nobody_defines_more_than_he_has(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let all = format!("/api/organisations/{organisation}/roles");
    let some = [
        "roles.change",
        "members.read",
        "members.change",
        "orders.read",
    ];
    let id = text(&town.post(&owner, &all, role("Head", &some)).await.body["role"]);
    let rich = text(
        &town
            .post(&owner, &all, role("Rich", &["reports.read"]))
            .await
            .body["role"],
    );
    let head = town
        .member(&owner, &organisation, &[(&id, &organisation)])
        .await;

    let good = town
        .post(&head, &all, role("Waiter", &["orders.read"]))
        .await;
    assert_eq!(good.status, StatusCode::CREATED, "{good:?}");
    let more = town
        .post(&head, &all, role("Chef", &["menus.change"]))
        .await;
    assert_eq!(more.code(), (403, "rights_exceeded"));
    // He makes neither his own role larger nor one smaller that he does not reach.
    let grown = changed("Head", &["roles.change", "menus.change"], 1);
    let said = town.put(&head, &format!("/api/roles/{id}"), grown).await;
    assert_eq!(said.code(), (403, "rights_exceeded"));
    let said = town
        .put(
            &head,
            &format!("/api/roles/{rich}"),
            changed("Rich", &[], 1),
        )
        .await;
    assert_eq!(said.code(), (403, "rights_exceeded"));
    let said = town.delete(&head, &format!("/api/roles/{rich}")).await;
    assert_eq!(said.code(), (403, "rights_exceeded"));
    let other = town
        .member(&owner, &organisation, &[("staff", &organisation)])
        .await;
    let given = town
        .give(&head, (&organisation, &other), (&rich, &organisation))
        .await;
    assert_eq!(given.code(), (403, "rights_exceeded"));
    let own = town
        .give(&head, (&organisation, &head), ("staff", &organisation))
        .await;
    assert_eq!(own.code(), (403, "rights_exceeded"));
    let given = town
        .give(&head, (&organisation, &other), (&id, &organisation))
        .await;
    assert_eq!(given.status, StatusCode::CREATED, "{given:?}");
}

async fn names_and_versions_are_looked_at(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let all = format!("/api/organisations/{organisation}/roles");
    let id = text(&town.post(&owner, &all, role("Host", &[])).await.body["role"]);
    for taken in ["HOST", "Owner"] {
        let said = town.post(&owner, &all, role(taken, &[])).await;
        assert_eq!(said.code(), (409, "name_taken"), "{taken}: {said:?}");
    }
    let one = format!("/api/roles/{id}");
    let tries = (0..8).map(|_| town.put(&owner, &one, changed("Greeter", &[], 1)));
    let said = join_all(tries).await;
    let good = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(good.count(), 1, "{said:?}");
    let late = said
        .iter()
        .filter(|said| said.code() == (409, "version_changed"));
    assert_eq!(late.count(), 7, "{said:?}");
    for wrong in [
        role("x", &["orders.fly"]),
        role("", &[]),
        json!({"name": "x"}),
        json!({"name": "x", "permissions": ["orders.read"], "version": 3}),
    ] {
        let said = town.post(&owner, &all, wrong.clone()).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {said:?}"
        );
    }
    town.verify().await;
}

async fn there_are_so_many_roles_and_no_more(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let all = format!("/api/organisations/{organisation}/roles");
    let names: Vec<String> = (0..60).map(|number| format!("Role {number}")).collect();
    let tries = names
        .iter()
        .map(|name| town.post(&owner, &all, role(name, &[])));
    let said = join_all(tries).await;
    let made = said
        .iter()
        .filter(|said| said.status == StatusCode::CREATED);
    assert_eq!(made.count(), 50, "{said:?}");
    assert!(
        said.iter()
            .filter(|said| said.status != StatusCode::CREATED)
            .all(|said| said.code() == (409, "too_many"))
    );
    town.verify().await;
}

async fn a_role_is_not_removed_while_it_is_given(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let host = town
        .member(&owner, &organisation, &[("staff", &organisation)])
        .await;
    let all = format!("/api/organisations/{organisation}/roles");
    for number in 0..6 {
        let made = town
            .post(&owner, &all, role(&format!("Role {number}"), &[]))
            .await;
        let id = text(&made.body["role"]);
        let one = format!("/api/roles/{id}");
        let given = town.give(&owner, (&organisation, &host), (&id, &organisation));
        let (given, removed) = tokio::join!(given, town.delete(&owner, &one));
        let both = given.status == StatusCode::CREATED && removed.status == StatusCode::NO_CONTENT;
        let none = given.status != StatusCode::CREATED && removed.status != StatusCode::NO_CONTENT;
        assert!(!both && !none, "{given:?} {removed:?}");
    }
    town.verify().await;
}
