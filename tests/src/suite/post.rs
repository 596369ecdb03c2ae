//! A form that a client sends to the authorization server.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};

use super::jwt::Jwt;
use super::party::{Party, random_text};
use super::reply::Reply;

/// A request in the making.
pub struct Post<'a> {
    party: &'a Party,
    endpoint: &'static str,
    method: Method,
    form: Vec<(String, String)>,
    assertion: Option<Jwt>,
    proof: Option<Jwt>,
    certificate: Certificate,
    on_retry: AssertionOnRetry,
}

/// Whether the client shows its certificate. Where it should, the request goes to the endpoint's mTLS alias, even if it
/// does not after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    Shown,
    /// It should be, and is not.
    Withheld,
    NotAsked,
}

/// What becomes of the assertion when the request is sent again with a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AssertionOnRetry {
    New,
    TheSame,
}

impl<'a> Post<'a> {
    pub(super) fn new(party: &'a Party, endpoint: &'static str, certificate: Certificate) -> Self {
        let by_certificate = party.variant.authenticates_by_certificate();
        Self {
            party,
            endpoint,
            method: Method::POST,
            form: Vec::new(),
            assertion: (!by_certificate).then(|| party.assertion()),
            proof: None,
            certificate,
            on_retry: AssertionOnRetry::New,
        }
    }

    pub(super) const fn party(&self) -> &'a Party {
        self.party
    }

    /// Where it goes.
    pub(super) fn url(&self) -> String {
        self.party.url(self.endpoint, self.certificate)
    }

    /// Sets a field.
    #[must_use]
    pub fn field(self, name: &str, value: impl Into<String>) -> Self {
        let mut post = self.without_field(name);
        post.form.push((name.to_owned(), value.into()));
        post
    }

    /// Adds a field, which may be there already.
    #[must_use]
    pub fn another_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.form.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn without_field(mut self, name: &str) -> Self {
        self.form.retain(|(other, _)| other != name);
        self
    }

    #[must_use]
    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Changes the client assertion, which has to be there.
    #[must_use]
    pub fn assertion(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        let assertion = self.assertion.take().expect("a client with assertions");
        self.assertion = Some(change(assertion));
        self
    }

    #[must_use]
    pub fn without_assertion(self) -> Self {
        Self {
            assertion: None,
            ..self
        }
    }

    /// Adds a DPoP proof by the client's own key.
    #[must_use]
    pub fn with_proof(mut self) -> Self {
        self.proof = Some(self.party.server_proof(&self.url()));
        self
    }

    /// Has the proof made by another client's key.
    #[must_use]
    pub fn with_proof_by(mut self, other: &Party) -> Self {
        self.proof = Some(other.server_proof(&self.url()));
        self
    }

    /// Changes the DPoP proof, which has to be there.
    #[must_use]
    pub fn proof(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        let proof = self.proof.take().expect("a proof");
        self.proof = Some(change(proof));
        self
    }

    #[must_use]
    pub fn without_proof(self) -> Self {
        Self {
            proof: None,
            ..self
        }
    }

    /// Shows no certificate, although the request goes where one is asked for.
    #[must_use]
    pub fn without_certificate(mut self) -> Self {
        assert_eq!(self.certificate, Certificate::Shown);
        self.certificate = Certificate::Withheld;
        self
    }

    /// Sends the very same assertion again if a nonce is asked for.
    #[must_use]
    pub(super) fn with_one_assertion(mut self) -> Self {
        self.on_retry = AssertionOnRetry::TheSame;
        self
    }

    /// Sends it, and a second time if a nonce is asked for.
    pub async fn send(mut self) -> Reply {
        let mut reply = self.send_once().await;
        if let (Some(nonce), Some(proof)) = (reply.wanted_nonce(), self.proof.take()) {
            self.party.keep_server_nonce(&nonce);
            self.proof = Some(proof.claim("nonce", nonce).claim("jti", random_text(20)));
            if self.on_retry == AssertionOnRetry::New {
                let assertion = self.assertion.take();
                self.assertion = assertion.map(|jwt| jwt.claim("jti", random_text(20)));
            }
            reply = self.send_once().await;
        }
        let is_success = (200..300).contains(&reply.status);
        if let Some(nonce) = reply.header("dpop-nonce").filter(|_| is_success) {
            self.party.keep_server_nonce(nonce);
        }
        reply
    }

    /// Sends it as it is, whatever the answer.
    pub async fn send_once(&self) -> Reply {
        self.send_body(|request| request.form(&self.form())).await
    }

    /// Sends the fields as a JSON object.
    pub async fn send_as_json(&self) -> Reply {
        let fields: BTreeMap<_, _> = self.form().into_iter().collect();
        self.send_body(|request| request.json(&fields)).await
    }

    /// The fields, with what the client authenticates with.
    fn form(&self) -> Vec<(String, String)> {
        let mut form = self.form.clone();
        if let Some(assertion) = &self.assertion {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            form.push(("client_assertion_type".to_owned(), kind.to_owned()));
            form.push(("client_assertion".to_owned(), assertion.build()));
        }
        form
    }

    async fn send_body(&self, body: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Reply {
        let http = self.party.http(self.certificate);
        let mut request = body(http.request(self.method.clone(), self.url()));
        if let Some(proof) = &self.proof {
            request = request.header("dpop", proof.build());
        }
        Reply::read(request.send().await.expect("an answer")).await
    }
}
