//! What a statement says, read from its syntax: which tables it touches and whether each is bound to its owner.
//!
//! A table of a tenant is bound where its owner column equals `$1` among the conditions that all must hold, or
//! equals the owner column of a table that is bound. Whatever this cannot read counts as not bound.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, ConflictTarget, Expr, FromTable, Insert, Join,
    JoinConstraint, JoinOperator, ObjectName, OnConflictAction, OnInsert, Select, SelectItem,
    SetExpr, Statement, TableFactor, TableObject, TableWithJoins, UpdateTableFromKind, Value,
    Visit, Visitor,
};

/// The owner column of a table, if it has one; nothing at all for a table that nobody declared.
pub(crate) type Owner<'a> = dyn Fn(&str) -> Option<Option<&'static str>> + 'a;

/// Functions that stand where a table could.
const TABLE_FUNCTIONS: [&str; 2] = ["rarray", "unnest"];

/// A table in one block of a statement: its name there, its own name, whether it may be bound by a condition.
struct Mention {
    alias: String,
    table: String,
}

/// What one select, update or delete says.
#[derive(Default)]
struct Block {
    mentions: Vec<Mention>,
    bound: Vec<String>,
}

/// All complaints about one statement.
pub(crate) struct Reader<'a> {
    owner: &'a Owner<'a>,
    blocks: Vec<Block>,
    read: usize,
    seen: Vec<String>,
    pub(crate) complaints: Vec<String>,
}

/// Reads a statement: the tables that it names, in order of their appearance, and what is wrong with it.
pub(crate) fn read(statement: &Statement, owner: &Owner<'_>) -> (Vec<String>, Vec<String>) {
    let mut reader = Reader {
        owner,
        blocks: Vec::new(),
        read: 0,
        seen: Vec::new(),
        complaints: Vec::new(),
    };
    let _ = statement.visit(&mut reader);
    if reader.read != reader.seen.len() {
        let said = format!("only {} of {:?} were understood", reader.read, reader.seen);
        reader.complaints.push(said);
    }
    (reader.seen, reader.complaints)
}

/// The table that a statement changes, or reads first.
pub(crate) fn subject(statement: &Statement) -> Option<String> {
    match statement {
        Statement::Insert(insert) => target(&insert.table),
        Statement::Update(update) => first(std::slice::from_ref(&update.table)),
        Statement::Delete(delete) => first(from(&delete.from)),
        Statement::Query(query) => match query.body.as_ref() {
            SetExpr::Select(select) => first(&select.from),
            _ => None,
        },
        _ => None,
    }
}

/// The parameter that each column is set equal to, among the conditions of an update or delete that all must hold.
pub(crate) fn keyed(statement: &Statement) -> Vec<(String, String)> {
    let selection = match statement {
        Statement::Update(update) => update.selection.as_ref(),
        Statement::Delete(delete) => delete.selection.as_ref(),
        _ => None,
    };
    let conditions = selection.into_iter().flat_map(conditions);
    conditions
        .filter_map(|condition| {
            let (one, other) = equal(condition)?;
            Some((column(one)?.1, parameter(other)?))
        })
        .collect()
}

fn target(table: &TableObject) -> Option<String> {
    match table {
        TableObject::TableName(name) => Some(plain(name)),
        _ => None,
    }
}

fn first(from: &[TableWithJoins]) -> Option<String> {
    match &from.first()?.relation {
        TableFactor::Table { name, .. } => Some(plain(name)),
        _ => None,
    }
}

fn from(from: &FromTable) -> &[TableWithJoins] {
    match from {
        FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables) => tables,
    }
}

fn plain(name: &ObjectName) -> String {
    name.to_string().replace('"', "")
}

/// The conditions that all must hold.
fn conditions(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Nested(inner) => conditions(inner),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::And,
            right,
        } => [conditions(left), conditions(right)].concat(),
        other => vec![other],
    }
}

