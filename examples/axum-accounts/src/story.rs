//! The client's requests in order, and the answers that they should get.

use std::error::Error;
use std::process::ExitCode;

use reqwest::Method;

use crate::answer::Answer;
use crate::client::Client;

/// Sends everything and prints what happened. Failure means that some answer was another one than it should be.
pub(crate) async fn tell(client: &Client, api: &str) -> Result<ExitCode, Box<dyn Error>> {
    let url = |path: &str| format!("{api}{path}");
    let mut story = Story { wrong: 0 };

    // A public rule: nobody needs a token for this.
    let answer = Answer::of(&client.send_bare(&url("/healthz")).await?);
    story.line("GET /healthz, no token", &answer, (200, None));

    // The challenge says where to learn who gives out tokens (RFC 9728 §5.1).
    let answer = Answer::of(&client.send_bare(&url("/accounts")).await?);
    story.line("GET /accounts, no token", &answer, (401, None));
    let metadata = answer
        .parameter("resource_metadata")
        .ok_or("the challenge names no metadata")?;
    let issuer = client.discover(metadata).await?;
    let token = client.request_token(&issuer, "accounts").await?;

    // The scope `accounts` is enough for accounts; each request has a proof of its own.
    for path in ["/accounts", "/accounts/42"] {
        let get = Request::new(client, Method::GET, url(path), &token);
        let what = format!("GET {path}, scope accounts");
        story.line(&what, &get.send(client).await?, (200, None));
    }

    // A proof counts once.
    let get = Request::new(client, Method::GET, url("/accounts"), &token);
    story.line("  one more", &get.send(client).await?, (200, None));
    let expected = (401, Some("invalid_dpop_proof"));
    let again = get.send(client).await?;
    story.line("  its proof once more", &again, expected);

    // It is not enough for payments. The challenge names the scope that is.
    let post = Request::new(client, Method::POST, url("/payments"), &token);
    let answer = post.send(client).await?;
    let expected = (403, Some("insufficient_scope"));
    story.line("POST /payments, scope accounts", &answer, expected);
    let scope = answer
        .parameter("scope")
        .ok_or("the challenge names no scope")?;
    let payments = client.request_token(&issuer, scope).await?;
    let post = Request::new(client, Method::POST, url("/payments"), &payments);
    let what = format!("POST /payments, scope {scope}");
    story.line(&what, &post.send(client).await?, (201, None));

    // What no rule is for, nobody gets, nor what might be read as another path.
    let get = Request::new(client, Method::GET, url("/elsewhere"), &token);
    let answer = get.send(client).await?;
    story.line("GET /elsewhere, scope accounts", &answer, expected);
    let get = Request::new(client, Method::GET, url("//accounts"), &token);
    let expected = (400, Some("invalid_request"));
    let answer = get.send(client).await?;
    story.line("GET //accounts, scope accounts", &answer, expected);

    Ok(match story.wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// A request that can be sent more than once, with the same proof.
struct Request {
    method: Method,
    url: String,
    token: String,
    proof: String,
}

impl Request {
    fn new(client: &Client, method: Method, url: String, token: &str) -> Self {
        Self {
            proof: client.proof(&method, &url, token),
            token: token.to_owned(),
            method,
            url,
        }
    }

    async fn send(&self, client: &Client) -> Result<Answer, reqwest::Error> {
        let response = client
            .send(self.method.clone(), &self.url, &self.token, &self.proof)
            .await?;
        Ok(Answer::of(&response))
    }
}

struct Story {
    /// How many answers were other ones than they should be.
    wrong: usize,
}

impl Story {
    /// Prints one request, and compares its status and error code with those that it should get.
    fn line(&mut self, what: &str, answer: &Answer, expected: (u16, Option<&str>)) {
        let seen = (answer.status, answer.parameter("error"));
        println!("{}", row(what, seen));
        if seen != expected {
            self.wrong = self.wrong.saturating_add(1);
            println!("{}", row("  WRONG, should be", expected));
        }
    }
}

fn row(what: &str, (status, error): (u16, Option<&str>)) -> String {
    format!("{what:<33} {status} {}", error.unwrap_or_default())
        .trim_end()
        .to_owned()
}
