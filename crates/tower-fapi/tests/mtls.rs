//! Tokens bound to a client certificate (RFC 8705 §3) through the layer: from the connection, or from a proxy's header.

#![cfg(all(feature = "axum", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_core::config::{CertificateFrom, MtlsConfig};
use fapi_core::dpop::Epoch;
use fapi_core::token::CertificateThumbprint;
use fapi_core::{ReplayAnswer, ReplayQuery, Unavailable};
use http::header::WWW_AUTHENTICATE;
use http::{Request, Response, StatusCode};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tower_fapi::mtls::{Connection, Peer};
use tower_fapi::ports::{Answer, ReplayStore};
use tower_fapi::testing::{TestClient, TestIssuer, UnixTime};
use tower_fapi::{Denial, FapiConfig, FapiLayer, MemoryReplayStore, Reason};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const PROXY: &str = "10.1.2.3";
const STRANGER: &str = "203.0.113.9";

/// A client's certificate: only its bytes count here.
struct Certificate(Vec<u8>);

impl Certificate {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::default();
        Self(params.self_signed(&key).unwrap().der().to_vec())
    }

    fn thumbprint(&self) -> CertificateThumbprint {
        CertificateThumbprint::of_der(&self.0)
    }

    fn confirmation(&self) -> Value {
        json!({ "x5t#S256": self.thumbprint().to_string() })
    }

    /// An element as Envoy writes it.
    fn xfcc(&self) -> String {
        let hash = self.thumbprint();
        let hex = hash.as_bytes().iter().map(|byte| format!("{byte:02x}"));
        format!("Hash={};Subject=\"CN=a, b\"", hex.collect::<String>())
    }

    /// RFC 9440 §2.2.
    fn client_cert(&self) -> String {
        format!(":{}:", STANDARD.encode(&self.0))
    }

    /// A TLS connection on which this certificate was shown.
    fn connection(&self) -> Connection {
        Connection {
            certificate: Some(self.thumbprint()),
            ..from(STRANGER)
        }
    }
}

/// A connection without a client certificate.
fn from(peer: &str) -> Connection {
    Connection {
        peer: Peer::Ip(peer.parse().unwrap()),
        certificate: None,
    }
}

/// A store that counts how often it is asked.
struct Counted {
    store: MemoryReplayStore,
    inserts: Arc<AtomicUsize>,
}

impl ReplayStore for Counted {
    fn epoch(&self) -> Option<Epoch> {
        self.store.epoch()
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>> {
        self.inserts.fetch_add(1, Ordering::Relaxed);
        self.store.insert(query, now)
    }
}

/// The guarded API, and the issuer that it trusts.
struct Api {
    issuer: TestIssuer,
    client: TestClient,
    router: Router,
    inserts: Arc<AtomicUsize>,
}

impl Api {
    /// It takes certificates from the TLS connection, and tokens bound to either.
    fn new() -> Self {
        Self::with(|config| config.mtls = Some(MtlsConfig::default()))
    }

    /// It takes them from a header that a proxy in `10.0.0.0/8` writes.
    fn behind_proxy(header: CertificateFrom, hops: u8) -> Self {
        let mut mtls = MtlsConfig::default();
        mtls.certificate_from = header;
        mtls.trusted_hops = hops;
        mtls.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        Self::with(|config| config.mtls = Some(mtls))
    }

    fn with(change: impl FnOnce(&mut FapiConfig)) -> Self {
        let issuer = TestIssuer::new("https://as.example.com");
        let mut config = FapiConfig::builder("https://api.example.com")
            .issuer(issuer.issuer_config())
            .mtls(MtlsConfig::default())
            .dpop_or_mtls()
            .build()
            .unwrap();
        change(&mut config);
        let inserts = Arc::default();
        let layer = FapiLayer::builder(config)
            .for_axum()
            .clock(|| NOW)
            .replay_store(Counted {
                store: MemoryReplayStore::new(64, NOW).unwrap(),
                inserts: Arc::clone(&inserts),
            })
            .build()
            .unwrap();
        Self {
            issuer,
            client: TestClient::new(),
            router: Router::new()
                .route("/accounts", get(async || "42"))
                .layer(layer),
            inserts,
        }
    }

    fn token(&self, confirmation: Value) -> String {
        self.issuer
            .token(self.client.thumbprint(), NOW)
            .confirmation(confirmation)
            .build()
    }

    /// `cnf` with the client's key, and with this certificate.
    fn both(&self, certificate: &Certificate) -> Value {
        json!({
            "jkt": self.client.thumbprint().to_string(),
            "x5t#S256": certificate.thumbprint().to_string(),
        })
    }

