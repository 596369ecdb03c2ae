//! What is asked of a token, by one rule or in code.

use std::sync::Arc;

use serde::de::MapAccess;

use super::authorization_details::AuthorizationDetails;
use crate::UnixTime;
use crate::config::{self, Config, ConfigError, Mode, some_list_values};
use crate::jose::json::{Members, NumericDate, Text, read_object, take};
use crate::token::Scope;

/// One rule, compiled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    path: Box<str>,
    access: Access,
    mode: Mode,
}

#[derive(Debug, PartialEq, Eq)]
enum Access {
    Public,
    Protected(Arc<Requirement>),
}

/// What is asked of a token beyond being good: by a rule of the configuration, or in code.
///
/// [`Access::require`](crate::Access::require) checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `None`: all issuers.
    issuers: Option<Box<[Box<str>]>>,
    /// Separated by spaces, as challenges have them. Empty: any.
    acr_values: Box<str>,
    max_age: Option<u32>,
    /// Separated by spaces. Empty: none.
    scopes: Box<str>,
    /// Types of authorization details.
    details: Box<[Box<str>]>,
}

/// What rules look at in a verified token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenView<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) scope: &'a Scope,
    /// All claims, one JSON object.
    pub(crate) claims: &'a str,
    /// Our resource identifier at the request's origin, for the `locations` of authorization details.
    pub(crate) resource: &'a str,
}

/// What a good token lacks for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// No rule is for the request's method and path, and `unmatched` is `deny`.
    NoRule,
    /// The rule does not take tokens of this issuer.
    IssuerNotAllowed,
    /// The user's authentication is too weak, too old, or not stated (RFC 9470 §3).
    StepUp(StepUp),
    /// The scope lacks a value (RFC 6750 §3.1).
    Scope(MissingScope),
    /// The authorization details lack a type, or are malformed (RFC 9396 §9).
    AuthorizationDetails,
}

/// The authentication that is asked for (RFC 9470 §3). Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUp {
    asked: Arc<Requirement>,
    scope: ScopeState,
}

/// The scope that is asked for. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingScope {
    asked: Arc<Requirement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeState {
    Sufficient,
    Lacking,
}

impl Rule {
    pub(super) fn new(rule: &config::Rule, config: &Config) -> Self {
        let boxed = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
        let details = rule.authorization_details.as_ref();
        let requirement = || Requirement {
            issuers: rule.issuers.as_deref().map(boxed),
            acr_values: rule.acr_values.join(" ").into(),
            max_age: rule.max_age_seconds,
            scopes: rule.scopes.join(" ").into(),
            details: details
                .map(|details| boxed(&details.types))
                .unwrap_or_default(),
        };
        Self {
            path: rule.path.as_str().into(),
            access: if rule.public {
                Access::Public
            } else {
                Access::Protected(Arc::new(requirement()))
            },
            mode: rule.mode.unwrap_or(config.mode),
        }
    }

    /// The path as the configuration has it.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests name rules by it"))]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether this rule refuses or only reports.
    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) const fn is_public(&self) -> bool {
        matches!(self.access, Access::Public)
    }

    /// [Checks](Requirement::check) a verified token.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub(crate) fn check(
        &self,
        token: &TokenView<'_>,
        now: UnixTime,
        future: i64,
    ) -> Result<(), PolicyError> {
        match &self.access {
            Access::Public => Ok(()),
            Access::Protected(requirement) => requirement.check(token, now, future),
        }
    }
}

impl StepUp {
    /// `acr_values`: authentication contexts, separated by spaces, in the configuration's order. `None`: any will do.
    #[must_use]
    pub fn acr_values(&self) -> Option<&str> {
        let values = &*self.asked.acr_values;
        (!values.is_empty()).then_some(values)
    }

    /// `max_age`: how long ago the authentication may be, in seconds. `None`: any time.
    #[must_use]
    pub fn max_age_seconds(&self) -> Option<u32> {
        self.asked.max_age
    }

    /// `scope`: what is asked for, separated by spaces, if the token lacks some of that as well.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        match self.scope {
            ScopeState::Sufficient => None,
            ScopeState::Lacking => Some(&self.asked.scopes),
        }
    }
}

impl MissingScope {
    /// `scope`: all that is asked for, separated by spaces (RFC 6750 §3).
    #[must_use]
    pub fn required(&self) -> &str {
        &self.asked.scopes
    }
}

