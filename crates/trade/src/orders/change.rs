//! Changes of an order after it was placed: lines are added, removed, replaced or counted anew.
//!
//! Whoever asks for a change prices it first; here it is only proven that what was priced is what was asked for, and
//! what is to be given back or paid besides. What the diner did not ask for himself waits for his word, and what costs
//! more waits for its money.

use std::collections::{BTreeMap, BTreeSet};

use base::Time;
use serde::{Deserialize, Serialize};

use super::money;
use super::reason::Why;
use super::refusal::Refusal;
use super::types::{
    Actor, LINES_MAX, Lapse, Line, LineKey, LineState, MoneyLine, Order, Paying, Ticket,
    TicketState, is_zero,
};
use domain::pricing::QUANTITY_MAX;

/// How many changes an order remembers: the last ones.
pub(super) const DONE_MAX: usize = 20;
/// The most commands of one change.
pub const LINE_COMMANDS_MAX: usize = 50;

/// What is to be done with a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum LineCommand {
    /// Take it out.
    Remove {
        /// The line.
        line: LineKey,
    },
    /// Let another line stand for it.
    Replace {
        /// The line.
        line: LineKey,
        /// The key of the other one, which the order has not had.
        with: LineKey,
    },
    /// Sell another number of it.
    Quantity {
        /// The line.
        line: LineKey,
        /// How many there are to be.
        quantity: u32,
    },
    /// Sell another line besides.
    Add {
        /// Its key, which the order has not had: whoever asks twice adds one line.
        line: LineKey,
    },
}

/// What an order would hold after a change, priced by whoever asks for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Repriced {
    /// All lines that are sold then.
    pub lines: Vec<Line>,
    /// All amounts of these.
    pub money: Vec<MoneyLine>,
}

/// A change with what comes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Change {
    /// What is done.
    pub commands: Vec<LineCommand>,
    /// Who asked for it.
    pub by: Actor,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// All lines that are sold then.
    pub lines: Vec<Line>,
    /// All amounts of these.
    pub money: Vec<MoneyLine>,
    /// What is to be paid then.
    pub total_minor: i64,
    /// What of it is paid with meal vouchers then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub vouchers_minor: i64,
    /// What is to be paid besides; below zero what is to be given back.
    pub difference_minor: i64,
}

/// A change that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Proposal {
    /// Its number: the version of the order at which it was made.
    pub number: i64,
    /// The change.
    pub change: Change,
    /// Until when it waits.
    pub until: Time,
    /// Whether the diner has said yes, so that it waits for the money only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
}

/// A change that was carried out, as the order remembers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Done {
    /// When.
    pub at: Time,
    /// Who asked for it.
    pub by: Actor,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// What was to be paid besides; below zero what was given back.
    pub difference_minor: i64,
}

impl Order {
    /// What is taken out when nobody answers the change that waits: by the restaurant's rule the lines that another was
    /// to stand for. Nothing where nothing would be left.
    #[must_use]
    pub fn lapsing(&self) -> Vec<LineCommand> {
        let by_rule = |proposal: &&Proposal| {
            self.rules.lapse == Lapse::Remove && !proposal.agreed && !self.status.is_final()
        };
        let proposal = self.proposal.as_deref().filter(by_rule);
        let commands = proposal.map_or(&[][..], |proposal| &proposal.change.commands);
        let removed: Vec<LineCommand> = commands
            .iter()
            .filter_map(|command| match command {
                LineCommand::Replace { line, .. } => {
                    Some(LineCommand::Remove { line: line.clone() })
                }
                LineCommand::Remove { .. } => Some(command.clone()),
                LineCommand::Quantity { .. } | LineCommand::Add { .. } => None,
            })
            .collect();
        match removed.len() < self.sold().count() {
            true => removed,
            false => Vec::new(),
        }
    }
}

