//! A client of the conformance suite.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use tower_fapi::testing::TestKey;

use super::authorize::{AuthorizationRequest, Duplicates};
use super::cast::CAST;
use super::document::{ISSUER, PLACES, client_id, redirect_uris, requested_scope};
use super::jwt::Jwt;
use super::post::{Certificate, Post};
use super::push::Pushed;
use super::reply::Reply;
use super::tokens::Tokens;
use super::user_agent::{Decision, Landing, UserAgent};
use super::variant::{Profile, Variant};
use super::world::World;

/// One of the two clients of a variant, with the browser of its user.
pub struct Party {
    pub world: Arc<World>,
    pub variant: Variant,
    pub number: Number,
    pub id: String,
    pub redirect_uri: String,
    /// What it asks for.
    pub scope: String,
    /// Signs assertions and request objects.
    pub key: TestKey,
    /// Signs proofs.
    pub dpop_key: TestKey,
    user_agent: UserAgent,
    with_certificate: reqwest::Client,
    without_certificate: reqwest::Client,
    nonces: Mutex<Nonces>,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    First,
    Second,
}

/// What servers sent last, each its own.
#[derive(Default)]
struct Nonces {
    server: Option<String>,
    resource: Option<String>,
}

/// A flow that has come to its end.
pub struct Completed {
    pub request: AuthorizationRequest,
    /// Where the user was sent.
    pub url: Url,
    pub code: String,
    pub tokens: Tokens,
}

impl Number {
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];
}

impl Party {
    pub(super) fn new(
        world: &Arc<World>,
        variant: Variant,
        number: Number,
        user_agent: &UserAgent,
    ) -> Self {
        let [first, second] = redirect_uris(PLACES.callback);
        Self {
            world: Arc::clone(world),
            variant,
            number,
            id: client_id(variant, number),
            redirect_uri: match number {
                Number::First => first,
                Number::Second => second,
            },
            scope: requested_scope(variant),
            key: CAST.signing_key(variant, number).clone(),
            dpop_key: CAST.dpop_key(variant, number).clone(),
            user_agent: user_agent.clone(),
            with_certificate: world.http(Some(CAST.identity(variant, number))),
            without_certificate: world.http(None),
            nonces: Mutex::default(),
        }
    }

    /// The same client with another DPoP key, and nothing else changed.
    #[must_use]
    pub fn with_dpop_key(mut self, key: &TestKey) -> Self {
        self.dpop_key = key.clone();
        self
    }

    pub(super) fn http(&self, certificate: Certificate) -> &reqwest::Client {
        match certificate {
            Certificate::Shown => &self.with_certificate,
            Certificate::Withheld | Certificate::NotAsked => &self.without_certificate,
        }
    }

    /// A client assertion (RFC 7523) for the issuer.
    pub fn assertion(&self) -> Jwt {
        let now = self.world.clock.now();
        Jwt::new(&self.key)
            .claim("iss", &*self.id)
            .claim("sub", &*self.id)
            .claim("aud", ISSUER)
            .claim("jti", random_text(20))
            .claim("nbf", now.as_secs())
            .claim("iat", now.as_secs())
            .claim("exp", now.plus(60).as_secs())
    }

    /// A DPoP proof for the authorization server.
    pub(super) fn server_proof(&self, url: &str) -> Jwt {
        let nonce = self.nonces.lock().unwrap().server.clone();
        self.proof("POST", url).claim("nonce", nonce)
    }

    /// A DPoP proof for the resource server, still without `ath`.
    pub(super) fn resource_proof(&self, method: &str, url: &str) -> Jwt {
        let nonce = self.nonces.lock().unwrap().resource.clone();
        self.proof(method, url).claim("nonce", nonce)
    }

    fn proof(&self, method: &str, url: &str) -> Jwt {
        Jwt::new(&self.dpop_key)
            .header("kid", ())
            .header("typ", "dpop+jwt")
            .header("jwk", self.dpop_key.public_jwk())
            .claim("jti", random_text(20))
            .claim("htm", method)
            .claim("htu", url)
            .claim("iat", self.world.clock.now().as_secs())
    }

    pub(super) fn keep_server_nonce(&self, nonce: &str) {
        self.nonces.lock().unwrap().server = Some(nonce.to_owned());
    }

    pub(super) fn keep_resource_nonce(&self, nonce: &str) {
        self.nonces.lock().unwrap().resource = Some(nonce.to_owned());
    }

    pub fn request(&self) -> AuthorizationRequest {
        AuthorizationRequest::new(self)
    }

    /// Sends the user to a URL, and lets them log in, and decide if they are asked.
    pub async fn visit(&self, url: &Url, decision: Decision) -> Landing {
        self.user_agent.walk(url, decision).await
    }

    /// Opens a URL, and does nothing there.
    pub async fn open(&self, url: &Url) -> Landing {
        self.user_agent.open(url).await
    }

    /// Pushes the request, and has the user grant it: the code.
    pub async fn code(&self, request: &AuthorizationRequest) -> String {
        let pushed = self.push(request).done().await;
        self.code_of(request, &pushed).await
    }

    /// Has the user grant what was pushed: the code.
    pub async fn code_of(&self, request: &AuthorizationRequest, pushed: &Pushed) -> String {
        let url = self.authorization_url(request, &pushed.request_uri, Duplicates::Some);
        self.granted(request, &url).await
    }

    /// Has the user grant what this URL is about: the code.
    async fn granted(&self, request: &AuthorizationRequest, url: &Url) -> String {
        let landing = self.visit(url, Decision::Approve).await;
        self.answer(&landing, request).code()
    }

    /// The whole flow with this request.
    pub async fn completes(&self, request: AuthorizationRequest) -> Completed {
        let pushed = self.push(&request).done().await;
        let url = self.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
        self.finishes(request, url).await
    }

    /// The flow from the authorization URL on.
    pub async fn finishes(&self, request: AuthorizationRequest, url: Url) -> Completed {
        let code = self.granted(&request, &url).await;
        let tokens = self.redeemed(&request, &code).await;
        self.access(&tokens).succeeds().await;
        Completed {
            request,
            url,
            code,
            tokens,
        }
    }

    /// The request for tokens, however this client gets them, to be sent.
    pub async fn token_request(&self) -> Post<'_> {
        if self.variant.profile == Profile::ClientCredentials {
            return self.client_credentials();
        }
        let request = self.request();
        let code = self.code(&request).await;
        self.redeem(&request, &code)
    }

    /// Tokens, however this client gets them.
    pub async fn tokens(&self) -> Tokens {
        self.token_request().await.tokens().await
    }

    /// What is known of the user.
    pub async fn userinfo(&self, tokens: &Tokens) -> Reply {
        let certificate = if self.variant.shows_certificate_for_tokens() {
            Certificate::Shown
        } else {
            Certificate::NotAsked
        };
        let url = self.url("userinfo_endpoint", certificate);
        self.access(tokens).at_server(&url).send().await
    }

    /// Where an endpoint is for a client that shows a certificate there, or does not.
    pub(super) fn url(&self, endpoint: &str, certificate: Certificate) -> String {
        match certificate {
            Certificate::NotAsked => self.world.endpoint(endpoint),
            Certificate::Shown | Certificate::Withheld => self.world.mtls_endpoint(endpoint),
        }
    }
}

/// Letters, digits, `-` and `_`, which nobody can guess.
pub(super) fn random_text(length: usize) -> String {
    let octets: [u8; 128] = fapi_crypto::random_bytes().expect("random bytes");
    let mut text = URL_SAFE_NO_PAD.encode(octets);
    text.truncate(length);
    text
}
