//! The little DER (X.690) that it takes to read an RSA key that the back end has written.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Reads one DER value after another. `None` means: malformed, or another type than asked for.
pub(crate) struct DerReader<'a> {
    rest: &'a [u8],
}

impl<'a> DerReader<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    pub(crate) fn sequence(&mut self) -> Option<Self> {
        self.value(SEQUENCE).map(Self::new)
    }

    pub(crate) fn octet_string(&mut self) -> Option<Self> {
        self.value(OCTET_STRING).map(Self::new)
    }

    /// The magnitude of an INTEGER that is not negative, without leading zeros; zero has no bytes.
    pub(crate) fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.value(INTEGER)? {
            // X.690 §8.3.2: a leading zero only where the next bit is set.
            [0] => Some(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Some(rest),
            bytes if bytes.first().is_some_and(|byte| (1..0x80).contains(byte)) => Some(bytes),
            _ => None,
        }
    }

    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (len, rest) = match self.rest {
            [found, ..] if *found != tag => return None,
            [_, len @ ..=0x7f, rest @ ..] => (usize::from(*len), rest),
            [_, 0x81, len @ 0x80..=0xff, rest @ ..] => (usize::from(*len), rest),
            [_, 0x82, high @ 1..=0xff, low, rest @ ..] => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nested_values() {
        let der = [0x30, 0x08, 0x02, 0x01, 0x05, 0x04, 0x03, 0x02, 0x01, 0x00];
        let mut outer = DerReader::new(&der).sequence().unwrap();
        assert_eq!(outer.unsigned(), Some(&[5][..]));
        let mut inner = outer.octet_string().unwrap();
        assert_eq!(inner.unsigned(), Some(&[][..]));
        assert!(outer.sequence().is_none());
    }

    #[test]
    fn reads_long_lengths() {
        for (head, len) in [
            (&[0x04, 0x7f][..], 0x7f),
            (&[0x04, 0x81, 0x80], 0x80),
            (&[0x04, 0x81, 0xff], 0xff),
            (&[0x04, 0x82, 0x01, 0x00], 0x100),
            (&[0x04, 0x82, 0x01, 0xff], 0x1ff),
        ] {
            let der = [head, &vec![0xaa; len]].concat();
            let mut reader = DerReader::new(&der);
            assert_eq!(reader.octet_string().unwrap().rest.len(), len);
            assert!(reader.rest.is_empty());
        }
    }

    #[test]
    fn refuses_what_is_not_der() {
        let cases: [&[u8]; 10] = [
            &[],
            &[0x02],
            &[0x02, 0x00],                   // no bytes
            &[0x02, 0x02, 0x01],             // cut short
            &[0x02, 0x02, 0x00, 0x7f],       // needless zero
            &[0x02, 0x01, 0x80],             // negative
            &[0x04, 0x01, 0x01],             // another type
            &[0x02, 0x80, 0x01, 0x00, 0x00], // indefinite length
            &[0x02, 0x81, 0x01, 0x01],       // long form of a short length
            &[0x02, 0x82, 0x00, 0x01, 0x01], // long form of a short length
        ];
        for der in cases {
            assert_eq!(DerReader::new(der).unsigned(), None, "{der:02x?}");
        }
    }
}
