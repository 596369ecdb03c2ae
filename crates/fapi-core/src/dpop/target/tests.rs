#![expect(clippy::string_slice, reason = "test data is ASCII where it is sliced")]

use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../../tests/vectors/htu_equivalence.json");

/// The verdict for the claim `htu` on a request to `uri`.
pub(super) fn verdict(uri: &str, htu: &str) -> Result<(), TargetMismatch> {
    let origin = Origin::of_uri(uri).unwrap();
    let target = TargetUri::new(&origin, "", raw_path(uri));
    let verdict = target.matches(htu);
    if target.is_written_as(htu) {
        assert_eq!(target.matches_normalised(htu), Ok(()), "{uri} {htu}");
    }
    verdict
}

fn raw_path(uri: &str) -> &str {
    let (_, rest) = uri.split_once("://").unwrap();
    let start = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest[start..].split(['?', '#']).next().unwrap()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap())
        .collect()
}

fn groups<'a>(vectors: &'a Value, name: &str) -> Vec<Vec<&'a str>> {
    let groups = vectors[name].as_array().unwrap();
    groups.iter().map(|group| strings(&group["uris"])).collect()
}

#[test]
fn follows_the_vectors() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();

    let equal = groups(&vectors, "equal");
    assert_eq!(equal.len(), 9);
    for group in equal {
        for uri in &group {
            for htu in &group {
                assert_eq!(verdict(uri, htu), Ok(()), "{uri} {htu}");
            }
        }
    }

    let different = groups(&vectors, "different");
    assert_eq!(different.len(), 16);
    for group in different {
        for (uri, htu) in [(group[0], group[1]), (group[1], group[0])] {
            assert_eq!(verdict(uri, uri), Ok(()), "{uri}");
            let expected = Err(TargetMismatch::Different);
            assert_eq!(verdict(uri, htu), expected, "{uri} {htu}");
        }
    }

    let reject = strings(&vectors["reject"]);
    assert_eq!(reject.len(), 42);
    for htu in reject {
        let expected = Err(TargetMismatch::Malformed);
        assert_eq!(verdict("https://a.example/r", htu), expected, "{htu:?}");
        assert!(Origin::of_uri(htu).is_err(), "{htu:?}");
    }

    for uri in strings(&vectors["accept_odd"]) {
        assert_eq!(verdict(uri, uri), Ok(()), "{uri}");
    }
}

#[test]
fn refuses_claims_that_are_no_uri() {
    for htu in [
        // G10
        "https://rs.example/%zz",
        "http://[",
        "https://",
        ":::",
        "https://rs.example/%4",
        "https://%/",
        "https://%zz/",
        // G31
        "https://rs.example\\@evil/",
        "https://rs.example/a\\b",
        // G33
        " https://rs.example/",
        "https://rs.example/ ",
        "https://rs.example/\r\n",
        "https://rs.example/?a b",
        // G36
        "https://rs.example@evil/",
        "https://evil@rs.example/",
        // G41
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1]evil/",
        "https://[::1]]/",
        "https://[]/",
        "https://[127.0.0.1]/",
        // G43
        "ftp://rs.example/",
        "httpss://rs.example/",
        " ://rs.example/",
        "://rs.example/",
        "wss://rs.example/",
        // Others
        "https://:443/",
        "https://rs.example:4a/",
        "https://rs.example:99999999999999999999/",
        "https://rs.example:443:443/",
        "https://rs.example/[1]",
        "https://rs.example/^`",
        "https://rs.example/?%",
        "https://rs.example/?#%2",
        "https://rs.example/#a#b",
        "https://rs.example/?é",
        "https://rs.example/\u{7f}",
        "https://rs.example/\u{2024}\u{2024}/",
    ] {
        let expected = Err(TargetMismatch::Malformed);
        assert_eq!(verdict("https://rs.example/", htu), expected, "{htu:?}");
    }
}

#[test]
fn accepts_other_spellings_of_the_same_uri() {
    for (uri, htu) in [
        // G15
        ("https://rs.example/a", "https://rs.example:443/a"),
        ("https://rs.example/a", "https://rs.example:0443/a"),
        ("https://rs.example/a", "https://rs.example:/a"),
        ("http://rs.example/a", "http://rs.example:80/a"),
        ("https://rs.example:8443/a", "HTTPS://RS.example:8443/a"),
        // G17, G19
        ("https://rs.example/a?x=2", "https://rs.example/a?x=1#y"),
        ("https://rs.example/a", "https://rs.example/a?"),
        ("https://rs.example/a", "https://rs.example/a#"),
        ("https://rs.example/a", "https://rs.example/a?b=/../?c://@"),
        ("https://rs.example/a", "https://rs.example/a#/../?c"),
        // G21
        ("https://rs.example", "https://rs.example/"),
        ("https://rs.example", "https://rs.example?x"),
        ("https://rs.example/", "https://rs.example#x"),
        // G24
        ("https://rs.example/a/b", "https://rs.example/a/./b"),
        ("https://rs.example/a/b", "https://rs.example/a/x/../b"),
        ("https://rs.example/a/x/%2e%2E/b", "https://rs.example/a/b"),
        ("https://rs.example/a/%2e/b", "https://rs.example/a/b"),
        ("https://rs.example/a/", "https://rs.example/a/b/.%2e"),
        ("https://rs.example/a/", "https://rs.example/a/."),
        ("https://rs.example/", "https://rs.example/a/.."),
        ("https://rs.example//b", "https://rs.example/a/..//b"),
        ("https://rs.example/a/b", "https://rs.example/a//../b"),
        // G26, G27
        ("https://rs.example/%3a", "https://rs.example/%3A"),
        ("https://rs.example/~user", "https://rs.example/%7Euser"),
        // RFC 3986 §3.2.2, §6.2.2.2
        ("https://rs.example/a", "https://%72%53.example/a"),
        // G30
        (
            "https://rs.example/..;/admin",
            "https://rs.example/..;/admin",
        ),
        // G41
        ("https://[::1]/", "https://[0:0:0:0:0:0:0:1]/"),
        ("https://[::ffff:1.2.3.4]/", "https://[::FFFF:102:304]/"),
    ] {
        assert_eq!(verdict(uri, htu), Ok(()), "{uri} {htu}");
    }
}

