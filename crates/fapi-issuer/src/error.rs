//! What goes wrong at the endpoints, and the one place that says it to the client (RFC 6749 §5.2).

use std::borrow::Cow;

use axum::body::Body;
use fapi_core::Unavailable;
use fapi_core::denial::Denial;
use fapi_core::dpop::QuotaExceeded;
use fapi_core::jose::AssertionError;
use fapi_crypto::KeyError;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::authorization::AuthorizationProblem;
use crate::certificate::CertificateProblem;
use crate::client::MetadataProblem;
use crate::encryption::SealError;
use crate::endpoint::response::{JSON, private};
use crate::limit::TooMany;
use crate::measure;
use crate::mint::MintError;
use crate::storage::StorageError;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum EndpointError {
    /// The request itself is wrong.
    Request(RequestProblem),
    /// A grant type that this server does not have, `password` among them.
    GrantType,
    /// The client is not authenticated.
    Client(ClientProblem),
    /// The DPoP proof, by the core's own judgement.
    Sender(Denial),
    /// Not a scope, or more than the client is registered for.
    Scope,
    /// A resource that is not the client's, or several (RFC 8707 §2).
    Target,
    /// The client is not registered for this grant (RFC 6749 §5.2).
    GrantNotAllowed,
    /// The code or refresh token is not good (RFC 6749 §5.2).
    Grant(GrantProblem),
    /// A token cannot be exchanged (RFC 8693 §2.2.2).
    Exchange(ExchangeProblem),
    /// Authorization details of an unknown type, or wrong ones (RFC 9396 §5).
    Details,
    /// An authorization request that cannot be pushed.
    Authorization(AuthorizationProblem),
    /// What the token would be bound to is missing.
    SenderProblem(SenderProblem),
    /// A token to be revoked was issued to another client (RFC 7009 §2.1).
    OthersToken,
    /// No room to remember a client assertion or a token.
    MemoryFull,
    /// The client or its key has used up its share of that room.
    Quota(QuotaExceeded),
    /// Whoever sent it, or the client, sends too many.
    TooMany(TooMany),
    /// The memory of what was used, or of tokens, does not answer.
    Unavailable(Unavailable),
    /// The client's keys cannot be fetched, so that nobody knows whether it is the client. A guess learns from this that there
    /// is one of this name: with `invalid_client`, the client itself would take its keys for wrong (RFC 6749 §5.2).
    ClientKeys(Unavailable),
    /// A client cannot be registered, or its registration not be changed.
    Registration(RegistrationProblem),
    /// An answer could not be encrypted for its reader.
    Encryption(SealError),
    /// The token, or the answer about one, could not be made.
    Mint(MintError),
}

/// What is wrong with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestProblem {
    /// Not POST (RFC 6749 §3.2).
    Method,
    /// Not `application/x-www-form-urlencoded`.
    ContentType,
    /// More than 64 KiB.
    TooLarge,
    /// The body did not arrive, or is no form in UTF-8.
    Malformed,
    /// A parameter stands there twice (RFC 6749 §3.2).
    Duplicate,
    /// No `grant_type`.
    GrantTypeMissing,
    /// No `token` (RFC 7662 §2.1, RFC 7009 §2.1).
    TokenMissing,
    /// No `code`.
    CodeMissing,
    /// No `refresh_token`.
    RefreshTokenMissing,
    /// More than one way of client authentication (RFC 6749 §2.3).
    SeveralClientAuthentications,
}

/// Why a client is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientProblem {
    /// No client assertion.
    Missing,
    /// A password in the `Authorization` header.
    Basic,
    /// The assertion has another algorithm than the one that the client is registered for.
    Algorithm,
    /// `client_assertion_type` is not the one of RFC 7523 §2.2.
    AssertionType,
    /// `client_id` is not the assertion's `sub`.
    OtherId,
    /// Nobody of the name in the assertion is registered.
    Unknown,
    /// Nobody of this name is registered, and nothing came with it but a name.
    UnknownName,
    /// The assertion is wrong.
    Assertion(AssertionError),
    /// The assertion was used before.
    Replayed,
    /// The assertion is older than our memory of what was used.
    BeforeMemory,
    /// An assertion of a client that has to show a certificate.
    OtherMethod,
    /// The certificate is missing, or not the client's.
    Certificate(CertificateProblem),
}

