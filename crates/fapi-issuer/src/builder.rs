//! How an issuer is put together.

use std::fmt;
use std::sync::Arc;

use fapi_core::UnixTime;
use fapi_core::config::{ConfigError, DpopConfig, ReplayStoreKind};
use fapi_core::dpop::Origin;
use fapi_crypto::SigningKey;
use http::HeaderValue;
use serde_json::{Map, Value};

use crate::authorization::{DetailTypes, common_members_are_right};
use crate::certificate::{Certificates, MtlsConfig};
use crate::client::{
    Client, Clients, GrantType, Registration, RegistrationConfig, RemoteKeySets, check_capabilities,
};
use crate::clock::{Clock, elapsed_on, monotonic, system_time};
use crate::config::Config;
use crate::interaction::{Interaction, Pages, User};
use crate::issuer::{ASSERTION_LIFETIME_SECONDS, Endpoints, Issuer, Lifetimes, Parts};
use crate::keys::{KeptKeys, RotationError, SigningKeys};
use crate::limit::RateLimits;
use crate::measure;
use crate::metadata::{Facts, metadata};
use crate::resource_server::{ResourceServer, ResourceServers};
use crate::secret;
use crate::sender::{Endpoint, SenderCheck};
use crate::storage::{Capacity, Storage, StorageConfig};
use crate::uri::{Http, IssuerUri};
use crate::userinfo::UserInfo;
use crate::uses::Uses;

/// Makes an [`Issuer`]; the methods are named as the members of [`Config`]. What is not called keeps its default.
#[must_use = "a builder does nothing until `build` is called"]
pub struct IssuerBuilder {
    config: Config,
    keys: Vec<SigningKey>,
    clock: Option<Arc<Clock>>,
    interaction: Option<Arc<dyn Interaction>>,
    detail_types: DetailTypes,
}

/// Begins with a document, to which more can be added.
impl From<Config> for IssuerBuilder {
    fn from(config: Config) -> Self {
        Self::new(config)
    }
}

