//! The calls, and what should become of them.

use tonic::metadata::errors::InvalidMetadataValue;
use tonic::{Code, Request};

use crate::accounts::GetRequest;
use crate::accounts::accounts_client::AccountsClient;
use crate::outcome::Outcome;
use crate::scene::{Scene, Side};

const ACCOUNTS: &str = "accounts.v1.Accounts";

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is sent.
    pub sent: &'static str,
    /// To whom.
    pub server: fn(&Scene) -> &Side,
    /// How.
    pub call: Call,
    /// What should become of it.
    pub expected: Expected,
}

/// How a call is made.
#[derive(Clone, Copy, Debug)]
pub enum Call {
    /// `Get` by the client, which makes a new proof.
    Get,
    /// `Watch` by the client, which makes a new proof.
    Watch,
    /// `Get` with this metadata.
    GetWith(fn(&Side) -> Vec<(&'static str, String)>),
    /// `Watch` with this metadata.
    WatchWith(fn(&Side) -> Vec<(&'static str, String)>),
}

/// What should become of a call.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// So many answers.
    Answers(usize),
    /// `UNAUTHENTICATED` with this error code in the challenge, or without one.
    Refused(Option<&'static str>),
    /// `UNAUTHENTICATED` with the error code `use_dpop_nonce`, and a nonce to use.
    NonceNeeded,
}

/// In this order: the second sends the first one's proof again, and a nonce is used after it was learnt.
pub const CASES: &[Case] = &[
    Case {
        sent: "token and proof",
        server: |scene| &scene.plain,
        call: Call::GetWith(|side| dpop(side, side.seen_proof.clone())),
        expected: Expected::Answers(1),
    },
    Case {
        sent: "the same proof again",
        server: |scene| &scene.plain,
        call: Call::GetWith(|side| dpop(side, side.seen_proof.clone())),
        expected: Expected::Refused(Some("invalid_dpop_proof")),
    },
    Case {
        sent: "no token",
        server: |scene| &scene.plain,
        call: Call::GetWith(|_| Vec::new()),
        expected: Expected::Refused(None),
    },
    Case {
        sent: "the token as Bearer",
        server: |scene| &scene.plain,
        call: Call::GetWith(|side| {
            let token = side.credentials.token();
            vec![("authorization", format!("Bearer {token}"))]
        }),
        expected: Expected::Refused(Some("invalid_token")),
    },
    Case {
        sent: "a proof for another method of the service",
        server: |scene| &scene.plain,
        call: Call::GetWith(|side| dpop(side, side.credentials.proof(ACCOUNTS, "Watch").build())),
        expected: Expected::Refused(Some("invalid_dpop_proof")),
    },
    Case {
        sent: "a proof for a GET, which no gRPC call is",
        server: |scene| &scene.plain,
        call: Call::GetWith(|side| {
            let proof = side.credentials.proof(ACCOUNTS, "Get").htm("GET");
            dpop(side, proof.build())
        }),
        expected: Expected::Refused(Some("invalid_dpop_proof")),
    },
    Case {
        sent: "a stream, with one proof for all of it",
        server: |scene| &scene.plain,
        call: Call::Watch,
        expected: Expected::Answers(3),
    },
    Case {
        sent: "a stream without proof",
        server: |scene| &scene.plain,
        call: Call::WatchWith(|side| {
            let token = side.credentials.token();
            vec![("authorization", format!("DPoP {token}"))]
        }),
        expected: Expected::Refused(Some("invalid_dpop_proof")),
    },
    Case {
        sent: "a proof without nonce, where one is required",
        server: |scene| &scene.nonces,
        call: Call::Get,
        expected: Expected::NonceNeeded,
    },
    Case {
        sent: "a proof with the nonce",
        server: |scene| &scene.nonces,
        call: Call::Get,
        expected: Expected::Answers(1),
    },
];

impl Case {
    /// Makes the call. Whatever comes back, the client remembers the nonce in it.
    ///
    /// # Errors
    ///
    /// A metadata value that is not ASCII.
    pub async fn run(&self, scene: &Scene) -> Result<Outcome, InvalidMetadataValue> {
        let side = (self.server)(scene);
        let credentials = side.credentials.clone();
        let mut client = AccountsClient::with_interceptor(side.channel.clone(), credentials);
        let mut bare = side.bare_client();
        let outcome = match self.call {
            Call::Get => Outcome::of(client.get(GetRequest {}).await),
            Call::Watch => Outcome::of_stream(client.watch(GetRequest {}).await).await,
            Call::GetWith(metadata) => Outcome::of(bare.get(request(metadata(side))?).await),
            Call::WatchWith(metadata) => {
                Outcome::of_stream(bare.watch(request(metadata(side))?).await).await
            }
        };
        if let Some(nonce) = &outcome.nonce {
            side.credentials.learn(nonce);
        }
        Ok(outcome)
    }
}

impl Expected {
    /// Whether this is what became of the call.
    #[must_use]
    pub fn is(self, outcome: &Outcome) -> bool {
        let refused = outcome.code == Code::Unauthenticated && outcome.challenge.is_some();
        match self {
            Self::Answers(number) => outcome.code == Code::Ok && outcome.balances.len() == number,
            Self::Refused(error) => refused && outcome.error() == error,
            Self::NonceNeeded => {
                refused && outcome.error() == Some("use_dpop_nonce") && outcome.nonce.is_some()
            }
        }
    }
}

fn dpop(side: &Side, proof: String) -> Vec<(&'static str, String)> {
    let token = side.credentials.token();
    vec![("authorization", format!("DPoP {token}")), ("dpop", proof)]
}

fn request(
    metadata: Vec<(&'static str, String)>,
) -> Result<Request<GetRequest>, InvalidMetadataValue> {
    let mut request = Request::new(GetRequest {});
    for (name, value) in metadata {
        request.metadata_mut().insert(name, value.parse()?);
    }
    Ok(request)
}
