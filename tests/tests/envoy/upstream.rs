//! What the upstream, RBAC and the access log see of a request.

use fapi_tests::envoy::{Envoy, Listener, fapi};
use fapi_tests::wire::WireRequest;
use serde_json::{Value, json};

use crate::cast::*;

const KIND: &str = "type.googleapis.com/envoy.extensions";

fn config(cast: &Cast) -> Value {
    let mut config = cast.config();
    config["rules"] = json!([
        { "path": "/open", "public": true },
        { "path": "/accounts" },
    ]);
    config["envoy"]["claim_headers"] = json!([
        { "claim": "sub", "header": "x-fapi-sub" },
        { "claim": "acr", "header": "x-fapi-acr" },
    ]);
    config["envoy"]["claim_properties"] = json!(["sub"]);
    config
}

#[test]
fn verified_claims_reach_the_upstream_and_what_the_client_says_does_not() {
    let cast = Cast::new();
    let envoy = cast.envoy(&config(&cast));
    let address = envoy.listener("api");
    let lie = |request: WireRequest| {
        request
            .header("X-Fapi-Sub", "mallory")
            .header("x_fapi_sub", "mallory")
            .header("x-fapi-acr", "high")
            .header("x-fapi-acr", "higher")
    };
    assert_eq!(status(address, &lie(cast.good())), 200);
    let [seen] = &cast.upstream.take()[..] else {
        panic!()
    };
    let values = |name| seen.header(name).collect::<Vec<_>>();
    assert_eq!(values("x-fapi-sub"), [b"alice"]);
    for name in ["x_fapi_sub", "x-fapi-acr", "authorization", "dpop"] {
        assert!(values(name).is_empty(), "{name}: {seen:?}");
    }
    assert_eq!(values("x-fapi-interaction-id").len(), 1);

    // Where no token is needed, nobody is named either.
    let open = WireRequest::new("GET", "/open").header("Authorization", "Basic eDp5");
    assert_eq!(status(address, &lie(open)), 200);
    let [seen] = &cast.upstream.take()[..] else {
        panic!()
    };
    for name in ["x-fapi-sub", "x_fapi_sub", "x-fapi-acr"] {
        assert_eq!(seen.header(name).count(), 0, "{name}: {seen:?}");
    }
    // What is not ours is left alone.
    assert_eq!(seen.header("authorization").count(), 1);
}

#[test]
fn credentials_go_on_where_the_configuration_says_so() {
    let cast = Cast::new();
    let mut config = config(&cast);
    config["envoy"]["forward"] = true.into();
    let envoy = cast.envoy(&config);
    let good = cast.good();
    assert_eq!(status(envoy.listener("api"), &good), 200);
    let [seen] = &cast.upstream.take()[..] else {
        panic!()
    };
    for name in ["authorization", "dpop"] {
        assert!(seen.header(name).eq(good.lines(name)), "{seen:?}");
    }
}

#[test]
fn an_interaction_id_goes_through_and_is_made_where_there_is_none() {
    let cast = Cast::new();
    let envoy = cast.envoy(&config(&cast));
    let address = envoy.listener("api");
    let id = "93bac548-d2de-4546-b106-880a5018460d";
    let answer = send(address, &cast.good().header("x-fapi-interaction-id", id));
    assert_eq!(
        answer.header("x-fapi-interaction-id").collect::<Vec<_>>(),
        [id]
    );
    let [seen] = &cast.upstream.take()[..] else {
        panic!()
    };
    assert!(seen.header("x-fapi-interaction-id").eq([id.as_bytes()]));
    let refused = send(
        address,
        &cast
            .good()
            .without("DPoP")
            .header("x-fapi-interaction-id", id),
    );
    assert_eq!(
        refused.header("x-fapi-interaction-id").collect::<Vec<_>>(),
        [id]
    );
    let answer = send(address, &cast.good());
    let [made] = answer.header("x-fapi-interaction-id").collect::<Vec<_>>()[..] else {
        panic!()
    };
    assert!(made != id && made.len() == 36, "{made}");
}

/// RBAC that lets these principals pass, behind the filter.
fn rbac(policy: &Value) -> Value {
    json!({
        "name": "rbac",
        "typed_config": {
            "@type": format!("{KIND}.filters.http.rbac.v3.RBAC"),
            "rules": { "action": "ALLOW", "policies": { "alice": policy } },
        },
    })
}

#[test]
fn rbac_decides_on_verified_claims_and_the_access_log_names_them() {
    let cast = Cast::new();
    let by_state = json!({
        "permissions": [{ "any": true }],
        "principals": [{ "filter_state": {
            "key": "wasm.fapi_sub", "string_match": { "exact": "alice" },
        } }],
    });
    // filter_state["wasm.fapi_sub"] == b"alice"
    let element = json!({ "call_expr": { "function": "_[_]", "args": [
        { "ident_expr": { "name": "filter_state" } },
        { "const_expr": { "string_value": "wasm.fapi_sub" } },
    ] } });
    let by_expression = json!({
        "permissions": [{ "any": true }],
        "principals": [{ "any": true }],
        "condition": { "call_expr": { "function": "_==_", "args": [
            element, { "const_expr": { "bytes_value": "YWxpY2U=" } },
        ] } },
    });
    let policies = [("state", by_state), ("expression", by_expression)];
    let bootstrap = policies
        .iter()
        .fold(cast.bootstrap(), |bootstrap, (name, policy)| {
            let listener = Listener::new(name)
                .settings(|settings| settings["access_log"] = access_log(name))
                .filter(fapi(name, &config(&cast)))
                .filter(rbac(policy));
            bootstrap.listener(listener)
        });
    let envoy = Envoy::start(&bootstrap);
    for (name, _) in &policies {
        let address = envoy.listener(name);
        assert_eq!(
            status(address, &cast.good()),
            200,
            "{name}: {}",
            envoy.log()
        );
        let bob = cast.with_token(&cast.token().subject("bob").build());
        assert_eq!(status(address, &bob), 403, "{name}");
        // Without a token nobody is alice.
        let open = WireRequest::new("GET", "/open").header("x-fapi-sub", "alice");
        assert_eq!(status(address, &open), 403, "{name}");
        for line in ["200 alice", "403 bob", "403 -"] {
            envoy.until_logged(&format!("[{name}] {line}\n"));
        }
    }
}

fn access_log(name: &str) -> Value {
    let line = format!("[{name}] %RESPONSE_CODE% %FILTER_STATE(wasm.fapi_sub:PLAIN)%\n");
    json!([{
        "name": "stdout",
        "typed_config": {
            "@type": format!("{KIND}.access_loggers.stream.v3.StdoutAccessLog"),
            "log_format": { "text_format_source": { "inline_string": line } },
        },
    }])
}
