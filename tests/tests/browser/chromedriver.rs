//! The program that drives Chromium, and the protocol that it speaks (W3C WebDriver).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fapi_tests::directory::Directory;
use reqwest::Method;
use serde_json::{Value, json};

/// A running `chromedriver`, killed when dropped.
pub(crate) struct Chromedriver {
    child: Child,
    port: u16,
    /// For profiles of browsers.
    _directory: Directory,
}

impl Chromedriver {
    pub(crate) fn start() -> Self {
        let directory = Directory::new();
        let mut child = Command::new("chromedriver")
            .env("TMPDIR", directory.path())
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is needed: `cargo xtask install` installs it");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("started successfully on port ")?
                    .1
                    .strip_suffix('.')?
                    .parse()
                    .ok()
            })
            .expect("chromedriver starts");
        // The pipe stays open and empty, so that the driver can go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            port,
            _directory: directory,
        }
    }

    /// Starts a browser with these arguments and preferences.
    pub(crate) async fn session(&self, arguments: &[&str], preferences: Value) -> Session {
        let driver = Session {
            // Whatever proxy the environment names, it does not lead to this machine.
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(COMMAND)
                .build()
                .unwrap(),
            url: format!("http://127.0.0.1:{}/session", self.port),
        };
        let capabilities = json!({
            "browserName": "chrome",
            "timeouts": { "implicit": ELEMENT.as_millis() as u64, "pageLoad": PAGE.as_millis() as u64 },
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        });
        let made = driver
            .post(
                "",
                json!({ "capabilities": { "alwaysMatch": capabilities } }),
            )
            .await;
        let id = made["sessionId"].as_str().unwrap();
        Session {
            url: format!("{}/{id}", driver.url),
            ..driver
        }
    }
}

/// How long an element may take to appear.
const ELEMENT: Duration = Duration::from_secs(10);
/// How long a page may take to load.
const PAGE: Duration = Duration::from_secs(20);
/// How long the driver may take for any command.
const COMMAND: Duration = Duration::from_secs(30);

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A browser's end of the protocol.
pub(crate) struct Session {
    http: reqwest::Client,
    url: String,
}

impl Session {
    pub(crate) async fn get(&self, command: &str) -> Value {
        self.run(Method::GET, command, None).await
    }

    pub(crate) async fn post(&self, command: &str, parameters: Value) -> Value {
        self.run(Method::POST, command, Some(parameters)).await
    }

    /// Ends the browser.
    pub(crate) async fn end(&self) {
        self.run(Method::DELETE, "", None).await;
    }

    async fn run(&self, method: Method, command: &str, parameters: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{command}", self.url));
        if let Some(parameters) = &parameters {
            request = request.json(parameters);
        }
        let response = request.send().await.unwrap();
        let succeeded = response.status().is_success();
        let mut answer: Value = response.json().await.unwrap();
        assert!(
            succeeded,
            "{command}: {}",
            answer["value"]["message"].as_str().unwrap_or_default()
        );
        answer["value"].take()
    }
}