#[test]
fn tells_different_uris_apart() {
    for (uri, htu) in [
        // G14
        ("https://rs.example/a", "https://rs.example/A"),
        ("https://rs.example/%41", "https://rs.example/a"),
        // G30
        ("https://rs.example/a", "https://rs.example/a;x=1"),
        ("https://rs.example/..;/admin", "https://rs.example/admin"),
        // G36
        ("https://rs.example/", "https://evil#@rs.example/"),
        ("https://rs.example/", "https://evil?@rs.example/"),
        // G38
        ("https://a/", "https://xn--a/"),
        ("https://a/", "https://xn--a-/"),
        ("https://xn--a/", "https://xn--/"),
        // G39
        ("https://rs.example/", "https://rs.example./"),
        // G40
        ("https://127.0.0.1/", "https://0x7f.1/"),
        ("https://127.0.0.1/", "https://2130706433/"),
        ("https://127.0.0.1/", "https://127.1/"),
        ("https://127.0.0.1/", "https://127.0.0.01/"),
        // G41
        ("https://[::1]/", "https://[::2]/"),
        ("https://[::ffff:127.0.0.1]/", "https://127.0.0.1/"),
        ("https://127.0.0.1/", "https://[::ffff:127.0.0.1]/"),
        // G54, G55
        ("https://rs.example/a", "https://rs.example/b"),
        ("https://rs.example/a", "https://other.example/a"),
        // Others
        ("https://rs.example/", "https://rs%2Eexample%2F/"),
        ("https://rs.example/", "https://rs.example%00/"),
        ("https://rs.example/...", "https://rs.example/"),
        ("https://rs.example/a/.b", "https://rs.example/a/b"),
        ("https://rs.example/a%2F..", "https://rs.example/"),
        ("https://rs.example/%252e%252e/a", "https://rs.example/a"),
        ("https://rs.example:8443/", "https://rs.example:443/"),
        ("https://rs.example:8443/", "https://rs.example:844/"),
        ("http://rs.example:443/", "https://rs.example/"),
    ] {
        let expected = Err(TargetMismatch::Different);
        assert_eq!(verdict(uri, htu), expected, "{uri} {htu}");
    }
}

#[test]
fn puts_the_stripped_prefix_in_front() {
    // G51
    let origin = Origin::parse("https://rs.example").unwrap();
    let target = TargetUri::new(&origin, "/svc2", "/api");
    assert_eq!(target.matches("https://rs.example/svc2/api"), Ok(()));
    assert_eq!(target.matches("https://rs.example/svc%32/./api?"), Ok(()));
    for htu in [
        "https://rs.example/api",
        "https://rs.example/svc2",
        "https://rs.example/svc2/svc2/api",
        "https://rs.example/svc2//api",
    ] {
        assert_eq!(target.matches(htu), Err(TargetMismatch::Different));
    }

    let bare = TargetUri::new(&origin, "/svc2", "");
    assert_eq!(bare.matches("https://rs.example/svc2"), Ok(()));
    assert_eq!(bare.matches("https://rs.example/x/../svc2#"), Ok(()));
    let slash = Err(TargetMismatch::Different);
    assert_eq!(bare.matches("https://rs.example/svc2/"), slash);
}

#[test]
fn matches_nothing_when_the_request_has_no_path() {
    // G08
    let origin = Origin::parse("https://rs.example").unwrap();
    for (prefix, path) in [
        ("", "*"),
        ("/svc", "*"),
        ("", "rs.example:443"),
        ("", ":8443/r"),
        ("", ".evil.test/r"),
        (".evil.test", "/r"),
    ] {
        let target = TargetUri::new(&origin, prefix, path);
        for htu in [
            format!("https://rs.example{prefix}{path}"),
            format!("https://rs.example/{path}"),
            "https://rs.example".to_owned(),
            "https://rs.example/".to_owned(),
        ] {
            let verdict = target.matches(&htu);
            assert!(verdict.is_err(), "{prefix} {path} {htu}");
        }
    }
    let asterisk = TargetUri::new(&origin, "", "*");
    let expected = Err(TargetMismatch::Different);
    assert_eq!(asterisk.matches("https://rs.example/"), expected);
}

#[test]
fn matches_nothing_when_the_request_path_is_no_uri_path() {
    let origin = Origin::parse("https://rs.example").unwrap();
    for path in [
        "/{r}", "/|", "/\"r\"", "/é", "/%", "/%zz", "/a?b", "/a#b", "/[1]",
    ] {
        let target = TargetUri::new(&origin, "", path);
        let claim = TargetMismatch::Malformed;
        let own = Err(TargetMismatch::RequestPath);
        assert_eq!(target.matches("https://rs.example/r"), own, "{path}");
        let same = target.matches(&format!("https://rs.example{path}"));
        assert!(same == own || same == Err(claim), "{path}");
    }
}
