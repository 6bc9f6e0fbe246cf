//! What operations are tried at: one's own, what lies beside it, another's, and what is not there.

use std::collections::BTreeMap;

use crate::model::{At, House};
use crate::world::Town;

/// What else than the place of the first id a path names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nested {
    None,
    /// Something that belongs to a place.
    At(At),
    Absent,
}

/// The parameters of a path, and what the model must know of them.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) label: &'static str,
    pub(crate) params: Vec<String>,
    /// The organisation whose number stands in the first id, where there is one.
    pub(crate) house: Option<House>,
    /// Where the first id is, when it names an organisation, a brand or a restaurant.
    pub(crate) at: Option<At>,
    /// Whether there is something under that very id.
    pub(crate) exists: bool,
    pub(crate) malformed: bool,
    pub(crate) nested: Nested,
}

/// What belongs to the diner, whoever asks.
pub(crate) const OF_ANOTHER: &str = "of another";

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn bits(id: &str) -> u128 {
    let digits = id.split_once('_').unwrap().1.bytes();
    digits.fold(0, |value, digit| {
        let found = DIGITS.iter().position(|known| *known == digit).unwrap();
        value << 5 | found as u128
    })
}

fn spell(prefix: &str, value: u128) -> String {
    let digit = |place: u32| char::from(DIGITS[(value >> (5 * place) & 31) as usize]);
    let digits: String = (0..26).rev().map(digit).collect();
    format!("{prefix}_{digits}")
}

/// An id that was never given, of the organisation of this one.
pub(crate) fn absent(id: &str) -> String {
    spell(id.split_once('_').unwrap().0, bits(id) ^ 0x5a5a_5a5a)
}

/// This id with the number of the organisation of that one.
fn exchanged(id: &str, with: &str) -> String {
    let number: u128 = 0xffff_ffff << 48;
    spell(
        id.split_once('_').unwrap().0,
        bits(id) & !number | bits(with) & number,
    )
}

/// This id with the number of an organisation that never was.
fn of_nobody(id: &str) -> String {
    let number: u128 = 0xffff_ffff << 48;
    spell(
        id.split_once('_').unwrap().0,
        bits(id) & !number | 0x00ff_fff0 << 48,
    )
}

/// A text without ids and host names, so that answers about two things can be compared.
pub(crate) fn hidden(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        let word = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let id = word.len() == 30 && word.as_bytes().get(3) == Some(&b'_');
        out.push_str(&if id {
            part.replace(word, "ID")
        } else {
            part.to_owned()
        });
    }
    out
}

impl Target {
    fn new(label: &'static str, params: &[&str]) -> Self {
        Target {
            label,
            params: params.iter().map(|one| (*one).to_owned()).collect(),
            house: None,
            at: None,
            exists: true,
            malformed: false,
            nested: Nested::None,
        }
    }

    fn of(self, house: House, at: At) -> Self {
        Target {
            house: Some(house),
            at: Some(at),
            ..self
        }
    }

    /// Something of an organisation that is no place.
    fn belongs(self, house: House, at: At) -> Self {
        Target {
            house: Some(house),
            nested: Nested::At(at),
            ..self
        }
    }

    fn nested(self, nested: Nested) -> Self {
        Target { nested, ..self }
    }

    /// There is nothing under this id, though its number may be that of an organisation.
    fn missing(self, house: Option<House>) -> Self {
        Target {
            house,
            exists: false,
            ..self
        }
    }

    fn malformed(self) -> Self {
        Target {
            malformed: true,
            ..self
        }
    }
}

