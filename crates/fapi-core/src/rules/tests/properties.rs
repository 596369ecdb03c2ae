//! The selection beside simpler matchers, and under rewriting.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::{compile, compile_allowing, selected};
use crate::config::Rule;
use crate::rules::{Rules, Selection};

/// A rule's path of few names, so that rules overlap. Never two of the same form.
fn patterns() -> impl Strategy<Value = BTreeSet<String>> {
    let segment = select(vec!["a", "b", "ab", "{p}"]);
    let path =
        (prop::collection::vec(segment, 0..4), any::<bool>()).prop_map(|(mut segments, rest)| {
            if rest {
                segments.push("{*rest}");
            }
            format!("/{}", segments.join("/"))
        });
    prop::collection::btree_set(path, 1..12)
}

fn paths() -> impl Strategy<Value = String> {
    let segment = select(vec!["a", "b", "ab", "c", "x:y"]);
    prop::collection::vec(segment, 0..6).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn rules(patterns: &BTreeSet<String>) -> Rules {
    compile(patterns.iter().map(Rule::new)).unwrap()
}

/// axum's router, and the patterns that it takes: this version refuses `{p}` beside `{*rest}`.
fn routed(patterns: BTreeSet<String>) -> (BTreeSet<String>, matchit::Router<String>) {
    let mut router = matchit::Router::new();
    let taken = |pattern: &String| router.insert(pattern.as_str(), pattern.clone()).is_ok();
    (patterns.into_iter().filter(taken).collect(), router)
}

/// 0, 1, 2 for fixed, parameter and rest, a digit for each segment of the pattern; `None` if it does not match.
fn rank(pattern: &str, path: &str, rest_may_be_empty: bool) -> Option<Vec<u8>> {
    let mut segments = path
        .split('/')
        .skip(1)
        .filter(|segment| !segment.is_empty());
    let mut rank = Vec::new();
    for part in pattern.split('/').skip(1).filter(|part| !part.is_empty()) {
        if part == "{*rest}" {
            rank.push(2);
            return (segments.next().is_some() || rest_may_be_empty).then_some(rank);
        }
        let segment = segments.next()?;
        match part {
            "{p}" => rank.push(1),
            _ if part == segment => rank.push(0),
            _ => return None,
        }
    }
    segments.next().is_none().then_some(rank)
}

/// What the documentation says, by trying all rules.
fn reference<'a>(patterns: &'a BTreeSet<String>, path: &str) -> &'a str {
    let best = |rest_may_be_empty| {
        patterns
            .iter()
            .filter_map(|one| Some((rank(one, path, rest_may_be_empty)?, one.as_str())))
            .min()
    };
    match best(false) {
        Some((_, whole)) if !whole.ends_with("{*rest}") => whole,
        // No rule is for the path itself, so only rest counts.
        _ => best(true).map_or("-", |(_, found)| found),
    }
}

