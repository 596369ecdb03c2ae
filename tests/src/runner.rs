//! What is asked of every case, whatever its input.

use std::fmt;

use tower_fapi::testing::{TestClock, now};

use crate::case::{Act, Case, Expect};
use crate::host::{Host, Parser};
use crate::profile::Profile;
use crate::scene::{CANARY, Scene};
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
                answers[place] = run(case, place, &mut host, &mut failures).decided();
            }
        }
    }
    (failures, answers)
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host answered the last request.
    Decided(Answer),
    /// The HTTP parser in front of it should have, and this is what came.
    Parsed(Answer),
    /// The case moves a clock that is not ours to move, or is none.
    NotRun,
}

impl Outcome {
    /// The host's answer.
    pub fn decided(self) -> Option<Answer> {
        match self {
            Self::Decided(answer) => Some(answer),
            Self::Parsed(_) | Self::NotRun => None,
        }
    }
}

/// Runs one case, and then a good request over the same connection.
pub fn run(
    case: &Case,
    number: usize,
    host: &mut dyn Host,
    failures: &mut Vec<Failure>,
) -> Outcome {
    if host.clock().is_some() {
        return play(case, format!("case-{number}"), host, failures);
    }
    // What was signed in one second may be looked at in the next: then it is another case.
    for attempt in 1.. {
        let (begun, mut found) = (now(), Vec::new());
        let outcome = play(case, format!("case-{number}-{attempt}"), host, &mut found);
        if found.is_empty() || now() == begun || attempt == ATTEMPTS {
            failures.append(&mut found);
            return outcome;
        }
    }
    Outcome::NotRun
}

/// How often a case is tried that needs all of it to happen within one second.
const ATTEMPTS: usize = 5;

fn play(case: &Case, jti: String, host: &mut dyn Host, failures: &mut Vec<Failure>) -> Outcome {
    let moves = host.clock().cloned();
    let clock = moves.clone().unwrap_or_else(|| TestClock::at(now()));
    let mut wrong = |what: String| {
        failures.push(Failure {
            case: case.to_string(),
            what,
        });
    };

    let mut scene = Scene::new(case.profile, case.algorithm, clock, jti.clone(), host);
    let mut acts = (case.acts)(&mut scene);
    if scene.was_moved() && moves.is_none() {
        return Outcome::NotRun;
    }
    let last = match acts.pop() {
        Some(Act::Send(last)) => last,
        _ => {
            wrong("ends without a request".into());
            return Outcome::NotRun;
        }
    };
    let alone = acts.is_empty();
    for act in acts {
        match act {
            Act::Advance(seconds) => match &moves {
                Some(clock) => clock.advance(seconds),
                None if seconds == 0 => {}
                // This host's clock is not ours to move.
                None => return Outcome::NotRun,
            },
            Act::Send(request) => {
                let answer = host.send(&request);
                for problem in problems(Expect::Accepted, case.profile, &answer) {
                    wrong(format!("before the last request: {problem}"));
                }
            }
        }
    }

    let calls = host.store_calls();
    let answer = host.send(&last);
    let outcome = match case.parser {
        Some(status) if host.parser() == Parser::Http => {
            if ![status, 0].contains(&answer.status) || answer.upstream.is_some() {
                wrong(format!("the parser should answer {status}: {answer:?}"));
            }
            Outcome::Parsed(answer)
        }
        _ => {
            for problem in problems(case.expect, case.profile, &answer) {
                wrong(problem);
            }
            let refusal = !case.expect.passes();
            if answer.grpc.is_some() != (refusal && last.is_grpc()) {
                wrong(format!("gRPC for others, or none for gRPC: {answer:?}"));
            }
            Outcome::Decided(answer)
        }
    };
    let asked = host
        .store_calls()
        .zip(calls)
        .map(|(after, before)| after - before);
    let may_ask = match outcome {
        Outcome::Decided(_) => case.expect.store_calls(),
        Outcome::Parsed(_) | Outcome::NotRun => 0,
    };
    if asked.is_some_and(|asked| asked != may_ask) {
        wrong(format!(
            "the replay store was asked {asked:?} times, not {may_ask}"
        ));
    }

    // Nothing of it stays: a good request succeeds afterwards, and if the one before was refused, with its `jti`.
    let refused = !case.expect.passes() && alone;
    let jti = if refused { jti } else { format!("{jti}-after") };
    if case.profile.accepts_good_requests() && case.expect != Expect::TooMany {
        let clock = moves.unwrap_or_else(|| TestClock::at(now()));
        let good = Scene::new(case.profile, case.algorithm, clock, jti, host).good();
        for problem in problems(Expect::Accepted, case.profile, &host.send(&good)) {
            wrong(format!("a good request afterwards: {problem}"));
        }
    }
    outcome
}