impl Requirement {
    /// The token's scope must have all of these values (RFC 6749 §3.3).
    ///
    /// # Errors
    ///
    /// There is none, or one that cannot be a scope value. The error names it.
    pub fn scopes<S: Into<String>>(
        values: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            scopes: list("scopes", values)?,
            ..Self::nothing()
        })
    }

    /// The token's `acr` must be one of these authentication contexts (RFC 9470 §4).
    ///
    /// # Errors
    ///
    /// There is none, or one with a space, a quote, a backslash or a character that is not printable ASCII: challenges
    /// could not name it. The error does.
    pub fn acr_values<A: Into<String>>(
        values: impl IntoIterator<Item = A>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            acr_values: list("acr_values", values)?,
            ..Self::nothing()
        })
    }

    /// The user's authentication may be so many seconds ago, by the token's `auth_time` (RFC 9470 §4).
    #[must_use]
    pub fn max_age_seconds(seconds: u32) -> Self {
        Self::nothing().and_max_age_seconds(seconds)
    }

    /// As [`max_age_seconds`](Self::max_age_seconds), on top of what is asked already.
    #[must_use]
    pub fn and_max_age_seconds(mut self, seconds: u32) -> Self {
        self.max_age = Some(seconds);
        self
    }

    fn nothing() -> Self {
        Self {
            issuers: None,
            acr_values: "".into(),
            max_age: None,
            scopes: "".into(),
            details: [].into(),
        }
    }

    /// Checks a verified token: its issuer, then the authentication, the scope, the authorization details. `auth_time`
    /// may lie `future` seconds ahead.
    ///
    /// # Errors
    /// The first thing that is missing. What is asked for and the token does not state, or states with the wrong type, is
    /// missing.
    pub(crate) fn check(
        self: &Arc<Self>,
        token: &TokenView<'_>,
        now: UnixTime,
        future: i64,
    ) -> Result<(), PolicyError> {
        if !self.allows_issuer(token.issuer) {
            return Err(PolicyError::IssuerNotAllowed);
        }
        let scope = self.scope_of(token.scope);
        let asked = || Arc::clone(self);
        if !self.is_authentication_enough(token.claims, now, future) {
            return Err(PolicyError::StepUp(StepUp {
                asked: asked(),
                scope,
            }));
        }
        if scope == ScopeState::Lacking {
            return Err(PolicyError::Scope(MissingScope { asked: asked() }));
        }
        if !self.are_details_enough(token) {
            return Err(PolicyError::AuthorizationDetails);
        }
        Ok(())
    }

    fn allows_issuer(&self, issuer: &str) -> bool {
        let is_named = |issuers: &[Box<str>]| issuers.iter().any(|named| **named == *issuer);
        self.issuers.as_deref().is_none_or(is_named)
    }

    fn scope_of(&self, granted: &Scope) -> ScopeState {
        if values(&self.scopes).all(|name| granted.contains(name)) {
            ScopeState::Sufficient
        } else {
            ScopeState::Lacking
        }
    }

    fn is_authentication_enough(&self, claims: &str, now: UnixTime, future: i64) -> bool {
        if self.acr_values.is_empty() && self.max_age.is_none() {
            return true;
        }
        let mut stated = Authentication {
            asked: self,
            acr: None,
            time: None,
        };
        if read_object(claims.as_bytes(), &mut stated).is_err() {
            return false;
        }
        let context = || stated.acr.is_some_and(|Text(acr)| self.allows_acr(&acr));
        let time = |max_age| {
            stated
                .time
                .is_some_and(|NumericDate(time)| is_recent(time, max_age, now, future))
        };
        (self.acr_values.is_empty() || context()) && self.max_age.is_none_or(time)
    }

    fn allows_acr(&self, acr: &str) -> bool {
        values(&self.acr_values).any(|allowed| allowed == acr)
    }

    fn are_details_enough(&self, token: &TokenView<'_>) -> bool {
        if self.details.is_empty() {
            return true;
        }
        let Ok(granted) = AuthorizationDetails::read(token.claims, token.resource) else {
            return false;
        };
        self.details
            .iter()
            .all(|required| granted.of_type(required).next().is_some())
    }
}

/// A list as challenges have it.
fn list<V: Into<String>>(
    name: &str,
    values: impl IntoIterator<Item = V>,
) -> Result<Box<str>, ConfigError> {
    let values: Vec<String> = values.into_iter().map(Into::into).collect();
    some_list_values(name, &values)?;
    Ok(values.join(" ").into())
}

/// A time that lies ahead by more than clocks may differ proves nothing.
fn is_recent(time: UnixTime, max_age: u32, now: UnixTime, future: i64) -> bool {
    time.since(now) <= future && now.since(time) <= i64::from(max_age)
}

/// The values of a list that is separated by spaces; none is empty.
fn values(list: &str) -> impl Iterator<Item = &str> {
    list.split(' ').filter(|value| !value.is_empty())
}

/// The claims of RFC 9068 §2.2.1 that the rule asks for. Others may be of any type.
struct Authentication<'r, 'de> {
    asked: &'r Requirement,
    acr: Option<Text<'de>>,
    time: Option<NumericDate>,
}

impl<'de> Members<'de> for Authentication<'_, 'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "acr" if !self.asked.acr_values.is_empty() => take(&mut self.acr, map),
            "auth_time" if self.asked.max_age.is_some() => take(&mut self.time, map),
            _ => Ok(None),
        }
    }
}
