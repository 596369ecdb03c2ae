//! Distinguished names (RFC 4514), compared as directories do.

use x509_parser::x509::X509Name;

/// A name: its parts in the order of RFC 4514, the most specific one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DistinguishedName(Vec<Part>);

/// A relative name: types (as OIDs) and prepared values, sorted, for they are a set.
type Part = Vec<(String, String)>;

/// Text that is no distinguished name, or that names a type which we do not know by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidName;

/// RFC 4514 §3 and RFC 4519 §2, and what certificates of banks bear besides (ETSI EN 319 412-1, CA/Browser Forum).
const TYPES: [(&str, &str); 20] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("TITLE", "2.5.4.12"),
    ("DESCRIPTION", "2.5.4.13"),
    ("BUSINESSCATEGORY", "2.5.4.15"),
    ("POSTALCODE", "2.5.4.17"),
    ("GIVENNAME", "2.5.4.42"),
    ("INITIALS", "2.5.4.43"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("JURISDICTIONC", "1.3.6.1.4.1.311.60.2.1.3"),
];

impl DistinguishedName {
    /// Reads the text form (RFC 4514 §3).
    pub(super) fn parse(text: &str) -> Result<Self, InvalidName> {
        let mut name = Vec::new();
        for part in split(text, ',') {
            let mut attributes = split(part, '+')
                .into_iter()
                .map(attribute)
                .collect::<Result<Part, _>>()?;
            attributes.sort_unstable();
            name.push(attributes);
        }
        Ok(Self(name))
    }

    /// That of a certificate. `None` if it has values that are no text.
    pub(super) fn of(name: &X509Name<'_>) -> Option<Self> {
        let mut parts = Vec::new();
        for part in name.iter_rdn() {
            let mut attributes = Vec::new();
            for attribute in part.iter() {
                let value = prepared(attribute.as_str().ok()?);
                attributes.push((attribute.attr_type().to_id_string(), value));
            }
            attributes.sort_unstable();
            parts.push(attributes);
        }
        // RFC 4514 §2.1: starting with the last one.
        parts.reverse();
        Some(Self(parts))
    }
}

/// Pieces between these characters, but for escaped ones.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(move |character: char| {
        let separates = character == separator && !escaped;
        escaped = character == '\\' && !escaped;
        separates
    })
    .collect()
}

fn attribute(text: &str) -> Result<(String, String), InvalidName> {
    let (name, value) = text.split_once('=').ok_or(InvalidName)?;
    let name = name.trim();
    let is_oid = |name: &str| {
        name.split('.').count() > 1
            && name
                .split('.')
                .all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
    };
    let known = TYPES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known));
    let oid = match known {
        Some((_, oid)) => (*oid).to_owned(),
        None if is_oid(name) => name.to_owned(),
        None => return Err(InvalidName),
    };
    Ok((oid, prepared(&unescaped(value)?)))
}

/// RFC 4514 §3: a backslash before a special character, or before two hexadecimal digits, which are an octet of UTF-8.
fn unescaped(text: &str) -> Result<String, InvalidName> {
    // §2.4: the encoding of a value that is no text.
    if text.trim_start().starts_with('#') {
        return Err(InvalidName);
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'\\', special, after @ ..] if b" \"#+,;<=>\\".contains(special) => {
                octets.push(*special);
                after
            }
            [b'\\', high, low, after @ ..] => {
                let digit = |octet: u8| char::from(octet).to_digit(16);
                let octet = digit(*high).zip(digit(*low)).ok_or(InvalidName)?;
                let octet = octet.0.saturating_mul(16).saturating_add(octet.1);
                octets.push(u8::try_from(octet).map_err(|_| InvalidName)?);
                after
            }
            [b'\\' | b'"' | b';' | b'<' | b'>' | 0, ..] => return Err(InvalidName),
            [octet, after @ ..] => {
                octets.push(*octet);
                after
            }
        };
    }
    String::from_utf8(octets).map_err(|_| InvalidName)
}

/// RFC 4518 in its essence: neither case nor the amount of white space counts.
fn prepared(value: &str) -> String {
    let words: Vec<_> = value.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    #[test]
    fn names_are_equal_whatever_their_spelling() {
        let expected = name("CN=A Client,O=Example\\, Inc.,C=GB");
        for same in [
            "cn=a client,o=example\\, inc.,c=gb",
            "2.5.4.3=A  Client, O=Example\\2C Inc. ,C=GB",
            "CN= A Client ,O=Example\\, Inc.,C=GB",
        ] {
            assert_eq!(name(same), expected, "{same}");
        }
        assert_eq!(name("CN=a+OU=b,O=c"), name("OU=b+CN=a,O=c"));
        assert_eq!(name("CN=L\\c3\\ab"), name("CN=Lë"));
    }

    #[test]
    fn names_differ_in_order_type_and_value() {
        let base = name("CN=a,OU=b,O=c");
        for other in [
            "OU=b,CN=a,O=c",
            "CN=a,OU=b",
            "CN=a,O=c",
            "CN=a,OU=b,O=c,C=d",
            "CN=a,OU=b+O=c",
            "CN=a,OU=bb,O=c",
            "CN=a\\,OU=b,O=c",
        ] {
            assert_ne!(name(other), base, "{other}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in [
            "",
            "CN",
            "XX=a",
            "CN=#04024869",
            "CN=\"a\"",
            "CN=a\\",
            "CN=a\\x",
            "CN=\\ff",
            "=a",
            "1=a",
        ] {
            assert_eq!(DistinguishedName::parse(wrong), Err(InvalidName), "{wrong}");
        }
    }
}
