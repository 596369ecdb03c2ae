//! The authorization code flow, through the pages of the server.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, GrantType, User, hash_password};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Answer, ISSUER, START, Server, encode, jwks, key, part, unique};

const CALLBACK: &str = "https://client.example/callback";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

/// A server with a user and a client that may do everything.
struct Scene {
    server: Server,
    dpop: SigningKey,
    cookies: HashMap<String, String>,
}

impl Scene {
    async fn new() -> Self {
        let client_key = key(Algorithm::Es256);
        let client = Client::new("app", jwks(&[&client_key]))
            .scope("openid accounts email offline_access")
            .redirect_uri(CALLBACK)
            .grant_type(GrantType::AuthorizationCode)
            .grant_type(GrantType::RefreshToken);
        let mut user = User::new("alice", hash_password("wonderland").unwrap(), "user-1");
        user.claims
            .insert("email".to_owned(), json!("alice@example.com"));
        user.claims.insert("name".to_owned(), json!("Alice"));
        let server = Server::start_with(Algorithm::Es256, |builder| {
            builder.client(client).user(user)
        })
        .await;
        Self {
            server: server.with_client_key(client_key),
            dpop: key(Algorithm::Es256),
            cookies: HashMap::new(),
        }
    }

    /// Pushes a request, with changed parameters.
    async fn push(&self, changes: Value) -> Answer {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut fields = json!({
            "client_id": "app", "response_type": "code", "redirect_uri": CALLBACK,
            "scope": "openid accounts", "state": "the-state", "nonce": "the-nonce",
            "code_challenge": challenge, "code_challenge_method": "S256",
        });
        let members = fields.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        let who = ("app", &self.server.client_key);
        self.server.about("/par", who, &fields, &[]).await
    }

    async fn request_uri(&self, changes: Value) -> String {
        let answer = self.push(changes).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["request_uri"].as_str().unwrap().to_owned()
    }

    /// The browser goes to a place on this server.
    async fn open(&mut self, place: &str) -> Answer {
        let path = place.strip_prefix(ISSUER).unwrap_or(place).to_owned();
        self.browse(Method::GET, &path, None).await
    }

