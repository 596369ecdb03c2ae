//! What comes with the pages.

use fapi_tests::suite::document::PASSWORD;
use serde_json::{Value, json};

use crate::browser::Scripts;
use crate::layout::look;
use crate::scene::Scene;

/// There is nowhere to send the user back to: the page stays where it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_nobody_knows_is_an_error_page() {
    Scene::tell("error", Scripts::Allowed, async |scene, browser| {
        let unknown =
            scene.at("/authorize?client_id=nobody&request_uri=urn:ietf:params:oauth:request_uri:x");
        browser.go(&unknown).await;

        assert!(!browser.read("#fapi-error").await.is_empty());
        assert_eq!(browser.status().await, 400);
        assert_eq!(browser.url().await, unknown);
        look(browser, "error").await;
        // Chromium tells of every status like this.
        let console = browser.console().await;
        assert!(
            matches!(&console[..], [only] if only.contains("status of 400")),
            "{console:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_for_the_issuer_alone() {
    Scene::tell("cookies", Scripts::Allowed, async |scene, browser| {
        scene.begin(browser, &[("scope", "openid")]).await;
        scene.log_in(browser, PASSWORD).await;
        browser.arrives_at(&scene.at("/consent")).await;

        let cookies = browser.cookies().await;
        assert!(!cookies.is_empty());
        for cookie in cookies {
            let name = cookie["name"].as_str().unwrap();
            // RFC 6265bis §4.1.3.2: browsers take such a name only with `Secure` and `Path=/`, from the host itself.
            assert!(name.starts_with("__Host-"), "{cookie}");
            assert_eq!(
                [
                    &cookie["secure"],
                    &cookie["httpOnly"],
                    &cookie["path"],
                    &cookie["domain"]
                ],
                [&json!(true), &json!(true), &json!("/"), &json!("127.0.0.1")],
                "{cookie}"
            );
            // Not `Strict`: users come from the client's site.
            assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
        }
        assert_eq!(browser.run("return document.cookie").await, Value::from(""));
    })
    .await;
}

/// Or users could be made to press what they do not see.
#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_can_frame_them() {
    Scene::tell("frame", Scripts::Allowed, async |scene, browser| {
        scene.begin(browser, &[("scope", "openid")]).await;
        browser.arrives_at(&scene.at("/login")).await;
        let login = browser.url().await;

        // The client's own page can be framed, so what is not shown was not allowed.
        let own = scene.client.page(&[]);
        for (page, shown) in [(&own, &*own), (&login, "chrome-error://chromewebdata/")] {
            browser.go(&scene.client.frame(page)).await;
            browser.enter_frame().await;
            assert_eq!(browser.run("return document.URL").await, shown);
        }
        let console = browser.console().await;
        assert!(
            matches!(&console[..], [only] if only.contains("frame-ancestors 'none'")),
            "{console:?}"
        );
    })
    .await;
}
