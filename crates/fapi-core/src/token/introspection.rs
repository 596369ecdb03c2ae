//! Introspection responses (RFC 7662 §2.2).

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::claims::{RawClaims, nonempty};
use super::jwt::{bound_to, check_times};
use super::{Confirmation, Scope, VerifiedToken};
use crate::UnixTime;
use crate::denial::TokenError;
use crate::jose::json::{Members, NotStrictJson, Text, read_object};
use crate::policy::{Audiences, Policy, TrustedIssuer};

/// Why an introspection response gives no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntrospectionError {
    /// The endpoint answered something else than RFC 7662 §2.2: nothing is known of the token.
    NotAnAnswer,
    Token(TokenError),
}

/// Reads the JSON of an introspection response about a reference token.
pub(crate) fn read(
    json: &str,
    issuer: &TrustedIssuer,
    policy: &Policy,
    audiences: &Audiences,
    now: UnixTime,
) -> Result<VerifiedToken, IntrospectionError> {
    let mut response = Response::default();
    read_object(json.as_bytes(), &mut response)
        .map_err(|NotStrictJson| IntrospectionError::NotAnAnswer)?;
    judge(&response, json, issuer, policy, audiences, now).map_err(IntrospectionError::Token)
}

/// Reads the JSON of an introspection response about a JWT that is good in itself: whether it still is. Answers what
/// the response says that the token is bound to, if it says so.
pub(crate) fn confirm(
    json: &str,
    token: &VerifiedToken,
    policy: &Policy,
    audiences: &Audiences,
    now: UnixTime,
) -> Result<Option<Confirmation>, IntrospectionError> {
    let mut response = Response::default();
    read_object(json.as_bytes(), &mut response)
        .map_err(|NotStrictJson| IntrospectionError::NotAnAnswer)?;
    let confirm = || {
        let claims = check_given(&response, &token.issuer, audiences)?;
        if let Some(expires) = claims.exp {
            check_times(expires.0, claims.nbf.map(|nbf| nbf.0), policy, now)?;
        }
        // What the issuer says of another token is no answer about this one.
        let differs = |said: &Option<Text<'_>>, ours: &Option<Box<str>>| {
            said.as_ref()
                .is_some_and(|said| ours.as_deref() != Some(&*said.0))
        };
        if differs(&claims.sub, &token.subject) || differs(&claims.client_id, &token.client_id) {
            return Err(TokenError::Inactive);
        }
        claims.cnf.as_ref().map(|_| bound_to(claims)).transpose()
    };
    confirm().map_err(IntrospectionError::Token)
}

/// RFC 7662 §2.2: active, and what is given must fit. The issuer is the one that we asked.
fn check_given<'a, 'de>(
    response: &'a Response<'de>,
    issuer: &str,
    audiences: &Audiences,
) -> Result<&'a RawClaims<'de>, TokenError> {
    let claims = &response.claims;
    if response.active != Active::True {
        return Err(TokenError::Inactive);
    }
    if claims.iss.as_ref().is_some_and(|iss| *iss.0 != *issuer) {
        return Err(TokenError::Issuer);
    }
    if claims
        .aud
        .as_ref()
        .is_some_and(|audience| !audience.names_one_of(audiences))
    {
        return Err(TokenError::Audience);
    }
    Ok(claims)
}

fn judge(
    response: &Response<'_>,
    json: &str,
    issuer: &TrustedIssuer,
    policy: &Policy,
    audiences: &Audiences,
    now: UnixTime,
) -> Result<VerifiedToken, TokenError> {
    let name = issuer.name();
    let claims = check_given(response, &name, audiences)?;
    // RFC 7662 leaves `exp` out where a token never ends. Under FAPI 2.0 there is no such token.
    let expires = claims.exp.ok_or(TokenError::MissingClaim)?.0;
    let not_before = claims.nbf.map(|nbf| nbf.0);
    check_times(expires, not_before, policy, now)?;
    Ok(VerifiedToken {
        issuer: name,
        subject: nonempty(&claims.sub).map(Into::into),
        client_id: nonempty(&claims.client_id).map(Into::into),
        scope: claims
            .scope
            .as_ref()
            .map_or_else(Scope::default, |scope| Scope::new(&scope.0)),
        confirmation: bound_to(claims)?,
        expires,
        not_before,
        claims: json.into(),
    })
}

#[derive(Default)]
struct Response<'de> {
    active: Active,
    claims: RawClaims<'de>,
}

/// `active`: only the boolean true means yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Active {
    True,
    #[default]
    Other,
}

impl<'de> Members<'de> for Response<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "active" => {
                self.active = map.next_value_seed(ReadActive)?;
                Ok(Some(()))
            }
            _ => self.claims.member(name, map),
        }
    }
}

struct ReadActive;

impl<'de> DeserializeSeed<'de> for ReadActive {
    type Value = Active;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Active, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ReadActive {
    type Value = Active;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, active: bool) -> Result<Active, E> {
        Ok(if active { Active::True } else { Active::Other })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Active, E> {
        Ok(Active::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Active, E> {
        Ok(Active::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Active, E> {
        Ok(Active::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Active, E> {
        Ok(Active::Other)
    }

    fn visit_unit<E>(self) -> Result<Active, E> {
        Ok(Active::Other)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Active, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Active::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Active, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Active::Other)
    }
}
