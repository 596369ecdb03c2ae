//! What became of a call.

use std::fmt;

use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};

use crate::accounts::Account;

/// The gRPC code, and the metadata that a client goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `Ok`, or why not.
    pub code: Code,
    /// The balances that came, in cents.
    pub balances: Vec<i64>,
    /// `www-authenticate`, where there is one (RFC 9449 §7.1).
    pub challenge: Option<String>,
    /// `dpop-nonce`, where there is one (RFC 9449 §8).
    pub nonce: Option<String>,
}

impl Outcome {
    /// Of a call with one answer.
    #[must_use]
    pub fn of(result: Result<Response<Account>, Status>) -> Self {
        match result {
            Ok(response) => Self::new(
                Code::Ok,
                vec![response.get_ref().balance],
                response.metadata(),
            ),
            Err(status) => Self::refused(&status),
        }
    }

    /// Of a call with a stream of answers.
    pub async fn of_stream(result: Result<Response<tonic::Streaming<Account>>, Status>) -> Self {
        let (metadata, mut stream) = match result {
            Ok(response) => {
                let (metadata, stream, _) = response.into_parts();
                (metadata, stream)
            }
            Err(status) => return Self::refused(&status),
        };
        let mut balances = Vec::new();
        loop {
            match stream.message().await {
                Ok(Some(account)) => balances.push(account.balance),
                Ok(None) => return Self::new(Code::Ok, balances, &metadata),
                Err(status) => {
                    return Self {
                        balances,
                        ..Self::refused(&status)
                    };
                }
            }
        }
    }

    /// The `error` of the challenge, if it has one (RFC 6750 §3.1).
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        let (_, rest) = self.challenge.as_deref()?.split_once("error=\"")?;
        let (error, _) = rest.split_once('"')?;
        Some(error)
    }

    fn refused(status: &Status) -> Self {
        Self::new(status.code(), Vec::new(), status.metadata())
    }

    fn new(code: Code, balances: Vec<i64>, metadata: &MetadataMap) -> Self {
        let text = |name| Some(metadata.get(name)?.to_str().ok()?.to_owned());
        Self {
            code,
            balances,
            challenge: text("www-authenticate"),
            nonce: text("dpop-nonce"),
        }
    }
}

/// Several lines, indented.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "    grpc-status: {} ({:?})", self.code as i32, self.code)?;
        for balance in &self.balances {
            writeln!(f, "    balance: {balance}")?;
        }
        for (name, value) in [
            ("www-authenticate", &self.challenge),
            ("dpop-nonce", &self.nonce),
        ] {
            if let Some(value) = value {
                writeln!(f, "    {name}: {value}")?;
            }
        }
        Ok(())
    }
}