impl IssuerBuilder {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            keys: Vec::new(),
            clock: None,
            interaction: None,
            detail_types: DetailTypes::default(),
        }
    }

    /// Adds a signing key. The first one signs, all are published.
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Lets a user log in at the built-in pages.
    pub fn user(mut self, user: User) -> Self {
        self.config.users.push(user);
        self
    }

    /// Registers a client.
    pub fn client(mut self, client: Client) -> Self {
        self.config.clients.push(client);
        self
    }

    /// Registers a resource server, which may ask about tokens.
    pub fn resource_server(mut self, server: ResourceServer) -> Self {
        self.config.resource_servers.push(server);
        self
    }

    /// Lets whoever has a token register clients over the net.
    pub fn registration(mut self, registration: RegistrationConfig) -> Self {
        self.config.registration = Some(registration);
        self
    }

    /// The `aud` of tokens for clients that have no audiences of their own.
    pub fn default_audience(mut self, audience: impl Into<String>) -> Self {
        self.config.default_audience = Some(audience.into());
        self
    }

    /// How long access tokens are valid, in seconds, 1 to 86400.
    pub fn access_token_lifetime_seconds(mut self, seconds: u32) -> Self {
        self.config.access_token_lifetime_seconds = seconds;
        self
    }

    /// Where everything is kept that outlives a request.
    pub fn storage(mut self, storage: StorageConfig) -> Self {
        self.config.storage = storage;
        self
    }

    /// How many opaque access tokens are kept in memory, and how many revoked JWTs are remembered, 1 to 10000000.
    pub fn token_capacity(mut self, tokens: u32) -> Self {
        self.config.token_capacity = tokens;
        self
    }

    /// How DPoP proofs are checked, and the memory of used proofs and client assertions.
    pub fn dpop(mut self, dpop: DpopConfig) -> Self {
        self.config.dpop = dpop;
        self
    }

    /// Lets scripts of this web origin call the endpoints that are no pages.
    pub fn cors_origin(mut self, origin: impl Into<String>) -> Self {
        self.config.cors_origins.push(origin.into());
        self
    }

    /// Lets the issuer identifier be http on a loopback address (`allow_http_loopback: true`). For development and
    /// tests: nothing on the way is encrypted.
    pub fn dangerous_allow_http_loopback(mut self) -> Self {
        self.config.allow_http_loopback = true;
        self
    }

    /// Tells the issuer the time. For tests that must not wait; the default is the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Who may log in, and what the pages look like. Default: the users and pages of the configuration.
    pub fn interaction(mut self, interaction: impl Interaction + 'static) -> Self {
        self.interaction = Some(Arc::new(interaction));
        self
    }

    /// Adds a type of authorization details (RFC 9396), and what tells whether the members of one are right.
    pub fn authorization_details_type(
        mut self,
        name: impl Into<String>,
        check: impl Fn(&Map<String, Value>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.detail_types.add(&name.into(), Arc::new(check));
        self
    }

    /// Builds the issuer: opens its storage, and starts no task.
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path that its field has in the document.
    pub async fn build(self) -> Result<Issuer, ConfigError> {
        let config = &self.config;
        check(config)?;
        let http = if config.allow_http_loopback {
            Http::OnLoopback
        } else {
            Http::Nowhere
        };
        let uri = IssuerUri::parse(&config.issuer, http)?;
        let mut detail_types = self.detail_types;
        for name in &config.authorization_details_types {
            if !detail_types.has(name) {
                detail_types.add(name, Arc::new(common_members_are_right));
            }
        }
        let elapsed = self.clock.clone().map_or_else(monotonic, elapsed_on);
        let clock = self.clock.unwrap_or_else(|| Arc::new(system_time));
        let remote_keys = RemoteKeySets::new(http, elapsed);
        let certificates = match &config.mtls {
            None => None,
            Some(mtls) => Some(Arc::new(Certificates::new(mtls)?)),
        };
        let alias = config.mtls.as_ref().map(MtlsConfig::origin).transpose()?;
        let clients = Clients::new(config, remote_keys, certificates.clone())?;
        let is_client = |client_id: &str| clients.configured(client_id).is_some();
        for (place, user) in config.users.iter().enumerate() {
            // FAPI 2.0 Security Profile §6: nobody is to be mistaken for the other.
            if is_client(&user.sub) {
                let problem = "is a client's identifier";
                return Err(ConfigError::invalid(format!("users[{place}].sub"), problem));
            }
        }
        let resource_servers = ResourceServers::new(&config.resource_servers, is_client)?;
        let registration = Registration::new(config)?;
        let cors_origins = cors_origins(config)?;
        let interaction = match self.interaction {
            Some(interaction) => interaction,
            None => Arc::new(Pages::new(&config.users)?),
        };
        let storage = Storage::open(&config.storage, capacity(config), clock()).await?;
        let nonces = secret::nonce_keys(config, &storage, clock()).await?;
        let sender = SenderCheck::new(&config.dpop, nonces.clone());
        let (keys, kept_keys) = signing_keys(self.keys, config, &storage, clock()).await?;
        for (place, client) in config.clients.iter().enumerate() {
            let at = format!("clients[{place}]");
            check_capabilities(client, &detail_types, &keys.ring(), &at)?;
        }
        let assertion_lifetime =
            i64::from(ASSERTION_LIFETIME_SECONDS).saturating_add(config.dpop.future_seconds.into());
        let proof_lifetime = sender.replay_lifetime_seconds();
        let uses = Uses::new(&config.dpop.replay, proof_lifetime, assertion_lifetime)
            .map_err(|error| ConfigError::invalid("dpop.replay", error.to_string()))?;
        let userinfo = UserInfo::new(config, &uri, alias.as_ref(), &clients, nonces)?;
        measure::describe();
        let mut facts = facts(
            config,
            &uri,
            &clients,
            &sender,
            &detail_types,
            registration.as_ref(),
        );
        facts.mtls = alias.as_ref();
        if let Some(certificates) = &certificates {
            facts.auth_methods.extend(certificates.auth_methods());
        }
        let metadata = metadata(&facts);
        let endpoint = |name| Endpoint::new(&uri, alias.as_ref(), name);
        Ok(Issuer::from_parts(Parts {
            endpoints: Endpoints {
                par: endpoint("par"),
                token: endpoint("token"),
            },
            after_restart: config.dpop.replay.after_restart,
            future_seconds: config.dpop.future_seconds,
            lifetimes: lifetimes(config),
            uri,
            keys,
            kept_keys,
            clients,
            certificates,
            registration,
            resource_servers,
            storage,
            uses,
            limits: RateLimits::new(&config.rate_limits),
            sender,
            userinfo,
            interaction,
            detail_types,
            cors_origins,
            metadata,
            clock,
        }))
    }
}

