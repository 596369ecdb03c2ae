//! Which rule a request gets.

use super::{compile, compile_allowing, config, selected};
use crate::config::{ConfigErrorKind, Mode, Rule, Unmatched};
use crate::rules::{Rules, Selection};

fn check(rules: &Rules, cases: &[(&str, &str, &str)]) {
    for (method, path, expected) in cases {
        assert_eq!(
            selected(rules, method, path),
            *expected,
            "{method} {path:?}"
        );
    }
}

#[test]
fn without_rules_no_path_is_looked_at() {
    let rules = compile([]).unwrap();
    for path in ["/", "", "*", "/a;b", "//", "/%2f", "/%"] {
        assert_eq!(
            rules.select("GET", path),
            Selection::Unmatched(Unmatched::Authenticated)
        );
    }
    let mut denying = config([]);
    denying.unmatched = Some(Unmatched::Deny);
    let rules = Rules::compile(&denying).unwrap();
    assert_eq!(
        rules.select("GET", "/a;b"),
        Selection::Unmatched(Unmatched::Deny)
    );
}

#[test]
fn unmatched_is_the_configurations() {
    let mut config = config([Rule::new("/a")]);
    assert_eq!(
        Rules::compile(&config).unwrap().select("GET", "/b"),
        Selection::Unmatched(Unmatched::Deny)
    );
    config.unmatched = Some(Unmatched::Authenticated);
    let rules = Rules::compile(&config).unwrap();
    for path in ["/b", "*"] {
        assert_eq!(
            rules.select("GET", path),
            Selection::Unmatched(Unmatched::Authenticated)
        );
    }
    assert_eq!(rules.select("GET", "/b;"), Selection::Ambiguous);
}

#[test]
fn the_most_specific_path_wins() {
    let rules = compile([
        Rule::new("/{*rest}"),
        Rule::new("/payments/{*rest}"),
        Rule::new("/payments/{id}"),
        Rule::new("/payments/export"),
        Rule::new("/payments/{id}/items/{item}"),
        Rule::new("/{kind}/export/all"),
        Rule::new("/"),
    ])
    .unwrap();
    check(
        &rules,
        &[
            ("GET", "/", "/"),
            ("GET", "", "/"),
            ("GET", "/x", "/{*rest}"),
            ("GET", "/payments", "/payments/{*rest}"),
            ("GET", "/payments/export", "/payments/export"),
            ("GET", "/payments/Export", "/payments/{id}"),
            ("GET", "/Payments/export", "/{*rest}"),
            ("GET", "/payments/exports", "/payments/{id}"),
            ("GET", "/payments/1/items", "/payments/{*rest}"),
            ("GET", "/payments/1/items/2", "/payments/{id}/items/{item}"),
            (
                "GET",
                "/payments/export/items/2",
                "/payments/{id}/items/{item}",
            ),
            ("GET", "/payments/export/all", "/payments/{*rest}"),
            ("GET", "/accounts/export/all", "/{kind}/export/all"),
            ("GET", "/payments/%65xport", "/payments/export"),
            ("GET", "/pay%6Dents/%31", "/payments/{id}"),
            ("GET", "/payments/a%20b", "/payments/{id}"),
        ],
    );
}

