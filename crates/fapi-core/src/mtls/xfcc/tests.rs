use proptest::prelude::*;

use super::super::samples::{FIRST, SECOND, percent_encoded};
use super::XfccError::{Cert, Duplicate, Hash, NotAPair, Quotes, TooLong};
use super::*;

fn last(list: &str) -> Result<Option<CertificateThumbprint>, XfccError> {
    element([list.as_bytes()], 1)
}

/// P09: the grammar, or no certificate.
#[test]
fn follows_the_grammar() {
    let first = FIRST.sha256;
    let second = SECOND.sha256;
    let cert = percent_encoded(FIRST.pem);
    let good = Ok(Some(FIRST.thumbprint()));
    let table = [
        ("Hash alone", format!("Hash={first}"), good),
        (
            "as Envoy writes it",
            format!(
                "By=spiffe://a/b;By=http://c?d=e;Hash={first};Cert=\"{cert}\";Chain=\"{cert}\";Subject=\"CN=x\\,y,O=z\";URI=spiffe://f;URI=g;DNS=h;DNS=i"
            ),
            good,
        ),
        ("key in lower case", format!("hash={first}"), good),
        ("key in upper case", format!("HASH={first}"), good),
        ("value in quotes", format!("Hash=\"{first}\""), good),
        (
            "white space around",
            format!(" \t By=a ; Hash={first} ;URI=b \t"),
            good,
        ),
        (
            "an empty value",
            format!("Subject=\"\";URI=;Hash={first}"),
            good,
        ),
        (
            "unknown keys",
            format!("x-hash={second};Hash2={second};Fingerprint={second};Hash={first}"),
            good,
        ),
        (
            "unknown keys twice",
            format!("x=1;x=2;Hash={first};URI=3;URI=3"),
            good,
        ),
        (
            "no substring: a longer key",
            format!("NotHash={second};Hash={first}"),
            good,
        ),
        (
            "no substring: in a value",
            format!("Subject=\"Hash={second}\";Hash={first}"),
            good,
        ),
        (
            "no substring: in a bare value",
            format!("URI=Hash={second};Hash={first}"),
            good,
        ),
        (
            "; in quotes",
            format!("Subject=\"CN=a;Hash={second}\";Hash={first}"),
            good,
        ),
        (
            ", in quotes",
            format!("Hash={first};Subject=\"CN=a,Hash={second}\""),
            good,
        ),
        (
            "\" in quotes",
            format!("Hash={first};Subject=\"CN=\\\"a\\\",Hash={second}\""),
            good,
        ),
        (
            "\\ in quotes",
            format!("Hash={first};Subject=\"CN=a\\\\\";URI=b"),
            good,
        ),
        (
            "\\ is no escape outside of quotes",
            format!("URI=a\\;Hash={first}"),
            good,
        ),
        (
            "neither Hash nor Cert",
            "By=a;Subject=\"b\";Chain=\"c\"".into(),
            Ok(None),
        ),
        ("an empty element", String::new(), Ok(None)),
        ("a comma at the end", format!("Hash={first},"), Ok(None)),
        (
            "Hash twice",
            format!("Hash={first};Hash={second}"),
            Err(Duplicate),
        ),
        (
            "Hash twice, equal",
            format!("Hash={first};hash={first}"),
            Err(Duplicate),
        ),
        (
            "Cert twice",
            format!("Cert=\"{cert}\";CERT=\"{cert}\""),
            Err(Duplicate),
        ),
        (
            "a name that breaks out with a second Hash",
            format!("Hash={first};URI=a;Hash={second}"),
            Err(Duplicate),
        ),
        (
            "a name that breaks out without a key",
            format!("By=urn:a(b;c);Hash={first}"),
            Err(NotAPair),
        ),
        ("no key", format!("={first};Hash={first}"), Err(NotAPair)),
        ("no =", format!("Hash;Hash={first}"), Err(NotAPair)),
        ("an empty pair", format!("Hash={first};"), Err(NotAPair)),
        (
            "an empty pair first",
            format!(";Hash={first}"),
            Err(NotAPair),
        ),
        (
            "a space in the key",
            format!("Hash ={first}"),
            Err(NotAPair),
        ),
        (
            "not ASCII in the key",
            format!("Häsh={first}"),
            Err(NotAPair),
        ),
        ("a NUL in the key", format!("Hash\0={first}"), Err(NotAPair)),
        (
            "an open quote",
            format!("Hash={first};Subject=\"a"),
            Err(Quotes),
        ),
        (
            "an open quote around Hash",
            format!("Hash=\"{first}"),
            Err(Quotes),
        ),
        ("a quote at the end", format!("Hash={first}\""), Err(Quotes)),
        (
            "an escaped quote at the end",
            format!("Hash={first};Subject=\"a\\\""),
            Err(Quotes),
        ),
        (
            "a backslash at the end",
            format!("Hash={first};Subject=\"a\\"),
            Err(Quotes),
        ),
        (
            "quotes inside of a value",
            format!("Hash={first};URI=a\"b\"c"),
            Err(Quotes),
        ),
        (
            "quotes and more",
            format!("Hash={first};URI=\"a\"b"),
            Err(Quotes),
        ),
        (
            "quotes twice",
            format!("Hash={first};Subject=\"\"\"\""),
            Err(Quotes),
        ),
        ("a key in quotes", format!("\"Hash\"={first}"), Err(Quotes)),
        ("a pair in quotes", format!("\"Hash={first}\""), Err(Quotes)),
    ];
    for (name, list, expected) in table {
        assert_eq!(last(&list), expected, "{name}");
    }
}

