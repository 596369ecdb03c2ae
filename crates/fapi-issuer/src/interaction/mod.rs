//! How users log in and consent: what an application that embeds the server can do in its own way.

mod pages;
mod response;
mod user;
mod view;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use fapi_core::UnixTime;
use serde_json::{Map, Value};

pub use pages::Pages;
pub(crate) use response::page;
pub use user::{InvalidPassword, User, hash_password};
pub use view::{ConsentView, ErrorView, LoginOutcome, LoginView};

/// An answer that may have to be waited for.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who may log in, and what the pages look like.
///
/// The server decides when somebody has to log in or to consent, keeps sessions, checks that forms are its own and in the
/// browser that they were made for, and writes the responses' headers: no script runs on the pages, and nothing is loaded
/// but the style that stands in them. An implementation decides who is who, and writes the HTML.
///
/// [`Pages`] is the built-in one.
pub trait Interaction: Send + Sync {
    /// The page with the login form, as an HTML document. The form posts to `view.action` the fields `interaction`,
    /// `csrf`, `username` and `password`.
    fn login_page(&self, view: &LoginView<'_>) -> String;

    /// The page on which a user decides, as an HTML document. The form posts to `view.action` the fields `interaction`,
    /// `csrf` and `decision`, which is `approve` or `deny`. FAPI 2.0 Security Profile §5.3.2.2: the user has to see enough
    /// to know what is agreed to.
    fn consent_page(&self, view: &ConsentView<'_>) -> String;

    /// The page that says what went wrong, where no client can be told.
    fn error_page(&self, view: &ErrorView<'_>) -> String;

    /// Finds out who has sent the login form: `None` if name and password do not belong together.
    ///
    /// A wrong answer gives an account away. The time until the answer should not tell whether there is a user of this
    /// name.
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Option<Authentication>, InteractionUnavailable>>;

    /// What is known of a user, by the names of OpenID Connect Core §5.1, without `sub`. `None`: there is no such user
    /// any more.
    fn claims<'a>(
        &'a self,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<Map<String, Value>>, InteractionUnavailable>>;
}

/// What somebody has put into the login form.
#[non_exhaustive]
pub struct Credentials {
    /// The name, as it was typed.
    pub username: String,
    /// The password.
    pub password: String,
    /// The time.
    pub now: UnixTime,
}

impl Credentials {
    /// What was typed, and when.
    #[must_use]
    pub fn new(username: impl Into<String>, password: impl Into<String>, now: UnixTime) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            now,
        }
    }
}

impl fmt::Debug for Credentials {
    /// Shows neither: people type their password into the wrong field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A user who has shown to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authentication {
    /// The user's identifier, `sub`: at most 255 ASCII characters, the same for ever, and no client's.
    pub subject: String,
    /// How strong the authentication was (`acr`, OpenID Connect Core §2).
    pub acr: Option<String>,
    /// By what means (`amr`, RFC 8176).
    pub amr: Vec<String>,
}

impl Authentication {
    /// This user, by a password.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            acr: None,
            amr: vec!["pwd".to_owned()],
        }
    }

    /// How strong the authentication was.
    #[must_use]
    pub fn acr(mut self, acr: impl Into<String>) -> Self {
        self.acr = Some(acr.into());
        self
    }

    /// By what means.
    #[must_use]
    pub fn amr(mut self, amr: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.amr = amr.into_iter().map(Into::into).collect();
        self
    }
}

/// Whoever knows the users does not answer. The browser gets 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InteractionUnavailable;

impl fmt::Display for InteractionUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the users cannot be asked about")
    }
}

impl std::error::Error for InteractionUnavailable {}
