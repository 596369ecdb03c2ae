//! The authorization server, embedded in this program.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Issuer, ResourceServer};

use crate::loopback::{Loopback, Running};

/// An issuer that can be stopped and started again. It keeps its tokens meanwhile: only its server stops.
pub(crate) struct RunningIssuer {
    place: Loopback,
    router: Router,
    running: Option<Running>,
    questions: Arc<AtomicUsize>,
}

impl RunningIssuer {
    /// Serves on a free port until the program ends. The API may ask about tokens, the client may get some.
    pub(crate) async fn start(api: ResourceServer, client: Client) -> Result<Self, Box<dyn Error>> {
        let mut place = Loopback::bind().await?;
        let issuer = Issuer::builder(place.url())
            .signing_key(SigningKey::generate(Algorithm::Es256)?)
            .resource_server(api)
            .client(client)
            .dangerous_allow_http_loopback() // in production, the URL is https
            .build()
            .await?;
        let questions = Arc::new(AtomicUsize::new(0));
        let router = counting(issuer.router(), Arc::clone(&questions));
        Ok(Self {
            running: Some(place.serve(router.clone()).await?),
            place,
            router,
            questions,
        })
    }

    /// The issuer identifier.
    pub(crate) fn url(&self) -> String {
        self.place.url()
    }

    /// How often it was asked about a token.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    /// Nobody answers any more.
    pub(crate) async fn go_away(&mut self) -> Result<(), Box<dyn Error>> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    /// Serves again.
    pub(crate) async fn come_back(&mut self) -> Result<(), Box<dyn Error>> {
        self.running = Some(self.place.serve(self.router.clone()).await?);
        Ok(())
    }
}

/// Counts the questions about tokens.
fn counting(router: Router, questions: Arc<AtomicUsize>) -> Router {
    router.layer(map_request(move |request: Request| {
        if request.uri().path() == "/introspect" {
            questions.fetch_add(1, Ordering::SeqCst);
        }
        std::future::ready(request)
    }))
}
