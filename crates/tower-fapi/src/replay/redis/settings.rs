//! Turns the configuration into clients of the library.

use std::time::Duration;

use fapi_core::config::{ConfigError, RedisConfig, RedisSentinel, RedisTls, Secret};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo,
    IntoConnectionInfo as _, ProtocolVersion, RedisConnectionInfo, RedisError, TlsCertificates,
    TlsMode,
};

use super::keyspace::Layout;
use super::server::Wire;
use crate::secret;

/// The most requests that wait for Redis at a time. The next one is refused at once: a server that hangs must not
/// gather a queue.
pub(super) const IN_FLIGHT: usize = 1024;

/// Where Redis is, and how it is talked to.
pub(super) struct Settings {
    target: Target,
    pub(super) connect_timeout: Duration,
    pub(super) command_timeout: Duration,
}

enum Target {
    Server(Box<Client>),
    Sentinels(Box<Sentinels>),
    Cluster(Box<ClusterClient>),
}

struct Sentinels {
    addresses: Vec<ConnectionAddr>,
    master: String,
    /// Credentials and database of the servers, and credentials of the sentinels.
    server: RedisConnectionInfo,
    sentinel: RedisConnectionInfo,
    tls: Option<TlsCertificates>,
}

impl Settings {
    pub(super) fn new(config: &RedisConfig) -> Result<Self, ConfigError> {
        let nodes = nodes(config)?;
        let tls = tls(config, &nodes)?;
        if tls.is_some() {
            provide_cryptography();
        }
        let login = login(
            config.username.as_deref(),
            config.password.as_ref(),
            "redis.password",
        )?;
        let connect_timeout = Duration::from_millis(config.connect_timeout_ms.into());
        let command_timeout = Duration::from_millis(config.command_timeout_ms.into());
        let target = if let Some(sentinel) = &config.sentinel {
            sentinels(sentinel, &nodes, login, tls)?
        } else if config.cluster {
            cluster(config, &nodes, login, tls, connect_timeout, command_timeout)?
        } else {
            server(nodes, login, tls.as_ref())?
        };
        Ok(Self {
            target,
            connect_timeout,
            command_timeout,
        })
    }

    pub(super) fn layout(&self) -> Layout {
        match self.target {
            Target::Server(_) | Target::Sentinels(_) => Layout::Single,
            Target::Cluster(_) => Layout::Cluster,
        }
    }

    /// How long a connection may take to be made, the questions asked on it included. Sentinels and the nodes of a
    /// cluster are several connections after one another.
    pub(super) fn attempt_timeout(&self) -> Duration {
        match self.target {
            Target::Server(_) => self.connect_timeout,
            Target::Sentinels(_) | Target::Cluster(_) => self.connect_timeout.saturating_mul(3),
        }
    }

    pub(super) async fn connect(&self) -> Result<Wire, RedisError> {
        // The store itself watches the time of a command; the library does so only where it talks to several nodes.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(IN_FLIGHT);
        match &self.target {
            Target::Server(client) => client
                .get_multiplexed_async_connection_with_config(&config)
                .await
                .map(Wire::Server),
            Target::Sentinels(sentinels) => sentinels.connect(&config).await.map(Wire::Server),
            Target::Cluster(client) => client.get_async_connection().await.map(Wire::Cluster),
        }
    }
}

