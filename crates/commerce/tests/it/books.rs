//! The books of a kitchen's organisation, for whoever looks whether an order adds up.

use super::kitchen::Kitchen;
use super::world::uid;

impl Kitchen {
    /// What stands on the accounts of the organisation; the sum over all of them is always nothing.
    pub(crate) async fn books(&self) -> Vec<(String, i64)> {
        let ledger = &self.shop.node.more.commerce.ledger;
        let house = uid(&self.organisation).organisation();
        let sums = ledger.trial_balance(house).await.unwrap();
        assert!(sums.is_balanced());
        let sums = sums
            .iter()
            .map(|(account, sum)| (account.to_string(), sum.minor()));
        sums.filter(|(_, minor)| *minor != 0).collect()
    }
}
