//! The table, through Envoy, with the answers of the core.

use std::collections::BTreeMap;

use fapi_core::config::EnvoySignatures;
use fapi_tests::case::{Case, Expect};
use fapi_tests::cases;
use fapi_tests::host::{CoreHost, EnvoyDoor};
use fapi_tests::profile::Profile;
use fapi_tests::runner::{Failure, Outcome, run};
use fapi_tests::scene::begin_at;
use fapi_tests::wire::Answer;
use tower_fapi::testing::now;

use crate::differences::{DIFFERENCES, Difference, left_out};

#[test]
fn envoy_answers_as_the_core_does() {
    let mut count = Count::default();
    // One of its cases needs an Envoy that has only just started.
    let (first, others): (Vec<_>, Vec<_>) = Profile::ALL
        .into_iter()
        .partition(|profile| *profile == Profile::Restarted);
    for profiles in [first, others] {
        let door = EnvoyDoor::open(&profiles);
        for profile in profiles {
            compare(&door, profile, |_| true, &mut count);
        }
    }
    count.print();
    assert!(
        count.wrong.is_empty(),
        "{} differences that are not known:\n{}",
        count.wrong.len(),
        count.wrong.join("\n")
    );
    let unneeded: Vec<_> = DIFFERENCES
        .iter()
        .filter(|known| !count.listed.contains_key(&(known.id, known.about)))
        .map(|known| format!("{} ({})", known.id, known.about))
        .collect();
    assert!(
        unneeded.is_empty(),
        "listed, and no difference: {unneeded:?}"
    );
    // What is left out must not grow unnoticed.
    assert!(count.ran > 1_700, "only {} cases ran", count.ran);
}

#[test]
fn f24_the_module_judges_keys_and_signatures_as_envoy_and_the_core_do() {
    let profiles = [Profile::Default, Profile::OddKeys];
    let door = EnvoyDoor::open_with(&profiles, EnvoySignatures::Wasm);
    let mut count = Count::default();
    for profile in profiles {
        // Groups E and F are about keys and signatures, N about the issuers'.
        let concerned = |case: &Case| case.id.starts_with(['E', 'F', 'N']);
        compare(&door, profile, concerned, &mut count);
    }
    assert!(count.wrong.is_empty(), "{}", count.wrong.join("\n"));
    assert!(count.ran > 200, "only {} cases ran", count.ran);
}

#[derive(Default)]
struct Count {
    ran: usize,
    /// Those that differ as listed, and why.
    listed: BTreeMap<(&'static str, &'static str), &'static str>,
    left_out: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Count {
    fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }

    fn print(&self) {
        println!(
            "{} cases through Envoy, {} of them differ as listed:",
            self.ran,
            self.listed.len()
        );
        for ((id, about), why) in &self.listed {
            println!("  {id} ({about}): {why}");
        }
        for (why, number) in &self.left_out {
            println!("{number} cases not run: {why}");
        }
    }
}

fn compare(
    door: &EnvoyDoor,
    profile: Profile,
    concerned: impl Fn(&Case) -> bool,
    count: &mut Count,
) {
    // Answers about tokens have times in them.
    begin_at(now());
    let cases = cases::all();
    let (mut core, mut envoy) = (CoreHost::new(profile), door.host(profile));
    for (number, case) in cases.iter().enumerate() {
        if case.profile != profile || !concerned(case) {
            continue;
        }
        if let Some(why) = left_out(case) {
            count.leave_out(why);
            continue;
        }
        let mut failures = Vec::new();
        let outcome = run(case, number, &mut envoy, &mut failures);
        let problems = match &outcome {
            Outcome::NotRun => {
                count.leave_out("the case moves the clock, and Envoy's is the system's");
                continue;
            }
            Outcome::Parsed(_) => Vec::new(),
            Outcome::Decided(answer) => {
                let wanted = run(case, number, &mut core, &mut Vec::new());
                let wanted = wanted.decided().expect("the core decides every case");
                differences(case, &wanted, answer)
            }
        };
        count.ran += 1;
        let problems: Vec<String> = failures
            .iter()
            .map(Failure::to_string)
            .chain(problems)
            .collect();
        match DIFFERENCES.iter().find(|known| known.is_about(case)) {
            Some(known) if !problems.is_empty() && as_listed(known, &outcome) => {
                count.listed.insert((known.id, known.about), known.why);
            }
            Some(_) if problems.is_empty() => {}
            Some(_) | None => count.wrong.extend(problems),
        }
    }
}

/// Whether the answer is the one that the list has, and only an accepted request went on.
fn as_listed(known: &Difference, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Decided(answer) | Outcome::Parsed(answer) => {
            answer.status == known.status && answer.upstream.is_some() == (known.status == 200)
        }
        Outcome::NotRun => false,
    }
}

/// In what Envoy's answer is not the core's.
fn differences(case: &Case, core: &Answer, envoy: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, same: bool| {
        if !same {
            found.push(format!("{case}: another {what}\n  {core:?}\n  {envoy:?}"));
        }
    };
    same("status", core.status == envoy.status);
    same("gRPC code", core.grpc == envoy.grpc);
    same("reason", core.reason == envoy.reason);
    same("challenge", core.challenges() == envoy.challenges());
    // There the upstream's stays, and the core has no upstream.
    let nonces = case.expect == Expect::Public || core.nonces().len() == envoy.nonces().len();
    same("number of nonces", nonces);
    let later = [core, envoy].map(|answer| answer.retry_after().is_some());
    same("Retry-After", later[0] == later[1]);
    same("view of the upstream", core.upstream == envoy.upstream);
    let cached: Vec<_> = envoy.header("cache-control").collect();
    same(
        "Cache-Control",
        envoy.status == 200 || cached == ["no-store"],
    );
    found
}
