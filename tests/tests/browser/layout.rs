//! How pages look.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::Browser;

/// What pages are looked at on, in CSS pixels.
const SCREENS: [(&str, u32, u32); 2] = [("desktop", 1280, 900), ("phone", 390, 844)];
/// The colours that users may prefer.
const SCHEMES: [&str; 2] = ["light", "dark"];
/// WCAG 2.2 §1.4.3, level AA, for text of ordinary size.
const CONTRAST: f64 = 4.5;

/// Looks at the page on each screen: everything is there without scrolling sideways, nothing covers anything else, text
/// can be read, and fields have labels. The pictures stay in `target/screenshots`.
pub(crate) async fn look(browser: &Browser, name: &str) {
    for (screen, width, height) in SCREENS {
        browser.resize(width, height).await;
        for scheme in SCHEMES {
            browser.prefer(scheme).await;
            let name = format!("{name}-{screen}-{scheme}");
            browser.save(&place(&name)).await;
            check(&name, &browser.run(MEASURE).await, width);
        }
    }
}

fn check(name: &str, seen: &Value, screen_width: u32) {
    let width = seen["width"].as_u64().unwrap();
    assert!(
        width <= u64::from(screen_width),
        "{name} scrolls sideways: it is {width} wide"
    );
    for defect in ["collisions", "unlabelled"] {
        assert_eq!(seen[defect], json!([]), "{name}: {defect}");
    }
    for text in seen["texts"].as_array().unwrap() {
        assert!(
            text["contrast"].as_f64().unwrap() >= CONTRAST,
            "{name}: {text} is too faint"
        );
    }
    // For screen readers: in which language the page is, and what it is about.
    assert_eq!(
        [&seen["language"], &seen["headings"]],
        [&json!("en"), &json!(1)],
        "{name}"
    );
}

/// Where pictures are kept.
pub(crate) fn place(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("screenshots").join(name)
}

/// Compares what has text of its own or can be used, line by line.
const MEASURE: &str = "
    const hasText = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    const all = [...document.body.querySelectorAll('*')].filter((e) => e.checkVisibility());
    const fields = all.filter((e) => e.matches('input:not([type=hidden])'));
    const shown = all.filter((e) => hasText(e) || e.matches('button, img') || fields.includes(e));

    const meet = (a, b) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    const collide = (a, b) =>
        !a.contains(b) && !b.contains(a) &&
        [...a.getClientRects()].some((x) => [...b.getClientRects()].some((y) => meet(x, y)));
    const collisions = shown.flatMap((a, i) =>
        shown.slice(i + 1).filter((b) => collide(a, b)).map((b) => [a.outerHTML, b.outerHTML]));

    // WCAG 2.2, 'relative luminance' and 'contrast ratio', of colours as getComputedStyle tells them: rgb() or rgba().
    const channels = (color) => color.match(/[0-9.]+/g).map(Number);
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) =>
        0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const canvas = document.createElement('p');
    document.body.append(canvas);
    canvas.style.background = 'Canvas';
    const paper = channels(getComputedStyle(canvas).backgroundColor);
    canvas.remove();
    const backdrop = (e) => {
        if (!e) return paper;
        const [r, g, b, alpha = 1] = channels(getComputedStyle(e).backgroundColor);
        if (alpha === 1) return [r, g, b];
        const below = backdrop(e.parentElement);
        return [r, g, b].map((c, i) => alpha * c + (1 - alpha) * below[i]);
    };
    const contrast = (e) => {
        const [dark, light] = [getComputedStyle(e).color, null]
            .map((color) => luminance(color ? channels(color) : backdrop(e)))
            .sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };

    return {
        width: document.documentElement.scrollWidth,
        language: document.documentElement.lang,
        headings: document.querySelectorAll('h1').length,
        collisions,
        unlabelled: fields.filter((e) => !e.labels.length).map((e) => e.outerHTML),
        texts: shown.filter(hasText).map((e) => ({ text: e.textContent.trim(), contrast: contrast(e) })),
    };
";
