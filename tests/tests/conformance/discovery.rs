//! `discovery-end-point-verification`, check by check.

use fapi_tests::suite::{ISSUER, Nonces, Profile, Reply, Variant, Variants, World};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::metadata::{KNOWN, Kind};

/// What FAPI 2.0 allows.
const ALGORITHMS: [&str; 4] = ["PS256", "ES256", "EdDSA", "Ed25519"];

/// Its metadata for each variant.
async fn each(variants: Variants, check: impl Fn(Variant, &Map<String, Value>)) {
    variants
        .each(async |run| check(run.variant, &run.world.metadata))
        .await;
}

fn texts<'a>(metadata: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let values = metadata.get(name).and_then(Value::as_array);
    let values = values.unwrap_or_else(|| panic!("no array {name}"));
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

fn allows_an_algorithm(metadata: &Map<String, Value>, name: &str) {
    let names = texts(metadata, name);
    assert!(
        names.iter().any(|alg| ALGORITHMS.contains(alg)),
        "{name}: {names:?}"
    );
}

fn is_https(metadata: &Map<String, Value>, name: &str) {
    let url: Url = metadata[name].as_str().unwrap().parse().unwrap();
    assert_eq!(url.scheme(), "https", "{url}");
}

#[tokio::test]
async fn both_documents_are_json_and_say_the_same() {
    let world = World::start(Nonces::Off).await;
    let http = world.http(None);
    for name in ["openid-configuration", "oauth-authorization-server"] {
        let url = format!("{ISSUER}/.well-known/{name}");
        let reply = Reply::read(http.get(url).send().await.unwrap()).await;
        assert_eq!(reply.success(200), world.metadata, "{name}");
    }
}

#[tokio::test]
async fn the_issuer_is_the_documents_url_without_the_well_known_part() {
    each(Variants::all(), |_, metadata| {
        assert_eq!(metadata["issuer"], ISSUER);
        let url: Url = ISSUER.parse().unwrap();
        assert!(url.has_host() && url.query().is_none() && url.fragment().is_none());
        assert!(url.username().is_empty() && url.password().is_none());
    })
    .await;
}

#[tokio::test]
async fn every_member_is_known_and_of_its_type() {
    each(Variants::all(), |_, metadata| {
        for (name, value) in metadata {
            let known = KNOWN.iter().find(|(known, _)| known == name);
            let (_, kind) = known.unwrap_or_else(|| panic!("{name} is unknown"));
            assert!(kind.is_of(value), "{name} is not of type {kind:?}: {value}");
        }
    })
    .await;
}

#[tokio::test]
async fn responses_are_of_type_code() {
    each(Variants::all(), |_, metadata| {
        assert!(texts(metadata, "response_types_supported").contains(&"code"));
    })
    .await;
}

#[tokio::test]
async fn responses_are_signed_or_name_the_issuer() {
    each(Variants::code_flow(), |variant, metadata| {
        if variant.is_jarm() {
            assert!(texts(metadata, "response_modes_supported").contains(&"jwt"));
            allows_an_algorithm(metadata, "authorization_signing_alg_values_supported");
        } else {
            assert_eq!(
                metadata["authorization_response_iss_parameter_supported"],
                true
            );
        }
    })
    .await;
}

#[tokio::test]
async fn requests_are_pushed() {
    each(Variants::code_flow(), |_, metadata| {
        is_https(metadata, "pushed_authorization_request_endpoint");
        assert_eq!(metadata["require_pushed_authorization_requests"], true);
    })
    .await;
}

#[tokio::test]
async fn tokens_are_bound_to_their_sender() {
    each(Variants::all(), |variant, metadata| {
        if variant.is_dpop() {
            allows_an_algorithm(metadata, "dpop_signing_alg_values_supported");
        } else {
            assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
        }
    })
    .await;
}

#[tokio::test]
async fn openid_connect_is_described() {
    each(Variants::openid(), |_, metadata| {
        allows_an_algorithm(metadata, "id_token_signing_alg_values_supported");
        assert!(texts(metadata, "scopes_supported").contains(&"openid"));
        let subjects = texts(metadata, "subject_types_supported");
        assert!(
            subjects
                .iter()
                .any(|kind| ["public", "pairwise"].contains(kind))
        );
    })
    .await;
}

