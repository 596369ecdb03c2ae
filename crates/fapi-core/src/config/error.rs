//! What is wrong with a configuration document, and where.

use std::fmt;

/// A configuration that cannot be used.
///
/// [`path`](Self::path) names the wrong field, [`kind`](Self::kind) says which sort of mistake it is. The text of
/// `Display` is for people: always one line, and it never contains a secret that stands in the right place.
///
/// ```
/// use fapi_core::config::{Config, ConfigErrorKind};
///
/// let error = Config::from_json(
///     r#"{ "resource": "https://api.example.com", "issuers": [{ "isuer": "https://as.example.com" }] }"#,
/// )
/// .unwrap_err();
/// assert_eq!(error.path(), "issuers[0].isuer");
/// assert_eq!(error.kind(), ConfigErrorKind::UnknownMember);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    kind: ConfigErrorKind,
    problem: String,
}

/// The sort of mistake in a [`ConfigError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The text is not JSON (RFC 8259).
    Syntax {
        /// Line of the text, counted from 1.
        line: usize,
        /// Column of that line in bytes, counted from 1; 0 where the line has not begun.
        column: usize,
    },
    /// A member that the schema does not know.
    UnknownMember,
    /// The same member twice in one object.
    Duplicate,
    /// A member is missing that is needed here.
    Missing,
    /// A value of the wrong type, out of its range, or in contradiction to another one.
    Invalid,
    /// The value is part of the schema, and this host cannot do it.
    NotSupported,
}

impl ConfigError {
    /// A wrong value at `path`; `problem` says what would be right, for instance `must be between 1 and 3600 seconds`.
    #[must_use]
    pub fn invalid(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(path, ConfigErrorKind::Invalid, problem)
    }

    /// The member at `path` is needed; `reason` says why, for instance `opaque tokens are introspected`.
    #[must_use]
    pub fn missing(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(path, ConfigErrorKind::Missing, reason)
    }

    /// The member at `path` is part of the schema, and this host cannot do it.
    #[must_use]
    pub fn not_supported(path: impl Into<String>) -> Self {
        Self::new(path, ConfigErrorKind::NotSupported, "not supported yet")
    }

    pub(super) fn new(
        path: impl Into<String>,
        kind: ConfigErrorKind,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            path: on_one_line(path.into()),
            kind,
            problem: on_one_line(problem.into()),
        }
    }

    /// The wrong field, such as `issuers[0].introspection.client_auth`. Empty when the document as a whole is wrong.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The sort of mistake.
    #[must_use]
    pub const fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// What is wrong, for people, without the path.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.problem)?;
        match self.kind {
            ConfigErrorKind::Syntax { line, column } => {
                write!(f, " (line {line}, column {column})")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Member names and values come from the document: a line break among them must not make a second log line.
fn on_one_line(text: String) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return text;
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if breaks(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
