//! An authorization server that does as a test says, on a loopback address, and who asks it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of this module"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fapi_core::config::{
    ClientAuth, Config, IntrospectionConfig, PrivateKey, PrivateKeyJwt, TokenFormat,
};
use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_core::{IntrospectionQuery, Unavailable, UnixTime};
use fapi_crypto::SigningKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tower_fapi::introspect::HttpIntrospector;
use tower_fapi::ports::{Answer, IntrospectionBody, Introspector as _};
use tower_fapi::{FapiConfig, IssuerConfig};

pub const AS: &str = "https://as.example.com";
pub const RS: &str = "https://api.example.com";
pub const CLIENT_ID: &str = "resource-server";
pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub const TOKEN: &str = "rt_reference-token";

/// What a request is answered with.
pub enum Reply {
    /// These bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// The bytes when the gate lets one through.
    Gated(Arc<Semaphore>, Vec<u8>),
    /// This, again and again until nobody reads it.
    Endless(Vec<u8>, &'static [u8]),
    /// Nothing, on an open connection.
    Silence,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Request line and header lines.
    pub head: String,
    pub body: String,
}

impl Received {
    pub fn form(&self) -> BTreeMap<String, String> {
        let pairs: Vec<_> = form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect();
        let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(form.len(), pairs.len(), "a parameter stands twice");
        form
    }

    pub fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1);
        lines
            .filter_map(|line| line.split_once(": "))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// A server for one test.
pub struct Server {
    pub origin: String,
    address: SocketAddr,
    task: JoinHandle<()>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Answers the n-th request, counted from 0, as `script` says.
    pub async fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), script).await
    }

    /// The same at an address that is free again.
    pub async fn start_at(
        address: SocketAddr,
        script: impl Fn(usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = format!("http://{address}");
        let received = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&received);
        let script = Arc::new(script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let requests = Arc::clone(&requests);
                let script = Arc::clone(&script);
                tokio::spawn(serve(stream, requests, script));
            }
        });
        Self {
            origin,
            address,
            received,
            task,
        }
    }

    /// Stops to listen, and says where it did.
    pub async fn stop(self) -> SocketAddr {
        self.task.abort();
        // An error is the end that was asked for.
        let _ = self.task.await;
        self.address
    }

    /// Answers every request with these bytes.
    pub async fn always(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_| Reply::Bytes(bytes.clone())).await
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<Mutex<Vec<Received>>>,
    script: Arc<impl Fn(usize) -> Reply>,
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let number = {
        let mut requests = requests.lock().unwrap();
        requests.push(request);
        requests.len() - 1
    };
    // A client that has gone away is none of the server's concern.
    match script(number) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Reply::Gated(gate, bytes) => {
            gate.acquire().await.unwrap().forget();
            let _ = stream.write_all(&bytes).await;
        }
        Reply::Endless(head, chunk) => {
            let _ = stream.write_all(&head).await;
            while stream.write_all(chunk).await.is_ok() {}
        }
        Reply::Silence => {
            let _ = stream.read_u8().await;
        }
    }
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_owned();
            let request = Received {
                head,
                body: body.to_owned(),
            };
            let length = request.header("content-length");
            let length = length.first().map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(request);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A whole response.
pub fn response(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn json(body: &str) -> Vec<u8> {
    response("200 OK", "application/json", body)
}

pub fn active() -> String {
    format!(r#"{{"active":true,"exp":{}}}"#, NOW.plus(300).as_secs())
}

/// The answer about an active token that is bound to this key.
pub fn bound(client_key: Thumbprint) -> String {
    let exp = NOW.plus(300).as_secs();
    format!(
        r#"{{"active":true,"sub":"alice","client_id":"app","exp":{exp},"cnf":{{"jkt":"{client_key}"}}}}"#
    )
}

pub fn signing_key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// The settings for an endpoint of unsigned answers at `origin`.
pub fn endpoint(origin: &str, key: &SigningKey) -> IntrospectionConfig {
    let jwk = key.to_private_jwk().unwrap().to_string();
    let auth = ClientAuth::from(PrivateKeyJwt::new(PrivateKey::Jwk(jwk)));
    let mut endpoint =
        IntrospectionConfig::new(format!("{origin}/introspect?v=1"), CLIENT_ID, auth);
    endpoint.signed_response = false;
    endpoint
}

pub fn config(endpoint: IntrospectionConfig) -> Config {
    FapiConfig::builder(RS)
        .issuer(
            IssuerConfig::new(AS)
                .token_format(TokenFormat::Opaque)
                .introspection(endpoint)
                .jwks(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#),
        )
        .dangerous_allow_http_loopback()
        .build()
        .unwrap()
}

pub fn introspector(endpoint: IntrospectionConfig) -> HttpIntrospector {
    with_config(&config(endpoint))
}

pub fn with_config(config: &Config) -> HttpIntrospector {
    HttpIntrospector::builder(config)
        .clock(|| NOW)
        .build()
        .unwrap()
}

/// Asks about a token and waits.
pub async fn ask(
    introspector: &HttpIntrospector,
    token: &str,
) -> Result<IntrospectionBody, Unavailable> {
    match introspector.introspect(IntrospectionQuery { issuer: AS, token }) {
        Answer::Now(answer) => answer,
        Answer::Later(answer) => answer.await,
    }
}

/// Begins to ask about a token, which must mean to wait.
pub fn begin(
    introspector: &HttpIntrospector,
    token: &str,
) -> tower_fapi::ports::PortFuture<Result<IntrospectionBody, Unavailable>> {
    match introspector.introspect(IntrospectionQuery { issuer: AS, token }) {
        Answer::Now(answer) => panic!("answered at once: {answer:?}"),
        Answer::Later(answer) => answer,
    }
}