/// Why a code or a refresh token brings nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantProblem {
    /// There is no such code, or it has expired.
    CodeUnknown,
    /// The code was used before.
    CodeUsed,
    /// There is no such refresh token, or it has expired.
    RefreshTokenUnknown,
    /// It was issued to another client.
    OtherClient,
    /// `redirect_uri` is not the one of the authorization request.
    RedirectUri,
    /// `code_verifier` is missing or wrong (RFC 7636 §4.6).
    Verifier,
    /// The code is bound to another DPoP key (RFC 9449 §10).
    OtherKey,
    /// The grant was taken back.
    Revoked,
}

/// Why a token is not exchanged for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeProblem {
    /// No `subject_token`.
    SubjectTokenMissing,
    /// It is no live access token of ours, or not one that the client was sent.
    SubjectToken,
    /// A type of token other than an access token.
    TokenType,
    /// An `actor_token`.
    Actor,
    /// The token has been exchanged too often.
    TooManyActors,
}

/// What is missing that a token would be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SenderProblem {
    /// No client certificate (RFC 8705 §3).
    CertificateMissing,
}

/// Why a registration stays as it is (RFC 7591 §3.2.2, RFC 6750 §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RegistrationProblem {
    /// No access token.
    TokenMissing,
    /// The access token is none of those that allow this.
    Token,
    /// The body is not a JSON object, or did not arrive.
    NotJson,
    /// More than 64 KiB.
    TooLarge,
    /// There are as many clients as may be.
    TooMany,
    /// `client_id` is not the client's (RFC 7592 §2.2).
    OtherClient,
    /// The metadata are wrong.
    Metadata(MetadataProblem),
}

impl From<MetadataProblem> for RegistrationProblem {
    fn from(problem: MetadataProblem) -> Self {
        Self::Metadata(problem)
    }
}

impl From<RegistrationProblem> for EndpointError {
    fn from(problem: RegistrationProblem) -> Self {
        Self::Registration(problem)
    }
}

impl From<ExchangeProblem> for EndpointError {
    fn from(problem: ExchangeProblem) -> Self {
        Self::Exchange(problem)
    }
}

impl From<GrantProblem> for EndpointError {
    fn from(problem: GrantProblem) -> Self {
        Self::Grant(problem)
    }
}

impl From<AuthorizationProblem> for EndpointError {
    fn from(problem: AuthorizationProblem) -> Self {
        Self::Authorization(problem)
    }
}

impl From<SenderProblem> for EndpointError {
    fn from(problem: SenderProblem) -> Self {
        Self::SenderProblem(problem)
    }
}

impl From<RequestProblem> for EndpointError {
    fn from(problem: RequestProblem) -> Self {
        Self::Request(problem)
    }
}

impl From<ClientProblem> for EndpointError {
    fn from(problem: ClientProblem) -> Self {
        Self::Client(problem)
    }
}

impl From<TooMany> for EndpointError {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
}

impl From<Denial> for EndpointError {
    fn from(denial: Denial) -> Self {
        Self::Sender(denial)
    }
}

impl From<Unavailable> for EndpointError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

impl From<StorageError> for EndpointError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full => Self::MemoryFull,
            StorageError::ClientShare => Self::Quota(QuotaExceeded::Client),
            StorageError::Unavailable => Self::unavailable(),
        }
    }
}

impl From<MintError> for EndpointError {
    fn from(error: MintError) -> Self {
        match error {
            MintError::Storage(error) => error.into(),
            MintError::ReservedClaim(_) | MintError::Key(_) => Self::Mint(error),
        }
    }
}

impl From<SealError> for EndpointError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Key(error) => error.into(),
            SealError::Keys(unavailable) => Self::ClientKeys(unavailable),
            SealError::NoKey | SealError::Failed => Self::Encryption(error),
        }
    }
}

impl From<KeyError> for EndpointError {
    fn from(error: KeyError) -> Self {
        Self::Mint(error.into())
    }
}