/// P10.
#[test]
fn hash_is_64_hexadecimal_digits() {
    let digits = FIRST.sha256;
    let good = Ok(Some(FIRST.thumbprint()));
    let colons: Vec<&str> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap())
        .collect();
    let table = [
        ("lower case", digits.to_owned(), good),
        ("upper case", digits.to_ascii_uppercase(), good),
        ("both", digits.replace('a', "A"), good),
        ("63", digits.chars().skip(1).collect(), Err(Hash)),
        ("62", digits.chars().skip(2).collect(), Err(Hash)),
        ("65", format!("{digits}0"), Err(Hash)),
        ("66", format!("{digits}00"), Err(Hash)),
        ("SHA-1", "0".repeat(40), Err(Hash)),
        ("SHA-512", "0".repeat(128), Err(Hash)),
        ("none", String::new(), Err(Hash)),
        ("two empty quotes", "\"\"".into(), Err(Hash)),
        ("not hexadecimal", digits.replace('a', "g"), Err(Hash)),
        ("0x", digits.replacen("1b", "0x", 1), Err(Hash)),
        ("a sign", digits.replacen("1b", "+b", 1), Err(Hash)),
        (
            "a space inside",
            digits.replacen("1b", " b", 1).replacen('a', " ", 1),
            Err(Hash),
        ),
        ("colons", colons.join(":"), Err(Hash)),
        ("base64url", FIRST.thumbprint().to_string(), Err(Hash)),
        ("full-width digits", digits.replace('1', "１"), Err(Hash)),
        ("percent-encoded", digits.replacen('1', "%31", 1), Err(Hash)),
        ("escaped", format!("\"\\{digits}\""), Err(Hash)),
    ];
    for (name, value, expected) in table {
        assert_eq!(last(&format!("Hash={value}")), expected, "{name}");
    }
}

