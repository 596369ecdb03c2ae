//! Group G: method and target.

use serde_json::{Value, json};

use crate::case::Case;
use crate::case::Expect::{self, Accepted, InvalidProof};
use crate::profile::Profile;
use crate::scene::Scene;
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    methods(&mut cases);
    claims(&mut cases);
    paths(&mut cases);
    origins(&mut cases);
    proxies(&mut cases);
    cases
}

fn methods(cases: &mut Vec<Case>) {
    cases.push(Case::proof("G01", "no htm", InvalidProof, |p, _| {
        p.without_claim("htm")
    }));
    for htm in [json!(""), json!(1), json!(null), json!(["GET"]), json!({})] {
        cases.push(Case::proof(
            "G01",
            htm.to_string(),
            InvalidProof,
            move |p, _| p.htm(htm.clone()),
        ));
    }
    for htm in ["PUT", "get", "Get", "GETS", "GE"] {
        cases.push(Case::proof("G02", htm, InvalidProof, move |p, _| {
            p.htm(htm)
        }));
    }
    for htm in ["GET ", " GET", "GET\r\n", "GET\0"] {
        cases.push(Case::proof(
            "G04",
            format!("{htm:?}"),
            InvalidProof,
            move |p, _| p.htm(htm),
        ));
    }
    cases.push(Case::request(
        "G05",
        "HEAD with htm GET",
        InvalidProof,
        |scene| to(scene, "HEAD", "/accounts", "GET", "/accounts"),
    ));
    for method in [
        "HEAD", "POST", "DELETE", "QUERY", "PROPFIND", "M-SEARCH", "get",
    ] {
        cases.push(Case::request("G06", method, Accepted, move |scene| {
            to(scene, method, "/accounts", method, "/accounts")
        }));
    }
    for (htm, expect) in [("POST", Accepted), ("DELETE", InvalidProof)] {
        let about = format!("method override, htm {htm}");
        cases.push(Case::request("G07", about, expect, move |scene| {
            to(scene, "POST", "/accounts", htm, "/accounts")
                .header("X-HTTP-Method-Override", "DELETE")
                .header("Content-Length", "0")
        }));
    }
    for path in ["", "/", "/*", "*", "/accounts"] {
        cases.push(Case::request(
            "G08",
            format!("OPTIONS *, htu {path}"),
            InvalidProof,
            move |scene| to(scene, "OPTIONS", "*", "OPTIONS", path),
        ));
    }
    for target in ["api.example.com:443", "evil.example:22"] {
        for path in ["", "/", "/accounts"] {
            let about = format!("CONNECT {target}, htu {path:?}");
            cases.push(Case::request("G08", about, InvalidProof, move |scene| {
                to(scene, "CONNECT", target, "CONNECT", path)
            }));
        }
    }
}

