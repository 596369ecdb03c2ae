//! What else an authorization server has to get right: mistakes that others have made.

use fapi_tests::suite::{Jwt, Nonces, PublicKeys, Reply, Run, Variants, WEB_ORIGIN, World};
use reqwest::{Method, header};

/// A hash of a token has no place in a proof for the token endpoint; RFC 9449 §4.2 does not forbid it, and it is ignored.
#[tokio::test]
async fn ath_at_the_token_endpoint_is_ignored() {
    Variants::all()
        .dpop()
        .each_first(async |party| {
            let post = party.token_request().await;
            post.proof(|proof| proof.claim("ath", "A".repeat(43)))
                .tokens()
                .await;
        })
        .await;
}

/// RFC 9449 §8.
#[tokio::test]
async fn a_nonce_that_is_missing_or_stale_is_given_at_token_and_par_endpoints() {
    Variants::code_flow()
        .dpop()
        .each_at(Nonces::Required, async |run| {
            let party = run.first();
            let request = party.request();
            let push = || party.push(&request).with(|post| post.with_proof());
            let asked = push().send_once().await;
            asked.error(&[400], &["use_dpop_nonce"]);
            let stale = asked.header("dpop-nonce").expect("a nonce").to_owned();
            let pushed = push().done().await;
            let code = party.code_of(&request, &pushed).await;

            run.world.clock.advance(3600);
            let redeem = party.redeem(&request, &code);
            let reply = redeem
                .proof(|proof| proof.claim("nonce", stale))
                .send_once()
                .await;
            reply.error(&[400], &["use_dpop_nonce"]);
            assert!(reply.header("dpop-nonce").is_some());
        })
        .await;
}

/// The whole flow with nonces at both servers, by clients that know none at first.
#[tokio::test]
async fn flows_succeed_where_nonces_are_asked_for() {
    Variants::all()
        .dpop()
        .each_at(Nonces::Required, async |run: Run| {
            for party in run.both() {
                for _ in 0..2 {
                    let tokens = party.tokens().await;
                    party.access(&tokens).succeeds().await;
                }
            }
        })
        .await;
}

/// RFC 9449 §10.
#[tokio::test]
async fn a_code_that_is_bound_to_a_key_needs_a_proof() {
    Variants::code_flow()
        .dpop()
        .each_first(async |party| {
            let thumbprint = party.dpop_key.thumbprint().to_string();
            let request = party.request().set("dpop_jkt", thumbprint);
            let code = party.code(&request).await;
            let reply = party.redeem(&request, &code).without_proof().send().await;
            reply.error(
                &[400],
                &["invalid_request", "invalid_grant", "invalid_dpop_proof"],
            );
        })
        .await;
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    Variants::all()
        .private_key_jwt()
        .each_first(async |party| {
            let once = |jwt: Jwt| jwt.claim("jti", "always-the-same-one");
            party.token_request().await.assertion(once).tokens().await;
            let reply = party.token_request().await.assertion(once).send().await;
            reply.error(&[400, 401], &["invalid_client"]);
        })
        .await;
}

/// RFC 9126 §2 and RFC 6749 §3.2: it is one client authentication for all endpoints.
#[tokio::test]
async fn an_assertion_that_was_used_for_par_is_not_good_for_a_token() {
    Variants::code_flow()
        .private_key_jwt()
        .each_first(async |party| {
            let once = |jwt: Jwt| jwt.claim("jti", "used-for-par");
            let request = party.request();
            let push = party.push(&request);
            let pushed = push.with(|post| post.assertion(once)).done().await;
            let code = party.code_of(&request, &pushed).await;
            let reply = party.redeem(&request, &code).assertion(once).send().await;
            reply.error(&[400, 401], &["invalid_client"]);
        })
        .await;
}

