//! Reading all databases of a region, with progress.

use std::sync::LazyLock;

use base::{Clock, Random, Result, Trail};
use store::verify::{Folds, Verified};
use store::{Db, Fold, Place};

use crate::backup::line;
use crate::progress::{Progress, Step};

/// What the parts of the platform say of their tables.
static FOLDS: LazyLock<Folds> = LazyLock::new(|| {
    static SHARDS: LazyLock<Vec<&'static Fold>> =
        LazyLock::new(|| [platform::FOLDS, catalogue::FOLDS, commerce::FOLDS].concat());
    Folds {
        shards: &SHARDS,
        people: &[],
        control: &[],
    }
});

/// Reads all databases of these places. A database that cannot be reached is an error, not a finding.
pub(crate) fn look(places: &store::Settings, progress: &Progress) -> Result<Verified> {
    let mut places = places.clone();
    // Data are restored without keys where that is wanted; then there is nothing to be read of them.
    let without_keys = matches!(&places.keys, Place::File(path) if !path.exists());
    if without_keys {
        places.keys = Place::Inline;
    }
    all_there(&places)?;
    let runtime = crate::serve::runtime()?;
    runtime.block_on(async {
        let db = Db::open(&places, &Clock::real(), &Random::real());
        let db = db.context("opening the databases")?;
        if let Place::Inline = places.keys {
            let parts = [&store::DATABASE, &store::KEYS];
            db.keys().migrate(&parts).await.context("verifying")?;
        }
        let without_audit = matches!(places.audit, Place::Inline);
        if without_audit {
            let parts = [&store::DATABASE, &platform::audit::LOG];
            db.audit().migrate(&parts).await.context("verifying")?;
        }
        let mut shown: Option<(String, Step)> = None;
        let mut tell = |at: store::verify::Progress<'_>| {
            let what = format!("{} {}", at.database, at.step);
            if shown.as_ref().is_none_or(|(shown, _)| *shown != what) {
                // The step before ends first, or two bars would be drawn.
                shown = None;
                let step = progress.counted(what.clone(), at.total);
                shown = Some((what, step));
            }
            if let Some((_, step)) = &mut shown {
                step.of(at.total);
                step.at(at.done);
            }
        };
        let verified = db.verify(&places, &FOLDS, &mut tell).await;
        let mut verified = verified.context("verifying")?;
        if without_keys {
            let note = "keys: not there; personal fields read as erased";
            verified.notes.push(note.to_owned());
        }
        if without_audit {
            let note = "audit: not there; a new audit log will be begun";
            verified.notes.push(note.to_owned());
        }
        Ok(verified)
    })
}

/// Opening a file that is not there would make it, and an empty one has no damage.
fn all_there(places: &store::Settings) -> Result<()> {
    let shards = places.shards.values();
    for place in shards.chain([&places.control, &places.people, &places.audit]) {
        if let Place::File(path) = place
            && !path.exists()
        {
            return Err(line(format!("{} is not there", path.display())));
        }
    }
    Ok(())
}
