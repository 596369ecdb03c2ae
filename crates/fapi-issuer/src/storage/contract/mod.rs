//! What every backend promises: the same tests for each of them.

mod expiry;
mod once;
#[cfg(all(feature = "postgres", unix))]
#[path = "../../../tests/postgres/mod.rs"]
pub(super) mod postgres_server;
mod verbs;

use std::sync::Arc;

use fapi_core::UnixTime;
#[cfg(feature = "postgres")]
use fapi_core::config::Secret;
use fapi_core::dpop::ReplayKey;
use fapi_core::jose::Thumbprint;
use serde::{Deserialize, Serialize};

#[cfg(feature = "sqlite")]
use super::sqlite::tests::Directory;
use super::{Backend, Capacity, Digest, Kind, Memory, Owner, Storage, Stored, Taken, Use};
#[cfg(feature = "postgres")]
use super::{Postgres, PostgresConfig};
#[cfg(feature = "sqlite")]
use super::{Sqlite, Synchronous};

type Shared = Arc<Storage>;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// Stands for whatever is kept.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Thing(String);

impl Stored for Thing {
    const KIND: Kind = Kind::Code;
}

/// Has the same names as a [`Thing`], and is another.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Other(String);

impl Stored for Other {
    const KIND: Kind = Kind::RevokedToken;
}

fn thing(text: &str) -> Thing {
    Thing(text.to_owned())
}

fn id(name: &str) -> Digest {
    Digest::of(name)
}

/// A use that serves up to and including the second `expires`.
fn used(name: &str, expires: UnixTime) -> Use {
    let key = Thumbprint::from_bytes([0; 32]);
    Use {
        key: ReplayKey::new("https://as.example.com", "", &key, name),
        expires,
    }
}

async fn keep(storage: &Storage, name: &str, text: &str, expires: UnixTime) {
    storage
        .insert(id(name), &thing(text), Owner::Client("a"), expires, NOW)
        .await
        .unwrap();
}

/// Each test for the backend that `$new` makes.
macro_rules! contract {
    ($backend:ident, $new:expr, [$($group:ident: $($test:ident)*;)*]) => {
        mod $backend {
            use super::*;

            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    let (storage, _kept_until_the_end) = $new;
                    super::$group::$test(Shared::new(storage)).await;
                }
            )*)*
        }
    };
}

macro_rules! contract_of {
    ($($backend:ident: $new:expr;)*) => {
        $(contract!($backend, $new, [
            verbs:
                a_thing_is_there_for_who_knows_its_name
                what_is_there_stays_when_another_comes
                a_replacement_takes_the_place
                what_is_removed_is_gone
                kinds_do_not_meet
                few_things_are_listed
                any_text_comes_back_as_it_was;
            expiry:
                a_thing_is_there_until_it_expires
                a_name_is_free_again_after_expiry
                a_sweep_drops_nothing_that_lives
                many_that_expired_are_swept
                a_clock_set_back_revives_nothing_that_was_swept;
            once:
                a_thing_is_taken_once
                what_was_taken_is_not_there
                of_many_takers_one_is_the_first
                a_use_is_fresh_once
                a_use_serves_until_the_end_of_its_last_second
                uses_stop_at_the_first_that_is_not_fresh
                of_many_users_one_is_fresh
                of_many_pairs_each_is_used_once;
        ]);)*
    };
}

contract_of! {
    memory: memory();
}

#[cfg(feature = "sqlite")]
contract_of! {
    sqlite_memory: sqlite_memory();
    sqlite_file: sqlite_file();
}

#[cfg(all(feature = "postgres", unix))]
contract_of! {
    postgres: postgres().await;
}

fn memory() -> (Storage, ()) {
    let capacity = Capacity {
        entries: 10_000,
        uses: 10_000,
    };
    let memory = Memory::new(capacity, NOW).unwrap();
    (Storage::new(Backend::Memory(memory)), ())
}

#[cfg(feature = "sqlite")]
fn sqlite_memory() -> (Storage, ()) {
    (Storage::new(Backend::Sqlite(Sqlite::in_memory(NOW))), ())
}

#[cfg(feature = "sqlite")]
fn sqlite_file() -> (Storage, Directory) {
    let directory = Directory::new();
    let sqlite = Sqlite::open(&directory.file(), Synchronous::Full, NOW).unwrap();
    (Storage::new(Backend::Sqlite(sqlite)), directory)
}

#[cfg(all(feature = "postgres", unix))]
async fn postgres() -> (Storage, ()) {
    let url = Secret::Inline(postgres_server::Server::shared().schema());
    let postgres = Postgres::open(&PostgresConfig::new(url), NOW)
        .await
        .unwrap();
    (Storage::new(Backend::Postgres(postgres)), ())
}
