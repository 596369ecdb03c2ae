//! A resource server exchanges the token that it was sent for one for the next (RFC 8693).

use fapi_core::jose::Algorithm;
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{
    AccessTokenFormat, Client, Grant, GrantType, ResourceServer, Scope, TokenExchange,
};
use serde_json::{Value, json};

use crate::harness::{API, Answer, ISSUER, START, Server, jwks, key, part};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const LEDGER: &str = "https://ledger.example.com";
const VAULT: &str = "https://vault.example.com";

/// `gateway` answers to the API and may call the ledger, `ledger-client` answers to the ledger and may call the vault.
struct Scene {
    server: Server,
    gateway: SigningKey,
    ledger: SigningKey,
    api: SigningKey,
    vault: SigningKey,
}

impl Scene {
    async fn new() -> Self {
        let (gateway, ledger, api, vault) = (
            key(Algorithm::Es256),
            key(Algorithm::Es256),
            key(Algorithm::Es256),
            key(Algorithm::Es256),
        );
        let mut first = Client::new("gateway", jwks(&[&gateway]))
            .scope("accounts payments audit openid")
            .audience(LEDGER)
            .token_exchange(TokenExchange::of_audience(API));
        first.authorization_details_types.push("payment".to_owned());
        let second = Client::new("ledger-client", jwks(&[&ledger]))
            .scope("accounts")
            .audience(VAULT)
            .access_token_format(AccessTokenFormat::Opaque)
            .token_exchange(TokenExchange::of_audience(LEDGER));
        let server = Server::start_with(Algorithm::Es256, |builder| {
            builder
                .authorization_details_type("payment", |_| true)
                .client(first)
                .client(second)
                .resource_server(ResourceServer::new("api", jwks(&[&api]), API))
                .resource_server(ResourceServer::new("vault", jwks(&[&vault]), VAULT))
        })
        .await;
        Self {
            server,
            gateway,
            ledger,
            api,
            vault,
        }
    }

    /// A token that the user's application has sent to the API.
    async fn sent(&self) -> String {
        self.mint(|grant| grant).await
    }

    async fn mint(&self, set: impl FnOnce(Grant) -> Grant) -> String {
        let holder = Confirmation::Key(key(Algorithm::Es256).thumbprint());
        let grant = Grant::new("app", API, holder)
            .subject("alice")
            .scope(Scope::parse("openid offline_access accounts payments").unwrap())
            .claim("acr", "urn:example:loa:3")
            .claim("auth_time", START - 60)
            .claim(
                "authorization_details",
                json!([{ "type": "payment", "amount": "1" }]),
            )
            .claim("something", "else");
        let token = self.server.issuer.mint(&set(grant)).await.unwrap();
        token.as_str().to_owned()
    }

    async fn exchange(&self, who: (&str, &SigningKey), token: &str, changes: Value) -> Answer {
        let holder = key(Algorithm::Es256);
        self.exchange_as(who, token, changes, &holder).await
    }

    async fn exchange_as(
        &self,
        who: (&str, &SigningKey),
        token: &str,
        changes: Value,
        holder: &SigningKey,
    ) -> Answer {
        let mut form = json!({
            "grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS_TOKEN,
        });
        let members = form.as_object_mut().unwrap();
        members.extend(changes.as_object().unwrap().clone());
        let proof = self.server.proof(holder);
        self.server
            .about("/token", who, &form, &[("dpop", &proof)])
            .await
    }

    fn gateway(&self) -> (&str, &SigningKey) {
        ("gateway", &self.gateway)
    }

    fn ledger(&self) -> (&str, &SigningKey) {
        ("ledger-client", &self.ledger)
    }

    async fn introspect(&self, who: (&str, &SigningKey), token: &str) -> Value {
        let form = json!({ "token": token });
        self.server.about("/introspect", who, &form, &[]).await.body
    }
}

