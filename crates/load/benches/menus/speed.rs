//! Part (a): one menu, plain and packed, from our server, from a bare axum server that sends the same bytes from memory,
//! and from nginx that sends them from a file.

use std::net::SocketAddr;

use base::Clock;
use domain::organisations::RestaurantId;
use http::{HeaderMap, HeaderName, HeaderValue};
use load::{Figure, Goal, Table};

use crate::Outcome;
use crate::fill::Size;
use crate::guest::{self, Requests, Seen};
use crate::house::{House, Works};
use crate::options::Options;
use crate::servers::{self, Canned, Meter, Nginx};

/// What one form of the menu is asked from.
struct Contest {
    form: &'static str,
    requests: Requests,
    ours: SocketAddr,
    axum: SocketAddr,
    nginx: Option<SocketAddr>,
    body: usize,
}

pub(crate) fn run(options: &Options) -> Outcome<Vec<Figure>> {
    let (servers, clients) = (servers::one_thread()?, servers::one_thread()?);
    let clock = Clock::real();
    let size = Size::of(10);
    let house = clients.block_on(House::filled(size))?;
    let node = clients.block_on(house.node(Works::No))?;
    let ours = servers.block_on(servers::ours(node.edge.clone(), &clock))?;
    let id = RestaurantId::from(size.restaurant(0));
    let mut contests = Vec::new();
    let mut bodies = Vec::new();
    for (form, accept) in [("plain", ""), ("packed", "accept-encoding: gzip\r\n")] {
        let request = request(id, accept);
        let answer = clients.block_on(guest::once(ours, request.clone()))?;
        let canned = canned(&answer)?;
        bodies.push(canned.body.clone());
        let body = canned.body.len();
        contests.push(Contest {
            form,
            requests: vec![request].into(),
            ours,
            axum: servers.block_on(servers::axum(canned))?,
            nginx: None,
            body,
        });
    }
    let nginx = Nginx::start(&bodies[0], &bodies[1])?;
    let meter = Meter::of(&servers)?;
    let nginx_meter = nginx.as_ref().map(Nginx::meter).transpose()?;
    let mut figures = Vec::new();
    let mut table = Table::new(["a menu", "bytes", "requests/s", "p99 ms", "cpu us"]);
    for mut contest in contests {
        contest.nginx = nginx.as_ref().map(|nginx| nginx.address);
        let turns = options.in_turns();
        let measure =
            |address| clients.block_on(guest::measure(&clock, address, &contest.requests, &turns));
        let meters = (&meter, nginx_meter.as_ref());
        let results = compare(&contest, meters, turns.rounds, measure)?;
        for Shown { name, seen, us } in &results {
            let one = guest::median(seen.clone());
            table.row([
                format!("{} from {name}", contest.form),
                contest.body.to_string(),
                format!("{:.0}", one.per_second),
                format!("{:.2}", one.p99_ms()),
                format!("{us:.2}"),
            ]);
        }
        figures.extend(figures_of(contest.form, &results));
    }
    println!("{table}");
    Ok(figures)
}

/// What was seen of one server in each turn, and what a request cost it.
struct Shown {
    name: &'static str,
    seen: Vec<Seen>,
    us: f64,
}

/// Measures all servers in turn, again and again.
fn compare(
    contest: &Contest,
    (ours, nginx): (&Meter, Option<&Meter>),
    turns: usize,
    measure: impl Fn(SocketAddr) -> Outcome<Seen>,
) -> Outcome<Vec<Shown>> {
    let mut all = vec![
        ("ours", contest.ours, ours, Vec::new()),
        ("bare axum", contest.axum, ours, Vec::new()),
    ];
    if let (Some(address), Some(meter)) = (contest.nginx, nginx) {
        all.push(("nginx", address, meter, Vec::new()));
    }
    for _ in 0..turns {
        for (_, address, meter, seen) in &mut all {
            let before = meter.worked_us()?;
            let one = measure(*address)?;
            let worked = meter.worked_us()? - before;
            seen.push((one, worked / one.answered as f64));
        }
    }
    let medians = all.into_iter().map(|(name, _, _, seen)| {
        let (seen, mut us): (Vec<Seen>, Vec<f64>) = seen.into_iter().unzip();
        us.sort_by(f64::total_cmp);
        Shown {
            name,
            us: us[us.len() / 2],
            seen,
        }
    });
    Ok(medians.collect())
}

fn figures_of(form: &str, results: &[Shown]) -> Vec<Figure> {
    let find = |wanted: &str| results.iter().find(|result| result.name == wanted);
    let (Some(ours), Some(axum)) = (find("ours"), find("bare axum")) else {
        return Vec::new();
    };
    let name = |plain, packed| if form == "plain" { plain } else { packed };
    let compared = |name, other: &Shown, goal| {
        let (ours, other) = guest::middle(&ours.seen, &other.seen, |seen| seen.per_second);
        Figure::new(name, "requests/s", ours, other, goal)
    };
    let mut figures = vec![compared(
        name("menu_vs_bare_axum", "menu_packed_vs_bare_axum"),
        axum,
        Goal::AtLeast(0.85),
    )];
    figures.extend(find("nginx").map(|nginx| {
        let name = name("menu_vs_nginx", "menu_packed_vs_nginx");
        compared(name, nginx, Goal::AtLeast(0.0))
    }));
    figures
}

/// A request as a browser's page sends it.
pub(crate) fn request(id: RestaurantId, more: &str) -> Vec<u8> {
    format!(
        "GET /api/restaurants/{id}/menu HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\
         accept-language: en\r\nuser-agent: bench\r\n{more}\r\n"
    )
    .into_bytes()
}

/// Takes an answer apart, so that another server can send the same bytes.
pub(crate) fn canned(answer: &[u8]) -> Outcome<Canned> {
    let end = answer
        .windows(4)
        .position(|part| part == b"\r\n\r\n")
        .ok_or("no head")?;
    let head = std::str::from_utf8(&answer[..end])?;
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(':').ok_or("no header")?;
        // What a server writes itself.
        if !matches!(name, "content-length" | "date") {
            headers.append(
                name.parse::<HeaderName>()?,
                value.trim().parse::<HeaderValue>()?,
            );
        }
    }
    let body = answer[end + 4..].to_vec().into();
    Ok(Canned { headers, body })
}
