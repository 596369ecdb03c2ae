//! What a request needs beyond a good token.

use serde::{Deserialize, Serialize};

use super::Mode;

/// One rule: requests that match `methods` and `path` must meet all of its requirements. The most specific rule wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct Rule {
    /// The methods (RFC 9110 §9.1, upper and lower case differ). Default: all. `GET` covers `HEAD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// The path, beginning with `/`; a segment `{name}` matches any one segment, and `{*rest}` at the end one or more.
    pub path: String,
    /// True: served without any token. Matches only a path that is byte for byte its own normal form, and goes with no
    /// requirement. Default: false.
    #[serde(default)]
    pub public: bool,
    /// Scope values that the token must all have (RFC 6749 §3.3). Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What the token's `authorization_details` must have (RFC 9396).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<AuthorizationDetailsRule>,
    /// Authentication contexts of which the token's `acr` must be one (RFC 9470 §4). Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// How long ago the user's authentication may be, in seconds, by the token's `auth_time` (RFC 9470 §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u32>,
    /// Whether this rule refuses or only reports. Default: the document's `mode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Issuers whose tokens serve here, a part of the document's `issuers`. Default: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuers: Option<Vec<String>>,
}

/// Requirements on a token's `authorization_details` (RFC 9396 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct AuthorizationDetailsRule {
    /// The `type` values of which the token must have an element each.
    pub types: Vec<String>,
}

impl Rule {
    /// A rule for every method at this path that asks for a good token and nothing more.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            methods: None,
            path: path.into(),
            public: false,
            scopes: Vec::new(),
            authorization_details: None,
            acr_values: Vec::new(),
            max_age_seconds: None,
            mode: None,
            issuers: None,
        }
    }

    /// A rule that serves this path without any token.
    #[must_use]
    pub fn public(path: impl Into<String>) -> Self {
        Self {
            public: true,
            ..Self::new(path)
        }
    }

    /// Restricts the rule to these methods.
    #[must_use]
    pub fn methods<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Scope values that the token must all have.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// `type` values of which the token's `authorization_details` must have an element each.
    #[must_use]
    pub fn authorization_details<T: Into<String>>(
        mut self,
        types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.authorization_details = Some(AuthorizationDetailsRule {
            types: types.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Authentication contexts of which the token's `acr` must be one.
    #[must_use]
    pub fn acr_values<A: Into<String>>(mut self, values: impl IntoIterator<Item = A>) -> Self {
        self.acr_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// How long ago the user's authentication may be, in seconds.
    #[must_use]
    pub fn max_age_seconds(mut self, seconds: u32) -> Self {
        self.max_age_seconds = Some(seconds);
        self
    }

    /// Whether this rule refuses or only reports.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Restricts the rule to tokens of these issuers.
    #[must_use]
    pub fn issuers<I: Into<String>>(mut self, issuers: impl IntoIterator<Item = I>) -> Self {
        self.issuers = Some(issuers.into_iter().map(Into::into).collect());
        self
    }
}
