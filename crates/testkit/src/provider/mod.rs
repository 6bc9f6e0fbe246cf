//! A fake payment provider with a book of its own: the oracle of what really happened to money.
//!
//! It can lose a call before its effect or the answer after it, answer 500, answer too late or never, do a call twice, and
//! do it long after it was given up. It refuses what is wrong. Clones are the same provider.

mod ledger;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Error, Random, Result, Uid, codes};
use futures_util::future::BoxFuture;
use rpc::Provider;
use rpc::providers::{
    Act, Answer, Asked, Change, Charge, Headers, LookUp, Notice, Return, Vouchers,
};

pub(crate) use ledger::Ledger;
use ledger::Settled;
pub use ledger::{Entry, Held};

/// How many calls of a hundred go wrong in which way.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Faults {
    /// The call never arrives.
    pub lost_before: u64,
    /// It is done, and the answer is lost.
    pub lost_after: u64,
    /// It is done, and the answer comes after everybody has stopped waiting.
    pub late: u64,
    /// The answer is 500; half of these calls are done.
    pub broken: u64,
    /// It arrives twice.
    pub twice: u64,
    /// It arrives long after it was given up, even after somebody was told that it never came.
    pub delayed: u64,
}

impl Faults {
    /// So many answers of a hundred are lost, in all ways alike.
    #[must_use]
    pub fn lost(percent: u64) -> Self {
        let fifth = percent / 5;
        Faults {
            lost_before: percent - 4 * fifth,
            lost_after: fifth,
            late: fifth,
            broken: fifth,
            twice: 5,
            delayed: fifth,
        }
    }
}

/// How often something arrived, was refused, was asked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Calls that were sent, look-ups among them.
    pub calls: u64,
    /// Look-ups.
    pub look_ups: u64,
    /// Asks that bore the key of another.
    pub other_bodies: u64,
}

/// The fake.
#[derive(Clone)]
pub struct Fake(Arc<Inner>);

struct Inner {
    name: String,
    random: Random,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ledger: Ledger,
    faults: Faults,
    is_down: bool,
    is_late_with: Option<Act>,
    delayed: VecDeque<Asked>,
    told: Vec<Notice>,
    counts: Counts,
}

/// In which way an answer goes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// At once, and whole.
    Whole,
    /// Nobody is there.
    Down,
    /// The connection breaks.
    Lost,
    /// After everybody has stopped waiting.
    Late,
    /// As 500.
    Broken,
}

/// What happens to one call.
enum Fate {
    Well,
    LostBefore,
    LostAfter,
    Late,
    Broken(bool),
    Twice,
    Delayed,
}

impl Fake {
    /// A provider of this name without faults.
    #[must_use]
    pub fn new(name: &str, random: &Random) -> Self {
        Fake(Arc::new(Inner {
            name: name.to_owned(),
            random: random.clone(),
            state: Mutex::default(),
        }))
    }

    /// From now on so many calls go wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// From now on nothing arrives.
    pub fn go_down(&self) {
        self.lock().is_down = true;
    }

    /// Things arrive again.
    pub fn come_up(&self) {
        self.lock().is_down = false;
    }

    /// From now on acts of this kind are answered as pending; what became of them is told by a notice.
    pub fn tell_later(&self, act: Act) {
        self.lock().is_late_with = Some(act);
    }

    /// Does now what was on its way all the time.
    pub fn deliver_delayed(&self) {
        let mut state = self.lock();
        while let Some(asked) = state.delayed.pop_front() {
            state.settle(&asked);
        }
    }

