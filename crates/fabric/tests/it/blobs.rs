//! Blobs: one suite on both engines, and what each must do besides.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::{Clock, Kind, Random, codes};
use bytes::Bytes;
use fabric::blobs::{BlobId, Blobs, Bucket, Place, Settings, Space};
use testkit::moto::Moto;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A place of blobs, and what must live as long as it.
struct World {
    blobs: Blobs,
    place: Place,
    _moto: Option<Moto>,
}

impl World {
    fn folder() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("comanda-blobs-it-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let _old = std::fs::remove_dir_all(&root);
        Self::at(Place::Folder(root), None)
    }

    fn bucket() -> Self {
        let moto = Moto::start();
        moto.make_bucket("pictures");
        Self::at(Place::Bucket(bucket(&moto.url())), Some(moto))
    }

    fn at(place: Place, moto: Option<Moto>) -> Self {
        World {
            blobs: open(place.clone(), small()),
            place,
            _moto: moto,
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Place::Folder(root) = &self.place {
            let _gone = std::fs::remove_dir_all(root);
        }
    }
}

fn bucket(endpoint: &str) -> Bucket {
    Bucket {
        endpoint: endpoint.to_owned(),
        name: "pictures".to_owned(),
        region: "eu-central-1".to_owned(),
        access_key: "trial".to_owned(),
        secret_key: "not a secret".to_owned(),
        certificates: None,
    }
}

fn small() -> Settings {
    Settings {
        bytes_max: 1 << 20,
        ..Settings::default()
    }
}

fn open(place: Place, settings: Settings) -> Blobs {
    Blobs::open(place, settings, &Clock::real(), &Random::real()).unwrap()
}

fn space(name: &str) -> Space {
    Space::parse(name).unwrap()
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::World::folder()).await;
            })+
        }
        mod bucket {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::World::bucket()).await;
            })+
        }
    };
}

on_both!(
    what_is_put_is_there_until_it_is_removed,
    spaces_are_apart,
    what_is_too_large_is_refused,
    many_put_the_same_at_once,
    another_node_reads_what_was_put,
);

async fn what_is_put_is_there_until_it_is_removed(world: World) {
    let (blobs, shop) = (&world.blobs, space("shop"));
    for bytes in [Bytes::new(), Bytes::from_static(b"soup"), noise(300_000)] {
        let id = BlobId::of(&bytes);
        assert!(!blobs.exists(&shop, id).await.unwrap());
        assert_eq!(blobs.get(&shop, id).await.unwrap(), None);
        for _ in 0..2 {
            assert_eq!(blobs.put(&shop, bytes.clone()).await.unwrap(), id);
        }
        assert!(blobs.exists(&shop, id).await.unwrap());
        assert_eq!(blobs.get(&shop, id).await.unwrap(), Some(bytes));
        for _ in 0..2 {
            blobs.delete(&shop, id).await.unwrap();
        }
        assert!(!blobs.exists(&shop, id).await.unwrap());
        assert_eq!(blobs.get(&shop, id).await.unwrap(), None);
    }
}

async fn spaces_are_apart(world: World) {
    let (blobs, soup) = (&world.blobs, Bytes::from_static(b"soup"));
    let id = blobs.put(&space("one"), soup.clone()).await.unwrap();
    assert_eq!(blobs.get(&space("two"), id).await.unwrap(), None);
    blobs.delete(&space("two"), id).await.unwrap();
    assert_eq!(blobs.get(&space("one"), id).await.unwrap(), Some(soup));
}

async fn what_is_too_large_is_refused(world: World) {
    let shop = space("shop");
    let largest = world.blobs.put(&shop, noise(1 << 20)).await.unwrap();
    let error = world
        .blobs
        .put(&shop, noise((1 << 20) + 1))
        .await
        .unwrap_err();
    assert_eq!(error.code(), codes::BODY_TOO_LARGE);
    // Whoever reads has a limit of his own, and gets no half of a blob.
    let narrow = Settings {
        bytes_max: 1_000,
        ..Settings::default()
    };
    let narrow = open(world.place.clone(), narrow);
    assert!(narrow.get(&shop, largest).await.is_err());
}

