//! Clients that authenticate with a certificate, and tokens that are bound to it (RFC 8705).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use fapi_core::token::{CertificateThumbprint, Confirmation};
use fapi_crypto::SigningKey;
use fapi_issuer::{Grant, Scope};
use serde_json::{Value, json};

use crate::certificates::{Authority, Identity, client as params, expired, for_servers};
use crate::scene::{Scene, client, jwks};

fn by_subject(client_id: &str, member: &str, value: &str) -> Value {
    let member = format!("tls_client_auth_{member}");
    client(client_id, "tls_client_auth", json!({ member: value }))
}

fn claims(token: &Value) -> Value {
    let payload = token["access_token"].as_str().unwrap();
    let payload = payload.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[track_caller]
fn assert_refused((status, body): (u16, Value)) {
    assert_eq!(status, 401, "{body}");
    assert_eq!(body["error"], "invalid_client");
}

#[tokio::test]
async fn the_registered_name_authenticates_and_no_other() {
    let scene = Scene::start(json!([
        by_subject("dn", "subject_dn", "cn=First,O=Example, C=NZ"),
        by_subject("dns", "san_dns", "first.example.com"),
        by_subject("uri", "san_uri", "https://example.com/first"),
        by_subject("ip", "san_ip", "192.0.2.7"),
        by_subject("email", "san_email", "first@example.com"),
    ]))
    .await;
    let first = scene.authority.certify(&params("first"));
    let mut other = params("second");
    other.subject_alt_names.pop();
    let second = scene.authority.certify(&other);
    for client_id in ["dn", "dns", "uri", "ip", "email"] {
        let (status, token) = scene.token(client_id, Some(&first)).await;
        assert_eq!(status, 200, "{client_id} {token}");
        assert_eq!(token["token_type"], "Bearer");
        let own = CertificateThumbprint::of_der(&first.chain()[0]).to_string();
        assert_eq!(claims(&token)["cnf"], json!({ "x5t#S256": own }));
        assert_refused(scene.token(client_id, Some(&second)).await);
        assert_refused(scene.token(client_id, None).await);
    }
}

#[tokio::test]
async fn a_name_counts_only_if_the_authority_has_certified_it_for_clients_and_now() {
    let scene = Scene::start(json!([by_subject("client", "san_dns", "one.example.com")])).await;
    let authority = &scene.authority;
    let below = authority.below("Between");
    let through = || below.certify(&params("one"));
    let good = [
        authority.certify(&params("one")),
        through().with(below.der()),
    ];
    for identity in good {
        let (status, body) = scene.token("client", Some(&identity)).await;
        assert_eq!(status, 200, "{body}");
    }
    let elsewhere = Authority::new("Test authority");
    for identity in [
        Identity::self_signed(&params("one")),
        elsewhere.certify(&params("one")).with(elsewhere.der()),
        through(),
        authority.certify(&expired(params("one"))),
        authority.certify(&for_servers(params("one"))),
    ] {
        assert_refused(scene.token("client", Some(&identity)).await);
    }
}

#[tokio::test]
async fn a_registered_key_authenticates_whatever_its_certificate_says() {
    let own = Identity::self_signed(&params("one"));
    let renewed = Identity::self_signed_by(&expired(params("renamed")), own.key());
    let others = Identity::self_signed(&params("one"));
    let members = json!({ "jwks": jwks(&own) });
    let scene = Scene::start(json!([client(
        "client",
        "self_signed_tls_client_auth",
        members
    )]))
    .await;
    let certified = scene.authority.certify_key(&params("one"), own.key());
    for identity in [&own, &renewed, &certified] {
        let (status, body) = scene.token("client", Some(identity)).await;
        assert_eq!(status, 200, "{body}");
    }
    assert_refused(scene.token("client", Some(&others)).await);
    assert_refused(scene.token("client", None).await);
    assert_refused(scene.token("nobody", Some(&own)).await);
}

#[tokio::test]
async fn whoever_guesses_names_does_not_learn_which_have_certificates() {
    let own = Identity::self_signed(&params("one"));
    let members = json!({ "jwks": jwks(&own) });
    let scene = Scene::start(json!([
        by_subject("certified", "san_dns", "one.example.com"),
        client("self-signed", "self_signed_tls_client_auth", members),
    ]))
    .await;
    let stranger = scene.authority.certify(&params("two"));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    for path in ["token", "par", "revoke", "introspect"] {
        let mut answers = Vec::new();
        for name in ["nobody", "certified", "self-signed"] {
            let claims = json!({ "iss": name, "sub": name, "aud": scene.open(""), "jti": name,
                                 "iat": 1_800_000_000, "exp": 1_800_000_060 });
            let assertion = key.sign_jwt("JWT", &claims).unwrap();
            let grant = ("grant_type", "client_credentials");
            let named = [grant, ("client_id", name)];
            let signed = [
                grant,
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", &assertion),
            ];
            let mut told = Vec::new();
            for (identity, form) in [
                (None, &named[..]),
                (Some(&stranger), &named),
                (Some(&stranger), &signed),
            ] {
                let request = scene.http(identity).post(scene.mtls(path)).form(form);
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), 401, "{path} {name}");
                let mut headers = response.headers().clone();
                headers.remove("date");
                told.push((headers, response.text().await.unwrap()));
            }
            answers.push(told);
        }
        let [unknown, certified, self_signed] = <[_; 3]>::try_from(answers).unwrap();
        assert_eq!(certified, unknown, "{path}");
        assert_eq!(self_signed, unknown, "{path}");
    }
}

/// Whoever has another's key is refused where no certificate is asked for, although nothing else differs.
#[tokio::test]
async fn the_open_socket_asks_for_no_certificate() {
    let scene = Scene::start(json!([by_subject("client", "san_dns", "one.example.com")])).await;
    let own = scene.authority.certify(&params("one"));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
    ];
    let request = scene.http(Some(&own)).post(scene.open("token")).form(&form);
    let response = request
        // Nor does a header help, which nobody is trusted to send.
        .header("client-cert", "::")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn the_metadata_name_the_methods_and_the_aliases() {
    let scene = Scene::start(json!([])).await;
    let url = scene.open(".well-known/openid-configuration");
    let metadata = scene.http(None).get(url).send().await.unwrap();
    let metadata: Value = metadata.json().await.unwrap();
    let expected = json!([
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth"
    ]);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], expected);
    assert_eq!(metadata["token_endpoint"], scene.open("token"));
    let aliases = &metadata["mtls_endpoint_aliases"];
    assert_eq!(aliases["token_endpoint"], scene.mtls("token"));
    assert_eq!(aliases["userinfo_endpoint"], scene.mtls("userinfo"));
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
}

/// The token of nobody's login is refused in the end, with another status.
#[tokio::test]
async fn userinfo_takes_a_bound_token_only_with_its_certificate() {
    let scene = Scene::start(json!([by_subject("client", "san_dns", "one.example.com")])).await;
    let own = scene.authority.certify(&params("one"));
    let other = scene.authority.certify(&params("one"));
    let bound_to = CertificateThumbprint::of_der(&own.chain()[0]);
    let grant = Grant::new(
        "client",
        "https://api.example.com",
        Confirmation::Certificate(bound_to),
    );
    let grant = grant.scope(Scope::parse("openid").unwrap());
    let token = scene.issuer.mint(&grant).await.unwrap();
    for (identity, expected) in [(Some(&own), 403), (Some(&other), 401), (None, 401)] {
        let request = scene.http(identity).get(scene.mtls("userinfo"));
        let response = request.bearer_auth(token.as_str()).send().await.unwrap();
        assert_eq!(response.status(), expected);
    }
}
