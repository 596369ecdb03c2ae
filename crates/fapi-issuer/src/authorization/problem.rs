//! What is wrong with an authorization request, and what the client is told (RFC 6749 §4.1.2.1 and its extensions).

use fapi_core::jose::RequestObjectError;

/// Why an authorization request is not accepted at the PAR endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizationProblem {
    /// `request_uri` stands in it (RFC 9126 §2.1).
    RequestUri,
    /// The client has to sign it (RFC 9101 §10.5).
    Unsigned,
    /// The signed request object is wrong.
    Object(RequestObjectError),
    /// It is signed, and no keys of the client are known.
    NoKeys,
    /// A parameter has the wrong type.
    WrongType,
    /// `client_id` is not the client that has authenticated.
    OtherClient,
    /// `response_type` is missing.
    ResponseTypeMissing,
    /// `response_type` is not `code` (FAPI 2.0 Security Profile §5.3.2.2).
    ResponseType,
    /// `response_mode` is none that the client may have.
    ResponseMode,
    /// `redirect_uri` is missing (FAPI 2.0 Security Profile §5.3.2.2).
    RedirectUriMissing,
    /// `redirect_uri` is none of the client's.
    RedirectUri,
    /// `code_challenge` is missing or no SHA-256 in base64url, or its method is not `S256` (RFC 7636 §4.4.1).
    Pkce,
    /// More than the client may ask for.
    Scope,
    /// A resource that is not the client's, or several.
    Target,
    /// Authorization details of an unknown type, or wrong ones (RFC 9396 §5).
    Details,
    /// `prompt` names something unknown, or `none` and something else.
    Prompt,
    /// `dpop_jkt` is no thumbprint, or not that of the proof (RFC 9449 §10.1).
    DpopJkt,
    /// `claims` is not what OpenID Connect Core §5.5 says.
    Claims,
}

impl AuthorizationProblem {
    /// The `error` of the response.
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::RequestUri
            | Self::Unsigned
            | Self::WrongType
            | Self::OtherClient
            | Self::ResponseTypeMissing
            | Self::ResponseMode
            | Self::RedirectUriMissing
            | Self::RedirectUri
            | Self::Pkce
            | Self::Prompt
            | Self::DpopJkt
            | Self::Claims => "invalid_request",
            Self::Object(_) | Self::NoKeys => "invalid_request_object",
            Self::ResponseType => "unsupported_response_type",
            Self::Scope => "invalid_scope",
            Self::Target => "invalid_target",
            Self::Details => "invalid_authorization_details",
        }
    }

    /// A fixed phrase.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::RequestUri => "request_uri must not be pushed",
            Self::Unsigned => "this client has to push a signed request object",
            Self::Object(_) | Self::NoKeys => "the request object is not valid here",
            Self::WrongType => "a parameter has the wrong type",
            Self::OtherClient => "client_id is not the client that has authenticated",
            Self::ResponseTypeMissing => "response_type is missing",
            Self::ResponseType => "response_type must be code",
            Self::ResponseMode => "the client may not have this response_mode",
            Self::RedirectUriMissing => "redirect_uri is missing",
            Self::RedirectUri => "redirect_uri is not registered for the client",
            Self::Pkce => "a code_challenge with the method S256 is needed",
            Self::Scope => "malformed, or more than the client is registered for",
            Self::Target => "one resource a request, one that the client is registered for",
            Self::Details => "authorization_details of an unknown type, or with wrong members",
            Self::Prompt => "prompt names something unknown, or none beside something else",
            Self::DpopJkt => "dpop_jkt is not the thumbprint of the key of the proof",
            Self::Claims => "claims is not a claims request",
        }
    }

    /// The code for logs.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::RequestUri => "authorization_request_uri",
            Self::Unsigned => "authorization_unsigned",
            Self::Object(error) => error.code(),
            Self::NoKeys => "authorization_no_keys",
            Self::WrongType => "authorization_wrong_type",
            Self::OtherClient => "authorization_other_client",
            Self::ResponseTypeMissing => "authorization_response_type_missing",
            Self::ResponseType => "authorization_response_type",
            Self::ResponseMode => "authorization_response_mode",
            Self::RedirectUriMissing => "authorization_redirect_uri_missing",
            Self::RedirectUri => "authorization_redirect_uri",
            Self::Pkce => "authorization_pkce",
            Self::Scope => "authorization_scope",
            Self::Target => "authorization_target",
            Self::Details => "authorization_details",
            Self::Prompt => "authorization_prompt",
            Self::DpopJkt => "authorization_dpop_jkt",
            Self::Claims => "authorization_claims",
        }
    }
}

/// What a client is told through the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrontError {
    /// Not pushed (FAPI 2.0 Security Profile §5.3.2.2).
    NotPushed,
    /// The `request_uri` has expired or was used.
    RequestUri,
    /// The user said no.
    Denied,
    /// `prompt=none`, and nobody is logged in who will do (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// `prompt=none`, and the user has to be asked.
    ConsentRequired,
    /// No user can authenticate as was asked for (RFC 9470 §5, OpenID Connect Unmet Authentication Requirements).
    Unmet,
}

impl FrontError {
    /// The `error` of the response.
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::NotPushed => "invalid_request",
            Self::RequestUri => "invalid_request_uri",
            Self::Denied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::Unmet => "unmet_authentication_requirements",
        }
    }

    /// A fixed phrase.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::NotPushed => "authorization requests have to be pushed",
            Self::RequestUri => "the request_uri has expired or was used",
            Self::Denied => "the user has refused",
            Self::LoginRequired => "the user has to log in",
            Self::ConsentRequired => "the user has to consent",
            Self::Unmet => "the user cannot authenticate as asked for",
        }
    }
}