/// A line that is sold after a change, and where it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planned<'a> {
    /// It stays as it is.
    Kept(&'a Line),
    /// It stays, in another number.
    Counted(&'a Line, u32),
    /// It is new: it stands for another one, or comes besides.
    New(&'a LineKey),
}

impl Planned<'_> {
    /// The key of the line.
    #[must_use]
    pub const fn key(&self) -> &LineKey {
        match self {
            Self::Kept(line) | Self::Counted(line, _) => &line.key,
            Self::New(key) => key,
        }
    }
}

/// What is sold after these commands, in the order of the lines; new ones stand where those stood that they replace, and
/// those that come besides at the end.
///
/// # Errors
/// There are no or too many commands, a line is not there or named twice, or a quantity is out of bounds.
pub fn plan<'a>(
    order: &'a Order,
    commands: &'a [LineCommand],
) -> Result<Vec<Planned<'a>>, Refusal> {
    let refused = Refusal::Lines {
        commands: LINE_COMMANDS_MAX,
        lines: LINES_MAX,
    };
    if commands.is_empty() || commands.len() > LINE_COMMANDS_MAX {
        return Err(refused);
    }
    let mut asked = BTreeMap::new();
    let mut keys: BTreeSet<&LineKey> = order.lines.iter().map(|line| &line.key).collect();
    for command in commands {
        let key = command.line();
        let had = command.new_line().filter(|new| !keys.insert(*new));
        if let Some(new) = had.filter(|_| !base::planted("line_added_twice")) {
            return Err(Refusal::LineTwice(new.clone()));
        }
        if command.added().is_some() {
            continue;
        }
        let line = order.line(key).filter(|line| line.is_sold());
        let line = line.ok_or_else(|| Refusal::NoLine(key.clone()))?;
        if asked.insert(key, command).is_some() {
            return Err(Refusal::LineTwice(key.clone()));
        }
        command.fits(line)?;
    }
    let planned = order.sold().filter_map(|line| match asked.get(&line.key) {
        None | Some(LineCommand::Add { .. }) => Some(Planned::Kept(line)),
        Some(LineCommand::Remove { .. }) => None,
        Some(LineCommand::Replace { with, .. }) => Some(Planned::New(with)),
        Some(LineCommand::Quantity { quantity, .. }) => Some(Planned::Counted(line, *quantity)),
    });
    let added = commands.iter().filter_map(LineCommand::added);
    let planned: Vec<_> = planned.chain(added.map(Planned::New)).collect();
    match planned.is_empty() || keys.len() > LINES_MAX {
        true => Err(refused),
        false => Ok(planned),
    }
}

impl LineCommand {
    /// The line that it is about.
    #[must_use]
    pub const fn line(&self) -> &LineKey {
        match self {
            Self::Remove { line }
            | Self::Replace { line, .. }
            | Self::Quantity { line, .. }
            | Self::Add { line } => line,
        }
    }

    /// The line that comes besides.
    #[must_use]
    pub const fn added(&self) -> Option<&LineKey> {
        match self {
            Self::Add { line } => Some(line),
            Self::Remove { .. } | Self::Replace { .. } | Self::Quantity { .. } => None,
        }
    }

    /// The line that is new, besides or for another one.
    const fn new_line(&self) -> Option<&LineKey> {
        match self {
            Self::Add { line } | Self::Replace { with: line, .. } => Some(line),
            Self::Remove { .. } | Self::Quantity { .. } => None,
        }
    }

    /// Whether it can be done with the line.
    fn fits(&self, line: &Line) -> Result<(), Refusal> {
        match self {
            Self::Remove { .. } | Self::Replace { .. } | Self::Add { .. } => Ok(()),
            Self::Quantity { quantity, .. } => {
                let is_fit = (1..=QUANTITY_MAX).contains(quantity) && *quantity != line.quantity;
                match is_fit {
                    true => Ok(()),
                    false => Err(Refusal::Quantity(line.key.clone())),
                }
            }
        }
    }

    /// Whether it only takes away.
    fn takes_away(&self, order: &Order) -> bool {
        match self {
            Self::Remove { .. } => true,
            Self::Replace { .. } | Self::Add { .. } => false,
            Self::Quantity { line, quantity } => order
                .line(line)
                .is_some_and(|line| *quantity < line.quantity),
        }
    }
}

impl Change {
    /// The change of an order by these commands, as it was priced.
    ///
    /// # Errors
    /// It cannot be, or what was priced is not what was asked for or does not add up.
    pub fn of(
        order: &Order,
        commands: &[LineCommand],
        (by, repriced): (Actor, &Repriced),
    ) -> Result<Self, Refusal> {
        let planned = plan(order, commands)?;
        if planned.len() != repriced.lines.len() {
            return Err(Refusal::Amounts("other lines were priced"));
        }
        let mut pairs = planned.iter().zip(&repriced.lines);
        if !pairs.all(|(planned, line)| planned.is(line)) {
            return Err(Refusal::Amounts("other lines were priced"));
        }
        let total_minor = money::total(&repriced.lines, &repriced.money)?;
        let difference = total_minor.checked_sub(order.total_minor);
        Ok(Self {
            commands: commands.to_vec(),
            by,
            why: None,
            lines: repriced.lines.clone(),
            money: repriced.money.clone(),
            total_minor,
            vouchers_minor: order.vouchers_after(repriced, total_minor)?,
            difference_minor: difference.ok_or(Refusal::Amounts("they are too large"))?,
        })
    }