/// How much is kept where nothing but memory is there to keep it.
fn capacity(config: &Config) -> Capacity {
    let size = |entries: u32| usize::try_from(entries).unwrap_or(usize::MAX);
    Capacity {
        entries: size(config.token_capacity),
        // Proofs and assertions.
        uses: size(config.dpop.replay.capacity).saturating_mul(2),
    }
}

const fn lifetimes(config: &Config) -> Lifetimes {
    Lifetimes {
        pushed_request_seconds: config.pushed_request_lifetime_seconds,
        interaction_seconds: config.interaction_lifetime_seconds,
        session_seconds: config.session_lifetime_seconds,
        code_seconds: config.code_lifetime_seconds,
        access_token_seconds: config.access_token_lifetime_seconds,
        refresh_token_seconds: config.refresh_token_lifetime_seconds,
    }
}

/// What the metadata tells: each thing that some client of the configuration may have.
fn facts<'a>(
    config: &'a Config,
    uri: &'a IssuerUri,
    clients: &'a Clients,
    sender: &SenderCheck,
    detail_types: &'a DetailTypes,
    registration: Option<&'a Registration>,
) -> Facts<'a> {
    let mut scopes: Vec<_> = clients.scopes().values().collect();
    scopes.extend(
        registration
            .iter()
            .flat_map(|registration| registration.scope.values())
            .filter(|value| !clients.scopes().contains(value)),
    );
    // What a client of OpenID Connect looks for before it registers.
    for standard in ["openid", "offline_access"] {
        if !scopes.contains(&standard) {
            scopes.push(standard);
        }
    }
    let mut claims = vec!["sub", "iss", "auth_time", "acr"];
    claims.extend(
        config
            .users
            .iter()
            .flat_map(|user| user.claims.keys().map(String::as_str)),
    );
    let mut acr_values: Vec<_> = config
        .users
        .iter()
        .filter_map(|user| user.acr.as_deref())
        .collect();
    for list in [&mut claims, &mut acr_values] {
        list.sort_unstable();
        list.dedup();
    }
    let servers = config.resource_servers.iter();
    Facts {
        uri,
        scopes,
        grant_types: GrantType::ALL.map(GrantType::name).to_vec(),
        auth_methods: vec!["private_key_jwt"],
        proof_algorithms: sender.algorithms(),
        detail_types: detail_types.names(),
        claims,
        acr_values,
        protected_resources: servers.map(|server| server.resource.as_str()).collect(),
        registration_endpoint: registration.map(|_| uri.endpoint("register")),
        mtls: None,
    }
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerBuilder")
            .field("config", &self.config)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// What neither the types nor the parts check.