fn claims(cases: &mut Vec<Case>) {
    cases.push(Case::proof("G09", "no htu", InvalidProof, |p, _| {
        p.without_claim("htu")
    }));
    let url = "https://api.example.com/accounts";
    for htu in [
        json!(""),
        json!(1),
        json!(null),
        json!([url]),
        json!({ "u": url }),
    ] {
        htu_is("G09", htu, InvalidProof, cases);
    }
    for htu in [
        "%zz",
        "http://[",
        "https://",
        ":::",
        "https://api.example.com/%zz",
        "https://api.example.com/accounts%",
        "https://api.example.com:x/accounts",
        "https://api.example.com:99999/accounts",
        "/accounts",
        "//api.example.com/accounts",
        "accounts",
        "https:/api.example.com/accounts",
        "https:api.example.com/accounts",
        "https:///accounts",
    ] {
        htu_is("G10", htu, InvalidProof, cases);
    }
    for htu in [
        "https://api.example.com/Accounts",
        "https://api.example.com/ACCOUNTS",
    ] {
        htu_is("G14", htu, InvalidProof, cases);
    }
    for (htu, expect) in [
        ("https://api.example.com:443/accounts", Accepted),
        ("https://api.example.com:/accounts", Accepted),
        ("HTTPS://API.Example.COM/accounts", Accepted),
        ("https://api.example.com:80/accounts", InvalidProof),
        ("https://api.example.com:8443/accounts", InvalidProof),
        ("http://api.example.com:443/accounts", InvalidProof),
    ] {
        htu_is("G15", htu, expect, cases);
    }
    for rest in ["?a=b", "#f", "?a=b#f", "?", "#", "?#"] {
        let id = if rest.len() < 3 && rest != "#f" {
            "G19"
        } else {
            "G17"
        };
        for target in ["/accounts", "/accounts?page=2"] {
            let about = format!("{target}, htu with {rest}");
            cases.push(Case::request(id, about, Accepted, move |scene| {
                to(scene, "GET", target, "GET", &format!("/accounts{rest}"))
            }));
        }
    }
    cases.push(Case::request(
        "G18",
        "a query that htu lacks",
        Accepted,
        |scene| to(scene, "GET", "/accounts?page=2", "GET", "/accounts"),
    ));
    for htu in [
        " https://api.example.com/accounts",
        "https://api.example.com/accounts ",
        "https://api.example.com/accounts\n",
        "\thttps://api.example.com/accounts",
        "https://api.example.com/acc ounts",
    ] {
        htu_is("G33", htu, InvalidProof, cases);
    }
    for htu in [
        "https://api.example.com/accounts/é",
        "https://äpi.example.com/accounts",
        "https://api.example.com/ａccounts",
        "https://api.example。com/accounts",
    ] {
        htu_is("G34", htu, InvalidProof, cases);
    }
    for htu in [
        "https://api.example.com@evil.example/accounts",
        "https://evil.example#@api.example.com/accounts",
        "https://evil.example?@api.example.com/accounts",
        "https://user@api.example.com/accounts",
        "https://user:pw@api.example.com/accounts",
        "https://@api.example.com/accounts",
    ] {
        htu_is("G36", htu, InvalidProof, cases);
    }
    for htu in [
        "https://xn--a/accounts",
        "https://xn--/accounts",
        "https://xn--api.example.com/accounts",
    ] {
        htu_is("G38", htu, InvalidProof, cases);
    }
    for htu in [
        "https://api.example.com./accounts",
        "https://api.example.com.:443/accounts",
    ] {
        htu_is("G39", htu, InvalidProof, cases);
    }
    for htu in [
        "ftp://api.example.com/accounts",
        "javascript://api.example.com/accounts",
        "urn:api.example.com:accounts",
        "wss://api.example.com/accounts",
        "http://api.example.com/accounts",
    ] {
        htu_is("G43", htu, InvalidProof, cases);
    }
}

fn paths(cases: &mut Vec<Case>) {
    for (id, target, path, expect) in [
        ("G14", "/ACCOUNTS", "/accounts", InvalidProof),
        ("G21", "/", "", Accepted),
        ("G21", "/", "?a", Accepted),
        ("G21", "/", "/", Accepted),
        ("G21", "/accounts", "", InvalidProof),
        ("G21", "/accounts/", "/accounts", InvalidProof),
        ("G24", "/a/b", "/a/./b", Accepted),
        ("G24", "/a/b", "/a/x/../b", Accepted),
        ("G24", "/a/x/../b", "/a/b", Accepted),
        ("G24", "/a/./b", "/a/x/../b", Accepted),
        ("G24", "/a/b", "/a/%2e/b", Accepted),
        ("G24", "/a//b", "/a/b", InvalidProof),
        ("G24", "/b", "/a/../../b", Accepted),
        ("G26", "/a%3ab", "/a%3Ab", Accepted),
        ("G26", "/a%2Fb", "/a/b", InvalidProof),
        ("G27", "/~user", "/%7Euser", Accepted),
        ("G27", "/%7euser", "/~user", Accepted),
        ("G30", "/a;x=1", "/a", InvalidProof),
        ("G30", "/a", "/a;x=1", InvalidProof),
        ("G30", "/a;x=1", "/a;x=1", Accepted),
        ("G30", "/accounts/..;/admin", "/admin", InvalidProof),
        (
            "G30",
            "/accounts/..;/admin",
            "/accounts/..;/admin",
            Accepted,
        ),
        ("G31", "/accounts", "/acc\\ounts", InvalidProof),
        ("G31", "/a/b", "/a\\b", InvalidProof),
        ("G31", "/accounts", "\\@evil.example/accounts", InvalidProof),
        ("G56", "/pkg.Svc/Method", "/pkg.Svc/Method", Accepted),
        ("G56", "/pkg.Svc/Method", "/pkg.Svc/method", InvalidProof),
        ("G57", "/Accounts", "/accounts", InvalidProof),
        ("G57", "/caf%C3%A9", "/cafe%CC%81", InvalidProof),
        ("G57", "/caf%c3%a9", "/caf%C3%A9", Accepted),
    ] {
        let (method, media) = match id {
            "G56" => ("POST", "application/grpc"),
            _ => ("GET", "text/plain"),
        };
        cases.push(Case::request(
            id,
            format!("{target}, htu {path}"),
            expect,
            move |scene| to(scene, method, target, method, path).header("Content-Type", media),
        ));
    }
    cases.push(Case::request(
        "G34",
        "é in the request line",
        InvalidProof,
        |scene| {
            let mut request = to(scene, "GET", "/", "GET", "/é");
            request.target = "/é".into();
            request
        },
    ));
}

