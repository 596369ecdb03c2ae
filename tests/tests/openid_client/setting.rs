//! An issuer, what is registered there, and a user.

use fapi_core::config::NonceMode;
use fapi_crypto::SigningKey;
use fapi_tests::served::{HOSTS, Machine, Running};
use fapi_tests::suite::document::{DETAIL_TYPE, PASSWORD, USERNAME};
use fapi_tests::suite::{Decision, UserAgent};
use reqwest::Url;
use serde_json::{Value, json};
use tower_fapi::testing::Algorithm;

use crate::relying_party::{RelyingParty, Request};

/// Where the client waits for the user.
pub(crate) const CALLBACK: &str = "https://suite.example.com/callback";
/// What the tokens are for.
pub(crate) const API: &str = "https://api.example.com";

/// What is registered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    /// A client with every grant.
    Client,
    /// A client that has to sign its requests, and gets signed answers.
    Signer,
    /// The resource server, which asks about tokens.
    ResourceServer,
}

impl As {
    const fn id(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Signer => "signer",
            Self::ResourceServer => "resource-server",
        }
    }
}

pub(crate) struct Setting {
    pub(crate) issuer: Running,
    machine: Machine,
    key: SigningKey,
}

impl Setting {
    pub(crate) async fn new() -> Self {
        Self::with(Algorithm::Es256, NonceMode::Off).await
    }

    /// All keys are for this algorithm.
    pub(crate) async fn with(algorithm: Algorithm, nonces: NonceMode) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let document = document(&json!({ "keys": [key.public_jwk()] }), algorithm, nonces);
        let machine = Machine::new();
        let socket = machine.bind(HOSTS[0]).await;
        Self {
            issuer: socket.serve_issuer(document).await,
            machine,
            key,
        }
    }

    /// openid-client, which has read the metadata of the issuer.
    pub(crate) async fn party(&self, who: As) -> RelyingParty {
        self.discover(who, json!({ "document": "oidc" })).await.0
    }

    /// The same by other means, with what it learned.
    pub(crate) async fn discover(&self, who: As, means: Value) -> (RelyingParty, Value) {
        let mut party = RelyingParty::start().await;
        let mut step = json!({
            "do": "discover",
            "authority": self.machine.authority.pem(),
            "issuer": self.issuer.url(),
            "client_id": who.id(),
            "key": self.key.to_private_jwk().unwrap(),
            "jarm": matches!(who, As::Signer),
            "dpop": match who {
                As::Client | As::Signer => json!("ES256"),
                As::ResourceServer => Value::Null,
            },
        });
        step.as_object_mut()
            .unwrap()
            .extend(means.as_object().unwrap().clone());
        let learned = party.step(&step).await.unwrap();
        (party, learned)
    }

    /// A user goes where the client says, logs in and decides. Gives where they come back.
    pub(crate) async fn visit(&self, url: &str, decision: Decision) -> Url {
        let tls = self.machine.authority.client_config(None);
        let http = reqwest::Client::builder()
            // Whatever proxy the environment names, it does not lead to this machine.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls);
        let browser = UserAgent::new(http.build().unwrap());
        let landing = browser.walk(&url.parse().unwrap(), decision).await;
        landing.callback().clone()
    }

    /// The client asks for everything, and a user decides. Gives where they come back.
    pub(crate) async fn decide(
        &self,
        party: &mut RelyingParty,
        request: Request,
        decision: Decision,
    ) -> Url {
        let url = party.authorize(request, everything()).await.unwrap();
        self.visit(&url, decision).await
    }

    /// Tokens for everything.
    pub(crate) async fn tokens(&self, party: &mut RelyingParty) -> Value {
        let callback = self.decide(party, Request::Plain, Decision::Approve).await;
        party.redeem(&callback).await.unwrap()
    }
}

/// The parameters of a request for all that the client may have.
pub(crate) fn everything() -> Value {
    json!({ "redirect_uri": CALLBACK, "scope": SCOPE })
}

/// All that clients may ask for.
pub(crate) const SCOPE: &str = "openid profile offline_access accounts";

fn document(jwks: &Value, algorithm: Algorithm, nonces: NonceMode) -> Value {
    let client = json!({
        "jwks": jwks,
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": SCOPE,
        "audiences": [API],
        "authorization_details_types": [DETAIL_TYPE],
    });
    let registered = |who: As, more: Value| {
        let mut client = client.clone();
        client["client_id"] = who.id().into();
        client
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        client
    };
    let signer = json!({ "require_signed_request_object": true, "response_modes": ["jwt"] });
    json!({
        "signing_keys": [SigningKey::generate(algorithm).unwrap().to_private_jwk().unwrap()],
        "clients": [registered(As::Client, json!({ "client_name": "Example client" })), registered(As::Signer, signer)],
        "resource_servers": [{ "client_id": As::ResourceServer.id(), "jwks": jwks, "resource": API }],
        "users": [{
            "username": USERNAME,
            "password_hash": fapi_issuer::hash_password(PASSWORD).unwrap(),
            "sub": SUBJECT,
            "acr": "urn:example:password",
            "claims": { "name": "Alice", "email": EMAIL },
        }],
        "authorization_details_types": [DETAIL_TYPE],
        "dpop": { "nonce": { "mode": nonces } },
    })
}

/// What is known of the user.
pub(crate) const EMAIL: &str = "alice@example.com";
/// `sub` of the user.
pub(crate) const SUBJECT: &str = "248289761001";
