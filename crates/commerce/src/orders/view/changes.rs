//! Changes of lines as they are asked for and shown. They are sent by kinds, because no schema can say a tagged list.

use base::{Currency, Money, Result, Time};
use carte::ItemId;
use domain::pricing::WantedLine;
use rpc::providers::Token;
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::orders::{Change, Command, Done, LineCommand, LineKey, Order, Proposal, Why, Word};
use utoipa::ToSchema;

use super::asked::OptionAsked;
use super::moves::WhyAsked;
use super::shown::LineView;
use crate::orders::change::Means;

/// A line that another is to stand for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderReplacement)]
pub(crate) struct ReplaceAsked {
    /// The line.
    #[schema(value_type = String, min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    line: LineKey,
    /// What the other one is called; counted on where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    with: Option<LineKey>,
    /// Its item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    menu_item_id: ItemId,
    /// How many of it.
    #[schema(minimum = 1, maximum = 999)]
    quantity: u32,
    /// What is chosen with each of them.
    #[serde(default)]
    #[schema(max_items = 200)]
    options: Vec<OptionAsked>,
}

/// A line that is to come besides.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderAddition)]
pub(crate) struct AddAsked {
    /// What it is called; the order has not had a line of this name. So what is sent twice is added once.
    #[schema(value_type = String, min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    line: LineKey,
    /// Its item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    menu_item_id: ItemId,
    /// How many of it.
    #[schema(minimum = 1, maximum = 999)]
    quantity: u32,
    /// What is chosen with each of them.
    #[serde(default)]
    #[schema(max_items = 200)]
    options: Vec<OptionAsked>,
}

/// A line of which there are to be more, or less.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderRecount)]
pub(crate) struct CountAsked {
    /// The line.
    #[schema(value_type = String, min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    line: LineKey,
    /// How many.
    #[schema(minimum = 1, maximum = 999)]
    quantity: u32,
}

/// How what a change costs more is paid, where it is not paid in cash.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderChangePayment)]
pub(crate) struct DifferenceAsked {
    /// What the payment provider made of the diner's means of payment. Never the number of a card.
    #[schema(min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9_.~:=+/$-]+$")]
    token: String,
    /// Where the diner comes back to from the provider's page.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    return_url: Option<String>,
}

/// What a restaurant changes of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderLinesChange)]
pub(crate) struct LinesAsked {
    /// The lines that are taken out.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    remove: Vec<LineKey>,
    /// The lines that others are to stand for.
    #[serde(default)]
    #[schema(max_items = 50)]
    replace: Vec<ReplaceAsked>,
    /// The lines of which there are to be more, or less.
    #[serde(default)]
    #[schema(max_items = 50)]
    quantity: Vec<CountAsked>,
    /// The lines that are to come besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    add: Vec<AddAsked>,
    /// Why: `sold_out`, `customer_asked`, `mistake`, …
    #[serde(default)]
    reason: Option<WhyAsked>,
    /// The version that was seen, if it matters that nothing has happened since.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: Option<i64>,
}

/// What a diner changes of his order.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderOwnChange)]
pub(crate) struct OwnLinesAsked {
    /// The lines that are taken out.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    remove: Vec<LineKey>,
    /// The lines that others are to stand for.
    #[serde(default)]
    #[schema(max_items = 50)]
    replace: Vec<ReplaceAsked>,
    /// The lines of which there are to be more, or less.
    #[serde(default)]
    #[schema(max_items = 50)]
    quantity: Vec<CountAsked>,
    /// The lines that are to come besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    add: Vec<AddAsked>,
    /// How it is paid, where it costs more.
    #[serde(default)]
    payment: Option<DifferenceAsked>,
    /// The version that was seen, if it matters that nothing has happened since.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: Option<i64>,
}

/// What a diner says of a change that waits for his word.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderConsent)]
pub(crate) struct ConsentAsked {
    /// The `number` of the change that was seen.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) proposal: i64,
    /// Whether it is to be so.
    accept: bool,
    /// How it is paid, where it costs more.
    #[serde(default)]
    payment: Option<DifferenceAsked>,
}

/// Which change is taken back by those who have proposed it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderWithdrawal)]
pub(crate) struct WithdrawAsked {
    /// Its `number`.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) proposal: i64,
}

/// A line that is to be new in an order.
pub(crate) struct NewLine {
    pub(crate) key: LineKey,
    pub(crate) wanted: WantedLine,
}

/// What is to be done with the lines of an order, by kinds.
struct Lists<'a> {
    remove: &'a [LineKey],
    replace: &'a [ReplaceAsked],
    quantity: &'a [CountAsked],
    add: &'a [AddAsked],
}

/// What is wanted of an order as it stands.
pub(crate) struct Wanted {
    pub(crate) commands: Vec<LineCommand>,
    pub(crate) new: Vec<NewLine>,
    pub(crate) why: Option<Why>,
    pub(crate) version: Option<i64>,
}

/// A change that waits.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderProposal)]
pub(crate) struct ProposalView {
    /// Its number, by which it is agreed to.
    number: i64,
    /// Who asks for it: `diner`, `restaurant` or `operator`.
    #[schema(example = "restaurant")]
    by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sold_out")]
    reason: Option<String>,
    /// What it waits for: `consent` of the diner, or `payment`.
    #[schema(example = "consent")]
    waits_for: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// The lines of the order as they would be.
    items: Vec<LineView>,
    /// What would be to be paid.
    #[schema(example = "27.49")]
    total: String,
    /// What would be to be paid besides; below zero what would be given back.
    #[schema(example = "2.00")]
    difference: String,
}