/// All targets for a path.
pub(crate) fn of(town: &Town, path: &str) -> Vec<Target> {
    let names: Vec<&str> = path
        .split('{')
        .skip(1)
        .map(|part| part.split('}').next().unwrap())
        .collect();
    match names.as_slice() {
        [] => vec![Target::new("the only one", &[])],
        ["organisation"] => places(&[&town.a.id], &[At::Whole], &[&town.b.id], &[At::Whole]),
        ["brand"] => places(
            &refs(&town.a.brands),
            &[At::Brand(0), At::Brand(1)],
            &refs(&town.b.brands),
            &[At::Brand(0)],
        ),
        ["restaurant"] => {
            let at = [At::Restaurant(0), At::Restaurant(1), At::Restaurant(2)];
            places(
                &refs(&town.a.restaurants),
                &at,
                &refs(&town.b.restaurants),
                &at,
            )
        }
        ["order", "refund"] => refunds(town),
        ["order"] if path.starts_with("/api/ops/") => acted_on(&town.things["order"]),
        ["order"] if is_of_members(path) => things(
            &[(&town.a.order, At::Restaurant(0))],
            &[(&town.b.order, At::Restaurant(0))],
        ),
        ["role"] => things(&[(&town.a.role, At::Whole)], &[(&town.b.role, At::Whole)]),
        ["grant"] => things(&members(&town.a, 2), &members(&town.b, 1)),
        ["invitation"] => things(&ends(&town.a.invitations, 2), &ends(&town.b.invitations, 1)),
        ["organisation", "provider"] => {
            let mut all = of(town, "{organisation}");
            for target in &mut all {
                target.params.push("test".to_owned());
            }
            all
        }
        ["cart", "line"] => {
            let mut all = own(town, "cart");
            for target in &mut all {
                target.params.push("1".to_owned());
            }
            all
        }
        ["organisation", second] => seconds(town, second),
        [first @ ("brand" | "restaurant"), second] => within(town, first, second),
        ["picture", "size"] => vec![Target::new("the only one", &[&town.a.picture, "small"])],
        [one] => own(town, one),
        other => panic!("no targets are known for {other:?}"),
    }
}

/// Whether it is those who make an order who ask, and not whoever placed it.
fn is_of_members(path: &str) -> bool {
    let ends = [
        "/credit",
        "/credit-notes",
        "/lines",
        "/lines/withdraw",
        "/refunds",
        "/status",
    ];
    !path.starts_with("/api/me/") && ends.iter().any(|end| path.ends_with(end))
}

