//! A user connects a client to their account.

use fapi_tests::suite::document::{PASSWORD, USERNAME};
use serde_json::json;

use crate::browser::{ENTER, Scripts, TAB};
use crate::client;
use crate::layout::look;
use crate::scene::Scene;

const SCOPE: (&str, &str) = ("scope", "openid accounts offline_access");
/// Logged in without consent.
const LOGIN: (&str, &str) = ("scope", "openid accounts");

#[tokio::test(flavor = "multi_thread")]
async fn the_user_approves() {
    Scene::tell("approves", Scripts::Allowed, async |scene, browser| {
        let details = json!([{
            "type": "payment_initiation",
            "instructedAmount": { "currency": "EUR", "amount": "123.50" },
            "creditorName": "Merchant A",
        }]);
        scene
            .begin(
                browser,
                &[SCOPE, ("authorization_details", &details.to_string())],
            )
            .await;

        browser.arrives_at(&scene.at("/login")).await;
        look(browser, "login").await;
        scene.log_in(browser, "wrong").await;
        assert!(!browser.read("[role=alert]").await.is_empty());
        look(browser, "login-wrong").await;
        scene.log_in(browser, PASSWORD).await;

        browser.arrives_at(&scene.at("/consent")).await;
        look(browser, "consent").await;
        let shown = browser.read("body").await;
        for expected in [
            client::NAME,
            "accounts",
            "Payment initiation",
            "123.50",
            "EUR",
            "Merchant A",
        ] {
            assert!(shown.contains(expected), "{expected} is not in: {shown}");
        }
        browser.click("#approve").await;

        let answer = scene.answer(browser).await;
        let tokens = scene.client.redeem(&answer).await;
        assert_eq!(tokens["authorization_details"], details);
        assert!(
            tokens["id_token"].is_string() && tokens["refresh_token"].is_string(),
            "{tokens}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_denies() {
    Scene::tell("denies", Scripts::Allowed, async |scene, browser| {
        scene.begin(browser, &[SCOPE]).await;
        scene.log_in(browser, PASSWORD).await;
        scene.decide(browser, "#deny").await;

        let answer = scene.answer(browser).await;

        assert_eq!(answer["error"], "access_denied");
        assert_eq!(answer["code"], json!(null));
    })
    .await;
}

/// Nor does it need a mouse: what can be used comes in the order of use, and Enter sends a form.
#[tokio::test(flavor = "multi_thread")]
async fn neither_scripts_nor_a_mouse_are_needed() {
    Scene::tell("keyboard", Scripts::Blocked, async |scene, browser| {
        scene.begin(browser, &[SCOPE]).await;
        browser.arrives_at(&scene.at("/login")).await;
        browser.reach("username").await;
        browser.press(USERNAME).await;
        browser.press(TAB).await;
        assert_eq!(browser.focus().await, "password");
        browser.press(PASSWORD).await;
        browser.press(ENTER).await;

        browser.arrives_at(&scene.at("/consent")).await;
        browser.reach("approve").await;
        browser.press(ENTER).await;

        let answer = scene.answer(browser).await;
        let tokens = scene.client.redeem(&answer).await;
        assert_eq!(tokens["token_type"], "DPoP");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_logged_in_is_not_asked_again_unless_the_client_wants_it() {
    Scene::tell("session", Scripts::Allowed, async |scene, browser| {
        scene.begin(browser, &[LOGIN]).await;
        scene.log_in(browser, PASSWORD).await;
        scene.decide(browser, "#approve").await;
        let first = scene.answer(browser).await;

        scene.begin(browser, &[LOGIN]).await;
        scene.decide(browser, "#approve").await;
        let second = scene.answer(browser).await;
        assert_ne!(first["code"], second["code"]);

        // OpenID Connect Core §3.1.2.1.
        scene.begin(browser, &[LOGIN, ("prompt", "login")]).await;
        scene.log_in(browser, PASSWORD).await;
        scene.decide(browser, "#approve").await;
        let third = scene.answer(browser).await;
        scene.client.redeem(&third).await;

        browser.forget_cookies().await;
        scene.begin(browser, &[LOGIN, ("prompt", "none")]).await;
        assert_eq!(scene.answer(browser).await["error"], "login_required");
    })
    .await;
}
