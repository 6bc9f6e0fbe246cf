//! The chain against whoever changes, cuts, swaps or rewrites it.

use std::collections::BTreeMap;

use base::{Organisation, Random, Secret, Time};
use proptest::prelude::*;

use super::*;

const REGION: &str = "eu";

fn entry(number: i64) -> Entry {
    Entry {
        at: Time::from_micros(1_000 + number),
        organisation: Organisation::new(7),
        actor: "per_01jd6yv2m00000000000000000".to_owned(),
        role: "person".to_owned(),
        what: What::Action,
        operation: "brand.renamed".to_owned(),
        target: String::new(),
        code: String::new(),
        reason: String::new(),
        correlation: format!("{number:032x}"),
        source: Some(format!("7/{number}")),
    }
}

fn chain(length: i64) -> Vec<Link> {
    let mut tail = Tail::START;
    (1..=length)
        .map(|number| tail.append(entry(number)))
        .collect()
}

fn signer(number: u32) -> Signer {
    Signer::new(number, &Secret::draw(&Random::seeded(u64::from(number)))).unwrap()
}

fn tail_of(link: &Link) -> Tail {
    Tail {
        seq: link.seq,
        hash: link.hash,
    }
}

/// A head over every tenth link.
fn heads(links: &[Link], by: &Signer) -> Vec<Head> {
    let tenth = links.iter().filter(|link| link.seq % 10 == 0);
    tenth
        .map(|link| by.sign(REGION, tail_of(link), link.entry.at))
        .collect()
}

fn walked(links: &[Link], heads: &[Head], newest: &Head) -> Result<Tail, Finding> {
    let known = signer(1);
    let keys = BTreeMap::from([(known.number(), *known.public())]);
    let mut walk = Walk::from((REGION, &keys), Tail::START, Some(newest));
    for page in links.chunks(7) {
        let last = page.last().map_or(0, |link| link.seq);
        let first = page.first().map_or(0, |link| link.seq);
        let of_page: Vec<Head> = heads
            .iter()
            .filter(|head| (first..=last).contains(&head.tail.seq))
            .cloned()
            .collect();
        walk.page(page, &of_page)?;
    }
    let beyond: Vec<Head> = heads
        .iter()
        .filter(|head| head.tail.seq > walk.tail().seq)
        .cloned()
        .collect();
    walk.end(&beyond)
}

#[test]
fn a_chain_that_nobody_touched_is_sound() {
    let links = chain(100);
    let heads = heads(&links, &signer(1));
    let tail = walked(&links, &heads, heads.last().unwrap()).unwrap();
    assert_eq!(tail, tail_of(links.last().unwrap()));
    assert_eq!(
        walked(&[], &[], &signer(1).sign(REGION, Tail::START, Time::EPOCH)).unwrap(),
        Tail::START
    );
}

/// Each way to change an entry.
fn changes() -> Vec<fn(&mut Link)> {
    vec![
        |link| link.entry.at = Time::from_micros(1),
        |link| link.entry.organisation = Organisation::new(8),
        |link| link.entry.actor.push('x'),
        |link| link.entry.role.clear(),
        |link| link.entry.what = What::Read,
        |link| link.entry.operation.push('x'),
        |link| link.entry.target.push('x'),
        |link| link.entry.code.push('x'),
        |link| link.entry.reason.push('x'),
        |link| link.entry.correlation.clear(),
        |link| link.entry.source = None,
        |link| link.hash.0[0] ^= 1,
        |link| link.previous.0[31] ^= 1,
        |link| link.seq += 1,
    ]
}

proptest! {
    #[test]
    fn whatever_is_done_to_one_link_is_found(place in 0usize..100, change in 0usize..14) {
        let mut links = chain(100);
        let heads = heads(&links, &signer(1));
        changes()[change](&mut links[place]);
        let found = walked(&links, &heads, heads.last().unwrap());
        prop_assert_eq!(found.unwrap_err().seq, place as i64 + 1);
    }

    #[test]
    fn a_link_that_is_gone_is_found(place in 0usize..100) {
        let mut links = chain(100);
        let heads = heads(&links, &signer(1));
        links.remove(place);
        let found = walked(&links, &heads, heads.last().unwrap());
        prop_assert_eq!(found.unwrap_err(), Finding { seq: place as i64 + 1, fault: Fault::Absent });
    }

    #[test]
    fn two_that_were_swapped_are_found(one in 0usize..100, other in 0usize..100) {
        prop_assume!(one != other);
        let mut links = chain(100);
        let heads = heads(&links, &signer(1));
        let (mine, yours) = (links[one].entry.clone(), links[other].entry.clone());
        (links[one].entry, links[other].entry) = (yours, mine);
        let found = walked(&links, &heads, heads.last().unwrap());
        prop_assert_eq!(found.unwrap_err().seq, one.min(other) as i64 + 1);
    }

    #[test]
    fn a_chain_that_was_cut_is_found(length in 0usize..100) {
        let mut links = chain(100);
        let mut heads = heads(&links, &signer(1));
        let newest = heads.last().unwrap().clone();
        links.truncate(length);
        let found = walked(&links, &heads, &newest);
        prop_assert_eq!(found.unwrap_err(), Finding { seq: length as i64 + 1, fault: Fault::Absent });
        // Without the heads of the same database, the newest one of the other still tells.
        heads.retain(|head| head.tail.seq <= length as i64);
        prop_assert!(walked(&links, &heads, &newest).is_err());
    }

    #[test]
    fn a_chain_that_was_written_anew_is_found(from in 0usize..100) {
        let mut links = chain(100);
        let mut heads = heads(&links, &signer(1));
        let newest = heads.last().unwrap().clone();
        let mut tail = from.checked_sub(1).map_or(Tail::START, |before| tail_of(&links[before]));
        links.truncate(from);
        for number in from as i64 + 1..=100 {
            links.push(tail.append(Entry { code: "x".to_owned(), ..entry(number) }));
        }
        prop_assert!(walked(&links, &heads, &newest).is_err());
        // Heads that a stranger signed under the same number.
        let stranger = Signer::new(1, &Secret::draw(&Random::seeded(99))).unwrap();
        heads.retain(|head| head.tail.seq <= from as i64);
        for link in &links[from..] {
            heads.push(stranger.sign(REGION, tail_of(link), Time::EPOCH));
        }
        prop_assert!(walked(&links, &heads, &newest).is_err());
    }
}

