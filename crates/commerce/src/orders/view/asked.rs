//! What a diner sends: an order that he would like to give, in the words of the public interface.

use std::fmt;

use base::{Currency, Money, Result, Time};
use carte::{Channel, GroupId, ItemId, Service, Wanted};
use domain::orders::{LineKey, LineKeyError};
use domain::organisations::RestaurantId;
use domain::pricing::WantedLine;
use domain::venues::Position;
use rpc::providers::Token;
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

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
    /// What is ordered.
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<LineAsked>,
    /// How it is to reach the diner; it is brought when nothing is said.
    #[serde(default)]
    service_type: Option<ServiceName>,
    /// The sales channel; the platform's own when nothing is said.
    #[serde(default)]
    #[schema(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<String>,
    /// When it is to be served; as soon as can be when nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) wanted_at: Option<Time>,
    /// Where it is to be brought.
    #[serde(default)]
    pub(crate) delivery_address: Option<AddressAsked>,
    /// Where that is. Without it, and without one in the address, the order is taken for the restaurant's own place.
    #[serde(default)]
    position: Option<Place>,
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
    tip: Option<String>,
    /// How it is paid; in cash when nothing is said.
    #[serde(default)]
    payment: Option<PaymentAsked>,
    /// Of requests with the same key one places an order, and all are answered alike. The header `Idempotency-Key`
    /// says the same.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = "^[\\x21-\\x7e]+$")]
    pub(crate) idempotency_key: Option<String>,
}

/// A line of an order.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderLine)]
struct LineAsked {
    /// What the caller calls the line; the platform counts them from 1 where nothing is said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    line: Option<String>,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    menu_item_id: ItemId,
    /// How many.
    #[schema(minimum = 1, maximum = 999)]
    quantity: u32,
    /// What is chosen with each of them; groups that are not named get what the menu chooses.
    #[serde(default)]
    #[schema(max_items = 200)]
    options: Vec<OptionAsked>,
    /// What the kitchen should know of this line.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    special_instructions: Option<String>,
}

/// A choice.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderOption)]
struct OptionAsked {
    /// The group that it is chosen in.
    #[schema(value_type = String, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    group: GroupId,
    /// The item that is chosen.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// How many for each; none says that what the menu chooses in the group is not wanted.
    #[schema(minimum = 0, maximum = 999)]
    quantity: u32,
    /// What is chosen for the choice itself.
    #[serde(default)]
    #[schema(max_items = 200, no_recursion)]
    options: Vec<OptionAsked>,
}

/// How it is paid.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderPayment)]
struct PaymentAsked {
    /// Where the money comes from.
    method: Method,
    /// For `card`: what the payment provider made of the diner's means of payment. Never the number of a card.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9_.~:=+/$-]+$")]
    token: Option<String>,
    /// For `card`: where the diner comes back to from the provider's page.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    return_url: Option<String>,
}

/// Where the money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderPaymentMethod)]
pub(crate) enum Method {
    /// It is paid where it is handed over.
    #[default]
    Cash,
    /// Through a payment provider.
    Card,
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

    /// The tip in a currency.
    pub(crate) fn tip(&self, currency: Currency) -> Result<Money> {
        let tip = self.tip.as_deref().map(|text| Money::parse(text, currency));
        let tip = tip.transpose();
        let tip = tip.map_err(|error| wrong("tip", error.to_string()))?;
        Ok(tip.unwrap_or(Money::zero(currency)))
    }

    /// How it is paid.
    pub(crate) fn method(&self) -> Method {
        let payment = self.payment.as_ref();
        payment.map(|payment| payment.method).unwrap_or_default()
    }

    /// What stands for the diner's means of payment.
    pub(crate) fn token(&self) -> Result<Option<Token>> {
        let token = self
            .payment
            .as_ref()
            .and_then(|asked| asked.token.as_deref());
        token.map(Token::parse).transpose()
    }

    /// Where the diner comes back to from the provider's page.
    pub(crate) fn return_url(&self) -> Option<String> {
        self.payment.as_ref()?.return_url.clone()
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
    fn wanted(&self) -> Wanted {
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
