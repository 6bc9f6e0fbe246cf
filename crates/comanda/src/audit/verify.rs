//! `comanda audit verify`.

use base::{Clock, Result, Trail as _};
use platform::audit::{self, Basis};
use store::Db;

use crate::config::Settings;
use crate::ended::Ended;
use crate::progress::Progress;
use crate::secrets::Secrets;

pub(super) async fn run(settings: &Settings, db: &Db, from: i64, clock: &Clock) -> Result<Ended> {
    let secrets = Secrets::read(&settings.storage.data);
    let secrets = secrets.context("reading the secret that signs the audit log")?;
    let known = audit::public_keys(&secrets.audit)?;
    let basis = Basis {
        known: &known,
        from,
    };
    let progress = Progress::shown(clock);
    let mut step = progress.counted("audit log", 0);
    let count = |entries: i64| u64::try_from(entries).unwrap_or_default();
    let mut tell = |done, total| {
        step.of(count(total));
        step.at(count(done));
    };
    let verified = audit::verify(db, basis, &mut tell).await;
    let verified = verified.context("verifying the audit log")?;
    drop(step);
    println!(
        "{} entries are as they were written, up to entry {}",
        verified.entries, verified.tail.seq
    );
    println!("  its hash is {}", verified.tail.hash);
    match verified.finding {
        None => {
            if verified.unsigned > 0 {
                println!("  the last {} are not signed yet", verified.unsigned);
            }
            println!("nothing was changed, removed or cut off");
            Ok(Ended::Well)
        }
        Some((0, what)) => {
            println!("the keys: {what}");
            Ok(Ended::FoundDamage)
        }
        Some((seq, what)) => {
            println!("entry {seq}: {what}");
            Ok(Ended::FoundDamage)
        }
    }
}