#[test]
fn cert_serves_where_there_is_no_hash() {
    let first = percent_encoded(FIRST.pem);
    let second = percent_encoded(SECOND.pem);
    let hash = FIRST.sha256;
    let good = Ok(Some(FIRST.thumbprint()));
    let table = [
        (format!("Cert=\"{first}\""), good),
        (format!("cert={first}"), good),
        (format!("By=a;Cert=\"{first}\";Chain=\"{second}\""), good),
        // Hash wins, whatever Cert is, and wherever.
        (format!("Hash={hash};Cert=\"{second}\""), good),
        (format!("Cert=\"{second}\";Hash={hash}"), good),
        (format!("Hash={hash};Cert=\"garbage\""), good),
        // A bad Hash is not made good.
        (format!("Hash=;Cert=\"{first}\""), Err(Hash)),
        (format!("Hash=0;Cert=\"{first}\""), Err(Hash)),
        (format!("Chain=\"{first}\""), Ok(None)),
        ("Cert=\"\"".into(), Err(Cert(CertificateError::Armour))),
        (
            "Cert=\"garbage\"".into(),
            Err(Cert(CertificateError::Armour)),
        ),
        (
            format!("Cert=\"{first}\\\"\""),
            Err(Cert(CertificateError::Armour)),
        ),
        (
            format!("Cert=\"{first}{second}\""),
            Err(Cert(CertificateError::Armour)),
        ),
        (
            "Cert=\"%\"".into(),
            Err(Cert(CertificateError::PercentEncoding)),
        ),
    ];
    for (list, expected) in table {
        assert_eq!(last(&list), expected, "{list}");
    }
}

#[test]
fn the_element_is_counted_from_the_right() {
    let a = format!("Hash={}", FIRST.sha256);
    let b = format!("Hash={};Subject=\"x,y\"", SECOND.sha256);
    let first = Ok(Some(FIRST.thumbprint()));
    let second = Ok(Some(SECOND.thumbprint()));
    let table: Vec<(Vec<String>, u8, _)> = vec![
        (vec![], 1, Ok(None)),
        (vec![a.clone()], 0, Ok(None)),
        (vec![a.clone()], 1, first),
        (vec![a.clone()], 2, Ok(None)),
        (vec![a.clone()], 255, Ok(None)),
        (vec![format!("{a},{b}")], 1, second),
        (vec![format!("{a} , {b}")], 2, first),
        (vec![format!("{a},{b}")], 3, Ok(None)),
        (vec![a.clone(), b.clone()], 1, second),
        (vec![a.clone(), b.clone()], 2, first),
        (vec![a.clone(), b.clone()], 3, Ok(None)),
        (vec![b.clone(), format!("{a},By=z")], 2, first),
        // Empty ones count: what a proxy left empty is not filled from the left.
        (vec![format!("{a},,{b}")], 2, Ok(None)),
        (vec![a.clone(), String::new()], 1, Ok(None)),
        (vec![String::new(), a.clone()], 1, first),
        // The others are not looked into.
        (vec!["rubbish;;Hash=0".into(), a.clone()], 1, first),
        (vec![a.clone(), "rubbish;;Hash=0".into()], 2, first),
        (vec![a.clone(), "rubbish;;Hash=0".into()], 1, Err(NotAPair)),
        // But for their quotes.
        (vec!["Subject=\"".into(), a.clone()], 1, Err(Quotes)),
        (vec![a.clone(), "Subject=\"".into()], 2, Err(Quotes)),
    ];
    for (lines, hops, expected) in table {
        let found = element(lines.iter().map(String::as_bytes), hops);
        assert_eq!(found, expected, "{hops} of {lines:?}");
    }
}

/// An element of the client that leaves a quote open, for the proxy's own quotes to close.
#[test]
fn an_open_quote_swallows_no_element() {
    let victim = SECOND.sha256;
    let own = FIRST.sha256;
    for before in [
        "Subject=\"",
        "Subject=\"\\",
        "Subject=\"\\\\",
        "Subject=\"a\";DNS=\"",
        "Cert=\"",
    ] {
        for subject in [
            "",
            "CN=a",
            "CN=a\\\"b",
            "\\\"",
            "CN=\\\\",
            ",",
            ";x=",
            ",Hash=0;x=",
        ] {
            let list = format!("Hash={victim};{before},By=a;Hash={own};Subject=\"{subject}\"");
            assert_eq!(last(&list), Err(Quotes), "{list}");
        }
    }
}

/// Envoy does not quote `URI` and `DNS`. What a comma in one of them begins looks like any element: the module's
/// caveat, not something that the grammar could tell.
#[test]
fn a_bare_name_with_a_comma_is_an_element() {
    let list = format!("Hash={};URI=a,Hash={}", FIRST.sha256, SECOND.sha256);
    assert_eq!(last(&list), Ok(Some(SECOND.thumbprint())));
}

