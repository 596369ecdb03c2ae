//! An issuer that is started again and again on the same storage.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use fapi_core::jose::Algorithm;
use fapi_crypto::{SigningKey, random_bytes};
use fapi_issuer::hash_password;
use serde_json::{Value, json};

use crate::harness::{API, Caller, ISSUER, SimulatedClock, key};
use crate::scene::CALLBACK;

/// A directory with a configuration, and those who know the issuer.
pub(crate) struct Site {
    directory: PathBuf,
    app: SigningKey,
    api: SigningKey,
}

impl Site {
    /// With a database in the directory.
    pub(crate) fn new() -> Self {
        Self::with(|directory| json!({ "sqlite": { "path": directory.join("issuer.db") } }))
    }

    pub(crate) fn with(storage: impl FnOnce(&PathBuf) -> Value) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "crash-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir(&directory).unwrap();
        let site = Self {
            app: key(Algorithm::Es256),
            api: key(Algorithm::Es256),
            directory,
        };
        let document = site.document(storage(&site.directory));
        std::fs::write(site.file("config.json"), document.to_string()).unwrap();
        site
    }

    fn document(&self, storage: Value) -> Value {
        let public = |key: &SigningKey| json!({ "keys": [key.public_jwk()] });
        json!({
            "issuer": ISSUER,
            "storage": storage,
            "signing_keys": [key(Algorithm::Es256).to_private_jwk().unwrap()],
            "default_audience": API,
            "access_token_lifetime_seconds": 3600,
            "users": [{
                "username": "alice",
                "password_hash": hash_password("wonderland").unwrap(),
                "sub": "user-1",
            }],
            "clients": [{
                "client_id": "app",
                "jwks": public(&self.app),
                "scope": "openid accounts",
                "redirect_uris": [CALLBACK],
                "grant_types": ["authorization_code", "client_credentials"],
                "access_token_format": "opaque",
            }],
            "resource_servers": [{
                "client_id": "api", "jwks": public(&self.api), "resource": API,
            }],
            "dpop": { "replay": { "per_client_percent": 100, "per_key": 1_000_000 } },
        })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn start(&self) -> Program {
        let mut program = Command::new(env!("CARGO_BIN_EXE_fapi-issuer"));
        self.spawn(&mut program)
    }

    /// Starts the program, or what starts it.
    pub(crate) fn spawn(&self, program: &mut Command) -> Program {
        let mut child = program
            .args(["--listen", "127.0.0.1:0", "--config"])
            .arg(self.file("config.json"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address
            .expect("the program does not start")
            .parse()
            .unwrap();
        Program { child, address }
    }

    /// Where the program says what went wrong; it stays there if the test fails.
    fn log(&self) -> File {
        let mut options = OpenOptions::new();
        let log = options.create(true).append(true);
        log.open(self.file("issuer.log")).unwrap()
    }

    /// The client `app`, which has the time of now.
    pub(crate) fn caller(&self, program: &Program) -> Caller {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let clock = SimulatedClock::at(i64::try_from(now.as_secs()).unwrap());
        Caller::of(program.address, copy(&self.app), clock)
    }

    /// Whether the API is told that a token is good.
    pub(crate) async fn is_active(&self, caller: &Caller, token: &str) -> bool {
        let about = json!({ "token": token });
        let who = ("api", &self.api);
        let answer = caller.about("/introspect", who, &about, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["active"].as_bool().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// A running issuer, killed when dropped.
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request for a token: who sends it again sends exactly this.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) form: String,
    pub(crate) proof: String,
}

impl Asked {
    /// A new one, with these fields.
    pub(crate) fn new(caller: &Caller, holder: &SigningKey, fields: &Value) -> Self {
        Self {
            form: caller.authenticated(("app", &caller.client_key), fields),
            proof: caller.proof(holder),
        }
    }

    /// The status, the token and the error, if the issuer lives for so long.
    pub(crate) async fn send(&self, caller: &Caller) -> Option<Told> {
        let lines = [("dpop", self.proof.as_str())];
        let request = caller.posting("/token", &self.form, &lines);
        let answer = caller.try_to_send(request).await?;
        let member = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
        Some(Told {
            status: answer.status.as_u16(),
            token: member("access_token"),
            error: member("error"),
        })
    }
}

/// What a client is told of a token request.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) token: String,
    pub(crate) error: String,
}

pub(crate) fn copy(key: &SigningKey) -> SigningKey {
    SigningKey::from_jwk_json(&key.to_private_jwk().unwrap().to_string()).unwrap()
}

/// A number from 1 to `most`.
pub(crate) fn random(most: usize) -> usize {
    let bytes: [u8; 8] = random_bytes().unwrap();
    usize::from_le_bytes(bytes) % most + 1
}
