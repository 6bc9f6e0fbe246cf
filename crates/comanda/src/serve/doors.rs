//! Where requests come in: the listeners, what answers behind them, and the orderly end.

use std::net::SocketAddr;
use std::time::Duration;

use base::{Error, Result, Trail as _, codes};
use edge::Edge;
use edge::health::Readiness;
use edge::server::{self, Inbound};
use engine::Stop;
use http::Request;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::ground::Ground;
use super::signals::Signals;
use super::slices::Slices;
use super::{erasures, routes};
use crate::config::tls::Mode;
use crate::config::{Settings, refused};
use crate::ended::Ended;
use crate::tls::trust::Page;
use crate::tls::{self, Certificates};

/// How long tasks may take after the last request was answered.
const TASKS_WITHIN: Duration = Duration::from_secs(3);
/// How long after a start nothing takes the processor from those who have waited for it.
const DOCUMENT_AFTER: Duration = Duration::from_secs(10);

/// The listeners, already bound, and what answers behind them.
pub(crate) struct Doors {
    /// Where others reach this machine.
    pub(crate) url: String,
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) trust: Option<Page>,
    trust_address: Option<SocketAddr>,
    listeners: Vec<(Door, TcpListener)>,
    certificates: Option<Certificates>,
    edge: Edge,
    admin_edge: Edge,
    slices: Slices,
    readiness: Readiness,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Http,
    Admin,
    Trust,
}

impl Doors {
    /// Binds all ports and builds the edge.
    pub(crate) async fn open(ground: &Ground) -> Result<Self> {
        let settings = &ground.settings;
        let certificates = tls::open(settings, &ground.clock, &ground.random)?;
        let http = bind(settings.listen.http, "listen.http").await?;
        let admin = bind(settings.listen.admin, "listen.admin").await?;
        let mut doors = vec![(Door::Http, http), (Door::Admin, admin)];
        let mut trust = None;
        let mut trust_address = None;
        if let Some(Certificates::Local(local)) = &certificates {
            let listener = bind(settings.listen.trust, "listen.trust").await?;
            let address = local_address(&listener)?;
            trust = Some(Page::new(local, address, local_address(&doors[0].1)?));
            trust_address = Some(address);
            doors.push((Door::Trust, listener));
        }
        let url = address(settings, local_address(&doors[0].1)?, certificates.as_ref());
        let slices = Slices::open(ground, &url)?;
        ground.course.done("ports and slices");
        erasures::replay(&slices.privacy).await?;
        ground.course.done("erasures");
        let readiness = Readiness::new();
        Ok(Self {
            http: local_address(&doors[0].1)?,
            admin: local_address(&doors[1].1)?,
            trust,
            trust_address,
            listeners: doors,
            certificates,
            url,
            edge: routes::everybody(ground, &slices, &readiness)?,
            admin_edge: routes::operators(ground, &slices)?,
            slices,
            readiness,
        })
    }

    /// The link by which the first operator sets the platform up, while there is none.
    pub(crate) async fn setup_link(&self, ground: &Ground) -> Result<Option<String>> {
        let open = self
            .slices
            .identity
            .operators
            .is_open()
            .await
            .context("looking for an operator")?;
        let pepper = ground.rings.pepper();
        let token = identity::operators::link_token(&pepper.borrow());
        Ok(open.then(|| format!("{}/setup#{token}", self.url)))
    }

    /// Where the page for trust listens.
    pub(crate) fn trust_address(&self) -> Option<SocketAddr> {
        self.trust_address
    }