/// What the client is told.
struct Answer {
    status: StatusCode,
    error: &'static str,
    /// ASCII without quotes, backslashes and control characters (RFC 6749 §5.2).
    description: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl EndpointError {
    /// Something that we need does not answer.
    pub(crate) const fn unavailable() -> Self {
        Self::Unavailable(Unavailable::retry_after_seconds(60))
    }

    /// The response.
    pub(crate) fn to_response(&self) -> Response<Body> {
        let answer = self.answer();
        let body = format!(
            r#"{{"error":"{}","error_description":"{}"}}"#,
            answer.error, answer.description
        );
        let mut response = private(&JSON, body);
        *response.status_mut() = answer.status;
        if let Some((name, value)) = answer.header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// Tells the operator, and gives the response.
    pub(crate) fn log_and_answer(&self) -> Response<Body> {
        self.log();
        self.to_response()
    }

    /// What the operator is told.
    fn log(&self) {
        let reason = self.reason();
        measure::refused(reason);
        match self {
            Self::Encryption(error) => tracing::error!(%error, "an answer could not be encrypted"),
            Self::Mint(error) => tracing::error!(%error, "a token or an answer could not be made"),
            Self::MemoryFull | Self::Quota(_) | Self::Unavailable(_) => {
                tracing::warn!(reason, "request refused");
            }
            _ => tracing::info!(reason, "request refused"),
        }
    }

    fn answer(&self) -> Answer {
        let bad = |error, description| Answer::new(StatusCode::BAD_REQUEST, error, description);
        match self {
            Self::Request(problem) => problem.answer(),
            Self::GrantType => bad(
                "unsupported_grant_type",
                "authorization_code, client_credentials, refresh_token and token exchange are supported",
            ),
            Self::GrantNotAllowed => bad(
                "unauthorized_client",
                "the client is not registered for this grant type",
            ),
            Self::Grant(problem) => bad("invalid_grant", problem.description()),
            Self::Exchange(problem) => bad("invalid_request", problem.description()),
            Self::Details => bad(
                "invalid_authorization_details",
                AuthorizationProblem::Details.description(),
            ),
            Self::Authorization(problem) => bad(problem.error(), problem.description()),
            Self::SenderProblem(SenderProblem::CertificateMissing) => bad(
                "invalid_request",
                "the token will be bound to a client certificate, and there is none",
            ),
            Self::Client(problem) => problem.answer(),
            Self::Sender(denial) => sender(denial),
            Self::Scope => bad(
                "invalid_scope",
                "malformed, or more than the client is registered for",
            ),
            Self::Target => bad(
                "invalid_target",
                "one resource a token, one that the client is registered for",
            ),
            // RFC 6749 §5.2 has this code for what was issued to another client.
            Self::OthersToken => bad("invalid_grant", "the token was issued to another client"),
            Self::MemoryFull => Answer::later(StatusCode::SERVICE_UNAVAILABLE, 1),
            Self::Quota(_) => Answer::later(StatusCode::TOO_MANY_REQUESTS, QUOTA_RETRY_SECONDS),
            Self::TooMany(_) => Answer::later(StatusCode::TOO_MANY_REQUESTS, 1),
            Self::Unavailable(unavailable) | Self::ClientKeys(unavailable) => {
                Answer::later(StatusCode::SERVICE_UNAVAILABLE, unavailable.retry_after())
            }
            Self::Registration(problem) => problem.answer(),
            Self::Encryption(_) | Self::Mint(_) => Answer::failed(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Request(problem) => match problem {
                RequestProblem::Method => "request_method",
                RequestProblem::ContentType => "request_content_type",
                RequestProblem::TooLarge => "request_too_large",
                RequestProblem::Malformed => "request_malformed",
                RequestProblem::Duplicate => "request_duplicate_parameter",
                RequestProblem::GrantTypeMissing => "request_grant_type_missing",
                RequestProblem::TokenMissing => "request_token_missing",
                RequestProblem::CodeMissing => "request_code_missing",
                RequestProblem::RefreshTokenMissing => "request_refresh_token_missing",
                RequestProblem::SeveralClientAuthentications => "request_several_authentications",
            },
            Self::GrantType => "grant_type_unsupported",
            Self::GrantNotAllowed => "grant_type_not_registered",
            Self::Grant(problem) => problem.code(),
            Self::Exchange(problem) => problem.code(),
            Self::Details => AuthorizationProblem::Details.code(),
            Self::Authorization(problem) => problem.code(),
            Self::SenderProblem(SenderProblem::CertificateMissing) => "sender_certificate_missing",
            Self::Client(problem) => match problem {
                ClientProblem::Missing => "client_assertion_missing",
                ClientProblem::Basic => "client_basic_authentication",
                ClientProblem::Algorithm => "client_assertion_other_algorithm",
                ClientProblem::AssertionType => "client_assertion_type",
                ClientProblem::OtherId => "client_other_id",
                ClientProblem::Unknown | ClientProblem::UnknownName => "client_unknown",
                ClientProblem::Assertion(error) => error.code(),
                ClientProblem::Replayed => "client_assertion_replayed",
                ClientProblem::BeforeMemory => "client_assertion_before_memory",
                ClientProblem::OtherMethod => "client_other_method",
                ClientProblem::Certificate(problem) => problem.code(),
            },
            Self::Sender(denial) => denial.reason().code(),
            Self::Scope => "scope_not_registered",
            Self::Target => "resource_not_registered",
            Self::OthersToken => "token_of_another_client",
            Self::MemoryFull => "memory_full",
            Self::TooMany(too_many) => too_many.code(),
            Self::Quota(QuotaExceeded::Client) => "quota_client",
            Self::Quota(QuotaExceeded::Key) => "quota_key",
            Self::Unavailable(_) => "memory_unavailable",
            Self::ClientKeys(_) => "client_keys_unavailable",
            Self::Registration(problem) => problem.code(),
            Self::Encryption(_) => "encryption_failed",
            Self::Mint(_) => "mint_failed",
        }
    }
}

/// The longest text that has something of what a client has sent.
const MAX_OWN_CHARS: usize = 300;

/// Seconds: a share of the memory comes back in steps of this order.
const QUOTA_RETRY_SECONDS: u32 = 10;

impl RequestProblem {
    fn answer(self) -> Answer {
        let (status, description) = match self {
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "the method must be POST"),
            Self::ContentType => (
                StatusCode::BAD_REQUEST,
                "the content type must be application/x-www-form-urlencoded",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is larger than 64 KiB",
            ),
            Self::Malformed => (StatusCode::BAD_REQUEST, "the body is not a form in UTF-8"),
            Self::Duplicate => (StatusCode::BAD_REQUEST, "a parameter stands there twice"),
            Self::GrantTypeMissing => (StatusCode::BAD_REQUEST, "grant_type is missing"),
            Self::TokenMissing => (StatusCode::BAD_REQUEST, "token is missing"),
            Self::CodeMissing => (StatusCode::BAD_REQUEST, "code is missing"),
            Self::RefreshTokenMissing => (StatusCode::BAD_REQUEST, "refresh_token is missing"),
            Self::SeveralClientAuthentications => (
                StatusCode::BAD_REQUEST,
                "more than one method of client authentication",
            ),
        };
        let answer = Answer::new(status, "invalid_request", description);
        match self {
            Self::Method => answer.with(ALLOW, HeaderValue::from_static("POST")),
            _ => answer,
        }
    }
}

impl RegistrationProblem {
    fn answer(&self) -> Answer {
        let (status, error, description) = match self {
            Self::TokenMissing => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "an access token in the Authorization header is needed",
            ),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "the access token is not good here",
            ),
            Self::NotJson => (
                StatusCode::BAD_REQUEST,
                "invalid_client_metadata",
                "the body is not a JSON object of the type application/json",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "invalid_client_metadata",
                "the body is larger than 64 KiB",
            ),
            Self::TooMany => (
                StatusCode::FORBIDDEN,
                "access_denied",
                "there are as many clients as may be",
            ),
            Self::OtherClient => (
                StatusCode::BAD_REQUEST,
                "invalid_client_metadata",
                "client_id: must be that of the client",
            ),
            Self::Metadata(MetadataProblem::RedirectUri(text)) => {
                return Answer::own(StatusCode::BAD_REQUEST, "invalid_redirect_uri", text);
            }
            Self::Metadata(MetadataProblem::Member(text)) => {
                return Answer::own(StatusCode::BAD_REQUEST, "invalid_client_metadata", text);
            }
        };
        let answer = Answer::new(status, error, description);
        let challenge = match self {
            // RFC 6750 §3.1: nothing is said about a token that is not there.
            Self::TokenMissing => "Bearer",
            Self::Token => "Bearer error=\"invalid_token\"",
            _ => return answer,
        };
        answer.with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::TokenMissing => "registration_token_missing",
            Self::Token => "registration_token",
            Self::NotJson => "registration_not_json",
            Self::TooLarge => "registration_too_large",
            Self::TooMany => "registration_too_many_clients",
            Self::OtherClient => "registration_other_client",
            Self::Metadata(MetadataProblem::RedirectUri(_)) => "registration_redirect_uri",
            Self::Metadata(MetadataProblem::Member(_)) => "registration_metadata",
        }
    }
}

