//! What a server adds to the contract: it may go away and come back, and several issuers share it.

use fapi_core::config::Secret;
use fapi_core::dpop::ReplayKey;
use fapi_core::jose::Thumbprint;
use tokio::task::JoinSet;

use super::*;
use crate::storage::contract::postgres_server::Server;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn at(url: String) -> PostgresConfig {
    PostgresConfig::new(Secret::Inline(url))
}

async fn open(url: &str) -> Postgres {
    Postgres::open(&at(url.to_owned()), NOW).await.unwrap()
}

/// The schema of an address.
fn schema(url: &str) -> &str {
    let path = url.split("search_path%3D").nth(1).unwrap();
    path.split('&').next().unwrap()
}

fn entry(name: &str) -> Entry<'static> {
    Entry {
        kind: Kind::Code,
        id: Digest::of(name),
        body: name.into(),
        owner: Owner::Client("a"),
        expires: NOW.plus(10),
    }
}

fn once(name: &str) -> Use {
    let key = Thumbprint::from_bytes([0; 32]);
    Use {
        key: ReplayKey::new("", "", &key, name),
        expires: NOW.plus(10),
    }
}

#[tokio::test]
async fn issuers_that_start_together_make_one_storage() {
    let url = Server::shared().schema();
    let mut starting = JoinSet::new();
    for second in 0..8 {
        let config = at(url.clone());
        let now = NOW.plus(second);
        starting.spawn(async move { Postgres::open(&config, now).await.unwrap().epoch() });
    }
    let epochs = starting.join_all().await;
    let first = epochs.first().unwrap();
    assert!(epochs.iter().all(|epoch| epoch == first));
    assert_eq!(open(&url).await.epoch(), *first);
    assert_ne!(open(&Server::shared().schema()).await.epoch(), *first);
}

#[tokio::test]
async fn what_two_issuers_take_and_use_at_once_one_of_them_gets() {
    let url = Server::shared().schema();
    let (one, other) = (open(&url).await, open(&url).await);
    for round in 0..500 {
        let name = round.to_string();
        let (id, once) = (Digest::of(&name), [once(&name)]);
        one.insert(entry(&name), NOW).await.unwrap();
        let (first, second) = tokio::join!(
            one.take(Kind::Code, &id, NOW),
            other.take(Kind::Code, &id, NOW)
        );
        assert_ne!(first.unwrap(), second.unwrap());
        let (first, second) = tokio::join!(one.use_once(&once, NOW), other.use_once(&once, NOW));
        assert_ne!(first.unwrap(), second.unwrap());
    }
}

/// The clock of the other issuer is ahead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_issuer_sweeps_meanwhile_is_not_fresh_again() {
    let server = Server::shared();
    let name = "what_another_issuer_sweeps";
    let url = format!("{}&application_name={name}", server.schema());
    let postgres = open(&url).await;
    let once = [once("one")];
    postgres.use_once(&once, NOW).await.unwrap();
    let mut other = server.session();
    let schema = schema(&url);
    let until = once[0].expires.as_secs();
    other.say(&format!(
        "BEGIN; DELETE FROM {schema}.fapi_used;
        INSERT INTO {schema}.fapi_swept VALUES ('used', {until}); SELECT 1;\n"
    ));
    let again = tokio::spawn(async move { postgres.use_once(&once, NOW).await });
    // It has begun before the sweep ends, and finds the use when it has ended.
    let waits = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND wait_event_type = 'Lock'"
    );
    while server.run(&waits) == "0" {}
    other.say("COMMIT; SELECT 1;\n");
    let outcomes = again.await.unwrap();
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Forgotten]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_away_is_used_again() {
    let server = Server::shared();
    let name = "a_server_that_was_away";
    let postgres = open(&format!("{}&application_name={name}", server.schema())).await;
    postgres.use_once(&[once("one")], NOW).await.unwrap();
    server.run(&format!(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = '{name}'"
    ));
    // One request may still get the connection that has ended; there was only this one.
    if postgres.ping().await.is_err() {
        postgres.ping().await.unwrap();
    }
    let outcomes = postgres.use_once(&[once("one")], NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Seen]));
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends() {
    let server = Server::shared();
    let url = server.schema();
    let postgres = open(&url).await;
    let schema = schema(&url);
    // Somebody holds the table for longer than anybody waits, until told.
    let hold = format!("BEGIN; LOCK TABLE {schema}.fapi_used; SELECT 1;\n");
    let mut holder = server.session();
    holder.say(&hold);
    let outcomes = postgres.use_once(&[once("one")], NOW).await;
    assert_eq!(outcomes, Err(StorageError::Unavailable));
    postgres.ping().await.unwrap();
    holder.say("ROLLBACK; SELECT 1;\n");
    let outcomes = postgres.use_once(&[once("one")], NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Fresh]));
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_refused_with_its_field() {
    let server = Server::shared();
    let newer = server.schema();
    open(&newer).await;
    let schema = schema(&newer);
    server.run(&format!("INSERT INTO {schema}.fapi_migration VALUES (99)"));
    let rows = [
        (
            at(newer),
            "storage.postgres.url: the database has version 99, and this program knows versions up to 1",
        ),
        (at("nonsense".to_owned()), "storage.postgres.url: "),
        (
            at(server.url().replace("/postgres", "/nowhere")),
            "storage.postgres.url: ",
        ),
        (
            PostgresConfig {
                max_connections: 0,
                ..at(server.url())
            },
            "storage.postgres.max_connections: must be between 1 and 1000",
        ),
        (
            PostgresConfig {
                ca: Some("/nonexistent".into()),
                ..at(server.url())
            },
            "storage.postgres.ca: cannot read /nonexistent",
        ),
    ];
    for (config, expected) in rows {
        let Err(error) = Postgres::open(&config, NOW).await else {
            panic!("accepted: {expected}");
        };
        let error = error.to_string();
        let error = error.strip_prefix("configuration: ").unwrap();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn the_certificate_of_the_server_is_verified() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let server = Server::with_tls(&made.cert.pem(), &made.signing_key.serialize_pem());
    let port = server.port();
    let ca = server.directory().with_extension("ca");
    let open = async |host: &str, trusted: Option<&str>| {
        if let Some(certificates) = trusted {
            std::fs::write(&ca, certificates).unwrap();
        }
        let config = PostgresConfig {
            ca: trusted.map(|_| ca.clone()),
            ..at(format!(
                "postgresql://fapi@{host}:{port}/postgres?hostaddr=127.0.0.1&sslmode=require&application_name={host}"
            ))
        };
        Postgres::open(&config, NOW).await
    };
    let (right, wrong) = (made.cert.pem(), other.cert.pem());
    let postgres = open("localhost", Some(&right)).await.unwrap();
    postgres.ping().await.unwrap();
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'localhost'";
    assert_eq!(server.run(encrypted), "t");
    for (host, trusted, problem) in [
        // By what the operating system trusts.
        ("localhost", None, "UnknownIssuer"),
        ("localhost", Some(&*wrong), "invalid peer certificate"),
        (
            "elsewhere",
            Some(&*right),
            "not valid for name \"elsewhere\"",
        ),
        ("localhost", Some("nothing"), "has no certificate"),
    ] {
        let Err(error) = open(host, trusted).await else {
            panic!("accepted: {problem}");
        };
        assert!(error.to_string().contains(problem), "{error}");
    }
}