fn origins(cases: &mut Vec<Case>) {
    let hosts = Profile::Origins;
    for (profile, host, url, expect) in [
        // With one origin `Host` plays no part.
        (
            Profile::Default,
            "evil.example",
            "https://api.example.com/accounts",
            Accepted,
        ),
        (
            Profile::Default,
            "evil.example",
            "https://evil.example/accounts",
            InvalidProof,
        ),
        (
            hosts,
            "evil.example",
            "https://evil.example/accounts",
            InvalidProof,
        ),
        (
            hosts,
            "evil.example",
            "https://api.example.com/accounts",
            InvalidProof,
        ),
        (
            hosts,
            "api2.example.com",
            "https://api.example.com/accounts",
            InvalidProof,
        ),
        (
            hosts,
            "api.example.com",
            "https://api2.example.com/accounts",
            InvalidProof,
        ),
        (
            hosts,
            "API.example.com:443",
            "https://api.example.com/accounts",
            Accepted,
        ),
        (
            hosts,
            "api.example.com:8443",
            "https://api.example.com/accounts",
            InvalidProof,
        ),
        (hosts, "", "https://api.example.com/accounts", InvalidProof),
    ] {
        let about = format!("{profile:?}, Host {host}, htu {url}");
        let case = Case::request("G47", about, expect, move |scene| {
            with_url(scene, "/accounts", url).with("Host", host)
        });
        cases.push(case.under(profile));
    }
    let case = Case::request("G47", "two Host lines", InvalidProof, |scene| {
        scene.good().header("Host", "api2.example.com")
    });
    cases.push(case.under(hosts));
    for (target, host, expect) in [
        ("https://api.example.com/accounts", "evil.example", Accepted),
        (
            "https://evil.example/accounts",
            "api.example.com",
            InvalidProof,
        ),
        (
            "https://api2.example.com/accounts",
            "api.example.com",
            InvalidProof,
        ),
    ] {
        let case = Case::request(
            "G44",
            format!("{target}, Host {host}"),
            expect,
            move |scene| {
                with_url(scene, target, "https://api.example.com/accounts").with("Host", host)
            },
        );
        cases.push(case.under(hosts));
    }
    for (id, host, url, expect) in [
        ("G40", "127.0.0.1", "https://127.0.0.1/accounts", Accepted),
        ("G40", "127.0.0.1", "https://0x7f.1/accounts", InvalidProof),
        (
            "G40",
            "127.0.0.1",
            "https://2130706433/accounts",
            InvalidProof,
        ),
        ("G40", "127.0.0.1", "https://127.1/accounts", InvalidProof),
        (
            "G40",
            "127.0.0.1",
            "https://127.0.0.01/accounts",
            InvalidProof,
        ),
        ("G41", "[::1]", "https://[::1]/accounts", Accepted),
        (
            "G41",
            "[::1]",
            "https://[fe80::1%25eth0]/accounts",
            InvalidProof,
        ),
        ("G41", "[::1]", "https://[::1%25lo]/accounts", InvalidProof),
        ("G41", "[::1]", "https://[::1/accounts", InvalidProof),
        ("G41", "[::1]", "https://::1/accounts", InvalidProof),
    ] {
        let case = Case::request(
            id,
            format!("Host {host}, htu {url}"),
            expect,
            move |scene| with_url(scene, "/accounts", url).with("Host", host),
        );
        cases.push(case.under(hosts));
    }
    cases.push(
        Case::acts(
            "G55",
            "the same proof at another resource",
            InvalidProof,
            |scene| {
                let good = scene.good();
                let there = good.clone().with("Host", "api2.example.com");
                vec![crate::case::Act::Send(good), crate::case::Act::Send(there)]
            },
        )
        .under(hosts),
    );
    cases.push(Case::acts(
        "G54",
        "the same proof after a redirect",
        InvalidProof,
        |scene| {
            let good = scene.good();
            let mut there = good.clone();
            there.target = b"/elsewhere".to_vec();
            vec![crate::case::Act::Send(good), crate::case::Act::Send(there)]
        },
    ));
}