    fn proof(&self, token: &str) -> String {
        self.client
            .proof("GET", "https://api.example.com/accounts", NOW)
            .token(token)
            .build()
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn bearer(&self, token: &str, connection: Connection) -> Response<Body> {
        self.send(bearer(token, connection)).await
    }

    async fn dpop(&self, token: &str, connection: Connection) -> Response<Body> {
        let mut request = bearer(token, connection);
        let headers = request.headers_mut();
        headers.insert("authorization", format!("DPoP {token}").parse().unwrap());
        headers.insert("dpop", self.proof(token).parse().unwrap());
        self.send(request).await
    }

    /// A Bearer request with these lines of a header.
    async fn forwarded(
        &self,
        token: &str,
        peer: &str,
        name: &'static str,
        lines: &[&str],
    ) -> Response<Body> {
        let mut request = bearer(token, from(peer));
        for line in lines {
            request.headers_mut().append(name, line.parse().unwrap());
        }
        self.send(request).await
    }
}

fn bearer(token: &str, connection: Connection) -> Request<Body> {
    Request::get("/accounts")
        .header("authorization", format!("Bearer {token}"))
        .extension(connection)
        .body(Body::empty())
        .unwrap()
}

fn challenges(response: &Response<Body>) -> Vec<&str> {
    let values = response.headers().get_all(WWW_AUTHENTICATE).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

fn reason(response: &Response<Body>) -> Reason {
    response.extensions().get::<Denial>().unwrap().reason()
}

/// 401 with `invalid_token` in both challenges.
#[track_caller]
fn assert_refused(response: &Response<Body>, expected: Reason) {
    assert_eq!(reason(response), expected);
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let [dpop, bearer] = challenges(response).try_into().unwrap();
    assert!(dpop.starts_with("DPoP error=\"invalid_token\""), "{dpop}");
    assert!(
        bearer.starts_with("Bearer error=\"invalid_token\""),
        "{bearer}"
    );
}

#[tokio::test]
async fn the_certificate_of_the_connection_is_the_proof() {
    let (api, mine, other) = (Api::new(), Certificate::new(), Certificate::new());
    let token = api.token(mine.confirmation());
    let response = api.bearer(&token, mine.connection()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().get("dpop-nonce").is_none());

    let response = api.bearer(&token, other.connection()).await;
    assert_refused(&response, Reason::BindingOtherCertificate);
    let response = api.bearer(&token, from(STRANGER)).await;
    assert_refused(&response, Reason::BindingNoCertificate);
    // "P06": the odd spelling of a hash is no hash, not another one.
    let odd = json!({ "x5t#S256": format!("{}=", mine.thumbprint()) });
    let response = api.bearer(&api.token(odd), mine.connection()).await;
    assert_refused(&response, Reason::TokenNotBound);
}

/// A server that says nothing about its connections has no certificates.
#[tokio::test]
async fn without_a_description_of_the_connection_there_is_no_certificate() {
    let (api, mine) = (Api::new(), Certificate::new());
    let mut request = bearer(&api.token(mine.confirmation()), from(PROXY));
    request.extensions_mut().clear();
    assert_refused(&api.send(request).await, Reason::BindingNoCertificate);
}

#[tokio::test]
async fn without_credentials_both_schemes_are_offered() {
    let api = Api::new();
    let mut request = bearer("x", Certificate::new().connection());
    request.headers_mut().clear();
    let response = api.send(request).await;
    let [dpop, bearer] = challenges(&response).try_into().unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(dpop.starts_with("DPoP algs="), "{dpop}");
    assert!(bearer.starts_with("Bearer resource_metadata="), "{bearer}");
}

/// RFC 9449 §7.2: no downgrade, whatever certificate comes along.
#[tokio::test]
async fn a_token_bound_to_a_key_is_no_bearer_token() {
    let (api, mine) = (Api::new(), Certificate::new());
    let jkt = json!({ "jkt": api.client.thumbprint().to_string() });
    let token = api.token(jkt);
    for connection in [mine.connection(), from(STRANGER)] {
        let response = api.bearer(&token, connection).await;
        assert_refused(&response, Reason::TokenBearerScheme);
    }
    // A proof beside the Bearer scheme changes nothing.
    let mut request = bearer(&token, mine.connection());
    let proof = api.proof(&token).parse().unwrap();
    request.headers_mut().insert("dpop", proof);
    assert_refused(&api.send(request).await, Reason::TokenBearerScheme);
    // With its own scheme it is good, certificate or not.
    for connection in [mine.connection(), from(STRANGER)] {
        let response = api.dpop(&token, connection).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_token_bound_to_nothing_is_refused() {
    let (api, mine) = (Api::new(), Certificate::new());
    for unbound in [json!({}), json!({ "x5t": mine.thumbprint().to_string() })] {
        let response = api.bearer(&api.token(unbound), mine.connection()).await;
        assert_refused(&response, Reason::TokenNotBound);
    }
}

#[tokio::test]
async fn two_members_ask_for_two_proofs() {
    let (api, mine, other) = (Api::new(), Certificate::new(), Certificate::new());
    let token = api.token(api.both(&mine));
    let response = api.dpop(&token, mine.connection()).await;
    assert_eq!(response.status(), StatusCode::OK);

    let response = api.dpop(&token, other.connection()).await;
    assert_refused(&response, Reason::BindingOtherCertificate);
    let response = api.dpop(&token, from(STRANGER)).await;
    assert_refused(&response, Reason::BindingNoCertificate);
    let response = api.bearer(&token, mine.connection()).await;
    assert_refused(&response, Reason::TokenBearerScheme);
    let stranger = Api {
        client: TestClient::new(),
        issuer: api.issuer.clone(),
        router: api.router.clone(),
        inserts: Arc::clone(&api.inserts),
    };
    let response = stranger.dpop(&token, mine.connection()).await;
    assert_refused(&response, Reason::BindingOtherKey);
    assert_eq!(api.inserts.load(Ordering::Relaxed), 1, "the good one alone");
}

/// Whoever has such a token can make a proof with a key of his own: it says nothing.
#[tokio::test]
async fn a_proof_does_not_stand_for_a_certificate() {
    let (api, mine) = (Api::new(), Certificate::new());
    let token = api.token(mine.confirmation());
    let response = api.dpop(&token, mine.connection()).await;
    assert_refused(&response, Reason::BindingOtherKey);
    let response = api.dpop(&token, from(STRANGER)).await;
    assert_refused(&response, Reason::BindingNoCertificate);
    let mut request = bearer(&token, mine.connection());
    let dpop = format!("DPoP {token}").parse().unwrap();
    request.headers_mut().insert("authorization", dpop);
    assert_eq!(reason(&api.send(request).await), Reason::ProofMissing);
    assert_eq!(api.inserts.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn bearer_needs_a_configuration_that_allows_it() {
    let mine = Certificate::new();
    for api in [
        // DPoP is required all the same.
        Api::with(|config| config.dpop.required = true),
        Api::with(|config| {
            config.mtls = None;
            config.dpop.required = true;
        }),
    ] {
        let token = api.token(mine.confirmation());
        let response = api.bearer(&token, mine.connection()).await;
        assert_eq!(reason(&response), Reason::TokenBearerScheme);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let [only] = challenges(&response).try_into().unwrap();
        assert!(only.starts_with("DPoP error=\"invalid_token\""), "{only}");
    }
}

/// Beside required DPoP, a token may still name a certificate too.
#[tokio::test]
async fn required_dpop_still_asks_for_the_certificate() {
    let (mine, other) = (Certificate::new(), Certificate::new());
    let api = Api::with(|config| config.dpop.required = true);
    let token = api.token(api.both(&mine));
    let response = api.dpop(&token, mine.connection()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let response = api.dpop(&token, other.connection()).await;
    assert_eq!(reason(&response), Reason::BindingOtherCertificate);
}

#[tokio::test]
async fn a_certificate_is_not_remembered_as_used() {
    let (api, mine) = (Api::new(), Certificate::new());
    let token = api.token(mine.confirmation());
    for _ in 0..3 {
        let response = api.bearer(&token, mine.connection()).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(api.inserts.load(Ordering::Relaxed), 0);
}

/// The token cache holds what the issuer said, not who sent it.
#[tokio::test]
async fn a_remembered_token_is_bound_anew() {
    let (api, mine, other) = (Api::new(), Certificate::new(), Certificate::new());
    let token = api.token(mine.confirmation());
    for _ in 0..2 {
        let response = api.bearer(&token, other.connection()).await;
        assert_refused(&response, Reason::BindingOtherCertificate);
        let response = api.bearer(&token, mine.connection()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let response = api.bearer(&token, from(STRANGER)).await;
        assert_refused(&response, Reason::BindingNoCertificate);
    }
}

/// "P07": a certificate's hash is public, and anybody can send a header.
#[tokio::test]
async fn a_header_counts_only_from_a_trusted_proxy() {
    let mine = Certificate::new();
    for (from, name, line) in [
        (
            CertificateFrom::Xfcc,
            "x-forwarded-client-cert",
            mine.xfcc(),
        ),
        (
            CertificateFrom::ClientCert,
            "client-cert",
            mine.client_cert(),
        ),
    ] {
        let api = Api::behind_proxy(from, 1);
        let token = api.token(mine.confirmation());
        let response = api.forwarded(&token, PROXY, name, &[&line]).await;
        assert_eq!(response.status(), StatusCode::OK, "{name}");
        let response = api.forwarded(&token, STRANGER, name, &[&line]).await;
        assert_refused(&response, Reason::BindingNoCertificate);
        // Nor from a peer that the server did not describe.
        let mut request = bearer(&token, Connection::default());
        let value = line.parse().unwrap();
        request.headers_mut().insert(name, value);
        assert_refused(&api.send(request).await, Reason::BindingNoCertificate);
        // "P11": the connection's certificate is the proxy's, and is not asked for.
        let response = api.bearer(&token, mine.connection()).await;
        assert_refused(&response, Reason::BindingNoCertificate);
        // The other header, and any header where the connection itself is the source, says nothing.
        for api in [Api::new(), Api::behind_proxy(other_than(from), 1)] {
            let token = api.token(mine.confirmation());
            let response = api.forwarded(&token, PROXY, name, &[&line]).await;
            assert_refused(&response, Reason::BindingNoCertificate);
        }
    }
}

fn other_than(header: CertificateFrom) -> CertificateFrom {
    match header {
        CertificateFrom::Xfcc => CertificateFrom::ClientCert,
        CertificateFrom::Tls | CertificateFrom::ClientCert => CertificateFrom::Xfcc,
    }
}

#[tokio::test]
async fn hops_are_counted_from_the_right() {
    let name = "x-forwarded-client-cert";
    let (mine, other) = (Certificate::new(), Certificate::new());
    let (mine_text, other_text) = (mine.xfcc(), other.xfcc());
    let (mine_line, other_line) = (mine_text.as_str(), other_text.as_str());
    let joined = format!("{mine_line},{other_line}");
    let wrong = Some(Reason::BindingOtherCertificate);
    let none = Some(Reason::BindingNoCertificate);
    let table: [(u8, &[&str], Option<Reason>); 9] = [
        (1, &[mine_line], None),
        (1, &[other_line, mine_line], None),
        // What the client wrote itself stands to the left.
        (1, &[mine_line, other_line], wrong),
        (1, &[&joined], wrong),
        (2, &[&joined], None),
        (2, &[mine_line, other_line], None),
        (2, &[other_line, mine_line], wrong),
        (2, &[mine_line], none),
        (1, &["Hash=12"], none),
    ];
    for (hops, lines, expected) in table {
        let api = Api::behind_proxy(CertificateFrom::Xfcc, hops);
        let token = api.token(mine.confirmation());
        let response = api.forwarded(&token, PROXY, name, lines).await;
        match expected {
            None => assert_eq!(response.status(), StatusCode::OK, "{hops} {lines:?}"),
            Some(expected) => assert_refused(&response, expected),
        }
    }
}

#[tokio::test]
async fn client_cert_names_one_certificate() {
    let (mine, other) = (Certificate::new(), Certificate::new());
    let api = Api::behind_proxy(CertificateFrom::ClientCert, 1);
    let token = api.token(mine.confirmation());
    let (mine, other) = (mine.client_cert(), other.client_cert());
    for (lines, expected) in [
        (&[&*other][..], Reason::BindingOtherCertificate),
        (&[&*other, &*mine], Reason::BindingNoCertificate),
        (&[&*mine, &*mine], Reason::BindingNoCertificate),
        (&["::"], Reason::BindingNoCertificate),
    ] {
        let response = api.forwarded(&token, PROXY, "client-cert", lines).await;
        assert_refused(&response, expected);
    }
}

/// axum's own description of the peer serves where the server gives no [`Connection`].
#[tokio::test]
async fn axum_knows_the_proxy() {
    let mine = Certificate::new();
    let api = Api::behind_proxy(CertificateFrom::Xfcc, 1);
    let token = api.token(mine.confirmation());
    for (peer, expected) in [
        (PROXY, StatusCode::OK),
        (STRANGER, StatusCode::UNAUTHORIZED),
    ] {
        let mut request = bearer(&token, Connection::default());
        let line = mine.xfcc().parse().unwrap();
        request
            .headers_mut()
            .insert("x-forwarded-client-cert", line);
        request.extensions_mut().clear();
        let address = std::net::SocketAddr::new(peer.parse().unwrap(), 4711);
        request.extensions_mut().insert(ConnectInfo(address));
        assert_eq!(api.send(request).await.status(), expected, "{peer}");
    }
}
