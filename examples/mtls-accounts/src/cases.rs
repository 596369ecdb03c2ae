//! Who sends what, and what should become of it.

use std::error::Error;

use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::json;
use tower_fapi::testing::{TestClient, TestIssuer, now};

use crate::authority::{Authority, Identity};

/// A request, and how it should be judged.
pub(crate) struct Case {
    pub(crate) sent: &'static str,
    pub(crate) expected: Verdict,
    client: reqwest::Client,
    authorization: Option<String>,
    header: Option<String>,
}

/// The status and, where the API gave one, the error code of its Bearer challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
}

/// Two clients, one of them with a renewed certificate too, and their tokens.
pub(crate) struct Scene {
    alice: reqwest::Client,
    renewed: reqwest::Client,
    mallory: reqwest::Client,
    nobody: reqwest::Client,
    alices_header: String,
    alices_token: String,
    mallorys_token: String,
    key_bound_token: String,
    unbound_token: String,
}

impl Scene {
    pub(crate) fn new(authority: &Authority, issuer: TestIssuer) -> Result<Self, Box<dyn Error>> {
        let (alice, mallory) = (authority.certify("alice")?, authority.certify("mallory")?);
        let renewed = alice.renewed(authority, "alice")?;
        let key = TestClient::new().thumbprint();
        let token = || issuer.token(key, now());
        let bound_to = |identity: &Identity| {
            let hash = identity.thumbprint().to_string();
            token().confirmation(json!({ "x5t#S256": hash })).build()
        };
        let hash = alice.thumbprint();
        let hex = hash.as_bytes().iter().map(|byte| format!("{byte:02x}"));
        Ok(Self {
            alices_header: format!("Hash={}", hex.collect::<String>()),
            alices_token: bound_to(&alice),
            mallorys_token: bound_to(&mallory),
            key_bound_token: token().build(),
            unbound_token: token().without_claim("cnf").build(),
            alice: authority.client(Some(&alice))?,
            renewed: authority.client(Some(&renewed))?,
            mallory: authority.client(Some(&mallory))?,
            nobody: authority.client(None)?,
        })
    }
}

/// All requests, in the order in which they are sent.
pub(crate) fn cases(scene: &Scene) -> Vec<Case> {
    let Scene {
        alice,
        alices_token,
        ..
    } = scene;
    let case = |sent, client: &reqwest::Client, token: &str, expected| Case {
        sent,
        expected,
        client: client.clone(),
        authorization: Some(format!("Bearer {token}")),
        header: None,
    };
    let refused = || Verdict::refused(Some("invalid_token"));
    vec![
        case(
            "Alice's token, her certificate",
            alice,
            alices_token,
            Verdict::ACCEPTED,
        ),
        case("the same once more", alice, alices_token, Verdict::ACCEPTED),
        case(
            "Alice's token, Mallory's certificate",
            &scene.mallory,
            alices_token,
            refused(),
        ),
        case(
            "Alice's token, no certificate",
            &scene.nobody,
            alices_token,
            refused(),
        ),
        Case {
            header: Some(scene.alices_header.clone()),
            ..case(
                "the same, with a header that names hers",
                &scene.nobody,
                alices_token,
                refused(),
            )
        },
        case(
            "Alice's token, her renewed certificate",
            &scene.renewed,
            alices_token,
            refused(),
        ),
        case(
            "Mallory's token, Alice's certificate",
            alice,
            &scene.mallorys_token,
            refused(),
        ),
        case(
            "Mallory's token, his certificate",
            &scene.mallory,
            &scene.mallorys_token,
            Verdict::ACCEPTED,
        ),
        case(
            "a token bound to a key, as Bearer",
            alice,
            &scene.key_bound_token,
            refused(),
        ),
        case(
            "a token bound to nothing",
            alice,
            &scene.unbound_token,
            refused(),
        ),
        Case {
            authorization: None,
            ..case(
                "Alice's certificate, no token",
                alice,
                "",
                Verdict::refused(None),
            )
        },
    ]
}

impl Case {
    /// Sends the request, and reads off the response what the API made of it.
    pub(crate) async fn send(&self, url: &str) -> Result<Verdict, reqwest::Error> {
        let mut request = self.client.get(url);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(header) = &self.header {
            request = request.header("x-forwarded-client-cert", header);
        }
        let response = request.send().await?;
        let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let error = challenges
            .filter_map(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .find_map(error_code)
            .map(str::to_owned);
        Ok(Verdict {
            status: response.status().as_u16(),
            error,
        })
    }
}

impl Verdict {
    const ACCEPTED: Self = Self {
        status: 200,
        error: None,
    };

    fn refused(error: Option<&str>) -> Self {
        Self {
            status: 401,
            error: error.map(str::to_owned),
        }
    }
}

/// The value of `error` among the parameters of a challenge.
fn error_code(parameters: &str) -> Option<&str> {
    let (code, _) = parameters.strip_prefix("error=\"")?.split_once('"')?;
    Some(code)
}
