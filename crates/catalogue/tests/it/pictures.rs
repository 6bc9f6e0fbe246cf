//! Pictures through the gate: uploaded, shown, listed, removed, counted; and what is cleared away afterwards.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use domain::organisations::{OrganisationId, Plan};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use image::{DynamicImage, GenericImageView as _, ImageFormat};
use serde_json::{Value, json};
use slice::Ask;
use testkit::trial::Engine;
use tokio::task::JoinSet;

use super::pictures_corpus::{jpeg, photo, png};
use super::world::{Node, OPERATOR, Raw, Said, Shop, eventually, on_both};

on_both!(
    an_upload_is_made_anew_in_three_sizes,
    what_is_small_stays_small_and_what_is_seen_through_stays_so,
    the_same_upload_twice_is_two_pictures_of_the_same_blobs,
    an_upload_under_one_key_is_one_picture,
    who_reaches_one_restaurant_uploads_there,
    pictures_are_listed_and_removed_by_those_who_have_them,
    blobs_that_nobody_shows_are_cleared,
    uploads_that_came_to_nothing_are_cleared,
    a_plan_holds_so_many,
);

/// Uploads something.
pub(crate) async fn upload(node: &Node, organisation: &str, once: &str, bytes: &[u8]) -> Said {
    let path = format!("/api/organisations/{organisation}/pictures");
    upload_at(node, (OPERATOR, once), &path, bytes).await
}

async fn upload_at(node: &Node, (who, once): (&str, &str), path: &str, bytes: &[u8]) -> Said {
    let mut request = Request::post(path)
        .header("host", "localhost")
        .header("authorization", who)
        .header("content-type", "application/octet-stream");
    if who == OPERATOR {
        request = request.header("x-acting-reason", "a test");
    }
    if !once.is_empty() {
        request = request.header("idempotency-key", once);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(bytes)));
    let raw = node.send(request.unwrap()).await;
    Said {
        status: raw.status,
        etag: None,
        body: serde_json::from_slice(&raw.body).unwrap_or(Value::Null),
    }
}

/// Gets what everybody gets.
pub(crate) async fn show(node: &Node, path: &str, known: &str) -> Raw {
    let mut request = Request::get(path).header("host", "localhost");
    if !known.is_empty() {
        request = request.header("if-none-match", known);
    }
    node.send(request.body(Full::default()).unwrap()).await
}

/// All sizes of a picture as they are shown, the smallest first.
pub(crate) async fn all_sizes(node: &Node, picture: &Value) -> Vec<Raw> {
    let mut all = Vec::new();
    for size in picture["sizes"].as_array().unwrap() {
        let raw = show(node, size["url"].as_str().unwrap(), "").await;
        assert_eq!(raw.status, StatusCode::OK, "{raw:?}");
        all.push(raw);
    }
    all
}

async fn an_upload_is_made_anew_in_three_sizes(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let made = upload(&shop.node, &organisation, "", &jpeg(&photo(1_500, 1_000))).await;
    let made = made.good();
    assert_eq!(
        (&made["width"], &made["height"]),
        (&json!(1_500), &json!(1_000))
    );
    assert!(made["colour"].as_str().unwrap().starts_with('#'));
    let mut sides = Vec::new();
    for (raw, size) in all_sizes(&shop.node, &made)
        .await
        .iter()
        .zip(made["sizes"].as_array().unwrap())
    {
        assert_eq!(raw.header("content-type"), Some("image/jpeg"));
        assert_eq!(raw.header("content-disposition"), Some("inline"));
        assert_eq!(
            raw.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
        let policy = raw.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("sandbox"),
            "{policy}"
        );
        let shown = image::load_from_memory_with_format(&raw.body, ImageFormat::Jpeg).unwrap();
        assert_eq!(size["bytes"], json!(raw.body.len()));
        assert_eq!(
            (&size["width"], &size["height"]),
            (&json!(shown.width()), &json!(shown.height()))
        );
        sides.push(shown.dimensions());
        // What the caller has is not sent again.
        let tag = raw.header("etag").unwrap();
        assert!(tag.starts_with('"'), "a strong tag: {tag}");
        let again = show(&shop.node, size["url"].as_str().unwrap(), tag).await;
        assert_eq!(
            (again.status, again.body.len()),
            (StatusCode::NOT_MODIFIED, 0)
        );
    }
    assert_eq!(sides, [(160, 107), (480, 320), (1_200, 800)]);
    let url = made["sizes"][0]["url"].as_str().unwrap();
    let huge = url.replace("small", "huge");
    let absent = url.replace("pic_0", "pic_1");
    assert_eq!(
        show(&shop.node, &huge, "").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        show(&shop.node, &absent, "").await.status,
        StatusCode::NOT_FOUND
    );
    shop.verify().await;
}

