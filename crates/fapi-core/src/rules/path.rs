//! The path of a request as rules see it: how clearly it is written, and when two of its segments are the same.

/// How clearly a path is written, the clearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clarity {
    /// Path characters only, nothing percent-encoded.
    Plain,
    /// Its own normal form (RFC 3986 §6.2.2): encoded is only what must be, in upper case.
    Normal,
    /// Another spelling of a normal form, or with characters that a URI cannot have.
    Unusual,
    /// Programs along the way may read different paths.
    Ambiguous,
}

impl Clarity {
    /// Looks at the whole path, with its `/` in front.
    ///
    /// Ambiguous are, with what reads them in another way:
    ///
    /// * no `/` in front, `?`, `#`, control characters: no path of a request at all;
    /// * `//`: proxies merge slashes;
    /// * `.` and `..`, also as `%2e`: proxies and servers remove dot segments, some of them after decoding;
    /// * `;` and `%3B`: servlet containers cut parameters off, some of them after decoding;
    /// * `\`, `%5C` and `%2F`: read as `/`;
    /// * control characters as `%00` to `%1F` and `%7F`: strings end there, or they are dropped;
    /// * `%` without two hexadecimal digits, and `%25` with two behind it after decoding (`%252F`, `%25%32F`): decoded
    ///   twice, it is another path;
    /// * overlong UTF-8 such as `%C0%AF`: lenient decoders read `/` (RFC 3629 §10).
    pub(super) fn of(path: &str) -> Self {
        let Some(mut rest) = path.strip_prefix('/') else {
            return Self::Ambiguous;
        };
        let mut worst = Self::Plain;
        while let Some((segment, after)) = rest.split_once('/') {
            if segment.is_empty() {
                return Self::Ambiguous;
            }
            worst = worst.max(Self::of_segment(segment));
            rest = after;
        }
        worst.max(Self::of_segment(rest))
    }

    /// Looks at one segment, which may be empty.
    pub(super) fn of_segment(segment: &str) -> Self {
        if segment.bytes().all(is_path_character) {
            return match segment {
                "." | ".." => Self::Ambiguous,
                _ => Self::Plain,
            };
        }
        let mut worst = Self::Plain;
        let mut decoded = Decoded::default();
        for octet in octets(segment) {
            worst = worst.max(octet.clarity()).max(decoded.push(octet.byte));
        }
        if decoded.is_dot_segment() {
            return Self::Ambiguous;
        }
        worst
    }
}

/// How far two texts are taken to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// With the same normal form (RFC 3986 §6.2.2): only unreserved characters may be encoded or not.
    Normalised,
    /// With the same octets after decoding everything, as routers see it that decode before they match.
    Decoded,
}

impl Text {
    /// Whether two segments are the same.
    pub(super) fn is_same(self, one: &str, other: &str) -> bool {
        if one == other {
            return true;
        }
        match self {
            Self::Normalised => octets(one)
                .map(Octet::normalised)
                .eq(octets(other).map(Octet::normalised)),
            Self::Decoded => octets(one)
                .map(|octet| octet.byte)
                .eq(octets(other).map(|octet| octet.byte)),
        }
    }
}

