//! What is asked of every case, whatever its input.

use std::fmt;

use tower_fapi::testing::TestClock;

use crate::case::{Act, Case, Expect};
use crate::host::{Host, Parser};
use crate::profile::Profile;
use crate::scene::{NOW, Scene};
use crate::wire::Answer;

/// A case that did not come out as the table says.
#[derive(Debug)]
pub struct Failure {
    pub case: String,
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.case, self.what)
    }
}

/// Runs the cases of every profile through a host for it, and gives the answer to the last request of each.
pub fn run_all<H: Host>(
    cases: &[Case],
    mut host: impl FnMut(Profile) -> H,
) -> (Vec<Failure>, Vec<Option<Answer>>) {
    let mut failures = Vec::new();
    let mut answers: Vec<Option<Answer>> = cases.iter().map(|_| None).collect();
    for profile in Profile::ALL {
        let mut host = host(profile);
        for (place, case) in cases.iter().enumerate() {
            if case.profile == profile {
                answers[place] = run(case, place, &mut host, &mut failures);
            }
        }
    }
    (failures, answers)
}

/// Runs one case, and then a good request over the same connection.
fn run(
    case: &Case,
    number: usize,
    host: &mut dyn Host,
    failures: &mut Vec<Failure>,
) -> Option<Answer> {
    let moves = host.clock().cloned();
    let clock = moves.clone().unwrap_or_else(|| TestClock::at(NOW));
    let jti = format!("case-{number}");
    let mut wrong = |what: String| {
        failures.push(Failure {
            case: case.to_string(),
            what,
        });
    };

    let mut scene = Scene::new(case.profile, case.algorithm, clock, jti.clone(), host);
    let mut acts = (case.acts)(&mut scene);
    let last = match acts.pop() {
        Some(Act::Send(last)) => last,
        _ => {
            wrong("ends without a request".into());
            return None;
        }
    };
    let alone = acts.is_empty();
    for act in acts {
        match act {
            Act::Advance(seconds) => match &moves {
                Some(clock) => clock.advance(seconds),
                // This host's clock is not ours to move.
                None => return None,
            },
            Act::Send(request) => {
                let answer = host.send(&request);
                for problem in problems(Expect::Accepted, &answer) {
                    wrong(format!("before the last request: {problem}"));
                }
            }
        }
    }

    let calls = host.store_calls();
    let answer = host.send(&last);
    let parsed = match case.parser {
        Some(status) if host.parser() == Parser::Http => {
            if ![status, 0].contains(&answer.status) || answer.upstream.is_some() {
                wrong(format!("the parser should answer {status}: {answer:?}"));
            }
            None
        }
        _ => {
            for problem in problems(case.expect, &answer) {
                wrong(problem);
            }
            Some(answer)
        }
    };
    let asked = host
        .store_calls()
        .zip(calls)
        .map(|(after, before)| after - before);
    let may_ask = match parsed {
        Some(_) => case.expect.store_calls(),
        None => 0,
    };
    if asked.is_some_and(|asked| asked != may_ask) {
        wrong(format!(
            "the replay store was asked {asked:?} times, not {may_ask}"
        ));
    }

    // Nothing of it stays: a good request succeeds afterwards, and if the one before was refused, with its `jti`.
    let refused = case.expect != Expect::Accepted && alone;
    let jti = if refused { jti } else { format!("{jti}-after") };
    if case.profile.accepts_good_requests() && case.expect != Expect::TooMany {
        let clock = moves.unwrap_or_else(|| TestClock::at(NOW));
        let good = Scene::new(case.profile, case.algorithm, clock, jti, host).good();
        for problem in problems(Expect::Accepted, &host.send(&good)) {
            wrong(format!("a good request afterwards: {problem}"));
        }
    }
    parsed
}

/// What is wrong with an answer.
fn problems(expect: Expect, answer: &Answer) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |right: bool, what: &str| {
        if !right {
            problems.push(format!("{what} (expected {expect:?}): {answer:?}"));
        }
    };
    check(answer.status == expect.status(), "wrong status");
    let printable =
        |(_, value): &(String, Vec<u8>)| value.iter().all(|byte| (b' '..=b'~').contains(byte));
    if !answer.headers.iter().all(printable) {
        check(false, "a header value is not printable ASCII");
        return problems;
    }
    check(
        answer.upstream.is_some() == (expect == Expect::Accepted),
        "the service behind was, or was not, called",
    );
    let nonces = answer.nonces().len();
    match expect {
        Expect::UseNonce => check(nonces == 1, "not one nonce"),
        Expect::Accepted => check(nonces <= 1, "several nonces"),
        _ => check(nonces == 0, "a nonce that nobody asked for"),
    }
    check(
        !answer.nonces().contains(&"from-upstream"),
        "a nonce of the service behind",
    );
    let challenged = expect == Expect::Challenge || expect.code().is_some();
    let retried = matches!(
        expect,
        Expect::TooMany | Expect::StoreUnavailable | Expect::IssuerUnavailable
    );
    check(
        answer.retry_after().is_some() == retried,
        "Retry-After is, or is not, there",
    );
    match answer.challenges()[..] {
        [] => check(!challenged, "no challenge"),
        [challenge] => {
            check(challenged, "a challenge that does not belong");
            check(
                error_of(challenge) == expect.code(),
                "another error code in the challenge",
            );
            check(
                challenge.starts_with("DPoP ") && challenge.contains("algs=\""),
                "no DPoP challenge with its algorithms",
            );
        }
        _ => check(false, "several challenges"),
    }
    problems
}

fn error_of(challenge: &str) -> Option<&str> {
    let (_, rest) = challenge.split_once("error=\"")?;
    rest.split('"').next()
}
