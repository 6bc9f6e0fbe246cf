//! The statements over the keys of people.

use crate::sql::Sql;
use crate::system::PERSON_KEYS;

/// Keeps a key, unless the person has one or was erased.
pub(crate) static MAKE_KEY: Sql = Sql::new(
    "person_keys.make",
    &PERSON_KEYS,
    "INSERT INTO person_keys (person, master, wrapped, made_at, erased_at) VALUES ($1, $2, $3, $4, NULL) \
     ON CONFLICT (person) DO NOTHING",
);

/// Reads a key.
pub(crate) static READ_KEY: Sql = Sql::new(
    "person_keys.read",
    &PERSON_KEYS,
    "SELECT master, wrapped FROM person_keys WHERE person = $1",
);

/// Reads the keys of many.
pub(crate) static READ_KEYS: Sql = Sql::two(
    "person_keys.read_many",
    &PERSON_KEYS,
    "SELECT person, master, wrapped FROM person_keys WHERE person IN (SELECT value FROM rarray($1))",
    "SELECT person, master, wrapped FROM person_keys WHERE person = ANY($1)",
);

/// Destroys a key.
pub(crate) static ERASE_KEY: Sql = Sql::new(
    "person_keys.erase",
    &PERSON_KEYS,
    "UPDATE person_keys SET wrapped = NULL, erased_at = $2 WHERE person = $1 AND wrapped IS NOT NULL",
);

/// Says of a person without a key that none may be made.
pub(crate) static FORGET_KEY: Sql = Sql::new(
    "person_keys.forget",
    &PERSON_KEYS,
    "INSERT INTO person_keys (person, master, wrapped, made_at, erased_at) VALUES ($1, 0, NULL, $2, $2) \
     ON CONFLICT (person) DO NOTHING",
);

/// Counts the keys that another master key wraps.
pub(crate) static COUNT_OTHERS: Sql = Sql::new(
    "person_keys.count_others",
    &PERSON_KEYS,
    "SELECT CAST(count(*) AS BIGINT) FROM person_keys WHERE wrapped IS NOT NULL AND master <> $1",
);

/// Reads on in the keys that another master key wraps.
pub(crate) static READ_OTHERS: Sql = Sql::new(
    "person_keys.others",
    &PERSON_KEYS,
    "SELECT person, master, wrapped FROM person_keys \
     WHERE wrapped IS NOT NULL AND master <> $1 AND person > $2 ORDER BY person LIMIT $3",
);

/// Puts a key under another master key, unless it was destroyed meanwhile.
pub(crate) static REWRAP_KEY: Sql = Sql::new(
    "person_keys.rewrap",
    &PERSON_KEYS,
    "UPDATE person_keys SET master = $2, wrapped = $3 WHERE person = $1 AND master = $4 AND wrapped IS NOT NULL",
);

/// Reads some keys, to see whether the master keys fit.
pub(crate) static READ_SAMPLES: Sql = Sql::new(
    "person_keys.samples",
    &PERSON_KEYS,
    "SELECT person, master, wrapped FROM person_keys WHERE wrapped IS NOT NULL ORDER BY person LIMIT 16",
);
