//! Who takes part in a case: issuer, client, clock, and the host for those who need a nonce from it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use fapi_core::mtls::{Connection, Peer};
use tower_fapi::testing::{
    Algorithm, ProofBuilder, TestClient, TestClock, TestIssuer, TokenBuilder, UnixTime,
};

use crate::certificate::Certificate;
use crate::host::Host;
use crate::profile::Profile;
use crate::wire::{Answer, WireRequest};

/// When everything happens, until a case moves the clock: a moment in 2023, unless [`begin_at`] names another.
pub fn begin() -> UnixTime {
    UnixTime::from_secs(BEGIN.load(Ordering::SeqCst))
}

/// Has everything happen at this time, for a host whose clock cannot be set. Cases and hosts made before do not notice.
pub fn begin_at(time: UnixTime) {
    BEGIN.store(time.as_secs(), Ordering::SeqCst);
}

static BEGIN: AtomicI64 = AtomicI64::new(1_700_000_000);

pub const ISSUER: &str = "https://as.example.com";
pub const OTHER_ISSUER: &str = "https://as2.example.com";
/// An issuer of which some profiles know no keys, and cannot get any.
pub const SILENT_ISSUER: &str = "https://as3.example.com";

/// A word that requests have in odd places, and that no answer and no log may have.
pub const CANARY: &str = "canary-7f3d";

/// Keys, made once: RSA takes its time.
pub struct Cast {
    issuers: [TestIssuer; 3],
    clients: [TestClient; 3],
    /// An issuer that some profiles trust beside the first.
    pub other_issuer: TestIssuer,
    /// The first issuer with a key that it has only just published.
    pub late_issuer: TestIssuer,
    /// Keys that nobody trusts and no token is bound to.
    pub stranger: TestClient,
    /// What a client shows in a TLS handshake.
    pub certificate: Certificate,
    /// The same key's next certificate.
    pub renewed_certificate: Certificate,
}

pub static CAST: LazyLock<Cast> = LazyLock::new(|| {
    let [certificate, renewed_certificate] = Certificate::two_of_one_key();
    Cast {
        issuers: ALGORITHMS.map(|algorithm| TestIssuer::new(ISSUER).with_algorithm(algorithm)),
        clients: ALGORITHMS.map(TestClient::with_algorithm),
        other_issuer: TestIssuer::new(OTHER_ISSUER),
        late_issuer: TestIssuer::new(ISSUER),
        stranger: TestClient::new(),
        certificate,
        renewed_certificate,
    }
});

pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

impl Cast {
    pub fn issuer(&self, algorithm: Algorithm) -> &TestIssuer {
        &self.issuers[place(algorithm)]
    }

    pub fn client(&self, algorithm: Algorithm) -> &TestClient {
        &self.clients[place(algorithm)]
    }
}

fn place(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Es256 => 0,
        Algorithm::Ps256 => 1,
        Algorithm::EdDsa => 2,
    }
}

/// One case being played.
pub struct Scene<'a> {
    pub profile: Profile,
    pub clock: TestClock,
    pub algorithm: Algorithm,
    pub jti: String,
    /// The nonce that the client has, where the profile asks for one.
    pub nonce: Option<String>,
    moved: bool,
    host: &'a mut dyn Host,
}

impl<'a> Scene<'a> {
    pub fn new(
        profile: Profile,
        algorithm: Algorithm,
        clock: TestClock,
        jti: String,
        host: &'a mut dyn Host,
    ) -> Self {
        let mut scene = Self {
            profile,
            clock,
            algorithm,
            jti,
            nonce: None,
            moved: false,
            host,
        };
        if profile.requires_nonces() {
            let client = scene.client().clone();
            scene.nonce = Some(scene.fetch_nonce(&client));
        }
        scene
    }

    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Moves the clock while the case is prepared, by so many seconds.
    pub fn advance(&mut self, seconds: i64) {
        self.clock.advance(seconds);
        self.moved = true;
    }

    /// Whether the clock was moved so.
    pub fn was_moved(&self) -> bool {
        self.moved
    }

    /// Since when the replay store remembers.
    pub fn remembers_since(&self) -> UnixTime {
        self.host.remembers_since()
    }

    pub fn issuer(&self) -> &'static TestIssuer {
        CAST.issuer(self.algorithm)
    }

    pub fn client(&self) -> &'static TestClient {
        CAST.client(self.algorithm)
    }

    /// The good token.
    pub fn token(&self) -> TokenBuilder {
        self.issuer()
            .token(self.client().thumbprint(), self.now())
            .scope("accounts")
    }

    /// The good proof for `GET /accounts`.
    pub fn proof(&self, token: &str) -> ProofBuilder {
        self.proof_for("GET", "/accounts", token)
    }

    /// A good proof for another method or path of the public origin.
    pub fn proof_for(&self, method: &str, path: &str, token: &str) -> ProofBuilder {
        self.proof_by(self.client(), method, path, token)
    }

    pub fn proof_by(
        &self,
        client: &TestClient,
        method: &str,
        path: &str,
        token: &str,
    ) -> ProofBuilder {
        let url = format!("{}{path}", self.profile.public_base());
        let proof = client
            .proof(method, &url, self.now())
            .token(token)
            .jti(self.jti.as_str());
        match &self.nonce {
            Some(nonce) => proof.nonce(nonce.as_str()),
            None => proof,
        }
    }

    /// `GET /accounts` with these credentials.
    pub fn request(&self, token: &str, proof: &str) -> WireRequest {
        self.request_to("GET", "/accounts", token, proof)
    }

    pub fn request_to(&self, method: &str, target: &str, token: &str, proof: &str) -> WireRequest {
        WireRequest::new(method, target)
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", proof)
    }

    /// `GET` of this path with a good proof for this token.
    pub fn get(&self, path: &str, token: &str) -> WireRequest {
        self.request_to(
            "GET",
            path,
            token,
            &self.proof_for("GET", path, token).build(),
        )
    }

    /// `GET /accounts` with this token as `Bearer`, over a connection on which this certificate was shown.
    pub fn bearer(&self, token: &str, certificate: Option<&Certificate>) -> WireRequest {
        WireRequest::new("GET", "/accounts")
            .header("Authorization", format!("Bearer {token}"))
            .over(Connection {
                certificate: certificate.map(Certificate::thumbprint),
                peer: Peer::Unknown,
            })
    }

    /// A request in which everything is as it should be.
    pub fn good(&self) -> WireRequest {
        let token = self.token().build();
        let proof = self.proof(&token).build();
        self.request(&token, &proof)
    }

    /// Sends something before the case itself, whatever comes of it.
    pub fn send(&mut self, request: &WireRequest) -> Answer {
        self.host.send(request)
    }

    /// A nonce of the host for this client, from a challenge.
    pub fn fetch_nonce(&mut self, client: &TestClient) -> String {
        let token = self.token().build();
        let url = format!("{}/accounts", self.profile.public_base());
        let proof = client.proof("GET", &url, self.now()).token(&token).build();
        let answer = self.host.send(&self.request(&token, &proof));
        match answer.nonces()[..] {
            [nonce] => nonce.to_owned(),
            // A nonce that is nobody's: the case will tell.
            _ => "A".repeat(43),
        }
    }
}
