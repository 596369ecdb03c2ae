//! What one rule asks of a token.

use std::sync::Arc;

use serde::de::MapAccess;

use super::authorization_details::AuthorizationDetails;
use crate::UnixTime;
use crate::config::{self, Config, Mode};
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
    Protected(Requirement),
}

#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    /// `None`: all issuers.
    issuers: Option<Box<[Box<str>]>>,
    /// Separated by spaces, as challenges have them. Empty: any.
    acr_values: Box<str>,
    max_age: Option<u32>,
    /// How far ahead `auth_time` may lie, in seconds.
    future: i64,
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

/// The authentication that a rule asks for (RFC 9470 §3). Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUp {
    rule: Arc<Rule>,
    scope: ScopeState,
}

/// The scope that a rule asks for. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingScope {
    rule: Arc<Rule>,
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
            future: config.dpop.future_seconds.into(),
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
                Access::Protected(requirement())
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

    /// Checks a verified token: its issuer, then the authentication, the scope, the authorization details.
    ///
    /// # Errors
    /// The first thing that is missing. What the rule asks for and the token does not state, or states with the wrong
    /// type, is missing.
    pub(crate) fn check(
        self: &Arc<Self>,
        token: &TokenView<'_>,
        now: UnixTime,
    ) -> Result<(), PolicyError> {
        let Access::Protected(requirement) = &self.access else {
            return Ok(());
        };
        if !requirement.allows_issuer(token.issuer) {
            return Err(PolicyError::IssuerNotAllowed);
        }
        let scope = requirement.scope_of(token.scope);
        let rule = || Arc::clone(self);
        if !requirement.is_authentication_enough(token.claims, now) {
            return Err(PolicyError::StepUp(StepUp {
                rule: rule(),
                scope,
            }));
        }
        if scope == ScopeState::Lacking {
            return Err(PolicyError::Scope(MissingScope { rule: rule() }));
        }
        if !requirement.are_details_enough(token) {
            return Err(PolicyError::AuthorizationDetails);
        }
        Ok(())
    }

    const fn requirement(&self) -> Option<&Requirement> {
        match &self.access {
            Access::Public => None,
            Access::Protected(requirement) => Some(requirement),
        }
    }
}

impl StepUp {
    /// `acr_values`: authentication contexts, separated by spaces, in the configuration's order. `None`: any will do.
    #[must_use]
    pub fn acr_values(&self) -> Option<&str> {
        let values = &*self.rule.requirement()?.acr_values;
        (!values.is_empty()).then_some(values)
    }

    /// `max_age`: how long ago the authentication may be, in seconds. `None`: any time.
    #[must_use]
    pub fn max_age_seconds(&self) -> Option<u32> {
        self.rule.requirement()?.max_age
    }

    /// `scope`: what the rule asks for, separated by spaces, if the token lacks some of that as well.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        match self.scope {
            ScopeState::Sufficient => None,
            ScopeState::Lacking => Some(&self.rule.requirement()?.scopes),
        }
    }
}

impl MissingScope {
    /// `scope`: all that the rule asks for, separated by spaces (RFC 6750 §3).
    #[must_use]
    pub fn required(&self) -> &str {
        self.rule
            .requirement()
            .map(|requirement| &*requirement.scopes)
            .unwrap_or_default()
    }
}

impl Requirement {
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

    fn is_authentication_enough(&self, claims: &str, now: UnixTime) -> bool {
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
                .is_some_and(|NumericDate(time)| self.is_recent(time, max_age, now))
        };
        (self.acr_values.is_empty() || context()) && self.max_age.is_none_or(time)
    }

    fn allows_acr(&self, acr: &str) -> bool {
        values(&self.acr_values).any(|allowed| allowed == acr)
    }

    /// A time that lies ahead by more than clocks may differ proves nothing.
    fn is_recent(&self, time: UnixTime, max_age: u32, now: UnixTime) -> bool {
        time.since(now) <= self.future && now.since(time) <= i64::from(max_age)
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
