//! The client's side of DPoP: a new proof for every call.

use std::sync::{Arc, Mutex, PoisonError};

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{GrpcMethod, Request, Status};
use tower_fapi::testing::{ProofBuilder, TestClient, now};

/// A token and the key that it is bound to, for calls to one server. Clones share the server's nonce.
#[derive(Clone, Debug)]
pub struct Credentials {
    key: TestClient,
    token: String,
    server: String,
    nonce: Arc<Mutex<Option<String>>>,
}

impl Credentials {
    /// Credentials for the server with this URL.
    #[must_use]
    pub fn new(key: TestClient, token: String, server: String) -> Self {
        Self {
            key,
            token,
            server,
            nonce: Arc::default(),
        }
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A proof for one call. To HTTP it is a POST, to the path `/<service>/<method>` (gRPC over HTTP/2, "Requests").
    pub fn proof(&self, service: &str, method: &str) -> ProofBuilder {
        let url = format!("{}/{service}/{method}", self.server);
        let proof = self.key.proof("POST", &url, now()).token(&self.token);
        match self.nonce() {
            Some(nonce) => proof.nonce(nonce),
            None => proof,
        }
    }

    /// Remembers the nonce that came as `dpop-nonce` with an answer, be it a refusal (RFC 9449 §8, §8.2).
    pub fn learn(&self, nonce: impl Into<String>) {
        let mut known = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(nonce.into());
    }

    fn nonce(&self) -> Option<String> {
        let known = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}

/// Puts token and proof on each call.
impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let method = request
            .extensions()
            .get::<GrpcMethod<'static>>()
            .ok_or_else(|| Status::internal("a client that does not say what it calls"))?;
        let proof = self.proof(method.service(), method.method()).build();
        let metadata = request.metadata_mut();
        metadata.insert("authorization", value(&format!("DPoP {}", self.token))?);
        metadata.insert("dpop", value(&proof)?);
        Ok(request)
    }
}

fn value(text: &str) -> Result<MetadataValue<Ascii>, Status> {
    text.parse()
        .map_err(|_| Status::internal("a token or proof that is not ASCII"))
}
