//! OAuth scopes.

use std::fmt;

/// The scope of a token (RFC 6749 §3.3): names separated by spaces, compared exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Box<str>);

impl Scope {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether `name` is one of the names.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|granted| granted == name)
    }

    /// The names, in the issuer's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|name| !name.is_empty())
    }

    /// As the issuer wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_and_exact() {
        let scope = Scope::new("openid  accounts:read payments ");
        assert!(scope.contains("payments"));
        for absent in [
            "payment",
            "Payments",
            "accounts",
            "",
            " ",
            "openid accounts:read",
        ] {
            assert!(!scope.contains(absent), "{absent:?}");
        }
        assert_eq!(scope.names().count(), 3);
    }
}