#[test]
fn a_list_has_at_most_64_kib() {
    let pair = format!(";Hash={}", FIRST.sha256);
    let padded = |length: usize| format!("x={}{pair}", "a".repeat(length - 2 - pair.len()));
    assert_eq!(last(&padded(MAX_LIST)), Ok(Some(FIRST.thumbprint())));
    assert_eq!(last(&padded(MAX_LIST + 1)), Err(TooLong));
    let half = padded(MAX_LIST / 2);
    assert_eq!(element([half.as_bytes(), half.as_bytes()], 1), Err(TooLong));
}

/// Bytes that mean something, and some that do not.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[,;=\"\\\\ ]",
        4 => prop::sample::select(vec!["Hash=", "hash", "Cert=", "Subject=\"", "By", "=\"", "\\\"", "%2"]).prop_map(str::to_owned),
        1 => Just(FIRST.sha256.to_owned()),
        1 => Just(SECOND.sha256.to_owned()),
        2 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// What a proxy writes: names that the client chose, quoted and escaped.
fn proper_element() -> impl Strategy<Value = String> {
    let quoted = |text: String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let pair = (
        prop::sample::select(vec!["By", "Subject", "URI", "DNS", "Chain"]),
        any_text(),
    )
        .prop_map(move |(key, text)| format!("{key}={}", quoted(text)))
        .boxed();
    let pairs = || prop::collection::vec(pair.clone(), 0..4);
    let hash = prop_oneof![
        2 => any::<[u8; 32]>().prop_map(|bytes| {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("Hash={digits}"))
        }),
        1 => Just(Some(format!("Cert=\"{}\"", percent_encoded(FIRST.pem)))),
        1 => Just(None),
    ];
    (pairs(), hash, pairs()).prop_map(|(before, hash, after)| {
        [before, hash.into_iter().collect(), after]
            .concat()
            .join(";")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn never_panics(lines in prop::collection::vec(any_text(), 0..4), bytes: Vec<u8>, hops: u8) {
        let _ = element(lines.iter().map(String::as_bytes), hops % 5);
        let _ = element([bytes.as_slice()], hops);
    }

    #[test]
    fn several_lines_are_one_list(lines in prop::collection::vec(any_text(), 1..5), hops in 0_u8..6) {
        let several = element(lines.iter().map(String::as_bytes), hops);
        prop_assert_eq!(several, element([lines.join(",").as_bytes()], hops));
    }

    /// Quotes protect commas and semicolons, wherever they are.
    #[test]
    fn a_proper_list_has_its_elements(elements in prop::collection::vec(proper_element(), 1..5), hops in 1_u8..6) {
        let alone = match elements.len().checked_sub(usize::from(hops)) {
            Some(at) => last(&elements[at]),
            None => Ok(None),
        };
        prop_assert!(alone.is_ok(), "{:?}", alone);
        prop_assert_eq!(last_of(&elements, hops), alone);
    }

    /// The client's own elements come before those of the proxies.
    #[test]
    fn what_is_to_the_left_changes_nothing(
        client in prop::collection::vec(any_text(), 1..3),
        proxies in prop::collection::vec(proper_element(), 1..4),
        one_line: bool,
    ) {
        let hops = u8::try_from(proxies.len()).unwrap();
        let alone = last_of(&proxies, hops);
        let mut lines = client.clone();
        if one_line {
            lines = vec![client.into_iter().chain(proxies).collect::<Vec<_>>().join(",")];
        } else {
            lines.extend(proxies);
        }
        let found = element(lines.iter().map(String::as_bytes), hops);
        prop_assert!(found == alone || found == Err(Quotes), "{:?}, {:?}", found, alone);
    }
}

fn last_of(elements: &[String], hops: u8) -> Result<Option<CertificateThumbprint>, XfccError> {
    element([elements.join(",").as_bytes()], hops)
}
