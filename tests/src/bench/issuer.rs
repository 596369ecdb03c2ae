//! The speed of fapi-issuer's token endpoint, beside that of node-oidc-provider.
//!
//! Each has one core for itself and gets the same requests: `client_credentials` with `private_key_jwt` and a DPoP proof, all
//! ES256 and signed before a measurement begins. Theirs keeps everything in memory, which is its default; ours does so too, or
//! answers when it is on disk. All are measured in turn, round after round, so that whatever else the machine does concerns
//! all of them.

mod requests;
mod server;
mod table;

use std::path::PathBuf;

use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;

use super::{Measured, processor_time, send};
use server::Server;

pub use table::Table;

/// How much is measured, and of what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program `fapi-issuer`, as it is released.
    pub program: PathBuf,
    /// Where databases and what npm installs may be.
    pub folder: PathBuf,
    /// Requests of a row in a round.
    pub requests: usize,
    /// Rounds that count. One that does not comes first: node compiles what is hot.
    pub rounds: usize,
}

/// What is compared. Of each format of tokens, the first is what the others are compared with.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    who: Who,
    tokens: Tokens,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Theirs,
    Ours(Storage),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    Memory,
    Sqlite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tokens {
    Jwt,
    Opaque,
}

const ROWS: [Row; 6] = [
    row("JWT, oidc-provider in memory", Who::Theirs, Tokens::Jwt),
    row(
        "JWT, fapi-issuer in memory",
        Who::Ours(Storage::Memory),
        Tokens::Jwt,
    ),
    row(
        "JWT, fapi-issuer on disk (SQLite)",
        Who::Ours(Storage::Sqlite),
        Tokens::Jwt,
    ),
    row(
        "opaque, oidc-provider in memory",
        Who::Theirs,
        Tokens::Opaque,
    ),
    row(
        "opaque, fapi-issuer in memory",
        Who::Ours(Storage::Memory),
        Tokens::Opaque,
    ),
    row(
        "opaque, fapi-issuer on disk (SQLite)",
        Who::Ours(Storage::Sqlite),
        Tokens::Opaque,
    ),
];

const fn row(name: &'static str, who: Who, tokens: Tokens) -> Row {
    Row { name, who, tokens }
}

/// Measures. Every answer must have status 200.
///
/// # Panics
/// A server does not start, or an answer is another one.
pub fn run(plan: &Plan) -> Table {
    let client = SigningKey::generate(Algorithm::Es256).expect("a key");
    let servers = ROWS.map(|row| Server::start(plan, row, &client));
    let mut rounds: Vec<[Measured; ROWS.len()]> = (0..=plan.rounds)
        .map(|_| {
            std::array::from_fn(|place| {
                let server = &servers[place];
                let requests = requests::sign(&client, server, plan.requests);
                let before = processor_time(server.id());
                let elapsed = send(server.address(), &requests);
                Measured {
                    requests: requests.len(),
                    elapsed,
                    processor: Some(processor_time(server.id()) - before),
                }
            })
        })
        .collect();
    rounds.remove(0);
    Table::new(&rounds)
}