async fn what_is_small_stays_small_and_what_is_seen_through_stays_so(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let mut logo = photo(200, 100).to_rgba8();
    for (x, _, pixel) in logo.enumerate_pixels_mut() {
        pixel.0[3] = if x < 100 { 0 } else { 255 };
    }
    let made = upload(
        &shop.node,
        &organisation,
        "",
        &png(&DynamicImage::ImageRgba8(logo)),
    )
    .await;
    let made = made.good();
    let sizes = made["sizes"].as_array().unwrap();
    let widths: Vec<&Value> = sizes.iter().map(|size| &size["width"]).collect();
    assert_eq!(widths, [&json!(160), &json!(200), &json!(200)]);
    for raw in all_sizes(&shop.node, &made).await {
        assert_eq!(raw.header("content-type"), Some("image/webp"));
        let shown = image::load_from_memory_with_format(&raw.body, ImageFormat::WebP).unwrap();
        assert_eq!(shown.get_pixel(3, 3).0[3], 0);
        assert_eq!(shown.get_pixel(shown.width() - 3, 3).0[3], 255);
    }
    // Nothing can be seen through, so it need not be said of each pixel.
    let whole = DynamicImage::ImageRgba8(photo(50, 50).to_rgba8());
    let made = upload(&shop.node, &organisation, "", &png(&whole))
        .await
        .good();
    let raw = &all_sizes(&shop.node, &made).await[0];
    assert_eq!(raw.header("content-type"), Some("image/jpeg"));
}

async fn the_same_upload_twice_is_two_pictures_of_the_same_blobs(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let other = shop.organisation("Altro").await;
    let bytes = jpeg(&photo(300, 200));
    let one = upload(&shop.node, &organisation, "", &bytes).await.good();
    let before = blobs(shop.shelf());
    let two = upload(&shop.node, &organisation, "", &bytes).await.good();
    assert_ne!(one["id"], two["id"]);
    assert_eq!(blobs(shop.shelf()), before);
    // Of another organisation they are others, so neither depends on the other.
    upload(&shop.node, &other, "", &bytes).await.good();
    assert_eq!(blobs(shop.shelf()).len(), 2 * before.len());
}

async fn an_upload_under_one_key_is_one_picture(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let bytes = jpeg(&photo(40, 30));
    let one = upload(&shop.node, &organisation, "k1", &bytes).await.good();
    let two = upload(&shop.node, &organisation, "k1", &bytes).await.good();
    assert_eq!(one, two);
    let said = upload(&shop.node, &organisation, "k1", &jpeg(&photo(41, 30))).await;
    assert_eq!(said.code(), (422, "idempotency_other_body"));
    let all = shop
        .get(&format!("/api/organisations/{organisation}/pictures"))
        .await;
    assert_eq!(all.good()["items"], json!([one]));
}

