//! The table is as large as it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fapi_tests::cases;
use fapi_tests::coverage::{ELSEWHERE, LEFT_OUT, published};

#[test]
fn every_published_id_is_covered_or_left_out_with_a_reason() {
    let published: BTreeSet<&str> = published().collect();
    assert_eq!(published.len(), 335);
    let cases = cases::all();
    let covered: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    let listed: Vec<&str> = ELSEWHERE
        .iter()
        .chain(LEFT_OUT)
        .map(|(id, _)| *id)
        .collect();
    let unlisted: BTreeSet<&str> = listed.iter().copied().collect();

    assert_eq!(listed.len(), unlisted.len(), "an id is listed twice");
    assert!(
        covered.is_disjoint(&unlisted),
        "an id is both covered and listed"
    );
    assert!(
        ELSEWHERE
            .iter()
            .chain(LEFT_OUT)
            .all(|(_, reason)| reason.len() > 10)
    );
    let all: BTreeSet<&str> = covered.union(&unlisted).copied().collect();
    let missing: Vec<_> = published.difference(&all).collect();
    assert!(
        missing.is_empty(),
        "neither covered nor listed: {missing:?}"
    );
    let unknown: Vec<_> = all.difference(&published).collect();
    assert!(unknown.is_empty(), "not published: {unknown:?}");
}

#[test]
fn what_is_covered_elsewhere_is_named_there() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (id, file) in ELSEWHERE {
        let text = fs::read_to_string(workspace.join(file));
        let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
        let names_it = text.contains(id) || text.contains(&format!("{}_", id.to_lowercase()));
        assert!(names_it, "{file} does not name {id}");
    }
}

#[test]
fn no_two_cases_go_by_the_same_name() {
    let cases = cases::all();
    let mut names = BTreeSet::new();
    let twice: Vec<String> = cases
        .iter()
        .map(|case| format!("{case} {:?} {}", case.profile, case.algorithm))
        .filter(|name| !names.insert(name.clone()))
        .collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(cases.len() > 1_000, "{} cases", cases.len());
}
