//! What a diner sends: an order that he would like to give, in the words of the public interface.

use std::fmt;

use base::{Currency, Money, Result, Time};
use carte::{Channel, GroupId, ItemId, Service, Wanted};
use domain::organisations::RestaurantId;
use domain::people::{Address, AddressId, Line};
use domain::pricing::{Recipient, WantedLine};
use domain::venues::Position;
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::carts::CartId;
use trade::orders::{LineKey, LineKeyError, MoneyLine};
use utoipa::ToSchema;

use super::paying::{self, PaymentAsked, SplitAsked};
use super::tips::{self, RecipientName};

/// How it is to reach the diner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderService)]
pub(crate) enum ServiceName {
    /// It is brought.
    #[default]
    Delivery,
    /// It is fetched.
    Pickup,
    /// It is eaten there.
    DineIn,
}

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderPosition)]
pub(crate) struct Place {
    /// North of the equator.
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    /// East of Greenwich.
    #[schema(minimum = -180, maximum = 180)]
    lng: f64,
}

/// An address as one line.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(as = OrderAddressText, min_length = 1, max_length = 500, example = "123 Main St, City")]
pub(crate) struct AddressText(String);

/// An address in its parts.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderAddressParts)]
pub(crate) struct AddressParts {
    /// Street and number.
    #[schema(min_length = 1, max_length = 200)]
    street: String,
    /// The city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 120)]
    city: Option<String>,
    /// The post code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    post_code: Option<String>,
    /// Floor, door, what the courier should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    instructions: Option<String>,
    /// Where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<Place>,
}

/// Where it is to be brought.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OrderAddress)]
pub(crate) enum AddressAsked {
    /// As one line.
    Text(AddressText),
    /// In its parts.
    Parts(AddressParts),
}

/// An order that somebody gives.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrder)]
pub(crate) struct Asked {
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) restaurant_id: RestaurantId,
    /// What is ordered; nothing where a cart is.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    pub(crate) items: Vec<LineAsked>,
    /// The cart that is ordered. What is said here besides goes before what the cart says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^crt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) cart_id: Option<CartId>,
    /// The version of the cart that was read; if it has another one by now, nothing is ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) cart_version: Option<i64>,
    /// The quote that was read, from its `quoteId`: what costs more now, without tip, is not ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) quote_id: Option<String>,
    /// How it is to reach the diner; it is brought when nothing is said.
    #[serde(default)]
    pub(crate) service_type: Option<ServiceName>,
    /// The sales channel; the platform's own when nothing is said.
    #[serde(default)]
    #[schema(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub(crate) channel: Option<String>,
    /// When it is to be served; as soon as can be when nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) wanted_at: Option<Time>,
    /// Where it is to be brought.
    #[serde(default)]
    pub(crate) delivery_address: Option<AddressAsked>,
    /// Instead of `deliveryAddress`: an address of the diner's address book, as it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^adr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) delivery_address_id: Option<AddressId>,
    /// Where that is. Without it, and without one in the address, the order costs what the dearest zone costs.
    #[serde(default)]
    pub(crate) position: Option<Place>,
    /// What kitchen and courier should know.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) special_instructions: Option<String>,
    /// Whom to ask for.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    pub(crate) contact_name: Option<String>,
    /// Where to call when nobody opens.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    pub(crate) phone: Option<String>,
    /// The code of a coupon.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 32, pattern = "^[A-Za-z0-9-]{3,32}$")]
    pub(crate) coupon_code: Option<String>,
    /// What the diner gives to those who serve him.
    #[serde(default)]
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,12}(\\.[0-9]{1,4})?$",
        example = "1.50"
    )]
    pub(crate) tip: Option<String>,
    /// For whom it is; for all of them when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tip_for: Option<RecipientName>,
    /// How it is paid; in cash when nothing is said.
    #[serde(default)]
    pub(crate) payment: Option<PaymentAsked>,
    /// Instead of `payment`: by which means it is paid, each with its amount. All of it is held before the restaurant sees
    /// the order; where one is refused nothing is taken from the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub(crate) payments: Vec<PaymentAsked>,
    /// Instead of `payment` and `payments`: who pays what of a bill that several share. Each part is a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) split: Option<SplitAsked>,
    /// Whether it opens a tab, where the restaurant takes tabs: by the one card by which it is paid more is held than it costs,
    /// and the guest orders more until he is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) tab: bool,
    /// With `tab`: how much is held, where that is less than the restaurant says. What the order costs is held in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,12}(\\.[0-9]{1,4})?$",
        example = "30.00"
    )]
    pub(crate) hold: Option<String>,
    /// Of requests with the same key one places an order, and all are answered alike. The header `Idempotency-Key`
    /// says the same.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = "^[\\x21-\\x7e]+$")]
    pub(crate) idempotency_key: Option<String>,
}

