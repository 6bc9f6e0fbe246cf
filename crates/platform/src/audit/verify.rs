//! Verifying the chain as it is stored: every hash and link, every signature, and that nothing was cut off.

use base::{Error, Result};
use domain::audit::{Head, Link, Public, Tail, Walk, trusted};
use store::{Call, Db, Failure, Outcome, Row, Scope};

use super::signing::{introduced, newest};
use super::store::{READ_HASH, READ_HEADS, READ_LINKS, READ_TAIL, head, link, tail};

/// Links that are read at once.
const PAGE: i64 = 1_000;

/// What was verified, and the first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries that were read and are as they were written.
    pub entries: i64,
    /// How far the chain was followed.
    pub tail: Tail,
    /// Entries at the end that no head was signed over yet.
    pub unsigned: i64,
    /// The number of the first entry that is not as it was written, and what is wrong with it.
    pub finding: Option<(i64, String)>,
}

/// Where the chain is read from, and what is believed of it beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'b> {
    /// The public keys that the secrets of this machine make.
    pub known: &'b [(u32, Public)],
    /// The number of the first entry that is read; what is before it is believed.
    pub from: i64,
}

/// A page of one snapshot.
struct Read {
    links: Vec<Link>,
    heads: Vec<Head>,
    /// The first row that says what no entry can.
    garbled: Option<(i64, String)>,
    last: bool,
}

/// Verifies the chain, and tells how far it has come of how much.
///
/// # Errors
/// A database is away. What is wrong with the chain is no error: it is found.
pub async fn verify(
    db: &Db,
    basis: Basis<'_>,
    progress: &mut (dyn FnMut(i64, i64) + Send),
) -> Result<Verified> {
    let mut verified = Verified {
        entries: 0,
        tail: Tail::START,
        unsigned: 0,
        finding: None,
    };
    let keys = match trusted(basis.known, &introduced(db).await?) {
        Ok(keys) => keys,
        Err(untrusted) => {
            verified.finding = Some((0, untrusted.to_string()));
            return Ok(verified);
        }
    };
    // Read before the chain: what is signed meanwhile is longer, never shorter.
    let newest = newest(db).await?;
    let total = one(db, Call::new(&READ_TAIL, [])).await?;
    let total = total.map_or(0, |tail| tail.seq);
    let start = match start(db, basis.from).await? {
        Ok(start) => start,
        Err(seq) => {
            verified.finding = Some((seq, "it is not there".to_owned()));
            return Ok(verified);
        }
    };
    let newest = newest.filter(|newest| newest.tail.seq > start.seq);
    let mut walk = Walk::from((db.region(), &keys), start, newest.as_ref());
    let found = loop {
        let page = read(db, walk.tail().seq).await?;
        let gone = walk.page(&page.links, &page.heads);
        (progress)(walk.tail().seq, total.max(walk.tail().seq));
        if let Err(finding) = gone {
            break Some((finding.seq, finding.fault.to_string()));
        }
        if page.garbled.is_some() {
            break page.garbled;
        }
        if page.last {
            (verified.tail, verified.unsigned) =
                (walk.tail(), walk.tail().seq.saturating_sub(walk.signed()));
            let reached = walk.tail().seq;
            let beyond = page.heads.iter();
            let beyond: Vec<Head> = beyond
                .filter(|head| head.tail.seq > reached)
                .cloned()
                .collect();
            let ended = walk.clone().end(&beyond);
            break ended
                .err()
                .map(|finding| (finding.seq, finding.fault.to_string()));
        }
    };
    verified.tail = walk.tail();
    verified.entries = walk.tail().seq.saturating_sub(start.seq);
    verified.finding = found;
    Ok(verified)
}

/// The link before the first one that is read, or its number if it is not there.
async fn start(db: &Db, from: i64) -> Result<std::result::Result<Tail, i64>> {
    let before = from.saturating_sub(1);
    if before < 1 {
        return Ok(Ok(Tail::START));
    }
    let found = one(db, Call::new(&READ_HASH, [before.into()])).await?;
    Ok(found.ok_or(before))
}

async fn one(db: &Db, call: Call) -> Result<Option<Tail>> {
    let deadline = db.deadline();
    let rows = db
        .audit()
        .read(Scope::Nobody, vec![call], &deadline)
        .await?;
    Ok(rows.iter().flatten().next().map(tail).transpose()?)
}

/// The next links and the heads over them, of one snapshot.
async fn read(db: &Db, after: i64) -> Result<Read> {
    let calls = [&READ_LINKS, &READ_HEADS];
    let calls = calls.map(|sql| Call::new(sql, [after.into(), PAGE.into()]));
    let deadline = db.deadline();
    let rows = db
        .audit()
        .read(Scope::Nobody, calls.to_vec(), &deadline)
        .await?;
    let mut rows = rows.into_iter();
    let (links, heads) = (
        rows.next().unwrap_or_default(),
        rows.next().unwrap_or_default(),
    );
    let mut read = Read {
        last: (links.len() as i64) < PAGE,
        links: Vec::with_capacity(links.len()),
        heads: heads.iter().map(head).collect::<Outcome<_>>()?,
        garbled: None,
    };
    for row in &links {
        match link(row) {
            Ok(link) => read.links.push(link),
            Err(failure) => {
                read.garbled = Some(garbled(row, failure)?);
                break;
            }
        }
    }
    Ok(read)
}

/// A row that cannot be read was changed; any other failure is one.
fn garbled(row: &Row, failure: Failure) -> Result<(i64, String)> {
    match failure {
        Failure::Damaged(what) | Failure::Broken(what) => Ok((row.get(0)?, what)),
        failure => Err(Error::from(failure)),
    }
}