    /// What was asked and what became of it, by attempt.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<Uid, Entry> {
        self.lock().ledger.entries()
    }

    /// How much is held, taken and given back, by reference of the authorisation.
    #[must_use]
    pub fn held(&self) -> HashMap<String, Held> {
        self.lock().ledger.held().clone()
    }

    /// How often what happened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        Counts {
            other_bodies: state.ledger.other_bodies,
            ..state.counts
        }
    }

    /// What the provider has to tell of everything that it did since it was asked last, in the order of the acts.
    #[must_use]
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.lock().told)
    }

    /// A body and its head, as this provider would send these facts by itself.
    #[must_use]
    pub fn write(&self, notices: &[Notice]) -> (Vec<(String, String)>, Vec<u8>) {
        let lines = notices.iter().map(|notice| {
            let (word, code) = match &notice.answer {
                Answer::Done { .. } => ("done", ""),
                Answer::Refused { code, .. } => ("refused", code.as_str()),
                _ => ("changed", ""),
            };
            let reference = notice.reference.as_deref().unwrap_or_default();
            let merchant = notice.merchant_reference.as_deref().unwrap_or_default();
            let minor = match &notice.answer {
                Answer::Done { amount, .. } => format!("{} {}", amount.minor(), amount.currency()),
                _ => String::new(),
            };
            let act = notice.act.name();
            format!(
                "{},{act},{reference},{merchant},{word},{code},{minor}\n",
                notice.id
            )
        });
        let body: String = lines.collect();
        let head = ("x-fake-signature".to_owned(), signature(body.as_bytes()));
        (vec![head], body.into_bytes())
    }

    /// The lines of a settlement file: what was taken and given back.
    #[must_use]
    pub fn settlement(&self) -> String {
        let mut lines = String::from("reference,kind,amount\n");
        for entry in self.entries().values() {
            let kind = match entry.act {
                Act::Capture => "capture",
                Act::Refund => "refund",
                Act::Authorise | Act::Cancel => continue,
            };
            if entry.done.is_ok() {
                let (reference, amount) = (&entry.reference, entry.amount.amount());
                lines.push_str(&format!("{reference},{kind},{amount}\n"));
            }
        }
        lines
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, faults: &Faults) -> Fate {
        let mut left = self.0.random.below(100);
        let mut falls = |share: u64| {
            let it_does = left < share;
            left = left.saturating_sub(share);
            it_does
        };
        if falls(faults.lost_before) {
            Fate::LostBefore
        } else if falls(faults.lost_after) {
            Fate::LostAfter
        } else if falls(faults.late) {
            Fate::Late
        } else if falls(faults.broken) {
            Fate::Broken(self.0.random.below(2) == 0)
        } else if falls(faults.delayed) {
            Fate::Delayed
        } else if falls(faults.twice) {
            Fate::Twice
        } else {
            Fate::Well
        }
    }

    /// One call of something that has an effect.
    async fn call(&self, asked: Asked) -> Answer {
        let (answer, way) = self.arrive(&asked);
        match way {
            Way::Whole => answer,
            Way::Down => Answer::Unsent {
                words: "the connection was refused".to_owned(),
            },
            Way::Lost => unknown("the connection was lost"),
            Way::Broken => unknown("500"),
            Way::Late => {
                // Long after any deadline; whoever waits for it anyway gets a torn answer.
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                unknown("too late")
            }
        }
    }

    /// An ask arrives, or does not: what was done, and in which way that is answered.
    pub(crate) fn arrive(&self, asked: &Asked) -> (Answer, Way) {
        let mut state = self.lock();
        state.counts.calls += 1;
        if state.is_down {
            return (Answer::Absent, Way::Down);
        }
        // What is on its way arrives some time, and not in the order in which it was sent.
        if !state.delayed.is_empty()
            && self.0.random.below(4) == 0
            && let Some(earlier) = state.delayed.pop_front()
        {
            state.settle(&earlier);
        }
        let faults = state.faults;
        match self.fate(&faults) {
            Fate::Well => (state.settle(asked), Way::Whole),
            Fate::Twice => {
                state.settle(asked);
                (state.settle(asked), Way::Whole)
            }
            Fate::LostBefore => (Answer::Absent, Way::Lost),
            Fate::LostAfter => (state.settle(asked), Way::Lost),
            Fate::Late => (state.settle(asked), Way::Late),
            Fate::Broken(true) => (state.settle(asked), Way::Broken),
            Fate::Broken(false) => (Answer::Absent, Way::Broken),
            Fate::Delayed => {
                state.delayed.push_back(asked.clone());
                (Answer::Absent, Way::Lost)
            }
        }
    }

    fn look(&self, look_up: &LookUp) -> Answer {
        let attempt = look_up.asked.attempt();
        match self.read(|ledger| ledger.find(attempt)) {
            (found, Way::Whole) => found.unwrap_or(Answer::Absent),
            (_, Way::Down) => unknown("the connection was refused"),
            _ => unknown("the connection was lost"),
        }
    }

    /// Something is only looked up: what stands in the book, and in which way that is answered.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Ledger) -> T) -> (T, Way) {
        let mut state = self.lock();
        state.counts.calls += 1;
        state.counts.look_ups += 1;
        let found = look(&state.ledger);
        if state.is_down {
            return (found, Way::Down);
        }
        let faults = state.faults;
        match self.fate(&faults) {
            Fate::Well | Fate::Twice => (found, Way::Whole),
            _ => (found, Way::Lost),
        }
    }

    /// What stands in the book, without being asked from outside.
    pub(crate) fn book<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.lock().ledger)
    }

    /// Whether nothing arrives now.
    pub(crate) fn is_down(&self) -> bool {
        self.lock().is_down
    }
}

