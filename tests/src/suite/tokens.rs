//! Token responses, and what has to be right in them.

use serde_json::Value;

use super::authorize::AuthorizationRequest;
use super::entropy::assert_unguessable;
use super::party::Party;
use super::post::Post;
use super::reply::Reply;
use super::variant::Profile;

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access_token: String,
    pub token_type: String,
    pub refresh_token: Option<String>,
    pub id_token: Option<String>,
    pub authorization_details: Option<Value>,
}

impl Post<'_> {
    /// Sends it, and looks at the answer, which has to be one of success.
    pub async fn tokens(self) -> Tokens {
        let profile = self.party().variant.profile;
        let reply = self.send().await;
        Tokens::of(&reply, profile)
    }
}

impl Tokens {
    /// Reads an answer of success.
    pub fn of(reply: &Reply, profile: Profile) -> Self {
        let body = reply.success(200);
        let cache_control = reply.header("cache-control").unwrap_or_default();
        assert!(cache_control.contains("no-store"), "{reply:?}");
        let text = |name: &str| {
            let value = body.get(name)?;
            Some(value.as_str().expect("a text").to_owned())
        };
        let tokens = Self {
            access_token: text("access_token").expect("an access token"),
            token_type: text("token_type").expect("a type"),
            refresh_token: text("refresh_token"),
            id_token: text("id_token"),
            authorization_details: body.get("authorization_details").cloned(),
        };
        assert_unguessable("access_token", &tokens.access_token);
        if let Some(token) = &tokens.refresh_token {
            assert_unguessable("refresh_token", token);
            assert_ne!(profile, Profile::ClientCredentials);
        }
        let has_user = profile == Profile::OpenIdConnect;
        assert!(has_user || tokens.id_token.is_none(), "{reply:?}");
        let expires_in = body.get("expires_in").and_then(Value::as_i64);
        let expires_in = expires_in.expect("a lifetime");
        assert!((1..=365 * 24 * 3600).contains(&expires_in), "{expires_in}");
        tokens
    }
}

impl Party {
    /// Redeems a code, and looks at everything that comes of it.
    pub async fn redeemed(&self, request: &AuthorizationRequest, code: &str) -> Tokens {
        let tokens = self.redeem(request, code).tokens().await;
        let expected = if self.variant.is_dpop() {
            "DPoP"
        } else {
            "Bearer"
        };
        assert_eq!(tokens.token_type, expected);
        if self.variant.is_openid() {
            self.id_token(&tokens, request);
        }
        tokens
    }
}
