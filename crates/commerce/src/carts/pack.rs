//! What was ordered once, put into a cart anew.

use base::Result;
use trade::orders::{Choice, Line, Order};

use super::body::{Body, Seen};
use crate::orders::{Asked, LineAsked, OptionAsked, Personal};

impl Body {
    /// What an order holds, as it would be asked for again. Its lines remember what they cost then.
    ///
    /// # Errors
    /// What was said of the diner does not read.
    pub(super) fn again(order: &Order, said: &Personal) -> Result<Self> {
        let notes = said.notes()?;
        let sold: Vec<&Line> = order.lines.iter().filter(|line| line.is_sold()).collect();
        let seen = sold.iter().map(|line| {
            let seen = Seen {
                name: line.name.clone(),
                unit_minor: line.unit_minor,
            };
            (line.key.to_string(), seen)
        });
        let items = sold.iter().map(|line| LineAsked {
            line: Some(line.key.to_string()),
            menu_item_id: line.item,
            quantity: line.quantity,
            options: options(&line.choices, u64::from(line.quantity), 1),
            special_instructions: notes.get(line.key.as_str()).cloned(),
        });
        Ok(Body {
            seen: seen.collect(),
            asked: Asked {
                items: items.collect(),
                service_type: Some(order.service.into()),
                channel: Some(order.channel.to_string()),
                delivery_address: said.address()?,
                special_instructions: said.instructions.clone(),
                contact_name: said.contact.clone(),
                phone: said.phone.clone(),
                ..Asked::at(order.restaurant)
            },
        })
    }
}

/// The choices of one depth with what is nested in each. They stand in one list, each before what is nested in it, and
/// count all pieces; asked for are those of one.
fn options(choices: &[Choice], pieces: u64, depth: u8) -> Vec<OptionAsked> {
    let mut all = Vec::new();
    let mut rest = choices;
    while let Some((choice, after)) = rest.split_first() {
        let is_nested = |other: &Choice| other.depth > depth;
        let nested = after.iter().take_while(|other| is_nested(other)).count();
        let (nested, others) = after.split_at(nested);
        all.push(OptionAsked {
            group: choice.group,
            item: choice.item,
            quantity: u32::try_from(choice.quantity / pieces.max(1)).unwrap_or(u32::MAX),
            options: options(nested, choice.quantity, depth.saturating_add(1)),
        });
        rest = others;
    }
    all
}

#[cfg(test)]
mod tests {
    use base::{Clock, Organisation, Random};
    use carte::{GroupId, ItemId};

    use super::{Choice, options};

    #[test]
    fn choices_are_nested_again_and_counted_for_one() {
        let (clock, random) = (Clock::real(), Random::seeded(1));
        let house = Organisation::PEOPLE;
        let made = |depth: u8, quantity: u64| Choice {
            group: GroupId::make(&clock, &random, house),
            group_name: String::new(),
            item: ItemId::make(&clock, &random, house),
            name: String::new(),
            quantity,
            depth,
            minor: 0,
            tax: "food".parse().unwrap(),
            rate: 0,
        };
        // Three menus, each with a burger with two cheeses, and two drinks.
        let all = [made(1, 3), made(2, 6), made(1, 6)];
        let asked = options(&all, 3, 1);
        let counts =
            |of: &[super::OptionAsked]| of.iter().map(|one| one.quantity).collect::<Vec<_>>();
        assert_eq!(counts(&asked), [1, 2]);
        assert_eq!(counts(&asked[0].options), [2]);
        assert_eq!(asked[0].options[0].item, all[1].item);
        assert!(asked[1].options.is_empty());
    }
}