#[test]
fn methods() {
    let rules = compile([
        Rule::new("/a/{id}").methods(["POST"]),
        Rule::new("/a/export").methods(["GET", "GET"]),
        Rule::new("/{*rest}").methods(["HEAD"]),
        Rule::new("/b").methods(["GET"]),
        Rule::new("/b/").methods(["HEAD", "M-SEARCH"]),
        Rule::new("/c").methods(["GET"]),
        Rule::new("/{c}"),
    ])
    .unwrap();
    check(
        &rules,
        &[
            ("POST", "/a/export", "/a/{id}"),
            ("GET", "/a/export", "/a/export"),
            ("GET", "/a/1", "-"),
            // The path counts more than the method.
            ("HEAD", "/a/export", "/a/export"),
            ("HEAD", "/a/1", "/{*rest}"),
            // A server that keeps them apart runs its GET.
            ("HEAD", "/b", "!"),
            ("HEAD", "/b/", "/b/"),
            ("GET", "/b", "/b"),
            ("GET", "/b/", "/b"),
            ("M-SEARCH", "/b", "!"),
            ("M-SEARCH", "/b/", "/b/"),
            ("HEAD", "/c", "/c"),
            ("PUT", "/c", "/{c}"),
            ("LOCK", "/c", "/{c}"),
            // A server that ignores case would take these for others.
            ("get", "/c", "!"),
            ("Post", "/zzz", "!"),
            ("head", "/c", "!"),
            ("m-search", "/c", "!"),
            ("put", "/c", "/{c}"),
            ("", "/c", "/{c}"),
        ],
    );
    let get = compile([Rule::new("/c").methods(["GET"]), Rule::new("/{*rest}")]).unwrap();
    check(
        &get,
        &[
            ("HEAD", "/c", "/c"),
            ("Head", "/c", "!"),
            ("POST", "/c", "/{*rest}"),
        ],
    );
    let all = compile([
        Rule::new("/c"),
        Rule::new("/c/").methods(["GET"]),
        Rule::new("/{id}").methods(["HEAD"]),
    ])
    .unwrap();
    check(
        &all,
        &[
            ("HEAD", "/c/", "/c/"),
            ("POST", "/c/", "/c"),
            ("HEAD", "/d", "/{id}"),
        ],
    );
}

#[test]
fn a_slash_at_the_end() {
    let rules = compile([
        Rule::new("/a"),
        Rule::new("/b/"),
        Rule::new("/c/{id}"),
        Rule::new("/d/{id}"),
        Rule::new("/d/{*rest}"),
    ])
    .unwrap();
    check(
        &rules,
        &[
            ("GET", "/a/", "/a"),
            ("GET", "/b", "/b/"),
            ("GET", "/b/", "/b/"),
            ("GET", "/c/1/", "/c/{id}"),
            ("GET", "/c/", "-"),
            ("GET", "/d/1", "/d/{id}"),
            // axum routes it to the second, behind NormalizePath to the first.
            ("GET", "/d/1/", "!"),
            ("GET", "/d/1/2/", "/d/{*rest}"),
            ("GET", "/d/", "/d/{*rest}"),
            ("GET", "/d", "/d/{*rest}"),
        ],
    );
    let shadowed = compile([Rule::new("/a/x/"), Rule::new("/a/{id}")]).unwrap();
    check(
        &shadowed,
        &[
            ("GET", "/a/x/", "/a/x/"),
            ("GET", "/a/x", "!"),
            ("GET", "/a/y", "/a/{id}"),
        ],
    );
}

#[test]
fn rest_is_for_the_path_before_it() {
    let rules = compile([
        Rule::new("/admin/{*rest}"),
        Rule::new("/{*rest}"),
        Rule::new("/u/{id}/{*rest}").methods(["GET"]),
        Rule::new("/p/{name}"),
        Rule::new("/p/q/{*rest}"),
        Rule::public("/assets/{*rest}"),
    ])
    .unwrap();
    check(
        &rules,
        &[
            ("GET", "/", "/{*rest}"),
            ("GET", "/admin", "/admin/{*rest}"),
            ("GET", "/admin/", "/admin/{*rest}"),
            ("GET", "/admin/x", "/admin/{*rest}"),
            ("GET", "/u/1", "/u/{id}/{*rest}"),
            ("POST", "/u/1", "/{*rest}"),
            // Where a rule is for the path itself, as axum routes it.
            ("GET", "/p/q", "/p/{name}"),
            ("GET", "/p/q/1", "/p/q/{*rest}"),
            ("GET", "/assets", "/{*rest}"),
            ("GET", "/assets/", "/{*rest}"),
            ("GET", "/assets/x", "/assets/{*rest}"),
            ("GET", "/assets/x/", "/assets/{*rest}"),
        ],
    );
}

