//! Where the databases are, as the settings say it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use base::Result;
use store::{Place, postgres};

use crate::config::storage::{Statements, Storage};
use crate::config::{Settings, refused};

/// The shard of a machine that keeps everything in SQLite files.
pub(crate) const ONLY_SHARD: &str = "main";

/// The roles that the store logs in as, beside the one that migrates.
const APP: &str = "comanda_app";
const QUEUE: &str = "comanda_queue";

/// The settings of the store for these places. Makes the data folder if it is needed.
pub(crate) fn places(settings: &Settings) -> Result<store::Settings> {
    let storage = &settings.storage;
    make_folder(&storage.data)?;
    let named = (
        &storage.control,
        &storage.people,
        &storage.audit,
        &storage.keys,
    );
    let [control, people, audit, keys] = match named {
        (Some(control), Some(people), Some(audit), Some(keys)) => {
            let passwords = Passwords::read(storage)?;
            let place = |name, address| postgres(storage, &passwords, name, address);
            let shards = storage.shards.iter();
            let shards =
                shards.map(|(name, address)| (name.clone(), place(name, address.as_str())));
            return Ok(store::Settings {
                region: storage.region.clone(),
                control: place("control", control),
                people: place("people", people),
                audit: place("audit", audit),
                keys: place("keys", keys),
                shards: shards.collect(),
                directory_copy: Some(storage.data.join("directory.json")),
                within: storage.within.0,
            });
        }
        _ => ["control.db", "people.db", "audit.db", "keys.db"].map(|name| file(storage, name)),
    };
    let shard = file(storage, &format!("{ONLY_SHARD}.db"));
    Ok(store::Settings {
        region: storage.region.clone(),
        control,
        people,
        audit,
        keys,
        shards: BTreeMap::from([(ONLY_SHARD.to_owned(), shard)]),
        directory_copy: Some(storage.data.join("directory.json")),
        within: storage.within.0,
    })
}

/// Makes the data folder, for its owner alone.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| refused(format!("{} cannot be made: {error}", folder.display())))
}

fn file(storage: &Storage, name: &str) -> Place {
    Place::File(storage.data.join(name))
}

/// What follows `password=` in an address, for each role that has one.
struct Passwords {
    app: String,
    queue: String,
    owner: String,
}

impl Passwords {
    fn read(storage: &Storage) -> Result<Self> {
        Ok(Self {
            app: password(storage.app_password_file.as_deref())?,
            queue: password(storage.queue_password_file.as_deref())?,
            owner: password(storage.owner_password_file.as_deref())?,
        })
    }
}

fn password(file: Option<&Path>) -> Result<String> {
    let Some(path) = file else {
        return Ok(String::new());
    };
    let text = crate::secrets::guarded::read(path)?;
    let word = text.trim_end_matches(['\r', '\n']);
    let quoted = word.replace('\\', "\\\\").replace('\'', "\\'");
    Ok(format!(" password='{quoted}'"))
}

fn postgres(storage: &Storage, passwords: &Passwords, name: &str, address: &str) -> Place {
    let direct = storage.direct.get(name).map_or(address, String::as_str);
    let replicas = storage.replicas.get(name).map(String::as_str);
    let replicas = replicas.into_iter().flat_map(|list| list.split(','));
    let as_app = |address: &str| format!("{address} user={APP}{}", passwords.app);
    let as_queue = |address: &str| format!("{address} user={QUEUE}{}", passwords.queue);
    Place::Postgres(Box::new(postgres::Settings {
        app: as_app(address),
        queue: as_queue(address),
        direct: as_queue(direct),
        owner: format!("{direct} user={}{}", storage.owner_role, passwords.owner),
        replicas: replicas.map(|address| as_app(address.trim())).collect(),
        statements: match storage.statements {
            Statements::Prepared => postgres::Statements::Prepared,
            Statements::Unnamed => postgres::Statements::Unnamed,
        },
        lanes: storage.lanes,
        readers: storage.readers,
        queue_max: storage.waiting_max,
        ..postgres::Settings::at(address)
    }))
}

/// What the parts of the platform bring to the databases.
pub(crate) fn parts() -> store::Parts {
    type All = LazyLock<Vec<&'static store::Part>>;
    static SHARDS: All = LazyLock::new(|| {
        [
            &[&engine::PART],
            platform::SHARDS,
            search::SHARDS,
            catalogue::SHARDS,
            commerce::SHARDS,
            feeds::SHARDS,
        ]
        .concat()
    });
    static PEOPLE: All = LazyLock::new(|| {
        [
            &[&engine::PART],
            identity::PEOPLE,
            platform::PEOPLE,
            commerce::PEOPLE,
        ]
        .concat()
    });
    static CONTROL: All = LazyLock::new(|| [&[&identity::CONTROL], platform::CONTROL].concat());
    static AUDIT: &[&store::Part] = &[&platform::audit::LOG];
    store::Parts {
        shards: &SHARDS,
        people: &PEOPLE,
        control: &CONTROL,
        audit: AUDIT,
    }
}

/// Keeps a second process from the same SQLite files. Held until it is dropped, or until the process is gone.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: std::fs::File,
}

/// Takes the lock of the data folder.
///
/// # Errors
/// Another process has it.
pub(crate) fn lock(settings: &Settings) -> Result<Option<Lock>> {
    if settings.storage.is_postgres() {
        return Ok(None);
    }
    let path = settings.storage.data.join("comanda.lock");
    let failed = |error: std::io::Error| refused(format!("{}: {error}", path.display()));
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(std::fs::TryLockError::WouldBlock) => {
            let data = settings.storage.data.display();
            let text = format!(
                "another comanda uses {data}; stop it first, or say --data for another folder"
            );
            Err(base::Error::conflict(base::codes::CONFLICT, text))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}
