//! The test of the test: a host that decides nothing must fail.

use std::collections::BTreeSet;

use fapi_core::UnixTime;
use fapi_tests::case::Case;
use fapi_tests::cases;
use fapi_tests::host::{CoreHost, Host, Parser};
use fapi_tests::profile::Profile;
use fapi_tests::runner::{Failure, run_all};
use fapi_tests::scene::CANARY;
use fapi_tests::wire::{Answer, UpstreamView, WireRequest};
use tower_fapi::testing::TestClock;

/// Gives the same answer to everybody.
struct Always(fn(&WireRequest) -> Answer, TestClock);

impl Host for Always {
    fn send(&mut self, request: &WireRequest) -> Answer {
        (self.0)(request)
    }

    fn clock(&self) -> Option<&TestClock> {
        Some(&self.1)
    }

    fn remembers_since(&self) -> UnixTime {
        self.1.now()
    }

    fn store_calls(&self) -> Option<u64> {
        None
    }

    fn parser(&self) -> Parser {
        Parser::None
    }
}

fn always(answer: fn(&WireRequest) -> Answer) -> (Vec<Case>, BTreeSet<String>) {
    let cases = cases::all();
    let clock = TestClock::at(UnixTime::from_secs(1_700_000_000));
    let (failures, _) = run_all(&cases, |_| Always(answer, clock.clone()));
    let failed = failures.into_iter().map(|failure| failure.case).collect();
    (cases, failed)
}

#[test]
fn a_host_that_accepts_everything_fails_every_case_that_must_be_refused() {
    let (cases, failed) = always(|request| Answer {
        status: 200,
        upstream: Some(UpstreamView {
            method: request.method.clone(),
            subject: Some("alice".into()),
            client_id: Some("client-1".into()),
            reported: None,
            body: Vec::new(),
        }),
        ..Answer::default()
    });
    for case in cases {
        let refused = !case.expect.passes();
        assert!(!refused || failed.contains(&case.to_string()), "{case}");
    }
}

#[test]
fn a_host_that_refuses_everything_fails_every_case() {
    let (cases, failed) = always(|_| Answer {
        status: 401,
        headers: vec![(
            "www-authenticate".into(),
            b"DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"".to_vec(),
        )],
        ..Answer::default()
    });
    for case in cases {
        assert!(failed.contains(&case.to_string()), "{case}");
    }
}

/// The core, and something that is wrong with it.
struct Spoiled(CoreHost, fn(&mut CoreHost, &WireRequest, Answer) -> Answer);

impl Host for Spoiled {
    fn send(&mut self, request: &WireRequest) -> Answer {
        let answer = self.0.send(request);
        (self.1)(&mut self.0, request, answer)
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

fn spoiled(spoil: fn(&mut CoreHost, &WireRequest, Answer) -> Answer) -> Vec<Failure> {
    let cases: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| ["A01", "D01", "G02", "G56"].contains(&case.id))
        .collect();
    run_all(&cases, |profile: Profile| {
        Spoiled(CoreHost::new(profile), spoil)
    })
    .0
}

#[test]
fn what_is_wrong_with_a_single_answer_is_noticed() {
    assert_eq!(spoiled(|_, _, answer| answer).len(), 0);
    let spoils: [fn(&mut CoreHost, &WireRequest, Answer) -> Answer; 8] = [
        |_, _, mut answer| {
            answer.headers.push(("dpop-nonce".into(), b"n".to_vec()));
            answer.headers.push(("dpop-nonce".into(), b"n".to_vec()));
            answer
        },
        |_, _, mut answer| {
            answer.headers.push(("x".into(), b"\n".to_vec()));
            answer
        },
        |_, _, mut answer| {
            answer.headers.push(("x".into(), CANARY.into()));
            answer
        },
        |_, _, mut answer| {
            answer.body = b"why".to_vec();
            answer
        },
        |_, _, mut answer| {
            let bearer = ("www-authenticate".into(), b"Bearer x=\"y\"".to_vec());
            answer.headers.push(bearer);
            answer
        },
        // As if gRPC were HTTP.
        |_, _, mut answer| {
            answer.grpc = None;
            answer
        },
        |_, request, mut answer| {
            answer.upstream = Some(UpstreamView::nameless(request));
            answer
        },
        // Every request counts twice against the store, so the second try with a `jti` is a replay.
        |host, request, answer| match answer.status {
            200 => host.send(request),
            _ => answer,
        },
    ];
    for spoil in spoils {
        assert!(!spoiled(spoil).is_empty());
    }
}