async fn who_reaches_one_restaurant_uploads_there(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let own = shop.restaurant(&organisation, None).await;
    let other = shop.restaurant(&organisation, None).await;
    let person = shop.person(&[&own]);
    let absent = testkit::ids::absent(&own);
    for (who, restaurant, status) in [
        (&*person, &own, 201),
        (&*person, &other, 403),
        (OPERATOR, &other, 201),
        (OPERATOR, &absent, 404),
    ] {
        let path = format!("/api/restaurants/{restaurant}/pictures");
        let said = upload_at(&shop.node, (who, ""), &path, &jpeg(&photo(20, 10))).await;
        assert_eq!(said.status.as_u16(), status, "{said:?}");
    }
    let path = format!("/api/organisations/{organisation}/pictures");
    let all = shop.get(&path).await.good();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

async fn pictures_are_listed_and_removed_by_those_who_have_them(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let other = shop.organisation("Altro").await;
    let path = format!("/api/organisations/{organisation}/pictures");
    let mut made = Vec::new();
    for side in [30, 31, 32] {
        let picture = upload(&shop.node, &organisation, "", &jpeg(&photo(side, 20))).await;
        made.push(picture.good());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let first = shop.get(&format!("{path}?limit=2")).await.good();
    assert_eq!(first["items"], json!(made[..2]));
    let cursor = first["next"].as_str().unwrap();
    let second = shop
        .get(&format!("{path}?limit=2&cursor={cursor}"))
        .await
        .good();
    assert_eq!(second, json!({"items": made[2..]}));
    let id = made[0]["id"].as_str().unwrap();
    let foreign = format!("/api/organisations/{other}/pictures/{id}");
    let own = format!("{path}/{id}");
    for method in [Method::GET, Method::DELETE] {
        let said = shop.ask((OPERATOR, ""), method, &foreign, None).await;
        assert_eq!(said.code(), (404, "not_found"));
    }
    assert_eq!(shop.get(&own).await.good(), made[0]);
    let url = made[0]["sizes"][0]["url"].as_str().unwrap();
    assert_eq!(show(&shop.node, url, "").await.status, StatusCode::OK);
    // Another node has seen it too, and hears of its end.
    let node = shop.another().await;
    assert_eq!(show(&node, url, "").await.status, StatusCode::OK);
    assert_eq!(shop.delete(&own).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        show(&shop.node, url, "").await.status,
        StatusCode::NOT_FOUND
    );
    node.hear("picture.removed", &organisation, "{}").await;
    let gone = async || show(&node, url, "").await.status == StatusCode::NOT_FOUND;
    eventually(gone).await;
    assert_eq!(shop.delete(&own).await.code(), (404, "not_found"));
    assert_eq!(shop.get(&path).await.good()["items"], json!(made[1..]));
    shop.verify().await;
}

/// A shop whose engine works by a clock that can be moved on.
async fn moving(engine: Engine) -> (Shop, Clock) {
    let clock = Clock::simulated(Clock::real().now());
    (Shop::working_at(engine, &clock).await, clock)
}

async fn blobs_that_nobody_shows_are_cleared(engine: Engine) {
    let (shop, clock) = moving(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = format!("/api/organisations/{organisation}/pictures");
    let bytes = jpeg(&photo(300, 200));
    let one = upload(&shop.node, &organisation, "", &bytes).await.good();
    let two = upload(&shop.node, &organisation, "", &bytes).await.good();
    let three = upload(&shop.node, &organisation, "", &jpeg(&photo(20, 20)))
        .await
        .good();
    let four = upload(&shop.node, &organisation, "", &jpeg(&photo(21, 20)))
        .await
        .good();
    assert_eq!(blobs(shop.shelf()).len(), 4);
    for gone in [&one, &three, &four] {
        let id = gone["id"].as_str().unwrap();
        shop.delete(&format!("{path}/{id}")).await;
    }
    // Shown again before its time: then it stays.
    let five = upload(&shop.node, &organisation, "", &jpeg(&photo(20, 20)))
        .await
        .good();
    assert_eq!(blobs(shop.shelf()).len(), 4, "nothing goes within the hour");
    clock.advance(Duration::from_secs(2 * 60 * 60)).unwrap();
    eventually(async || blobs(shop.shelf()).len() == 3).await;
    for shown in [&two, &five] {
        assert_eq!(all_sizes(&shop.node, shown).await.len(), 3);
    }
    assert_eq!(blobs(shop.shelf()).len(), 3);
}

async fn uploads_that_came_to_nothing_are_cleared(engine: Engine) {
    let (shop, clock) = moving(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    // Its key was used for something else, so blobs are stored and no picture comes of it.
    let shown = upload(&shop.node, &organisation, "k", &jpeg(&photo(20, 20)))
        .await
        .good();
    let said = upload(&shop.node, &organisation, "k", &jpeg(&photo(21, 21))).await;
    assert_eq!(said.code(), (422, "idempotency_other_body"));
    assert_eq!(blobs(shop.shelf()).len(), 2);
    clock.advance(Duration::from_secs(2 * 60 * 60)).unwrap();
    eventually(async || blobs(shop.shelf()).len() == 1).await;
    assert_eq!(all_sizes(&shop.node, &shown).await.len(), 3);
}

async fn a_plan_holds_so_many(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let id: OrganisationId = organisation.parse().unwrap();
    let number = id.organisation();
    let few = shop.node.catalogue.pictures.limited(3);
    let mut all = JoinSet::new();
    for side in 0..6 {
        let few = few.clone();
        all.spawn(async move {
            let ask = Ask {
                actor: OPERATOR.to_owned(),
                trace: String::new(),
                key: None,
            };
            let bytes = jpeg(&photo(20 + side, 20));
            few.add(&ask, (number, Plan::Growth), bytes.into()).await
        });
    }
    let all = all.join_all().await;
    let refused = all.iter().filter_map(|added| added.as_ref().err());
    let codes: Vec<&str> = refused.map(|error| error.code()).collect();
    assert_eq!(codes, ["plan_limit"; 3]);
    let path = format!("/api/organisations/{organisation}/pictures");
    let listed = shop.get(&path).await.good();
    let first = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    shop.delete(&format!("{path}/{first}")).await;
    let ask = Ask {
        actor: OPERATOR.to_owned(),
        trace: String::new(),
        key: None,
    };
    let bytes = jpeg(&photo(40, 20));
    few.add(&ask, (number, Plan::Growth), bytes.into())
        .await
        .unwrap();
    shop.verify().await;
}

/// The files of all blobs.
pub(crate) fn blobs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(blobs(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}
