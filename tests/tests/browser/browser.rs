//! A browser, as a test looks at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::chromedriver::{Chromedriver, Session};

/// A headless Chromium with an empty profile.
pub(crate) struct Browser {
    session: Session,
    _driver: Chromedriver,
}

/// Whether pages may run scripts.
#[derive(Clone, Copy)]
pub(crate) enum Scripts {
    Allowed,
    Blocked,
}

impl Browser {
    /// Starts one that trusts the certificates under this key alone: the hash of a SubjectPublicKeyInfo in base64.
    pub(crate) async fn start(trusted_key: &str, scripts: Scripts) -> Self {
        let trust = format!("--ignore-certificate-errors-spki-list={trusted_key}");
        let arguments = [
            "--headless",
            // Chromium runs as root in no other way, and some do run tests as root.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            // It ends when the driver does, even if that is killed.
            "--remote-debugging-pipe",
            // Whatever proxy the environment names, it does not lead to this machine.
            "--no-proxy-server",
            // Nor has Chromium any business elsewhere.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            &trust,
        ];
        let javascript = match scripts {
            Scripts::Allowed => 1,
            Scripts::Blocked => 2,
        };
        let preferences =
            json!({ "profile.managed_default_content_settings.javascript": javascript });
        let driver = Chromedriver::start();
        Self {
            session: driver.session(&arguments, preferences).await,
            _driver: driver,
        }
    }

    /// Goes to this address, as if the user had typed it.
    pub(crate) async fn go(&self, url: &str) {
        self.session.post("/url", json!({ "url": url })).await;
    }

    /// Where it is.
    pub(crate) async fn url(&self) -> String {
        text(&self.session.get("/url").await)
    }

    /// Waits until it is at an address that begins like this.
    pub(crate) async fn arrives_at(&self, start: &str) {
        let patience = Instant::now() + PATIENCE;
        loop {
            let url = self.url().await;
            if url.starts_with(start) {
                return;
            }
            assert!(
                Instant::now() < patience,
                "{url} does not begin with {start}"
            );
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// What is written in the first element that this CSS selector finds. Like all that take a selector, waits for one.
    pub(crate) async fn read(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        text(&self.session.get(&format!("{element}/text")).await)
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        let command = format!("{element}/click");
        self.session.post(&command, json!({})).await;
    }

    /// Replaces what is written in a field.
    pub(crate) async fn fill(&self, selector: &str, with: &str) {
        let element = self.find(selector).await;
        let [clear, value] = ["clear", "value"].map(|command| format!("{element}/{command}"));
        self.session.post(&clear, json!({})).await;
        self.session.post(&value, json!({ "text": with })).await;
    }

    /// Presses keys, one after another, wherever the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let strokes: Vec<_> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|stroke| json!({ "type": stroke, "value": key }))
            })
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.session
            .post("/actions", json!({ "actions": [keyboard] }))
            .await;
    }

    /// Presses Tab until the element with this `id` has the focus.
    pub(crate) async fn reach(&self, id: &str) {
        for _ in 0..MOST_STOPS {
            if self.focus().await == id {
                return;
            }
            self.press(TAB).await;
        }
        panic!("Tab does not lead to {id}");
    }

    /// The `id` of the element that has the focus.
    pub(crate) async fn focus(&self) -> String {
        text(&self.run("return document.activeElement.id").await)
    }

    /// What this program returns in the page; also where pages may run none.
    pub(crate) async fn run(&self, program: &str) -> Value {
        self.session
            .post("/execute/sync", json!({ "script": program, "args": [] }))
            .await
    }

    /// The status of the response that the page is.
    pub(crate) async fn status(&self) -> Value {
        self.run("return performance.getEntriesByType('navigation')[0].responseStatus")
            .await
    }

    /// The cookies of the page's host, with their attributes.
    pub(crate) async fn cookies(&self) -> Vec<Value> {
        match self.session.get("/cookie").await {
            Value::Array(cookies) => cookies,
            other => panic!("{other}"),
        }
    }

    /// Takes all cookies away, those of other hosts too.
    pub(crate) async fn forget_cookies(&self) {
        self.command("Network.clearBrowserCookies", json!({})).await;
    }

    /// Goes on in the only frame of the page.
    pub(crate) async fn enter_frame(&self) {
        self.session.post("/frame", json!({ "id": 0 })).await;
    }

    /// What the console said since it was asked last.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self
            .session
            .post("/se/log", json!({ "type": "browser" }))
            .await;
        let entries = log.as_array().unwrap();
        entries
            .iter()
            .map(|entry| text(&entry["message"]))
            .collect()
    }

    /// Gives pages this width and height, in CSS pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let parameters = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.command("Emulation.setDeviceMetricsOverride", parameters)
            .await;
    }

    /// Prefers this colour scheme, `light` or `dark`.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.command(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        )
        .await;
    }

    /// Saves a picture and the source of the page, whose paths begin like this. Gives the paths.
    pub(crate) async fn save(&self, place: &Path) -> [PathBuf; 2] {
        let picture = text(&self.session.get("/screenshot").await);
        let source = text(&self.session.get("/source").await);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let paths = [place.with_extension("png"), place.with_extension("html")];
        fs::write(&paths[0], STANDARD.decode(picture).unwrap()).unwrap();
        fs::write(&paths[1], source).unwrap();
        paths
    }

    pub(crate) async fn end(self) {
        self.session.end().await;
    }

    /// The address of an element in the protocol.
    async fn find(&self, selector: &str) -> String {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.session.post("/element", by).await;
        // The name of the only member is a constant of the protocol.
        let id = found.as_object().unwrap().values().next();
        format!("/element/{}", text(id.unwrap()))
    }

    /// A command of the Chrome DevTools Protocol.
    async fn command(&self, name: &str, parameters: Value) {
        let command = json!({ "cmd": name, "params": parameters });
        self.session.post("/goog/cdp/execute", command).await;
    }
}

/// The address of a page that is all in its address.
pub(crate) fn data_url(document: &str) -> String {
    format!("data:text/html;base64,{}", STANDARD.encode(document))
}

/// How long a navigation may take, and how often we look.
const PATIENCE: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_millis(20);

/// How many elements of a page may come before one that matters.
const MOST_STOPS: usize = 10;

/// As the protocol writes keys that are no characters.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
