//! An application behind the layer, and a client in front of it.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use tower::{Layer as _, Service as _, service_fn};
use tower_fapi::testing::{TestClient, TestClock, UnixTime};
use tower_fapi::{Denial, FapiLayer, Reason};

pub(crate) const AS: &str = "https://as.example.com";
pub(crate) const API: &str = "https://api.example.com";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) layer: FapiLayer,
    pub(crate) client: TestClient,
    pub(crate) clock: TestClock,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    Refused(Reason),
}

impl Door {
    pub(crate) fn new(layer: FapiLayer, clock: &TestClock) -> Self {
        Self {
            layer,
            client: TestClient::new(),
            clock: clock.clone(),
        }
    }

    /// A new proof for `GET /accounts` with this token.
    pub(crate) fn proof(&self, token: &str) -> String {
        self.proof_with(token, None)
    }

    pub(crate) fn proof_with(&self, token: &str, nonce: Option<&str>) -> String {
        let url = format!("{API}/accounts");
        let proof = self
            .client
            .proof("GET", &url, self.clock.now())
            .token(token);
        match nonce {
            Some(nonce) => proof.nonce(nonce).build(),
            None => proof.build(),
        }
    }

    /// Begins a request: the layer has seen it when this returns.
    pub(crate) fn begin(
        &self,
        token: &str,
        proof: &str,
    ) -> impl Future<Output = Response<String>> + Send + use<> {
        let request = Request::get("/accounts")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
            .body(())
            .unwrap();
        let mut service = self.layer.layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new("accounts".to_owned()))
        }));
        let response = service.call(request);
        async { response.await.unwrap() }
    }

    pub(crate) async fn send(&self, token: &str, proof: &str) -> Response<String> {
        self.begin(token, proof).await
    }

    /// What becomes of a request with a new proof.
    pub(crate) async fn outcome(&self, token: &str) -> Outcome {
        outcome(&self.send(token, &self.proof(token)).await)
    }
}

pub(crate) fn outcome(response: &Response<String>) -> Outcome {
    match response.extensions().get::<Denial>() {
        Some(denial) => Outcome::Refused(denial.reason()),
        None => {
            assert_eq!(response.status(), StatusCode::OK);
            Outcome::Accepted
        }
    }
}

pub(crate) fn header<'a>(response: &'a Response<String>, name: &str) -> Option<&'a str> {
    let value = response.headers().get(name)?;
    Some(value.to_str().unwrap())
}
