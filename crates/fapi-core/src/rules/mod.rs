//! What requests need beyond a good token, by method and path.
//!
//! A rule must not be slipped past: whatever the application's router makes of a path, the request has met the rule
//! that is meant for it. So a path that programs read differently is refused, unless `ambiguous_paths` is `allow`:
//!
//! * Its spelling: see [`Clarity`](path::Clarity::of). Encoded unreserved characters are the same as bare ones (RFC 3986
//!   §2.3). Other encodings are data; where a router that decodes before it matches would come to another rule, the
//!   path is ambiguous.
//! * A slash at the end: the same path. Where a router that keeps them apart would come to another rule, ambiguous.
//! * Upper and lower case in paths differ (RFC 3986 §6.2.2.1), as they do for axum. An application whose router
//!   ignores case needs `unmatched: deny` and no rule with `{*rest}` above its other rules.
//! * Methods are compared exactly; one that differs from a rule's in case only is ambiguous. `HEAD` meets the rule for
//!   `HEAD` on the most specific path, else that for `GET`, which servers run for it (RFC 9110 §9.3.2). Headers and
//!   form fields that override the method are not looked at: an application must not honour them behind these rules.
//!
//! Among the rules for method and path the most specific path wins, segment by segment: fixed text, `{name}`,
//! `{*rest}`, as in axum's router. A rule that asks for something and ends with `{*rest}` is for the path in front of
//! it as well (`/files` with `/files/{*rest}`), if no rule is for that path itself.

mod authorization_details;
mod path;
mod requirement;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::config::{AmbiguousPaths, Config, ConfigError, Unmatched};

use path::Clarity;
use table::{Found, Table};

pub use authorization_details::{
    AuthorizationDetail, AuthorizationDetails, DetailType, MalformedAuthorizationDetails,
};
pub use requirement::{MissingScope, PolicyError, Requirement, StepUp};
pub(crate) use requirement::{Rule, TokenView};

/// The rules of a configuration, compiled.
#[derive(Debug)]
pub(crate) struct Rules {
    /// In the order of the configuration.
    rules: Box<[Arc<Rule>]>,
    table: Table,
    unmatched: Unmatched,
    ambiguous: AmbiguousPaths,
}

/// What a request's method and path lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection<'a> {
    /// A good token, and what this rule asks for.
    Rule(&'a Arc<Rule>),
    /// No token is needed.
    Public(&'a Arc<Rule>),
    /// No rule matches.
    Unmatched(Unmatched),
    /// Path or method are not clear enough to say: 400.
    Ambiguous,
}

impl Rules {
    /// Compiles the rules of a configuration that is [valid](Config::validate) otherwise.
    ///
    /// # Errors
    /// A path that no rule can have, or two rules that are equally specific.
    pub(crate) fn compile(config: &Config) -> Result<Self, ConfigError> {
        let mut table = Table::default();
        for (place, rule) in config.rules.iter().enumerate() {
            table.insert(place, rule, config.ambiguous_paths)?;
        }
        Ok(Self {
            rules: config
                .rules
                .iter()
                .map(|rule| Arc::new(Rule::new(rule, config)))
                .collect(),
            table,
            unmatched: config.effective_unmatched(),
            ambiguous: config.ambiguous_paths,
        })
    }

    /// The rule for a request. `raw_path` is the path as received, undecoded and without the query.
    ///
    /// Nothing is allocated. Without rules the path is not looked at.
    pub(crate) fn select(&self, method: &str, raw_path: &str) -> Selection<'_> {
        let unmatched = Selection::Unmatched(self.unmatched);
        if self.rules.is_empty() {
            return unmatched;
        }
        let path = match raw_path {
            // RFC 3986 §6.2.3.
            "" => "/",
            // RFC 9112 §3.2.4: the server as a whole, and no path of it.
            "*" => return unmatched,
            path => path,
        };
        let clarity = Clarity::of(path);
        match self.ambiguous {
            AmbiguousPaths::Refuse
                if clarity == Clarity::Ambiguous || self.table.is_misspelt(method) =>
            {
                return Selection::Ambiguous;
            }
            AmbiguousPaths::Allow if !path.starts_with('/') => return unmatched,
            AmbiguousPaths::Refuse | AmbiguousPaths::Allow => {}
        }
        let place = match self.table.find(method, path, clarity, self.ambiguous) {
            Found::Rule(place) => place,
            Found::None => return unmatched,
            Found::Ambiguous => return Selection::Ambiguous,
        };
        match self.rules.get(place) {
            Some(rule) if rule.is_public() => Selection::Public(rule),
            Some(rule) => Selection::Rule(rule),
            None => Selection::Unmatched(Unmatched::Deny),
        }
    }
}
