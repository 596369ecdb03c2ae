//! Group R: what HTTP and gRPC make of a request.

use tower_fapi::testing::signature::corrupt;

use crate::case::Case;
use crate::case::Expect::{
    self, Accepted, Challenge, InsufficientScope, IntrospectionUnavailable, InvalidProof,
    InvalidRequest, InvalidToken, KeysUnavailable, Public, UseNonce,
};
use crate::introspection::Reply;
use crate::profile::Profile;
use crate::scene::{SILENT_ISSUER, Scene};
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    grpc(&mut cases);
    bytes(&mut cases);
    paths(&mut cases);
    cases
}

const METHOD: &str = "/pkg.Svc/Method";

/// Every kind of refusal, as gRPC has it.
fn grpc(cases: &mut Vec<Case>) {
    for media in [
        "application/grpc",
        "application/grpc+proto",
        "Application/gRPC;x=1",
        "application/grpc+json",
    ] {
        cases.push(call(
            "R13",
            format!("{media}: no proof"),
            InvalidProof,
            media,
            |scene| good_call(scene).without("DPoP"),
        ));
        cases.push(call(
            "R13",
            format!("{media}: good"),
            Accepted,
            media,
            good_call,
        ));
    }
    // gRPC-Web and Connect are plain HTTP to us: their clients read status and header.
    for media in [
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "application/connect+proto",
        "application/proto",
        "application/grpcx",
        "text/plain; application/grpc",
    ] {
        cases.push(call(
            "R16",
            format!("{media}: no proof"),
            InvalidProof,
            media,
            |scene| good_call(scene).without("DPoP"),
        ));
        cases.push(call(
            "R16",
            format!("{media}: good"),
            Accepted,
            media,
            good_call,
        ));
    }
    for headers in [
        "content-type,x-grpc-web,dpop,authorization",
        "connect-protocol-version",
    ] {
        cases.push(Case::request(
            "R16",
            format!("preflight for {headers}"),
            Challenge,
            move |_| {
                WireRequest::new("OPTIONS", METHOD)
                    .header("Origin", "https://app.example")
                    .header("Access-Control-Request-Method", "POST")
                    .header("Access-Control-Request-Headers", headers)
            },
        ));
    }
    let media = "application/grpc";
    cases.push(call("R13", "no credentials", Challenge, media, |_| {
        WireRequest::new("POST", METHOD)
    }));
    cases.push(call(
        "R13",
        "two credentials",
        InvalidRequest,
        media,
        |scene| good_call(scene).header("Authorization", "DPoP x"),
    ));
    cases.push(call("R13", "a bad token", InvalidToken, media, |scene| {
        posted(scene, &scene.token().signature(corrupt).build())
    }));
    cases.push(
        call("R13", "no nonce", UseNonce, media, |scene| {
            let token = scene.token().build();
            let proof = scene
                .proof_for("POST", METHOD, &token)
                .without_claim("nonce");
            scene.request_to("POST", METHOD, &token, &proof.build())
        })
        .under(Profile::Nonces),
    );
    cases.push(
        call(
            "R13",
            "no scope",
            InsufficientScope(Some("payments")),
            media,
            good_call,
        )
        .under(Profile::Rules),
    );
    cases.push(
        call("R13", "both schemes", InvalidToken, media, |scene| {
            posted(scene, &scene.token().signature(corrupt).build())
        })
        .under(Profile::Tls),
    );
    cases.push(
        call(
            "R13",
            "no introspection",
            IntrospectionUnavailable,
            media,
            |scene| posted(scene, &Reply::new(503, "text/plain", "").token()),
        )
        .under(Profile::Opaque),
    );
    cases.push(
        call("R13", "no keys", KeysUnavailable, media, |scene| {
            posted(scene, &scene.token().claim("iss", SILENT_ISSUER).build())
        })
        .under(Profile::LateKeys),
    );
    cases.push(
        call(
            "R13",
            "a store that is full",
            Expect::StoreUnavailable,
            media,
            good_call,
        )
        .under(Profile::StoreFull),
    );
}

/// Bytes that are no text, where they are not looked at.
fn bytes(cases: &mut Vec<Case>) {
    for name in [
        "X-Anything",
        "Cookie",
        "User-Agent",
        "X-FAPI-Interaction-ID",
        "Content-Type",
        "Origin",
    ] {
        cases.push(Case::request(
            "R23",
            format!("{name} is not UTF-8"),
            Accepted,
            move |scene| scene.good().header(name, *b"a\xff\xfe\x80"),
        ));
    }
    for name in ["X-Forwarded-Client-Cert", "Client-Cert"] {
        let profile = if name == "Client-Cert" {
            Profile::ClientCert
        } else {
            Profile::Xfcc
        };
        cases.push(
            Case::request(
                "R23",
                format!("{name} is not UTF-8"),
                Accepted,
                move |scene| scene.good().header(name, *b"Hash=\xff\xfe\x80"),
            )
            .under(profile),
        );
    }
    for name in ["Authorization", "DPoP"] {
        let expect = if name == "DPoP" {
            InvalidProof
        } else {
            InvalidRequest
        };
        cases.push(Case::request(
            "R24",
            format!("a second {name} that is not UTF-8"),
            expect,
            move |scene| scene.good().header(name, *b"DPoP \xff"),
        ));
    }
}

/// The path that rules see is the one that the router sees, or the request is refused.
fn paths(cases: &mut Vec<Case>) {
    for target in [
        "/payments;x=1",
        "/;x/payments",
        "/payments%2f",
        "/payments%2Fall",
        "/payments%5c",
        "/payments%00",
        "//payments",
        "/x//payments",
        "/./payments",
        "/payments/.",
        "/healthz/../payments",
        "/healthz/%2e%2e/payments",
        "/healthz/%2E./payments",
        "/healthz/..;/payments",
        "/healthz//",
        "/healthz/.",
    ] {
        cases.push(
            Case::request("R30", target, InvalidRequest, move |scene| {
                let token = scene.token().scope("payments accounts").build();
                let proof = scene.proof_for("GET", target, &token).build();
                scene.request_to("GET", target, &token, &proof)
            })
            .under(Profile::Rules),
        );
    }
    for (target, expect) in [
        ("/healthz", Public),
        ("/healthz?a=b", Public),
        ("/healthz/", Challenge),
        ("/health%7a", Challenge),
        ("/HEALTHZ", Challenge),
        ("/payments", Challenge),
    ] {
        cases.push(
            Case::request(
                "R30",
                format!("{target}, no credentials"),
                expect,
                move |_| WireRequest::new("GET", target),
            )
            .under(Profile::Rules),
        );
    }
    cases.push(
        Case::request("R30", "a method in another case", InvalidRequest, |scene| {
            let token = scene.token().scope("payments").build();
            let proof = scene.proof_for("get", "/payments", &token).build();
            scene.request_to("get", "/payments", &token, &proof)
        })
        .under(Profile::Rules),
    );
}

fn good_call(scene: &Scene<'_>) -> WireRequest {
    posted(scene, &scene.token().build())
}

fn posted(scene: &Scene<'_>, token: &str) -> WireRequest {
    let proof = scene.proof_for("POST", METHOD, token).build();
    scene.request_to("POST", METHOD, token, &proof)
}

fn call(
    id: &'static str,
    about: impl Into<String>,
    expect: Expect,
    media: &'static str,
    request: impl Fn(&Scene<'_>) -> WireRequest + Send + Sync + 'static,
) -> Case {
    Case::request(id, about, expect, move |scene| {
        request(scene).header("Content-Type", media)
    })
}
