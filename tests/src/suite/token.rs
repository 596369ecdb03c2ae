//! Requests to the token endpoint.

use super::authorize::AuthorizationRequest;
use super::party::Party;
use super::post::{Certificate, Post};

impl Party {
    /// Asks for the tokens that a code stands for.
    pub fn redeem(&self, request: &AuthorizationRequest, code: &str) -> Post<'_> {
        self.grant("authorization_code")
            .field("code", code)
            .field(
                "redirect_uri",
                request.get("redirect_uri").unwrap_or(&self.redirect_uri),
            )
            .field("code_verifier", &*request.verifier)
    }

    /// Asks for a new access token. Whoever asks for a nonce then gets the same assertion again.
    pub fn refresh(&self, refresh_token: &str) -> Post<'_> {
        self.grant("refresh_token")
            .field("refresh_token", refresh_token)
            .with_one_assertion()
    }

    /// Asks for a token of the client's own.
    pub fn client_credentials(&self) -> Post<'_> {
        self.grant("client_credentials")
            .field("scope", &*self.scope)
    }

    /// A request with what the client authenticates with and binds its token to.
    fn grant(&self, grant_type: &str) -> Post<'_> {
        let certificate = if self.variant.shows_certificate_for_tokens() {
            Certificate::Shown
        } else {
            Certificate::NotAsked
        };
        let mut post =
            Post::new(self, "token_endpoint", certificate).field("grant_type", grant_type);
        if self.variant.authenticates_by_certificate() {
            post = post.field("client_id", &*self.id);
        }
        if self.variant.is_dpop() {
            post = post.with_proof();
        }
        post
    }
}
