//! How an order begins.

use std::collections::BTreeSet;

use super::command::{Facts, Placing};
use super::event::Said;
use super::money;
use super::policy::later;
use super::refusal::Refusal;
use super::types::{LINES_MAX, Line, LineKey, Order, Paying, Status, TICKETS_MAX, TicketState};
use base::Time;

/// Places an order: what nobody has to be asked for, or wait for, happens at once.
pub(super) fn place(placing: &Placing, facts: &Facts<'_>) -> Result<Vec<Said>, Refusal> {
    lines(&placing.lines)?;
    tickets(placing)?;
    let total_minor = money::total(&placing.lines, &placing.money)?;
    let sold = (placing.lines.as_slice(), placing.money.as_slice());
    let vouchers = (placing.vouchers_minor, placing.currency);
    placing.rules.takes_vouchers(vouchers, sold)?;
    let tab = placing.opens(total_minor)?;
    let paying = match placing.paying {
        Paying::Waiting if total_minor == 0 && tab.is_none() => Paying::Secured,
        Paying::Failed => return Err(Refusal::Unpaid),
        Paying::Waiting | Paying::Secured | Paying::OnDelivery => placing.paying,
    };
    let mut order = created(placing, (total_minor, paying), facts.now);
    order.tab = tab;
    let wake_at = order.wake_at().filter(|at| facts.now < *at);
    order.status = match wake_at {
        Some(_) => Status::Scheduled,
        None => Status::Pending,
    };
    order.accept_by = match paying.is_safe() {
        false => later(facts.now, order.rules.pay_seconds),
        true => later(wake_at.unwrap_or(facts.now), order.rules.accept_seconds),
    };
    let is_accepted =
        order.status == Status::Pending && paying.is_safe() && order.rules.auto_accept;
    let promised_at = order.promised_at;
    let mut said = vec![Said::Created(Box::new(order))];
    if is_accepted {
        said.push(accepted(promised_at));
    }
    Ok(said)
}

/// That the restaurant's rule has accepted an order for it.
pub(super) const fn accepted(promised_at: Option<Time>) -> Said {
    Said::Confirmed {
        promised_at,
        auto: true,
    }
}

fn created(placing: &Placing, (total_minor, paying): (i64, Paying), now: Time) -> Order {
    Order {
        id: placing.id,
        restaurant: placing.restaurant,
        customer: placing.customer,
        service: placing.service,
        channel: placing.channel.clone(),
        number: placing.number,
        placed_at: now,
        wanted_at: placing.wanted_at,
        accept_by: now,
        promised_at: placing.promised_at,
        status: Status::Pending,
        moved_at: now,
        version: 1,
        revision: placing.revision,
        currency: placing.currency,
        lines: placing.lines.clone(),
        money: placing.money.clone(),
        total_minor,
        vouchers_minor: placing.vouchers_minor,
        tab: None,
        tickets: placing.tickets.clone(),
        paying,
        reason: None,
        proposal: None,
        paid_proposal: 0,
        changes: Vec::new(),
        tips: Vec::new(),
        rules: placing.rules,
        offers: placing.offers.clone(),
    }
}

fn lines(lines: &[Line]) -> Result<(), Refusal> {
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Err(Refusal::Lines {
            commands: super::LINE_COMMANDS_MAX,
            lines: LINES_MAX,
        });
    }
    let mut keys = BTreeSet::new();
    for line in lines {
        if line.quantity == 0 || !line.is_sold() {
            return Err(Refusal::Quantity(line.key.clone()));
        }
        if !keys.insert(&line.key) {
            return Err(Refusal::LineTwice(line.key.clone()));
        }
    }
    Ok(())
}

/// Tickets are new, and each line is on at most one.
fn tickets(placing: &Placing) -> Result<(), Refusal> {
    let mut ids = BTreeSet::new();
    let is_new = placing.tickets.iter().all(|ticket| {
        ids.insert(ticket.id) && ticket.state == TicketState::Waiting && !ticket.lines.is_empty()
    });
    if !is_new || placing.tickets.len() > TICKETS_MAX {
        return Err(Refusal::NoTicket);
    }
    let mut left: BTreeSet<&LineKey> = placing.lines.iter().map(|line| &line.key).collect();
    for key in placing.tickets.iter().flat_map(|ticket| &ticket.lines) {
        if !left.remove(key) {
            return Err(Refusal::LineTwice(key.clone()));
        }
    }
    Ok(())
}