#[test]
fn a_public_rule_is_for_its_normal_form_alone() {
    let rules = compile([
        Rule::public("/healthz").methods(["GET"]),
        Rule::public("/caf%c3%a9/{file}"),
        Rule::new("/health%7A").methods(["POST"]),
        Rule::new("/{*rest}"),
    ])
    .unwrap();
    check(
        &rules,
        &[
            ("GET", "/healthz", "/healthz"),
            ("HEAD", "/healthz", "/healthz"),
            ("POST", "/healthz", "/health%7A"),
            ("PUT", "/healthz", "/{*rest}"),
            ("GET", "/healthz/", "/{*rest}"),
            ("GET", "/health%7a", "/{*rest}"),
            ("GET", "/health%7A", "/{*rest}"),
            ("GET", "/Healthz", "/{*rest}"),
            ("GET", "/healthz/x", "/{*rest}"),
            ("GET", "/healthz;x", "!"),
            ("GET", "//healthz", "!"),
            ("GET", "/x/../healthz", "!"),
            ("GET", "/caf%C3%A9/a%20b", "/caf%c3%a9/{file}"),
            ("GET", "/caf%c3%a9/a", "/{*rest}"),
            ("GET", "/caf%C3%A9/%61", "/{*rest}"),
            ("GET", "/caf%C3%A9/\"", "/{*rest}"),
        ],
    );
    let lone = compile([Rule::public("/healthz")]).unwrap();
    check(
        &lone,
        &[
            ("GET", "/healthz", "/healthz"),
            ("GET", "/healthz/", "-"),
            ("GET", "/health%7A", "-"),
        ],
    );
    let allowing = compile_allowing([Rule::public("/healthz"), Rule::public("/f/{*rest}")]);
    check(
        &allowing,
        &[
            ("GET", "/healthz", "/healthz"),
            ("GET", "/f/x", "/f/{*rest}"),
            ("GET", "/f/../x", "-"),
            ("GET", "/f//x", "-"),
            ("GET", "/f/x;y", "-"),
            ("GET", "/f/%2Fx", "-"),
        ],
    );
}

#[test]
fn other_encodings_are_data_unless_a_decoding_router_comes_to_another_rule() {
    let rules = compile([
        Rule::new("/a/x:y"),
        Rule::new("/a/{id}"),
        Rule::new("/b/x%3Ay"),
        Rule::new("/{*rest}"),
    ])
    .unwrap();
    check(
        &rules,
        &[
            ("GET", "/a/x:y", "/a/x:y"),
            ("GET", "/a/x%3Ay", "!"),
            ("GET", "/a/x%3ay", "!"),
            ("GET", "/a/x%3Az", "/a/{id}"),
            ("GET", "/b/x%3Ay", "/b/x%3Ay"),
            ("GET", "/b/x%3ay", "/b/x%3Ay"),
            ("GET", "/b/x:y", "!"),
            ("GET", "/a/x%24y", "/a/{id}"),
        ],
    );
    let allowing = compile_allowing([Rule::new("/a/x:y"), Rule::new("/a/{id}")]);
    check(&allowing, &[("GET", "/a/x%3Ay", "/a/{id}")]);
}

#[test]
fn ambiguous_paths_get_no_rule() {
    let rules = compile([Rule::new("/{*rest}"), Rule::new("/")]).unwrap();
    for path in [
        "a",
        "//",
        "/a//b",
        "/a;b",
        "/a\\b",
        "/a/./b",
        "/a/../b",
        "/..",
        "/a/%2e%2E/b",
        "/.%2e/a",
        "/a%2fb",
        "/a%5Cb",
        "/a%00",
        "/a%252fb",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a?b",
        "/a%3bb",
    ] {
        assert_eq!(selected(&rules, "GET", path), "!", "{path}");
    }
    // No path, no rule.
    assert_eq!(selected(&rules, "OPTIONS", "*"), "-");
}

