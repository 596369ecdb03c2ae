//! Right documents: what they mean, and that they survive a round trip.

use crate::config::*;

/// Every member of the schema. `jwks` stands at a second issuer, as it goes not beside `jwks_uri`.
pub(super) const WHOLE: &str = r#"{
  "resource": "https://api.example.com",
  "audiences": ["https://api.example.com"],
  "origin": "https://api.example.com",
  "issuers": [{
    "issuer": "https://as.example.com",
    "jwks_uri": "https://as.example.com/jwks",
    "token_format": "jwt",
    "revocation": "none",
    "introspection": { "endpoint": "https://as.example.com/introspect", "client_id": "rs",
                       "client_auth": { "private_key_jwt": { "key": {"kty":"EC", "d":"hush-d"}, "alg": "ES256", "kid": "1" } },
                       "signed_response": true, "cache_seconds": 0, "max_in_flight": 64,
                       "opaque_token": { "prefix": "rt_", "length": 46 } }
  }, {
    "issuer": "https://other.example.com/tenant",
    "jwks": { "keys": [ ] },
    "token_format": "any",
    "revocation": "introspect",
    "introspection": { "endpoint": "https://other.example.com/introspect?x=1", "client_id": "rs",
                       "client_auth": { "tls_client_auth": {} } }
  }],
  "dpop": { "required": false, "algs": ["ES256","PS256","EdDSA","Ed25519"],
            "max_age_seconds": 60, "future_seconds": 10,
            "nonce": { "mode": "required", "lifetime_seconds": 120,
                       "keys": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", {"env": "NONCE_KEY"}, {"file": "/run/nonce-key"}] },
            "replay": { "store": "redis", "capacity": 4000000,
                        "per_client_percent": 25, "per_key": 1000000,
                        "after_restart": "accept", "dangerous_replay_handled_elsewhere": false } },
  "token_algs": ["ES256","PS256","EdDSA"],
  "mtls": { "certificate_from": "client-cert", "trusted_hops": 1, "trusted_proxies": ["10.0.0.0/8", "fd00::/8", "0.0.0.0/0", "::/0", "::1/128", "unix"] },
  "rules": [{ "methods": ["POST"], "path": "/payments/{id}", "scopes": ["payments"],
              "authorization_details": { "types": ["payment_initiation"] },
              "acr_values": ["urn:example:loa:3"], "max_age_seconds": 300, "mode": "report_only",
              "issuers": ["https://as.example.com"] },
            { "path": "/healthz", "public": true }],
  "unmatched": "authenticated", "ambiguous_paths": "allow", "preflight": "allow",
  "token_cache_seconds": 31,
  "mode": "report_only",
  "allow_http_loopback": true,
  "redis": { "urls": ["rediss://s1.example.com:26379", "rediss://[::1]:26379/0"], "username": "u", "password": "hush-password",
             "tls": { "ca": {"file": "/ca.pem"}, "client_cert": {"file": "/c.pem"}, "client_key": {"env": "KEY"} },
             "key_prefix": "x:", "connect_timeout_ms": 1, "command_timeout_ms": 2,
             "sentinel": { "master": "main", "username": "s", "password": {"env": "P"} }, "cluster": false },
  "http": { "connect_timeout_ms": 1, "timeout_ms": 2, "max_metadata_bytes": 1024, "max_jwks_bytes": 1025, "max_introspection_bytes": 1026 },
  "envoy": { "cluster": "as", "clusters": [{ "origin": "https://as.example.com", "cluster": "as2" }], "timeout_ms": 3,
             "forward": true, "claim_headers": [{ "claim": "sub", "header": "x-fapi-sub" }],
                   "claim_properties": ["sub"], "signatures": "wasm", "readiness_path": "/ready", "max_paused": 7, "shared_data_key": { "env": "SHARED" } }
}"#;

const SMALLEST: &str = r#"{ "resource": "https://api.example.com", "issuers": [{ "issuer": "https://as.example.com" }] }"#;

