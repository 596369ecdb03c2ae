//! A client of an issuer, for the commands that try one out.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use fapi_core::jose::Algorithm;
use fapi_crypto::{KeyError, SigningKey, random_bytes};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// Who asks, and whom.
#[derive(Args)]
pub(crate) struct CallerArgs {
    /// The issuer identifier.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// The client identifier.
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// The client's private key (JWK).
    #[arg(long, value_name = "FILE")]
    client_key: PathBuf,
    /// The scope values to ask for. Default: all that the client may have.
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// A request to make a proof for, such as `GET https://api.example.com/accounts`.
    #[arg(long, value_name = "METHOD URL")]
    pub(crate) request: Option<String>,
}

/// A client that has found its issuer. Its DPoP key is new.
pub(crate) struct Caller {
    http: reqwest::Client,
    metadata: Map<String, Value>,
    pub(crate) client_id: String,
    key: SigningKey,
    holder: SigningKey,
}

impl Caller {
    pub(crate) async fn find(arguments: &CallerArgs) -> Result<Self, Failure> {
        let key = read_key(&arguments.client_key)?;
        let issuer = arguments.issuer.trim_end_matches('/');
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let place = format!("{issuer}/.well-known/openid-configuration");
        let metadata = read(http.get(&place).send().await?).await?;
        // OpenID Connect Discovery §4.3.
        if metadata.get("issuer").and_then(Value::as_str) != Some(arguments.issuer.as_str()) {
            return Err(Failure::Answer(format!(
                "{place} is not about {}",
                arguments.issuer
            )));
        }
        Ok(Self {
            http,
            metadata,
            client_id: arguments.client_id.clone(),
            key,
            holder: SigningKey::generate(Algorithm::Es256)?,
        })
    }

    /// A member of the metadata.
    pub(crate) fn place(&self, name: &str) -> Result<&str, Failure> {
        let place = self.metadata.get(name).and_then(Value::as_str);
        place.ok_or_else(|| Failure::Answer(format!("the metadata has no {name}")))
    }

    /// Posts a form in the client's name, with a proof of its DPoP key, and once more if it needs a nonce.
    pub(crate) async fn post(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Failure> {
        let url = self.place(endpoint)?;
        let mut nonce = None;
        loop {
            let assertion = self.assertion()?;
            let own = [
                ("client_id", self.client_id.as_str()),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", &assertion),
            ];
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(own).extend_pairs(fields);
            let response = self
                .http
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("dpop", self.proof("POST", url, None, nonce.as_deref())?)
                .body(form.finish())
                .send()
                .await?;
            let fresh = response.headers().get("dpop-nonce");
            let fresh = fresh
                .and_then(|nonce| nonce.to_str().ok())
                .map(str::to_owned);
            match (nonce, fresh, response.status().is_success()) {
                (None, Some(fresh), false) => nonce = Some(fresh),
                _ => return read(response).await,
            }
        }
    }

    /// RFC 7523 §3.
    fn assertion(&self) -> Result<String, Failure> {
        let now = now();
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.place("issuer")?,
            "jti": unique()?, "iat": now, "exp": now.saturating_add(60),
        });
        Ok(self.key.sign_jwt("JWT", &claims)?)
    }

    /// RFC 9449 §4.2.
    pub(crate) fn proof(
        &self,
        method: &str,
        url: &str,
        token: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<String, Failure> {
        let mut claims = json!({ "jti": unique()?, "htm": method, "htu": url, "iat": now() });
        if let Some(members) = claims.as_object_mut() {
            let hash = token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
            let further = [("ath", hash), ("nonce", nonce.map(str::to_owned))];
            let further = further
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)));
            members.extend(further.map(|(name, value)| (name.to_owned(), value.into())));
        }
        let header = json!({
            "typ": "dpop+jwt", "alg": self.holder.algorithm().name(),
            "jwk": self.holder.public_jwk_members(),
        });
        let claims = claims.to_string();
        Ok(self
            .holder
            .sign_compact(&header.to_string(), claims.as_bytes())?)
    }

    /// A command that makes a request with a token, once.
    pub(crate) fn curl(&self, request: &str, token: &str) -> Result<String, Failure> {
        let (method, url) = request.split_once(' ').unwrap_or(("GET", request));
        let proof = self.proof(method, url, Some(token), None)?;
        Ok(format!(
            "curl -i -X {method} -H 'Authorization: DPoP {token}' -H 'DPoP: {proof}' '{url}'"
        ))
    }
}

/// The members of a JSON answer that is no error.
async fn read(response: reqwest::Response) -> Result<Map<String, Value>, Failure> {
    let status = response.status();
    let text = response.text().await?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) if status.is_success() => Ok(members),
        _ => Err(Failure::Answer(format!(
            "the issuer answers {status}: {text}"
        ))),
    }
}

fn read_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::ReadClient(path.to_owned(), error))?;
    Ok(SigningKey::from_jwk_json(text.trim_end())?)
}

/// 256 bits that nobody can guess.
pub(crate) fn unique() -> Result<String, KeyError> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