/// RFC 8725 §3.1: neither without a signature, nor with a public key as the secret of a MAC.
#[tokio::test]
async fn assertions_without_a_signature_of_the_client_are_refused() {
    Variants::all()
        .private_key_jwt()
        .each_first(async |party| {
            let changes: [fn(Jwt) -> Jwt; 4] = [Jwt::unsigned, Jwt::corrupt, Jwt::hs256, |jwt| {
                jwt.unsigned().header("alg", "PS256")
            }];
            for change in changes {
                let post = party.token_request().await.assertion(change);
                post.send().await.error(&[400, 401], &["invalid_client"]);
            }
        })
        .await;
}

/// A client that has to sign its requests cannot get around it by `alg` `none`, or by naming another client.
#[tokio::test]
async fn parameters_beside_a_request_object_do_not_count() {
    Variants::signed()
        .each(async |run| {
            let [first, second] = run.both();
            let push = || first.push(&first.request());
            let reply = push()
                .object(|jwt| jwt.claim("client_id", &*second.id))
                .send()
                .await;
            reply.error(&[400], &["invalid_request_object", "invalid_request"]);
            // RFC 9101 §6.3: only what is signed.
            let request = first.request().without("code_challenge");
            let push = first.push(&request);
            let push = push.with(|post| post.field("code_challenge", "A".repeat(43)));
            push.send()
                .await
                .error(&[400], &["invalid_request", "invalid_request_object"]);
        })
        .await;
}

/// Nobody is sent where the client is not registered to be: neither from PAR nor from the authorization endpoint.
#[tokio::test]
async fn redirect_uris_are_compared_exactly() {
    Variants::code_flow()
        .each_first(async |party| {
            let registered = &*party.redirect_uri;
            for wrong in [
                format!("{registered}/../callback"),
                format!("{registered}/"),
                format!("{registered}?x=1"),
                format!("{registered}#x"),
                registered.replace("https:", "http:"),
                registered.replace("callback", "CALLBACK"),
                registered.replace("callback", "%63allback"),
                registered.replace("suite.", "SUITE."),
                registered.replace("suite.example.com", "suite.example.com:443"),
                registered.replace("suite.example.com", "suite.example.com@evil.example"),
                registered.replace("suite.example.com", "evil.example"),
                "javascript:alert(1)".to_owned(),
            ] {
                let request = party.request().set("redirect_uri", &*wrong);
                let reply = party.push(&request).send().await;
                reply.error(&[400], &["invalid_request", "invalid_request_object"]);
                let url = party.unpushed_authorization_url(&request);
                party.open(&url).await.error_page();
            }
            let url = party.unpushed_authorization_url(&party.request().without("redirect_uri"));
            party.open(&url).await.error_page();
            let url = party.unpushed_authorization_url(&party.request().set("client_id", "nobody"));
            party.open(&url).await.error_page();
        })
        .await;
}

/// The client never got the answer: what it has still works.
#[tokio::test]
async fn a_refresh_token_works_again_when_its_answer_was_lost() {
    Variants::code_flow()
        .each_first(async |party| {
            let scope = format!("{} offline_access", party.scope);
            let request = party.request().set("scope", scope);
            let tokens = party.completes(request).await.tokens;
            let refresh_token = tokens.refresh_token.expect("a refresh token");
            party.refresh(&refresh_token).send().await;
            let tokens = party.refresh(&refresh_token).tokens().await;
            party.access(&tokens).succeeds().await;
        })
        .await;
}

/// RFC 6749 §4.1.2: all that came of it.
#[tokio::test]
async fn a_code_that_is_used_twice_takes_the_refresh_token_along() {
    Variants::code_flow()
        .each_first(async |party| {
            let scope = format!("{} offline_access", party.scope);
            let completed = party.completes(party.request().set("scope", scope)).await;
            let again = party.redeem(&completed.request, &completed.code);
            again.send().await.error(&[400], &["invalid_grant"]);
            let refresh_token = completed.tokens.refresh_token.expect("a refresh token");
            let reply = party.refresh(&refresh_token).send().await;
            reply.error(&[400], &["invalid_grant"]);
        })
        .await;
}

