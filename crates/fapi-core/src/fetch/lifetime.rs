//! How long a key set is fresh (RFC 9111 §4.2).

use std::time::Duration;

/// The shortest time, whatever the issuer says.
const MIN: Duration = Duration::from_secs(60);

/// The longest time, whatever the issuer says.
const MAX: Duration = Duration::from_secs(3600);

/// The time if the issuer says nothing.
const DEFAULT: Duration = Duration::from_secs(300);

/// How long a key set that came with these field lines of `Cache-Control` and `Age` is fresh: 1 minute to 1 hour.
///
/// `max-age` less `Age`, within limits. `no-store`, `no-cache` and a `max-age` that is no number give the shortest time:
/// without any, every request would be a fetch. `Expires` and `s-maxage` play no part.
pub fn freshness<'a>(
    cache_control: impl IntoIterator<Item = &'a [u8]>,
    age: Option<&[u8]>,
) -> Duration {
    let mut max_age = None;
    for value in cache_control {
        for directive in directives(value) {
            let seconds = match seconds_of(directive) {
                Some(seconds) => seconds,
                None => continue,
            };
            // Several are an error (RFC 9111 §4.2.1); the strictest one counts.
            max_age = Some(max_age.map_or(seconds, |other: u64| other.min(seconds)));
        }
    }
    let Some(max_age) = max_age else {
        return DEFAULT;
    };
    let left = max_age.saturating_sub(age.and_then(number).unwrap_or(0));
    Duration::from_secs(left).clamp(MIN, MAX)
}

/// The elements of the list; a comma in quotes separates nothing.
fn directives(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |&byte| {
            let separates = byte == b',' && !quoted;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            separates
        })
        .map(<[u8]>::trim_ascii)
}

/// The seconds that a directive allows, if it is one of those that matter.
fn seconds_of(directive: &[u8]) -> Option<u64> {
    let mut parts = directive.splitn(2, |&byte| byte == b'=');
    let name = parts.next()?.trim_ascii();
    let argument = parts.next().map(<[u8]>::trim_ascii);
    // With an argument they speak of single header fields.
    if argument.is_none()
        && [&b"no-store"[..], b"no-cache"]
            .iter()
            .any(|n| name.eq_ignore_ascii_case(n))
    {
        return Some(0);
    }
    if !name.eq_ignore_ascii_case(b"max-age") {
        return None;
    }
    let argument = argument.unwrap_or_default();
    // RFC 9111 §5.2: both forms of an argument are to be accepted.
    let bare = argument
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(argument);
    Some(number(bare).unwrap_or(0))
}

/// Delta-seconds (RFC 9111 §1.2.2): digits only, as many as there are.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = text.iter().map(|digit| u64::from(digit & 0x0f));
    Some(digits.fold(0_u64, |sum, digit| {
        sum.saturating_mul(10).saturating_add(digit)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(cache_control: &[&str], age: Option<&str>) -> u64 {
        let lines = cache_control.iter().map(|line| line.as_bytes());
        freshness(lines, age.map(str::as_bytes)).as_secs()
    }

    #[test]
    fn cache_control_within_limits() {
        let table = [
            ("max-age=600", 600),
            ("public, max-age=600", 600),
            ("MAX-AGE=600", 600),
            ("max-age=\"600\"", 600),
            ("max-age = 600 ", 600),
            ("public,,max-age=600,", 600),
            ("max-age=59", 60),
            ("max-age=0", 60),
            ("max-age=3601", 3600),
            ("max-age=31536000", 3600),
            ("max-age=99999999999999999999999999", 3600),
            ("max-age=600, max-age=120", 120),
            ("max-age=120, max-age=600", 120),
            ("no-store", 60),
            ("No-Cache", 60),
            ("no-store, max-age=600", 60),
            ("no-cache=\"set-cookie\", max-age=600", 600),
            ("max-age", 60),
            ("max-age=", 60),
            ("max-age=-1", 60),
            ("max-age=1.5e3", 60),
            ("max-age=+600", 60),
            ("max-age=sixty", 60),
            ("s-maxage=900", 300),
            ("x-max-age=900", 300),
            ("must-revalidate", 300),
            ("ext=\"a, max-age=900\"", 300),
            ("ext=\"a\\\", max-age=900\", max-age=600", 600),
            ("ext=\"open, max-age=900", 300),
            ("", 300),
        ];
        for (value, expected) in table {
            assert_eq!(seconds(&[value], None), expected, "{value}");
        }
        assert_eq!(seconds(&[], None), 300);
    }

    #[test]
    fn several_lines_are_one_list() {
        assert_eq!(seconds(&["public", "max-age=900"], None), 900);
        assert_eq!(seconds(&["max-age=900", "no-store"], None), 60);
    }

    #[test]
    fn age_is_subtracted() {
        let table = [
            ("0", 900),
            ("300", 600),
            ("870", 60),
            ("900", 60),
            ("100000000000000000000000", 60),
            ("-300", 900),
            ("soon", 900),
            ("", 900),
        ];
        for (age, expected) in table {
            assert_eq!(seconds(&["max-age=900"], Some(age)), expected, "{age}");
        }
        // Where nothing was said about its life, its age says nothing.
        assert_eq!(seconds(&[], Some("299")), 300);
    }
}
