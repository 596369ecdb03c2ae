//! Users of the configuration.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use fapi_core::config::ConfigError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Somebody who may log in at the built-in pages.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct User {
    /// The name to log in with, compared exactly.
    pub username: String,
    /// The password's Argon2id hash in PHC format, `$argon2id$v=19$…`, as [`hash_password`] and `fapi-issuer hash-password`
    /// make it.
    pub password_hash: String,
    /// The user's identifier in tokens: printable ASCII, at most 255 characters, the same for ever.
    pub sub: String,
    /// What a login with this password is worth (`acr`, OpenID Connect Core §2). Default: nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// What clients may be told, by the names of OpenID Connect Core §5.1. Default: nothing.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
}

impl User {
    /// A user with this name, password hash and identifier.
    #[must_use]
    pub fn new(
        username: impl Into<String>,
        password_hash: impl Into<String>,
        sub: impl Into<String>,
    ) -> Self {
        Self {
            username: username.into(),
            password_hash: password_hash.into(),
            sub: sub.into(),
            acr: None,
            claims: Map::new(),
        }
    }

    /// What a login is worth.
    #[must_use]
    pub fn acr(mut self, acr: impl Into<String>) -> Self {
        self.acr = Some(acr.into());
        self
    }

    /// Something that clients may be told.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Whether it can be a user at all, at this place of the document.
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        let wrong = |field: &str, problem: &str| {
            Err(ConfigError::invalid(format!("{at}.{field}"), problem))
        };
        if self.username.is_empty() {
            return wrong("username", "must not be empty");
        }
        let is_printable = self.sub.bytes().all(|b| matches!(b, 0x21..=0x7e));
        if self.sub.is_empty() || self.sub.len() > 255 || !is_printable {
            return wrong("sub", "must be 1 to 255 printable ASCII characters");
        }
        if !is_argon2id(&self.password_hash) {
            return wrong(
                "password_hash",
                "must be an Argon2id hash in PHC format, of at most 1 GiB and 16 passes",
            );
        }
        Ok(())
    }
}

impl fmt::Debug for User {
    /// Without hash and claims.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("username", &self.username)
            .field("sub", &self.sub)
            .finish_non_exhaustive()
    }
}

/// Whether a text is a hash that a login can be checked against in a reasonable time.
fn is_argon2id(text: &str) -> bool {
    let Ok(hash) = PasswordHash::new(text) else {
        return false;
    };
    // What Argon2 cannot do with these numbers is found out here.
    Params::try_from(&hash).is_ok_and(|params| {
        hash.algorithm.as_str() == "argon2id"
            && hash.hash.is_some()
            && params.m_cost() <= 1024 * 1024
            && params.t_cost() <= 16
            && params.p_cost() <= 64
    })
}

/// Whether the password is the one that was hashed. It takes tens of milliseconds and megabytes: that is its purpose.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// The hash of a password that takes as long to verify as the one of these users that takes longest.
pub(super) fn hash_as_costly(password: &str, users: &[User]) -> Result<String, InvalidPassword> {
    let params = users.iter().filter_map(|user| {
        let hash = PasswordHash::new(&user.password_hash).ok()?;
        Params::try_from(&hash).ok()
    });
    let cost = |params: &Params| u64::from(params.m_cost()).saturating_mul(params.t_cost().into());
    hash_with(params.max_by_key(cost).unwrap_or_default(), password)
}

/// A password that cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPassword;

impl fmt::Display for InvalidPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password is empty, or longer than 1024 bytes, or no salt could be made")
    }
}

impl std::error::Error for InvalidPassword {}

/// The longest password, in bytes.
pub(super) const MAX_PASSWORD: usize = 1024;

/// The Argon2id hash of a password with a new salt, for [`User::password_hash`]: 19 MiB and two passes, as the OWASP
/// Password Storage Cheat Sheet has it.
///
/// # Errors
///
/// [`InvalidPassword`]: it is empty or longer than 1024 bytes, or the system has no randomness.
pub fn hash_password(password: &str) -> Result<String, InvalidPassword> {
    hash_with(Params::default(), password)
}

fn hash_with(params: Params, password: &str) -> Result<String, InvalidPassword> {
    if password.is_empty() || password.len() > MAX_PASSWORD {
        return Err(InvalidPassword);
    }
    let salt: [u8; 16] = fapi_crypto::random_bytes().map_err(|_| InvalidPassword)?;
    let hash = Argon2::from(params).hash_password_with_salt(password.as_bytes(), &salt);
    Ok(hash.map_err(|_| InvalidPassword)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_alone() {
        let hash = hash_password("wonderland").unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_ne!(hash, hash_password("wonderland").unwrap());
        assert!(verify("wonderland", &hash));
        assert!(!verify("wonderland ", &hash) && !verify("", &hash) && !verify("x", "no hash"));
        for wrong in ["", &"x".repeat(1025)] {
            assert_eq!(hash_password(wrong), Err(InvalidPassword));
        }
    }

    #[test]
    fn a_user_that_cannot_be_one_is_named() {
        let hash = hash_password("p").unwrap();
        let good = User::new("alice", &hash, "user-1");
        good.check("users[0]").unwrap();
        for (user, field) in [
            (User::new("", &hash, "user-1"), "username"),
            (User::new("alice", &hash, ""), "sub"),
            (User::new("alice", &hash, "user 1"), "sub"),
            (User::new("alice", &hash, "u".repeat(256)), "sub"),
            (User::new("alice", "secret", "user-1"), "password_hash"),
            (
                User::new("alice", hash.replace("argon2id", "argon2d"), "user-1"),
                "password_hash",
            ),
            (
                User::new("alice", hash.replace("t=2", "t=9999"), "user-1"),
                "password_hash",
            ),
            (
                User::new(
                    "alice",
                    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
                    "user-1",
                ),
                "password_hash",
            ),
        ] {
            let error = user.check("users[0]").unwrap_err();
            assert_eq!(error.path(), format!("users[0].{field}"));
        }
        assert!(!format!("{good:?}").contains("argon2"));
    }
}
