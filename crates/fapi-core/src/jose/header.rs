//! The header of a JWT that is verified with keys known beforehand.

use serde::de::MapAccess;

use super::json::{Members, Text, refuse, take};

/// The members that access tokens, client assertions and signed introspection responses have in common (RFC 7515 §4.1).
///
/// `jwk`, `jku`, `x5c` and `x5u` are not followed: keys come from where the sender is known from (RFC 8725 §3.10).
#[derive(Default)]
pub(crate) struct SignedHeader<'de> {
    pub(crate) typ: Option<Text<'de>>,
    pub(crate) alg: Option<Text<'de>>,
    pub(crate) kid: Option<Text<'de>>,
}

impl<'de> Members<'de> for SignedHeader<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "typ" => take(&mut self.typ, map),
            "alg" => take(&mut self.alg, map),
            "kid" => take(&mut self.kid, map),
            // RFC 7515 §4.1.11: we implement no extension.
            "crit" => refuse(map),
            _ => Ok(None),
        }
    }
}

/// Whether `typ` is `name`, or `name` with the prefix that RFC 7515 §4.1.9 allows to leave out; without regard to case.
pub(crate) fn is_type(typ: &str, name: &str) -> bool {
    const PREFIX: &str = "application/";
    let bare = match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    };
    bare.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_the_same_with_and_without_its_prefix() {
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(is_type(typ, "at+jwt"), "{typ}");
        }
        for typ in [
            "",
            "jwt",
            "at+jwt;x=1",
            "application/",
            "application/application/at+jwt",
            "text/at+jwt",
            "application/x-at+jwt",
            "at+jwt ",
            "applicationéat+jwt",
        ] {
            assert!(!is_type(typ, "at+jwt"), "{typ}");
        }
    }
}