/// The same path, some of its letters encoded: which ones, the bits of `choice` say.
fn encode(path: &str, choice: u64) -> String {
    let mut bits = choice;
    let mut text = String::new();
    for c in path.chars() {
        bits = bits.rotate_right(1);
        match bits & 3 {
            1 if c.is_ascii_alphanumeric() => text.push_str(&format!("%{:02X}", u32::from(c))),
            2 if c.is_ascii_alphanumeric() => text.push_str(&format!("%{:02x}", u32::from(c))),
            _ => text.push(c),
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn selects_what_trying_all_rules_selects(patterns in patterns(), paths in prop::collection::vec(paths(), 16)) {
        let rules = rules(&patterns);
        for path in paths {
            prop_assert_eq!(selected(&rules, "GET", &path), reference(&patterns, &path), "{}", path);
        }
    }

    /// axum 0.8 routes with matchit. Where that finds a route, we have the rule of the same path, but for the path in
    /// front of `{*rest}`.
    #[test]
    fn selects_what_axum_routes_to(patterns in patterns(), paths in prop::collection::vec(paths(), 16)) {
        let (patterns, router) = routed(patterns);
        let rules = rules(&patterns);
        for path in paths {
            let ours = selected(&rules, "GET", &path);
            match router.at(&path) {
                Ok(found) if found.value.ends_with("{*rest}") => {
                    let below = ours.strip_suffix("/{*rest}").unwrap();
                    prop_assert!(ours == *found.value || rank(below, &path, false).is_some(), "{}", path);
                }
                Ok(found) => prop_assert_eq!(ours, found.value, "{}", path),
                Err(_) => match ours.strip_suffix("/{*rest}") {
                    Some(below) => prop_assert!(rank(below, &path, false).is_some(), "{}", path),
                    None => prop_assert_eq!(ours, "-", "{}", path),
                },
            }
        }
    }

    /// Whoever keeps slashes at the end apart, and whoever drops them, comes to the rule that we select, or we refuse.
    #[test]
    fn a_slash_at_the_end_leads_to_no_other_rule(patterns in patterns(), path in paths()) {
        let (patterns, router) = routed(patterns);
        let rules = rules(&patterns);
        let bare = path.strip_suffix('/').unwrap_or(&path);
        let slashed = format!("{bare}/");
        let ours = selected(&rules, "GET", &slashed);
        if ours != "!" && let Ok(axum) = router.at(&slashed) {
            let below = ours.strip_suffix("/{*rest}").is_some_and(|below| rank(below, &path, false).is_some());
            prop_assert!(ours == *axum.value || below, "{} {}", ours, axum.value);
        }
        if ours != "!" {
            prop_assert_eq!(ours, selected(&rules, "GET", &path));
        }
    }

    #[test]
    fn encoded_letters_change_nothing(patterns in patterns(), path in paths(), choice: u64) {
        let rules = rules(&patterns);
        let encoded = encode(&path, choice);
        prop_assert_eq!(rules.select("GET", &encoded), rules.select("GET", &path), "{}", encoded);
    }

    #[test]
    fn tricks_are_ambiguous(
        patterns in patterns(),
        path in paths(),
        at in any::<prop::sample::Index>(),
        choice: u64,
        trick in select(vec![
            ";x", ";", "//", "/./", "/../", "/%2e/", "/%2E%2e/", "/.%2e/", "%2f", "%2F", "\\", "%5c", "%5C", "%00",
            "%252f", "%252F", "%25%32%66", "%3b", "%", "%c0%af", "?", "#",
        ]),
    ) {
        let rules = rules(&patterns);
        let place = at.index(path.len()) + 1;
        let (front, back) = path.split_at(place);
        // A lone % must not become the beginning of an encoding.
        let back = if trick == "%" { format!("x{back}") } else { back.to_owned() };
        let tricky = encode(front, choice) + trick + &encode(&back, choice);
        prop_assert_eq!(rules.select("GET", &tricky), Selection::Ambiguous, "{}", tricky);
    }

    #[test]
    fn never_panics(patterns in patterns(), method in ".*", path in ".*", tail in "[/%;.\\\\a-f0-9*]*") {
        let strict = rules(&patterns);
        let allowing = compile_allowing(patterns.iter().map(Rule::new));
        for path in [&path, &format!("/{path}"), &format!("/a/{tail}"), &tail] {
            let _ = strict.select(&method, path);
            prop_assert_ne!(allowing.select(&method, path), Selection::Ambiguous);
        }
        let _ = compile([Rule::new(path), Rule::new(tail)]);
    }

    /// A public rule is for nothing that is not written as it is.
    #[test]
    fn public_is_exact(path in paths(), choice: u64) {
        let path = format!("/z{path}");
        let rules = compile([Rule::public(path.as_str())]).unwrap();
        prop_assert_eq!(selected(&rules, "GET", &path), path.as_str());
        let encoded = encode(&path, choice);
        let expected = if encoded == path { path.as_str() } else { "-" };
        prop_assert_eq!(selected(&rules, "GET", &encoded), expected);
    }
}