fn access_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_new_token_says_who_acts_for_whom() {
    let scene = Scene::new().await;
    let holder = key(Algorithm::Es256);
    let sent = scene.sent().await;
    let answer = scene
        .exchange_as(scene.gateway(), &sent, json!({}), &holder)
        .await;
    let token = access_token(&answer);
    assert_eq!(answer.body["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(answer.body["token_type"], "DPoP");
    assert_eq!(answer.body["scope"], "accounts payments");
    for none in ["refresh_token", "id_token", "authorization_details"] {
        assert!(answer.body.get(none).is_none(), "{none}");
    }
    let mut claims = part(&token, 1);
    claims.as_object_mut().unwrap().remove("jti");
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER, "aud": LEDGER, "sub": "alice", "client_id": "gateway",
            "iat": START, "exp": START + 300, "scope": "accounts payments",
            "cnf": { "jkt": holder.thumbprint().to_string() },
            "act": { "sub": "gateway" }, "acr": "urn:example:loa:3", "auth_time": START - 60,
        })
    );
    // And on to the next one.
    let answer = scene.exchange(scene.ledger(), &token, json!({})).await;
    let claims = scene
        .introspect(("vault", &scene.vault), &access_token(&answer))
        .await;
    assert_eq!(claims["active"], true);
    assert_eq!(claims["sub"], "alice");
    assert_eq!(claims["scope"], "accounts");
    assert_eq!(
        claims["act"],
        json!({ "sub": "ledger-client", "act": { "sub": "gateway" } })
    );
}

#[tokio::test]
async fn a_token_that_was_sent_to_somebody_else_brings_nothing() {
    let scene = Scene::new().await;
    let sent = scene.sent().await;
    // Of the API, in the hands of the ledger.
    let stolen = scene.exchange(scene.ledger(), &sent, json!({})).await;
    assert_eq!(stolen.error(), (400, "invalid_request"));
    // Of the gateway itself: its tokens are for the ledger.
    let exchanged = scene.exchange(scene.gateway(), &sent, json!({})).await;
    let own = access_token(&exchanged);
    let back = scene.exchange(scene.gateway(), &own, json!({})).await;
    assert_eq!(back.error(), (400, "invalid_request"));
    // In the hands of a client that exchanges nothing.
    let client = ("client", &scene.server.client_key);
    let other = scene.exchange(client, &sent, json!({})).await;
    assert_eq!(other.error(), (400, "unauthorized_client"));
    // In the hands of nobody that we know.
    let thief = ("gateway", &key(Algorithm::Es256));
    let unknown = scene.exchange(thief, &sent, json!({})).await;
    assert_eq!(unknown.error(), (401, "invalid_client"));
}

#[tokio::test]
async fn a_token_for_the_client_itself_may_be_exchanged() {
    let scene = Scene::new().await;
    let own = scene
        .mint(|mut grant| {
            "gateway".clone_into(&mut grant.audience);
            grant
        })
        .await;
    access_token(&scene.exchange(scene.gateway(), &own, json!({})).await);
    let may =
        |who: &'static str| scene.mint(move |grant| grant.claim("may_act", json!({ "sub": who })));
    let (this, other) = (may("gateway").await, may("ledger-client").await);
    access_token(&scene.exchange(scene.gateway(), &this, json!({})).await);
    let refused = scene.exchange(scene.gateway(), &other, json!({})).await;
    assert_eq!(refused.error(), (400, "invalid_request"));
}

#[tokio::test]
async fn what_is_dead_is_not_exchanged() {
    let scene = Scene::new().await;
    let expired = scene.sent().await;
    scene.server.clock.advance(300);
    let revoked = scene.sent().await;
    scene.server.issuer.revoke(&revoked).await.unwrap();
    for dead in [expired.as_str(), revoked.as_str(), "rt_x", "x"] {
        let answer = scene.exchange(scene.gateway(), dead, json!({})).await;
        assert_eq!(answer.error(), (400, "invalid_request"), "{dead}");
    }
}

#[tokio::test]
async fn the_new_token_does_not_outlive_the_old_one() {
    let scene = Scene::new().await;
    let sent = scene.sent().await;
    scene.server.clock.advance(250);
    let answer = scene.exchange(scene.gateway(), &sent, json!({})).await;
    assert_eq!(answer.body["expires_in"], 50);
    let claims = part(&access_token(&answer), 1);
    assert_eq!(claims["exp"], START + 300);
}

