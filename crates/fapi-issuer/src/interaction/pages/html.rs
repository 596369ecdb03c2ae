//! How a page is written: everything that is not ours is escaped on its way in.

/// The one style of all pages.
const STYLE: &str = include_str!("style.css");

/// A page that is being written.
pub(super) struct Html(String);

impl Html {
    /// Begins a page with this title, up to its main heading.
    pub(super) fn begin(title: &str, heading: &str) -> Self {
        let mut html = Self(String::with_capacity(8 * 1024));
        html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
        html.text(title);
        html.raw("</title>\n<style>");
        html.raw(STYLE);
        html.raw("</style>\n</head>\n<body>\n<main>\n<h1>");
        html.text(heading);
        html.raw("</h1>\n");
        html
    }

    pub(super) fn end(mut self) -> String {
        self.raw("</main>\n</body>\n</html>\n");
        self.0
    }

    /// Writes markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Writes text, or the value of an attribute in double quotes.
    pub(super) fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // What turns the direction of writing around, or is not seen, could make one name look like another.
                '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{61c}'
                | '\u{feff}' => self.0.push('\u{fffd}'),
                control if control.is_control() && control != '\n' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
    }

    /// Writes text between markup of ours.
    pub(super) fn wrap(&mut self, before: &'static str, text: &str, after: &'static str) {
        self.raw(before);
        self.text(text);
        self.raw(after);
    }

    /// Begins a form with the hidden fields that bring it back to its visit.
    pub(super) fn form(&mut self, action: &str, interaction: &str, csrf: &str) {
        self.wrap("<form method=\"post\" action=\"", action, "\">\n");
        for (name, value) in [("interaction", interaction), ("csrf", csrf)] {
            self.raw("<input type=\"hidden\" name=\"");
            self.raw(name);
            self.wrap("\" value=\"", value, "\">\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        for text in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onfocus='alert(1)",
            "</title></style><svg/onload=1>",
            "&lt;script&gt;",
            "\u{202e}gnp.exe\u{0}\u{1b}[31m",
        ] {
            let mut html = Html(String::new());
            html.text(text);
            assert!(
                !html
                    .0
                    .contains(['<', '>', '"', '\'', '\u{202e}', '\u{0}', '\u{1b}']),
                "{text}"
            );
        }
        let mut html = Html(String::new());
        html.text("R&D <b>\n");
        assert_eq!(html.0, "R&amp;D &lt;b&gt;\n");
    }
}
