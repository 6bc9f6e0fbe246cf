//! Folders, secrets, open files, clock.

use std::os::unix::fs::MetadataExt as _;

use base::{Clock, Time};
use edge::server;

use super::Report;
use crate::config::Settings;
use crate::secrets::Secrets;

/// Fewer and connections would soon be refused.
const OPEN_FILES_MIN: u64 = 4_096;
/// No machine that runs this version shows an earlier time.
const BUILT_AFTER: &str = "2026-01-01T00:00:00Z";

pub(super) fn look(settings: &Settings, clock: &Clock, report: &mut Report) {
    data_folder(settings, report);
    secrets(settings, report);
    open_files(report);
    time(clock, report);
}

fn data_folder(settings: &Settings, report: &mut Report) {
    let data = &settings.storage.data;
    let place = data.display().to_string();
    match std::fs::metadata(data) {
        Err(_) => report.ok(
            "data folder",
            format!("{place} is not there yet; it is made at the first start"),
        ),
        Ok(metadata) if !metadata.is_dir() => {
            report.fail(
                "data folder",
                format!("{place} is no folder"),
                "set `storage.data`",
            );
        }
        Ok(metadata) if metadata.mode() & 0o027 != 0 => report.warn(
            "data folder",
            format!("{place} has mode {:o}", metadata.mode() & 0o777),
            &format!("others may look into it; say: chmod 700 {place}"),
        ),
        Ok(_) => report.ok("data folder", place),
    }
}

fn secrets(settings: &Settings, report: &mut Report) {
    let folder = Secrets::folder(&settings.storage.data);
    if folder.symlink_metadata().is_err() {
        report.ok("secrets", "not there yet; they are made at the first start");
        return;
    }
    match Secrets::read(&settings.storage.data) {
        Ok(secrets) => {
            let rings = [
                &secrets.token,
                &secrets.cursor,
                &secrets.pepper,
                &secrets.master,
                &secrets.audit,
            ];
            match rings.iter().any(|ring| ring.previous.is_some()) {
                false => report.ok("secrets", "whole, and readable by their owner alone"),
                true => report.warn(
                    "secrets",
                    "a rotation is under way: an old key is still valid",
                    "retire it when nothing needs it any more; see: comanda secrets list",
                ),
            }
        }
        Err(error) => report.fail(
            "secrets",
            error.to_string(),
            "`comanda secrets restore` brings them back from their backup",
        ),
    }
}

fn open_files(report: &mut Report) {
    match server::raise_open_files() {
        Ok(files) if files.now < OPEN_FILES_MIN => report.warn(
            "open files",
            format!("at most {}", files.now),
            "raise the hard limit: LimitNOFILE=65536 in the unit of systemd",
        ),
        Ok(files) => report.ok("open files", format!("at most {}", files.now)),
        Err(error) => report.warn("open files", error.to_string(), "see `ulimit -Hn`"),
    }
}

fn time(clock: &Clock, report: &mut Report) {
    let now = clock.now();
    let built: Option<Time> = BUILT_AFTER.parse().ok();
    if built.is_some_and(|built| now < built) {
        report.fail(
            "clock",
            format!("it shows {now}"),
            "set it, and let it follow a time server: timedatectl set-ntp true",
        );
        return;
    }
    report.ok("clock", format!("{now}"));
}