impl GrantProblem {
    /// One phrase for all that a guess could learn from.
    const fn description(self) -> &'static str {
        match self {
            Self::CodeUnknown
            | Self::CodeUsed
            | Self::OtherClient
            | Self::RefreshTokenUnknown
            | Self::Revoked => {
                "it is unknown, was used, revoked or issued to another client, or has expired"
            }
            Self::RedirectUri => "redirect_uri is not the one of the authorization request",
            Self::Verifier => "code_verifier is missing or wrong",
            Self::OtherKey => "the code is bound to the key of another DPoP proof",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::CodeUnknown => "grant_code_unknown",
            Self::CodeUsed => "grant_code_used",
            Self::RefreshTokenUnknown => "grant_refresh_token_unknown",
            Self::OtherClient => "grant_of_another_client",
            Self::RedirectUri => "grant_redirect_uri",
            Self::Verifier => "grant_code_verifier",
            Self::OtherKey => "grant_other_key",
            Self::Revoked => "grant_revoked",
        }
    }
}

impl ExchangeProblem {
    const fn description(self) -> &'static str {
        match self {
            Self::SubjectTokenMissing => "subject_token is missing",
            Self::SubjectToken => "subject_token is no live access token for this client",
            Self::TokenType => "only access tokens are exchanged, and for access tokens",
            Self::Actor => "the actor is the client: there must be no actor_token",
            Self::TooManyActors => "the token has been exchanged too often",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::SubjectTokenMissing => "exchange_subject_token_missing",
            Self::SubjectToken => "exchange_subject_token",
            Self::TokenType => "exchange_token_type",
            Self::Actor => "exchange_actor_token",
            Self::TooManyActors => "exchange_too_many_actors",
        }
    }
}