#[test]
fn the_whole_document_is_understood() {
    let config = Config::from_json(WHOLE).unwrap();
    assert_eq!(Config::from_slice(WHOLE.as_bytes()).unwrap(), config);

    let first = &config.issuers[0];
    let introspection = first.introspection.as_ref().unwrap();
    let ClientAuth::PrivateKeyJwt(jwt) = &introspection.client_auth else {
        panic!("{:?}", introspection.client_auth);
    };
    // The JWK is kept letter for letter.
    let key = PrivateKey::Jwk(r#"{"kty":"EC", "d":"hush-d"}"#.to_owned());
    assert_eq!(jwt.key, key);
    assert_eq!(jwt.alg, Some(AlgorithmName::Es256));
    let second = &config.issuers[1];
    assert_eq!(
        second.jwks.as_ref().unwrap().as_json(),
        r#"{ "keys": [ ] }"#
    );
    assert_eq!(second.token_format, TokenFormat::Any);
    assert_eq!(second.revocation, Revocation::Introspect);

    assert_eq!(config.dpop.algs[3], AlgorithmName::Ed25519);
    assert_eq!(config.dpop.nonce.mode, NonceMode::Required);
    assert_eq!(
        config.dpop.nonce.keys[2],
        Secret::File("/run/nonce-key".to_owned())
    );
    assert_eq!(
        config.dpop.replay.effective_store(),
        Some(ReplayStoreKind::Redis)
    );
    assert_eq!(config.dpop.replay.after_restart, AfterRestart::Accept);
    let mtls = config.mtls.as_ref().unwrap();
    assert_eq!(mtls.certificate_from, CertificateFrom::ClientCert);
    assert_eq!(mtls.trusted_proxies[0].to_string(), "10.0.0.0/8");
    assert_eq!(mtls.trusted_proxies[5], TrustedProxy::Unix);
    assert!(config.rules[1].public);
    assert_eq!(config.rules[0].mode, Some(Mode::ReportOnly));
    assert_eq!(config.effective_unmatched(), Unmatched::Authenticated);
    assert_eq!(config.effective_token_algs().len(), 3);
}

#[test]
fn defaults_are_those_of_the_schema() {
    let config = Config::from_json(SMALLEST).unwrap();
    assert_eq!(
        config.effective_audiences().collect::<Vec<_>>(),
        ["https://api.example.com"]
    );
    assert!(config.dpop.required);
    assert_eq!(config.dpop.algs, AlgorithmName::DEFAULT);
    assert_eq!(config.effective_token_algs(), AlgorithmName::DEFAULT);
    assert_eq!(
        (config.dpop.max_age_seconds, config.dpop.future_seconds),
        (60, 10)
    );
    assert_eq!(config.dpop.nonce.mode, NonceMode::Off);
    assert_eq!(config.dpop.nonce.lifetime_seconds, 120);
    let replay = &config.dpop.replay;
    assert_eq!(replay.effective_store(), Some(ReplayStoreKind::Memory));
    assert_eq!(
        (replay.capacity, replay.per_client_percent),
        (4_000_000, 25)
    );
    assert_eq!(replay.effective_per_key(), 1_000_000);
    assert_eq!(replay.after_restart, AfterRestart::Challenge);
    assert!(!replay.dangerous_replay_handled_elsewhere);
    assert_eq!(config.token_cache_seconds, 30);
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(config.preflight, Preflight::Refuse);
    assert_eq!(config.ambiguous_paths, AmbiguousPaths::Refuse);
    assert_eq!(config.effective_unmatched(), Unmatched::Authenticated);
    assert_eq!(config.issuers[0].token_format, TokenFormat::Jwt);
    assert_eq!(config.issuers[0].revocation, Revocation::None);
    assert!(!config.allow_http_loopback);

    // Whatever is left out of a part has the part's default too.
    let parts = SMALLEST.replace("] }", r#"], "dpop": {"nonce": {}, "replay": {}}, "mtls": {}, "redis": {}, "http": {}, "envoy": {}, "rules": [] }"#);
    let parts = Config::from_json(&parts).unwrap();
    assert_eq!(parts.dpop, DpopConfig::default());
    assert_eq!(parts.mtls, Some(MtlsConfig::default()));
    assert_eq!(parts.mtls.unwrap().certificate_from, CertificateFrom::Tls);
    assert_eq!(parts.redis, Some(RedisConfig::default()));
    assert_eq!(parts.http, Some(HttpConfig::default()));
    assert_eq!(parts.envoy, Some(EnvoyConfig::default()));

    let ruled = SMALLEST.replace("] }", r#"], "rules": [{"path": "/a"}] }"#);
    let ruled = Config::from_json(&ruled).unwrap();
    assert_eq!(ruled.effective_unmatched(), Unmatched::Deny);
}

/// What a document looks like whose every value is the default or an ordinary one.
const ORDINARY: &str = r#"{
  "resource": "https://api.example.com",
  "audiences": ["https://api.example.com"],
  "origin": "https://api.example.com",
  "issuers": [{
    "issuer": "https://as.example.com",
    "jwks_uri": "https://as.example.com/jwks",
    "token_format": "jwt",
    "revocation": "none",
    "introspection": { "endpoint": "https://as.example.com/introspect", "client_id": "rs",
                       "client_auth": { "private_key_jwt": { "key": { "kty": "EC" } } },
                       "signed_response": true, "cache_seconds": 0, "max_in_flight": 64,
                       "opaque_token": { "prefix": "rt_", "length": 46 } }
  }],
  "dpop": { "required": true, "algs": ["ES256","PS256","EdDSA"],
            "max_age_seconds": 60, "future_seconds": 10,
            "nonce": { "mode": "off", "lifetime_seconds": 120, "keys": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] },
            "replay": { "store": "memory", "capacity": 4000000,
                        "per_client_percent": 25, "per_key": 1000000,
                        "after_restart": "challenge" } },
  "token_algs": ["ES256","PS256","EdDSA"],
  "mtls": { "certificate_from": "tls", "trusted_hops": 1, "trusted_proxies": ["10.0.0.0/8"] },
  "rules": [{ "methods": ["POST"], "path": "/payments/{id}", "scopes": ["payments"],
              "authorization_details": { "types": ["payment_initiation"] },
              "acr_values": ["urn:example:loa:3"], "max_age_seconds": 300, "mode": "enforce" }],
  "unmatched": "deny", "ambiguous_paths": "refuse", "preflight": "refuse",
  "token_cache_seconds": 30,
  "mode": "enforce",
  "allow_http_loopback": false,
  "redis": {}, "http": {}, "envoy": {}
}"#;

#[test]
fn writing_a_default_out_changes_nothing() {
    let mut written = Config::from_json(ORDINARY).unwrap();
    assert_eq!(
        written.issuers[0]
            .introspection
            .as_ref()
            .unwrap()
            .max_in_flight,
        64
    );
    assert_eq!(written.effective_unmatched(), Unmatched::Deny);
    assert_eq!(
        written.dpop.replay.effective_per_key(),
        ReplayConfig::default().effective_per_key()
    );
    assert_eq!(
        written.dpop.replay.effective_store(),
        ReplayConfig::default().effective_store()
    );
    written.dpop.nonce.keys.clear();
    written.dpop.replay.store = None;
    written.dpop.replay.per_key = None;
    assert_eq!(written.dpop, DpopConfig::default());

    let built = Config::builder("https://api.example.com")
        .issuer("https://as.example.com")
        .build()
        .unwrap();
    assert_eq!(built, Config::from_json(SMALLEST).unwrap());
    assert_eq!(written.token_cache_seconds, built.token_cache_seconds);
    assert_eq!(written.mode, built.mode);
    assert_eq!(written.preflight, built.preflight);
    assert_eq!(written.ambiguous_paths, built.ambiguous_paths);
}

#[test]
fn documents_survive_a_round_trip() {
    for text in [WHOLE, ORDINARY, SMALLEST] {
        let config = Config::from_json(text).unwrap();
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(Config::from_json(&written).unwrap(), config);
        let pretty = serde_json::to_string_pretty(&config).unwrap();
        assert_eq!(Config::from_json(&pretty).unwrap(), config);
    }
}

#[test]
fn loopback_addresses_may_be_http_when_the_document_says_so() {
    for host in [
        "localhost:8080",
        "LOCALHOST",
        "127.0.0.1:1",
        "127.9.9.9",
        "[::1]:65535",
    ] {
        let text = format!(
            r#"{{ "resource": "http://{host}", "allow_http_loopback": true,
                  "issuers": [{{ "issuer": "http://{host}/as", "jwks_uri": "http://{host}/as/jwks" }}] }}"#
        );
        assert!(Config::from_json(&text).is_ok(), "{host}");
    }
}

#[test]
fn secrets_are_not_in_debug_output() {
    let config = Config::from_json(WHOLE).unwrap();
    for shown in [format!("{config:?}"), format!("{config:#?}")] {
        assert!(!shown.contains("hush"), "{shown}");
        assert!(!shown.contains("AAAAAAAA"), "{shown}");
        // Where a secret is kept is no secret.
        assert!(shown.contains("NONCE_KEY"));
        assert!(shown.contains("/run/nonce-key"));
    }
    let inline = PrivateKey::from(Secret::Inline("hush".to_owned()));
    assert_eq!(format!("{inline:?}"), "Secret(Inline(…))");
}

#[test]
fn key_sets_keep_duplicate_members_for_their_own_parser() {
    let text = r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example",
        "jwks": {"keys":[{"kty":"EC","kty":"RSA"}]} }] }"#;
    let config = Config::from_json(text).unwrap();
    let jwks = config.issuers[0].jwks.as_ref().unwrap();
    assert_eq!(jwks.as_json(), r#"{"keys":[{"kty":"EC","kty":"RSA"}]}"#);
    assert_eq!(format!("{jwks:?}"), "JwkSetDocument(35 bytes)");
}