fn check(config: &Config) -> Result<(), ConfigError> {
    if !(1..=86_400).contains(&config.access_token_lifetime_seconds) {
        return Err(ConfigError::invalid(
            "access_token_lifetime_seconds",
            "must be between 1 and 86400 seconds",
        ));
    }
    if !(1..=10_000_000).contains(&config.token_capacity) {
        return Err(ConfigError::invalid(
            "token_capacity",
            "must be between 1 and 10000000",
        ));
    }
    for (name, value, allowed) in [
        (
            "pushed_request_lifetime_seconds",
            config.pushed_request_lifetime_seconds,
            5..=599,
        ),
        (
            "interaction_lifetime_seconds",
            config.interaction_lifetime_seconds,
            60..=3600,
        ),
        (
            "code_lifetime_seconds",
            config.code_lifetime_seconds,
            1..=60,
        ),
        (
            "refresh_token_lifetime_seconds",
            config.refresh_token_lifetime_seconds,
            60..=31_536_000,
        ),
        (
            "session_lifetime_seconds",
            config.session_lifetime_seconds,
            60..=86_400,
        ),
    ] {
        if !allowed.contains(&value) {
            let (least, most) = allowed.into_inner();
            let problem = format!("must be between {least} and {most} seconds");
            return Err(ConfigError::invalid(name, problem));
        }
    }
    if config.default_audience.as_deref() == Some("") {
        return Err(ConfigError::invalid(
            "default_audience",
            "must not be empty",
        ));
    }
    let dpop = &config.dpop;
    dpop.validate()?;
    if !dpop.required {
        return Err(ConfigError::invalid(
            "dpop.required",
            "must be true: each token is bound to a DPoP key",
        ));
    }
    match dpop.replay.effective_store() {
        Some(ReplayStoreKind::Memory) => Ok(()),
        Some(ReplayStoreKind::Redis | ReplayStoreKind::Shared) => {
            Err(ConfigError::not_supported("dpop.replay.store"))
        }
        None => Err(ConfigError::not_supported(
            "dpop.replay.dangerous_replay_handled_elsewhere",
        )),
    }
}

/// An origin is compared as text (RFC 6454 §6.2), so only one in its normal form can ever match.
fn cors_origins(config: &Config) -> Result<Vec<HeaderValue>, ConfigError> {
    let origins = config.cors_origins.iter().enumerate();
    origins
        .map(|(place, origin)| {
            Origin::parse(origin)
                .ok()
                .filter(|parsed| parsed.as_str() == origin)
                .and_then(|_| HeaderValue::from_str(origin).ok())
                .ok_or_else(|| {
                    ConfigError::invalid(
                        format!("cors_origins[{place}]"),
                        "must be an origin such as https://app.example.com, in lower case and without a default port",
                    )
                })
        })
        .collect()
}

/// Those of the configuration, else those of the storage, else one that a restart forgets.
async fn signing_keys(
    mut keys: Vec<SigningKey>,
    config: &Config,
    storage: &Storage,
    now: UnixTime,
) -> Result<(SigningKeys, Option<KeptKeys>), ConfigError> {
    for (place, key) in config.signing_keys.iter().enumerate() {
        keys.push(secret::signing_key(key, &format!("signing_keys[{place}]"))?);
    }
    if !keys.is_empty() {
        return Ok((SigningKeys::new(keys)?, None));
    }
    let failed = |error: RotationError| ConfigError::invalid("signing_keys", error.to_string());
    let algorithms = config.made_key_algorithms();
    if matches!(config.storage, StorageConfig::Memory) {
        tracing::warn!(
            "signing_keys is empty: tokens are signed with new keys, which a restart forgets"
        );
        let keys: Result<Vec<_>, _> = algorithms.into_iter().map(SigningKey::generate).collect();
        let keys = keys.map_err(|error| failed(error.into()))?;
        return Ok((SigningKeys::new(keys)?, None));
    }
    let days = i64::from(config.key_rotation_days);
    let rotation = (days > 0).then(|| days.saturating_mul(86_400));
    let kept = KeptKeys::new(
        algorithms,
        rotation,
        lifetimes(config).longest_signed_seconds(),
    );
    let keys = kept.open(storage, now).await.map_err(failed)?;
    Ok((keys, Some(kept)))
}
