//! The compiled filter in Envoy.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fapi_core::config::{AfterRestart, ClaimHeader, Config, EnvoyConfig, EnvoySignatures};
use fapi_core::mtls::{Connection, Peer};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use tower_fapi::testing::{TestClock, UnixTime, now};

use super::{Host, Parser, client};
use crate::certificate::Certificate;
use crate::envoy::{Bootstrap, Envoy, Listener, READINESS_PATH, Reply, Seen, Server, Stats, fapi};
use crate::introspection;
use crate::keys::{self, Day};
use crate::profile::Profile;
use crate::scene::{CAST, ISSUER, OTHER_ISSUER, SILENT_ISSUER};
use crate::wire::{Answer, UpstreamView, WireRequest};

/// An Envoy with a listener for each of some profiles.
pub struct EnvoyDoor {
    envoy: Envoy,
    upstream: Server,
    /// What the profiles' issuers answer.
    _issuers: Vec<Server>,
    since: UnixTime,
    server: ServerCertificate,
}

/// The listener of one profile.
pub struct EnvoyHost<'a> {
    door: &'a EnvoyDoor,
    address: SocketAddr,
    /// The connection that is open, and as what.
    open: Option<(Connection, Stream)>,
    counted: Stats,
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

impl EnvoyDoor {
    /// Starts Envoy, and waits until each listener can decide requests.
    ///
    /// # Panics
    /// It does not start.
    pub fn open(profiles: &[Profile]) -> Self {
        Self::open_with(profiles, EnvoySignatures::Auto)
    }

    /// The same, with ES256 signatures verified by the one or the other.
    pub fn open_with(profiles: &[Profile], signatures: EnvoySignatures) -> Self {
        let upstream = Server::upstream();
        let server = ServerCertificate::new();
        let since = now();
        let mut bootstrap = Bootstrap::new().cluster("upstream", upstream.address());
        let mut issuers = Vec::new();
        for profile in profiles.iter().copied() {
            let name = name(profile);
            let issuer = Server::start(issuer(profile));
            let mut config = config(profile, &name, issuer.address());
            if let Some(envoy) = &mut config.envoy {
                envoy.signatures = signatures;
            }
            bootstrap = bootstrap
                .cluster(&name, issuer.address())
                .listener(listener(&name, &server).filter(fapi(&name, &json!(config))));
            issuers.push(issuer);
        }
        Self {
            envoy: Envoy::start(&bootstrap),
            upstream,
            _issuers: issuers,
            since,
            server,
        }
    }

    /// The host for a profile, one of those that this was opened for.
    pub fn host(&self, profile: Profile) -> EnvoyHost<'_> {
        EnvoyHost {
            door: self,
            address: self.envoy.listener(&name(profile)),
            open: None,
            counted: self.envoy.filter_stats(),
        }
    }

    /// What Envoy has logged.
    pub fn log(&self) -> String {
        self.envoy.log()
    }
}

impl EnvoyHost<'_> {
    fn exchange(&mut self, request: &WireRequest) -> io::Result<Answer> {
        let mut stream = match self.open.take() {
            Some((connection, stream)) if connection == request.connection => stream,
            _ => self.door.server.connect(self.address, request.connection)?,
        };
        let (answer, reuse) = client::exchange(&mut stream, request)?;
        if reuse {
            self.open = Some((request.connection, stream));
        }
        Ok(answer)
    }
}

impl Host for EnvoyHost<'_> {
    fn send(&mut self, request: &WireRequest) -> Answer {
        let mut answer = self.exchange(request).unwrap_or_default();
        let seen = self.door.upstream.take();
        assert!(seen.len() <= 1, "the upstream was asked twice: {seen:?}");
        let counted = self.door.envoy.filter_stats();
        let grown = |prefix| counted.grown(&self.counted, prefix).next().map(Into::into);
        answer.reason = grown("wasmcustom.fapi.refused.");
        let reported = grown("wasmcustom.fapi.reported.");
        let accepted = grown("wasmcustom.fapi.accepted").is_some();
        answer.upstream = seen.into_iter().next().map(|seen| {
            let credentials = ["authorization", "dpop"].map(|name| seen.header(name).count());
            assert!(!accepted || credentials == [0, 0], "they go on: {seen:?}");
            UpstreamView {
                subject: claim(&seen, SUBJECT),
                client_id: claim(&seen, CLIENT_ID),
                method: seen.method,
                reported,
                body: seen.body,
            }
        });
        self.counted = counted;
        answer
    }

    fn clock(&self) -> Option<&TestClock> {
        None
    }

    fn remembers_since(&self) -> UnixTime {
        self.door.since
    }

    fn store_calls(&self) -> Option<u64> {
        None
    }

    fn parser(&self) -> Parser {
        Parser::Http
    }
}

const SUBJECT: &str = "x-fapi-sub";
const CLIENT_ID: &str = "x-fapi-client-id";

/// A claim that the filter wrote into a header, percent-encoded where it has to be.
fn claim(seen: &Seen, name: &str) -> Option<String> {
    let value = seen.header(name).next()?;
    let text = str::from_utf8(value).expect("ASCII");
    let mut octets = Vec::new();
    let mut parts = text.split('%');
    octets.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (digits, rest) = part.split_at(2);
        octets.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
        octets.extend(rest.bytes());
    }
    Some(String::from_utf8(octets).expect("UTF-8"))
}

/// The name of the listener, of its cluster and of its `vm_id`.
fn name(profile: Profile) -> String {
    format!("{profile:?}").to_lowercase()
}

