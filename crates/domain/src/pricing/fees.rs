//! What the venue adds to a quote: fees, and why it does not serve now or there.

use base::Money;

use super::money::Kind;
use super::quote::Facts;
use super::reasons::{Note, Reason, Refused};
use super::spread::half_up;
use super::tax::WHOLE;
use crate::venues::{self, Halt, Why, Zone};
use carte::Service;

/// Why the restaurant does not serve then, if so. That it is busy is noted.
pub(super) fn standing(facts: &Facts<'_>, notes: &mut Vec<Note>) -> Vec<Refused> {
    let way = (facts.service, facts.channel);
    let reason = match venues::open_on(facts.venue, facts.zone, way, facts.at).why {
        Why::Hours => return Vec::new(),
        Why::Busy { minutes, .. } => {
            let minutes = u32::from(minutes);
            notes.push(Note::Busy { minutes });
            return Vec::new();
        }
        Why::Paused { .. } => Reason::Paused {
            because: because(facts),
        },
        Why::Closed => Reason::Closed,
        Why::Never => Reason::NotOffered(facts.service),
    };
    vec![of_order(reason)]
}

/// What the restaurant says about its pause.
fn because(facts: &Facts<'_>) -> Option<String> {
    let mut held = facts.venue.standing.at(facts.at);
    let pause = held.find(|held| {
        held.halt == Halt::Paused && held.about.means(facts.service, Some(facts.channel))
    });
    let note = pause.and_then(|held| held.note.as_ref());
    note.map(|note| note.as_str().to_owned())
}

/// The fees of an order of which the items cost so much; also, why it is not delivered. `None` when they do not fit.
pub(super) fn fees(
    facts: &Facts<'_>,
    items: i64,
    refusals: &mut Vec<Refused>,
) -> Option<Vec<(Kind, i64)>> {
    let mut fees = Vec::new();
    if facts.service == Service::Delivery {
        match zone(facts) {
            Ok(zone) => {
                let is_free = zone.free_from_minor.is_some_and(|from| items >= from);
                let fee = if is_free { 0 } else { zone.fee_minor };
                fees.push((Kind::DeliveryFee, fee));
                if items < zone.minimum_minor {
                    refusals.push(of_order(Reason::BelowMinimum {
                        minimum: Money::new(zone.minimum_minor, facts.menu.currency),
                        missing: Money::new(
                            zone.minimum_minor.checked_sub(items)?,
                            facts.menu.currency,
                        ),
                    }));
                }
            }
            Err(reason) => refusals.push(of_order(reason)),
        }
    }
    let of_service = facts.venue.fees.of(facts.service);
    if items < of_service.small_below_minor {
        fees.push((Kind::SmallOrderFee, of_service.small_minor));
    }
    let share = i128::from(items.max(0)).checked_mul(of_service.service_millionths.into())?;
    let service = i64::try_from(half_up(share, WHOLE.into())?).ok()?;
    let most = of_service.service_max_minor.unwrap_or(i64::MAX);
    fees.push((Kind::ServiceFee, service.min(most)));
    fees.push((Kind::PackagingFee, of_service.packaging_minor));
    if facts.in_cash {
        fees.push((Kind::PaymentFee, of_service.cash_minor));
    }
    fees.retain(|(_, minor)| *minor > 0);
    Some(fees)
}

fn zone<'a>(facts: &Facts<'a>) -> Result<&'a Zone, Reason> {
    let place = facts.position.ok_or(Reason::PositionMissing)?;
    let zone = venues::zone_at(facts.venue, place, (facts.zone, facts.at));
    zone.ok_or(Reason::OutsideZones)
}

const fn of_order(reason: Reason) -> Refused {
    Refused { line: None, reason }
}