fn refs(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// What stands at the first and the last restaurant.
fn ends(all: &[String], last: usize) -> Vec<(&str, At)> {
    let at = [At::Restaurant(0), At::Restaurant(last)];
    all.iter().map(String::as_str).zip(at).collect()
}

fn members(house: &crate::world::House, last: usize) -> Vec<(&str, At)> {
    let at = [At::Restaurant(0), At::Restaurant(last)];
    house
        .members
        .iter()
        .map(|(_, grant)| grant.as_str())
        .zip(at)
        .collect()
}

fn nothing(a: &str, b: &str) -> Vec<Target> {
    let prefix = a.split_once('_').unwrap().0;
    let new = |label, id: &str| Target::new(label, &[id]);
    vec![
        new("absent, of A", &absent(a)).missing(Some(House::A)),
        new("absent, of B", &absent(b)).missing(Some(House::B)),
        new("absent, of nobody", &of_nobody(a)).missing(None),
        new("B's with A's number", &exchanged(b, a)).missing(Some(House::A)),
        new("A's with B's number", &exchanged(a, b)).missing(Some(House::B)),
        new("malformed", &format!("{prefix}_1")).malformed(),
    ]
}

fn places(a: &[&str], at_a: &[At], b: &[&str], at_b: &[At]) -> Vec<Target> {
    let mut all = Vec::new();
    for (number, (id, at)) in a.iter().zip(at_a).enumerate() {
        let label = ["own", "sibling", "farther sibling"][number];
        all.push(Target::new(label, &[id]).of(House::A, *at));
    }
    for (number, (id, at)) in b.iter().zip(at_b).enumerate() {
        let label = ["foreign", "foreign sibling"][number];
        all.push(Target::new(label, &[id]).of(House::B, *at));
    }
    // What is not there has a place too: what is asked of the organisation is asked first.
    let absent = nothing(a[0], b[0]).into_iter();
    all.extend(absent.map(|target| Target {
        at: Some(at_a[0]),
        ..target
    }));
    all
}

fn things(a: &[(&str, At)], b: &[(&str, At)]) -> Vec<Target> {
    let mut all = Vec::new();
    for (number, (id, at)) in a.iter().enumerate() {
        all.push(Target::new(["own", "sibling"][number], &[id]).belongs(House::A, *at));
    }
    for (number, (id, at)) in b.iter().enumerate() {
        all.push(Target::new(["foreign", "foreign sibling"][number], &[id]).belongs(House::B, *at));
    }
    let absent = nothing(a[0].0, b[0].0).into_iter();
    // Only the permission is asked before it is looked for such a thing.
    all.extend(absent.map(|target| Target {
        exists: target.house.is_some(),
        nested: Nested::Absent,
        ..target
    }));
    all
}

/// An organisation, and something of it.
fn seconds(town: &Town, second: &str) -> Vec<Target> {
    let (a, b) = (&town.a, &town.b);
    let of = |house: &crate::world::House, last| -> Vec<(String, At)> {
        match second {
            "person" => {
                let at = [At::Restaurant(0), At::Restaurant(last)];
                house
                    .members
                    .iter()
                    .map(|(person, _)| person.clone())
                    .zip(at)
                    .collect()
            }
            "device" => house
                .devices
                .iter()
                .cloned()
                .zip([At::Restaurant(0), At::Restaurant(last)])
                .collect(),
            "key" => vec![(house.key.clone(), At::Whole)],
            "host" => vec![(house.host.clone(), At::Whole)],
            "picture" => vec![(house.picture.clone(), At::Whole)],
            "coupon" => vec![(house.coupon.clone(), At::Whole)],
            "promotion" => vec![(house.promotion.clone(), At::Whole)],
            "hook" => vec![(house.hook.clone(), At::Whole)],
            other => panic!("no second {other:?}"),
        }
    };
    let (in_a, in_b) = (of(a, 2), of(b, 1));
    let never = match second {
        "host" => "nobody.example.org".to_owned(),
        _ => absent(&in_a[0].0),
    };
    let mut all = Vec::new();
    for (number, (id, at)) in in_a.iter().enumerate() {
        let label = ["own", "sibling"][number];
        all.push(
            Target::new(label, &[&a.id, id])
                .of(House::A, At::Whole)
                .nested(Nested::At(*at)),
        );
    }
    let new = |label, house: &str, id: &str| Target::new(label, &[house, id]);
    let whole = |target: Target, house| target.of(house, At::Whole);
    let gone = Nested::Absent;
    all.extend([
        whole(new("foreign", &b.id, &in_b[0].0), House::B).nested(Nested::At(At::Restaurant(0))),
        whole(new("own in the foreign", &b.id, &in_a[0].0), House::B).nested(gone),
        whole(new("foreign in the own", &a.id, &in_b[0].0), House::A).nested(gone),
        whole(new("absent in the own", &a.id, &never), House::A).nested(gone),
        whole(new("absent in the foreign", &b.id, &never), House::B).nested(gone),
        new("absent in the absent", &absent(&a.id), &never).missing(Some(House::A)),
        new("own in the absent", &of_nobody(&a.id), &in_a[0].0).missing(None),
        new("own in the exchanged", &exchanged(&a.id, &b.id), &in_a[0].0).missing(Some(House::B)),
        new("malformed", "org_1", &in_a[0].0).malformed(),
    ]);
    all
}

/// Something of a place: what is really there and what really is elsewhere, and what was never there, wherever it is
/// looked for. A new second word of a path needs a row in [`real`], and a way to write what never was here.
fn within(town: &Town, first: &str, second: &str) -> Vec<Target> {
    let (a, b) = (real(&town.a, first, second), real(&town.b, first, second));
    let never = match second {
        "revision" => "7000".to_owned(),
        _ => absent(&a),
    };
    let places = of(town, &format!("{{{first}}}"));
    let at = |label: &str, thing: &str, nested| {
        let found = places.iter().find(|place| place.label == label);
        let mut target = found.unwrap().clone();
        target.params.push(thing.to_owned());
        target.nested(nested)
    };
    let here = Nested::At(match first {
        "brand" => At::Brand(0),
        _ => At::Restaurant(0),
    });
    let named = |label, target: Target| Target { label, ..target };
    let mut all = vec![at("own", &a, here), at("foreign", &b, here)];
    // Revisions are numbers, of which every place has its own.
    if second != "revision" {
        all.extend([
            named("own in the sibling", at("sibling", &a, Nested::Absent)),
            named("own in the foreign", at("foreign", &a, Nested::Absent)),
            named("foreign in the own", at("own", &b, Nested::Absent)),
        ]);
    }
    all.extend(places.iter().map(|place| {
        let label = match place.label {
            "own" => "absent in the own",
            "sibling" => "absent in the sibling",
            "foreign" => "absent in the foreign",
            label => label,
        };
        named(label, at(place.label, &never, Nested::Absent))
    }));
    all
}

/// A refund of an order: of its own, of another one of the house, of another's, and none.
fn refunds(town: &Town) -> Vec<Target> {
    let (a, b) = (&town.a, &town.b);
    let never = [absent(&a.refund.1), absent(&b.refund.1)];
    let place = At::Restaurant(0);
    let new = |label, order: &str, refund: &str, house| {
        Target::new(label, &[order, refund]).belongs(house, place)
    };
    let own = new("own", &a.refund.0, &a.refund.1, House::A);
    let foreign = new("foreign", &b.refund.0, &b.refund.1, House::B);
    let elsewhere = [
        ("own in the sibling", &a.order, &a.refund.1, House::A),
        ("absent in the sibling", &a.order, &never[0], House::A),
        ("foreign in the own", &a.refund.0, &b.refund.1, House::A),
        ("absent in the own", &a.refund.0, &never[0], House::A),
        ("own in the foreign", &b.refund.0, &a.refund.1, House::B),
        ("absent in the foreign", &b.refund.0, &never[1], House::B),
        ("absent, of A", &absent(&a.refund.0), &a.refund.1, House::A),
        ("absent, of B", &absent(&b.refund.0), &b.refund.1, House::B),
    ];
    let elsewhere = elsewhere.map(|(label, order, refund, house)| {
        new(label, order, refund, house).nested(Nested::Absent)
    });
    [own, foreign].into_iter().chain(elsewhere).collect()
}

/// What a house really has under the second word of a path.
fn real(house: &crate::world::House, first: &str, second: &str) -> String {
    let sold = match first {
        "brand" => &house.sold_by_brand,
        _ => &house.sold,
    };
    let found = match second {
        "category" => &sold.category,
        "item" => &sold.item,
        "group" => &sold.group,
        "import" => &sold.import,
        "revision" => &sold.revision,
        "order" => &house.order,
        other => panic!("no second {other:?}"),
    };
    found.clone()
}

/// What is one's own: here the diner's, or what those who run the platform act on, or a provider.
fn own(town: &Town, name: &str) -> Vec<Target> {
    let real = match name {
        "operator" => town.second_operator.clone(),
        "person" => town.a.members[0].0.clone(),
        "provider" => return vec![Target::new("the only one", &["nowhere"])],
        name => town.things[name].clone(),
    };
    match name {
        "operator" | "person" | "saga" | "work" | "payment" => acted_on(&real),
        _ => around(Target::new(OF_ANOTHER, &[&real]).missing(None)),
    }
}

/// What everybody who runs the platform may act on, or look at.
fn acted_on(real: &str) -> Vec<Target> {
    around(Target::new("own", &[real]))
}

/// A target, one that is not there, and one that never could be.
fn around(there: Target) -> Vec<Target> {
    let absent = absent(&there.params[0]);
    vec![
        there,
        Target::new("absent", &[&absent]).missing(None),
        Target::new("malformed", &["x_1"]).malformed(),
    ]
}

/// The parameters by name, for bodies that name the same things.
pub(crate) fn filled(path: &str, params: &[String]) -> String {
    let mut params = params.iter();
    let mut out = String::new();
    for part in path.split('{') {
        match part.split_once('}') {
            Some((_, rest)) => {
                out.push_str(params.next().unwrap());
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    out
}

/// Pairs of labels whose answers must look alike for whoever may not know of either.
pub(crate) fn alike() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("foreign", "absent, of B"),
        ("foreign sibling", "absent, of nobody"),
        ("B's with A's number", "absent, of A"),
        ("foreign in the own", "absent in the own"),
        ("own in the foreign", "absent in the foreign"),
        ("own in the sibling", "absent in the sibling"),
        (OF_ANOTHER, "absent"),
    ])
}
