//! A bank, a client and a user.

use fapi_tests::served::{HOSTS, Machine, Running};
use fapi_tests::suite::document::{PASSWORD, USERNAME};
use serde_json::{Value, json};

use crate::browser::{Browser, Scripts};
use crate::client::Client;
use crate::story::tell;

pub(crate) struct Scene {
    pub(crate) issuer: Running,
    pub(crate) client: Client,
    machine: Machine,
    _client: Running,
}

impl Scene {
    /// Issuer and client are two sites, as they are in life: cookies of the one are not sent along with requests that
    /// pages of the other make.
    async fn new() -> Self {
        let machine = Machine::new();
        let bank = machine.bind(HOSTS[0]).await;
        let shop = machine.bind(HOSTS[1]).await;
        let client = Client::new(shop.url(), bank.url(), &machine.authority.pem());
        let issuer = bank.serve_issuer(document(&client)).await;
        let served = shop.serve(client.router());
        Self {
            issuer,
            client,
            machine,
            _client: served,
        }
    }

    /// Tells a story that happens in the user's browser.
    pub(crate) async fn tell(
        name: &str,
        scripts: Scripts,
        story: impl AsyncFnOnce(&Self, &Browser),
    ) {
        let scene = Self::new().await;
        let browser = Browser::start(&scene.machine.key_hash(), scripts).await;
        tell(name, browser, async |browser| story(&scene, browser).await).await;
    }

    /// An address of the issuer.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer.url())
    }

    /// Follows the client's link to the issuer.
    pub(crate) async fn begin(&self, browser: &Browser, parameters: &[(&str, &str)]) {
        browser.go(&self.client.page(parameters)).await;
        browser.click("#start").await;
    }

    /// Fills in the login form.
    pub(crate) async fn log_in(&self, browser: &Browser, password: &str) {
        browser.arrives_at(&self.at("/login")).await;
        browser.fill("#username", USERNAME).await;
        browser.fill("#password", password).await;
        browser.click("#login").await;
    }

    /// Presses a button of the consent page.
    pub(crate) async fn decide(&self, browser: &Browser, button: &str) {
        browser.arrives_at(&self.at("/consent")).await;
        browser.click(button).await;
    }

    /// What the user brings back to the client.
    pub(crate) async fn answer(&self, browser: &Browser) -> Value {
        browser.arrives_at(&self.client.callback()).await;
        let answer = browser.read("#answer").await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        // RFC 9207 §2.
        assert_eq!(answer["iss"], self.issuer.url());
        answer
    }
}

fn document(client: &Client) -> Value {
    let mut registration = client.registration();
    registration["scope"] = "openid profile email offline_access accounts".into();
    registration["audiences"] = json!(["https://api.example.com"]);
    json!({
        "clients": [registration],
        "authorization_details_types": ["payment_initiation"],
        "users": [{
            "username": USERNAME,
            "password_hash": fapi_issuer::hash_password(PASSWORD).unwrap(),
            "sub": "248289761001",
            "claims": { "name": "Alice", "email": "alice@example.com" },
        }],
    })
}
