//! Authorization details as a user reads them: every member, as lists in lists.

use serde_json::Value;

use super::html::Html;

/// How deep details may be to be shown. Deeper ones are shown as the JSON that they are: nothing is left out.
const DEPTH: usize = 6;

pub(super) fn write(html: &mut Html, details: &[Value]) {
    for detail in details {
        let name = detail
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or("detail");
        html.raw("<section class=\"detail\">\n");
        html.raw("<h2>");
        readable(html, name);
        html.raw("</h2>\n");
        let members = detail.as_object().into_iter().flatten();
        let mut members = members.filter(|(name, _)| *name != "type").peekable();
        if members.peek().is_some() {
            html.raw("<dl>\n");
            for (name, value) in members {
                member(html, name, value, DEPTH);
            }
            html.raw("</dl>\n");
        }
        html.raw("</section>\n");
    }
}

fn member(html: &mut Html, name: &str, value: &Value, depth: usize) {
    html.raw("<dt>");
    readable(html, name);
    html.raw("</dt>\n");
    html.raw("<dd>");
    write_value(html, value, depth);
    html.raw("</dd>\n");
}

fn write_value(html: &mut Html, value: &Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        html.wrap("<code>", &value.to_string(), "</code>");
        return;
    };
    match value {
        Value::Null => html.raw("none"),
        Value::String(text) if text.is_empty() => html.raw("(empty)"),
        Value::Array(values) if values.is_empty() => html.raw("(empty)"),
        Value::Object(members) if members.is_empty() => html.raw("(empty)"),
        Value::Bool(true) => html.raw("yes"),
        Value::Bool(false) => html.raw("no"),
        Value::Number(number) => html.text(&number.to_string()),
        Value::String(text) => html.text(text),
        Value::Array(values) => {
            html.raw("<ul>");
            for value in values {
                html.raw("<li>");
                write_value(html, value, depth);
                html.raw("</li>");
            }
            html.raw("</ul>");
        }
        Value::Object(members) => {
            html.raw("<dl>");
            for (name, value) in members {
                member(html, name, value, depth);
            }
            html.raw("</dl>");
        }
    }
}

/// A name as words, and the name itself where that is something else: two names may have the same words.
fn readable(html: &mut Html, name: &str) {
    let words = words(name);
    html.text(&words);
    if words != name {
        html.wrap(" <code>", name, "</code>");
    }
}

/// `instructedAmount` and `instructed_amount` as words.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len().saturating_add(4));
    // A URI is a name of its own.
    if name.contains([':', '/', '.', ' ']) {
        return name.to_owned();
    }
    let mut before: Option<char> = None;
    for character in name.chars() {
        match character {
            '_' | '-' => words.push(' '),
            upper
                if upper.is_ascii_uppercase() && before.is_some_and(|b| b.is_ascii_lowercase()) =>
            {
                words.push(' ');
                words.push(upper.to_ascii_lowercase());
            }
            first if before.is_none() => words.extend(first.to_uppercase()),
            other => words.push(other),
        }
        before = Some(character);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (name, expected) in [
            ("instructedAmount", "Instructed amount"),
            ("payment_initiation", "Payment initiation"),
            ("IBAN", "IBAN"),
            ("https://types.example/a-b", "https://types.example/a-b"),
            ("", ""),
        ] {
            assert_eq!(words(name), expected);
        }
    }
}