/// RFC 8705 §3.
#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_needs_it() {
    Variants::all()
        .mtls()
        .each_first(async |party| {
            let tokens = party.tokens().await;
            party
                .access(&tokens)
                .without_certificate()
                .fails(&[401])
                .await;
            party.access(&tokens).succeeds().await;
        })
        .await;
}

/// RFC 7517 §9.3.
#[tokio::test]
async fn published_keys_have_no_private_members() {
    let world = World::start(Nonces::Off).await;
    let url = world.endpoint("jwks_uri");
    let reply = Reply::read(world.http(None).get(url).send().await.unwrap()).await;
    PublicKeys::of(&reply.success(200));
}

/// Tokens that are on their way when the issuer's keys change are as good as before, and new ones are good at once.
#[tokio::test]
async fn tokens_outlive_an_exchange_of_keys() {
    let world = World::start(Nonces::Off).await;
    let variant = Variants::openid().dpop().iter().next().unwrap();
    let party = Run::new(&world, variant).first();
    let before = party.tokens().await;
    party.access(&before).succeeds().await;
    world.issuer.rotate_keys(None).await.unwrap();
    let after = party.tokens().await;
    for tokens in [&before, &after, &before] {
        party.access(tokens).succeeds().await;
    }
}

/// FAPI 2.0 Security Profile §5.3.2.1: clocks may be 10 seconds apart.
#[tokio::test]
async fn clients_whose_clock_is_ten_seconds_off_are_served() {
    Variants::all()
        .each_first(async |party| {
            // What was made before it started a server cannot know of.
            party.world.clock.advance(300);
            for offset in [-10, 10] {
                party.world.clock.advance(-offset);
                let post = party.token_request().await;
                party.world.clock.advance(offset);
                let tokens = post.tokens().await;
                party.world.clock.advance(-offset);
                let access = party.access(&tokens);
                party.world.clock.advance(offset);
                access.succeeds().await;
            }
        })
        .await;
}

/// RFC 6749 §3.2.
#[tokio::test]
async fn token_requests_are_posted_forms_without_duplicates() {
    Variants::all()
        .each_first(async |party| {
            let reply = party.token_request().await.method(Method::GET).send().await;
            assert_eq!(reply.status, 405, "{reply:?}");
            for field in ["grant_type", "scope", "client_assertion_type"] {
                let post = party.token_request().await;
                let post = post.another_field(field, "x").another_field(field, "x");
                post.send()
                    .await
                    .error(&[400, 401], &["invalid_request", "invalid_client"]);
            }
            let post = party.token_request().await;
            let reply = post.send_as_json().await;
            reply.error(&[400, 415], &["invalid_request"]);
        })
        .await;
}

/// FAPI 2.0 Security Profile §5.2.3: even an origin whose scripts may ask for tokens has no business there.
#[tokio::test]
async fn the_authorization_endpoint_shares_nothing_with_other_origins() {
    let world = World::start(Nonces::Off).await;
    for method in [Method::GET, Method::OPTIONS] {
        let reply = from_script(&world, method, "authorization_endpoint").await;
        assert!(
            reply.header("access-control-allow-origin").is_none(),
            "{reply:?}"
        );
    }
}

/// RFC 9449 §8.
#[tokio::test]
async fn scripts_may_read_nonces_at_the_token_endpoint() {
    let world = World::start(Nonces::Required).await;
    let reply = from_script(&world, Method::POST, "token_endpoint").await;
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some(WEB_ORIGIN),
        "{reply:?}"
    );
    let exposed = reply
        .header("access-control-expose-headers")
        .unwrap_or_default();
    let mut exposed = exposed.split(',').map(str::trim);
    assert!(
        exposed.any(|name| name.eq_ignore_ascii_case("dpop-nonce")),
        "{reply:?}"
    );
}

/// Asks as a browser does for a script of another origin.
async fn from_script(world: &World, method: Method, endpoint: &str) -> Reply {
    let http = world.http(None);
    let request = http.request(method, world.endpoint(endpoint));
    let request = request.header(header::ORIGIN, WEB_ORIGIN);
    Reply::read(request.send().await.unwrap()).await
}
