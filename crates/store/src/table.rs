//! What the store knows of a table: its class, its columns, its key, and the tables it refers to.
//!
//! From the class come the row-level security policies and their tests; from the parents comes the order in
//! which a commit inserts its rows; from columns and key come the texts of the inserts.

use std::sync::OnceLock;

use crate::postgres::functions::Merged;
use crate::value::Kind;

/// Whose rows a table holds, and so who may see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Rows of one organisation; the first column is `organisation`.
    Organisation,
    /// Rows of one person, in the people database; the first column is `person`.
    Person,
    /// Rows of one person, in the people database, which whoever names their digest may read as well: sessions, codes,
    /// contacts. The first column is `person`, the next `digest`, with which the key begins: it is unique over all
    /// people, so a claim of a digest that another person has is refused.
    Held,
    /// What happened, in the audit database: the queue role reads and appends, nobody changes or removes.
    Appended,
    /// Work and positions claimed by the queue role, which may see queues and the log only.
    Queue,
    /// What everybody may read: restaurant lists, search. Never rows of a tenant.
    Published,
    /// The directory of organisations, and where on a shard an organisation stands.
    Control,
}

/// What the queue role may do with the rows of a tenant's table, besides what the class says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing.
    Nothing,
    /// Find the rows of all organisations, change and remove them: work that a commit leaves to be done.
    Works,
    /// Remove rows that are older than 30 days by their column `at`; of those it sees the key and `at` alone.
    Clears,
}

/// The column by which whoever holds a secret finds a row of class `Held`.
pub(crate) const DIGEST: &str = "digest";

/// A column after the one that the store fills itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Column {
    /// A column of numbers, times or truth.
    #[must_use]
    pub const fn int(name: &'static str) -> Self {
        Column {
            name,
            kind: Kind::Int,
        }
    }

    /// A column of text or JSON.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Column {
            name,
            kind: Kind::Text,
        }
    }

    /// A column of bytes.
    #[must_use]
    pub const fn bytes(name: &'static str) -> Self {
        Column {
            name,
            kind: Kind::Bytes,
        }
    }

    /// A column of ids.
    #[must_use]
    pub const fn id(name: &'static str) -> Self {
        Column {
            name,
            kind: Kind::Id,
        }
    }
}

/// A table. Slices declare theirs as a `static` beside their SQL constants.
#[derive(Debug)]
pub struct Table {
    /// Its name in both engines.
    pub name: &'static str,
    /// Whose rows it holds.
    pub class: Class,
    /// The columns, without the `organisation` or `person` column that the store fills itself.
    pub columns: &'static [Column],
    /// How many of the first columns make up the key (after the column that the store fills itself).
    pub key: usize,
    /// The tables that its foreign keys name.
    pub parents: &'static [&'static Table],
    /// What the queue role may do with a tenant's rows.
    pub reach: Reach,
    /// Whether the commit of a person may carry its rows too.
    pub(crate) beside_people: bool,
    texts: OnceLock<Texts>,
}

/// The texts made from a table once.
#[derive(Debug)]
pub(crate) struct Texts {
    /// A row by itself: the SQLite insert.
    pub(crate) insert_row: String,
    /// The same, as PostgreSQL writes it.
    pub(crate) insert_row_postgres: String,
    /// A row that may be there already, for `claim`, as SQLite writes it.
    pub(crate) claim_row: String,
    /// The same, as PostgreSQL writes it.
    pub(crate) claim_row_postgres: String,
    /// The function that does so for many commits.
    pub(crate) claim_merged: Merged,
    /// Many rows from one array a column: the PostgreSQL insert.
    pub(crate) insert_arrays: String,
    /// How many tables stand above this one by foreign keys.
    pub(crate) rank: usize,
}

