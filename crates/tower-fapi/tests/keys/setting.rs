//! A key source between a scripted issuer and a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fapi_core::config::HttpConfig;
use fapi_core::{KeySet, KeysQuery, Unavailable};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_fapi::keys::{ConfiguredKeys, FetchError, KeysEvent};
use tower_fapi::ports::{Answer, KeySource as _};
use tower_fapi::{FapiConfig, IssuerConfig};

use crate::server::soon;

/// The public key of RFC 8037 appendix A.2.
pub(crate) const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// A JWK set with these `kid`s.
pub(crate) fn jwks(kids: &[&str]) -> String {
    let key = |kid: &&str| format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{X}"}}"#);
    let keys: Vec<_> = kids.iter().map(key).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// Time that passes when the test says so.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn source(&self) -> impl Fn() -> Duration + Send + Sync + 'static {
        let time = Arc::clone(&self.0);
        move || Duration::from_secs(time.load(Ordering::SeqCst))
    }
}

/// What the observer was told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Fetched,
    Failed(FetchError),
    CoolingDown,
}

pub(crate) struct Setting {
    pub(crate) keys: Arc<ConfiguredKeys>,
    pub(crate) issuer: String,
    pub(crate) clock: Clock,
    pub(crate) events: UnboundedReceiver<Event>,
}

impl Setting {
    pub(crate) fn new(issuer: IssuerConfig) -> Self {
        Self::with(config(issuer, 10_000), None)
    }

    /// One whose fetches end after 300 ms.
    pub(crate) fn hurried(issuer: IssuerConfig) -> Self {
        Self::with(config(issuer, 300), None)
    }

    pub(crate) fn with_client(issuer: IssuerConfig, client: reqwest::Client) -> Self {
        Self::with(config(issuer, 10_000), Some(client))
    }

    fn with(config: FapiConfig, client: Option<reqwest::Client>) -> Self {
        let clock = Clock::default();
        let (sender, events) = unbounded_channel();
        let mut builder = ConfiguredKeys::builder(&config)
            .clock(clock.source())
            .observer(observer(sender));
        if let Some(client) = client {
            builder = builder.client(client);
        }
        Self {
            keys: Arc::new(builder.build().unwrap()),
            issuer: config.issuers.first().unwrap().issuer.clone(),
            clock,
            events,
        }
    }

    pub(crate) fn known(&self) -> Option<Arc<KeySet>> {
        self.keys.known(&self.issuer)
    }

    pub(crate) fn knows(&self, kid: &str) -> bool {
        self.known().is_some_and(|keys| keys.has_kid(kid))
    }

    pub(crate) fn ask(&self, kid: Option<&str>) -> Answer<Result<Arc<KeySet>, Unavailable>> {
        let issuer = &self.issuer;
        self.keys.fetch(KeysQuery { issuer, kid })
    }

    pub(crate) async fn fetch(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        match self.ask(kid) {
            Answer::Now(answer) => answer,
            Answer::Later(answer) => soon(answer).await,
        }
    }

    /// The next event, waited for.
    pub(crate) async fn event(&mut self) -> Event {
        soon(self.events.recv()).await.unwrap()
    }

    /// The failure that comes next.
    pub(crate) async fn failure(&mut self) -> FetchError {
        match self.event().await {
            Event::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn config(issuer: IssuerConfig, timeout_ms: u32) -> FapiConfig {
    let mut http = HttpConfig::default();
    http.timeout_ms = timeout_ms;
    FapiConfig::builder("https://api.example.com")
        .issuer(issuer)
        .dangerous_allow_http_loopback()
        .http(http)
        .build()
        .unwrap()
}

fn observer(sender: UnboundedSender<Event>) -> impl Fn(KeysEvent<'_>) + Send + Sync + 'static {
    move |event| {
        let event = match event {
            KeysEvent::Fetched { .. } => Event::Fetched,
            KeysEvent::Failed { error, .. } => Event::Failed(error.clone()),
            KeysEvent::CoolingDown { .. } => Event::CoolingDown,
            other => panic!("{other:?}"),
        };
        // Nobody may be listening any more.
        let _ = sender.send(event);
    }
}
