//! Pushed authorization requests (RFC 9126).

use super::authorize::AuthorizationRequest;
use super::document::ISSUER;
use super::entropy::assert_unguessable;
use super::jwt::Jwt;
use super::party::{Number, Party};
use super::post::{Certificate, Post};
use super::reply::Reply;

/// A request to the PAR endpoint in the making.
pub struct Push<'a> {
    party: &'a Party,
    post: Post<'a>,
    request: AuthorizationRequest,
    /// The request object of a client that signs its requests.
    object: Option<Jwt>,
}

/// What the server made of it.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub request_uri: String,
    /// Seconds.
    pub expires_in: i64,
}

impl Party {
    /// This request, signed if the client does so.
    pub fn push<'a>(&'a self, request: &AuthorizationRequest) -> Push<'a> {
        let certificate = if self.variant.authenticates_by_certificate() {
            Certificate::Shown
        } else {
            Certificate::NotAsked
        };
        Push {
            party: self,
            post: Post::new(self, "pushed_authorization_request_endpoint", certificate),
            request: request.clone(),
            object: self.variant.is_signed().then(|| self.object(request)),
        }
    }

    fn object(&self, request: &AuthorizationRequest) -> Jwt {
        let now = self.world.clock.now();
        let mut object = Jwt::new(&self.key)
            .claim("iss", &*self.id)
            .claim("aud", ISSUER)
            .claim("nbf", now.as_secs())
            .claim("exp", now.plus(300).as_secs());
        if self.number == Number::Second {
            object = object
                .claim("iat", now.as_secs())
                .header("typ", "OautH-auThZ-REQ+jWt");
        }
        for (name, value) in &request.parameters {
            object = object.claim(name, value.clone());
        }
        object
    }
}

impl<'a> Push<'a> {
    /// Changes the request object, which has to be there.
    #[must_use]
    pub fn object(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        let object = self.object.take().expect("a client that signs");
        self.object = Some(change(object));
        self
    }

    /// Sends the parameters in the form, even if the client has to sign them.
    #[must_use]
    pub fn without_object(self) -> Self {
        Self {
            object: None,
            ..self
        }
    }

    /// Changes what is not about the authorization request.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(Post<'a>) -> Post<'a>) -> Self {
        self.post = change(self.post);
        self
    }

    pub async fn send(self) -> Reply {
        self.filled_in().send().await
    }

    /// Sends it as it is, even if a nonce is asked for.
    pub async fn send_once(self) -> Reply {
        self.filled_in().send_once().await
    }

    fn filled_in(self) -> Post<'a> {
        let by_certificate = self.party.variant.authenticates_by_certificate();
        let mut post = self.post;
        match self.object {
            Some(object) => {
                post = post.another_field("request", object.build());
                if by_certificate {
                    post = post.another_field("client_id", &*self.party.id);
                }
            }
            None => {
                for (name, value) in self.request.form() {
                    post = post.another_field(&name, value);
                }
            }
        }
        post
    }

    /// Sends it, and looks at the answer, which has to be one of success.
    pub async fn done(self) -> Pushed {
        Pushed::of(&self.send().await)
    }
}

impl Pushed {
    fn of(reply: &Reply) -> Self {
        let body = reply.success(201);
        let request_uri = body["request_uri"].as_str().expect("a text");
        assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:"));
        request_uri.parse::<reqwest::Url>().expect("a URI");
        assert_unguessable("request_uri", request_uri);
        let expires_in = body["expires_in"].as_i64().expect("a number");
        assert!((5..600).contains(&expires_in), "{expires_in}");
        // The runner of the conformance suite waits for its end, and gives up after 240 seconds.
        assert!(expires_in <= 90, "{expires_in}");
        Self {
            request_uri: request_uri.to_owned(),
            expires_in,
        }
    }
}