#[tokio::test]
async fn clients_authenticate_as_the_variant_says() {
    each(Variants::all(), |variant, metadata| {
        let method = variant.auth_method();
        let methods = texts(metadata, "token_endpoint_auth_methods_supported");
        assert!(methods.contains(&method), "{methods:?}");
        allows_an_algorithm(metadata, "token_endpoint_auth_signing_alg_values_supported");
        if metadata.contains_key("userinfo_signing_alg_values_supported") {
            allows_an_algorithm(metadata, "userinfo_signing_alg_values_supported");
        }
    })
    .await;
}

#[tokio::test]
async fn endpoints_are_https() {
    each(Variants::all(), |variant, metadata| {
        is_https(metadata, "token_endpoint");
        if metadata.contains_key("registration_endpoint") {
            is_https(metadata, "registration_endpoint");
        }
        if variant.profile != Profile::ClientCredentials {
            is_https(metadata, "authorization_endpoint");
        }
        if variant.is_openid() || variant.is_jarm() {
            is_https(metadata, "jwks_uri");
        }
    })
    .await;
}

#[tokio::test]
async fn pkce_is_s256() {
    each(Variants::code_flow(), |_, metadata| {
        assert_eq!(
            texts(metadata, "code_challenge_methods_supported"),
            ["S256"]
        );
    })
    .await;
}

/// RFC 6749 §3.3, RFC 5646 §2.1.
#[tokio::test]
async fn scopes_and_languages_are_well_formed() {
    each(Variants::all(), |_, metadata| {
        for scope in texts(metadata, "scopes_supported") {
            let is_allowed = |octet: u8| matches!(octet, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(
                !scope.is_empty() && scope.bytes().all(is_allowed),
                "{scope:?}"
            );
        }
        for name in ["ui_locales_supported", "claims_locales_supported"] {
            if metadata.contains_key(name) {
                for tag in texts(metadata, name) {
                    let mut parts = tag.split('-');
                    let is_part = |part: &str| {
                        (1..=8).contains(&part.len())
                            && part.bytes().all(|o| o.is_ascii_alphanumeric())
                    };
                    assert!(parts.all(is_part), "{tag}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn request_objects_are_signed_with_what_is_allowed() {
    each(Variants::signed(), |_, metadata| {
        allows_an_algorithm(metadata, "request_object_signing_alg_values_supported");
    })
    .await;
}

#[tokio::test]
async fn the_grants_are_named() {
    each(Variants::all(), |variant, metadata| {
        let grants = texts(metadata, "grant_types_supported");
        let grant = match variant.profile {
            Profile::ClientCredentials => "client_credentials",
            Profile::OpenIdConnect | Profile::PlainOauth => "authorization_code",
        };
        assert!(grants.contains(&grant), "{grants:?}");
    })
    .await;
}

/// RFC 8705 §5.
#[tokio::test]
async fn mtls_aliases_are_aliases() {
    each(Variants::all(), |_, metadata| {
        let aliases = metadata["mtls_endpoint_aliases"].as_object().unwrap();
        assert!(!aliases.contains_key("authorization_endpoint"));
        for name in ["token_endpoint", "pushed_authorization_request_endpoint"] {
            assert!(aliases.contains_key(name), "{name}");
        }
        for name in aliases.keys() {
            assert!(name.ends_with("_endpoint"), "{name}");
            assert!(metadata.contains_key(name), "{name}");
            is_https(aliases, name);
        }
    })
    .await;
}

#[test]
fn types_are_told_apart() {
    let of = |kind: Kind, value: Value| kind.is_of(&value);
    assert!(of(Kind::Text, "x".into()) && !of(Kind::Text, 1.into()));
    assert!(of(Kind::Flag, true.into()) && !of(Kind::Flag, "true".into()));
    assert!(of(Kind::Texts, vec!["x"].into()) && !of(Kind::Texts, vec![1].into()));
    assert!(of(Kind::Object, Map::new().into()) && !of(Kind::Object, Value::Null));
}