impl ClientProblem {
    /// One phrase for all that a guess could learn from: which clients exist, and what their keys are.
    fn answer(self) -> Answer {
        let description = match self {
            Self::Missing | Self::Basic | Self::UnknownName | Self::Certificate(_) => {
                "the client must authenticate with private_key_jwt, or with its certificate"
            }
            Self::AssertionType => "client_assertion_type must be jwt-bearer of RFC 7523",
            Self::OtherId
            | Self::Unknown
            | Self::OtherMethod
            | Self::Algorithm
            | Self::Assertion(_)
            | Self::Replayed
            | Self::BeforeMemory => "the client assertion is not valid here, make a new one",
        };
        let answer = Answer::new(StatusCode::UNAUTHORIZED, "invalid_client", description);
        match self {
            // RFC 6749 §5.2: a challenge of the scheme that the client used.
            Self::Basic => answer.with(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"token endpoint\""),
            ),
            _ => answer,
        }
    }
}

fn sender(denial: &Denial) -> Answer {
    match denial {
        // RFC 9449 §5: at the token endpoint, errors are those of RFC 6749 §5.2.
        Denial::Proof(_) => Answer::new(
            StatusCode::BAD_REQUEST,
            "invalid_dpop_proof",
            "a DPoP proof is missing, wrong or used before",
        ),
        // RFC 9449 §8.
        Denial::Nonce { fresh, .. } => {
            let answer = Answer::new(
                StatusCode::BAD_REQUEST,
                "use_dpop_nonce",
                "the DPoP proof needs the nonce of this response",
            );
            match HeaderValue::from_str(fresh.as_str()) {
                Ok(nonce) => answer.with(HeaderName::from_static("dpop-nonce"), nonce),
                Err(_) => answer,
            }
        }
        Denial::Quota(_) => Answer::later(StatusCode::TOO_MANY_REQUESTS, QUOTA_RETRY_SECONDS),
        Denial::Unavailable(_, unavailable) => {
            Answer::later(StatusCode::SERVICE_UNAVAILABLE, unavailable.retry_after())
        }
        // A proof verifier never says these: they are about access tokens.
        Denial::NoCredentials
        | Denial::Malformed(_)
        | Denial::Token(_)
        | Denial::Binding(_)
        | Denial::Insufficient(_) => Answer::failed(),
    }
}

impl Answer {
    const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self {
            status,
            error,
            description: Cow::Borrowed(description),
            header: None,
        }
    }

    /// What is wrong with what the client itself has sent.
    fn own(status: StatusCode, error: &'static str, text: &str) -> Self {
        let description = text.chars().take(MAX_OWN_CHARS).map(|char| match char {
            '"' | '\\' => '\'',
            ' '..='~' => char,
            _ => '?',
        });
        Self {
            status,
            error,
            description: Cow::Owned(description.collect()),
            header: None,
        }
    }

    fn later(status: StatusCode, seconds: u32) -> Self {
        Self::new(status, "temporarily_unavailable", "come back later")
            .with(RETRY_AFTER, HeaderValue::from(seconds))
    }

    const fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "the answer could not be made",
        )
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

#[cfg(test)]
mod tests;
