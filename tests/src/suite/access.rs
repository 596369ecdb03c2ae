//! Requests to the protected resource.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::cast::CAST;
use super::document::{RESOURCE, RESOURCE_HOST};
use super::jwt::Jwt;
use super::party::{Number, Party, random_text};
use super::post::Certificate;
use super::reply::Reply;
use super::tokens::Tokens;

/// A request in the making: good until something is changed.
#[derive(Clone)]
pub struct Access<'a> {
    party: &'a Party,
    url: String,
    authorization: Option<String>,
    token: String,
    proofs: Vec<Proof>,
    headers: Vec<(String, String)>,
    certificate: Certificate,
}

#[derive(Clone)]
enum Proof {
    Jwt(Box<Jwt>),
    Text(String),
}

const INTERACTION_HEADER: &str = "x-fapi-interaction-id";

/// Mixed case, as not all UUIDs are written.
const INTERACTION_ID: &str = "c770aef3-6784-41F7-8e0e-fF5f97bDdb3A";

impl Party {
    /// A GET request for the accounts with these tokens.
    pub fn access(&self, tokens: &Tokens) -> Access<'_> {
        let url = format!("{RESOURCE}/accounts");
        let proof = self
            .resource_proof("GET", &url)
            .claim("ath", ath(&tokens.access_token));
        let mut headers = Vec::new();
        if self.number == Number::First {
            headers = [
                ("x-fapi-auth-date", "Tue, 11 Sep 2012 19:43:31 GMT"),
                ("x-fapi-customer-ip-address", "198.51.100.119"),
                (INTERACTION_HEADER, INTERACTION_ID),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        }
        let is_dpop = self.variant.is_dpop();
        Access {
            party: self,
            url,
            authorization: Some(format!("{} {}", tokens.token_type, tokens.access_token)),
            token: tokens.access_token.clone(),
            proofs: is_dpop
                .then(|| Proof::Jwt(proof.into()))
                .into_iter()
                .collect(),
            headers,
            certificate: if is_dpop {
                Certificate::NotAsked
            } else {
                Certificate::Shown
            },
        }
    }
}

/// RFC 9449 §4.2.
fn ath(token: &str) -> String {
    use sha2::Digest as _;
    crate::forge::b64(sha2::Sha256::digest(token))
}

impl Access<'_> {
    /// Writes the scheme in another way, or another one.
    #[must_use]
    pub fn scheme(mut self, scheme: &str) -> Self {
        self.authorization = Some(format!("{scheme} {}", self.token));
        self
    }

    #[must_use]
    pub fn without_authorization(mut self) -> Self {
        self.authorization = None;
        self
    }

    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// For an endpoint of the authorization server.
    pub(super) fn at_server(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        if !self.proofs.is_empty() {
            let proof = self.party.server_proof(url).claim("htm", "GET");
            self.proofs = vec![Proof::Jwt(proof.claim("ath", ath(&self.token)).into())];
        }
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Changes the proof, which has to be there.
    #[must_use]
    pub fn proof(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        match self.proofs.pop() {
            Some(Proof::Jwt(jwt)) => self.proofs.push(Proof::Jwt(change(*jwt).into())),
            _ => panic!("no proof"),
        }
        self
    }

    /// Adds another proof, which is good by itself.
    #[must_use]
    pub fn second_proof(mut self) -> Self {
        match &self.proofs[..] {
            [Proof::Jwt(jwt)] => {
                let another = jwt.clone().claim("jti", random_text(20));
                self.proofs.push(Proof::Jwt(another.into()));
            }
            _ => panic!("no proof"),
        }
        self
    }

    /// Sends this text in place of a proof.
    #[must_use]
    pub fn proof_text(mut self, text: &str) -> Self {
        self.proofs = vec![Proof::Text(text.to_owned())];
        self
    }

    #[must_use]
    pub fn without_proof(mut self) -> Self {
        self.proofs.clear();
        self
    }

    /// Shows no certificate, although the token is bound to one.
    #[must_use]
    pub fn without_certificate(mut self) -> Self {
        assert_eq!(self.certificate, Certificate::Shown);
        self.certificate = Certificate::Withheld;
        self
    }

    /// Sends it, and a second time if a nonce is asked for.
    pub async fn send(mut self) -> Reply {
        let mut reply = self.send_once().await;
        if let (Some(nonce), [Proof::Jwt(_)]) = (reply.wanted_nonce(), &self.proofs[..]) {
            self.party.keep_resource_nonce(&nonce);
            self = self.proof(|jwt| jwt.claim("nonce", nonce).claim("jti", random_text(20)));
            reply = self.send_once().await;
        }
        let is_success = (200..300).contains(&reply.status);
        if let Some(nonce) = reply.header("dpop-nonce").filter(|_| is_success) {
            self.party.keep_resource_nonce(nonce);
        }
        reply
    }

    /// Sends it as it is, whatever the answer.
    pub async fn send_once(&self) -> Reply {
        let http = self.party.http(self.certificate);
        let mut request = http.request(Method::GET, &self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        for proof in &self.proofs {
            request = request.header("dpop", proof.build());
        }
        Reply::read(request.send().await.expect("an answer")).await
    }

    /// Sends it with the name of the header `DPoP` written like this, which libraries do not: the status.
    pub async fn status_with_proof_header(&self, name: &str) -> u16 {
        let authorization = self.authorization.as_deref().expect("a token");
        let request = format!(
            "GET /accounts HTTP/1.1\r\nHost: {RESOURCE_HOST}\r\nConnection: close\r\n\
             Authorization: {authorization}\r\n{name}: {}\r\n\r\n",
            self.proofs[0].build()
        );
        let tls = TlsConnector::from(Arc::new(CAST.authority.client_config(None)));
        let stream = TcpStream::connect(self.party.world.address(RESOURCE_HOST)).await;
        let host = ServerName::try_from(RESOURCE_HOST).expect("a name");
        let mut stream = tls
            .connect(host, stream.expect("a connection"))
            .await
            .expect("TLS");
        stream.write_all(request.as_bytes()).await.expect("room");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("an answer");
        let text = std::str::from_utf8(&answer).expect("ASCII");
        let status = text.strip_prefix("HTTP/1.1 ").expect("a status line");
        status.parse().expect("a number")
    }

    /// Sends it: it has to succeed.
    pub async fn succeeds(self) {
        let reply = self.clone().send().await;
        reply.success(200);
        let date = reply.header("date").expect("a Date");
        let date = httpdate::parse_http_date(date).expect("a date");
        let now = SystemTime::now();
        let apart = now
            .duration_since(date)
            .or_else(|_| date.duration_since(now));
        assert!(apart.unwrap() < Duration::from_secs(300), "{reply:?}");
        let echoed = reply.header(INTERACTION_HEADER).expect("an identifier");
        if let Some((_, sent)) = self
            .headers
            .iter()
            .find(|(name, _)| name == INTERACTION_HEADER)
        {
            assert!(echoed.eq_ignore_ascii_case(sent), "{echoed}");
        }
    }

    /// Sends it: it has to be refused with one of these statuses.
    pub async fn fails(self, statuses: &[u16]) {
        let reply = self.send().await;
        assert!(statuses.contains(&reply.status), "{reply:?}");
    }
}

impl Proof {
    fn build(&self) -> String {
        match self {
            Self::Jwt(jwt) => jwt.build(),
            Self::Text(text) => text.clone(),
        }
    }
}
