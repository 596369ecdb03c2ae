//! T08: tokens, proofs and what else a request says are in no log. One test: the subscriber is the process's.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use fapi_tests::cases;
use fapi_tests::host::{Host, LayerHost, Parser};
use fapi_tests::runner::run_all;
use fapi_tests::scene::CANARY;
use fapi_tests::wire::{Answer, WireRequest};
use tower_fapi::testing::{TestClock, UnixTime};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn take(&self) -> String {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *log)).into_owned()
    }
}

/// Compares what is logged about each request with what the request says.
struct Watched(LayerHost, Log, Arc<Mutex<Found>>);

#[derive(Debug, Default)]
struct Found {
    requests: usize,
    lines: usize,
    leaks: Vec<String>,
}

impl Host for Watched {
    fn send(&mut self, request: &WireRequest) -> Answer {
        let answer = self.0.send(request);
        let log = self.1.take();
        let mut found = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        found.requests += 1;
        found.lines += log.lines().count();
        let leak = secrets(request).find(|secret| log.contains(secret.as_str()));
        found
            .leaks
            .extend(leak.map(|secret| format!("{secret} in {log}")));
        answer
    }

    fn clock(&self) -> Option<&TestClock> {
        self.0.clock()
    }

    fn remembers_since(&self) -> UnixTime {
        self.0.remembers_since()
    }

    fn store_calls(&self) -> Option<u64> {
        self.0.store_calls()
    }

    fn parser(&self) -> Parser {
        self.0.parser()
    }
}

/// The parts of tokens and proofs, and the word that stands in odd places.
fn secrets(request: &WireRequest) -> impl Iterator<Item = String> {
    ["Authorization", "DPoP"]
        .into_iter()
        .flat_map(|name| request.lines(name))
        .flat_map(|line| line.split(|byte| b" .,".contains(byte)))
        .filter(|part| part.len() >= 16)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .chain([CANARY.to_owned()])
}

#[test]
fn what_a_request_says_is_in_no_log() {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    // What is ours, whole; what other crates write at TRACE is theirs.
    let levels =
        Targets::new().with_target("tower_fapi", tracing_subscriber::filter::LevelFilter::TRACE);
    tracing_subscriber::registry()
        .with(levels)
        .with(lines)
        .init();

    let found = Arc::new(Mutex::new(Found::default()));
    run_all(&cases::all(), |profile| {
        Watched(LayerHost::new(profile), log.clone(), Arc::clone(&found))
    });
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(
        found.leaks.is_empty(),
        "{} leaks\n{}",
        found.leaks.len(),
        found.leaks.join("\n")
    );
    // Else nothing was looked at.
    assert!(found.requests > 2_000, "{found:?}");
    assert!(found.lines > found.requests, "{found:?}");
}