fn proxies(cases: &mut Vec<Case>) {
    for (name, value) in [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Server", "evil.example"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Original-URL", "https://evil.example/accounts"),
    ] {
        cases.push(Case::request("G48", name, InvalidProof, move |scene| {
            with_url(scene, "/accounts", "https://evil.example/accounts").header(name, value)
        }));
        cases.push(Case::request(
            "G48",
            format!("{name}, ignored"),
            Accepted,
            move |scene| scene.good().header(name, value),
        ));
    }
    for (name, value, url) in [
        (
            "X-Forwarded-Proto",
            "http",
            "http://api.example.com/accounts",
        ),
        (
            "X-Forwarded-Port",
            "8443",
            "https://api.example.com:8443/accounts",
        ),
        (
            "X-Forwarded-Prefix",
            "/x",
            "https://api.example.com/x/accounts",
        ),
    ] {
        cases.push(Case::request("G48", name, InvalidProof, move |scene| {
            with_url(scene, "/accounts", url).header(name, value)
        }));
    }
    for (target, url, expect) in [
        (
            "/accounts",
            "https://api.example.com/svc2/accounts",
            Accepted,
        ),
        (
            "/accounts",
            "https://api.example.com/accounts",
            InvalidProof,
        ),
        (
            "/svc2/accounts",
            "https://api.example.com/svc2/accounts",
            InvalidProof,
        ),
        (
            "/svc2/accounts",
            "https://api.example.com/svc2/svc2/accounts",
            Accepted,
        ),
        ("/../accounts", "https://api.example.com/accounts", Accepted),
    ] {
        let case = Case::request(
            "G51",
            format!("{target}, htu {url}"),
            expect,
            move |scene| with_url(scene, target, url),
        );
        cases.push(case.under(Profile::Prefix));
    }
}

fn htu_is(id: &'static str, htu: impl Into<Value>, expect: Expect, cases: &mut Vec<Case>) {
    let htu = htu.into();
    cases.push(Case::proof(id, htu.to_string(), expect, move |p, _| {
        p.htu(htu.clone())
    }));
}

/// A request with this method and target, whose proof names that method and that path of the public origin.
fn to(scene: &Scene<'_>, method: &str, target: &str, htm: &str, path: &str) -> WireRequest {
    let token = scene.token().build();
    let proof = scene.proof_for(htm, path, &token).build();
    scene.request_to(method, target, &token, &proof)
}

/// `GET` with a proof for this URL.
fn with_url(scene: &Scene<'_>, target: &str, url: &str) -> WireRequest {
    let token = scene.token().build();
    let proof = scene.proof(&token).htu(url).build();
    scene.request_to("GET", target, &token, &proof)
}
