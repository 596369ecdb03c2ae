//! The consent page.

use super::super::ConsentView;
use super::details;
use super::html::Html;

pub(super) fn page(view: &ConsentView<'_>) -> String {
    let mut html = Html::begin("Give access", "Give access?");
    html.wrap(
        "<p class=\"lead\"><strong>",
        view.client_name,
        "</strong> asks for access in your name.</p>\n",
    );
    html.wrap("<p>You are <strong>", view.user, "</strong>.</p>\n");
    scopes(&mut html, view);
    details::write(&mut html, view.authorization_details);
    claims(&mut html, view);
    html.wrap(
        "<p>It will be used at <strong class=\"name\">",
        view.resource,
        "</strong>.</p>\n",
    );
    links(&mut html, view);
    html.form(view.action, view.interaction, view.csrf);
    html.raw("<div class=\"buttons\">\n<button id=\"approve\" type=\"submit\" name=\"decision\" value=\"approve\" class=\"primary\">Allow</button>\n");
    html.raw("<button id=\"deny\" type=\"submit\" name=\"decision\" value=\"deny\">Do not allow</button>\n</div>\n</form>\n");
    html.wrap(
        "<p class=\"small\">Either way you go back to <strong class=\"name\">",
        view.redirect_host,
        "</strong>.</p>\n",
    );
    html.end()
}

fn scopes(html: &mut Html, view: &ConsentView<'_>) {
    if view.scopes.is_empty() {
        return;
    }
    html.raw("<h2>What it may do</h2>\n<ul>\n");
    for scope in view.scopes {
        html.raw("<li>");
        match phrase(scope) {
            Some(phrase) => {
                html.raw(phrase);
                html.wrap(" <code>", scope, "</code>");
            }
            None => html.wrap("<code>", scope, "</code>"),
        }
        html.raw("</li>\n");
    }
    html.raw("</ul>\n");
}

/// What the scope values of OpenID Connect mean. Those of an API are its own: they are shown as they are.
const fn phrase(scope: &str) -> Option<&'static str> {
    // `match` on a `str` is not possible in constants of bytes, but is here.
    match scope.as_bytes() {
        b"openid" => Some("Know who you are"),
        b"profile" => Some("See your name and profile"),
        b"email" => Some("See your email address"),
        b"address" => Some("See your postal address"),
        b"phone" => Some("See your phone number"),
        b"offline_access" => Some("Have access while you are away, until you or it ends that"),
        _ => None,
    }
}

fn claims(html: &mut Html, view: &ConsentView<'_>) {
    if view.claims.is_empty() {
        return;
    }
    html.raw("<h2>What it will know about you</h2>\n<ul class=\"tags\">\n");
    for claim in view.claims {
        html.wrap("<li>", &claim.replace('_', " "), "</li>\n");
    }
    html.raw("</ul>\n");
}

/// Links go out only to where a registered client says, and over TLS.
fn links(html: &mut Html, view: &ConsentView<'_>) {
    let links = [
        (view.client_uri, "About it"),
        (view.policy_uri, "How it uses data"),
        (view.tos_uri, "Its terms"),
    ];
    let mut links = links
        .into_iter()
        .filter_map(|(uri, name)| Some((uri?, name)))
        .filter(|(uri, _)| uri.starts_with("https://"))
        .peekable();
    if links.peek().is_none() {
        return;
    }
    html.raw("<p class=\"small links\">");
    for (uri, name) in links {
        html.wrap(
            "<a rel=\"noopener noreferrer\" target=\"_blank\" href=\"",
            uri,
            "\">",
        );
        html.raw(name);
        html.raw("</a> ");
    }
    html.raw("</p>\n");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_is_agreed_to_is_shown() {
        let details = [json!({
            "type": "payment_initiation",
            "instructedAmount": { "currency": "EUR", "amount": "123.50" },
            "creditorName": "<Merchant & Co>",
        })];
        let html = page(&ConsentView {
            action: "/consent",
            interaction: "the-visit",
            csrf: "the-csrf",
            client_name: "Shop \"<i>\"",
            client_uri: Some("https://shop.example"),
            policy_uri: Some("javascript:alert(1)"),
            tos_uri: None,
            user: "Alice",
            scopes: &["openid", "accounts"],
            claims: &["email_verified", "<x>"],
            resource: "https://api.example.com",
            authorization_details: &details,
            redirect_host: "shop.example",
        });
        for part in [
            "Shop &quot;&lt;i&gt;&quot;",
            "<strong>Alice</strong>",
            "Know who you are <code>openid</code>",
            "<li><code>accounts</code></li>",
            "<li>email verified</li>",
            "&lt;x&gt;",
            "https://api.example.com",
            "href=\"https://shop.example\"",
            "123.50",
            "EUR",
            "&lt;Merchant &amp; Co&gt;",
            "id=\"approve\" type=\"submit\" name=\"decision\" value=\"approve\"",
            "id=\"deny\" type=\"submit\" name=\"decision\" value=\"deny\"",
            "<strong class=\"name\">shop.example</strong>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("javascript:") && !html.contains("<script"));
    }
}
