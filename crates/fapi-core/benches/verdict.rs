//! What a verdict costs beside the one thing that it cannot do without: verifying the proof's signature.
//!
//! `cargo bench -p fapi-core --bench verdict`. Every iteration has a proof that was never seen before: a signature
//! that comes again verifies faster than real ones do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that fails should stop"
)]

#[path = "support/reference.rs"]
mod reference;
mod support;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

use support::{Receiver, Sender};

fn verdict(c: &mut Criterion) {
    let sender = Sender::new();
    let token = sender.token();
    let key = reference::key(&sender);
    let mut group = c.benchmark_group("verdict");
    group.bench_function("reference: one bare ES256 verification", |b| {
        b.iter_batched(
            || sender.send(&token),
            |sent| {
                let (message, signature) = reference::signed_part(&sent.proof);
                key.verify(message, &signature).unwrap();
            },
            BatchSize::SmallInput,
        );
    });
    let mut receiver = Receiver::new(&sender);
    group.bench_function("token cached, fresh proof", |b| {
        b.iter_batched(
            || sender.send(&token),
            |sent| receiver.accept(&sent),
            BatchSize::SmallInput,
        );
    });
    let mut receiver = Receiver::new(&sender);
    group.bench_function("new token, fresh proof", |b| {
        b.iter_batched(
            || sender.send(&sender.token()),
            |sent| receiver.accept(&sent),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, verdict);
criterion_main!(benches);
