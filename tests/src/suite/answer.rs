//! Authorization responses, plain (RFC 6749 §4.1.2, RFC 9207) and signed (JARM).

use std::collections::BTreeMap;

use reqwest::Url;
use serde_json::Value;

use super::authorize::AuthorizationRequest;
use super::document::ISSUER;
use super::entropy::assert_unguessable;
use super::party::Party;
use super::reply::assert_printable;
use super::user_agent::Landing;

/// The parameters of a response that is as it should be.
#[derive(Clone, Debug)]
pub struct Answer(BTreeMap<String, String>);

/// In which form it may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    AsAsked,
    /// A plain one is right, too, where a signed one was asked for, and one without `state`.
    Either,
}

impl Party {
    /// Reads the answer to this request, with which the user has come back.
    pub fn answer(&self, landing: &Landing, request: &AuthorizationRequest) -> Answer {
        self.read(landing, request, Form::AsAsked)
    }

    /// The same for errors that a server may give without knowing of the request any more.
    pub fn plain_or_signed_answer(
        &self,
        landing: &Landing,
        request: &AuthorizationRequest,
    ) -> Answer {
        self.read(landing, request, Form::Either)
    }

    fn read(&self, landing: &Landing, request: &AuthorizationRequest, form: Form) -> Answer {
        let url = landing.callback();
        let expected: Url = request.get("redirect_uri").unwrap().parse().unwrap();
        assert_eq!(url.fragment(), None, "{url}");
        assert_eq!(url.path(), expected.path());
        assert_eq!(url.host_str(), expected.host_str());
        let mut parameters = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            let earlier = parameters.insert(name.into_owned(), value.into_owned());
            assert_eq!(earlier, None, "twice in {url}");
        }
        for (name, value) in expected.query_pairs() {
            let kept = parameters.remove(&*name);
            assert_eq!(kept.as_deref(), Some(&*value), "{url}");
        }
        let is_signed = match form {
            Form::AsAsked => self.variant.is_jarm(),
            Form::Either => parameters.contains_key("response"),
        };
        if is_signed {
            parameters = self.unsigned(&parameters);
        }
        let iss = parameters.remove("iss");
        assert_eq!(iss.as_deref(), Some(ISSUER), "{url}");
        let state = parameters.remove("state");
        if form == Form::AsAsked || state.is_some() {
            assert_eq!(state.as_deref(), request.get("state"), "{url}");
        }
        Answer(parameters)
    }

    /// What stands in the JWT (JARM §2.1), without what only belongs to that.
    fn unsigned(&self, parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let names: Vec<_> = parameters.keys().collect();
        assert_eq!(names, ["response"]);
        let verified = self.world.keys.verify(&parameters["response"]);
        let mut claims = verified.claims;
        assert_eq!(claims.remove("aud"), Some((*self.id).into()));
        let exp = claims.remove("exp").and_then(|exp| exp.as_i64());
        let lifetime = exp.expect("a time") - self.world.clock.now().as_secs();
        assert!((10..=600).contains(&lifetime), "{lifetime}");
        claims.remove("iat");
        claims
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                _ => panic!("{name} is {value}"),
            })
            .collect()
    }
}

impl Answer {
    /// The code, which has to be there, and nothing else.
    pub fn code(mut self) -> String {
        let code = self.0.remove("code");
        assert!(self.0.is_empty(), "{self:?}");
        let code = code.expect("a code");
        assert_unguessable("code", &code);
        code
    }

    /// That it is one of these errors.
    pub fn error(mut self, errors: &[&str]) {
        let error = self.0.remove("error");
        let error = error.unwrap_or_else(|| panic!("no error: {self:?}"));
        assert!(errors.contains(&&*error), "{error} is not among {errors:?}");
        assert_printable(&error);
        if let Some(description) = self.0.remove("error_description") {
            assert_printable(&description);
        }
        assert!(self.0.is_empty(), "{self:?}");
    }
}
