//! What resource servers learn about tokens (RFC 7662, RFC 9701).

use axum::body::Body;
use axum::http::Method;
use fapi_core::KeySet;
use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_core::token::{CertificateThumbprint, Confirmation};
use fapi_crypto::SigningKey;
use fapi_issuer::{
    AccessTokenFormat, Client, Grant, IntrospectionResponse, Issuer, IssuerBuilder, ResourceServer,
};
use serde_json::{Value, json};

use crate::harness::{API, Answer, ISSUER, START, Server, jwks, key, part};

const SIGNED: &str = "application/token-introspection+jwt";
const INACTIVE: &str = r#"{"active":false}"#;

/// A server whose client `opaque` gets opaque tokens, with the resource servers `api` and `other-api`.
struct Scene {
    server: Server,
    client: SigningKey,
    api: SigningKey,
    other_api: SigningKey,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(set: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> Self {
        let (client, api, other_api) = (
            key(Algorithm::Es256),
            key(Algorithm::EdDsa),
            key(Algorithm::Es256),
        );
        let opaque = Client::new("opaque", jwks(&[&client]))
            .scope("accounts payments")
            .access_token_format(AccessTokenFormat::Opaque);
        let other = ResourceServer::new("other-api", jwks(&[&other_api]), "https://other.example")
            .audience("https://third.example")
            .introspection_response(IntrospectionResponse::Signed);
        let server = Server::start_with(Algorithm::Es256, |builder| {
            set(builder
                .signing_key(key(Algorithm::Es256))
                .client(opaque)
                .resource_server(ResourceServer::new("api", jwks(&[&api]), API))
                .resource_server(other))
        })
        .await;
        Self {
            server,
            client,
            api,
            other_api,
        }
    }

    /// The token that this client of these two gets over HTTP.
    async fn token(&self, client_id: &str, holder: &SigningKey) -> String {
        let key = match client_id {
            "opaque" => &self.client,
            _ => &self.server.client_key,
        };
        let proof = self.server.proof(holder);
        let fields = json!({ "grant_type": "client_credentials", "scope": "accounts" });
        let answer = self
            .server
            .about("/token", (client_id, key), &fields, &[("dpop", &proof)])
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, token: &str, lines: &[(&str, &str)]) -> Answer {
        let fields = json!({ "token": token });
        self.server
            .about("/introspect", ("api", &self.api), &fields, lines)
            .await
    }

    /// The unsigned answer to `api`.
    async fn says(&self, token: &str) -> Value {
        let answer = self.ask(token, &[("accept", "application/json")]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer.body
    }
}

fn issuer(scene: &Scene) -> &Issuer {
    &scene.server.issuer
}

#[tokio::test]
async fn both_kinds_of_token_are_told_about_alike() {
    let scene = Scene::new().await;
    let holder = key(Algorithm::Es256);
    for client_id in ["opaque", "client"] {
        let token = scene.token(client_id, &holder).await;
        let opaque = token.starts_with("rt_") && token.len() == 46 && !token.contains('.');
        assert_eq!(opaque, client_id == "opaque", "{token}");
        let mut answer = scene.says(&token).await;
        let jti = answer.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(jti.as_str().unwrap().len() >= 22);
        let expected = json!({
            "active": true, "token_type": "DPoP", "scope": "accounts", "client_id": client_id,
            "sub": client_id, "aud": API, "iss": ISSUER, "iat": START, "exp": START + 300,
            "cnf": { "jkt": holder.thumbprint().to_string() },
        });
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn further_claims_and_certificates_are_told_about() {
    let scene = Scene::new().await;
    let jkt = Thumbprint::from_bytes([7; 32]);
    let x5t = CertificateThumbprint::from_bytes([8; 32]);
    let details = json!([{ "type": "payment_initiation" }]);
    for client_id in ["opaque", "client", "unregistered"] {
        for (confirmation, token_type) in [
            (Confirmation::Certificate(x5t), "Bearer"),
            (Confirmation::KeyAndCertificate(jkt, x5t), "DPoP"),
        ] {
            let grant = Grant::new(client_id, API, confirmation)
                .subject("alice")
                .claim("acr", "urn:example:loa:3")
                .claim("auth_time", START)
                .claim("authorization_details", details.clone());
            let token = issuer(&scene).mint(&grant).await.unwrap();
            assert_eq!(
                token.as_str().starts_with("rt_"),
                client_id == "opaque",
                "{client_id}"
            );
            let answer = scene.says(token.as_str()).await;
            assert_eq!(answer["token_type"], token_type);
            assert_eq!(answer["sub"], "alice");
            assert_eq!(answer["acr"], "urn:example:loa:3");
            assert_eq!(answer["auth_time"], START);
            assert_eq!(answer["authorization_details"], details);
            assert_eq!(answer["cnf"]["x5t#S256"], x5t.to_string());
            assert_eq!(answer["scope"], Value::Null);
        }
    }
    for name in ["active", "token_type"] {
        let grant = Grant::new("opaque", API, Confirmation::Key(jkt)).claim(name, true);
        issuer(&scene).mint(&grant).await.unwrap_err();
    }
}

#[tokio::test]
async fn what_is_no_live_token_for_the_caller_is_inactive_and_nothing_more() {
    let scene = Scene::new().await;
    let holder = key(Algorithm::Es256);
    let opaque = scene.token("opaque", &holder).await;
    let jwt = scene.token("client", &holder).await;
    let stranger = key(Algorithm::Es256);
    let confirmation = Confirmation::Key(holder.thumbprint());
    let mint = async |client_id: &str, audience: &str| {
        let grant = Grant::new(client_id, audience, confirmation);
        let token = issuer(&scene).mint(&grant).await.unwrap();
        token.as_str().to_owned()
    };
    // A token of another issuer that has the same key would have the same signature.
    let signing_key = key(Algorithm::Es256);
    let of = async |identifier: &str| {
        let jwk = signing_key.to_private_jwk().unwrap().to_string();
        Issuer::builder(identifier)
            .signing_key(SigningKey::from_jwk_json(&jwk).unwrap())
            .clock(|| fapi_core::UnixTime::from_secs(START))
            .build()
            .await
            .unwrap()
    };
    let neighbour = of("https://neighbour.example")
        .await
        .mint(&Grant::new("c", API, confirmation))
        .await;
    let sharing = Scene::with(|_| {
        let jwk = signing_key.to_private_jwk().unwrap().to_string();
        Issuer::builder(ISSUER)
            .signing_key(SigningKey::from_jwk_json(&jwk).unwrap())
            .clock(|| fapi_core::UnixTime::from_secs(START))
            .resource_server(ResourceServer::new("api", jwks(&[&stranger]), API))
    })
    .await;
    let fields = json!({ "token": neighbour.unwrap().as_str() });
    let answer = sharing
        .server
        .about("/introspect", ("api", &stranger), &fields, &[])
        .await;
    assert_eq!(answer.text, INACTIVE);

    let claims = part(&jwt, 1);
    let (head, signature) = jwt.rsplit_once('.').unwrap();
    let mut changed_opaque = opaque.clone();
    changed_opaque.pop();
    for token in [
        "rt_",
        "x",
        "a.b.c",
        &format!("rt_{}", "A".repeat(43)),
        &changed_opaque,
        &opaque.to_uppercase(),
        &format!("{opaque}A"),
        &mint("opaque", "https://other.example").await,
        &mint("client", "https://other.example").await,
        &stranger.sign_jwt("at+jwt", &claims).unwrap(),
        &format!("{head}."),
        &format!("{head}.{signature}."),
        &format!("{head}.{}", "A".repeat(86)),
    ] {
        let answer = scene.ask(token, &[]).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, INACTIVE));
    }
    // Both have been good all the time, and end with the same second.
    scene.server.clock.advance(299);
    for token in [&opaque, &jwt] {
        assert_eq!(scene.says(token).await["active"], true);
    }
    scene.server.clock.advance(1);
    for token in [&opaque, &jwt] {
        assert_eq!(scene.ask(token, &[]).await.text, INACTIVE);
    }
}

#[tokio::test]
async fn a_signed_answer_is_for_its_caller_alone() {
    let scene = Scene::new().await;
    let holder = key(Algorithm::Es256);
    let keys = KeySet::from_json(issuer(&scene).jwks().to_string().as_bytes()).unwrap();
    for token in [
        scene.token("opaque", &holder).await,
        scene.token("client", &holder).await,
        "rt_unknown".to_owned(),
    ] {
        let plain = scene.says(&token).await;
        let answer = scene.ask(&token, &[("accept", SIGNED)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], SIGNED);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let payload = keys.open(
            &answer.text,
            "token-introspection+jwt",
            &fapi_crypto::PROVIDER,
        );
        let payload: Value = serde_json::from_slice(&payload.unwrap()).unwrap();
        let expected = json!({
            "iss": ISSUER, "aud": "api", "iat": START, "token_introspection": plain,
        });
        assert_eq!(payload, expected);
    }
}

#[tokio::test]
async fn a_resource_server_may_always_get_signed_answers() {
    let scene = Scene::new().await;
    let grant = async |audience: &str| {
        let confirmation = Confirmation::Key(Thumbprint::from_bytes([7; 32]));
        let token = issuer(&scene)
            .mint(&Grant::new("opaque", audience, confirmation))
            .await;
        token.unwrap().as_str().to_owned()
    };
    // Its audiences are in place of its resource.
    for (audience, active) in [
        ("https://third.example", true),
        ("https://other.example", false),
        (API, false),
    ] {
        let fields = json!({ "token": grant(audience).await });
        let caller = ("other-api", &scene.other_api);
        let answer = scene
            .server
            .about(
                "/introspect",
                caller,
                &fields,
                &[("accept", "application/json")],
            )
            .await;
        assert_eq!(answer.headers["content-type"], SIGNED);
        let payload = part(&answer.text, 1);
        assert_eq!(payload["aud"], "other-api");
        assert_eq!(payload["token_introspection"]["active"], active);
    }
}

#[tokio::test]
async fn the_hint_says_nothing() {
    let scene = Scene::new().await;
    let holder = key(Algorithm::Es256);
    for client_id in ["opaque", "client"] {
        let token = scene.token(client_id, &holder).await;
        for hint in ["access_token", "refresh_token", "nonsense"] {
            let fields = json!({ "token": token, "token_type_hint": hint });
            let answer = scene
                .server
                .about("/introspect", ("api", &scene.api), &fields, &[])
                .await;
            assert_eq!(answer.body["active"], true, "{hint}");
        }
    }
}

#[tokio::test]
async fn only_resource_servers_may_ask() {
    let scene = Scene::new().await;
    let token = scene.token("opaque", &key(Algorithm::Es256)).await;
    let fields = json!({ "token": token });
    for caller in [
        ("opaque", &scene.client),
        ("client", &scene.server.client_key),
        ("other-api", &scene.api),
        ("nobody", &scene.api),
    ] {
        let answer = scene
            .server
            .about("/introspect", caller, &fields, &[])
            .await;
        assert_eq!(answer.error(), (401, "invalid_client"), "{}", caller.0);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let form = format!("token={token}");
    let answer = scene.server.post_to("/introspect", &form, &[]).await;
    assert_eq!(answer.error(), (401, "invalid_client"));
    // Nor does a resource server get tokens.
    let proof = scene.server.proof(&key(Algorithm::Es256));
    let grant = json!({ "grant_type": "client_credentials" });
    let lines = [("dpop", &*proof)];
    let answer = scene
        .server
        .about("/token", ("api", &scene.api), &grant, &lines)
        .await;
    assert_eq!(answer.error(), (401, "invalid_client"));
}

#[tokio::test]
async fn only_one_well_formed_post_is_a_question() {
    let scene = Scene::new().await;
    let server = &scene.server;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = server.request(method, "/introspect").body(Body::empty());
        let answer = server.send(request.unwrap()).await;
        assert_eq!(answer.error(), (405, "invalid_request"));
        assert_eq!(answer.headers["allow"], "POST");
    }
    for fields in [json!({}), json!({ "token": "" })] {
        let answer = server
            .about("/introspect", ("api", &scene.api), &fields, &[])
            .await;
        assert_eq!(answer.error(), (400, "invalid_request"));
    }
    // An assertion serves once, at whichever endpoint.
    let form = json!({ "client_assertion": server.assertion(), "token": "x" });
    let caller = ("client", &server.client_key);
    let answer = server.about("/revoke", caller, &form, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = server.about("/revoke", caller, &form, &[]).await;
    assert_eq!(answer.error(), (401, "invalid_client"));
    let answer = server
        .ask(form.clone(), &[&server.proof(&key(Algorithm::Es256))])
        .await;
    assert_eq!(answer.error(), (401, "invalid_client"));
}

#[tokio::test]
async fn opaque_tokens_have_bounded_room() {
    let scene = Scene::with(|builder| builder.token_capacity(8)).await;
    let holder = key(Algorithm::Es256);
    for _ in 0..2 {
        scene.token("opaque", &holder).await;
    }
    let proof = scene.server.proof(&holder);
    let fields = json!({ "grant_type": "client_credentials" });
    let caller = ("opaque", &scene.client);
    let lines = [("dpop", &*proof)];
    let answer = scene.server.about("/token", caller, &fields, &lines).await;
    assert_eq!(answer.error(), (429, "temporarily_unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    scene.server.clock.advance(300);
    scene.token("opaque", &holder).await;
}
