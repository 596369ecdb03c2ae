//! How the database is reached, and brought to the version of this program.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
};
use fapi_core::UnixTime;
use fapi_core::config::ConfigError;
use fapi_core::dpop::Epoch;
use fapi_crypto::random_bytes;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::secret;
use crate::storage::PostgresConfig;
use crate::storage::health::Causes;

/// How long a connection and each statement may take: a client should rather come again than wait.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

/// The same for the server, which ends what nobody waits for.
const SERVER_LIMIT: &str = "SET statement_timeout = 2000";

/// In their order. What has been released never changes.
const MIGRATIONS: [&str; 1] = [include_str!(
    "../migrations/postgres/0001_entries_and_uses.sql"
)];

/// Whoever migrates holds this lock, `FAPI`, so that issuers can start at the same time.
const MIGRATE: &str = "
    SET LOCAL statement_timeout = 0;
    SELECT pg_advisory_xact_lock(1178685513);
    CREATE TABLE IF NOT EXISTS fapi_migration (version bigint NOT NULL PRIMARY KEY)";

/// The connections, of which none is open yet.
pub(super) fn pool(config: &PostgresConfig) -> Result<Pool, ConfigError> {
    if !(1..=1000).contains(&config.max_connections) {
        return Err(ConfigError::invalid(
            "storage.postgres.max_connections",
            "must be between 1 and 1000",
        ));
    }
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        ConfigError::invalid("storage.postgres.url", Causes(error).to_string())
    };
    let url = secret::read(&config.url, "storage.postgres.url")?;
    let mut server: Config = url.trim_end().parse().map_err(|error| invalid(&error))?;
    if server.get_application_name().is_none() {
        server.application_name("fapi-issuer");
    }
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(server, tls(config.ca.as_deref())?, recycling);
    let limit = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move {
            let set = client.batch_execute(SERVER_LIMIT).await;
            set.map_err(HookError::Backend)
        })
    });
    Pool::builder(manager)
        .max_size(usize::try_from(config.max_connections).unwrap_or(usize::MAX))
        .wait_timeout(Some(LIMIT))
        .create_timeout(Some(LIMIT))
        .recycle_timeout(Some(LIMIT))
        .runtime(Runtime::Tokio1)
        .post_create(limit)
        .build()
        .map_err(|error| invalid(&error))
}

/// RFC 9525: with TLS, the server's certificate is always verified.
fn tls(ca: Option<&Path>) -> Result<MakeRustlsConnect, ConfigError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let invalid = |problem: String| ConfigError::invalid("storage.postgres.ca", problem);
            let failed = |error: &dyn std::fmt::Display| {
                invalid(format!("cannot read {}: {error}", path.display()))
            };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?
            {
                let certificate = certificate.map_err(|error| failed(&error))?;
                roots.add(certificate).map_err(|error| failed(&error))?;
            }
            if roots.is_empty() {
                return Err(invalid(format!("{} has no certificate", path.display())));
            }
        }
        None => {
            // What cannot be read is missing when a server's certificate is verified, and the error says so then.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::invalid("storage.postgres", error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Makes what the database lacks, in one transaction.
pub(super) async fn migrate(pool: &Pool, now: UnixTime) -> Result<Epoch, ConfigError> {
    let unusable = |error: &(dyn std::error::Error + 'static)| {
        ConfigError::invalid("storage.postgres.url", Causes(error).to_string())
    };
    let mut client = pool.get().await.map_err(|error| unusable(&error))?;
    let random = random_bytes().map_err(|error| unusable(&error))?;
    let new = Epoch::new(u64::from_ne_bytes(random), now);
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match bring_up(&mut client, new).await {
        Ok(Ok(epoch)) => Ok(epoch),
        Ok(Err(Newer(version))) => Err(ConfigError::invalid(
            "storage.postgres.url",
            format!(
                "the database has version {version}, and this program knows versions up to {known}"
            ),
        )),
        Err(error) => Err(unusable(&error)),
    }
}

/// A later version of this program has written there.
struct Newer(i64);

async fn bring_up(
    client: &mut Client,
    new: Epoch,
) -> Result<Result<Epoch, Newer>, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(MIGRATE).await?;
    let version = transaction
        .query_one("SELECT coalesce(max(version), 0) FROM fapi_migration", &[])
        .await?
        .try_get(0)?;
    let missing = usize::try_from(version)
        .ok()
        .and_then(|version| MIGRATIONS.get(version..));
    let Some(missing) = missing else {
        return Ok(Err(Newer(version)));
    };
    for (migration, version) in missing.iter().zip(version.saturating_add(1)..) {
        transaction.batch_execute(migration).await?;
        let note = "INSERT INTO fapi_migration (version) VALUES ($1)";
        transaction.execute(note, &[&version]).await?;
    }
    let (id, since) = (new.id().cast_signed(), new.since().as_secs());
    let begin = "INSERT INTO fapi_epoch VALUES (true, $1, $2) ON CONFLICT DO NOTHING";
    transaction.execute(begin, &[&id, &since]).await?;
    let row = transaction
        .query_one("SELECT id, since FROM fapi_epoch", &[])
        .await?;
    let id: i64 = row.try_get(0)?;
    let epoch = Epoch::new(id.cast_unsigned(), UnixTime::from_secs(row.try_get(1)?));
    transaction.commit().await?;
    Ok(Ok(epoch))
}
