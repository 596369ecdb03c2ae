//! The tests would notice what they look for.

use crate::browser::{Browser, ENTER, Scripts, TAB, data_url};
use crate::layout::look;
use crate::story::{fails, tell};

#[tokio::test]
async fn what_is_wrong_with_a_page_is_seen() {
    let browser = Browser::start("", Scripts::Allowed).await;
    tell("defects", browser, async |browser| {
        browser.go(&page("<h1>one</h1><p>two</p>")).await;
        look(browser, "senses").await;

        for (content, defect) in [
            (
                r#"<h1>one</h1><p style="margin-top:-3em">two</p>"#,
                "two</p>",
            ),
            (
                r#"<h1>one</h1><p style="width:120vw">wide</p>"#,
                "desktop-light scrolls sideways",
            ),
            (
                r#"<h1>one</h1><label>named <input></label><input id="nameless">"#,
                "nameless",
            ),
            (r#"<h1>one</h1><p style="color:#aaa">faint</p>"#, "faint"),
            (r#"<h1>one</h1><h1>two</h1>"#, "2"),
        ] {
            browser.go(&page(content)).await;
            let failure = fails(look(browser, "senses")).await;
            assert!(failure.contains(defect), "{defect} is not in: {failure}");
        }

        let for_desktops = r#"<!doctype html><html lang="en"><title>page</title><h1>wide</h1>"#;
        browser.go(&data_url(for_desktops)).await;
        assert!(
            fails(look(browser, "senses"))
                .await
                .contains("phone-light scrolls sideways")
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_policy_forbids_is_heard() {
    let browser = Browser::start("", Scripts::Allowed).await;
    tell("violations", browser, async |browser| {
        browser.go(&page("")).await;
        assert!(browser.console().await.is_empty());

        let policy = r#"<meta http-equiv="Content-Security-Policy" content="style-src 'none'"><style>p{}</style>"#;
        browser.go(&page(policy)).await;
        let console = browser.console().await;
        assert!(console[0].contains("Content Security Policy"), "{console:?}");
    })
    .await;
}

#[tokio::test]
async fn scripts_run_only_where_they_may() {
    let program = r#"<p id="said">nothing</p><script>said.textContent = "something"</script>"#;
    for (scripts, said) in [
        (Scripts::Allowed, "something"),
        (Scripts::Blocked, "nothing"),
    ] {
        let browser = Browser::start("", scripts).await;
        tell("scripts", browser, async |browser| {
            browser.go(&page(program)).await;
            assert_eq!(browser.read("#said").await, said);
        })
        .await;
    }
}

#[tokio::test]
async fn keys_go_where_the_focus_is() {
    let form = r#"<input id="a"><input id="b"><details id="more"><summary id="c">more</summary></details>"#;
    let browser = Browser::start("", Scripts::Blocked).await;
    tell("keys", browser, async |browser| {
        browser.go(&page(form)).await;
        browser.press(TAB).await;
        browser.press("x").await;
        browser.press(TAB).await;
        assert_eq!(browser.focus().await, "b");
        assert_eq!(browser.run("return a.value").await, "x");
        browser.press(TAB).await;
        browser.press(ENTER).await;
        assert_eq!(browser.run("return more.open").await, true);
    })
    .await;
}

/// A page with this content.
fn page(content: &str) -> String {
    let head = r#"<meta name="viewport" content="width=device-width"><title>page</title>"#;
    data_url(&format!(
        r#"<!doctype html><html lang="en">{head}{content}"#
    ))
}
