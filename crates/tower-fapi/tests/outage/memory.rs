//! How much memory refused requests leave behind.

use tokio::sync::{Mutex, MutexGuard};

/// A thousand requests weigh more than this.
const ALLOWED_KIB: u64 = 1024;

/// Lets one test of this process run at a time: they measure the process.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// Sends so many requests, a first part of them to warm up, and fails if the process has grown after that.
pub(crate) async fn assert_flat(requests: usize, mut refused: impl AsyncFnMut()) {
    for _ in 0..requests / 4 {
        refused().await;
    }
    let before = resident_kib();
    for _ in requests / 4..requests {
        refused().await;
    }
    let grown = resident_kib().saturating_sub(before);
    println!("{grown} KiB more after {requests} refused requests");
    assert!(grown <= ALLOWED_KIB, "{grown} KiB");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().strip_suffix("kB").unwrap();
    number.trim().parse().unwrap()
}
