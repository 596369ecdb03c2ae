//! The user's browser: follows redirects, keeps cookies, fills in forms.

use std::sync::{Arc, Mutex};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{RequestBuilder, Response, Url};

use super::document::{PASSWORD, USERNAME};
use crate::form::Form;

/// Clones are the same browser.
#[derive(Clone)]
pub struct UserAgent {
    http: reqwest::Client,
    cookies: Arc<Mutex<Vec<Cookie>>>,
}

struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

/// What the user says when asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Deny,
}

/// Where redirects end.
#[derive(Debug)]
pub enum Landing {
    Page(Page),
    /// Back at the client.
    Callback(Url),
}

#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub body: String,
}

/// The host of all clients. Nobody is there.
const CLIENT: &str = "suite.example.com";

const MOST_STEPS: usize = 10;

impl UserAgent {
    pub fn new(http: reqwest::Client) -> Self {
        Self {
            http,
            cookies: Arc::default(),
        }
    }

    /// Opens a URL, logs in if there is the form for it, decides if there is the question, and so on until there is
    /// neither.
    pub async fn walk(&self, url: &Url, decision: Decision) -> Landing {
        let mut landing = self.open(url).await;
        for _ in 0..MOST_STEPS {
            let Landing::Page(page) = &landing else {
                break;
            };
            let Some(form) = Form::of(&page.body) else {
                break;
            };
            assert_eq!(page.status, 200, "{page:?}");
            let fields = if form.has_button("login") {
                let fields = [("username", USERNAME), ("password", PASSWORD)];
                form.pressed("login", &fields)
            } else {
                let button = match decision {
                    Decision::Approve => "approve",
                    Decision::Deny => "deny",
                };
                form.pressed(button, &[])
            };
            let target = page.url.join(&form.action).expect("a URL");
            let request = self.http.post(target.clone()).form(&fields);
            landing = self.follow(target, request).await;
        }
        landing
    }

    /// Opens a URL, and follows redirects.
    pub(super) async fn open(&self, url: &Url) -> Landing {
        self.follow(url.clone(), self.http.get(url.clone())).await
    }

    async fn follow(&self, mut url: Url, mut request: RequestBuilder) -> Landing {
        for _ in 0..MOST_STEPS {
            let request_with_cookies = request.header(COOKIE, self.cookie_header(&url));
            let response = request_with_cookies.send().await.expect("an answer");
            self.keep_cookies(&url, &response);
            let status = response.status().as_u16();
            let Some(location) = response.headers().get(LOCATION) else {
                let body = response.text().await.expect("a page");
                return Landing::Page(Page { url, status, body });
            };
            // FAPI 2.0 Security Profile §5.3.2.2: never 307; 303 does not repeat a form.
            assert_eq!(status, 303, "{url}");
            url = url.join(location.to_str().expect("ASCII")).expect("a URL");
            if url.host_str() == Some(CLIENT) {
                return Landing::Callback(url);
            }
            request = self.http.get(url.clone());
        }
        panic!("no end of redirects at {url}");
    }

    fn cookie_header(&self, url: &Url) -> String {
        let cookies = self.cookies.lock().unwrap();
        let pairs: Vec<_> = cookies
            .iter()
            .filter(|cookie| cookie.goes_to(url))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        pairs.join("; ")
    }

    fn keep_cookies(&self, url: &Url, response: &Response) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in response.headers().get_all(SET_COOKIE) {
            let mut parts = line.to_str().expect("ASCII").split("; ");
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a pair");
            let attributes: Vec<_> = parts.collect();
            for needed in ["Secure", "HttpOnly"] {
                assert!(attributes.contains(&needed), "{line:?}");
            }
            let path = attributes
                .iter()
                .find_map(|attribute| attribute.strip_prefix("Path="));
            let cookie = Cookie {
                host: url.host_str().expect("a host").to_owned(),
                path: path.unwrap_or("/").to_owned(),
                name: name.to_owned(),
                value: value.to_owned(),
            };
            cookies.retain(|other| !other.is_replaced_by(&cookie));
            if !attributes.contains(&"Max-Age=0") {
                cookies.push(cookie);
            }
        }
    }
}

impl Cookie {
    fn goes_to(&self, url: &Url) -> bool {
        url.host_str() == Some(&self.host) && url.path().starts_with(&self.path)
    }

    fn is_replaced_by(&self, other: &Self) -> bool {
        (&self.host, &self.path, &self.name) == (&other.host, &other.path, &other.name)
    }
}

impl Landing {
    /// The URL of the client, with the answer in it.
    pub fn callback(&self) -> &Url {
        match self {
            Self::Callback(url) => url,
            Self::Page(page) => panic!("not back at the client: {page:?}"),
        }
    }

    /// That it is the page for the user's name and password.
    pub fn login_page(&self) {
        let Self::Page(page) = self else {
            panic!("{self:?}");
        };
        let form = Form::of(&page.body).expect("a form");
        assert!(form.has_button("login"), "{page:?}");
    }

    /// That it is the error page, in the place of the authorization endpoint.
    pub fn error_page(&self) {
        match self {
            Self::Page(page) => {
                assert!(page.url.path().ends_with("/authorize"), "{page:?}");
                assert_eq!(page.status, 400, "{page:?}");
                assert!(page.body.contains(r#"id="fapi-error""#), "{page:?}");
            }
            Self::Callback(url) => panic!("sent to {url}"),
        }
    }
}
