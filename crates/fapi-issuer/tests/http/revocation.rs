//! Tokens that end before their time (RFC 7009).

use axum::body::Body;
use axum::http::Method;
use fapi_core::UnixTime;
use fapi_core::config::{AfterRestart, DpopConfig};
use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{
    AccessTokenFormat, Client, Grant, Issuer, ResourceServer, Revocation, StorageError,
};
use serde_json::{Value, json};

use crate::harness::{API, Answer, ISSUER, START, Server, SimulatedClock, jwks, key};

/// The clients `client` and `opaque`, and the resource server `api`.
struct Scene {
    server: Server,
    opaque: SigningKey,
    api: SigningKey,
}

impl Scene {
    async fn new() -> Self {
        let (opaque, api) = (key(Algorithm::Es256), key(Algorithm::Es256));
        let client =
            Client::new("opaque", jwks(&[&opaque])).access_token_format(AccessTokenFormat::Opaque);
        let server = Server::start_with(Algorithm::Es256, |builder| {
            builder
                .client(client)
                .resource_server(ResourceServer::new("api", jwks(&[&api]), API))
                .token_capacity(8)
        })
        .await;
        Self {
            server,
            opaque,
            api,
        }
    }

    async fn token(&self, client_id: &str) -> String {
        mint(&self.server.issuer, client_id).await
    }

    async fn revoke(&self, client_id: &str, token: &str) -> Answer {
        let key = match client_id {
            "opaque" => &self.opaque,
            "api" => &self.api,
            _ => &self.server.client_key,
        };
        let fields = json!({ "token": token, "token_type_hint": "refresh_token" });
        self.server
            .about("/revoke", (client_id, key), &fields, &[])
            .await
    }

    async fn is_active(&self, token: &str) -> Value {
        let fields = json!({ "token": token });
        let answer = self
            .server
            .about("/introspect", ("api", &self.api), &fields, &[])
            .await;
        answer.body["active"].clone()
    }
}

async fn mint(issuer: &Issuer, client_id: &str) -> String {
    let confirmation = Confirmation::Key(Thumbprint::from_bytes([7; 32]));
    let token = issuer.mint(&Grant::new(client_id, API, confirmation)).await;
    token.unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_client_revokes_its_own_tokens() {
    let scene = Scene::new().await;
    for client_id in ["opaque", "client"] {
        let (token, other) = (scene.token(client_id).await, scene.token(client_id).await);
        assert_eq!(scene.is_active(&token).await, true);
        // Once more is no error (RFC 7009 §2.2).
        for _ in 0..2 {
            let answer = scene.revoke(client_id, &token).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert_eq!(scene.is_active(&token).await, false, "{client_id}");
        }
        assert_eq!(scene.is_active(&other).await, true, "{client_id}");
    }
    for unknown in ["x", "rt_x", "a.b.c"] {
        let answer = scene.revoke("client", unknown).await;
        assert_eq!(answer.status, 200, "{unknown}");
    }
}

#[tokio::test]
async fn nobody_else_does() {
    let scene = Scene::new().await;
    let (opaque, jwt) = (scene.token("opaque").await, scene.token("client").await);
    for (client_id, token, expected) in [
        ("client", &opaque, (400, "invalid_grant")),
        ("opaque", &jwt, (400, "invalid_grant")),
        ("api", &jwt, (401, "invalid_client")),
        ("api", &opaque, (401, "invalid_client")),
    ] {
        let answer = scene.revoke(client_id, token).await;
        assert_eq!(answer.error(), expected, "{client_id}");
        assert_eq!(scene.is_active(token).await, true, "{client_id}");
    }
    let server = &scene.server;
    let form = format!("token={jwt}");
    let answer = server.post_to("/revoke", &form, &[]).await;
    assert_eq!(answer.error(), (401, "invalid_client"));
    let caller = ("client", &server.client_key);
    let answer = server.about("/revoke", caller, &json!({}), &[]).await;
    assert_eq!(answer.error(), (400, "invalid_request"));
    let request = server.request(Method::GET, "/revoke").body(Body::empty());
    let answer = server.send(request.unwrap()).await;
    assert_eq!(answer.error(), (405, "invalid_request"));
}

/// 8 in all, so 2 a client; the operator has no share.
#[tokio::test]
async fn revoked_jwts_have_bounded_room() {
    let scene = Scene::new().await;
    for _ in 0..2 {
        let answer = scene.revoke("client", &scene.token("client").await).await;
        assert_eq!(answer.status, 200);
    }
    let answer = scene.revoke("client", &scene.token("client").await).await;
    assert_eq!(answer.error(), (429, "temporarily_unavailable"));
    let issuer = &scene.server.issuer;
    for _ in 0..6 {
        let token = scene.token("client").await;
        assert_eq!(issuer.revoke(&token).await, Ok(Revocation::Revoked));
        assert_eq!(issuer.revoke(&token).await, Ok(Revocation::NoToken));
    }
    let token = scene.token("client").await;
    assert_eq!(issuer.revoke(&token).await, Err(StorageError::Full));
    assert_eq!(scene.is_active(&token).await, true);
    scene.server.clock.advance(300);
    let token = scene.token("client").await;
    assert_eq!(issuer.revoke(&token).await, Ok(Revocation::Revoked));
    assert_eq!(scene.is_active(&token).await, false);
}

#[tokio::test]
async fn the_operator_revokes_any_token() {
    let scene = Scene::new().await;
    for client_id in ["opaque", "client", "unregistered"] {
        let token = scene.token(client_id).await;
        let revoked = scene.server.issuer.revoke(&token).await;
        assert_eq!(revoked, Ok(Revocation::Revoked), "{client_id}");
        assert_eq!(scene.is_active(&token).await, false, "{client_id}");
    }
    let none = scene.server.issuer.revoke("x").await;
    assert_eq!(none, Ok(Revocation::NoToken));
}

/// Whether a JWT was revoked before a restart, nobody knows.
#[tokio::test]
async fn after_a_restart_old_jwts_are_no_longer_vouched_for() {
    let signing_key = key(Algorithm::Es256).to_private_jwk().unwrap().to_string();
    let clock = SimulatedClock::at(START);
    let issuer = async |after_restart| {
        let tell = clock.clone();
        let mut dpop = DpopConfig::default();
        dpop.replay.after_restart = after_restart;
        Issuer::builder(ISSUER)
            .signing_key(SigningKey::from_jwk_json(&signing_key).unwrap())
            .clock(move || UnixTime::from_secs(tell.now()))
            .dpop(dpop)
            .build()
            .await
            .unwrap()
    };
    let token = mint(&issuer(AfterRestart::Challenge).await, "client").await;
    clock.advance(1);
    // To revoke is to have found: what is not found is called inactive too.
    let restarted = issuer(AfterRestart::Challenge).await;
    assert_eq!(restarted.revoke(&token).await, Ok(Revocation::NoToken));
    let new = mint(&restarted, "client").await;
    assert_eq!(restarted.revoke(&new).await, Ok(Revocation::Revoked));
    let restarted = issuer(AfterRestart::Accept).await;
    assert_eq!(restarted.revoke(&token).await, Ok(Revocation::Revoked));
}
