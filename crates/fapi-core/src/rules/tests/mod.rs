//! Tests of the rules as a whole.

mod details;
mod properties;
mod requirements;
mod selection;

use super::{Rules, Selection};
use crate::config::{AmbiguousPaths, Config, ConfigError, Rule, Unmatched};

pub(super) fn config(rules: impl IntoIterator<Item = Rule>) -> Config {
    let mut config = Config::builder("https://api.example.com")
        .issuer("https://as.example.com")
        .issuer("https://other.example.com")
        .build()
        .unwrap();
    config.rules = rules.into_iter().collect();
    config
}

pub(super) fn compile(rules: impl IntoIterator<Item = Rule>) -> Result<Rules, ConfigError> {
    let config = config(rules);
    config.validate()?;
    Rules::compile(&config)
}

pub(super) fn compile_allowing(rules: impl IntoIterator<Item = Rule>) -> Rules {
    let mut config = config(rules);
    config.ambiguous_paths = AmbiguousPaths::Allow;
    config.validate().unwrap();
    Rules::compile(&config).unwrap()
}

/// The path of the rule, `-` for none, `!` for ambiguous.
pub(super) fn selected<'a>(rules: &'a Rules, method: &str, path: &str) -> &'a str {
    match rules.select(method, path) {
        Selection::Rule(rule) => {
            assert!(!rule.is_public());
            rule.path()
        }
        Selection::Public(rule) => {
            assert!(rule.is_public());
            rule.path()
        }
        Selection::Unmatched(Unmatched::Deny) => "-",
        Selection::Unmatched(Unmatched::Authenticated) => panic!("unmatched is deny with rules"),
        Selection::Ambiguous => "!",
    }
}
