//! Paths and their octets under RFC 3986 normalisation.

/// One octet of a URI component after percent-encoding normalisation (RFC 3986 §6.2.2.1, §6.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Octet {
    /// Written as such, or an encoded unreserved character.
    Plain(u8),
    /// Percent-encoded, and not the same as the plain octet: `%2F` is no `/`.
    Encoded(u8),
}

impl Octet {
    pub(super) const fn to_ascii_lowercase(self) -> Self {
        match self {
            Self::Plain(byte) => Self::Plain(byte.to_ascii_lowercase()),
            Self::Encoded(byte) => Self::Encoded(byte),
        }
    }
}

/// The normalised octets of a component whose percent-encodings are valid.
pub(super) fn octets(text: &str) -> impl Iterator<Item = Octet> {
    let mut bytes = text.bytes();
    std::iter::from_fn(move || match bytes.next()? {
        b'%' => {
            let octet = hex_value(bytes.next()?)? << 4 | hex_value(bytes.next()?)?;
            Some(if is_unreserved(octet) {
                Octet::Plain(octet)
            } else {
                Octet::Encoded(octet)
            })
        }
        byte => Some(Octet::Plain(byte)),
    })
}

/// Whether two paths have the same normal form. Each is given in two pieces, each empty or beginning with `/`,
/// and holds only what [`is_valid`] allows.
pub(super) fn is_equivalent(ours: [&str; 2], theirs: [&str; 2]) -> bool {
    let mut ours = Segments::new(ours);
    let mut theirs = Segments::new(theirs);
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(our), Some(their)) if octets(our).eq(octets(their)) => {}
            _ => return false,
        }
    }
}

pub(super) fn is_absolute_or_empty(path: &str) -> bool {
    path.is_empty() || path.starts_with('/')
}

/// Whether both are the same bytes, and these are a path, absolute or empty, without percent-encodings.
pub(super) fn is_same_unencoded(path: &str, other: &str) -> bool {
    let mut same = path.len() == other.len() && is_absolute_or_empty(path);
    // Without a way out in the middle: most requests go through here and are as they should be.
    for (byte, other) in path.bytes().zip(other.bytes()) {
        same &= (byte == other) & is_path_character(byte);
    }
    same
}

/// Whether all characters and percent-encodings are those of a path (RFC 3986 §3.3).
pub(super) fn is_valid(path: &str) -> bool {
    is_encoded(path, is_path_character)
}

/// Whether this is a host name (RFC 3986 §3.2.2, `reg-name`).
pub(super) fn is_valid_host_name(name: &str) -> bool {
    is_encoded(name, |byte| is_unreserved(byte) || is_sub_delim(byte))
}

/// Whether this is nothing, or a query and a fragment with the marks before them (RFC 3986 §3.4, §3.5).
pub(super) fn is_valid_query_and_fragment(text: &str) -> bool {
    let (query, fragment) = text.split_once('#').unwrap_or((text, ""));
    let is_allowed = |byte| is_path_character(byte) || byte == b'?';
    is_encoded(query, is_allowed) && is_encoded(fragment, is_allowed)
}

fn is_encoded(text: &str, is_allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let valid = if byte == b'%' {
            let mut is_digit = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
            is_digit() && is_digit()
        } else {
            is_allowed(byte)
        };
        if !valid {
            return false;
        }
    }
    true
}

/// The segments of a path without its dot segments (RFC 3986 §5.2.4), from the last to the first.
///
/// From this end a `..` removes a segment that is yet to come, so nothing has to be kept but their number.
struct Segments<'a> {
    /// What is left of the two pieces, without their first `/`; `None` when used up.
    pieces: [Option<&'a str>; 2],
    /// Segments to leave out. Those that a `..` wants beyond the first segment do not exist.
    skip: usize,
    /// Whether no segment was read yet.
    at_end: bool,
}

impl<'a> Segments<'a> {
    fn new([first, last]: [&'a str; 2]) -> Self {
        let pieces = match [first.strip_prefix('/'), last.strip_prefix('/')] {
            // RFC 3986 §6.2.3: an empty path is "/".
            [None, None] => [None, Some("")],
            pieces => pieces,
        };
        Self {
            pieces,
            skip: 0,
            at_end: true,
        }
    }

    fn next_written(&mut self) -> Option<&'a str> {
        let [first, last] = &mut self.pieces;
        let piece = if last.is_some() { last } else { first };
        let text = (*piece)?;
        match text.rsplit_once('/') {
            Some((rest, segment)) => {
                *piece = Some(rest);
                Some(segment)
            }
            None => {
                *piece = None;
                Some(text)
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let segment = self.next_written()?;
            let at_end = std::mem::replace(&mut self.at_end, false);
            match DotSegment::of(segment) {
                Some(dots) => {
                    if dots == DotSegment::Parent {
                        self.skip = self.skip.saturating_add(1);
                    }
                    // "/a/." and "/a/b/.." are "/a/": what is left ends with a slash.
                    if at_end {
                        return Some("");
                    }
                }
                None if self.skip > 0 => self.skip = self.skip.saturating_sub(1),
                None => return Some(segment),
            }
        }
    }
}

#[derive(PartialEq)]
enum DotSegment {
    Current,
    Parent,
}

impl DotSegment {
    /// Looks at the decoded segment: `%2e` is a dot.
    fn of(segment: &str) -> Option<Self> {
        let mut octets = octets(segment);
        let first_three = [octets.next(), octets.next(), octets.next()];
        const DOT: Option<Octet> = Some(Octet::Plain(b'.'));
        match first_three {
            [DOT, None, _] => Some(Self::Current),
            [DOT, DOT, None] => Some(Self::Parent),
            _ => None,
        }
    }
}

/// `pchar` of RFC 3986 §3.3 but for percent-encodings, and `/`.
const fn is_path_character(byte: u8) -> bool {
    byte.is_ascii() && PATH_CHARACTERS.wrapping_shr(byte as u32) & 1 == 1
}

/// One bit for each ASCII character, because this is asked for each byte of each request.
const PATH_CHARACTERS: u128 = {
    let mut set = 0;
    let mut byte = 0;
    while byte < 128 {
        if is_unreserved(byte) || is_sub_delim(byte) || matches!(byte, b':' | b'@' | b'/') {
            set |= 1_u128.wrapping_shl(byte as u32);
        }
        byte = byte.wrapping_add(1);
    }
    set
};

/// RFC 3986 §2.3.
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 §2.2.
const fn is_sub_delim(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}
