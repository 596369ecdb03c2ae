//! The speed of the filter, beside Envoy without a filter and Envoy with `jwt_authn`.
//!
//! One Envoy with one worker on one core has a listener for each of them, and answers by itself. The rows of the table are
//! measured in turn, round after round, so that whatever else the machine does concerns all of them; what is compared is
//! compared within a round. Proofs are signed before a measurement begins.

mod load;
mod row;
mod table;

use tower_fapi::testing::TestIssuer;

use super::{Envoy, Workers};
use crate::bench::{Measured, SERVER_CORE, send};
use load::Batches;
use row::ROWS;

pub use table::Table;

const RESOURCE: &str = "https://api.example.com";

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Requests of a row in a round; rows with ECDSA in the module send a tenth of them.
    pub requests: usize,
    /// Rounds that count. One that does not comes first: caches fill, and V8 compiles what is hot.
    pub rounds: usize,
}

/// Measures. Every answer must have status 200.
///
/// # Panics
/// Envoy does not start, or an answer is another one.
pub fn run(plan: Plan) -> Table {
    let issuer = TestIssuer::new("https://as.example.com").for_resource(RESOURCE);
    let envoy = Envoy::try_start_with(&row::bootstrap(&issuer), Workers::OneOn(SERVER_CORE))
        .unwrap_or_else(|log| panic!("Envoy does not start:\n{log}"));
    let mut rounds: Vec<Vec<Measured>> = (0..=plan.rounds)
        .map(|_| {
            let batches = Batches::sign(&issuer, plan.requests);
            let measure = |row: &row::Row| {
                let address = envoy.listener(row.listener);
                let batch = batches.of(row.traffic);
                let requests = batch.get(..row.share_of(plan.requests)).expect("a batch");
                let before = envoy.processor_time();
                let elapsed = send(address, requests);
                let processor = before
                    .zip(envoy.processor_time())
                    .map(|(before, after)| after - before);
                Measured {
                    requests: requests.len(),
                    elapsed,
                    processor,
                }
            };
            ROWS.iter().map(measure).collect()
        })
        .collect();
    rounds.remove(0);
    Table::new(ROWS.map(|row| row.name), &rounds, &version(&envoy))
}

fn version(envoy: &Envoy) -> String {
    let answer = envoy.admin("/server_info");
    let info: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    // Revision, version, state of the source, build, TLS library.
    let version = info["version"]
        .as_str()
        .and_then(|all| all.split('/').nth(1));
    version.expect("a version").to_owned()
}
