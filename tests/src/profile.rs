//! The configurations that cases run under.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{
    AlgorithmName, CertificateFrom, ClientAuth, Config, ConfigBuilder, IntrospectionConfig,
    IssuerConfig, Mode, MtlsConfig, NonceConfig, OriginConfig, Revocation, Rule, Secret,
    TlsClientAuth, TokenFormat,
};
use fapi_core::dpop::Epoch;
use serde_json::{Value, json};
use tower_fapi::testing::UnixTime;

use crate::keys::ODD_KEYS;
use crate::scene::{ALGORITHMS, CAST, ISSUER, OTHER_ISSUER, SILENT_ISSUER, begin};

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
    /// Rules of all kinds, and what no rule is for is denied. Tokens may be opaque.
    Rules,
    /// Introspection responses must be signed.
    SignedIntrospection,
    /// JWTs may have been revoked.
    Revocation,
    /// The issuer's key set has odd ones.
    OddKeys,
    /// The issuers' keys have to be fetched, or fetched again.
    LateKeys,
    /// A proof or a certificate, which the TLS connection has. Tokens may be opaque.
    Tls,
    /// A proof or a certificate, which a proxy in `10.0.0.0/8` writes into `x-forwarded-client-cert`.
    Xfcc,
    /// A proof or a certificate, which a proxy in `10.0.0.0/8` writes into `Client-Cert`.
    ClientCert,
    /// A proof, and where the token says so a certificate beside it.
    TlsAndProof,
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
/// What the issuer calls this resource server as a client.
pub const RS_CLIENT_ID: &str = "rs-1";

impl Profile {
    /// Those that the table is run under.
    pub const ALL: [Self; 20] = [
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
        Self::Rules,
        Self::SignedIntrospection,
        Self::Revocation,
        Self::OddKeys,
        Self::LateKeys,
        Self::Tls,
        Self::Xfcc,
        Self::ClientCert,
        Self::TlsAndProof,
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
            Self::Restarted => Epoch::new(2, begin()),
            Self::Rfc9449 => Epoch::new(3, UnixTime::from_secs(0)),
            _ => Epoch::new(1, begin().plus(-3600)),
        }
    }

    pub fn resource(self) -> &'static str {
        match self {
            Self::Rfc9449 => "https://resource.example.org",
            _ => RESOURCE,
        }
    }

    pub fn takes_opaque_tokens(self) -> bool {
        matches!(
            self,
            Self::Opaque | Self::Rules | Self::SignedIntrospection | Self::Tls | Self::Rfc9449
        )
    }

    /// Whether the issuer is asked about tokens.
    pub fn introspects(self) -> bool {
        self.takes_opaque_tokens() || self == Self::Revocation
    }

    /// The schemes that challenges offer.
    pub fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Tls | Self::Xfcc | Self::ClientCert => &["DPoP", "Bearer"],
            _ => &["DPoP"],
        }
    }

    pub fn config(self) -> Config {
        self.config_for("https://as.example.com")
    }

    /// The configuration with the introspection endpoint at this origin.
    pub fn config_for(self, endpoint: &str) -> Config {
        let builder = Config::builder(self.resource()).issuer(self.first_issuer(endpoint));
        let builder = if endpoint.starts_with("http:") {
            builder.dangerous_allow_http_loopback()
        } else {
            builder
        };
        let builder = match self {
            Self::Default
            | Self::Restarted
            | Self::StoreFull
            | Self::StoreDown
            | Self::Opaque
            | Self::SignedIntrospection
            | Self::Revocation
            | Self::OddKeys
            | Self::Rfc9449 => builder,
            Self::Rules => rules(builder.issuer(CAST.other_issuer.issuer_config())),
            Self::LateKeys => [OTHER_ISSUER, SILENT_ISSUER]
                .into_iter()
                // Nobody gets these before they are asked for.
                .map(|name| IssuerConfig::new(name).jwks(CAST.other_issuer.jwks()))
                .fold(builder, ConfigBuilder::issuer),
            Self::Tls => builder.mtls(MtlsConfig::default()).dpop_or_mtls(),
            Self::Xfcc => builder
                .mtls(from_proxy(CertificateFrom::Xfcc))
                .dpop_or_mtls(),
            Self::ClientCert => builder
                .mtls(from_proxy(CertificateFrom::ClientCert))
                .dpop_or_mtls(),
            Self::TlsAndProof => builder.mtls(MtlsConfig::default()),
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

    fn first_issuer(self, endpoint: &str) -> IssuerConfig {
        let mut keys: Vec<Value> = ALGORITHMS
            .iter()
            .map(|algorithm| CAST.issuer(*algorithm).key().published_jwk())
            .collect();
        if self == Self::OddKeys {
            keys.extend(ODD_KEYS.iter().map(|odd| odd.jwk.clone()));
        }
        let issuer = IssuerConfig::new(ISSUER).jwks(json!({ "keys": keys }).to_string());
        if !self.introspects() {
            return issuer;
        }
        let auth = ClientAuth::TlsClientAuth(TlsClientAuth::default());
        let mut endpoint =
            IntrospectionConfig::new(format!("{endpoint}/introspect"), RS_CLIENT_ID, auth);
        endpoint.signed_response = self == Self::SignedIntrospection;
        let issuer = issuer.introspection(endpoint);
        if self.takes_opaque_tokens() {
            issuer.token_format(TokenFormat::Any)
        } else {
            issuer.revocation(Revocation::Introspect)
        }
    }
}

fn rules(builder: ConfigBuilder) -> ConfigBuilder {
    [
        Rule::new("/accounts").scopes(["accounts"]),
        Rule::new("/payments").methods(["GET"]).scopes(["payments"]),
        Rule::new("/batches").scopes(["payments", "batches"]),
        Rule::new("/transfers")
            .acr_values(["urn:example:loa:3", "urn:example:loa:4"])
            .max_age_seconds(300)
            .scopes(["payments"]),
        Rule::new("/limits").acr_values(["urn:example:loa:3"]),
        Rule::new("/consents").authorization_details(["payment_initiation"]),
        Rule::new("/internal").issuers([OTHER_ISSUER]),
        Rule::new("/reports")
            .scopes(["reports"])
            .mode(Mode::ReportOnly),
        Rule::public("/healthz"),
        Rule::new("/pkg.Svc/Method").scopes(["payments"]),
    ]
    .into_iter()
    .fold(builder, ConfigBuilder::rule)
}

fn from_proxy(header: CertificateFrom) -> MtlsConfig {
    let mut mtls = MtlsConfig::default();
    mtls.certificate_from = header;
    mtls.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    mtls
}