impl Sentinels {
    /// Asks the sentinels anew where the primary is.
    async fn connect(
        &self,
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, RedisError> {
        let mut builder = SentinelClientBuilder::new(
            self.addresses.iter().cloned(),
            &self.master,
            SentinelServerType::Master,
        )?
        .set_client_to_redis_protocol(ProtocolVersion::RESP2)
        .set_client_to_sentinel_protocol(ProtocolVersion::RESP2)
        .set_client_to_redis_db(self.server.db());
        if let Some(username) = self.server.username() {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = self.server.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(username) = self.sentinel.username() {
            builder = builder.set_client_to_sentinel_username(username);
        }
        if let Some(password) = self.sentinel.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if let Some(tls) = &self.tls {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(tls.clone())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(tls.clone());
        }
        builder
            .build()?
            .get_async_connection_with_config(config)
            .await
    }
}

/// The addresses in the configuration.
fn nodes(config: &RedisConfig) -> Result<Vec<ConnectionInfo>, ConfigError> {
    let parse = |path: String, url: &str| {
        url.into_connection_info()
            .map_err(|_| ConfigError::invalid(path, "is no address of a Redis server"))
    };
    let several = config.sentinel.is_some() || config.cluster;
    match (&config.url, config.urls.as_deref()) {
        (Some(url), None) => Ok(vec![parse("redis.url".to_owned(), url)?]),
        (None, Some([_, _, ..])) if !several => Err(ConfigError::invalid(
            "redis.urls",
            "several servers need `sentinel` or `cluster`",
        )),
        (None, Some(urls)) if !urls.is_empty() => urls
            .iter()
            .enumerate()
            .map(|(place, url)| parse(format!("redis.urls[{place}]"), url))
            .collect(),
        _ => Err(ConfigError::missing(
            "redis.url",
            "the replay store needs a server",
        )),
    }
}

fn is_tls(node: &ConnectionInfo) -> bool {
    matches!(node.addr(), ConnectionAddr::TcpTls { .. })
}

/// Certificates, if the addresses are `rediss://`.
fn tls(
    config: &RedisConfig,
    nodes: &[ConnectionInfo],
) -> Result<Option<TlsCertificates>, ConfigError> {
    if nodes.iter().any(is_tls) != nodes.iter().all(is_tls) {
        return Err(ConfigError::invalid(
            "redis.urls",
            "must be all redis:// or all rediss://",
        ));
    }
    match (&config.tls, nodes.iter().all(is_tls)) {
        (None, false) => Ok(None),
        (Some(_), false) => Err(ConfigError::invalid(
            "redis.tls",
            "goes with addresses that begin with rediss://",
        )),
        (None, true) => certificates(&RedisTls::default()).map(Some),
        (Some(tls), true) => certificates(tls).map(Some),
    }
}

fn certificates(tls: &RedisTls) -> Result<TlsCertificates, ConfigError> {
    let pem = |secret: &Secret, path| secret::text(secret, path).map(String::into_bytes);
    let client_tls = match (&tls.client_cert, &tls.client_key) {
        (Some(cert), Some(key)) => Some(ClientTlsConfig {
            client_cert: pem(cert, "redis.tls.client_cert")?,
            client_key: pem(key, "redis.tls.client_key")?,
        }),
        (None, None) => None,
        _ => {
            return Err(ConfigError::missing(
                "redis.tls",
                "`client_cert` and `client_key` go together",
            ));
        }
    };
    let root_cert = match &tls.ca {
        Some(ca) => Some(pem(ca, "redis.tls.ca")?),
        None => None,
    };
    Ok(TlsCertificates {
        client_tls,
        root_cert,
    })
}

/// The library takes the cryptography of TLS from a process-wide place, and panics where nobody has filled it and the
/// build has several to choose from. Whoever fills it first wins.
fn provide_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error says that another thread has just done it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

fn login(
    username: Option<&str>,
    password: Option<&Secret>,
    path: &str,
) -> Result<RedisConnectionInfo, ConfigError> {
    let mut info = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2);
    if let Some(username) = username {
        info = info.set_username(username);
    }
    if let Some(password) = password {
        info = info.set_password(secret::text(password, path)?);
    }
    Ok(info)
}

fn server(
    nodes: Vec<ConnectionInfo>,
    login: RedisConnectionInfo,
    tls: Option<&TlsCertificates>,
) -> Result<Target, ConfigError> {
    let Some(node) = nodes.into_iter().next() else {
        return Err(ConfigError::missing("redis.url", "a server is needed"));
    };
    let database = node.redis_settings().db();
    let node = node.set_redis_settings(login.set_db(database));
    match tls {
        Some(tls) => Client::build_with_tls(node, tls.clone()),
        None => Client::open(node),
    }
    .map(|client| Target::Server(Box::new(client)))
    .map_err(|error| unusable(&error))
}

fn sentinels(
    config: &RedisSentinel,
    nodes: &[ConnectionInfo],
    login: RedisConnectionInfo,
    tls: Option<TlsCertificates>,
) -> Result<Target, ConfigError> {
    let database = nodes.first().map_or(0, |node| node.redis_settings().db());
    Ok(Target::Sentinels(Box::new(Sentinels {
        addresses: nodes.iter().map(|node| node.addr().clone()).collect(),
        master: config.master.clone(),
        server: login.set_db(database),
        sentinel: self::login(
            config.username.as_deref(),
            config.password.as_ref(),
            "redis.sentinel.password",
        )?,
        tls,
    })))
}

fn cluster(
    config: &RedisConfig,
    nodes: &[ConnectionInfo],
    login: RedisConnectionInfo,
    tls: Option<TlsCertificates>,
    connect_timeout: Duration,
    command_timeout: Duration,
) -> Result<Target, ConfigError> {
    if config.key_prefix.contains('{') {
        let problem = "must not contain `{` in a cluster: it would begin the hash tag";
        return Err(ConfigError::invalid("redis.key_prefix", problem));
    }
    if nodes.iter().any(|node| node.redis_settings().db() != 0) {
        let problem = "a cluster has only the database 0";
        return Err(ConfigError::invalid("redis.urls", problem));
    }
    let nodes = nodes
        .iter()
        .map(|node| node.clone().set_redis_settings(login.clone()));
    // A write that is sent a second time finds the first one, and an honest request would be called a replay: so the
    // library must not retry.
    let mut builder = ClusterClient::builder(nodes)
        .use_protocol(ProtocolVersion::RESP2)
        .retries(0)
        .connection_timeout(connect_timeout)
        .response_timeout(command_timeout);
    if let Some(tls) = tls {
        builder = builder.tls(TlsMode::Secure).certs(tls);
    }
    builder
        .build()
        .map(|client| Target::Cluster(Box::new(client)))
        .map_err(|error| unusable(&error))
}

fn unusable(error: &RedisError) -> ConfigError {
    ConfigError::invalid("redis", error.to_string())
}
