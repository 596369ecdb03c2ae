//! `rules`: their values. That no two are equally specific is the rule matcher's to check.

use super::values;
use crate::config::{Config, ConfigError, Rule};

/// Methods are case-sensitive (RFC 9110 §9.1): a rule for `post` would never match, and never ask for its scopes.
const USUAL_METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    for (i, rule) in config.rules.iter().enumerate() {
        one(&format!("rules[{i}]"), rule, config)?;
    }
    Ok(())
}

fn one(at: &str, rule: &Rule, config: &Config) -> Result<(), ConfigError> {
    values::path(&format!("{at}.path"), &rule.path)?;
    if let Some(names) = &rule.methods {
        methods(&format!("{at}.methods"), names)?;
    }
    values::list_values(&format!("{at}.scopes"), &rule.scopes)?;
    values::list_values(&format!("{at}.acr_values"), &rule.acr_values)?;
    if let Some(details) = &rule.authorization_details {
        let path = format!("{at}.authorization_details.types");
        values::non_empty_list(&path, &details.types)?;
    }
    if let Some(issuers) = &rule.issuers {
        known_issuers(&format!("{at}.issuers"), issuers, config)?;
    }
    if rule.public && asks_for_something(rule) {
        let problem = "a public rule is served without a token and cannot ask for anything";
        return Err(ConfigError::invalid(format!("{at}.public"), problem));
    }
    Ok(())
}

fn asks_for_something(rule: &Rule) -> bool {
    !rule.scopes.is_empty()
        || !rule.acr_values.is_empty()
        || rule.authorization_details.is_some()
        || rule.max_age_seconds.is_some()
        || rule.issuers.is_some()
}

fn methods(at: &str, names: &[String]) -> Result<(), ConfigError> {
    values::non_empty_list(at, names)?;
    for (i, name) in names.iter().enumerate() {
        let path = format!("{at}[{i}]");
        if !values::is_token(name) {
            let problem = "must be a method name (a token of RFC 9110 §5.6.2)";
            return Err(ConfigError::invalid(path, problem));
        }
        let usual = USUAL_METHODS.iter().find(|m| m.eq_ignore_ascii_case(name));
        if let Some(usual) = usual.filter(|usual| *usual != name) {
            let problem = format!("must be {usual}: methods are case-sensitive");
            return Err(ConfigError::invalid(path, problem));
        }
    }
    Ok(())
}

fn known_issuers(at: &str, issuers: &[String], config: &Config) -> Result<(), ConfigError> {
    values::non_empty_list(at, issuers)?;
    let known = |name: &String| config.issuers.iter().any(|known| known.issuer == *name);
    match issuers.iter().position(|name| !known(name)) {
        Some(i) => Err(ConfigError::invalid(
            format!("{at}[{i}]"),
            "must be one of the document's `issuers`",
        )),
        None => Ok(()),
    }
}