async fn many_put_the_same_at_once(world: World) {
    let mut all = JoinSet::new();
    for turn in 0..40_u32 {
        let (blobs, shop) = (world.blobs.clone(), space("shop"));
        let bytes = noise(50_000 + turn as usize % 4);
        all.spawn(async move {
            let id = blobs.put(&shop, bytes.clone()).await.unwrap();
            assert_eq!(blobs.get(&shop, id).await.unwrap(), Some(bytes));
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

async fn another_node_reads_what_was_put(world: World) {
    let id = world.blobs.put(&space("shop"), noise(9)).await.unwrap();
    let other = open(world.place.clone(), small());
    assert_eq!(other.get(&space("shop"), id).await.unwrap(), Some(noise(9)));
}

#[tokio::test]
async fn a_damaged_blob_is_not_given_out() {
    let world = World::folder();
    let id = world.blobs.put(&space("shop"), noise(1_000)).await.unwrap();
    let Place::Folder(root) = &world.place else {
        unreachable!()
    };
    let name = id.to_string();
    let path = root.join("shop").join(&name[..2]).join(&name);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[500] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = world.blobs.get(&space("shop"), id).await.unwrap_err();
    assert_eq!(
        (error.code(), error.kind()),
        (codes::DAMAGED, Kind::Internal)
    );
}

#[tokio::test]
async fn storage_that_is_away_or_says_nothing_is_unavailable_in_time() {
    let quick = Settings {
        within: Duration::from_millis(300),
        ..Settings::default()
    };
    // One that nobody listens at, and one that listens and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let mut listening = JoinSet::new();
    listening.spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = silent.accept().await {
            let _read = stream.read(&mut [0; 10]).await;
            held.push(stream);
        }
    });
    let shop = space("shop");
    for url in ["http://127.0.0.1:1", &silent_url] {
        let blobs = open(Place::Bucket(bucket(url)), quick);
        let asked = tokio::time::timeout(
            Duration::from_secs(5),
            blobs.put(&shop, Bytes::from_static(b"soup")),
        );
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{url}");
        assert!(error.retry_delay().is_some());
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_a_fault_and_no_empty_place() {
    let moto = Moto::start();
    let blobs = open(Place::Bucket(bucket(&moto.url())), small());
    let soup = BlobId::of(b"soup");
    let shop = space("shop");
    assert!(blobs.put(&shop, Bytes::from_static(b"soup")).await.is_err());
    assert!(blobs.get(&shop, soup).await.is_err());
}

#[tokio::test]
async fn a_wire_without_tls_leads_to_this_machine_alone() {
    let opened = |endpoint: &str| {
        let place = Place::Bucket(bucket(endpoint));
        Blobs::open(place, small(), &Clock::real(), &Random::real())
    };
    for good in [
        "https://s3.example.org",
        "http://127.0.0.1:9000",
        "http://localhost",
        "http://[::1]:9",
    ] {
        opened(good).unwrap();
    }
    for bad in [
        "http://s3.example.org",
        "http://127.0.0.1.example.org",
        "ftp://127.0.0.1",
        "s3",
        "",
    ] {
        assert_eq!(
            opened(bad).unwrap_err().code(),
            codes::LINE_MALFORMED,
            "{bad}"
        );
    }
    let file = Bucket {
        certificates: Some(PathBuf::from("/nowhere.pem")),
        ..bucket("https://s3.example.org")
    };
    assert!(
        Blobs::open(
            Place::Bucket(file),
            small(),
            &Clock::real(),
            &Random::real()
        )
        .is_err()
    );
}

/// Bytes that repeat late, different for every length.
fn noise(length: usize) -> Bytes {
    let mut state = length as u64 | 1;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(next).collect()
}