/// What is wrong with an answer.
fn problems(expect: Expect, profile: Profile, answer: &Answer) -> Vec<String> {
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
    let echoes = |(_, value): &(String, Vec<u8>)| String::from_utf8_lossy(value).contains(CANARY);
    check(
        !answer.headers.iter().any(echoes),
        "something of the request comes back",
    );
    check(
        answer.body.is_empty(),
        "a body that says more than the challenge",
    );
    if let (Some(reasons), Some(reason)) = (expect.reasons(), &answer.reason) {
        check(reasons.contains(&reason.as_str()), "another reason");
    }
    check_upstream(expect, answer, &mut check);
    let nonces = answer.nonces().len();
    match expect {
        Expect::UseNonce => check(nonces == 1, "not one nonce"),
        _ if expect.passes() => check(nonces <= 1, "several nonces"),
        _ => check(nonces == 0, "a nonce that nobody asked for"),
    }
    check(
        // To what is public nothing is added, and nothing of it taken away.
        expect == Expect::Public || !answer.nonces().contains(&"from-upstream"),
        "a nonce of the service behind",
    );
    check(
        answer.retry_after().is_some() == expect.is_for_later(),
        "Retry-After is, or is not, there",
    );
    check_challenges(expect, profile, answer, &mut check);
    problems
}

fn check_upstream(expect: Expect, answer: &Answer, check: &mut impl FnMut(bool, &str)) {
    let Some(upstream) = &answer.upstream else {
        check(!expect.passes(), "the service behind was not called");
        return;
    };
    check(expect.passes(), "the service behind was called");
    let nameless = matches!(expect, Expect::Public | Expect::Reported);
    check(
        !nameless || (&upstream.subject, &upstream.client_id) == (&None, &None),
        "access that nobody has",
    );
    check(
        upstream.reported.is_some() == (expect == Expect::Reported),
        "a reason to refuse it is, or is not, there",
    );
}

fn check_challenges(
    expect: Expect,
    profile: Profile,
    answer: &Answer,
    check: &mut impl FnMut(bool, &str),
) {
    let challenges = answer.challenges();
    if expect.passes() || expect.is_for_later() {
        check(
            challenges.is_empty(),
            "a challenge that does not belong there",
        );
        return;
    }
    let schemes = profile.schemes();
    if challenges.len() != schemes.len() {
        check(false, "not one challenge for each scheme");
        return;
    }
    for (challenge, scheme) in challenges.into_iter().zip(schemes) {
        let (name, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
        check(name == *scheme, "a challenge of another scheme");
        let of = |name| parameter(parameters, name);
        check(
            of("algs").is_some() == (name == "DPoP"),
            "algorithms belong to DPoP",
        );
        // Who comes with a certificate has nothing to do with proofs.
        let concerned = name == "DPoP"
            || !matches!(expect.code(), Some("invalid_dpop_proof" | "use_dpop_nonce"));
        let code = expect.code().filter(|_| concerned);
        check(of("error") == code, "another error code in the challenge");
        let (acr_values, max_age, scope) = match expect {
            Expect::StepUp(step) => (step.acr_values, step.max_age, step.scope),
            Expect::InsufficientScope(scope) => (None, None, scope),
            _ => (None, None, None),
        };
        check(of("acr_values") == acr_values, "other acr_values");
        check(of("max_age") == max_age, "another max_age");
        check(of("scope") == scope, "another scope");
    }
}

/// A parameter of a challenge whose values need no escapes.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(", ").find_map(|one| {
        one.strip_prefix(name)?
            .strip_prefix("=\"")?
            .strip_suffix('"')
    })
}
