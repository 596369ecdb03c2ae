//! JWS compact serialisation (RFC 7515 §7.1), split and decoded, not yet verified.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A text that is no compact JWS of the wanted type, or that no key of a set has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidJws;

impl fmt::Display for InvalidJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a JWS of this type that a key of the set has signed")
    }
}

impl std::error::Error for InvalidJws {}

/// The three parts of a compact JWS, none of them empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompactJws<'a> {
    /// Everything before the second dot, the octets that the signature covers.
    pub(crate) signing_input: &'a str,
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> CompactJws<'a> {
    /// Splits `text`, without looking into the parts.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        // From the right, so that a value of ten thousand dots is done after two of them.
        let (signing_input, signature) = text.rsplit_once('.')?;
        let (header, payload) = signing_input.rsplit_once('.')?;
        // RFC 7515 §5.2: an unsecured JWS has an empty signature, a JWE five parts.
        let complete = !header.is_empty() && !payload.is_empty() && !signature.is_empty();
        (complete && !header.contains('.')).then_some(Self {
            signing_input,
            header,
            payload,
            signature,
        })
    }
}

/// Decodes base64url without padding, spare bits, line breaks or other characters (RFC 7515 §2).
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Room for one decoded part: on the stack if it is of usual size.
pub(crate) struct Buffer {
    inline: [u8; Self::INLINE],
    spilled: Vec<u8>,
}

impl Buffer {
    const INLINE: usize = 1024;

    pub(crate) fn new() -> Self {
        Self {
            inline: [0; Self::INLINE],
            spilled: Vec::new(),
        }
    }

    /// Decodes `text` as [`decode`] does.
    pub(crate) fn decode(&mut self, text: &str) -> Option<&[u8]> {
        if base64::decoded_len_estimate(text.len()) <= Self::INLINE {
            let length = URL_SAFE_NO_PAD.decode_slice(text, &mut self.inline).ok()?;
            self.inline.get(..length)
        } else {
            self.spilled = decode(text)?;
            Some(&self.spilled)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_and_none_empty() {
        let jws = CompactJws::split("h.p.s").unwrap();
        assert_eq!(
            (jws.signing_input, jws.header, jws.payload, jws.signature),
            ("h.p", "h", "p", "s")
        );
        for wrong in [
            "",
            ".",
            "..",
            "h",
            "h.p",
            "h.p.",
            "h..s",
            ".p.s",
            "a.b.c.d",
            "a.b.c.d.e",
            "a..b.c",
        ] {
            assert!(CompactJws::split(wrong).is_none(), "{wrong}");
        }
        assert!(CompactJws::split(&".".repeat(10_000)).is_none());
    }

    #[test]
    fn base64url_has_one_spelling() {
        assert_eq!(decode("-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        for wrong in [
            "-_8=", "+/8", "-_9", "-_ 8", "-_\n8", "-_8\n", "-", "-_!8", "é",
        ] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_buffer_decodes_as_the_function_does() {
        let long = URL_SAFE_NO_PAD.encode(vec![7; 5000]);
        for length in [
            0, 1, 2, 3, 4, 5, 6, 7, 1360, 1364, 1365, 1366, 1367, 1368, 4000, 6667,
        ] {
            let text = long.get(..length).unwrap();
            assert_eq!(
                Buffer::new().decode(text),
                decode(text).as_deref(),
                "{length}"
            );
        }
    }
}
