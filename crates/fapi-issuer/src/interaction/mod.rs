//! stub
use axum::body::Body;
use fapi_core::UnixTime;
use fapi_core::config::ConfigError;
use fapi_core::dpop::Origin;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::future::Future;
use std::pin::Pin;
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub struct InteractionUnavailable;
pub trait Interaction: Send + Sync {
    fn login_page(&self, view: &LoginView<'_>) -> String;
    fn consent_page(&self, view: &ConsentView<'_>) -> String;
    fn error_page(&self, view: &ErrorView<'_>) -> String;
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Option<Authentication>, InteractionUnavailable>>;
    fn claims<'a>(
        &'a self,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<Map<String, Value>>, InteractionUnavailable>>;
}
pub enum LoginOutcome {
    FirstTry,
    Wrong,
    TooMany,
}
pub struct LoginView<'a> {
    pub action: &'a str,
    pub interaction: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    pub login_hint: Option<&'a str>,
    pub outcome: LoginOutcome,
}
pub struct ConsentView<'a> {
    pub action: &'a str,
    pub interaction: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    pub client_uri: Option<&'a str>,
    pub policy_uri: Option<&'a str>,
    pub tos_uri: Option<&'a str>,
    pub user: &'a str,
    pub scopes: &'a [&'a str],
    pub claims: &'a [&'a str],
    pub resources: &'a [String],
    pub authorization_details: &'a [Value],
    pub redirect_host: &'a str,
}
pub struct ErrorView<'a> {
    pub error: &'a str,
    pub description: &'a str,
}
impl<'a> ErrorView<'a> {
    pub fn new(error: &'a str, description: &'a str) -> Self {
        Self { error, description }
    }
}
pub struct Authentication {
    pub subject: String,
    pub acr: Option<String>,
    pub amr: Vec<String>,
}
pub struct Credentials {
    pub username: String,
    pub password: String,
    pub now: UnixTime,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub username: String,
    pub password_hash: String,
    pub sub: String,
    pub acr: Option<String>,
    #[serde(default)]
    pub claims: Map<String, Value>,
}
impl User {
    pub fn new(u: &str, h: String, s: &str) -> Self {
        Self {
            username: u.into(),
            password_hash: h,
            sub: s.into(),
            acr: None,
            claims: Map::new(),
        }
    }
}
pub fn hash_password(p: &str) -> Result<String, ConfigError> {
    Ok(p.to_owned())
}
pub struct Pages(Vec<User>);
impl Pages {
    pub fn new(u: &[User]) -> Result<Self, ConfigError> {
        Ok(Self(u.to_vec()))
    }
}
impl Interaction for Pages {
    fn login_page(&self, v: &LoginView<'_>) -> String {
        format!(
            "<form action={}><input name=\"interaction\" value=\"{}\"><input name=\"csrf\" value=\"{}\">",
            v.action, v.interaction, v.csrf
        )
    }
    fn consent_page(&self, v: &ConsentView<'_>) -> String {
        format!(
            "<form action={}><input name=\"interaction\" value=\"{}\"><input name=\"csrf\" value=\"{}\">",
            v.action, v.interaction, v.csrf
        )
    }
    fn error_page(&self, v: &ErrorView<'_>) -> String {
        format!("<p id=fapi-error>{}{}", v.error, v.description)
    }
    fn authenticate<'a>(
        &'a self,
        c: &'a Credentials,
    ) -> BoxFuture<'a, Result<Option<Authentication>, InteractionUnavailable>> {
        Box::pin(async move {
            Ok(self
                .0
                .iter()
                .find(|u| u.username == c.username)
                .map(|u| Authentication {
                    subject: u.sub.clone(),
                    acr: u.acr.clone(),
                    amr: vec![],
                }))
        })
    }
    fn claims<'a>(
        &'a self,
        s: &'a str,
    ) -> BoxFuture<'a, Result<Option<Map<String, Value>>, InteractionUnavailable>> {
        Box::pin(async move { Ok(self.0.iter().find(|u| u.sub == s).map(|u| u.claims.clone())) })
    }
}
pub fn page(
    status: StatusCode,
    html: String,
    _to: Option<&Origin>,
    _issuer: &Origin,
) -> Response<Body> {
    let mut r = Response::new(Body::from(html));
    *r.status_mut() = status;
    r
}
