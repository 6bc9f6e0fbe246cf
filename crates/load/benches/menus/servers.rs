//! The servers: ours, a bare one that sends bytes from memory, and nginx that sends them from files.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use base::Clock;
use bytes::Bytes;
use edge::Edge;
use edge::server::{self, Parts, Readiness, Settings};
use engine::Stop;
use http::HeaderMap;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Outcome;

/// A runtime with one thread of its own, so that neither servers nor clients steal the other's time.
pub(crate) fn one_thread() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
}

/// How long a thread has worked, which tells what a request costs also where others work beside it.
pub(crate) struct Meter(PathBuf);

impl Meter {
    /// Of the only thread of a runtime.
    pub(crate) fn of(runtime: &Runtime) -> Outcome<Self> {
        let mut tasks = JoinSet::new();
        tasks.spawn_on(
            async { std::fs::read_link("/proc/thread-self") },
            runtime.handle(),
        );
        let thread = runtime.block_on(tasks.join_next()).ok_or("no thread")???;
        Ok(Self(Path::new("/proc").join(thread).join("schedstat")))
    }

    /// Of the worker of nginx.
    pub(crate) fn of_child(parent: u32) -> Outcome<Self> {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let children = std::fs::read_to_string(path)?;
        let child = children.split_whitespace().next().ok_or("no worker")?;
        Ok(Self(format!("/proc/{child}/schedstat").into()))
    }

    /// Microseconds since it began.
    pub(crate) fn worked_us(&self) -> Outcome<f64> {
        let text = std::fs::read_to_string(&self.0)?;
        let first = text.split_whitespace().next().ok_or("no time")?;
        Ok(first.parse::<f64>()? / 1e3)
    }
}

/// Runs as long as the runtime does, which is as long as the bench.
pub(crate) fn keep(work: impl Future<Output = ()> + Send + 'static) {
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    tasks.detach_all();
}

/// Our server with our gate.
pub(crate) async fn ours(edge: Edge, clock: &Clock) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let parts = Parts {
        clock: clock.clone(),
        readiness: Readiness::default(),
    };
    let (settings, stop) = (Settings::default(), Stop::new());
    let serving = server::serve(listener, edge, None, settings, parts, stop);
    keep(async {
        serving.await;
    });
    Ok(address)
}

/// An answer that is sent again and again.
#[derive(Clone, Debug)]
pub(crate) struct Canned {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A bare axum server whose route answers these bytes, head and body.
pub(crate) async fn axum(canned: Canned) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        let _nodelay = stream.set_nodelay(true);
    });
    let answer = move || {
        let canned = canned.clone();
        async move { (canned.headers, canned.body) }
    };
    let router = Router::new().route("/api/restaurants/{restaurant}/menu", get(answer));
    keep(async {
        let _ended = axum::serve(listener, router).await;
    });
    Ok(address)
}

/// A bare axum server that looks up the bytes of a restaurant in a table, and answers them under the same head.
pub(crate) async fn axum_of_many(
    headers: HeaderMap,
    bodies: HashMap<String, Bytes>,
) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        let _nodelay = stream.set_nodelay(true);
    });
    let answer = async move |UrlPath(restaurant): UrlPath<String>,
                             State(bodies): State<Arc<HashMap<String, Bytes>>>| {
        let body = bodies.get(&restaurant).cloned().unwrap_or_default();
        (headers.clone(), body)
    };
    let router = Router::new()
        .route("/api/restaurants/{restaurant}/menu", get(answer))
        .with_state(Arc::new(bodies));
    keep(async {
        let _ended = axum::serve(listener, router).await;
    });
    Ok(address)
}

/// nginx with one worker over a folder of files. It is ended with this.
pub(crate) struct Nginx {
    child: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Begins to serve a menu, plain and packed. None where there is no nginx.
    pub(crate) fn start(plain: &[u8], gzip: &[u8]) -> Outcome<Option<Self>> {
        let known = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
        let Some(program) = known.into_iter().find(|path| Path::new(path).is_file()) else {
            return Ok(None);
        };
        let name = format!("comanda-bench-nginx-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _old = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("files"))?;
        std::fs::write(folder.join("files/menu.json"), plain)?;
        std::fs::write(folder.join("files/menu.json.gz"), gzip)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        std::fs::write(folder.join("nginx.conf"), config(&folder, port))?;
        let child = Command::new(program)
            .args([
                "-p".as_ref(),
                folder.as_os_str(),
                "-c".as_ref(),
                "nginx.conf".as_ref(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let nginx = Self {
            child,
            folder,
            address: port,
        };
        for _ in 0..100 {
            if std::net::TcpStream::connect(port).is_ok() {
                return Ok(Some(nginx));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("nginx does not answer".into())
    }
}

impl Nginx {
    /// How long its worker has worked.
    pub(crate) fn meter(&self) -> Outcome<Meter> {
        Meter::of_child(self.child.id())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A master that is told to quit ends its worker; killed, it would leave it behind.
        let pid = self.child.id().to_string();
        let _told = Command::new("kill").args(["-TERM", &pid]).status();
        let _ended = self.child.wait();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

fn config(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; server_tokens off;
    types {{ application/json json; }}
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; open_file_cache max=100;
    server {{
        listen {address};
        location / {{ root {folder}/files; gzip_static on; rewrite ^ /menu.json break; }}
    }}
}}
"
    )
}
