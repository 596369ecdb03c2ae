//! The authorization code flow, through the pages of the server.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
#[cfg(feature = "sqlite")]
use fapi_issuer::StorageConfig;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Answer, ISSUER, START, key, part, unique};
use crate::scene::{CALLBACK, Scene, hidden, of_code};

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
    let back = scene.begin(&request_uri).await;
    assert!(back.contains("error=invalid_request_uri"), "{back}");
    assert!(back.contains("state=the-state"), "{back}");
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
        let next = scene.begin(&request_uri).await;
        assert!(next.starts_with(page), "{changes}: {next}");
    }
    scene.server.clock.advance(11);
    for (changes, page) in [
        (json!({ "max_age": "10" }), "/login?"),
        (json!({ "max_age": "11" }), "/consent?"),
        (json!({ "prompt": "none" }), CALLBACK),
    ] {
        let request_uri = scene.request_uri(changes.clone()).await;
        let next = scene.begin(&request_uri).await;
        assert!(next.starts_with(page), "{changes}: {next}");
    }
    scene.server.clock.advance(3600);
    let request_uri = scene.request_uri(json!({ "prompt": "none" })).await;
    let next = scene.begin(&request_uri).await;
    assert!(next.contains("error=login_required"), "{next}");
}

#[tokio::test]
async fn a_user_who_comes_in_time_has_ten_minutes() {
    has_ten_minutes(Scene::new().await).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_user_who_comes_in_time_has_ten_minutes_with_a_database() {
    let storage = fresh_database("ten-minutes.db");
    has_ten_minutes(Scene::kept_in(storage).await).await;
}

async fn has_ten_minutes(mut scene: Scene) {
    let request_uri = scene.request_uri(json!({})).await;
    scene.server.clock.advance(89);
    let page = scene.begin(&request_uri).await;
    scene.server.clock.advance(590);
    let consent = scene.log_in_at(&page).await;
    let parameters = scene.decide(&consent, "approve").await;
    assert_eq!(scene.tokens(&parameters["code"]).await.status, 200);

    let request_uri = scene.request_uri(json!({ "prompt": "login" })).await;
    let page = scene.begin(&request_uri).await;
    scene.server.clock.advance(600);
    assert_eq!(scene.open(&page).await.status, 400);

    // Those in which the user logs in are among them.
    let request_uri = scene.request_uri(json!({ "prompt": "login" })).await;
    let page = scene.begin(&request_uri).await;
    scene.server.clock.advance(590);
    let consent = scene.log_in_at(&page).await;
    scene.server.clock.advance(10);
    assert_eq!(approve(&mut scene, &consent).await.status, 400);
}

#[tokio::test]
async fn a_request_that_was_opened_twice_serves_once() {
    opened_twice(Scene::new().await).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_request_that_was_opened_twice_serves_once_with_a_database() {
    let storage = fresh_database("opened-twice.db");
    opened_twice(Scene::kept_in(storage).await).await;
}

async fn opened_twice(mut scene: Scene) {
    let request_uri = scene.request_uri(json!({})).await;
    let first = scene.begin(&request_uri).await;
    scene.server.clock.advance(80);
    let second = scene.begin(&request_uri).await;
    // Each has minutes of its own, and the second goes on when the request can no longer be opened.
    scene.server.clock.advance(510);
    let in_first = scene.log_in_at(&first).await;
    let in_second = scene.log_in_at(&second).await;
    scene.server.clock.advance(5);
    let parameters = scene.decide(&in_second, "approve").await;
    assert_eq!(scene.tokens(&parameters["code"]).await.status, 200);
    assert_eq!(approve(&mut scene, &in_first).await.status, 400);
    let back = scene.begin(&request_uri).await;
    assert!(back.contains("error=invalid_request_uri"), "{back}");
}

async fn approve(scene: &mut Scene, consent: &Answer) -> Answer {
    let fields = [("decision", "approve")];
    scene.submit(consent, "/consent", &fields).await
}

/// A database of its own, without what a run before has left.
#[cfg(feature = "sqlite")]
fn fresh_database(name: &str) -> StorageConfig {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for old in [&path, &path.with_extension("db-wal")] {
        let _ = std::fs::remove_file(old);
    }
    let storage = json!({ "sqlite": { "path": path } });
    serde_json::from_value(storage).unwrap()
}

#[tokio::test]
async fn a_user_who_comes_too_late_is_sent_back() {
    let mut scene = Scene::new().await;
    let request_uri = scene.request_uri(json!({})).await;
    scene.server.clock.advance(90);
    let back = scene.begin(&request_uri).await;
    assert!(back.starts_with(CALLBACK), "{back}");
    assert!(back.contains("error=invalid_request_uri"), "{back}");
    assert!(back.contains("state=the-state"), "{back}");
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
