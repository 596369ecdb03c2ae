#![expect(clippy::string_slice, reason = "test data is ASCII where it is sliced")]

use proptest::prelude::*;

use super::tests::verdict;
use super::*;

/// RFC 3986 §5.2.4, step by step as it is written, for paths that begin with `/`.
fn remove_dot_segments(path: &str) -> String {
    let mut input = path.to_owned();
    let mut output = String::new();
    while !input.is_empty() {
        if input.starts_with("/./") {
            input.replace_range(..3, "/");
        } else if input == "/." {
            input = "/".to_owned();
        } else if input.starts_with("/../") || input == "/.." {
            input.replace_range(..input.len().min(4), "/");
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
            output.push_str(&input[..end]);
            input.replace_range(..end, "");
        }
    }
    output
}

/// The normal form of a path as text.
fn normal_path(path: &str) -> String {
    let mut decoded = String::new();
    let mut rest = path;
    while let Some(character) = rest.chars().next() {
        if character == '%' {
            let octet = u8::from_str_radix(&rest[1..3], 16).unwrap();
            if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                decoded.push(char::from(octet));
            } else {
                decoded.push_str(&rest[..3].to_ascii_uppercase());
            }
            rest = &rest[3..];
        } else {
            decoded.push(character);
            rest = &rest[1..];
        }
    }
    let removed = remove_dot_segments(&decoded);
    if removed.is_empty() {
        "/".to_owned()
    } else {
        removed
    }
}

/// Percent-encodes the characters whose turn in `mask` says so.
fn encode_unreserved(path: &str, mask: u64) -> String {
    let mut encoded = String::new();
    let mut after_percent = 0;
    for (at, character) in path.chars().enumerate() {
        let in_triplet = after_percent > 0;
        after_percent = if character == '%' {
            2
        } else {
            after_percent.max(1) - 1
        };
        let unreserved = character.is_ascii_alphanumeric() || "-._~".contains(character);
        if !in_triplet && unreserved && mask >> (at % 64) & 1 == 1 {
            let code = u32::from(character);
            let upper = mask >> ((at + 1) % 64) & 1 == 1;
            encoded += &if upper {
                format!("%{code:02X}")
            } else {
                format!("%{code:02x}")
            };
        } else {
            encoded.push(character);
        }
    }
    encoded
}

fn flip_case(text: &str, mask: u64) -> String {
    text.chars()
        .enumerate()
        .map(|(at, character)| match mask >> (at % 64) & 1 {
            0 => character.to_ascii_lowercase(),
            _ => character.to_ascii_uppercase(),
        })
        .collect()
}

/// A valid path with many dots, slashes and percent-encodings.
fn any_path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        3 => Just(".".to_owned()),
        3 => Just("..".to_owned()),
        1 => Just("%2e".to_owned()),
        1 => Just("%2E.".to_owned()),
        2 => Just(String::new()),
        6 => "([a-cA-C0.~;=:@!]|%2[fFeE5]|%7[eE]|%4[1a]|%[cC]3){0,4}",
    ];
    prop::collection::vec(segment, 0..7).prop_map(|segments| {
        segments
            .iter()
            .map(|segment| format!("/{segment}"))
            .collect()
    })
}