#[test]
fn allowed_ambiguous_paths_are_taken_as_they_are() {
    let rules = compile_allowing([
        Rule::new("/a/{id}"),
        Rule::new("/a/{id}/{*rest}"),
        Rule::new("/a;v=1/{id}").methods(["GET"]),
    ]);
    check(
        &rules,
        &[
            ("GET", "/a/x;y", "/a/{id}"),
            ("GET", "/a/x%2Fy", "/a/{id}"),
            ("GET", "/a/x%", "/a/{id}"),
            ("GET", "/a/..", "/a/{id}"),
            ("GET", "/a/../b", "/a/{id}/{*rest}"),
            ("GET", "/a;v=1/2", "/a;v=1/{id}"),
            ("GET", "/a;v=2/2", "-"),
            ("get", "/a;v=1/2", "-"),
            ("GET", "//a/1", "-"),
            ("GET", "/a//", "-"),
            ("GET", "a/1", "-"),
            ("GET", "//", "-"),
            // As axum routes it.
            ("GET", "/a/1/", "/a/{id}"),
        ],
    );
}

#[test]
fn equally_specific_rules_are_an_error() {
    for (rules, method) in [
        ([Rule::new("/a"), Rule::new("/a")], "all methods"),
        ([Rule::new("/a"), Rule::new("/a/")], "all methods"),
        ([Rule::new("/a/{x}"), Rule::new("/a/{y}")], "all methods"),
        ([Rule::new("/{*x}"), Rule::new("/{*y}")], "all methods"),
        ([Rule::new("/a"), Rule::public("/%61")], "all methods"),
        ([Rule::public("/a"), Rule::new("/a/")], "all methods"),
        ([Rule::new("/%c3%a9"), Rule::new("/%C3%A9")], "all methods"),
        (
            [
                Rule::new("/a").methods(["GET", "POST"]),
                Rule::new("/a").methods(["PUT", "POST"]),
            ],
            "POST",
        ),
    ] {
        let error = compile([Rule::new("/other")].into_iter().chain(rules)).unwrap_err();
        assert_eq!(error.path(), "rules[2].path");
        assert_eq!(error.kind(), ConfigErrorKind::Invalid);
        let named = format!("rules[1].path for {method}");
        assert!(error.problem().contains(&named), "{error}");
    }
    assert!(compile([Rule::new("/a"), Rule::new("/a").methods(["GET"])]).is_ok());
    assert!(compile([Rule::new("/a/{x}"), Rule::new("/a/{*x}")]).is_ok());
}

#[test]
fn paths_that_no_rule_can_have() {
    for path in [
        "/{",
        "/}",
        "/{}",
        "/{*}",
        "/a{id}",
        "/{id}.json",
        "/{{id}}",
        "/{a}{b}",
        "/{a*}",
        "/{*a}/b",
        "/{*a}/",
        "/:id",
        "/*rest",
        "/a//b",
        "//",
        "/a;b",
        "/a\\b",
        "/./a",
        "/%2e%2e",
        "/a%2Fb",
        "/a%",
        "/a%25ab",
        "/a\"b",
        "/a|b",
    ] {
        let error = compile([Rule::new("/ok"), Rule::new(path)]).unwrap_err();
        assert_eq!(error.path(), "rules[1].path", "{path}");
        assert_eq!(error.kind(), ConfigErrorKind::Invalid);
    }
    // With `allow` the rules take paths as they are; public ones never are ambiguous.
    compile_allowing([Rule::new("/a;b"), Rule::new("/a//b"), Rule::new("/a%2Fb")]);
    let mut config = config([Rule::public("/a;b")]);
    config.ambiguous_paths = crate::config::AmbiguousPaths::Allow;
    assert_eq!(Rules::compile(&config).unwrap_err().path(), "rules[0].path");
}

#[test]
fn the_mode_is_the_rules_else_the_documents() {
    let mut config = config([Rule::new("/a"), Rule::new("/b").mode(Mode::Enforce)]);
    config.mode = Mode::ReportOnly;
    let rules = Rules::compile(&config).unwrap();
    for (path, mode) in [("/a", Mode::ReportOnly), ("/b", Mode::Enforce)] {
        let Selection::Rule(rule) = rules.select("GET", path) else {
            panic!("{path}")
        };
        assert_eq!(rule.mode(), mode);
    }
}
