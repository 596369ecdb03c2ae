//! The built-in pages and users.

mod consent;
mod details;
mod error;
mod html;
mod login;
mod throttle;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use fapi_core::config::ConfigError;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use self::throttle::Throttle;
use super::user::{MAX_PASSWORD, hash_as_costly, verify};
use super::{
    Authentication, BoxFuture, ConsentView, Credentials, ErrorView, Interaction,
    InteractionUnavailable, LoginView, User,
};

/// How many passwords are checked at a time: each takes the memory that its hash says, 19 MiB as a rule.
const AT_A_TIME: usize = 2;

/// Plain HTML pages, and the users of the configuration.
///
/// Passwords are checked on threads of their own, two at a time. After five wrong ones for a name, right ones are refused
/// too for half a minute.
pub struct Pages {
    by_name: HashMap<Box<str>, Arc<User>>,
    by_sub: HashMap<Box<str>, Arc<User>>,
    /// What the password of nobody is checked against, so that it takes as long as that of the user whose hash costs most.
    nobody: Arc<str>,
    throttle: Throttle,
    places: Semaphore,
}

impl Pages {
    /// Pages for these users.
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path of its field.
    pub fn new(users: &[User]) -> Result<Self, ConfigError> {
        let mut by_name = HashMap::new();
        let mut by_sub = HashMap::new();
        for (place, user) in users.iter().enumerate() {
            let at = format!("users[{place}]");
            user.check(&at)?;
            let twice =
                |field: &str| ConfigError::invalid(format!("{at}.{field}"), "stands here twice");
            let user = Arc::new(user.clone());
            let name = user.username.as_str().into();
            if by_name.insert(name, Arc::clone(&user)).is_some() {
                return Err(twice("username"));
            }
            let sub = user.sub.as_str().into();
            if by_sub.insert(sub, user).is_some() {
                return Err(twice("sub"));
            }
        }
        let nobody = hash_as_costly("the password of nobody", users)
            .map_err(|error| ConfigError::invalid("users", error.to_string()))?;
        Ok(Self {
            by_name,
            by_sub,
            nobody: nobody.into(),
            throttle: Throttle::default(),
            places: Semaphore::new(AT_A_TIME),
        })
    }

    async fn check(
        &self,
        credentials: &Credentials,
    ) -> Result<Option<Authentication>, InteractionUnavailable> {
        let name = credentials.username.as_str();
        let _turn = self.throttle.turn(name).await;
        if credentials.password.len() > MAX_PASSWORD || !self.throttle.lets(name, credentials.now) {
            return Ok(None);
        }
        let user = self.by_name.get(name);
        let hash = user.map_or_else(
            || Arc::clone(&self.nobody),
            |user| user.password_hash.as_str().into(),
        );
        let password = credentials.password.clone();
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|_| InteractionUnavailable)?;
        let is_right = tokio::task::spawn_blocking(move || verify(&password, &hash))
            .await
            .map_err(|_| InteractionUnavailable)?;
        let Some(user) = user.filter(|_| is_right) else {
            self.throttle.failed(name, credentials.now);
            return Ok(None);
        };
        self.throttle.succeeded(name);
        let mut authentication = Authentication::new(user.sub.as_str());
        authentication.acr = user.acr.clone();
        Ok(Some(authentication))
    }
}

impl Interaction for Pages {
    fn login_page(&self, view: &LoginView<'_>) -> String {
        login::page(view)
    }

    fn consent_page(&self, view: &ConsentView<'_>) -> String {
        consent::page(view)
    }

    fn error_page(&self, view: &ErrorView<'_>) -> String {
        error::page(view)
    }

    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Option<Authentication>, InteractionUnavailable>> {
        Box::pin(self.check(credentials))
    }

    fn claims<'a>(
        &'a self,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<Map<String, Value>>, InteractionUnavailable>> {
        let user = self.by_sub.get(subject);
        let claims = user.map(|user| user.claims.clone());
        Box::pin(std::future::ready(Ok(claims)))
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("users", &self.by_name.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use fapi_core::UnixTime;

    use super::super::hash_password;
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn pages() -> Pages {
        let user = User::new("alice", hash_password("wonderland").unwrap(), "user-1").acr("silver");
        Pages::new(&[user.claim("name", "Alice")]).unwrap()
    }

    async fn log_in(
        pages: &Pages,
        name: &str,
        password: &str,
        now: UnixTime,
    ) -> Option<Authentication> {
        let credentials = Credentials::new(name, password, now);
        pages.authenticate(&credentials).await.unwrap()
    }

    #[tokio::test]
    async fn the_right_password_of_the_right_user() {
        let pages = pages();
        let alice = log_in(&pages, "alice", "wonderland", NOW).await.unwrap();
        assert_eq!(alice, Authentication::new("user-1").acr("silver"));
        for (name, password) in [
            ("alice", "Wonderland"),
            ("Alice", "wonderland"),
            ("alice", ""),
            ("", ""),
            ("bob", "wonderland"),
        ] {
            assert_eq!(log_in(&pages, name, password, NOW).await, None, "{name}");
        }
        let claims = pages.claims("user-1").await.unwrap().unwrap();
        assert_eq!(claims["name"], "Alice");
        assert_eq!(pages.claims("alice").await, Ok(None));
    }

    #[tokio::test]
    async fn after_five_wrong_passwords_the_right_one_waits() {
        let pages = pages();
        for _ in 0..5 {
            assert_eq!(log_in(&pages, "alice", "x", NOW).await, None);
        }
        assert_eq!(
            log_in(&pages, "alice", "wonderland", NOW.plus(29)).await,
            None
        );
        assert!(
            log_in(&pages, "alice", "wonderland", NOW.plus(30))
                .await
                .is_some()
        );
        assert_eq!(log_in(&pages, "alice", "x", NOW.plus(30)).await, None);
        assert!(
            log_in(&pages, "alice", "wonderland", NOW.plus(30))
                .await
                .is_some()
        );
    }

    #[tokio::test]
    async fn of_many_tries_at_once_a_few_are_let_through() {
        let pages = pages();
        let credentials = |password: &str| Credentials::new("alice", password, NOW);
        let (wrong, right) = (credentials("x"), credentials("wonderland"));
        let wrong = || pages.authenticate(&wrong);
        // Each begins before any has ended.
        let (a, b, c, d, e, sixth) = tokio::join!(
            wrong(),
            wrong(),
            wrong(),
            wrong(),
            wrong(),
            pages.authenticate(&right)
        );
        for outcome in [a, b, c, d, e, sixth] {
            assert_eq!(outcome, Ok(None));
        }
    }

    #[test]
    fn nobody_stands_there_twice() {
        let hash = hash_password("p").unwrap();
        let alice = User::new("alice", &hash, "user-1");
        for (other, path) in [
            (User::new("alice", &hash, "user-2"), "users[1].username"),
            (User::new("bob", &hash, "user-1"), "users[1].sub"),
        ] {
            let error = Pages::new(&[alice.clone(), other]).unwrap_err();
            assert_eq!(error.path(), path);
        }
    }
}