fn any_authority() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{1,3}(\\.[a-c-]{1,2}){0,2}(:(0|80|443|8443)?)?",
        Just("127.0.0.1".to_owned()),
        Just("[2001:db8::1]".to_owned()),
        Just("[2001:db8::1]:8443".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn paths_compare_as_rfc_3986_normalises_them(ours in any_path(), theirs in any_path(), prefix in any_path()) {
        let origin = Origin::parse("https://a.example").unwrap();
        let target = TargetUri::new(&origin, &prefix, &ours);
        let full = format!("{prefix}{ours}");
        let normal = normal_path(&full);

        let expected = if normal == normal_path(&theirs) { Ok(()) } else { Err(TargetMismatch::Different) };
        prop_assert_eq!(target.matches(&format!("https://a.example{theirs}")), expected);
        prop_assert_eq!(target.matches(&format!("https://a.example{normal}")), Ok(()));
        prop_assert_eq!(target.matches(&format!("https://a.example{full}")), Ok(()));
    }

    #[test]
    fn equivalence_is_reflexive_and_symmetric(
        (a, b) in (any_authority(), any_authority()),
        (p, q) in (any_path(), any_path()),
        same_authority: bool,
        same_path: bool,
    ) {
        let one = format!("https://{a}{p}");
        let other = format!(
            "https://{}{}",
            if same_authority { &a } else { &b },
            if same_path { &p } else { &q },
        );
        prop_assert_eq!(verdict(&one, &one), Ok(()));
        prop_assert_eq!(verdict(&one, &other), verdict(&other, &one));
    }

    #[test]
    fn spelling_never_changes_the_verdict(
        authority in any_authority(),
        (path, other) in (any_path(), any_path()),
        https: bool,
        mask: u64,
        suffix in "(\\?[a-z/?=&]{0,5})?(#[a-z/?]{0,5})?",
    ) {
        let scheme = if https { "https" } else { "http" };
        let uri = format!("{scheme}://{authority}{path}");
        for path in [&path, &other] {
            let plain = format!("{scheme}://{authority}{path}");
            let spelled = format!(
                "{}://{}{}{suffix}",
                flip_case(scheme, mask),
                flip_case(&authority, mask),
                encode_unreserved(path, mask),
            );
            prop_assert_eq!(verdict(&uri, &plain), verdict(&uri, &spelled), "{} {}", plain, spelled);
            if !authority.contains("]:") && (authority.starts_with('[') || !authority.contains(':')) {
                let port = if https { 443 } else { 80 };
                let with_port = format!("{scheme}://{authority}:{port}{path}");
                prop_assert_eq!(verdict(&uri, &plain), verdict(&uri, &with_port));
            }
        }
    }

    #[test]
    fn every_other_octet_in_the_path_counts(path in "(/[a-zA-Z0-9;=:@!$&'()*+,_~-]{1,5}){1,4}", at: prop::sample::Index, new in "[/a-zA-Z0-9;=:@!$&'()*+,_~-]") {
        let at = at.index(path.len());
        let mut changed = path.clone();
        changed.replace_range(at..=at, &new);
        // Without the first slash it is another authority.
        if changed.starts_with('/') {
            let uri = format!("https://a.example{path}");
            let htu = format!("https://a.example{changed}");
            prop_assert_eq!(verdict(&uri, &htu).is_ok(), path == changed);
        }
        // Reserved characters are not the same as their percent-encodings.
        let octet = path.as_bytes()[at];
        let encoded = format!("{}%{octet:02X}{}", &path[..at], &path[at + 1..]);
        if encoded.starts_with('/') {
            let uri = format!("https://a.example{path}");
            let htu = format!("https://a.example{encoded}");
            let unreserved = octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
            prop_assert_eq!(verdict(&uri, &htu).is_ok(), unreserved);
        }
    }

    #[test]
    fn fast_path_agrees_with_the_slow_one(
        prefix in "(/[.a%{]{1,2}|\\.b){0,1}",
        path in "(/[.%a;{é\\[]{0,2}){0,3}[*?#:]{0,1}",
        port in "(:8443)?",
        (at, new) in (any::<prop::sample::Index>(), "[a-c./:%?#]{0,1}"),
    ) {
        let origin = Origin::parse(&format!("https://a.example{port}")).unwrap();
        let target = TargetUri::new(&origin, &prefix, &path);
        let same = format!("https://a.example{port}{prefix}{path}");
        let mut changed: Vec<char> = same.chars().collect();
        let at = at.index(changed.len());
        changed.splice(at..=at, new.chars());

        for htu in [same, changed.into_iter().collect()] {
            prop_assert_eq!(target.matches(&htu), target.matches_normalised(&htu));
        }
    }

    #[test]
    fn arbitrary_text_does_no_harm(claim: String, prefix: String, path: String, start in "https?://[\\[\\]a:1%@.-]{0,8}[/?#]?") {
        let origin = Origin::parse("https://a.example").unwrap();
        let target = TargetUri::new(&origin, &prefix, &path);
        for claim in [&claim, &format!("{start}{claim}"), &format!("https://a.example{prefix}{path}")] {
            let verdict = target.matches(claim);
            prop_assert_eq!(verdict, target.matches_normalised(claim));
            if verdict.is_ok() {
                prop_assert!(prefix.is_ascii() && path.is_ascii() && claim.is_ascii());
            }
            if let Ok(origin) = Origin::of_uri(claim) {
                prop_assert_eq!(Origin::parse(origin.as_str()), Ok(origin));
            }
            let _: bool = origin.has_authority(claim);
        }
    }
}