/// A line of an order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderLine)]
pub(crate) struct LineAsked {
    /// What the caller calls the line; the platform counts them from 1 where nothing is said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    pub(crate) line: Option<String>,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) menu_item_id: ItemId,
    /// How many.
    #[schema(minimum = 1, maximum = 999)]
    pub(crate) quantity: u32,
    /// What is chosen with each of them; groups that are not named get what the menu chooses.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub(crate) options: Vec<OptionAsked>,
    /// What the kitchen should know of this line.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) special_instructions: Option<String>,
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderOption)]
pub(crate) struct OptionAsked {
    /// The group that it is chosen in.
    #[schema(value_type = String, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) group: GroupId,
    /// The item that is chosen.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) item: ItemId,
    /// How many for each; none says that what the menu chooses in the group is not wanted.
    #[schema(minimum = 0, maximum = 999)]
    pub(crate) quantity: u32,
    /// What is chosen for the choice itself.
    #[serde(default)]
    #[schema(max_items = 200, no_recursion)]
    pub(crate) options: Vec<OptionAsked>,
}

impl From<ServiceName> for Service {
    fn from(name: ServiceName) -> Self {
        match name {
            ServiceName::Delivery => Service::Delivery,
            ServiceName::Pickup => Service::Pickup,
            ServiceName::DineIn => Service::DineIn,
        }
    }
}

impl From<&Address> for AddressAsked {
    fn from(address: &Address) -> Self {
        let text = |line: &Option<Line>| line.as_ref().map(|line| line.as_str().to_owned());
        AddressAsked::Parts(AddressParts {
            street: address.street.as_str().to_owned(),
            city: text(&address.city),
            post_code: text(&address.post_code),
            instructions: text(&address.instructions),
            position: address.point.map(|point| Place {
                lat: point.latitude(),
                lng: point.longitude(),
            }),
        })
    }
}

impl From<Service> for ServiceName {
    fn from(service: Service) -> Self {
        match service {
            Service::Delivery => ServiceName::Delivery,
            Service::Pickup => ServiceName::Pickup,
            Service::DineIn => ServiceName::DineIn,
        }
    }
}

impl Asked {
    /// An order of nothing yet, at a restaurant.
    pub(crate) const fn at(restaurant_id: RestaurantId) -> Self {
        Asked {
            restaurant_id,
            items: Vec::new(),
            cart_id: None,
            cart_version: None,
            quote_id: None,
            service_type: None,
            channel: None,
            wanted_at: None,
            delivery_address: None,
            delivery_address_id: None,
            position: None,
            special_instructions: None,
            contact_name: None,
            phone: None,
            coupon_code: None,
            tip: None,
            tip_for: None,
            payment: None,
            payments: Vec::new(),
            split: None,
            tab: false,
            hold: None,
            idempotency_key: None,
        }
    }

    /// What a cart says, with what is said besides when it is ordered: that goes before the cart.
    pub(crate) fn and(self, said: Self) -> Self {
        // Another address is at another place.
        let is_other = said.delivery_address.is_some() || said.delivery_address_id.is_some();
        let (address, place) = match is_other {
            true => (said.delivery_address, said.position),
            false => (self.delivery_address, said.position.or(self.position)),
        };
        // Another tip is for others.
        let (tip, tip_for) = match said.tip.is_some() {
            true => (said.tip, said.tip_for),
            false => (self.tip, said.tip_for.or(self.tip_for)),
        };
        Asked {
            items: self.items,
            service_type: said.service_type.or(self.service_type),
            channel: said.channel.or(self.channel),
            wanted_at: said.wanted_at.or(self.wanted_at),
            delivery_address: address,
            position: place,
            special_instructions: said.special_instructions.or(self.special_instructions),
            contact_name: said.contact_name.or(self.contact_name),
            phone: said.phone.or(self.phone),
            coupon_code: said.coupon_code.or(self.coupon_code),
            tip,
            tip_for,
            ..said
        }
    }

    /// How it is to reach the diner.
    pub(crate) fn service(&self) -> Service {
        self.service_type.unwrap_or_default().into()
    }

