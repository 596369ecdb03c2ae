//! Wrong documents: the path of the wrong field, and what is said about it.

use crate::config::{Config, ConfigErrorKind};

/// What stands around the wrong members of a row.
enum In {
    /// Nothing: the row is the document.
    Document,
    /// A document that is right but for these members.
    Config,
    /// Its first issuer.
    Issuer,
    /// The first issuer's introspection.
    Introspection,
    /// The first rule.
    Rule,
}
use In::*;

fn document(place: &In, text: &str) -> String {
    const RESOURCE: &str = r#""resource": "https://api.example.com""#;
    const ISSUER: &str = r#""issuer": "https://as.example.com""#;
    match place {
        Document => text.to_owned(),
        Config => format!("{{ {RESOURCE}, \"issuers\": [{{ {ISSUER} }}], {text} }}"),
        Issuer => format!("{{ {RESOURCE}, \"issuers\": [{{ {ISSUER}, {text} }}] }}"),
        Introspection => format!(
            r#"{{ {RESOURCE}, "issuers": [{{ {ISSUER}, "introspection": {{
                 "endpoint": "https://as.example.com/introspect", "client_id": "rs", {text} }} }}] }}"#
        ),
        Rule => {
            format!("{{ {RESOURCE}, \"issuers\": [{{ {ISSUER} }}], \"rules\": [{{ {text} }}] }}")
        }
    }
}

