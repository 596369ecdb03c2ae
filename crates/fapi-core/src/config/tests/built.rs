//! The builder makes what the document says.

use super::documents::WHOLE;
use crate::config::*;

#[test]
fn the_builder_equals_the_document() {
    let mut key = PrivateKeyJwt::new(PrivateKey::Jwk(r#"{"kty":"EC", "d":"hush-d"}"#.to_owned()));
    key.alg = Some(AlgorithmName::Es256);
    key.kid = Some("1".to_owned());
    let mut first = IntrospectionConfig::new("https://as.example.com/introspect", "rs", key.into());
    first.opaque_token = Some(OpaqueToken {
        prefix: Some("rt_".to_owned()),
        length: Some(46),
    });
    let second = IntrospectionConfig::new(
        "https://other.example.com/introspect?x=1",
        "rs",
        ClientAuth::TlsClientAuth(TlsClientAuth::default()),
    );
    let mut sentinel = RedisSentinel::new("main");
    sentinel.username = Some("s".to_owned());
    sentinel.password = Some(Secret::Env("P".to_owned()));

    let mut built = Config::builder("https://api.example.com")
        .audience("https://api.example.com")
        .origin("https://api.example.com")
        .issuer(
            IssuerConfig::new("https://as.example.com")
                .jwks_uri("https://as.example.com/jwks")
                .introspection(first),
        )
        .issuer(
            IssuerConfig::new("https://other.example.com/tenant")
                .jwks(r#"{ "keys": [ ] }"#)
                .token_format(TokenFormat::Any)
                .revocation(Revocation::Introspect)
                .introspection(second),
        )
        .dpop_or_mtls()
        .dpop_algs([
            AlgorithmName::Es256,
            AlgorithmName::Ps256,
            AlgorithmName::EdDsa,
            AlgorithmName::Ed25519,
        ])
        .max_age_seconds(60)
        .future_seconds(10)
        .nonce(
            NonceConfig::required()
                .lifetime_seconds(120)
                .key(Secret::Inline("A".repeat(43)))
                .key(Secret::Env("NONCE_KEY".to_owned()))
                .key(Secret::File("/run/nonce-key".to_owned())),
        )
        .replay_store(ReplayStoreKind::Redis)
        .replay_capacity(4_000_000)
        .token_algs(AlgorithmName::DEFAULT)
        .mtls(MtlsConfig {
            certificate_from: CertificateFrom::ClientCert,
            trusted_hops: 1,
            trusted_proxies: [
                "10.0.0.0/8",
                "fd00::/8",
                "0.0.0.0/0",
                "::/0",
                "::1/128",
                "unix",
            ]
            .map(|text| text.parse().unwrap())
            .to_vec(),
        })
        .rule(
            Rule::new("/payments/{id}")
                .methods(["POST"])
                .scopes(["payments"])
                .authorization_details(["payment_initiation"])
                .acr_values(["urn:example:loa:3"])
                .max_age_seconds(300)
                .mode(Mode::ReportOnly)
                .issuers(["https://as.example.com"]),
        )
        .rule(Rule::public("/healthz"))
        .unmatched(Unmatched::Authenticated)
        .ambiguous_paths(AmbiguousPaths::Allow)
        .preflight(Preflight::Allow)
        .token_cache_seconds(31)
        .mode(Mode::ReportOnly)
        .dangerous_allow_http_loopback()
        .redis(RedisConfig {
            urls: Some(vec![
                "rediss://s1.example.com:26379".to_owned(),
                "rediss://[::1]:26379/0".to_owned(),
            ]),
            username: Some("u".to_owned()),
            password: Some(Secret::Inline("hush-password".to_owned())),
            tls: Some(RedisTls {
                ca: Some(Secret::File("/ca.pem".to_owned())),
                client_cert: Some(Secret::File("/c.pem".to_owned())),
                client_key: Some(Secret::Env("KEY".to_owned())),
            }),
            key_prefix: "x:".to_owned(),
            connect_timeout_ms: 1,
            command_timeout_ms: 2,
            sentinel: Some(sentinel),
            ..RedisConfig::default()
        })
        .http(HttpConfig {
            connect_timeout_ms: 1,
            timeout_ms: 2,
            max_metadata_bytes: 1024,
            max_jwks_bytes: 1025,
            max_introspection_bytes: 1026,
        })
        .envoy(EnvoyConfig {
            cluster: Some("as".to_owned()),
            clusters: vec![EnvoyCluster::new("https://as.example.com", "as2")],
            timeout_ms: 3,
            forward: true,
            claim_headers: vec![ClaimHeader::new("sub", "x-fapi-sub")],
            claim_properties: vec!["sub".to_owned()],
            signatures: EnvoySignatures::Wasm,
            readiness_path: Some("/ready".to_owned()),
            max_paused: 7,
            shared_data_key: Some(Secret::Env("SHARED".to_owned())),
        })
        .build()
        .unwrap();
    built.dpop.replay.after_restart = AfterRestart::Accept;
    built.dpop.replay.per_key = Some(1_000_000);
    assert_eq!(built, Config::from_json(WHOLE).unwrap());
}

#[test]
fn several_origins_equal_the_document() {
    let built = Config::builder("https://api.example.com")
        .issuer("https://as.example.com")
        .origins([
            OriginConfig::new("https://api.example.com").path_prefix("/svc2"),
            OriginConfig::new("https://b.example.com:8443")
                .resource("https://b.example.com/r")
                .audience("b"),
        ])
        .dangerous_replay_handled_elsewhere()
        .build()
        .unwrap();
    let read = Config::from_json(
        r#"{ "resource": "https://api.example.com", "issuers": [{ "issuer": "https://as.example.com" }],
             "origins": [{ "origin": "https://api.example.com", "path_prefix": "/svc2" },
                         { "origin": "https://b.example.com:8443", "resource": "https://b.example.com/r", "audiences": ["b"] }],
             "dpop": { "replay": { "dangerous_replay_handled_elsewhere": true } } }"#,
    );
    assert_eq!(Ok(&built), read.as_ref());
    assert_eq!(built.dpop.replay.effective_store(), None);
}

#[test]
fn the_builder_finds_what_the_document_finds() {
    let without_issuer = Config::builder("https://api.example.com").build();
    assert_eq!(without_issuer.unwrap_err().path(), "issuers");

    let text_is_no_json = Config::builder("https://api.example.com")
        .issuer(IssuerConfig::new("https://as.example.com").jwks("{keys"))
        .build();
    assert_eq!(text_is_no_json.unwrap_err().path(), "issuers[0].jwks");

    let ambiguous_network = Config::builder("https://api.example.com")
        .issuer("https://as.example.com")
        .mtls(MtlsConfig {
            trusted_proxies: vec![TrustedProxy::Network {
                address: [10, 0, 0, 1].into(),
                prefix: 8,
            }],
            ..MtlsConfig::default()
        })
        .build();
    let path = ambiguous_network.unwrap_err().path().to_owned();
    assert_eq!(path, "mtls.trusted_proxies[0]");
}

#[test]
fn later_layers_make_errors_of_the_same_form() {
    let error = ConfigError::invalid("dpop.max_age_seconds", "must be odd");
    assert_eq!(
        error.to_string(),
        "configuration: dpop.max_age_seconds: must be odd"
    );
    assert_eq!(error.kind(), ConfigErrorKind::Invalid);
    let error = ConfigError::not_supported("mtls");
    assert_eq!(error.to_string(), "configuration: mtls: not supported yet");
    assert_eq!(error.kind(), ConfigErrorKind::NotSupported);
    let error = ConfigError::missing("redis.url", "two\nlines\u{2028}");
    assert_eq!(
        error.to_string(),
        r"configuration: redis.url: two\nlines\u{2028}"
    );
    assert_eq!(
        (error.kind(), error.problem()),
        (ConfigErrorKind::Missing, r"two\nlines\u{2028}")
    );
}
