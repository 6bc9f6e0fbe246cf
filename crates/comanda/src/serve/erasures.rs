//! Whoever was erased stays so: an older backup may have brought him back, or the erasure was interrupted.

use base::{Result, Trail as _};
use identity::privacy;

/// Goes through the ledger of erasures, before requests are answered.
pub(super) async fn replay(privacy: &privacy::App) -> Result<()> {
    let replayed = privacy.replay().await;
    let replayed = replayed.context("going through the ledger of erasures")?;
    if replayed.erased > 0 || replayed.failed > 0 {
        let privacy::Replayed {
            known,
            erased,
            failed,
        } = replayed;
        tracing::warn!(
            known,
            erased,
            failed,
            "people who were erased were there again, and were erased again"
        );
    }
    Ok(())
}
