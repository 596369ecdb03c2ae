//! The login page.

use super::super::{LoginOutcome, LoginView};
use super::html::Html;

pub(super) fn page(view: &LoginView<'_>) -> String {
    let mut html = Html::begin("Log in", "Log in");
    html.wrap(
        "<p class=\"lead\">to continue to <strong>",
        view.client_name,
        "</strong></p>\n",
    );
    match view.outcome {
        LoginOutcome::FirstTry => {}
        LoginOutcome::Wrong => html.raw(
            "<p class=\"alert\" role=\"alert\" id=\"login-error\">That name and password do not belong together. Check both. After several tries in a row, wait half a minute.</p>\n",
        ),
    }
    html.form(view.action, view.interaction, view.csrf);
    html.raw("<label for=\"username\">User name</label>\n<input id=\"username\" name=\"username\" type=\"text\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required");
    described(&mut html, view);
    match view.login_hint {
        Some(hint) => html.wrap(" value=\"", hint, "\">\n"),
        None => html.raw(" autofocus>\n"),
    }
    html.raw("<label for=\"password\">Password</label>\n<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required");
    described(&mut html, view);
    if view.login_hint.is_some() {
        html.raw(" autofocus");
    }
    html.raw(">\n<div class=\"buttons\">\n<button id=\"login\" type=\"submit\" class=\"primary\">Log in</button>\n</div>\n</form>\n");
    html.end()
}

/// Ties a field to what was wrong.
fn described(html: &mut Html, view: &LoginView<'_>) {
    if view.outcome == LoginOutcome::Wrong {
        html.raw(" aria-describedby=\"login-error\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_what_it_needs() {
        let view = LoginView {
            action: "/login",
            interaction: "the-visit",
            csrf: "the-csrf",
            client_name: "<b>Shop</b>",
            login_hint: Some("\"><script>"),
            outcome: LoginOutcome::Wrong,
        };
        let html = page(&view);
        for part in [
            "action=\"/login\"",
            "name=\"interaction\" value=\"the-visit\"",
            "name=\"csrf\" value=\"the-csrf\"",
            "id=\"username\" name=\"username\"",
            "autocomplete=\"current-password\"",
            "<button id=\"login\"",
            "role=\"alert\"",
            "&lt;b&gt;Shop",
            "value=\"&quot;&gt;&lt;script&gt;\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("<script"));
        let first = page(&LoginView {
            outcome: LoginOutcome::FirstTry,
            ..view
        });
        assert!(!first.contains("role=\"alert\""));
    }
}
