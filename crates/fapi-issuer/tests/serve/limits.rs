//! Requests that are too many.

use fapi_core::config::Secret;
use fapi_issuer::RegistrationConfig;
use serde_json::json;

use crate::certificates::{Identity, client as params};
use crate::scene::{Scene, client, jwks};

#[tokio::test]
async fn each_client_has_its_number_of_requests_a_second() {
    let [one, two] = ["one", "two"].map(|name| Identity::self_signed(&params(name)));
    let registered = |name, identity| {
        let members = json!({ "jwks": jwks(identity) });
        client(name, "self_signed_tls_client_auth", members)
    };
    let clients = json!([registered("one", &one), registered("two", &two)]);
    let limit = |config: &mut fapi_issuer::Config| config.rate_limits.per_client_per_second = 2;
    let scene = Scene::configured(clients, limit).await;
    for expected in [200, 200, 429, 429] {
        let (status, body) = scene.token("one", Some(&one)).await;
        assert_eq!(status, expected, "{body}");
        if expected == 429 {
            assert_eq!(body["error"], "temporarily_unavailable");
        }
        // Whoever uses another's name uses up nothing of it.
        assert_eq!(scene.token("two", Some(&one)).await.0, 401);
    }
    assert_eq!(scene.token("two", Some(&two)).await.0, 200);
}

#[tokio::test]
async fn each_address_has_its_number_of_requests_a_second() {
    let limit = |config: &mut fapi_issuer::Config| {
        config.rate_limits.per_address_per_second = 2;
        let token = Secret::Inline("an-initial-access-token".to_owned());
        config.registration = Some(RegistrationConfig::new(token));
    };
    let scene = Scene::configured(json!([]), limit).await;
    let form = (
        "application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=x",
    );
    let text = ("text/plain", "x");
    // The last one is not read: nobody says that it is no form.
    for ((media_type, body), expected) in [form, text, text].into_iter().zip([401, 400, 429]) {
        let request = scene.http(None).post(scene.open("token"));
        let request = request.header("content-type", media_type).body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected);
        assert_eq!(
            response.headers().contains_key("retry-after"),
            expected == 429
        );
    }
    // They count together; resource servers may ask as often as they are asked.
    for (path, expected) in [
        ("par", 429),
        ("revoke", 429),
        ("register", 429),
        ("register/x", 429),
        ("introspect", 400),
    ] {
        let request = scene.http(None);
        let request = match path {
            "register/x" => request.put(scene.open(path)),
            _ => request.post(scene.open(path)),
        };
        let response = request.body("x").send().await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
    }
    let health = scene.http(None).get(scene.open("health"));
    assert_eq!(health.send().await.unwrap().status(), 200);
}