    /// Whether the diner must agree: somebody else asks for it, and it does more than take away.
    #[must_use]
    pub fn needs_word(&self, order: &Order) -> bool {
        let takes_away = self.commands.iter().all(|one| one.takes_away(order));
        let is_asked_for = self.by == Actor::Diner || order.customer.is_none();
        let is_asked_for = is_asked_for || base::planted("change_unasked");
        !is_asked_for && (self.difference_minor > 0 || !takes_away)
    }

    /// Whether money must come first. A tab holds it already.
    #[must_use]
    pub fn needs_money(&self, order: &Order) -> bool {
        let is_paid = order.paying != Paying::OnDelivery && !base::planted("change_unpaid");
        self.difference_minor > 0 && is_paid && order.tab.is_none()
    }

    /// Puts the order's lines, amounts and tickets as they are after the change.
    pub(super) fn carry_out(&self, order: &mut Order, at: Time) {
        let mut sold: BTreeMap<&LineKey, &Line> =
            self.lines.iter().map(|line| (&line.key, line)).collect();
        let replaced: BTreeMap<&LineKey, &LineKey> = self
            .commands
            .iter()
            .filter_map(|command| match command {
                LineCommand::Replace { line, with } => Some((line, with)),
                LineCommand::Remove { .. }
                | LineCommand::Quantity { .. }
                | LineCommand::Add { .. } => None,
            })
            .collect();
        for line in order.lines.iter_mut().filter(|line| line.is_sold()) {
            match sold.remove(&line.key) {
                Some(now) => line.clone_from(now),
                None if replaced.contains_key(&line.key) => line.state = LineState::Replaced,
                None => line.state = LineState::Removed,
            }
        }
        let is_new = |line: &&Line| sold.contains_key(&line.key);
        order
            .lines
            .extend(self.lines.iter().filter(is_new).cloned());
        for ticket in &mut order.tickets {
            let kept = ticket.lines.iter().filter_map(|key| {
                let now = replaced.get(key).copied().unwrap_or(key);
                let is_sold = self.lines.iter().any(|line| line.key == *now);
                is_sold.then(|| now.clone())
            });
            ticket.lines = kept.collect();
        }
        self.hand_out(&mut order.tickets);
        if order.changes.len() >= DONE_MAX {
            order.changes.remove(0);
        }
        order.changes.push(Done {
            at,
            by: self.by,
            why: self.why,
            difference_minor: self.difference_minor,
        });
        order.money.clone_from(&self.money);
        let is_besides = || self.commands.iter().any(|one| one.added().is_some());
        if !(base::planted("added_not_charged") && is_besides()) {
            order.total_minor = self.total_minor;
        }
        order.vouchers_minor = self.vouchers_minor;
    }

    /// Puts the lines that come besides on the ticket that is least far: a kitchen that was done with it goes on. A ticket
    /// that nothing is left on is void.
    fn hand_out(&self, tickets: &mut [Ticket]) {
        let added = self.commands.iter().filter_map(LineCommand::added);
        let mut added = added.peekable();
        let least_far = tickets.iter_mut().min_by_key(|ticket| ticket.state);
        let is_told = added.peek().is_some() && !base::planted("added_not_told");
        if let Some(ticket) = least_far.filter(|_| is_told) {
            ticket.lines.extend(added.cloned());
            ticket.state = match ticket.state {
                TicketState::Waiting | TicketState::Void => TicketState::Waiting,
                TicketState::Started | TicketState::Ready => TicketState::Started,
            };
        }
        for ticket in tickets.iter_mut().filter(|one| one.lines.is_empty()) {
            ticket.state = TicketState::Void;
        }
    }
}

impl Planned<'_> {
    /// Whether a line is the one that was planned. What is kept keeps its price: only what is taken off, and the tax,
    /// may come out otherwise.
    fn is(&self, line: &Line) -> bool {
        let is_same = |was: &Line| {
            let parts = |line: &Line| -> Vec<_> {
                let choices = line.choices.iter();
                choices
                    .map(|choice| (choice.group, choice.item, choice.depth))
                    .collect()
            };
            was.item == line.item && was.unit_minor == line.unit_minor && parts(was) == parts(line)
        };
        let is_fit = match self {
            Self::Kept(was) => line.quantity == was.quantity && is_same(was),
            Self::Counted(was, quantity) => line.quantity == *quantity && is_same(was),
            Self::New(_) => (1..=QUANTITY_MAX).contains(&line.quantity),
        };
        is_fit && line.is_sold() && line.key == *self.key()
    }
}
