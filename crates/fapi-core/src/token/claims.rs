//! The claims that a JWT access token and an introspection response share (RFC 9068 §2.2, RFC 7662 §2.2).

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::confirmation::RawConfirmation;
use crate::jose::json::{Members, NumericDate, Object, Text, take};

/// The members, typed, not yet judged.
#[derive(Default)]
pub(crate) struct RawClaims<'de> {
    pub(crate) iss: Option<Text<'de>>,
    pub(crate) sub: Option<Text<'de>>,
    pub(crate) aud: Option<Audience<'de>>,
    pub(crate) client_id: Option<Text<'de>>,
    pub(crate) jti: Option<Text<'de>>,
    pub(crate) scope: Option<Text<'de>>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) cnf: Option<RawConfirmation<'de>>,
}

impl<'de> Members<'de> for RawClaims<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "iss" => take(&mut self.iss, map),
            "sub" => take(&mut self.sub, map),
            "aud" => take(&mut self.aud, map),
            "client_id" => take(&mut self.client_id, map),
            "jti" => take(&mut self.jti, map),
            "scope" => take(&mut self.scope, map),
            "exp" => take(&mut self.exp, map),
            "nbf" => take(&mut self.nbf, map),
            "iat" => take(&mut self.iat, map),
            "cnf" => {
                let mut cnf = RawConfirmation::default();
                map.next_value_seed(Object(&mut cnf))?;
                self.cnf = Some(cnf);
                Ok(Some(()))
            }
            _ => Ok(None),
        }
    }
}

/// A string that is there and not empty.
pub(crate) fn nonempty<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_ref()
        .map(|text| &*text.0)
        .filter(|text| !text.is_empty())
}

/// `aud`: a string or an array of strings (RFC 7519 §4.1.3).
pub(crate) struct Audience<'de>(Vec<Cow<'de, str>>);

impl Audience<'_> {
    /// The names, in an order that means nothing.
    pub(crate) fn into_names(self) -> Vec<Box<str>> {
        self.0.into_iter().map(Into::into).collect()
    }

    /// Whether one of `ours` is named.
    pub(crate) fn names_one_of(&self, ours: &[Box<str>]) -> bool {
        self.0
            .iter()
            .any(|named| ours.iter().any(|our| **our == **named))
    }
}

impl<'de> Deserialize<'de> for Audience<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AudienceVisitor;
        impl<'de> Visitor<'de> for AudienceVisitor {
            type Value = Audience<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_borrowed_str<E>(self, one: &'de str) -> Result<Audience<'de>, E> {
                Ok(Audience(vec![Cow::Borrowed(one)]))
            }

            fn visit_str<E>(self, one: &str) -> Result<Audience<'de>, E> {
                Ok(Audience(vec![Cow::Owned(one.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Audience<'de>, A::Error> {
                let mut named = Vec::new();
                while let Some(Text(one)) = seq.next_element()? {
                    named.push(one);
                }
                Ok(Audience(named))
            }
        }
        deserializer.deserialize_any(AudienceVisitor)
    }
}