#[tokio::test]
async fn the_new_token_says_no_more_than_the_old_one() {
    let scene = Scene::new().await;
    let sent = scene.sent().await;
    let exchange = |changes| scene.exchange(scene.gateway(), &sent, changes);
    assert_eq!(
        exchange(json!({ "scope": "accounts" })).await.body["scope"],
        "accounts"
    );
    for more in ["audit", "openid", "accounts offline_access", "\u{1}"] {
        let answer = exchange(json!({ "scope": more })).await;
        assert_eq!(answer.error(), (400, "invalid_scope"), "{more}");
    }
    for same in [
        json!({ "resource": LEDGER }),
        json!({ "audience": LEDGER }),
        json!({ "resource": LEDGER, "audience": LEDGER }),
    ] {
        assert_eq!(part(&access_token(&exchange(same).await), 1)["aud"], LEDGER);
    }
    for other in [
        json!({ "resource": API }),
        json!({ "audience": VAULT }),
        json!({ "resource": LEDGER, "audience": VAULT }),
    ] {
        let answer = exchange(other.clone()).await;
        assert_eq!(answer.error(), (400, "invalid_target"), "{other}");
    }
    let details = json!([{ "type": "payment", "amount": "1" }]);
    let asked = json!({ "authorization_details": details.to_string() });
    let answer = exchange(asked).await;
    assert_eq!(answer.body["authorization_details"], details);
    assert_eq!(
        part(&access_token(&answer), 1)["authorization_details"],
        details
    );
    for other in [
        r#"[{"type":"payment","amount":"2"}]"#,
        r#"[{"type":"payment"}]"#,
        "{}",
    ] {
        let answer = exchange(json!({ "authorization_details": other })).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_authorization_details"),
            "{other}"
        );
    }
}

#[tokio::test]
async fn only_access_tokens_are_exchanged() {
    let scene = Scene::new().await;
    let sent = scene.sent().await;
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    for wrong in [
        json!({ "subject_token": "" }),
        json!({ "subject_token_type": "" }),
        json!({ "subject_token_type": jwt }),
        json!({ "requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token" }),
        json!({ "requested_token_type": jwt }),
        json!({ "actor_token": sent, "actor_token_type": ACCESS_TOKEN }),
    ] {
        let answer = scene.exchange(scene.gateway(), &sent, wrong.clone()).await;
        assert_eq!(answer.error(), (400, "invalid_request"), "{wrong}");
    }
    let asked = json!({ "requested_token_type": ACCESS_TOKEN });
    access_token(&scene.exchange(scene.gateway(), &sent, asked).await);
}

#[tokio::test]
async fn a_token_cannot_be_exchanged_for_ever() {
    let scene = Scene::new().await;
    let actors = |count: usize| {
        (0..count).fold(Value::Null, |act, _| match act {
            Value::Null => json!({ "sub": "x" }),
            act => json!({ "sub": "x", "act": act }),
        })
    };
    let most = scene.mint(|grant| grant.claim("act", actors(7))).await;
    access_token(&scene.exchange(scene.gateway(), &most, json!({})).await);
    let more = scene.mint(|grant| grant.claim("act", actors(8))).await;
    let answer = scene.exchange(scene.gateway(), &more, json!({})).await;
    assert_eq!(answer.error(), (400, "invalid_request"));
    // The API itself can still ask about it.
    assert_eq!(
        scene.introspect(("api", &scene.api), &more).await["active"],
        true
    );
}

#[tokio::test]
async fn audiences_without_the_grant_are_a_mistake() {
    let mut client = Client::new("gateway", jwks(&[&key(Algorithm::Es256)]));
    client.grant_types = vec![GrantType::ClientCredentials];
    client.token_exchange = Some(TokenExchange::of_audience(API));
    let builder = fapi_issuer::Issuer::builder(ISSUER).default_audience(API);
    let error = builder.client(client).build().await.unwrap_err();
    assert_eq!(error.path(), "clients[0].token_exchange");
}
