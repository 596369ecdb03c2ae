//! The tower layer over a real TCP connection, with raw bytes on the client's side.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use fapi_core::dpop::Epoch;
use fapi_core::mtls::Connection;
use fapi_core::{KeySet, KeysQuery, ReplayAnswer, ReplayQuery, Unavailable, UnixTime};
use tower::util::MapResponse;
use tower::{ServiceExt as _, service_fn};
use tower_fapi::introspect;
use tower_fapi::ports::{Answer as PortAnswer, KeySource, ReplayStore};
use tower_fapi::testing::TestClock;
use tower_fapi::{Access, Denial, FapiLayer, Reported};
use tower_layer::Layer as _;

use super::{Host, Parser, Store, client, endpoint};
use crate::keys;
use crate::profile::Profile;
use crate::scene::begin;
use crate::wire::{Answer, UpstreamView, WireRequest};

pub struct LayerHost {
    address: SocketAddr,
    connection: Option<TcpStream>,
    store: Arc<Store>,
    seen: Arc<Mutex<Option<UpstreamView>>>,
    /// What the server says of the connection that requests come over.
    described: Arc<Mutex<Connection>>,
    clock: TestClock,
    _runtime: tokio::runtime::Runtime,
}

impl LayerHost {
    pub fn new(profile: Profile) -> Self {
        Self::with_store(profile, Arc::new(Store::new(profile)))
    }

    /// An instance that shares its replay store with others.
    pub fn with_store(profile: Profile, store: Arc<Store>) -> Self {
        let clock = TestClock::at(begin());
        let seen = Arc::new(Mutex::new(None));
        let described = Arc::new(Mutex::new(Connection::default()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let address = {
            let _inside = runtime.enter();
            let (listener, issuer) = listen();
            if profile.introspects() {
                runtime.spawn(endpoint::serve(listener, profile));
            }
            let config = profile.config_for(&format!("http://{issuer}"));
            let mut builder = FapiLayer::builder(config.clone())
                .clock(clock.source())
                .replay_store(SharedStore(Arc::clone(&store)));
            if profile.introspects() {
                let client = introspect::client_builder(&config).build();
                builder = builder.http_client(client.expect("a client"));
            }
            if profile == Profile::LateKeys {
                builder = builder.key_source(LateKeys);
            }
            let layer = builder.build().expect("a layer");
            let (listener, address) = listen();
            let upstream = (Arc::clone(&seen), Arc::clone(&described));
            runtime.spawn(serve(listener, layer, upstream));
            address
        };
        Self {
            address,
            connection: None,
            store,
            seen,
            described,
            clock,
            _runtime: runtime,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn exchange(&mut self, request: &WireRequest) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => client::connect(self.address)?,
        };
        let (mut answer, reuse) = client::exchange(&mut connection, request)?;
        if reuse {
            self.connection = Some(connection);
        }
        let reason = answer.header(REASON).next().map(Into::into);
        answer.reason = reason;
        answer.headers.retain(|(name, _)| name != REASON);
        Ok(answer)
    }
}

impl Host for LayerHost {
    fn send(&mut self, request: &WireRequest) -> Answer {
        *self.seen.lock().unwrap() = None;
        *self.described.lock().unwrap() = request.connection;
        let mut answer = self.exchange(request).unwrap_or_default();
        answer.upstream = self.seen.lock().unwrap().take();
        answer
    }

    fn clock(&self) -> Option<&TestClock> {
        Some(&self.clock)
    }

    fn remembers_since(&self) -> UnixTime {
        self.store.epoch().since()
    }

    fn store_calls(&self) -> Option<u64> {
        Some(self.store.calls())
    }

    fn parser(&self) -> Parser {
        Parser::Http
    }
}

fn listen() -> (tokio::net::TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let address = listener.local_addr().expect("an address");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    (listener, address)
}

const REASON: &str = "x-reason-for-the-test";

async fn serve(
    listener: tokio::net::TcpListener,
    layer: FapiLayer,
    (seen, described): (Arc<Mutex<Option<UpstreamView>>>, Arc<Mutex<Connection>>),
) {
    let upstream = service_fn(move |request: Request| {
        let seen = Arc::clone(&seen);
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await;
            let access = parts.extensions.get::<Access>();
            let reported = parts.extensions.get::<Reported>();
            *seen.lock().unwrap() = Some(UpstreamView {
                method: parts.method.to_string(),
                subject: access.and_then(|access| access.subject().map(Into::into)),
                client_id: access.and_then(|access| access.client_id().map(Into::into)),
                reported: reported.map(|reported| reported.denial().reason().code().to_owned()),
                body: body.expect("a whole body").to_vec(),
            });
            // A nonce that is not ours to honour: it must not get out.
            let response = Response::builder()
                .header("dpop-nonce", "from-upstream")
                .body(Body::empty());
            Ok::<_, Infallible>(response.expect("a response"))
        }
    });
    let describe = move |mut request: Request| {
        let connection = *described.lock().unwrap();
        request.extensions_mut().insert(connection);
        request
    };
    let service = layer.layer(upstream).map_request(describe);
    let service: MapResponse<_, _> = service.map_response(tell_reason);
    axum::serve(
        listener,
        axum::ServiceExt::<Request>::into_make_service(service),
    )
    .await
    .expect("a server");
}

fn tell_reason(mut response: Response) -> Response {
    let reason = response
        .extensions()
        .get::<Denial>()
        .map(|denial| denial.reason().code());
    if let Some(reason) = reason {
        let value = http::HeaderValue::from_static(reason);
        response.headers_mut().insert(REASON, value);
    }
    response
}

struct SharedStore(Arc<Store>);

impl ReplayStore for SharedStore {
    fn epoch(&self) -> Option<Epoch> {
        Some(self.0.epoch())
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> PortAnswer<Result<ReplayAnswer, Unavailable>> {
        PortAnswer::Now(self.0.insert(query, now))
    }
}

/// Keys that come only when asked for.
struct LateKeys;

impl KeySource for LateKeys {
    fn known(&self, issuer: &str) -> Option<Arc<KeySet>> {
        keys::known(issuer)
    }

    fn fetch(&self, query: KeysQuery<'_>) -> PortAnswer<Result<Arc<KeySet>, Unavailable>> {
        let answer = keys::fetched(query);
        PortAnswer::Later(Box::pin(async move { answer }))
    }
}