impl State {
    /// Has the effect, and notes what is to be told of it.
    fn settle(&mut self, asked: &Asked) -> Answer {
        let (answer, settled) = self.ledger.settle(asked);
        if settled == Settled::Now {
            let entries = self.ledger.entries_len();
            let reference = match &answer {
                Answer::Done { reference, .. } => Some(reference.clone()),
                _ => None,
            };
            self.told.push(Notice {
                id: format!("fact-{entries}"),
                act: asked.act(),
                reference,
                merchant_reference: Some(ledger::merchant_reference(asked).to_owned()),
                answer: answer.clone(),
            });
        }
        match (&answer, self.is_late_with) {
            (Answer::Done { reference, .. }, Some(act)) if act == asked.act() => Answer::Pending {
                reference: reference.clone(),
            },
            _ => answer,
        }
    }
}

impl Provider for Fake {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(20)
    }

    fn vouchers(&self) -> Option<Vouchers> {
        Some(Vouchers::Whole)
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(self.call(Asked::Authorise(charge.clone())))
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        Box::pin(self.call(Asked::GoOn(back.clone())))
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(self.call(Asked::Capture(change.clone())))
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(self.call(Asked::Cancel(change.clone())))
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(self.call(Asked::Refund(change.clone())))
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.look(look_up) })
    }

    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>> {
        Box::pin(async move {
            let signed = headers.iter().find(|(name, _)| name == "x-fake-signature");
            if signed.is_none_or(|(_, value)| *value != signature(body)) {
                return Err(Error::forbidden(
                    codes::NOTICE_REFUSED,
                    "not signed by the fake",
                ));
            }
            let body = String::from_utf8_lossy(body);
            body.lines().map(read_line).collect()
        })
    }

    fn accepted(&self) -> &'static str {
        "[fake]"
    }
}

fn read_line(line: &str) -> Result<Notice> {
    let wrong = || Error::invalid(codes::BODY_MALFORMED, "no line of a notice");
    let fields: Vec<&str> = line.split(',').collect();
    let [id, act, reference, merchant, word, code, amount] = fields.as_slice() else {
        return Err(wrong());
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let answer = match *word {
        "done" => {
            let (minor, currency) = amount.split_once(' ').ok_or_else(wrong)?;
            let minor = minor.parse().map_err(|_| wrong())?;
            Answer::Done {
                reference: (*reference).to_owned(),
                amount: base::Money::new(minor, currency.parse()?),
            }
        }
        "refused" => Answer::Refused {
            code: (*code).to_owned(),
            words: "told by a notice".to_owned(),
        },
        _ => unknown("something changed"),
    };
    Ok(Notice {
        id: (*id).to_owned(),
        act: Act::named(act).ok_or_else(wrong)?,
        reference: some(reference),
        merchant_reference: some(merchant),
        answer,
    })
}

/// No signature that anybody should use: it only has to tell bodies apart.
fn signature(body: &[u8]) -> String {
    let sum = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{sum:016x}")
}

fn unknown(words: &str) -> Answer {
    Answer::Unknown {
        words: words.to_owned(),
    }
}
