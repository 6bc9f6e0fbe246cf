//! The columns of a table of a menu: how they are called, and to which things they belong.

use std::fmt;

use super::loose::Case;
use crate::{Channel, Key, Language, Service};

/// What stands in a line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Head,
    Daypart,
    Tax,
    Category,
    Item,
    /// An item that stands in one more category.
    Again,
    Group,
    Choice,
}

impl Kind {
    const ALL: [(Kind, &'static str); 8] = [
        (Kind::Head, "head"),
        (Kind::Daypart, "daypart"),
        (Kind::Tax, "tax"),
        (Kind::Category, "category"),
        (Kind::Item, "item"),
        (Kind::Again, "again"),
        (Kind::Group, "group"),
        (Kind::Choice, "choice"),
    ];

    pub(super) fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    pub(super) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }
}

/// A column, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    /// One of those that are there once.
    Plain(&'static str),
    /// The name in another language.
    Name(Language),
    /// The description in another language.
    Description(Language),
    /// The price in a case.
    Price(Case),
    /// The rate for a service.
    Rate(Service),
    /// Without a name; nothing may stand in it.
    Blank,
}

/// The columns that are there once, with the kinds that they belong to.
const PLAIN: &[(&str, &[Kind])] = &[
    ("kind", &[]),
    ("id", &[Kind::Category, Kind::Item, Kind::Group]),
    (
        "key",
        &[
            Kind::Daypart,
            Kind::Tax,
            Kind::Category,
            Kind::Item,
            Kind::Group,
        ],
    ),
    ("name", NAMED),
    ("description", DESCRIBED),
    ("category", &[Kind::Item, Kind::Again]),
    ("group", &[Kind::Choice]),
    ("item", &[Kind::Choice, Kind::Again]),
    ("price", PRICED),
    ("prices", PRICED),
    ("tax", &[Kind::Item]),
    ("groups", &[Kind::Item]),
    ("services", &[Kind::Category, Kind::Item]),
    ("channels", &[Kind::Category, Kind::Item]),
    ("daypart", &[Kind::Category]),
    ("allergens", &[Kind::Item]),
    ("diets", &[Kind::Item]),
    ("age", &[Kind::Item]),
    ("minutes", &[Kind::Item]),
    ("picture", &[Kind::Item]),
    ("alone", &[Kind::Item]),
    ("min", &[Kind::Group]),
    ("max", &[Kind::Group, Kind::Choice]),
    ("free", &[Kind::Group]),
    ("preset", &[Kind::Choice]),
    ("days", &[Kind::Daypart]),
    ("from", &[Kind::Daypart]),
    ("to", &[Kind::Daypart]),
    ("rate", &[Kind::Tax]),
    ("currency", &[Kind::Head]),
    ("language", &[Kind::Head]),
    ("taxes", &[Kind::Head]),
    ("metadata", &[Kind::Category, Kind::Item, Kind::Group]),
];

const NAMED: &[Kind] = &[Kind::Daypart, Kind::Category, Kind::Item, Kind::Group];
const DESCRIBED: &[Kind] = &[Kind::Category, Kind::Item];
const PRICED: &[Kind] = &[Kind::Item, Kind::Choice];

impl Column {
    /// The column of a name as it stands in the first line.
    pub(super) fn find(name: &str) -> Option<Self> {
        if name.is_empty() {
            return Some(Column::Blank);
        }
        if let Some((plain, _)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
            return Some(Column::Plain(plain));
        }
        let (what, of) = name.split_once(':')?;
        match what {
            "name" => of.parse().ok().map(Column::Name),
            "description" => of.parse().ok().map(Column::Description),
            "price" => case(of)
                .filter(|case| *case != Case::default())
                .map(Column::Price),
            "rate" => Service::find(of).map(Column::Rate),
            _ => None,
        }
    }

    /// The names of the columns that are there once.
    pub(super) fn plain() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().map(|(name, _)| *name)
    }

    /// Says whether things of a kind have it.
    pub(super) fn belongs(&self, kind: Kind) -> bool {
        match self {
            Column::Plain("kind") => true,
            Column::Plain(name) => {
                let of = PLAIN.iter().find(|(plain, _)| plain == name);
                of.is_some_and(|(_, kinds)| kinds.contains(&kind))
            }
            Column::Name(_) => NAMED.contains(&kind),
            Column::Description(_) => DESCRIBED.contains(&kind),
            Column::Price(_) => PRICED.contains(&kind),
            Column::Rate(_) => kind == Kind::Tax,
            Column::Blank => false,
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Plain(name) => f.write_str(name),
            Column::Name(language) => write!(f, "name:{language}"),
            Column::Description(language) => write!(f, "description:{language}"),
            Column::Price(case) => write!(f, "price:{}", shown_case(case)),
            Column::Rate(service) => write!(f, "rate:{}", service.name()),
            Column::Blank => Ok(()),
        }
    }
}

/// How the case of a price is written that holds always.
const ALWAYS: &str = "always";

/// Reads a case: `pickup`, `lunch`, `pickup+lunch`, `channel=web`; a bare word that is no service is a part of the day.
pub(super) fn case(text: &str) -> Option<Case> {
    let mut case = Case::default();
    if text == ALWAYS {
        return Some(case);
    }
    let (service, channel, daypart) = (&mut case.0, &mut case.1, &mut case.2);
    for word in text.split('+') {
        let (what, of) = match word.split_once('=') {
            Some(parts) => parts,
            None if Service::find(word).is_some() => ("service", word),
            None => ("daypart", word),
        };
        let is_new = match what {
            "service" => service.replace(Service::find(of)?).is_none(),
            "channel" => channel.replace(of.parse::<Channel>().ok()?).is_none(),
            "daypart" => daypart.replace(of.parse::<Key>().ok()?).is_none(),
            _ => false,
        };
        if !is_new {
            return None;
        }
    }
    Some(case)
}

/// Writes a case as [`case`] reads it.
pub(super) fn shown_case((service, channel, daypart): &Case) -> String {
    let mut words = Vec::new();
    words.extend(service.map(|service| service.name().to_owned()));
    words.extend(channel.as_ref().map(|channel| format!("channel={channel}")));
    words.extend(daypart.as_ref().map(|key| {
        let is_plain = Service::find(key.as_str()).is_none() && key.as_str() != ALWAYS;
        let mark = if is_plain { "" } else { "daypart=" };
        format!("{mark}{key}")
    }));
    match words.is_empty() {
        true => ALWAYS.to_owned(),
        false => words.join("+"),
    }
}