/// Where, the wrong text, the path of the error, a part of its message.
#[rustfmt::skip] // One row a line.
const ROWS: &[(In, &str, &str, &str)] = &[
    // Not JSON.
    (Document, "", "", "not JSON: EOF while parsing a value (line 1, column 0)"),
    (Document, "{\n  // comment\n}", "", "not JSON: key must be a string (line 2, column 3)"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example" }] } x"#, "", "trailing characters"),
    (Config, r#""mode": "enforce","#, "", "not JSON: trailing comma"),
    (Config, r#""dpop": { "max_age_seconds": 06 }"#, "dpop.max_age_seconds", "not JSON: invalid number"),
    // Unknown members, at several depths.
    (Config, r#""dpopp": {}"#, "dpopp", "unknown member, expected one of `resource`, `audiences`, `origin`"),
    (Config, r#""$schema": "x""#, "$schema", "unknown member"),
    (Config, r#""two\nlines": 1"#, r"two\nlines", "unknown member, expected one of"),
    (Config, r#""dpop": { "max_age": 60 }"#, "dpop.max_age", "`max_age_seconds`, `future_seconds`"),
    (Config, r#""dpop": { "replay": { "size": 1 } }"#, "dpop.replay.size", "`capacity`"),
    (Config, r#""origins": [{ "origin": "https://a.example", "prefix": "/a" }]"#, "origins[0].prefix", "`path_prefix`"),
    (Issuer, r#""jwks_url": "https://as.example.com/jwks""#, "issuers[0].jwks_url", "`jwks_uri`"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": {"env": "K"}, "algo": "ES256" } }"#, "issuers[0].introspection.client_auth.private_key_jwt.algo", "`alg`"),
    (Introspection, r#""client_auth": { "tls_client_auth": { "cert": 1 } }"#, "issuers[0].introspection.client_auth.tls_client_auth.cert", "there are no fields"),
    (Rule, r#""path": "/a", "authorization_details": { "type": [] }"#, "rules[0].authorization_details.type", "`types`"),
    (Config, r#""redis": { "tls": { "insecure": true } }"#, "redis.tls.insecure", "`client_cert`"),
    // Missing members.
    (Document, "{}", "resource", "this member is required"),
    (Document, r#"{ "resource": "https://a.example" }"#, "issuers", "this member is required"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{}] }"#, "issuers[0].issuer", "this member is required"),
    (Introspection, r#""cache_seconds": 1"#, "issuers[0].introspection.client_auth", "this member is required"),
    (Introspection, r#""client_auth": { "private_key_jwt": {} }"#, "issuers[0].introspection.client_auth.private_key_jwt.key", "this member is required"),
    (Rule, r#""scopes": ["a"]"#, "rules[0].path", "this member is required"),
    (Config, r#""origins": [{}]"#, "origins[0].origin", "this member is required"),
    (Config, r#""envoy": { "claim_headers": [{ "claim": "sub" }] }"#, "envoy.claim_headers[0].header", "this member is required"),
    // The same member twice.
    (Config, r#""resource": "https://api.example.com""#, "resource", "stands here twice"),
    (Config, r#""dpop": { "nonce": { "mode": "off", "mode": "required" } }"#, "dpop.nonce.mode", "stands here twice"),
    (Issuer, r#""issuer": "https://evil.example""#, "issuers[0].issuer", "stands here twice"),
    (Issuer, r#""jwks": { "keys": [], "keys": [] }"#, "issuers[0].jwks", "must be a JWK set"),
    // Wrong types.
    (Document, "[]", "", "an object"),
    (Document, r#""text""#, "", "must be an object, not a string"),
    (Config, r#""origins": [["https://a.example", null, null, null]]"#, "origins[0]", "must be an object, not an array"),
    (Config, r#""mtls": []"#, "mtls", "must be an object, not an array"),
    (Config, r#""dpop": { "replay": [] }"#, "dpop.replay", "must be an object, not an array"),
    (Config, r#""rules": [["/a"]]"#, "rules[0][0]", "must be an array, not a string"),
    (Config, r#""dpop": null"#, "dpop", "must be an object, not null"),
    (Config, r#""dpop": { "max_age_seconds": "60" }"#, "dpop.max_age_seconds", "must be an integer from 0 to 4294967295, not a string"),
    (Config, r#""dpop": { "max_age_seconds": -1 }"#, "dpop.max_age_seconds", "must be an integer from 0 to 4294967295"),
    (Config, r#""dpop": { "future_seconds": 1.5 }"#, "dpop.future_seconds", "must be an integer from 0 to 4294967295, not a fraction"),
    (Config, r#""dpop": { "required": "yes" }"#, "dpop.required", "must be a boolean, not a string"),
    (Config, r#""dpop": { "algs": "ES256" }"#, "dpop.algs", "must be an array, not a string"),
    (Config, r#""mode": "report-only""#, "mode", "unknown value, expected `enforce` or `report_only`"),
    (Config, r#""mode": "x\ny""#, "mode", "unknown value, expected `enforce`"),
    (Config, r#""mtls": { "certificate_from": "client_cert" }"#, "mtls.certificate_from", "`client-cert`"),
    (Issuer, r#""jwks": "{}""#, "issuers[0].jwks", "must be a JWK set"),
    (Issuer, r#""jwks": []"#, "issuers[0].jwks", "must be a JWK set"),
    (Issuer, r#""jwks": { "keys": {} }"#, "issuers[0].jwks", "the array `keys`"),
    (Introspection, r#""client_auth": { "client_secret_basic": {} }"#, "issuers[0].introspection.client_auth", "expected `private_key_jwt` or `tls_client_auth`"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": {"env": "K"} }, "tls_client_auth": {} }"#, "issuers[0].introspection.client_auth", "has the wrong type or shape"),
    (Config, r#""mode": 7"#, "mode", "has the wrong type or shape"),
    // A secret in the wrong place is not quoted.
    (Config, r#""dpop": { "nonce": { "keys": "hush" } }"#, "dpop.nonce.keys", "must be an array, not a string"),
    (Config, r#""dpop": { "nonce": { "keys": [["hush"]] } }"#, "dpop.nonce.keys[0]", "or a string, not an array"),
    (Config, r#""redis": "redis://:hush, expected `@r\"""#, "redis", "must be an object, not a string"),
    (Introspection, r#""client_auth": "hush""#, "issuers[0].introspection.client_auth", "unknown value, expected `private_key_jwt`"),
    (Introspection, r#""client_auth": "hush`, expected `""#, "issuers[0].introspection.client_auth", "unknown value, expected `private_key_jwt`"),
    (Introspection, r#""client_auth": { "private_key_jwt": "hush" }"#, "issuers[0].introspection.client_auth.private_key_jwt", "must be an object, not a string"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": ["hush"] } }"#, "issuers[0].introspection.client_auth.private_key_jwt.key", "expected a JWK"),
    // Algorithms.
    (Config, r#""dpop": { "algs": ["ES256", "RS256"] }"#, "dpop.algs[1]", r#""RS256" is not allowed: FAPI 2.0 Security Profile §5.4.1 allows ES256, PS256, EdDSA"#),
    (Config, r#""token_algs": ["none"]"#, "token_algs[0]", "ES256, PS256, EdDSA"),
    (Config, r#""token_algs": ["es256"]"#, "token_algs[0]", r#""es256" is not allowed"#),
    (Config, r#""dpop": { "algs": [] }"#, "dpop.algs", "must not be empty"),
    (Config, r#""dpop": { "algs": ["ES256", "ES256"] }"#, "dpop.algs[1]", "ES256 stands here twice"),
    (Config, r#""token_algs": []"#, "token_algs", "must not be empty"),
    // Resource, audiences, origins.
    (Document, r#"{ "resource": "api.example.com", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "begins with https://"),
    (Document, r#"{ "resource": "https://a.example/#x", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "fragment"),
    (Document, r#"{ "resource": "http://localhost", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "http only on loopback"),
    (Document, r#"{ "resource": "https:///a", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "must have a host"),
    (Document, r#"{ "resource": "https://a.example:0", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "port from 1 to 65535"),
    (Document, r#"{ "resource": "https://a.example:", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "port from 1 to 65535"),
    (Document, r#"{ "resource": "https://[::1", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "must have a host"),
    (Document, r#"{ "resource": "https://u:p@a.example", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "user information"),
    (Document, r#"{ "resource": "https://bücher.example", "issuers": [{ "issuer": "https://b.example" }] }"#, "resource", "ASCII"),
    (Config, r#""audiences": []"#, "audiences", "must not be empty"),
    (Config, r#""audiences": ["a", ""]"#, "audiences[1]", "must not be empty"),
    (Config, r#""origin": "https://a.example/""#, "origin", "must be an origin"),
    (Config, r#""origin": "https://a.example", "origins": [{ "origin": "https://a.example" }]"#, "origins", "not beside `origin`"),
    (Config, r#""origins": []"#, "origins", "must not be empty"),
    (Config, r#""origins": [{ "origin": "https://a.example" }, { "origin": "https://A.example:443" }]"#, "origins[1].origin", "stands here twice"),
    (Config, r#""origins": [{ "origin": "https://a.example/x" }]"#, "origins[0].origin", "must be an origin"),
    (Config, r#""origins": [{ "origin": "https://a.example", "resource": "a" }]"#, "origins[0].resource", "https://"),
    (Config, r#""origins": [{ "origin": "https://a.example", "audiences": [] }]"#, "origins[0].audiences", "must not be empty"),
    (Config, r#""origins": [{ "origin": "https://a.example", "path_prefix": "svc" }]"#, "origins[0].path_prefix", "must begin with /"),
    (Config, r#""origins": [{ "origin": "https://a.example", "path_prefix": "/svc/" }]"#, "origins[0].path_prefix", "must not end with /"),
    (Config, r#""origins": [{ "origin": "https://a.example", "path_prefix": "/" }]"#, "origins[0].path_prefix", "must not end with /"),
    // Issuers.
    (Document, r#"{ "resource": "https://a.example", "issuers": [] }"#, "issuers", "must not be empty"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example?x" }] }"#, "issuers[0].issuer", "query"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example#x" }] }"#, "issuers[0].issuer", "fragment"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "http://b.example" }], "allow_http_loopback": true }"#, "issuers[0].issuer", "loopback addresses only"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "http://127.0.0.1.example" }], "allow_http_loopback": true }"#, "issuers[0].issuer", "loopback addresses only"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example" }, { "issuer": "https://b.example" }] }"#, "issuers[1].issuer", "stands here twice"),
    (Issuer, r#""jwks_uri": "http://as.example.com/jwks""#, "issuers[0].jwks_uri", "must be https"),
    (Issuer, r#""jwks_uri": "https://as.example.com/jwks", "jwks": { "keys": [] }"#, "issuers[0].jwks", "not beside `jwks_uri`"),
    (Issuer, r#""token_format": "opaque""#, "issuers[0].introspection", "needed for `token_format`"),
    (Issuer, r#""token_format": "any""#, "issuers[0].introspection", "needed for `token_format`"),
    (Issuer, r#""revocation": "introspect""#, "issuers[0].introspection", "needed for `revocation`"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [
        { "issuer": "https://b.example", "token_format": "opaque", "introspection": { "endpoint": "https://b.example/i", "client_id": "c", "client_auth": { "tls_client_auth": {} } } },
        { "issuer": "https://c.example", "token_format": "any", "introspection": { "endpoint": "https://c.example/i", "client_id": "c", "client_auth": { "tls_client_auth": {} } } }] }"#, "issuers[1].token_format", "at most one issuer"),
    // Introspection.
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example", "introspection": { "endpoint": "/i", "client_id": "c", "client_auth": { "tls_client_auth": {} } } }] }"#, "issuers[0].introspection.endpoint", "https://"),
    (Document, r#"{ "resource": "https://a.example", "issuers": [{ "issuer": "https://b.example", "introspection": { "endpoint": "https://b.example", "client_id": "", "client_auth": { "tls_client_auth": {} } } }] }"#, "issuers[0].introspection.client_id", "must not be empty"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": {"d": "hush"} } }"#, "issuers[0].introspection.client_auth.private_key_jwt.key", r#"expected a JWK with "kty""#),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": 7 } }"#, "issuers[0].introspection.client_auth.private_key_jwt.key", r#"expected a JWK with "kty""#),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": "hush" } }"#, "issuers[0].introspection.client_auth.private_key_jwt.key", "must be a JWK"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": {"env": "A=B"} } }"#, "issuers[0].introspection.client_auth.private_key_jwt.key", "environment variable"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": {"env": "K"}, "alg": "RS256" } }"#, "issuers[0].introspection.client_auth.private_key_jwt.alg", "§5.4.1"),
    (Introspection, r#""client_auth": { "private_key_jwt": { "key": {"env": "K"}, "kid": "" } }"#, "issuers[0].introspection.client_auth.private_key_jwt.kid", "must not be empty"),
    (Introspection, r#""client_auth": { "tls_client_auth": {} }, "cache_seconds": 3601"#, "issuers[0].introspection.cache_seconds", "between 0 and 3600 seconds"),
    (Introspection, r#""client_auth": { "tls_client_auth": {} }, "max_in_flight": 0"#, "issuers[0].introspection.max_in_flight", "between 1 and 65536"),
    (Introspection, r#""client_auth": { "tls_client_auth": {} }, "opaque_token": {}"#, "issuers[0].introspection.opaque_token", "needs `prefix`, `length` or both"),
    (Introspection, r#""client_auth": { "tls_client_auth": {} }, "opaque_token": { "prefix": "a b" }"#, "issuers[0].introspection.opaque_token.prefix", "letters, digits"),
    (Introspection, r#""client_auth": { "tls_client_auth": {} }, "opaque_token": { "length": 16385 }"#, "issuers[0].introspection.opaque_token.length", "between 1 and 16384 bytes"),
    (Introspection, r#""client_auth": { "tls_client_auth": {} }, "opaque_token": { "prefix": "rt_", "length": 3 }"#, "issuers[0].introspection.opaque_token.length", "greater than"),
    // DPoP.
    (Config, r#""dpop": { "required": false }"#, "dpop.required", "only beside `mtls`"),
    (Config, r#""dpop": { "max_age_seconds": 0 }"#, "dpop.max_age_seconds", "must be between 1 and 3600 seconds"),
    (Config, r#""dpop": { "max_age_seconds": 3601 }"#, "dpop.max_age_seconds", "must be between 1 and 3600 seconds"),
    (Config, r#""dpop": { "future_seconds": 61 }"#, "dpop.future_seconds", "between 0 and 60 seconds"),
    (Config, r#""dpop": { "nonce": { "lifetime_seconds": 9 } }"#, "dpop.nonce.lifetime_seconds", "between 10 and 3600 seconds"),
    (Config, r#""dpop": { "nonce": { "keys": ["c2hvcnQ"] } }"#, "dpop.nonce.keys[0]", "at least 32 bytes"),
    (Config, r#""dpop": { "nonce": { "keys": [{"env": "A"}, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] } }"#, "dpop.nonce.keys[1]", "base64url without padding"),
    (Config, r#""dpop": { "nonce": { "keys": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"] } }"#, "dpop.nonce.keys[0]", "base64url without padding"),
    (Config, r#""dpop": { "nonce": { "keys": [""] } }"#, "dpop.nonce.keys[0]", "must not be empty"),
    (Config, r#""dpop": { "replay": { "store": "disk" } }"#, "dpop.replay.store", "`memory`, `redis`, `shared`"),
    (Config, r#""dpop": { "replay": { "store": "memory", "dangerous_replay_handled_elsewhere": true } }"#, "dpop.replay.store", "not beside `dangerous_replay_handled_elsewhere`"),
    (Config, r#""dpop": { "replay": { "capacity": 1023 } }"#, "dpop.replay.capacity", "between 1024 and 2147483648 proofs"),
    (Config, r#""dpop": { "replay": { "capacity": 2147483649 } }"#, "dpop.replay.capacity", "between 1024 and 2147483648 proofs"),
    (Config, r#""dpop": { "replay": { "per_client_percent": 0 } }"#, "dpop.replay.per_client_percent", "between 1 and 100 percent"),
    (Config, r#""dpop": { "replay": { "per_client_percent": 101 } }"#, "dpop.replay.per_client_percent", "between 1 and 100 percent"),
    (Config, r#""dpop": { "replay": { "per_key": 0 } }"#, "dpop.replay.per_key", "between 1 and 4000000"),
    (Config, r#""dpop": { "replay": { "capacity": 2000, "per_key": 2001 } }"#, "dpop.replay.per_key", "between 1 and 2000"),
    (Config, r#""token_cache_seconds": 3601"#, "token_cache_seconds", "between 0 and 3600 seconds"),
    // Mutual TLS.
    (Config, r#""mtls": { "trusted_hops": 0 }"#, "mtls.trusted_hops", "between 1 and 16"),
    (Config, r#""mtls": { "certificate_from": "xfcc" }"#, "mtls.trusted_proxies", "only from peers named here"),
    (Config, r#""mtls": { "trusted_proxies": ["unix", "10.0.0.1"] }"#, "mtls.trusted_proxies[1]", "CIDR"),
    (Config, r#""mtls": { "trusted_proxies": ["10.0.0.0/33"] }"#, "mtls.trusted_proxies[0]", "longer than the address"),
    (Config, r#""mtls": { "trusted_proxies": ["10.0.0.1/8"] }"#, "mtls.trusted_proxies[0]", "bits set behind the prefix"),
    (Config, r#""mtls": { "trusted_proxies": ["fd00::1/0"] }"#, "mtls.trusted_proxies[0]", "bits set behind the prefix"),
    (Config, r#""mtls": { "trusted_proxies": ["10.0.0.0/+8"] }"#, "mtls.trusted_proxies[0]", "CIDR"),
    // Rules.
    (Rule, r#""path": "payments""#, "rules[0].path", "must begin with /"),
    (Rule, r#""path": "/a?b""#, "rules[0].path", "without spaces, query and fragment"),
    (Rule, r#""path": "/a", "methods": []"#, "rules[0].methods", "must not be empty"),
    (Rule, r#""path": "/a", "methods": ["GET", "PO ST"]"#, "rules[0].methods[1]", "method name"),
    (Rule, r#""path": "/a", "methods": ["post"]"#, "rules[0].methods[0]", "must be POST: methods are case-sensitive"),
    (Rule, r#""path": "/a", "scopes": ["a", "b c"]"#, "rules[0].scopes[1]", "without spaces"),
    (Rule, r#""path": "/a", "acr_values": ["a\"b"]"#, "rules[0].acr_values[0]", "without spaces"),
    (Rule, r#""path": "/a", "authorization_details": { "types": [] }"#, "rules[0].authorization_details.types", "must not be empty"),
    (Rule, r#""path": "/a", "max_age_seconds": "5m""#, "rules[0].max_age_seconds", "must be an integer from 0 to 4294967295, not a string"),
    (Rule, r#""path": "/a", "issuers": ["https://as.example.com", "https://as.example.com/"]"#, "rules[0].issuers[1]", "one of the document's `issuers`"),
    (Rule, r#""path": "/a", "issuers": []"#, "rules[0].issuers", "must not be empty"),
    (Rule, r#""path": "/a", "public": true, "scopes": ["a"]"#, "rules[0].public", "cannot ask for anything"),
    // Redis.
    (Config, r#""redis": { "url": "http://r" }"#, "redis.url", "redis:// or rediss://"),
    (Config, r#""redis": { "url": "redis://:hush@r" }"#, "redis.url", "use `username` and `password`"),
    (Config, r#""redis": { "url": "redis://r/x" }"#, "redis.url", "database number"),
    (Config, r#""redis": { "url": "redis://r", "urls": ["redis://r"] }"#, "redis.urls", "not beside `url`"),
    (Config, r#""redis": { "urls": ["redis://r", "r"] }"#, "redis.urls[1]", "redis:// or rediss://"),
    (Config, r#""redis": { "username": "u" }"#, "redis.password", "goes with `username`"),
    (Config, r#""redis": { "password": 77777 }"#, "redis.password", r#"expected {"env": "NAME"}, {"file": "PATH"} or a string"#),
    (Config, r#""redis": { "password": {"vault": "hush"} }"#, "redis.password", r#"expected {"env": "NAME"}"#),
    (Config, r#""redis": { "password": {"env": "A", "file": "B"} }"#, "redis.password", "one place"),
    (Config, r#""redis": { "password": {"file": ""} }"#, "redis.password", "must name a file"),
    (Config, r#""redis": { "tls": { "client_cert": {"file": "c"} } }"#, "redis.tls.client_key", "goes with `client_cert`"),
    (Config, r#""redis": { "tls": { "client_key": {"file": "c"} } }"#, "redis.tls.client_cert", "goes with `client_key`"),
    (Config, r#""redis": { "command_timeout_ms": 0 }"#, "redis.command_timeout_ms", "between 1 and 60000 milliseconds"),
    (Config, r#""redis": { "sentinel": { "master": "m" } }"#, "redis.urls", "sentinels' addresses"),
    (Config, r#""redis": { "sentinel": { "master": "m" }, "cluster": true }"#, "redis.sentinel", "not beside `cluster`"),
    // HTTP and Envoy.
    (Config, r#""http": { "timeout_ms": 60001 }"#, "http.timeout_ms", "between 1 and 60000 milliseconds"),
    (Config, r#""http": { "max_jwks_bytes": 10 }"#, "http.max_jwks_bytes", "between 1024 and 16777216 bytes"),
    (Config, r#""envoy": { "cluster": "" }"#, "envoy.cluster", "must not be empty"),
    (Config, r#""envoy": { "clusters": [{ "origin": "https://a.example/x", "cluster": "c" }] }"#, "envoy.clusters[0].origin", "must be an origin"),
    (Config, r#""envoy": { "clusters": [{ "origin": "https://a.example", "cluster": "c" }, { "origin": "https://a.example:443", "cluster": "d" }] }"#, "envoy.clusters[1].origin", "stands here twice"),
    (Config, r#""envoy": { "claim_headers": [{ "claim": "sub", "header": ":path" }] }"#, "envoy.claim_headers[0].header", "header name"),
    (Config, r#""envoy": { "claim_headers": [{ "claim": "sub", "header": "Authorization" }] }"#, "envoy.claim_headers[0].header", "meaning of its own"),
    (Config, r#""envoy": { "claim_headers": [{ "claim": "sub", "header": "x-a" }, { "claim": "iss", "header": "X-A" }] }"#, "envoy.claim_headers[1].header", "stands here twice"),
    (Config, r#""envoy": { "claim_properties": ["a.b"] }"#, "envoy.claim_properties[0]", "letters, digits"),
    (Config, r#""envoy": { "claim_properties": ["sub", "sub"] }"#, "envoy.claim_properties[1]", "stands here twice"),
    (Config, r#""envoy": { "shared_data_key": "c2hvcnQ" }"#, "envoy.shared_data_key", "at least 32 bytes"),
    (Config, r#""envoy": { "max_paused": 0 }"#, "envoy.max_paused", "between 1 and 65536"),
    (Config, r#""envoy": { "readiness_path": "ready" }"#, "envoy.readiness_path", "begin with /"),
    (Config, r#""envoy": { "readiness_path": "/ready?x" }"#, "envoy.readiness_path", "without query"),
];

#[test]
fn each_mistake_is_named_with_its_path() {
    let mut wrong = Vec::new();
    for (place, text, path, part) in ROWS {
        let document = document(place, text);
        let Err(error) = Config::from_json(&document) else {
            wrong.push(format!("accepted: {text}"));
            continue;
        };
        let shown = error.to_string();
        let one_line = !shown.contains('\n') && shown.starts_with("configuration: ");
        if error.path() != *path || !shown.contains(part) || !one_line {
            wrong.push(format!(
                "{text}\n    expected {path:?} and {part:?}\n    got {:?}: {shown}",
                error.path()
            ));
        }
        if shown.contains("hush") || shown.contains("77777") {
            wrong.push(format!("shows a secret: {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn kinds_tell_mistakes_apart() {
    let kind = |place: In, text: &str| {
        let document = document(&place, text);
        Config::from_json(&document).unwrap_err().kind()
    };
    assert_eq!(
        kind(Document, "{\n]"),
        ConfigErrorKind::Syntax { line: 2, column: 1 }
    );
    assert_eq!(
        kind(Config, r#""dpopp": 1"#),
        ConfigErrorKind::UnknownMember
    );
    assert_eq!(
        kind(Config, r#""mode": "enforce", "mode": "enforce""#),
        ConfigErrorKind::Duplicate
    );
    assert_eq!(kind(Rule, ""), ConfigErrorKind::Missing);
    assert_eq!(
        kind(Issuer, r#""token_format": "any""#),
        ConfigErrorKind::Missing
    );
    assert_eq!(kind(Config, r#""mode": 7"#), ConfigErrorKind::Invalid);
    assert_eq!(
        kind(Config, r#""token_cache_seconds": 9999"#),
        ConfigErrorKind::Invalid
    );
}

#[test]
fn bytes_that_are_not_utf8_have_a_place() {
    let error = Config::from_slice(b"{\n  \"resource\": \"\xff\" }").unwrap_err();
    assert_eq!(
        error.kind(),
        ConfigErrorKind::Syntax {
            line: 2,
            column: 16
        }
    );
    let error = Config::from_slice(b"\xff").unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Syntax { line: 1, column: 1 });
}

/// Depth is the reader's to bound: neither a crash nor acceptance.
#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let jwks = format!(r#""jwks": {{ "keys": {deep} }}"#);
    assert!(Config::from_json(&document(&Issuer, &jwks)).is_err());
    assert!(Config::from_json(&deep).is_err());
}