fn equal(condition: &Expr) -> Option<(&Expr, &Expr)> {
    match condition {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        } => Some((left, right)),
        _ => None,
    }
}

/// A column with the name of its table, if that is said.
fn column(expression: &Expr) -> Option<(Option<String>, String)> {
    match expression {
        Expr::Identifier(name) => Some((None, name.value.clone())),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, name] => Some((Some(table.value.clone()), name.value.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// A parameter as `$n`, whichever mark the engine wants.
pub(crate) fn parameter(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => Some(name.replace('?', "$")),
            _ => None,
        },
        _ => None,
    }
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::CrossJoin(constraint) => Some(constraint),
        _ => None,
    }
}

impl Reader<'_> {
    /// One block with all its tables; `conditions` are those that all must hold.
    fn block(&mut self, tables: &[TableWithJoins], selection: Option<&Expr>) {
        let mut block = Block::default();
        let mut all: Vec<&Expr> = selection.into_iter().flat_map(conditions).collect();
        let mut outer: Vec<(&Join, Vec<&Expr>)> = Vec::new();
        for table in tables {
            self.mention(&mut block, &table.relation);
            for join in &table.joins {
                self.mention(&mut block, &join.relation);
                match (&join.join_operator, constraint(&join.join_operator)) {
                    (_, Some(JoinConstraint::On(on))) => all.extend(conditions(on)),
                    (_, Some(JoinConstraint::None)) => {}
                    (
                        JoinOperator::Left(JoinConstraint::On(on))
                        | JoinOperator::LeftOuter(JoinConstraint::On(on)),
                        None,
                    ) => outer.push((join, conditions(on))),
                    (operator, _) => self.complaints.push(format!("a join {operator:?}")),
                }
            }
        }
        // Until nothing new is bound: a binding may come through another table.
        loop {
            let before = block.bound.len();
            self.bind(&mut block, &all, None);
            for (join, conditions) in &outer {
                if let TableFactor::Table { name, alias, .. } = &join.relation {
                    let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                    let only = alias.unwrap_or_else(|| plain(name));
                    self.bind(&mut block, conditions, Some(&only));
                }
            }
            if block.bound.len() == before {
                break;
            }
        }
        for mention in &block.mentions {
            if self.owner_of(&mention.table).is_some() && !block.bound.contains(&mention.alias) {
                let said = format!("{} is not bound to its owner", mention.alias);
                self.complaints.push(said);
            }
        }
        self.blocks.push(block);
    }

    fn mention(&mut self, block: &mut Block, relation: &TableFactor) {
        match relation {
            TableFactor::Table {
                name,
                args: None,
                alias,
                ..
            } => {
                let table = plain(name);
                let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                let alias = alias.unwrap_or_else(|| table.clone());
                self.read += 1;
                block.mentions.push(Mention { alias, table });
            }
            TableFactor::Table { name, .. } if TABLE_FUNCTIONS.contains(&plain(name).as_str()) => {
                self.read += 1;
            }
            TableFactor::UNNEST { .. } => {}
            other => self.complaints.push(format!("{other} is no plain table")),
        }
    }

    fn owner_of(&self, table: &str) -> Option<&'static str> {
        (self.owner)(table).flatten()
    }

    /// Binds the tables that these conditions bind; `only` restricts them to one.
    fn bind(&self, block: &mut Block, conditions: &[&Expr], only: Option<&str>) {
        for (left, right) in conditions.iter().filter_map(|condition| equal(condition)) {
            for (one, other) in [(left, right), (right, left)] {
                let Some(alias) = self.owner_alias(block, one) else {
                    continue;
                };
                let held = parameter(other).is_some_and(|name| name == "$1")
                    || self
                        .owner_alias(block, other)
                        .is_some_and(|other| self.is_bound(block, &other));
                let wanted = only.is_none_or(|only| only == alias);
                if held && wanted && !block.bound.contains(&alias) {
                    block.bound.push(alias);
                }
            }
        }
    }

    fn is_bound(&self, block: &Block, alias: &str) -> bool {
        let outer = self.blocks.iter().flat_map(|block| &block.bound);
        block.bound.iter().chain(outer).any(|bound| bound == alias)
    }

    /// The alias of the table whose owner column this is.
    fn owner_alias(&self, block: &Block, expression: &Expr) -> Option<String> {
        let (alias, name) = column(expression)?;
        let outer = self.blocks.iter().flat_map(|block| &block.mentions);
        let mut all = block.mentions.iter().chain(outer);
        let mention = match alias {
            Some(alias) => all.find(|mention| mention.alias == alias)?,
            None if block.mentions.len() == 1 => all.next()?,
            None => return None,
        };
        (self.owner_of(&mention.table)? == name).then(|| mention.alias.clone())
    }

    fn insert(&mut self, insert: &Insert) {
        let Some(table) = target(&insert.table) else {
            self.complaints
                .push("an insert into no plain table".to_owned());
            return;
        };
        self.read += 1;
        if insert.or.is_some() {
            self.complaints.push("INSERT OR".to_owned());
        }
        if insert.columns.is_empty() {
            self.complaints
                .push("an insert that does not name its columns".to_owned());
        }
        let Some(owner) = self.owner_of(&table) else {
            return;
        };
        let at = insert
            .columns
            .iter()
            .position(|column| plain(column) == owner);
        let is_first =
            |cell: Option<&Expr>| cell.and_then(parameter).is_some_and(|name| name == "$1");
        let bound =
            at.zip(insert.source.as_ref())
                .is_some_and(|(at, source)| match source.body.as_ref() {
                    SetExpr::Values(values) => values.rows.iter().all(|row| is_first(row.get(at))),
                    SetExpr::Select(select) => match select.projection.get(at) {
                        Some(SelectItem::UnnamedExpr(cell)) => is_first(Some(cell)),
                        _ => false,
                    },
                    _ => false,
                });
        if !bound {
            self.complaints
                .push(format!("{table} is not given $1 as its owner"));
        }
        if let Some(OnInsert::OnConflict(conflict)) = &insert.on {
            match &conflict.conflict_target {
                Some(ConflictTarget::Columns(columns))
                    if columns.iter().any(|name| name.value == owner) => {}
                None => {}
                other => self
                    .complaints
                    .push(format!("a conflict on {other:?} without the owner")),
            }
            if let OnConflictAction::DoUpdate(update) = &conflict.action {
                self.keep_owner(owner, &update.assignments);
            }
        }
    }

    fn keep_owner(&mut self, owner: &str, assignments: &[Assignment]) {
        for assignment in assignments {
            match &assignment.target {
                AssignmentTarget::ColumnName(name) if plain(name) != owner => {}
                other => self.complaints.push(format!("{other} is assigned")),
            }
        }
    }
}

impl Visitor for Reader<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Query(_) => {}
            Statement::Insert(insert) => self.insert(insert),
            Statement::Delete(delete) => {
                let using = delete.using.iter().flatten();
                let tables: Vec<_> = from(&delete.from).iter().chain(using).cloned().collect();
                self.block(&tables, delete.selection.as_ref());
            }
            Statement::Update(update) => {
                let more = match &update.from {
                    Some(UpdateTableFromKind::AfterSet(more)) => more.as_slice(),
                    _ => &[],
                };
                let tables = [std::slice::from_ref(&update.table), more].concat();
                self.block(&tables, update.selection.as_ref());
                let table = first(&tables).unwrap_or_default();
                if let Some(owner) = self.owner_of(&table) {
                    self.keep_owner(owner, &update.assignments);
                }
            }
            other => self.complaints.push(format!("a statement like {other}")),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.block(&select.from, select.selection.as_ref());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.blocks.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = plain(relation);
        if (self.owner)(&name).is_none() && !TABLE_FUNCTIONS.contains(&name.as_str()) {
            self.complaints.push(format!("{name} is not declared"));
        }
        self.seen.push(name);
        ControlFlow::Continue(())
    }
}
