//! OAuth scopes.

use std::fmt;

/// A set of scope values (RFC 6749 §3.3), in the order in which they were first named.
///
/// ```
/// use fapi_issuer::Scope;
///
/// let scope = Scope::parse("accounts payments accounts")?;
/// assert_eq!(scope.to_string(), "accounts payments");
/// assert!(Scope::parse("say \"accounts\"").is_err());
/// # Ok::<(), fapi_issuer::InvalidScope>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Vec<Box<str>>);

/// A text that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidScope;

impl fmt::Display for InvalidScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "must be scope values separated by one space, of printable ASCII but quotes and backslashes",
        )
    }
}

impl std::error::Error for InvalidScope {}

impl Scope {
    /// Reads scope values separated by single spaces. The empty text is the empty scope.
    ///
    /// # Errors
    ///
    /// [`InvalidScope`] for characters that RFC 6749 §3.3 does not allow, and for spaces at the ends or in a row.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let mut scope = Self::default();
        if text.is_empty() {
            return Ok(scope);
        }
        for value in text.split(' ') {
            let nqchar = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if value.is_empty() || !value.bytes().all(nqchar) {
                return Err(InvalidScope);
            }
            scope.insert(value);
        }
        Ok(scope)
    }

    /// Whether every value of `other` is one of these.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        other.values().all(|value| self.contains(value))
    }

    /// Whether `value` is one of these, compared exactly.
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        self.values().any(|ours| ours == value)
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|value| &**value)
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn without(mut self, value: &str) -> Self {
        self.0.retain(|ours| **ours != *value);
        self
    }

    /// Those values that `other` has too.
    pub(crate) fn within(mut self, other: &Self) -> Self {
        self.0.retain(|ours| other.contains(ours));
        self
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        other.values().for_each(|value| self.insert(value));
    }

    fn insert(&mut self, value: &str) {
        if !self.contains(value) {
            self.0.push(value.into());
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_whole_and_exact() {
        let scope = Scope::parse("accounts:read payments").unwrap();
        for (asked, granted) in [
            ("payments", true),
            ("payments accounts:read", true),
            ("", true),
            ("accounts", false),
            ("Payments", false),
            ("payments openid", false),
        ] {
            assert_eq!(
                scope.contains_all(&Scope::parse(asked).unwrap()),
                granted,
                "{asked}"
            );
        }
        for wrong in [" ", " a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "é"] {
            assert_eq!(Scope::parse(wrong), Err(InvalidScope), "{wrong:?}");
        }
    }
}
