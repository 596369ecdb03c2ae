//! Asking issuers about tokens over HTTP (RFC 7662).
//!
//! The address of an introspection endpoint comes from the configuration. Where the process reaches it only through a
//! proxy, or the server has a certificate of a private authority, give [`HttpIntrospectorBuilder::client`] a client that
//! knows: the environment's proxy variables are not looked at. With `tls_client_auth` such a client is needed in any
//! case, because it presents the certificate.
//!
//! ```
//! use fapi_core::config::{IntrospectionConfig, PrivateKeyJwt, Secret, TokenFormat};
//! use tower_fapi::introspect::HttpIntrospector;
//! use tower_fapi::{FapiConfig, IssuerConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::env::temp_dir().join(format!("introspect-doc-{}.jwk", std::process::id()));
//! # let key = fapi_crypto::SigningKey::generate(fapi_core::jose::Algorithm::Es256)?;
//! # std::fs::write(&file, key.to_private_jwk()?.to_string())?;
//! let key = Secret::File(file.display().to_string());
//! let endpoint = IntrospectionConfig::new(
//!     "https://as.example.com/introspect",
//!     "https://api.example.com",
//!     PrivateKeyJwt::new(key).into(),
//! );
//! let config = FapiConfig::builder("https://api.example.com")
//!     .issuer(
//!         IssuerConfig::new("https://as.example.com")
//!             .token_format(TokenFormat::Opaque)
//!             .introspection(endpoint),
//!     )
//!     .build()?;
//! let introspector = HttpIntrospector::new(&config)?;
//! # std::fs::remove_file(&file)?;
//! # drop(introspector);
//! # Ok(())
//! # }
//! ```
//!
//! [The guide](crate::guide::introspection) says what is asked, which answers count, and how long they are used again.

mod cache;
mod client_auth;
mod endpoint;
mod problem;
mod question;

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fapi_core::config::{ClientAuth, Config, ConfigError, HttpConfig};
use fapi_core::{IntrospectionQuery, Unavailable, UnixTime};
use reqwest::{Client, ClientBuilder};

use crate::drive::Clock;
use crate::ports::{Answer, IntrospectionBody, Introspector};
use endpoint::Endpoint;
use question::Questions;

/// Asks the introspection endpoints of a configuration. See the [module's documentation](self).
pub struct HttpIntrospector {
    issuers: Vec<(Box<str>, Arc<Questions>)>,
    client: Client,
    /// What `client` was made of.
    http: HttpConfig,
}

impl HttpIntrospector {
    /// Asks as `config` says, with a client of [`client_builder`].
    ///
    /// # Errors
    ///
    /// As [`HttpIntrospectorBuilder::build`].
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Self::builder(config).build()
    }

    /// Asks as `config` says, with parts of the application's own.
    pub fn builder(config: &Config) -> HttpIntrospectorBuilder<'_> {
        HttpIntrospectorBuilder {
            config,
            before: None,
            client: None,
            clock: None,
        }
    }

    fn of(&self, issuer: &str) -> Option<&Arc<Questions>> {
        self.issuers
            .iter()
            .find(|(name, _)| **name == *issuer)
            .map(|(_, questions)| questions)
    }
}

impl Introspector for HttpIntrospector {
    fn introspect(
        &self,
        query: IntrospectionQuery<'_>,
    ) -> Answer<Result<IntrospectionBody, Unavailable>> {
        match self.of(query.issuer) {
            Some(questions) => questions.ask(query.token),
            None => Answer::Now(Err(Unavailable::retry_after_seconds(60))),
        }
    }
}

impl fmt::Debug for HttpIntrospector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.issuers.iter().map(|(issuer, _)| issuer))
            .finish()
    }
}

/// Puts an [`HttpIntrospector`] together.
#[must_use]
pub struct HttpIntrospectorBuilder<'a> {
    config: &'a Config,
    before: Option<&'a HttpIntrospector>,
    client: Option<Client>,
    clock: Option<Arc<Clock>>,
}

impl<'a> HttpIntrospectorBuilder<'a> {
    /// Goes on with the answers and the questions of `before`, for a configuration that replaces its own.
    pub(crate) fn after(mut self, before: Option<&'a HttpIntrospector>) -> Self {
        self.before = before;
        self
    }

    /// Asks with this client: for a client certificate, a private certificate authority or a proxy.
    ///
    /// Begin with [`client_builder`]. A client that follows redirects sends token and credentials wherever the endpoint
    /// says, before the answer is refused here.
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Takes the time of assertions and of answers used again from here. For tests; the default is the system's clock.
    /// Time-outs do not follow it.
    pub fn clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Builds the introspector. It starts no task and opens no connection.
    ///
    /// # Errors
    ///
    /// The configuration contradicts itself, a private key cannot be read or does not fit its `alg`, or
    /// `tls_client_auth` has no client of the application's (the error names the field), or the system's certificate
    /// authorities cannot be loaded (the error names `http`).
    pub fn build(self) -> Result<HttpIntrospector, ConfigError> {
        let config = self.config;
        config.validate()?;
        refuse_missing_certificate(config, self.client.is_some())?;
        let http = config.http.clone().unwrap_or_default();
        let same = self.before.filter(|before| before.http == http);
        let client = match (same, self.client) {
            (Some(before), _) => before.client.clone(),
            (None, Some(client)) => client,
            (None, None) => client_builder(config).build().map_err(|error| {
                ConfigError::invalid("http", format!("no client: {}", problem::chain(&error)))
            })?,
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(system_time));
        let mut issuers = Vec::new();
        for (place, issuer) in config.issuers.iter().enumerate() {
            let Some(settings) = &issuer.introspection else {
                continue;
            };
            let path = format!("issuers[{place}].introspection");
            let endpoint = Endpoint::new(config, &issuer.issuer, settings, client.clone(), &path)?;
            let before = self.before.and_then(|before| before.of(&issuer.issuer));
            let questions = Questions::new(
                endpoint,
                settings,
                Arc::clone(&clock),
                before.map(|it| &**it),
            );
            issuers.push((issuer.issuer.as_str().into(), Arc::new(questions)));
        }
        Ok(HttpIntrospector {
            issuers,
            client,
            http,
        })
    }
}

impl fmt::Debug for HttpIntrospectorBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpIntrospectorBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// A client as it is used to ask issuers, for an application that adds to it, for instance a client certificate.
///
/// It follows no redirects, uses no proxy, and decompresses nothing, whatever features of `reqwest` are on; a connection
/// is made within `http.connect_timeout_ms`, an exchange ends within `http.timeout_ms`.
pub fn client_builder(config: &Config) -> ClientBuilder {
    crate::keys::client_builder(config)
}

fn refuse_missing_certificate(config: &Config, has_client: bool) -> Result<(), ConfigError> {
    let needs = |settings: &fapi_core::config::IntrospectionConfig| {
        matches!(settings.client_auth, ClientAuth::TlsClientAuth(_))
    };
    let place = config
        .issuers
        .iter()
        .position(|issuer| issuer.introspection.as_ref().is_some_and(needs));
    match place {
        Some(place) if !has_client => Err(ConfigError::invalid(
            format!("issuers[{place}].introspection.client_auth.tls_client_auth"),
            "needs an HTTP client of the application's that presents the certificate",
        )),
        _ => Ok(()),
    }
}

/// The system's clock in whole seconds; before 1970 it says 1970.
fn system_time() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    UnixTime::from_secs(seconds)
}
