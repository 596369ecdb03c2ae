//! The error page.

use super::super::ErrorView;
use super::html::Html;

pub(super) fn page(view: &ErrorView<'_>) -> String {
    let mut html = Html::begin("This did not work", "This did not work");
    html.raw("<div id=\"fapi-error\" role=\"alert\">\n");
    html.wrap("<p class=\"lead\">", view.description, "</p>\n");
    html.wrap(
        "<p class=\"small\">Error code: <code>",
        view.error,
        "</code></p>\n</div>\n",
    );
    html.end()
}
