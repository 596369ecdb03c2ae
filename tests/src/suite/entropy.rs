//! Whether a text looks as if nobody could guess it.

use std::collections::HashMap;

/// The Shannon entropy of the characters times their number, in bits.
pub(super) fn shannon_bits(text: &str) -> f64 {
    let mut counts = HashMap::<char, u32>::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let length = f64::from(u32::try_from(text.chars().count()).expect("a short text"));
    let of_one = counts.values().map(|count| {
        let share = f64::from(*count) / length;
        -share * share.log2()
    });
    of_one.sum::<f64>() * length
}

/// FAPI 2.0 Security Profile §5.4.1: 128 bits. The characters are counted as base64url.
pub(super) fn assert_unguessable(what: &str, text: &str) {
    assert!(text.len() * 6 >= 128, "{what} is short: {text}");
    let bits = shannon_bits(text);
    assert!(bits > 96.0, "{what} has an entropy of {bits} bits: {text}");
}

#[test]
fn entropy_is_that_of_the_characters() {
    assert!((shannon_bits("abababab") - 8.0).abs() < 1e-9);
    assert!(shannon_bits("aaaaaaaa").abs() < 1e-9);
}
