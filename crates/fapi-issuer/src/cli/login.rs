//! `fapi-issuer login`: the authorization code flow of a user, to try things out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::caller::{Caller, CallerArgs, unique};
use crate::dev::CALLBACK_PORT;
use crate::failure::Failure;
use crate::serve::say;
use crate::token::tell_request;

#[derive(Args)]
pub(crate) struct Login {
    #[command(flatten)]
    caller: CallerArgs,
    /// The loopback port that the browser comes back to; `http://127.0.0.1:PORT/callback` is the client's redirect URI.
    #[arg(long, value_name = "PORT", default_value_t = CALLBACK_PORT)]
    port: u16,
}

impl Login {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = Caller::find(&self.caller).await?;
        let address = (std::net::Ipv4Addr::LOCALHOST, self.port).into();
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| Failure::Listen(address, error))?;
        let redirect_uri = format!("http://127.0.0.1:{}/callback", self.port);
        let (verifier, state) = (unique()?, unique()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut fields = vec![
            ("response_type", "code"),
            ("redirect_uri", &redirect_uri),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        fields.extend(self.caller.scope.as_deref().map(|scope| ("scope", scope)));
        let pushed = caller
            .post("pushed_authorization_request_endpoint", &fields)
            .await?;
        let request_uri = pushed.get("request_uri").and_then(Value::as_str);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &caller.client_id);
        query.append_pair("request_uri", request_uri.unwrap_or_default());
        let place = caller.place("authorization_endpoint")?;
        say(&format!("open {place}?{}", query.finish()))?;
        let code = code(&listener, &state, caller.place("issuer")?).await?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
        ];
        let answer = caller.post("token_endpoint", &fields).await?;
        say(&Value::from(answer.clone()).to_string())?;
        tell_request(&caller, &self.caller, answer.get("access_token"))
    }
}

/// Waits for the browser to come back with a code.
async fn code(listener: &TcpListener, state: &str, issuer: &str) -> Result<String, Failure> {
    loop {
        let (stream, _) = listener.accept().await.map_err(Failure::Serve)?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await.map_err(Failure::Serve)?;
        let query = line
            .strip_prefix("GET /callback?")
            .and_then(|rest| rest.split(' ').next());
        let text = match query {
            Some(_) => "You can close this page.",
            None => "Not here.",
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        stream
            .write_all(answer.as_bytes())
            .await
            .map_err(Failure::Serve)?;
        // What the browser does with it does not matter.
        let _ = stream.shutdown().await;
        let Some(query) = query else { continue };
        let parameter = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let (_, value) = pairs.find(|(name, _)| name == wanted)?;
            Some(value.into_owned())
        };
        // RFC 9207 §2.4, RFC 9700 §4.7.1.
        if parameter("state").as_deref() != Some(state)
            || parameter("iss").as_deref() != Some(issuer)
        {
            return Err(Failure::Answer(
                "the answer is not to this request".to_owned(),
            ));
        }
        return parameter("code").ok_or_else(|| {
            let error = parameter("error").unwrap_or_default();
            Failure::Answer(format!("no code: {error}"))
        });
    }
}
