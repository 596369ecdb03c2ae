//! Requests that are decided at once.

use fapi_tests::module::{Header, NOW};

use crate::cast::*;

#[test]
fn a_good_request_goes_on_once_without_its_credentials_and_with_our_header_alone() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    let good = cast.good();
    let request = with(good.clone(), "X_Fapi-Sub", "mallory");
    let id = worker.request(request);
    assert_forwarded(&mut worker, id);
    let stream = worker.stream(id);
    assert_eq!(stream.request_values("authorization"), [""; 0]);
    assert_eq!(stream.request_values("dpop"), [""; 0]);
    assert_eq!(stream.request_values("x_fapi-sub"), [""; 0]);
    assert_eq!(stream.request_values("x-fapi-sub"), ["alice"]);
    let response = worker.respond(id, vec![(b":status".to_vec(), b"200".to_vec())]);
    let named = |name: &str| {
        response
            .iter()
            .filter(|(held, _)| held == name.as_bytes())
            .count()
    };
    assert_eq!(named("x-fapi-interaction-id"), 1);

    let again = worker.request(good);
    assert_eq!(worker.status(again), 401);
    assert_eq!(worker.count("fapi.refused.proof_replayed"), 1);
    assert_decent(&mut worker);
}

#[test]
fn another_worker_knows_the_used_proof() {
    let cast = Cast::new();
    let document = cast.document();
    let (mut first, mut second) = (cast.worker(&document), cast.worker(&document));
    let good = cast.good();
    let id = first.request(good.clone());
    assert_forwarded(&mut first, id);
    let id = second.request(good);
    assert_eq!(second.status(id), 401);
}

#[test]
fn dishonest_requests_are_refused() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    let token = cast.token();
    let proof = || cast.client.proof("GET", &format!("{API}/accounts"), NOW);
    let bad: [(&str, Vec<Header>, u32); 8] = [
        (
            "no credentials",
            without(without(cast.good(), "authorization"), "dpop"),
            401,
        ),
        ("no proof", without(cast.good(), "dpop"), 401),
        (
            "two proofs",
            with(cast.good(), "dpop", proof().token(&token).build()),
            401,
        ),
        (
            "two tokens",
            with(cast.good(), "authorization", "Bearer x"),
            400,
        ),
        (
            "another token's proof",
            headers(&token, &proof().token("x").build()),
            401,
        ),
        (
            "another method",
            headers(&token, &proof().token(&token).htm("POST").build()),
            401,
        ),
        (
            "old",
            headers(
                &token,
                &proof().token(&token).issued_at(NOW.plus(-100)).build(),
            ),
            401,
        ),
        (
            "a token of nobody",
            headers("a.b.c", &proof().token("a.b.c").build()),
            401,
        ),
    ];
    for (about, request, status) in bad {
        let id = worker.request(request);
        let stream = worker.stream(id);
        assert!(!stream.forwarded, "{about}");
        let reply = stream.reply.unwrap();
        assert_eq!(reply.status, status, "{about}");
        assert!(!reply.values("www-authenticate").is_empty(), "{about}");
    }
    assert_decent(&mut worker);
}

#[test]
fn an_answer_to_grpc_has_its_status_in_trailers() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    let request = without(cast.good(), "dpop");
    let id = worker.request(with(request, "content-type", "application/grpc+proto"));
    let reply = worker.stream(id).reply.unwrap();
    assert_eq!((reply.status, reply.grpc), (200, 16));
    assert_eq!(reply.values("www-authenticate").len(), 1);
}
