use fapi_core::denial::{Dependency, Malformed, ProofError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::*;

/// Each row of the mapping: error, status, code, extra header.
#[test]
fn every_error_has_one_answer() {
    use ClientProblem as C;
    use RequestProblem as R;
    let later = Unavailable::retry_after_seconds(7);
    let request = |problem| EndpointError::Request(problem);
    let client = |problem| EndpointError::Client(problem);
    let rows = [
        (
            request(R::Method),
            405,
            "invalid_request",
            Some("allow: POST"),
        ),
        (request(R::ContentType), 400, "invalid_request", None),
        (request(R::TooLarge), 413, "invalid_request", None),
        (request(R::Malformed), 400, "invalid_request", None),
        (request(R::Duplicate), 400, "invalid_request", None),
        (request(R::GrantTypeMissing), 400, "invalid_request", None),
        (request(R::TokenMissing), 400, "invalid_request", None),
        (
            request(R::SeveralClientAuthentications),
            400,
            "invalid_request",
            None,
        ),
        (
            EndpointError::GrantType,
            400,
            "unsupported_grant_type",
            None,
        ),
        (client(C::Missing), 401, "invalid_client", None),
        (
            client(C::Basic),
            401,
            "invalid_client",
            Some("www-authenticate: Basic realm=\"token endpoint\""),
        ),
        (client(C::AssertionType), 401, "invalid_client", None),
        (client(C::OtherId), 401, "invalid_client", None),
        (client(C::Unknown), 401, "invalid_client", None),
        (client(C::UnknownName), 401, "invalid_client", None),
        (client(C::OtherMethod), 401, "invalid_client", None),
        (
            client(C::Assertion(AssertionError::Audience)),
            401,
            "invalid_client",
            None,
        ),
        (client(C::Replayed), 401, "invalid_client", None),
        (client(C::BeforeMemory), 401, "invalid_client", None),
        (
            EndpointError::Sender(Denial::Proof(ProofError::Missing)),
            400,
            "invalid_dpop_proof",
            None,
        ),
        (
            EndpointError::Sender(Denial::Proof(ProofError::Replayed)),
            400,
            "invalid_dpop_proof",
            None,
        ),
        (
            EndpointError::Sender(Denial::Quota(QuotaExceeded::Key)),
            429,
            "temporarily_unavailable",
            Some("retry-after: 10"),
        ),
        (
            EndpointError::Sender(Denial::Unavailable(Dependency::ReplayCapacity, later)),
            503,
            "temporarily_unavailable",
            Some("retry-after: 7"),
        ),
        (
            EndpointError::Sender(Denial::Malformed(Malformed::SeveralCredentials)),
            500,
            "server_error",
            None,
        ),
        (EndpointError::Scope, 400, "invalid_scope", None),
        (EndpointError::Target, 400, "invalid_target", None),
        (EndpointError::OthersToken, 400, "invalid_grant", None),
        (
            StorageError::Full.into(),
            503,
            "temporarily_unavailable",
            Some("retry-after: 1"),
        ),
        (
            StorageError::ClientShare.into(),
            429,
            "temporarily_unavailable",
            Some("retry-after: 10"),
        ),
        (
            MintError::Storage(StorageError::Unavailable).into(),
            503,
            "temporarily_unavailable",
            Some("retry-after: 60"),
        ),
        (
            EndpointError::MemoryFull,
            503,
            "temporarily_unavailable",
            Some("retry-after: 1"),
        ),
        (
            EndpointError::Quota(QuotaExceeded::Client),
            429,
            "temporarily_unavailable",
            Some("retry-after: 10"),
        ),
        (
            EndpointError::TooMany(TooMany::FromClient),
            429,
            "temporarily_unavailable",
            Some("retry-after: 1"),
        ),
        (
            EndpointError::Unavailable(later),
            503,
            "temporarily_unavailable",
            Some("retry-after: 7"),
        ),
        (
            EndpointError::ClientKeys(later),
            503,
            "temporarily_unavailable",
            Some("retry-after: 7"),
        ),
        (
            EndpointError::Registration(RegistrationProblem::TokenMissing),
            401,
            "invalid_token",
            Some("www-authenticate: Bearer"),
        ),
        (
            EndpointError::Registration(RegistrationProblem::Token),
            401,
            "invalid_token",
            Some("www-authenticate: Bearer error=\"invalid_token\""),
        ),
        (
            EndpointError::Registration(RegistrationProblem::TooLarge),
            413,
            "invalid_client_metadata",
            None,
        ),
        (
            EndpointError::Registration(RegistrationProblem::TooMany),
            403,
            "access_denied",
            None,
        ),
        (
            EndpointError::Registration(MetadataProblem::RedirectUri("x".to_owned()).into()),
            400,
            "invalid_redirect_uri",
            None,
        ),
        (
            EndpointError::Registration(MetadataProblem::Member("\"é\\".to_owned()).into()),
            400,
            "invalid_client_metadata",
            None,
        ),
        (
            EndpointError::Mint(MintError::ReservedClaim("iss".to_owned())),
            500,
            "server_error",
            None,
        ),
    ];
    for (error, status, code, header) in rows {
        let answer = error.answer();
        assert_eq!(answer.status.as_u16(), status, "{error:?}");
        assert_eq!(answer.error, code, "{error:?}");
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(answer.description.bytes().all(allowed), "{error:?}");
        let response = error.to_response();
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let extra = response
            .headers()
            .iter()
            .filter(|(name, _)| *name != CACHE_CONTROL && *name != CONTENT_TYPE)
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .next();
        assert_eq!(extra.as_deref(), header, "{error:?}");
        assert!(!error.reason().is_empty());
    }
}