    async fn browse(&mut self, method: Method, path: &str, form: Option<String>) -> Answer {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self.server.request(method, path);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if form.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let body = form.map_or_else(Body::empty, Body::from);
        let answer = self.server.send(request.body(body).unwrap()).await;
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Sends the form of a page, with these fields besides its hidden ones.
    async fn submit(&mut self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let hidden = ["interaction", "csrf"].map(|name| (name, hidden(&page.text, name)));
        let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs: Vec<_> = hidden
            .chain(fields.iter().copied())
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        self.browse(Method::POST, path, Some(pairs.join("&"))).await
    }

    /// From the request to the consent page.
    async fn log_in(&mut self, request_uri: &str) -> Answer {
        let start = format!(
            "/authorize?client_id=app&request_uri={}",
            encode(request_uri)
        );
        let to_login = self.open(&start).await;
        assert_eq!(to_login.status, 303, "{to_login:?}");
        let page = self.open(&location(&to_login)).await;
        assert_eq!(page.status, 200, "{page:?}");
        let fields = [("username", "alice"), ("password", "wonderland")];
        let to_consent = self.submit(&page, "/login", &fields).await;
        assert_eq!(to_consent.status, 303, "{to_consent:?}");
        self.open(&location(&to_consent)).await
    }

    /// Where the client is called back.
    async fn decide(&mut self, consent: &Answer, decision: &str) -> HashMap<String, String> {
        let fields = [("decision", decision)];
        let back = self.submit(consent, "/consent", &fields).await;
        assert_eq!(back.status, 303, "{back:?}");
        let location = location(&back);
        let query = location
            .strip_prefix(CALLBACK)
            .unwrap()
            .strip_prefix('?')
            .unwrap();
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    async fn code(&mut self, changes: Value) -> String {
        let request_uri = self.request_uri(changes).await;
        let consent = self.log_in(&request_uri).await;
        let mut parameters = self.decide(&consent, "approve").await;
        parameters.remove("code").unwrap()
    }

    /// A token request with a proof of this key.
    async fn redeem(&self, fields: Value, holder: &SigningKey) -> Answer {
        let proof = self.server.proof(holder);
        let who = ("app", &self.server.client_key);
        let lines = [("dpop", proof.as_str())];
        self.server.about("/token", who, &fields, &lines).await
    }

    async fn tokens(&self, code: &str) -> Answer {
        self.redeem(of_code(code), &self.dpop).await
    }
}

fn of_code(code: &str) -> Value {
    json!({
        "grant_type": "authorization_code", "code": code,
        "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
    })
}

fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let tag = page
        .split('<')
        .find(|tag| tag.contains(&format!("name=\"{name}\"")))
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let value = tag.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_logs_in_and_consents() {
    let mut scene = Scene::new().await;
    let pushed = scene.push(json!({})).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    assert_eq!(pushed.body["expires_in"], 90);
    let request_uri = pushed.body["request_uri"].as_str().unwrap();
    let name = request_uri.strip_prefix("urn:ietf:params:oauth:request_uri:");
    assert_eq!(name.unwrap().len(), 43);
    let consent = scene.log_in(request_uri).await;
    assert_eq!(consent.status, 200, "{consent:?}");
    let parameters = scene.decide(&consent, "approve").await;
    assert_eq!(parameters["state"], "the-state");
    assert_eq!(parameters["iss"], ISSUER);
    assert_eq!(parameters.len(), 3);

    let tokens = scene.tokens(&parameters["code"]).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.headers["cache-control"], "no-store");
    assert_eq!(tokens.body["token_type"], "DPoP");
    assert_eq!(tokens.body["scope"], "openid accounts");
    assert_eq!(tokens.body["refresh_token"], Value::Null);
    let id_token = part(tokens.body["id_token"].as_str().unwrap(), 1);
    assert_eq!(
        id_token,
        json!({
            "iss": ISSUER, "sub": "user-1", "aud": "app", "nonce": "the-nonce",
            "iat": START, "exp": START + 300, "auth_time": START,
        })
    );
    let access_token = part(tokens.body["access_token"].as_str().unwrap(), 1);
    assert_eq!(access_token["sub"], "user-1");
    assert_eq!(access_token["client_id"], "app");
    assert_eq!(access_token["auth_time"], START);
    assert_eq!(
        access_token["cnf"]["jkt"],
        scene.dpop.thumbprint().to_string()
    );
}

#[tokio::test]
async fn a_user_refuses() {
    let mut scene = Scene::new().await;
    let request_uri = scene.request_uri(json!({})).await;
    let consent = scene.log_in(&request_uri).await;
    let parameters = scene.decide(&consent, "deny").await;
    assert_eq!(parameters["error"], "access_denied");
    assert_eq!(parameters["state"], "the-state");
    assert_eq!(parameters["iss"], ISSUER);
    assert!(!parameters.contains_key("code"));
    // The request has served.
    let again = format!(
        "/authorize?client_id=app&request_uri={}",
        encode(&request_uri)
    );
    let back = location(&scene.open(&again).await);
    assert!(back.contains("error=invalid_request_uri"), "{back}");
}

#[tokio::test]
async fn a_code_serves_once_and_takes_its_tokens_along() {
    let mut scene = Scene::new().await;
    let code = scene
        .code(json!({ "scope": "openid accounts offline_access" }))
        .await;
    let tokens = scene.tokens(&code).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let refresh = json!({
        "grant_type": "refresh_token", "refresh_token": tokens.body["refresh_token"],
    });
    assert_eq!(scene.redeem(refresh.clone(), &scene.dpop).await.status, 200);
    assert_eq!(scene.tokens(&code).await.error(), (400, "invalid_grant"));
    let refreshed = scene.redeem(refresh, &scene.dpop).await;
    assert_eq!(refreshed.error(), (400, "invalid_grant"));
    assert_eq!(userinfo(&scene, &tokens).await.status, 401);
}

#[tokio::test]
async fn a_code_is_for_its_verifier_its_key_and_a_minute() {
    let mut scene = Scene::new().await;
    let bound = json!({ "dpop_jkt": scene.dpop.thumbprint().to_string() });
    let code = scene.code(bound).await;
    let invalid_grant = (400, "invalid_grant");
    for changes in [
        json!({ "code_verifier": "another-verifier-of-forty-three-characters-x" }),
        json!({ "redirect_uri": "https://client.example/other" }),
    ] {
        let mut fields = of_code(&code);
        fields
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        assert_eq!(
            scene.redeem(fields, &scene.dpop).await.error(),
            invalid_grant
        );
    }
    let mut without = of_code(&code);
    without.as_object_mut().unwrap().remove("code_verifier");
    assert_eq!(
        scene.redeem(without, &scene.dpop).await.error(),
        invalid_grant
    );
    let stranger = key(Algorithm::Es256);
    assert_eq!(
        scene.redeem(of_code(&code), &stranger).await.error(),
        invalid_grant
    );
    // Nothing of that has used it up.
    assert_eq!(scene.tokens(&code).await.status, 200);
    let code = scene.code(json!({ "prompt": "login" })).await;
    scene.server.clock.advance(60);
    assert_eq!(scene.tokens(&code).await.error(), invalid_grant);
}

#[tokio::test]
async fn a_refresh_token_stays_and_takes_a_new_key() {
    let mut scene = Scene::new().await;
    let code = scene
        .code(json!({ "scope": "openid accounts offline_access" }))
        .await;
    let tokens = scene.tokens(&code).await;
    let fields = json!({
        "grant_type": "refresh_token", "refresh_token": tokens.body["refresh_token"],
        "scope": "openid",
    });
    for _ in 0..2 {
        scene.server.clock.advance(1000);
        let holder = key(Algorithm::EdDsa);
        let refreshed = scene.redeem(fields.clone(), &holder).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        assert_eq!(
            refreshed.body["refresh_token"],
            tokens.body["refresh_token"]
        );
        assert_eq!(refreshed.body["scope"], "openid");
        let access_token = part(refreshed.body["access_token"].as_str().unwrap(), 1);
        assert_eq!(access_token["cnf"]["jkt"], holder.thumbprint().to_string());
        // Of the authentication, not of the refresh (RFC 9068 §2.2.1).
        assert_eq!(access_token["auth_time"], START);
        let id_token = part(refreshed.body["id_token"].as_str().unwrap(), 1);
        assert_eq!(id_token["auth_time"], START);
        assert_eq!(id_token["nonce"], Value::Null);
    }
    let more = json!({
        "grant_type": "refresh_token", "refresh_token": tokens.body["refresh_token"],
        "scope": "openid email",
    });
    assert_eq!(
        scene.redeem(more, &scene.dpop).await.error(),
        (400, "invalid_scope")
    );
}

async fn userinfo(scene: &Scene, tokens: &Answer) -> Answer {
    let token = tokens.body["access_token"].as_str().unwrap();
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
    let changes = json!({
        "htm": "GET", "htu": format!("{ISSUER}/userinfo"), "ath": ath, "jti": unique(),
    });
    let proof = scene.server.proof_with(&scene.dpop, &changes);
    let request = scene
        .server
        .request(Method::GET, "/userinfo")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .body(Body::empty());
    scene.server.send(request.unwrap()).await
}

#[tokio::test]
async fn userinfo_tells_what_was_granted() {
    let mut scene = Scene::new().await;
    let code = scene
        .code(json!({
            "scope": "openid email", "claims": r#"{"userinfo":{"name":null},"id_token":{"email":null}}"#,
        }))
        .await;
    let tokens = scene.tokens(&code).await;
    let told = userinfo(&scene, &tokens).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    assert_eq!(
        told.body,
        json!({ "sub": "user-1", "email": "alice@example.com", "name": "Alice" })
    );
    let id_token = part(tokens.body["id_token"].as_str().unwrap(), 1);
    assert_eq!(id_token["email"], "alice@example.com");
    assert_eq!(id_token["name"], Value::Null);
    let bare = scene.server.get("/userinfo").await;
    assert_eq!(bare.status, 401);
    assert!(
        bare.headers["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("DPoP ")
    );
}

#[tokio::test]
async fn a_session_spares_the_login_until_it_is_too_old() {
    let mut scene = Scene::new().await;
    scene.code(json!({})).await;
    for (changes, page) in [
        (json!({}), "/consent?"),
        (json!({ "prompt": "login" }), "/login?"),
        (json!({ "prompt": "consent" }), "/consent?"),
        (json!({ "max_age": "0" }), "/login?"),
    ] {
        let request_uri = scene.request_uri(changes.clone()).await;
        let start = format!(
            "/authorize?client_id=app&request_uri={}",
            encode(&request_uri)
        );
        let next = location(&scene.open(&start).await);
        assert!(next.starts_with(page), "{changes}: {next}");
    }
    scene.server.clock.advance(11);
    for (changes, page) in [
        (json!({ "max_age": "10" }), "/login?"),
        (json!({ "max_age": "11" }), "/consent?"),
        (json!({ "prompt": "none" }), CALLBACK),
    ] {
        let request_uri = scene.request_uri(changes.clone()).await;
        let start = format!(
            "/authorize?client_id=app&request_uri={}",
            encode(&request_uri)
        );
        let next = location(&scene.open(&start).await);
        assert!(next.starts_with(page), "{changes}: {next}");
    }
    scene.server.clock.advance(3600);
    let request_uri = scene.request_uri(json!({ "prompt": "none" })).await;
    let start = format!(
        "/authorize?client_id=app&request_uri={}",
        encode(&request_uri)
    );
    let next = location(&scene.open(&start).await);
    assert!(next.contains("error=login_required"), "{next}");
}

#[tokio::test]
async fn a_visit_stays_in_its_browser() {
    let mut scene = Scene::new().await;
    let request_uri = scene.request_uri(json!({})).await;
    let consent = scene.log_in(&request_uri).await;
    let cookies = std::mem::take(&mut scene.cookies);
    let stolen = scene
        .submit(&consent, "/consent", &[("decision", "approve")])
        .await;
    assert_eq!(stolen.status, 400);
    assert!(stolen.text.contains("fapi-error"), "{stolen:?}");
    scene.cookies = cookies;
    let name = hidden(&consent.text, "interaction");
    let forged = format!("interaction={name}&csrf=x&decision=approve");
    let forged = scene.browse(Method::POST, "/consent", Some(forged)).await;
    assert_eq!(forged.status, 400);
    let parameters = scene.decide(&consent, "approve").await;
    assert!(parameters.contains_key("code"));
}