    /// The fingerprint of our own authority, to be compared by people.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        match &self.certificates {
            Some(Certificates::Local(local)) => Some(local.authority.fingerprint()),
            _ => None,
        }
    }

    /// Answers requests until the signal, then brings everything to an end.
    pub(crate) async fn serve(self, ground: &Ground, signals: Signals) -> Result<Ended> {
        let stop = Stop::new();
        let settings = &ground.settings;
        self.spawn_tasks(ground)?;
        // Before the first answer, or whoever asks at once would be told to wait.
        self.readiness.ready();
        let mut serving = JoinSet::new();
        for (door, listener) in self.listeners {
            let parts = server::Parts {
                clock: ground.clock.clone(),
                readiness: server::Readiness::default(),
            };
            let limits = limits(settings, door);
            let stop = stop.clone();
            match door {
                Door::Http => {
                    let tls = self.certificates.as_ref().map(Certificates::tls);
                    let respond = self.edge.clone();
                    serving.spawn(server::serve(listener, respond, tls, limits, parts, stop));
                }
                Door::Admin => {
                    let respond = self.admin_edge.clone();
                    serving.spawn(server::serve(listener, respond, None, limits, parts, stop));
                }
                Door::Trust => {
                    let Some(page) = self.trust.clone() else {
                        continue;
                    };
                    let respond = move |request: Request<Inbound>| {
                        let page = page.clone();
                        async move { page.answer(&request) }
                    };
                    serving.spawn(server::serve(listener, respond, None, limits, parts, stop));
                }
            }
        }
        let ending = async {
            signals.pass_on(&stop, &self.readiness).await;
        };
        tokio::select! {
            ended = drained(ground, serving) => ended,
            () = ending => Ok(Ended::CutShort),
        }
    }

    fn spawn_tasks(&self, ground: &Ground) -> Result<()> {
        ground.telemetry.start(&ground.tasks);
        let rings = ground.rings.clone();
        ground
            .tasks
            .spawn("secrets", move |stop| rings.clone().follow(stop));
        if let Some(certificates) = &self.certificates {
            let certificates = certificates.clone();
            ground.tasks.spawn("certificates", move |stop| {
                certificates.clone().follow(stop)
            });
        }
        let settings = &ground.settings;
        if settings.edge.docs {
            let writing = write_document(self.edge.clone(), ground.tasks.signal());
            ground.tasks.once("document", writing)?;
        }
        let blobs = settings.blobs.in_folder(&settings.storage.data);
        let places = (&ground.places, blobs);
        if let Some(schedule) = crate::backup::scheduled(&settings.backup, places, &ground.clock) {
            ground
                .tasks
                .spawn("backups", move |stop| schedule.clone().run(stop));
        }
        self.slices.start(ground)
    }
}

/// Writes and packs the document of the API when there is time for it. Who asks for it before gets it too.
async fn write_document(edge: Edge, stop: Stop) -> Result<()> {
    tokio::select! {
        () = stop.stopped() => return Ok(()),
        () = tokio::time::sleep(DOCUMENT_AFTER) => {}
    }
    let writing = tokio::task::spawn_blocking(move || edge.write_document());
    tokio::select! {
        () = stop.stopped() => Ok(()),
        written = writing => written.map_err(|error| {
            Error::internal(codes::INTERNAL, "the document was not written").caused_by(error)
        })?,
    }
}

/// Waits until every request was answered and every task has ended. It begins with the stop of the servers.
async fn drained(ground: &Ground, mut serving: JoinSet<server::Drained>) -> Result<Ended> {
    let mut cut = 0;
    while let Some(ended) = serving.join_next().await {
        let ended = ended.map_err(|error| {
            Error::internal(codes::INTERNAL, "a server ended in a panic").caused_by(error)
        })?;
        cut += ended.cut;
    }
    let late = ground.tasks.stop(TASKS_WITHIN).await;
    for task in &late {
        tracing::warn!(task, "a task did not end in time");
    }
    Ok(match cut == 0 && late.is_empty() {
        true => Ended::Well,
        false => Ended::CutShort,
    })
}

/// The limits of one door. The two small ones take few connections, so that they cannot starve the large one.
fn limits(settings: &Settings, door: Door) -> server::Settings {
    let limits = &settings.limits;
    let open_files = server::raise_open_files();
    let wished = match door {
        Door::Http => limits.connections_max,
        Door::Admin | Door::Trust => 64,
    };
    let connections_max = open_files.map_or(wished, |files| files.connections_max(wished));
    let is_watched = !settings.listen.behind_proxy.is_empty();
    // Nobody looks at the readiness of a machine without a proxy, so nobody need be waited for.
    let lame_duck = if is_watched {
        limits.lame_duck.0
    } else {
        Duration::ZERO
    };
    let before = lame_duck + TASKS_WITHIN + Duration::from_secs(1);
    server::Settings {
        connections_max,
        connections_per_address_max: match is_watched {
            true => connections_max,
            false => limits.connections_per_address_max.min(connections_max),
        },
        // Checked to be small when the settings were read.
        head_bytes_max: usize::try_from(limits.head_max.0).unwrap_or(usize::MAX),
        lame_duck,
        drain_time: limits.stop_within.0.saturating_sub(before),
        ..server::Settings::default()
    }
}

/// Where others reach this machine.
fn address(
    settings: &Settings,
    mut bound: SocketAddr,
    certificates: Option<&Certificates>,
) -> String {
    if let Some(url) = &settings.listen.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let scheme = match settings.tls.mode {
        Mode::Off => "http",
        Mode::Files | Mode::Local => "https",
    };
    if bound.ip().is_unspecified() {
        let here = match certificates {
            Some(Certificates::Local(local)) => local.names().best_address(),
            _ => std::net::Ipv4Addr::LOCALHOST.into(),
        };
        bound.set_ip(here);
    }
    format!("{scheme}://{bound}")
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let what_to_do = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there; choose another port",
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
            }
            std::io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
            _ => "it cannot be listened on",
        };
        refused(format!("`{key}` = {address}: {what_to_do} ({error})"))
    })
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().map_err(|error| {
        Error::unavailable(
            codes::UNAVAILABLE,
            format!("a listener has no address: {error}"),
        )
    })
}