/// What the layer is given for the profile, with Envoy's part.
fn config(profile: Profile, cluster: &str, issuer: SocketAddr) -> Config {
    let mut config = profile.config_for(&format!("http://{issuer}"));
    let mut envoy = EnvoyConfig::default();
    envoy.cluster = Some(cluster.into());
    envoy.readiness_path = Some(READINESS_PATH.into());
    envoy.claim_headers = vec![
        ClaimHeader::new("sub", SUBJECT),
        ClaimHeader::new("client_id", CLIENT_ID),
    ];
    config.envoy = Some(envoy);
    if profile != Profile::Restarted {
        // The others' stores remember since long ago. Envoy's begins with its listener.
        config.dpop.replay.after_restart = AfterRestart::Accept;
    }
    if profile == Profile::LateKeys {
        for configured in &mut config.issuers {
            configured.jwks = None;
            configured.jwks_uri = Some(format!("http://{issuer}{}", jwks_path(&configured.issuer)));
        }
    }
    config.validate().expect("a valid configuration");
    config
}

fn jwks_path(issuer: &str) -> &'static str {
    match issuer {
        ISSUER => "/jwks",
        OTHER_ISSUER => "/jwks2",
        SILENT_ISSUER => "/jwks3",
        other => unreachable!("an issuer of nobody: {other}"),
    }
}

/// The issuers of a profile: what they say about tokens, and their keys, to which a new one comes once they were fetched.
fn issuer(profile: Profile) -> impl Fn(&Seen) -> Reply + Send + Sync {
    let fetched = AtomicBool::new(false);
    move |question| {
        let issuer = match question.target.as_str() {
            "/introspect" => {
                let reply = introspection::Reply::to_question(profile, &question.body);
                return Reply::new(reply.status).body(&reply.content_type, reply.body);
            }
            path => [ISSUER, OTHER_ISSUER, SILENT_ISSUER]
                .into_iter()
                .find(|issuer| jwks_path(issuer) == path),
        };
        let day = match issuer {
            Some(ISSUER) if !fetched.swap(true, Ordering::SeqCst) => Day::Yesterday,
            _ => Day::Today,
        };
        match issuer.and_then(|issuer| keys::published(issuer, day)) {
            Some(keys) => Reply::new(200).body("application/json", keys),
            None => Reply::new(503),
        }
    }
}

/// Connections begin with the PROXY protocol, so that they can come from anywhere, and are TLS, so that certificates can
/// be shown. Paths go to the filter as they are: what is ambiguous is for it to refuse.
fn listener(name: &str, server: &ServerCertificate) -> Listener {
    let trusted = [&CAST.certificate, &CAST.renewed_certificate].map(Certificate::pem);
    Listener::new(name)
        .proxy_protocol()
        .tls(json!({
            "require_client_certificate": false,
            "common_tls_context": {
                "tls_certificates": [server.to_json()],
                // Certificates are self-signed here. The filter compares them with tokens.
                "validation_context": {
                    "trusted_ca": { "inline_string": trusted.concat() },
                    "trust_chain_verification": "ACCEPT_UNTRUSTED",
                },
            },
        }))
        .settings(|settings| {
            // The filter decides which proxies to believe.
            settings["forward_client_cert_details"] = "ALWAYS_FORWARD_ONLY".into();
        })
}

/// What Envoy shows, and what clients need to know of it.
struct ServerCertificate {
    pem: String,
    key: String,
    plain: Arc<ClientConfig>,
    roots: Arc<RootCertStore>,
}

const SERVER_NAME: &str = "api.example.com";

impl ServerCertificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed([SERVER_NAME.to_owned()]);
        let made = made.expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a certificate");
        let roots = Arc::new(roots);
        Self {
            pem: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
            plain: Arc::new(builder(&roots).with_no_client_auth()),
            roots,
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "certificate_chain": { "inline_string": self.pem },
            "private_key": { "inline_string": self.key },
        })
    }

    /// Opens a connection that comes from the peer and shows the certificate of this description.
    fn connect(&self, address: SocketAddr, connection: Connection) -> io::Result<Stream> {
        let mut tcp = client::connect(address)?;
        io::Write::write_all(&mut tcp, proxy_line(connection.peer).as_bytes())?;
        let config = match connection.certificate {
            None => Arc::clone(&self.plain),
            Some(thumbprint) => {
                let [first, second] = [&CAST.certificate, &CAST.renewed_certificate];
                let shown = if first.thumbprint() == thumbprint {
                    first
                } else {
                    assert_eq!(second.thumbprint(), thumbprint, "a certificate of nobody");
                    second
                };
                let chain = vec![CertificateDer::from(shown.der().to_vec())];
                let key = PrivatePkcs8KeyDer::from(shown.key().to_vec());
                let config = builder(&self.roots)
                    .with_client_auth_cert(chain, PrivateKeyDer::from(key))
                    .expect("a key");
                Arc::new(config)
            }
        };
        let name = ServerName::try_from(SERVER_NAME).expect("a name");
        let tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(tls, tcp))
    }
}

fn builder(
    roots: &Arc<RootCertStore>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(Arc::clone(roots))
}

/// The PROXY protocol's header, version 1.
fn proxy_line(peer: Peer) -> String {
    match peer {
        Peer::Ip(ip) if ip.is_ipv4() => format!("PROXY TCP4 {ip} 127.0.0.1 1024 443\r\n"),
        Peer::Ip(ip) => format!("PROXY TCP6 {ip} ::1 1024 443\r\n"),
        // What cannot be said of a TCP connection: it comes from this host.
        _ => "PROXY UNKNOWN\r\n".to_owned(),
    }
}
