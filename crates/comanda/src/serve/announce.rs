//! What `serve` says when it answers requests: where to look, and for machines one line of JSON.

use std::io::{IsTerminal as _, Write as _, stdout};

use base::Result;
use serde::Serialize;

use super::Args;
use super::doors::Doors;
use super::ground::Ground;

/// The line for machines.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    process: u32,
    http: String,
    admin: String,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup: Option<&'a str>,
}

/// Says where everything is.
pub(crate) async fn announce(ground: &Ground, doors: &Doors, args: &Args) -> Result<()> {
    let url = &doors.url;
    let setup = doors.setup_link(ground).await?;
    if args.ready_json {
        let ready = Ready {
            ready: true,
            process: std::process::id(),
            http: doors.http.to_string(),
            admin: doors.admin.to_string(),
            url,
            trust: doors.trust_address().map(|address| address.to_string()),
            setup: setup.as_deref(),
        };
        let line = serde_json::to_string(&ready).unwrap_or_default();
        println!("{line}");
        // Whoever reads the line waits for it.
        let _ = stdout().flush();
        return Ok(());
    }
    for line in lines(ground, doors, setup.as_deref()) {
        println!("{line}");
    }
    Ok(())
}

fn lines(ground: &Ground, doors: &Doors, setup: Option<&str>) -> Vec<String> {
    let (settings, url) = (&ground.settings, &doors.url);
    let mut lines = vec![format!("Comanda {} is ready.", env!("CARGO_PKG_VERSION"))];
    let kept = match settings.storage.is_postgres() {
        true => format!("PostgreSQL, {} shard(s)", ground.db.shards().len()),
        false => "SQLite files".to_owned(),
    };
    lines.push(format!(
        "  data      {kept}; folder {}",
        settings.storage.data.display()
    ));
    lines.push(format!("  API       {url}/api"));
    if settings.edge.docs {
        lines.push(format!("  docs      {url}/docs"));
    }
    lines.push(format!("  health    {url}/api/health"));
    lines.push(format!("  metrics   http://{}/metrics", doors.admin));
    if let Some(page) = &doors.trust {
        lines.push(format!(
            "  trust     {}  (open it on each device once)",
            page.address()
        ));
        lines.push(format!(
            "            {}",
            doors.fingerprint().unwrap_or_default()
        ));
        if stdout().is_terminal() {
            lines.extend(page.picture());
        }
    }
    if let Some(link) = setup {
        lines.push(String::new());
        lines.push("There is no operator yet. Become the first one here:".to_owned());
        lines.push(format!("  {link}"));
    }
    lines.push(String::new());
    lines.push("Stop it with Ctrl-C; requests under way are brought to an end.".to_owned());
    lines
}
