//! Heap allocations on the accepted path, token cached.
//!
//! The only test of its file: the counter counts the whole process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

#[path = "../benches/support/mod.rs"]
mod support;

use support::{Receiver, Sender};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn the_accepted_path_allocates_little() {
    let sender = Sender::new();
    let token = sender.token();
    let mut receiver = Receiver::new(&sender);
    // The first requests fill the caches and let the replay window grow.
    for _ in 0..100 {
        receiver.accept(&sender.send(&token));
    }
    let requests: Vec<_> = (0..100).map(|_| sender.send(&token)).collect();
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut counts: Vec<u64> = requests
        .iter()
        .map(|sent| {
            let before = dhat::HeapStats::get().total_blocks;
            receiver.accept(sent);
            dhat::HeapStats::get().total_blocks - before
        })
        .collect();
    counts.sort_unstable();
    println!(
        "allocations a verdict: median {}, most {}",
        counts[50], counts[99]
    );
    // The median, since the replay window still grows now and then.
    assert!(counts[50] <= 5, "{counts:?}");
    assert!(counts[50] > 0, "the counter counts nothing");
}