/// A change that was carried out.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderChanged)]
pub(crate) struct ChangedView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who asked for it.
    #[schema(example = "restaurant")]
    by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sold_out")]
    reason: Option<String>,
    /// What was to be paid besides; below zero what was given back.
    #[schema(example = "-5.00")]
    difference: String,
}

impl LinesAsked {
    /// What it asks of an order.
    pub(crate) fn wanted(&self, order: &Order) -> Result<Wanted> {
        let asked = Lists {
            remove: &self.remove,
            replace: &self.replace,
            quantity: &self.quantity,
            add: &self.add,
        };
        Ok(Wanted {
            why: Some(self.reason.map_or(Why::Other, Why::from)),
            version: self.version,
            ..wanted(order, asked)?
        })
    }
}

impl OwnLinesAsked {
    /// What it asks of an order.
    pub(crate) fn wanted(&self, order: &Order) -> Result<Wanted> {
        let asked = Lists {
            remove: &self.remove,
            replace: &self.replace,
            quantity: &self.quantity,
            add: &self.add,
        };
        Ok(Wanted {
            version: self.version,
            ..wanted(order, asked)?
        })
    }

    /// What the difference is paid with.
    pub(crate) fn means(&self) -> Result<Means> {
        means(self.payment.as_ref())
    }
}

impl ConsentAsked {
    /// What it says.
    pub(crate) fn command(&self) -> Command {
        Command::Consent(match self.accept {
            true => Word::Yes,
            false => Word::No,
        })
    }

    /// What the difference is paid with.
    pub(crate) fn means(&self) -> Result<Means> {
        means(self.payment.as_ref())
    }
}

fn means(asked: Option<&DifferenceAsked>) -> Result<Means> {
    let Some(asked) = asked else {
        return Ok(Means::default());
    };
    Ok(Means {
        token: Some(Token::parse(&asked.token)?),
        return_url: asked.return_url.clone(),
        credit: None,
    })
}

fn wanted(order: &Order, asked: Lists<'_>) -> Result<Wanted> {
    let removed = asked.remove.iter().cloned();
    let mut commands: Vec<_> = removed.map(|line| LineCommand::Remove { line }).collect();
    commands.extend(asked.quantity.iter().map(|count| LineCommand::Quantity {
        line: count.line.clone(),
        quantity: count.quantity,
    }));
    let mut keys: Vec<LineKey> = order.lines.iter().map(|line| line.key.clone()).collect();
    keys.extend(asked.replace.iter().filter_map(|one| one.with.clone()));
    keys.extend(asked.add.iter().map(|one| one.line.clone()));
    let mut new = Vec::with_capacity(asked.replace.len().saturating_add(asked.add.len()));
    for one in asked.replace {
        let counted = || (order.lines.len()..).map(LineKey::numbered);
        let free = || counted().find(|key| !keys.contains(key));
        let with = one.with.clone().or_else(free);
        let with = with.ok_or_else(|| wrong("replace", "the order has too many lines"))?;
        keys.push(with.clone());
        commands.push(LineCommand::Replace {
            line: one.line.clone(),
            with: with.clone(),
        });
        let sold = (one.menu_item_id, one.quantity, one.options.as_slice());
        new.push(NewLine::of(with, sold));
    }
    for one in asked.add {
        let line = one.line.clone();
        let sold = (one.menu_item_id, one.quantity, one.options.as_slice());
        new.push(NewLine::of(line.clone(), sold));
        commands.push(LineCommand::Add { line });
    }
    Ok(Wanted {
        commands,
        new,
        why: None,
        version: None,
    })
}

impl NewLine {
    fn of(key: LineKey, (item, quantity, options): (ItemId, u32, &[OptionAsked])) -> Self {
        NewLine {
            key,
            wanted: WantedLine {
                item,
                quantity,
                choices: options.iter().map(OptionAsked::wanted).collect(),
            },
        }
    }
}

impl ProposalView {
    /// A change of an order that waits.
    pub(crate) fn of(proposal: &Proposal, currency: Currency) -> Self {
        let Change {
            by,
            why,
            lines,
            total_minor,
            difference_minor,
            ..
        } = &proposal.change;
        let shown = |minor: i64| Money::new(minor, currency).amount();
        let waits_for = match proposal.agreed {
            true => "payment",
            false => "consent",
        };
        ProposalView {
            number: proposal.number,
            by: by.name().to_owned(),
            reason: why.map(|why| why.name().to_owned()),
            waits_for: waits_for.to_owned(),
            until: proposal.until,
            items: lines
                .iter()
                .map(|line| LineView::of(line, currency))
                .collect(),
            total: shown(*total_minor),
            difference: shown(*difference_minor),
        }
    }
}

impl ChangedView {
    /// A change of an order that was carried out.
    pub(crate) fn of(done: &Done, currency: Currency) -> Self {
        ChangedView {
            at: done.at,
            by: done.by.name().to_owned(),
            reason: done.why.map(|why| why.name().to_owned()),
            difference: Money::new(done.difference_minor, currency).amount(),
        }
    }
}