impl Table {
    /// A table whose first `key` columns, after the one the store fills, are its key.
    #[must_use]
    pub const fn new(
        name: &'static str,
        class: Class,
        columns: &'static [Column],
        key: usize,
        parents: &'static [&'static Table],
    ) -> Self {
        Table {
            name,
            class,
            columns,
            key,
            parents,
            reach: Reach::Nothing,
            beside_people: false,
            texts: OnceLock::new(),
        }
    }

    /// The same table as one whose rows are work: a commit inserts them, and the queue role claims them through a
    /// table of the same name and class `Queue`.
    #[must_use]
    pub const fn worked(mut self) -> Self {
        self.reach = Reach::Works;
        self
    }

    /// The same table as one from which the queue role removes what is older than 30 days.
    #[must_use]
    pub const fn cleared(mut self) -> Self {
        self.reach = Reach::Clears;
        self
    }

    /// The same table of organisations as one whose rows the commit of a person may carry as well, as rows of
    /// organisation 0: what the platform itself keeps beside an effect. It is no place for what is said of a person.
    #[must_use]
    pub const fn for_people(mut self) -> Self {
        self.beside_people = true;
        self
    }

    /// The same rows as the queue role sees them: those of everybody, if the reach of the table lets it. Declared as a
    /// `static` of its own, for the statements that this role runs; a part lists the table itself only. Nothing is
    /// filled in then: a statement that needs the owner names it like any other column.
    #[must_use]
    pub const fn as_queue(&self) -> Self {
        Table::new(
            self.name,
            Class::Queue,
            self.columns,
            self.key,
            self.parents,
        )
    }

    /// The column that the store fills itself, if this class has one.
    #[must_use]
    pub const fn owner(&self) -> Option<&'static str> {
        match self.owner_column() {
            Some(column) => Some(column.name),
            None => None,
        }
    }

    const fn owner_column(&self) -> Option<Column> {
        match self.class {
            Class::Organisation => Some(Column::int("organisation")),
            Class::Person | Class::Held => Some(Column::id("person")),
            Class::Queue | Class::Appended | Class::Published | Class::Control => None,
        }
    }

    /// All columns, the one that the store fills itself first.
    pub(crate) fn all_columns(&self) -> impl Iterator<Item = Column> {
        self.owner_column()
            .into_iter()
            .chain(self.columns.iter().copied())
    }

    pub(crate) fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| Texts::of(self))
    }

    /// Parents have a smaller rank than their children, so rows sorted by rank satisfy every foreign key.
    pub(crate) fn rank(&self) -> usize {
        self.texts().rank
    }
}

impl Texts {
    fn of(table: &Table) -> Self {
        let columns: Vec<Column> = table.all_columns().collect();
        let names = join(columns.iter().map(|column| column.name.to_owned()));
        let numbered = |mark: char| join((1..=columns.len()).map(|n| format!("{mark}{n}")));
        let arrays = join(columns.iter().enumerate().map(|(i, column)| {
            format!("${}::{}[]", i.saturating_add(1), postgres_name(column.kind))
        }));
        let (name, rank) = (
            table.name,
            table
                .parents
                .iter()
                .map(|parent| parent.rank().saturating_add(1))
                .max()
                .unwrap_or(0),
        );
        let insert = |mark| format!("INSERT INTO {name} ({names}) VALUES ({})", numbered(mark));
        let claim = |mark| format!("{} ON CONFLICT DO NOTHING", insert(mark));
        Texts {
            insert_row: insert('?'),
            insert_row_postgres: insert('$'),
            claim_row: claim('?'),
            claim_merged: Merged::of(&claim('$')),
            claim_row_postgres: claim('$'),
            insert_arrays: format!("INSERT INTO {name} ({names}) SELECT * FROM unnest({arrays})"),
            rank,
        }
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// What PostgreSQL calls a kind.
pub(crate) const fn postgres_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Id => "uuid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PARENT: Table = Table::new("orders", Class::Organisation, &[Column::id("id")], 1, &[]);
    static CHILD: Table = Table::new(
        "lines",
        Class::Organisation,
        &[Column::id("parent"), Column::int("line")],
        2,
        &[&PARENT],
    );

    #[test]
    fn texts_name_the_owner_column_first() {
        let texts = CHILD.texts();
        assert_eq!(
            texts.insert_row,
            "INSERT INTO lines (organisation, parent, line) VALUES (?1, ?2, ?3)"
        );
        assert_eq!(
            texts.insert_arrays,
            "INSERT INTO lines (organisation, parent, line) SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[])"
        );
    }

    #[test]
    fn parents_rank_before_children() {
        assert!(PARENT.rank() < CHILD.rank());
    }
}
