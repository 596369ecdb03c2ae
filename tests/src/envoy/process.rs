//! A running Envoy.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::provided::{self, Provided};
use super::{Bootstrap, Listener, Stats, bootstrap};
use crate::bench;
use crate::host::client;
use crate::wire::{Answer, WireRequest};

/// How long Envoy may take to be ready: it compiles the module for each of its listeners.
const START: Duration = Duration::from_secs(120);

/// The file of the listeners that change.
const LISTENERS: &str = "listeners.json";

/// How many workers Envoy has, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workers {
    /// Two, wherever the system puts them.
    #[default]
    Two,
    /// One, and all else of Envoy with it, on this processor core.
    OneOn(usize),
}

/// A running Envoy. It ends when this is dropped.
pub struct Envoy {
    provided: Provided,
    name: String,
    child: Child,
    folder: PathBuf,
    log: Arc<Mutex<String>>,
    admin: SocketAddr,
}

impl Envoy {
    /// Starts it, and waits until it serves.
    ///
    /// # Panics
    /// It does not start, and says why.
    pub fn start(bootstrap: &Bootstrap) -> Self {
        Self::try_start(bootstrap).unwrap_or_else(|log| panic!("Envoy does not start:\n{log}"))
    }

    /// Starts it, and waits until it serves. If it ends instead, its log.
    pub fn try_start(bootstrap: &Bootstrap) -> Result<Self, String> {
        Self::try_start_with(bootstrap, Workers::Two)
    }

    /// The same with these workers.
    pub fn try_start_with(bootstrap: &Bootstrap, workers: Workers) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("fapi-envoy-{}-{number}", std::process::id());
        let folder = provided::folder().join(&name);
        fs::create_dir_all(&folder).expect("a folder to write to");
        replace(&folder.join(LISTENERS), &bootstrap::listeners_file(&[]));
        let bootstrap = bootstrap.clone().listeners_in(folder.join(LISTENERS));
        let file = folder.join("bootstrap.json");
        replace(&file, &bootstrap.to_json());

        let provided = Provided::from_environment();
        let mut command = provided.envoy(&folder, &name, workers);
        command
            .arg("--config-path")
            .arg(&file)
            .arg("--disable-hot-restart")
            .args(["--drain-time-s", "1", "--drain-strategy", "immediate"])
            .args([
                "--log-level",
                "warning",
                "--file-flush-interval-msec",
                "100",
            ])
            // It tells its address, and the filter its reasons.
            .args(["--component-log-level", "admin:info,wasm:info"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Arc::new(Mutex::new(String::new()));
        let stdout = child.stdout.take().expect("a pipe");
        let stderr = child.stderr.take().expect("a pipe");
        collect(stdout, Arc::clone(&log));
        collect(stderr, Arc::clone(&log));
        let mut envoy = Self {
            provided,
            name,
            child,
            folder,
            log,
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        envoy.await_readiness()?;
        Ok(envoy)
    }

    fn await_readiness(&mut self) -> Result<(), String> {
        until("Envoy serves", START, || {
            if self.child.try_wait().expect("a child").is_some() {
                return Some(Err(self.log()));
            }
            if self.admin.port() == 0 {
                self.admin = admin_address(&self.log())?;
            }
            (self.admin("/ready").status == 200).then_some(Ok(()))
        })
    }

    /// Where the listener of this name listens.
    ///
    /// # Panics
    /// There is none.
    pub fn listener(&self, name: &str) -> SocketAddr {
        let answer = self.admin("/listeners?format=json");
        let listeners: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let found = listeners["listener_statuses"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == name))
            .unwrap_or_else(|| panic!("no listener {name}:\n{}", self.log()));
        let address = &found["local_address"]["socket_address"];
        let ip = address["address"].as_str().and_then(|ip| ip.parse().ok());
        let port = address["port_value"].as_u64().map(u16::try_from);
        SocketAddr::new(ip.expect("an address"), port.expect("a port").unwrap())
    }

    /// From now on it has these listeners beside those that it started with. It takes a moment.
    pub fn set_listeners(&self, listeners: &[Listener]) {
        replace(
            &self.folder.join(LISTENERS),
            &bootstrap::listeners_file(listeners),
        );
    }

    /// `GET` of this target at the admin interface.
    ///
    /// The answer has status 0 if there was none.
    pub fn admin(&self, target: &str) -> Answer {
        let request = WireRequest::new("GET", target).with("Host", "localhost");
        let connection = client::connect(self.admin);
        let answer = connection.and_then(|mut to| client::exchange(&mut to, &request));
        answer.map(|(answer, _)| answer).unwrap_or_default()
    }

    /// What it counts.
    pub fn stats(&self) -> Stats {
        self.stats_of("/stats")
    }

    /// What the filter counts.
    pub fn filter_stats(&self) -> Stats {
        self.stats_of("/stats?filter=%5Ewasmcustom%5C.fapi")
    }

    fn stats_of(&self, target: &str) -> Stats {
        let answer = self.admin(target);
        assert_eq!(answer.status, 200, "{target}:\n{}", self.log());
        Stats::parse(&String::from_utf8_lossy(&answer.body))
    }

    /// How long its threads have been running, all together; nobody knows of an Envoy in a container.
    ///
    /// # Panics
    /// The system does not tell (Linux does).
    pub fn processor_time(&self) -> Option<Duration> {
        if !self.provided.is_child() {
            return None;
        }
        Some(bench::processor_time(self.child.id()))
    }

    /// What it has logged so far, the filter's lines among it.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has logged this: an answer may come before the lines about it have been read.
    ///
    /// # Panics
    /// It does not within ten seconds.
    pub fn until_logged(&self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "no `{text}` in:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A folder whose files it sees under the same paths.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.provided.end(&self.name);
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        // Of a test that failed the files stay.
        if !thread::panicking() {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// Writes a file that is never seen half written.
fn replace(file: &Path, json: &Value) {
    let next = file.with_extension("next");
    fs::write(&next, json.to_string()).expect("a folder to write to");
    fs::rename(&next, file).expect("a folder to write to");
}

/// Asks again until there is an answer.
///
/// # Panics
/// There is none in time.
pub fn until<T>(what: &str, limit: Duration, mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Keeps what comes out of a pipe.
fn collect(pipe: impl Read + Send + 'static, log: Arc<Mutex<String>>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&String::from_utf8_lossy(&line));
            log.push('\n');
        }
    });
}

/// The admin interface's address, which Envoy says when it has it.
fn admin_address(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("admin address: ")?;
    rest.lines().next()?.trim().parse().ok()
}