/// The normal form of a segment: unreserved characters decoded, other encodings in upper case (RFC 3986 §6.2.2).
pub(super) fn normalised(segment: &str) -> Box<str> {
    let mut text = Vec::with_capacity(segment.len());
    for octet in octets(segment) {
        match octet.normalised() {
            (byte, false) => text.push(byte),
            (byte, true) => text.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    // Only ASCII was decoded, so this is UTF-8 as before.
    String::from_utf8_lossy(&text).into()
}

/// One octet of a segment after decoding, and how it was written.
#[derive(Clone, Copy)]
struct Octet {
    byte: u8,
    written: Written,
}

#[derive(Clone, Copy)]
enum Written {
    Bare,
    /// An encoded unreserved character.
    Needlessly,
    Encoded,
    /// Encoded with a digit in lower case.
    EncodedInLowerCase,
    /// A `%` that encodes nothing.
    Broken,
}

impl Octet {
    /// The octet in the normal form, and whether it is encoded there.
    const fn normalised(self) -> (u8, bool) {
        let encoded = matches!(self.written, Written::Encoded | Written::EncodedInLowerCase);
        (self.byte, encoded)
    }

    const fn clarity(self) -> Clarity {
        match (self.written, self.byte) {
            (Written::Broken, _) | (_, b'/' | b'\\' | b';' | 0..=0x1f | 0x7f) => Clarity::Ambiguous,
            (Written::Bare, b'?' | b'#') => Clarity::Ambiguous,
            (Written::Bare, byte) if is_path_character(byte) => Clarity::Plain,
            (Written::Encoded, _) => Clarity::Normal,
            (Written::Bare | Written::Needlessly | Written::EncodedInLowerCase, _) => {
                Clarity::Unusual
            }
        }
    }
}

fn octets(segment: &str) -> impl Iterator<Item = Octet> {
    let mut bytes = segment.bytes();
    std::iter::from_fn(move || {
        let byte = bytes.next()?;
        if byte != b'%' {
            let written = Written::Bare;
            return Some(Octet { byte, written });
        }
        let mut ahead = bytes.clone();
        let digits = ahead.next().zip(ahead.next());
        let Some((byte, written)) = digits.and_then(|(high, low)| decode(high, low)) else {
            let written = Written::Broken;
            return Some(Octet { byte, written });
        };
        bytes = ahead;
        Some(Octet { byte, written })
    })
}

fn decode(high: u8, low: u8) -> Option<(u8, Written)> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = u8::try_from(value(high)? << 4 | value(low)?).ok()?;
    let written = if is_unreserved(byte) {
        Written::Needlessly
    } else if high.is_ascii_lowercase() || low.is_ascii_lowercase() {
        Written::EncodedInLowerCase
    } else {
        Written::Encoded
    };
    Some((byte, written))
}

/// What a segment looks like once it is decoded.
#[derive(Default)]
struct Decoded {
    octets: usize,
    dots: usize,
    previous: u8,
    /// A `%` and so many hexadecimal digits.
    encoding: Option<u8>,
}

impl Decoded {
    fn push(&mut self, byte: u8) -> Clarity {
        self.octets = self.octets.saturating_add(1);
        if byte == b'.' {
            self.dots = self.dots.saturating_add(1);
        }
        self.encoding = match self.encoding {
            _ if byte == b'%' => Some(0),
            Some(digits) if byte.is_ascii_hexdigit() => Some(digits.saturating_add(1)),
            _ => None,
        };
        let previous = std::mem::replace(&mut self.previous, byte);
        if self.encoding == Some(2) || is_overlong(previous, byte) {
            Clarity::Ambiguous
        } else {
            Clarity::Plain
        }
    }

    const fn is_dot_segment(&self) -> bool {
        self.dots == self.octets && matches!(self.octets, 1 | 2)
    }
}

/// Whether these two begin a character in more octets than it needs (RFC 3629 §3).
const fn is_overlong(first: u8, second: u8) -> bool {
    matches!(
        (first, second),
        (0xc0 | 0xc1, 0x80..=0xbf) | (0xe0, 0x80..=0x9f) | (0xf0, 0x80..=0x8f)
    )
}

/// `pchar` (RFC 3986 §3.3) but for `;` and percent-encodings.
const fn is_path_character(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'='
        )
        || matches!(byte, b':' | b'@')
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clarity_of_paths() {
        for (clarity, paths) in [
            (
                Clarity::Plain,
                &[
                    "/",
                    "/a",
                    "/a/",
                    "/a/.b/..c/d.../...",
                    "/~me/a:b@c!$&'()*+,=",
                ][..],
            ),
            (
                Clarity::Normal,
                &[
                    "/a%20b",
                    "/caf%C3%A9",
                    "/100%25",
                    "/%25zz/%3A%3F%23",
                    "/%E0%A4%85",
                ],
            ),
            (
                Clarity::Unusual,
                &[
                    "/%6d",
                    "/%7E",
                    "/caf%c3%a9",
                    "/a b",
                    "/é",
                    "/{id}",
                    "/a\"",
                    "/%2e%2Ea",
                    "/%e0la",
                ],
            ),
        ] {
            for path in paths {
                assert_eq!(Clarity::of(path), clarity, "{path}");
            }
        }
    }

    #[test]
    fn ambiguous_paths() {
        for path in [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//",
            "/a//b",
            "/.",
            "/..",
            "/./a",
            "/a/.",
            "/a/../b",
            "/a/..",
            "/%2e",
            "/%2E%2e/a",
            "/.%2e",
            "/%2E.",
            "/a;",
            "/a;x=1/b",
            "/..;/a",
            "/a%3bx",
            "/a%3B",
            "/a\\b",
            "/..\\a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5C",
            "/a%00",
            "/a%0a",
            "/a%0D%0A",
            "/a%7f",
            "/a\n",
            "/a\u{7f}",
            "/a?b",
            "/a#b",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%2gb",
            "/%%32%66",
            "/a%u002f",
            "/a%252fb",
            "/a%252F",
            "/a%25%32%66",
            "/a%25%32f",
            "/a%252%66",
            "/%25252f",
            "/%252e%252e/a",
            "/50%25ab",
            "/a%c0%afb",
            "/%C0%AE%C0%AE/a",
            "/%c1%9c",
            "/%e0%80%af",
            "/%F0%80%80%AF",
        ] {
            assert_eq!(Clarity::of(path), Clarity::Ambiguous, "{path}");
        }
    }

    #[test]
    fn only_unreserved_characters_may_be_encoded_or_not() {
        for (one, other, text) in [
            ("payments", "pay%6Dents", true),
            ("~me", "%7eme", true),
            ("%C3%A9", "%c3%a9", true),
            ("a:b", "a%3Ab", false),
            ("é", "%C3%A9", false),
            ("%", "%25", false),
        ] {
            assert_eq!(Text::Normalised.is_same(one, other), text, "{one} {other}");
            assert!(Text::Decoded.is_same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("a", "A"),
            ("a", "aa"),
            ("a", "a%20"),
            ("", "a"),
            ("%41", "%61"),
        ] {
            assert!(!Text::Normalised.is_same(one, other), "{one} {other}");
            assert!(!Text::Decoded.is_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn normal_forms() {
        assert_eq!(&*normalised("pay%6dents%c3%A9é%2f%"), "payments%C3%A9é%2F%");
    }
}
