//! Operators inside an organisation: with a reason and written down, or not at all.

use std::sync::atomic::Ordering;

use http::StatusCode;
use serde_json::json;
use testkit::trial::Engine;

use super::access_world::{OPERATOR, Town, text};
use super::world::on_both;

on_both!(
    operators_act_with_a_reason,
    an_operator_at_home_needs_none,
    operators_make_owners,
);

async fn operators_act_with_a_reason(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let at = format!("/api/organisations/{organisation}");
    let members = format!("{at}/members");
    for path in [&at, &members] {
        let said = town.get(OPERATOR, path).await;
        assert_eq!(said.code(), (403, "reason_needed"), "{said:?}");
    }
    assert_eq!(town.seen.0.load(Ordering::SeqCst), 0);
    let acting = format!("{OPERATOR}|called by the owner, ticket 7");
    let said = town.get(&acting, &members).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert_eq!(text(&said.body["items"][0]["person"]), owner);
    assert_eq!(town.seen.0.load(Ordering::SeqCst), 1, "it was written down");
    let brand = json!({"name": "Osteria"});
    let made = town.post(&acting, &format!("{at}/brands"), brand).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let weak = format!("{OPERATOR} weak|called by the owner");
    assert_eq!(
        town.get(&weak, &at).await.code(),
        (403, "second_factor_needed")
    );
    let absent = format!("/api/organisations/{}", testkit::ids::absent(&organisation));
    assert_eq!(town.get(&acting, &absent).await.code(), (404, "not_found"));
}

async fn an_operator_at_home_needs_none(engine: Engine) {
    let town = Town::new(engine).await;
    let (owner, somebody) = (town.person(), town.person());
    let organisation = town.organisation(&owner).await;
    let at = format!("/api/organisations/{organisation}");
    let home = format!("{OPERATOR} {owner}");
    assert_eq!(town.get(&home, &at).await.status, StatusCode::OK);
    assert_eq!(
        town.seen.0.load(Ordering::SeqCst),
        0,
        "he came in as a member"
    );
    let away = format!("{OPERATOR} {somebody}");
    assert_eq!(town.get(&away, &at).await.code(), (403, "reason_needed"));
}

async fn operators_make_owners(engine: Engine) {
    let town = Town::new(engine).await;
    let (owner, heir) = (town.person(), town.person());
    let organisation = town.organisation(&owner).await;
    let acting = format!("{OPERATOR}|the only owner died, ticket 8");
    let invited = json!([{"role": "owner", "place": organisation}]);
    let token = town.invited(&acting, &organisation, invited).await;
    assert_eq!(town.accept(&heir, &token).await.status, StatusCode::OK);
    let member = format!("/api/organisations/{organisation}/members/{owner}");
    assert_eq!(
        town.delete(&heir, &member).await.status,
        StatusCode::NO_CONTENT
    );
    let last = format!("/api/organisations/{organisation}/members/{heir}");
    assert_eq!(
        town.delete(&acting, &last).await.code(),
        (409, "last_owner")
    );
    town.verify().await;
}
