//! The providers of payments that the settings name.

use std::sync::Arc;

use base::{Result, Trail as _};
use bridges::{Loopback, adyen, paypal};
use commerce::payments::Pretend;
use rpc::Providers;
use rpc::providers::Provider;

use super::ground::Ground;
use crate::config::payments::{Adyen, Name, PayPal};
use crate::secrets::guarded;

/// Makes the providers, the preferred one first. Payers come back to this address.
pub(super) fn providers(ground: &Ground, url: &str) -> Result<Providers> {
    let settings = &ground.settings.payments;
    let mut all: Vec<Arc<dyn Provider>> = Vec::new();
    for name in &settings.providers {
        all.push(match (name, &settings.paypal, &settings.adyen) {
            (Name::Test, ..) => Arc::new(Pretend::new()),
            (Name::Paypal, Some(account), _) => {
                Arc::new(pay_pal(ground, account, url).context("`payments.paypal`")?)
            }
            (Name::Adyen, _, Some(account)) => {
                Arc::new(adyen(ground, account, url).context("`payments.adyen`")?)
            }
            // Refused when the settings were read.
            (Name::Paypal | Name::Adyen, ..) => continue,
        });
    }
    Ok(Providers::new(all))
}

fn pay_pal(ground: &Ground, account: &PayPal, url: &str) -> Result<paypal::PayPal> {
    let usual = if account.live {
        paypal::LIVE
    } else {
        paypal::SANDBOX
    };
    let settings = paypal::Settings {
        base_url: account.url.clone().unwrap_or_else(|| usual.to_owned()),
        loopback: loopback(ground),
        credentials: paypal::Credentials::parse(&guarded::read(&account.credentials_file)?)?,
        webhook_id: account.webhook_id.clone(),
        return_url: url.to_owned(),
        within: ground.settings.payments.within.0,
    };
    paypal::PayPal::new(settings, ground.clock.clone())
}

fn adyen(ground: &Ground, account: &Adyen, url: &str) -> Result<adyen::Adyen> {
    adyen::Adyen::new(adyen::Settings {
        base_url: account
            .url
            .clone()
            .unwrap_or_else(|| adyen::TEST.to_owned()),
        loopback: loopback(ground),
        credentials: adyen::Credentials::parse(&guarded::read(&account.credentials_file)?)?,
        merchant_account: account.merchant_account.clone(),
        return_url: url.to_owned(),
        within: ground.settings.payments.within.0,
    })
}

/// Stand-ins on this machine need no TLS but in production.
fn loopback(ground: &Ground) -> Loopback {
    match ground.is_production {
        true => Loopback::Tls,
        false => Loopback::Plain,
    }
}
