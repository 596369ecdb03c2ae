//! The pages of the authorization server in a real browser: headless Chromium, over HTTPS.
//!
//! Needs `chromium` and `chromedriver`, which `cargo xtask install` sees to.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

mod browser;
mod chromedriver;
mod client;
mod code_flow;
mod layout;
mod pages;
mod scene;
mod senses;
mod story;