#[test]
fn parts_of_fields_cannot_change_places() {
    let mut one = entry(1);
    (one.actor, one.role) = ("ab".to_owned(), "c".to_owned());
    let mut other = one.clone();
    (other.actor, other.role) = ("a".to_owned(), "bc".to_owned());
    assert_ne!(
        Tail::START.clone().append(one).hash,
        Tail::START.clone().append(other).hash
    );
}

#[test]
fn a_head_belongs_to_its_region_and_moment() {
    let links = chain(10);
    let signer = signer(1);
    let head = signer.sign(REGION, tail_of(&links[9]), Time::from_micros(5));
    assert!(head.is_signed(REGION, signer.public()));
    assert!(!head.is_signed("us", signer.public()));
    let later = Head {
        at: Time::from_micros(6),
        ..head.clone()
    };
    assert!(!later.is_signed(REGION, signer.public()));
    let other = Head { key: 2, ..head };
    assert!(!other.is_signed(REGION, signer.public()));
}

#[test]
fn too_long_without_a_head_is_found() {
    let links = chain(UNSIGNED_MAX + 1);
    let keys = BTreeMap::new();
    let mut walk = Walk::from((REGION, &keys), Tail::START, None);
    let found = walk.page(&links, &[]).unwrap_err();
    assert_eq!(
        found,
        Finding {
            seq: UNSIGNED_MAX + 1,
            fault: Fault::Unsigned
        }
    );
}

fn introductions(count: u32) -> Vec<Introduced> {
    let mut all: Vec<Introduced> = Vec::new();
    for number in 1..=count {
        let before = (number > 1).then(|| signer(number - 1));
        let one = signer(number).introduce(all.last(), before.as_ref(), Time::from_micros(1));
        all.push(one);
    }
    all
}

#[test]
fn the_newest_key_vouches_for_all_before_it() {
    let all = introductions(4);
    let newest = signer(4);
    let known = [(4, *newest.public())];
    let keys = trusted(&known, &all).unwrap();
    assert_eq!(keys.len(), 4);
    assert_eq!(keys.get(&2), Some(signer(2).public()));
    // A rotation that the log has not heard of yet.
    let ring = [(5, *signer(5).public()), (4, *newest.public())];
    assert_eq!(trusted(&ring, &all).unwrap().len(), 5);
    assert_eq!(trusted(&known, &[]).unwrap().len(), 1);
}

#[test]
fn no_key_comes_in_from_outside() {
    let all = introductions(4);
    let known = [(4, *signer(4).public())];
    let stranger = Signer::new(2, &Secret::draw(&Random::seeded(99))).unwrap();
    let spoil: Vec<fn(&mut Vec<Introduced>, &Signer)> = vec![
        |all, stranger| all[1].public = *stranger.public(),
        |all, stranger| all[1] = stranger.introduce(all.first(), Some(&signer(1)), all[1].at),
        |all, _| drop(all.remove(1)),
        |all, _| drop(all.remove(0)),
        |all, _| all[2].endorsed = vec![0; 64],
        |all, _| all[3].own.clear(),
        |all, _| all[0].at = Time::from_micros(2),
        |all, _| drop(all.pop()),
    ];
    for (place, spoil) in spoil.iter().enumerate() {
        let mut spoiled = all.clone();
        spoil(&mut spoiled, &stranger);
        assert!(trusted(&known, &spoiled).is_err(), "{place}");
    }
}

#[test]
fn only_ids_are_taken_from_paths() {
    let id = "org_01jd6yv2m00000000000000000";
    assert_eq!(id_or_nothing(id), id);
    for other in [
        "",
        "lucia@example.com",
        "+393331234567",
        "org_01jd6yv2m0000000000000000",
        "ORG_01jd6yv2m00000000000000000",
    ] {
        assert_eq!(id_or_nothing(other), "");
    }
}

#[test]
fn texts_are_short_and_of_one_line() {
    let long = Entry {
        reason: format!("a\n{}", "é".repeat(300)),
        operation: "x\0y".to_owned(),
        ..entry(1)
    };
    let bounded = long.bounded();
    assert_eq!(bounded.reason.chars().count(), 200);
    assert!(bounded.reason.starts_with("aé"));
    assert_eq!(bounded.operation, "xy");
}