    /// Where it is sold.
    pub(crate) fn channel(&self) -> Result<Channel> {
        let channel = self.channel.as_deref().map(str::parse::<Channel>);
        let channel = channel.transpose();
        let channel = channel.map_err(|error| wrong("channel", error.to_string()))?;
        Ok(channel.unwrap_or_default())
    }

    /// Where it is to be brought, if that was said.
    pub(crate) fn position(&self) -> Result<Option<Position>> {
        let in_address = match &self.delivery_address {
            Some(AddressAsked::Parts(parts)) => parts.position,
            Some(AddressAsked::Text(_)) | None => None,
        };
        let place = self.position.or(in_address);
        let place = place.map(|place| Position::of_degrees(place.lat, place.lng));
        let place = place.transpose();
        place.map_err(|error| wrong("position", error.to_string()))
    }

    /// Whether it is to be brought to a place that nobody has said.
    pub(crate) fn is_unplaced(&self) -> bool {
        self.service() == Service::Delivery && matches!(self.position(), Ok(None))
    }

    /// The tip in a currency.
    pub(crate) fn tip(&self, currency: Currency) -> Result<Money> {
        let tip = self.tip.as_deref().map(|text| Money::parse(text, currency));
        let tip = tip.transpose();
        let tip = tip.map_err(|error| wrong("tip", error.to_string()))?;
        Ok(tip.unwrap_or(Money::zero(currency)))
    }

    /// For whom the tip is.
    pub(crate) fn tip_for(&self) -> Option<Recipient> {
        self.tip_for.map(Recipient::from)
    }

    /// What it costs, where the tip in it is for somebody.
    pub(crate) fn tipped(&self, money: Vec<MoneyLine>) -> Vec<MoneyLine> {
        tips::told_for(money, self.tip_for())
    }

    /// How much is to be held of a tab, where that is said.
    pub(crate) fn hold(&self, currency: Currency) -> Result<Option<Money>> {
        let hold = self.hold.as_deref();
        let hold = hold.map(|text| Money::parse(text, currency)).transpose();
        let hold = hold.map_err(|error| wrong("hold", error.to_string()))?;
        match hold.is_some() && !self.tab {
            true => Err(wrong("hold", "it is said of a tab")),
            false => Ok(hold),
        }
    }

    /// The means by which it is paid, where one pays it.
    pub(crate) fn payments(&self) -> Result<&[PaymentAsked]> {
        if self.split.is_some() && (self.payment.is_some() || !self.payments.is_empty()) {
            return Err(wrong("split", "it is said instead of payment and payments"));
        }
        paying::means(self.payment.as_ref(), &self.payments)
    }

    /// Whether some of it is paid in cash; nothing where that depends on what the others leave of it.
    pub(crate) fn in_cash(&self) -> Result<Option<bool>> {
        Ok(paying::in_cash(self.payments()?, self.split.as_ref()))
    }

    /// What is wanted, as prices are asked for.
    pub(crate) fn wanted(&self) -> Vec<WantedLine> {
        let lines = self.items.iter().map(|line| WantedLine {
            item: line.menu_item_id,
            quantity: line.quantity,
            choices: line.options.iter().map(OptionAsked::wanted).collect(),
        });
        lines.collect()
    }

    /// What the lines are called, in their order; no two alike.
    pub(crate) fn keys(&self) -> Result<Vec<LineKey>> {
        let mut keys: Vec<LineKey> = Vec::with_capacity(self.items.len());
        for (place, line) in self.items.iter().enumerate() {
            let said = line.line.as_deref().map(str::parse).transpose();
            let said = said.map_err(|error: LineKeyError| wrong("items", error.to_string()))?;
            let key = said.unwrap_or_else(|| LineKey::numbered(place));
            if keys.contains(&key) {
                return Err(wrong("items", format!("two lines are called {key}")));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// What is said of single lines, by the keys of the lines, as the text that is sealed.
    pub(crate) fn notes(&self, keys: &[LineKey]) -> Option<String> {
        let said = self.items.iter().zip(keys).filter_map(|(line, key)| {
            let said = line.special_instructions.clone()?;
            Some((key.as_str().to_owned(), said.into()))
        });
        let said: serde_json::Map<String, serde_json::Value> = said.collect();
        (!said.is_empty()).then(|| serde_json::Value::Object(said).to_string())
    }
}

impl OptionAsked {
    /// The reader of JSON bounds how deep this goes.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            group: self.group,
            item: self.item,
            quantity: self.quantity,
            choices: self.options.iter().map(OptionAsked::wanted).collect(),
        }
    }
}

/// What a diner sends is personal: it is never printed by accident.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl fmt::Debug for AddressAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressAsked")
    }
}
