//! A brand's menu as one of its restaurants sells it: choice and price only.

use super::{Location, Menu, PartId};

impl Location {
    /// Whether the restaurant sells the menu as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hidden.is_empty() && self.prices.is_empty() && self.choice_prices.is_empty()
    }
}

impl Menu {
    /// The menu at a location. What the location says of parts that are not there any more means nothing.
    #[must_use]
    pub fn at(&self, location: &Location) -> Menu {
        let mut menu = self.clone();
        if location.is_empty() {
            return menu;
        }
        let hidden = &location.hidden;
        let is_left = |id: PartId| !hidden.contains(&id);
        menu.categories
            .retain(|one| is_left(PartId::Category(one.id)));
        for category in &mut menu.categories {
            category.items.retain(|id| is_left(PartId::Item(*id)));
        }
        menu.items.retain(|one| is_left(PartId::Item(one.id)));
        for item in &mut menu.items {
            item.groups.retain(|id| is_left(PartId::Group(*id)));
            if let Some(prices) = location.prices.get(&item.id) {
                item.price = prices.clone();
            }
        }
        menu.groups.retain(|one| is_left(PartId::Group(one.id)));
        for group in &mut menu.groups {
            group.choices.retain(|one| is_left(PartId::Item(one.item)));
            let Some(own) = location.choice_prices.get(&group.id) else {
                continue;
            };
            for choice in &mut group.choices {
                if let Some(prices) = own.get(&choice.item) {
                    choice.prices = Some(prices.clone());
                }
            }
        }
        menu
    }
}
