//! The configurations that cases run under.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{
    AlgorithmName, ClientAuth, Config, IntrospectionConfig, IssuerConfig, NonceConfig,
    OriginConfig, Secret, TlsClientAuth, TokenFormat,
};
use fapi_core::dpop::Epoch;
use serde_json::{Value, json};
use tower_fapi::testing::UnixTime;

use crate::scene::{ALGORITHMS, CAST, ISSUER, NOW, OTHER_ISSUER};

/// A configuration of the host, and the state of its replay store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// One origin, one issuer with a key for each algorithm.
    Default,
    /// Proofs need nonces.
    Nonces,
    /// Several origins; the second is another resource.
    Origins,
    /// A proxy takes `/svc2` off.
    Prefix,
    /// Tokens may be opaque.
    Opaque,
    /// Two issuers; the second has two ES256 keys under one `kid`.
    TwoIssuers,
    /// Only ES256.
    Es256Only,
    /// The store remembers only since now.
    Restarted,
    /// The store is full.
    StoreFull,
    /// The store does not answer.
    StoreDown,
    /// One key may have two live proofs, and one client four.
    SmallQuota,
    /// The resource server of RFC 9449's examples.
    Rfc9449,
}

/// What the replay store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreState {
    Working,
    Full,
    Down,
}

pub const NONCE_KEY: [u8; 32] = [7; 32];
pub const RESOURCE: &str = "https://api.example.com";
pub const SECOND_RESOURCE: &str = "https://api2.example.com";

impl Profile {
    /// Those that the table is run under.
    pub const ALL: [Self; 11] = [
        Self::Default,
        Self::Nonces,
        Self::Origins,
        Self::Prefix,
        Self::Opaque,
        Self::TwoIssuers,
        Self::Es256Only,
        Self::Restarted,
        Self::StoreFull,
        Self::StoreDown,
        Self::SmallQuota,
    ];

    /// What comes before the path in the `htu` of a request for `/…`.
    pub fn public_base(self) -> &'static str {
        match self {
            Self::Prefix => "https://api.example.com/svc2",
            _ => RESOURCE,
        }
    }

    pub fn requires_nonces(self) -> bool {
        self == Self::Nonces
    }

    /// Whether a good request can be accepted at all.
    pub fn accepts_good_requests(self) -> bool {
        self.store() == StoreState::Working && self != Self::SmallQuota
    }

    pub fn store(self) -> StoreState {
        match self {
            Self::StoreFull => StoreState::Full,
            Self::StoreDown => StoreState::Down,
            _ => StoreState::Working,
        }
    }

    /// The identity of the replay store.
    pub fn epoch(self) -> Epoch {
        match self {
            Self::Restarted => Epoch::new(2, NOW),
            Self::Rfc9449 => Epoch::new(3, UnixTime::from_secs(0)),
            _ => Epoch::new(1, NOW.plus(-3600)),
        }
    }

    pub fn resource(self) -> &'static str {
        match self {
            Self::Rfc9449 => "https://resource.example.org",
            _ => RESOURCE,
        }
    }

    pub fn takes_opaque_tokens(self) -> bool {
        matches!(self, Self::Opaque | Self::Rfc9449)
    }

    pub fn config(self) -> Config {
        let builder = Config::builder(self.resource()).issuer(self.first_issuer());
        let builder = match self {
            Self::Default
            | Self::Restarted
            | Self::StoreFull
            | Self::StoreDown
            | Self::Opaque
            | Self::Rfc9449 => builder,
            Self::Nonces => {
                let mut nonce = NonceConfig::required();
                nonce.keys = vec![Secret::Inline(URL_SAFE_NO_PAD.encode(NONCE_KEY))];
                builder.nonce(nonce)
            }
            Self::Origins => builder.origins([
                OriginConfig::new(RESOURCE),
                OriginConfig::new(SECOND_RESOURCE).resource(SECOND_RESOURCE),
                OriginConfig::new("https://127.0.0.1"),
                OriginConfig::new("https://[::1]"),
            ]),
            Self::Prefix => builder.origins([OriginConfig::new(RESOURCE).path_prefix("/svc2")]),
            Self::TwoIssuers => {
                let key = |issuer: &tower_fapi::testing::TestIssuer| {
                    let mut jwk = issuer.key().published_jwk();
                    jwk["kid"] = CAST.issuer(ALGORITHMS[0]).key().kid().into();
                    jwk
                };
                let stranger = CAST.stranger.key().published_jwk();
                let keys = json!({ "keys": [stranger, key(&CAST.other_issuer)] });
                builder.issuer(IssuerConfig::new(OTHER_ISSUER).jwks(keys.to_string()))
            }
            Self::Es256Only => builder
                .dpop_algs([AlgorithmName::Es256])
                .token_algs([AlgorithmName::Es256]),
            Self::SmallQuota => builder.replay_capacity(1024),
        };
        let mut config = builder.build().expect("a valid configuration");
        if self == Self::SmallQuota {
            config.dpop.replay.per_key = Some(2);
            config.dpop.replay.per_client_percent = 1;
            config.validate().expect("still valid");
        }
        config
    }

    fn first_issuer(self) -> IssuerConfig {
        let keys: Vec<Value> = ALGORITHMS
            .iter()
            .map(|algorithm| CAST.issuer(*algorithm).key().published_jwk())
            .collect();
        let issuer = IssuerConfig::new(ISSUER).jwks(json!({ "keys": keys }).to_string());
        if !self.takes_opaque_tokens() {
            return issuer;
        }
        let auth = ClientAuth::TlsClientAuth(TlsClientAuth::default());
        let mut endpoint =
            IntrospectionConfig::new("https://as.example.com/introspect", "rs-1", auth);
        endpoint.signed_response = false;
        issuer
            .token_format(TokenFormat::Any)
            .introspection(endpoint)
    }
}
