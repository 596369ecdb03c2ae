//! The same as `verdict`, as ratios: the three kinds of work take turns, so that what else the machine does falls on
//! all of them, and the medians are divided.
//!
//! `cargo bench -p fapi-core --bench ratios`

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that fails should stop"
)]

#[path = "support/reference.rs"]
mod reference;
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use support::{CAPACITY, Receiver, Sender, Sent};

const ROUNDS: usize = 400;
const BATCH: usize = 50;

fn main() {
    let sender = Sender::new();
    let token = sender.token();
    let key = reference::key(&sender);
    let mut receiver = Receiver::new(&sender);
    let mut reference = Vec::new();
    let mut cached = Vec::new();
    let mut new = Vec::new();
    receiver.accept(&sender.send(&token));
    for _ in 0..ROUNDS {
        let proofs: Vec<Sent> = (0..BATCH).map(|_| sender.send(&token)).collect();
        let signed: Vec<_> = proofs
            .iter()
            .map(|sent| reference::signed_part(&sent.proof))
            .collect();
        reference.push(time(|| {
            for (message, signature) in &signed {
                key.verify(message, signature).unwrap();
            }
        }));
        let proofs: Vec<Sent> = (0..BATCH).map(|_| sender.send(&token)).collect();
        cached.push(time(|| {
            proofs.iter().for_each(|sent| receiver.accept(sent))
        }));
        let proofs: Vec<Sent> = (0..BATCH).map(|_| sender.send(&sender.token())).collect();
        new.push(time(|| {
            proofs.iter().for_each(|sent| receiver.accept(sent))
        }));
    }
    let reference = median(reference);
    println!("{ROUNDS} rounds of {BATCH}, replay window of {CAPACITY}, ES256");
    for (name, median, target) in [
        ("one bare aws-lc-rs verification", reference, "1"),
        (
            "verdict, token cached, fresh proof",
            median(cached),
            "1.10 or less",
        ),
        (
            "verdict, new token, fresh proof",
            median(new),
            "2.1 or less",
        ),
    ] {
        let micros = median.as_secs_f64() * 1e6 / BATCH as f64;
        let ratio = median.as_secs_f64() / reference.as_secs_f64();
        println!("{name:<38} {micros:>8.2} µs   ratio {ratio:.3}   (target {target})");
    }
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    black_box(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
