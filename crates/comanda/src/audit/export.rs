//! `comanda audit export`.

use std::io::{BufWriter, Write};

use base::{Error, Result, codes};
use domain::audit::Link;
use platform::audit::{self, CountView, EntryView, Period, Place, Whose, csv};
use serde::Serialize;
use store::Db;

use super::{Export, Format};

/// Entries that are read at once.
const PAGE: usize = 1_000;
/// Lines of a summary; the rarest are left out.
const COUNTS_MAX: i64 = 10_000;

pub(super) async fn run(db: &Db, export: &Export) -> Result<()> {
    let whose = match export.organisation {
        Some(id) => Whose::Of(id.organisation()),
        None => Whose::Everybodys,
    };
    let of = (whose, Period::new(export.from, export.to));
    let mut out = BufWriter::new(std::io::stdout());
    match export.format {
        Format::Csv => {
            written(out.write_all(csv::HEAD.as_bytes()))?;
            entries(db, of, &mut |link, _| {
                out.write_all(csv::line(link).as_bytes())
            })
            .await?;
        }
        Format::Json => {
            let summary = audit::counts(db, of, COUNTS_MAX).await?;
            let summary: Vec<CountView> = summary.iter().map(CountView::from).collect();
            written(write!(
                out,
                "{{\"summary\":{},\"entries\":[",
                json(&summary)?
            ))?;
            entries(db, of, &mut |link, place| {
                let comma = if place == 0 { "" } else { "," };
                let entry = serde_json::to_string(&EntryView::from(link))?;
                write!(out, "{comma}\n{entry}")
            })
            .await?;
            written(out.write_all(b"\n]}\n"))?;
        }
    }
    written(out.flush())
}

/// Goes over all entries, page by page, with the place of each.
async fn entries(
    db: &Db,
    of: (Whose, Period),
    write: &mut (dyn FnMut(&Link, u64) -> std::io::Result<()> + Send),
) -> Result<()> {
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let (mut after, mut place) = (None, 0);
    loop {
        let page = audit::oldest_first(db, of, after, limit).await?;
        for link in &page {
            written(write(link, place))?;
            place += 1;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => {
                after = Some(Place {
                    at: last.entry.at,
                    seq: last.seq,
                });
            }
            _ => return Ok(()),
        }
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal(codes::INTERNAL, error.to_string()))
}

fn written<T>(result: std::io::Result<T>) -> Result<T> {
    result.map_err(|error| {
        let text = format!("the export cannot be written: {error}");
        Error::unavailable(codes::UNAVAILABLE, text)
    })
}
