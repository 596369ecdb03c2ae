//! Strict reading of JSON objects.
//!
//! `serde_json` does the lexing (UTF-8, escapes, surrogates, number grammar, trailing data); this module adds what
//! JOSE wants and it leaves open: no member twice, at any depth and in any spelling (RFC 7515 §4, RFC 7519 §4), a
//! bounded depth, and values whose type is checked and never coerced.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::UnixTime;

/// Levels of nesting below the top object.
const MAX_DEPTH: usize = 32;

/// Integers beyond this are not exact in JSON (RFC 8259 §6), so no date that anyone meant.
const MAX_EXACT: i64 = 1 << 53;

/// The text is no JSON object as we accept it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotStrictJson;

/// What reads the members of one object.
pub(crate) trait Members<'de> {
    /// Takes the value of the member `name` from `map`, or answers `None` if it does not know the name.
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error>;
}

/// Reads `text`, exactly one JSON object, into `members`.
pub(crate) fn read_object<'de, M: Members<'de>>(
    text: &'de [u8],
    members: &mut M,
) -> Result<(), NotStrictJson> {
    // One pass over the whole text here, so that the lexer need not check each string.
    let text = str::from_utf8(text).map_err(|_| NotStrictJson)?;
    let mut json = serde_json::Deserializer::from_str(text);
    Object(members)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|_| NotStrictJson)
}

/// Reads a nested object into `members`.
pub(crate) struct Object<'a, M>(pub(crate) &'a mut M);

impl<'de, M: Members<'de>> DeserializeSeed<'de> for Object<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = Names::default();
        while let Some(Text(name)) = map.next_key()? {
            if self.0.member(&name, &mut map)?.is_none() {
                map.next_value_seed(Unknown { depth: 1 })?;
            }
            names.insert(name)?;
        }
        Ok(())
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> de::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A NumericDate (RFC 7519 §2): a number, its fraction dropped. Strings, and numbers that no clock shows, are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumericDate(pub(crate) UnixTime);

impl<'de> de::Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;
        impl Visitor<'_> for DateVisitor {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970")
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
                // Refused, not saturated: a saturated `exp` would never expire.
                if (-MAX_EXACT..=MAX_EXACT).contains(&seconds) {
                    Ok(NumericDate(UnixTime::from_secs(seconds)))
                } else {
                    Err(E::custom("date out of range"))
                }
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                let seconds = i64::try_from(seconds).map_err(|_| E::custom("date out of range"))?;
                self.visit_i64(seconds)
            }

            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "the range check allows only floats that are exact as i64"
            )]
            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
                let whole = seconds.floor();
                if whole.abs() <= MAX_EXACT as f64 {
                    Ok(NumericDate(UnixTime::from_secs(whole as i64)))
                } else {
                    Err(E::custom("date out of range"))
                }
            }
        }
        deserializer.deserialize_f64(DateVisitor)
    }
}

/// A value that nobody asked for: read for its form, then forgotten.
struct Unknown {
    depth: usize,
}

impl Unknown {
    fn deeper<E: de::Error>(&self) -> Result<usize, E> {
        if self.depth < MAX_DEPTH {
            Ok(self.depth.saturating_add(1))
        } else {
            Err(E::custom("nested too deeply"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Unknown {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unknown {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while seq.next_element_seed(Unknown { depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let mut names = Names::default();
        while let Some(Text(name)) = map.next_key()? {
            map.next_value_seed(Unknown { depth })?;
            names.insert(name)?;
        }
        Ok(())
    }
}

/// The names seen in one object. A small object costs no allocation, a large one no quadratic time.
#[derive(Default)]
struct Names<'de> {
    few: [Option<Cow<'de, str>>; Names::FEW],
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    const FEW: usize = 16;

    fn insert<E: de::Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        for place in &mut self.few {
            match place {
                Some(seen) if *seen == name => return Err(E::custom("a member stands twice")),
                Some(_) => {}
                None => {
                    *place = Some(name);
                    return Ok(());
                }
            }
        }
        if self.many.insert(name) {
            Ok(())
        } else {
            Err(E::custom("a member stands twice"))
        }
    }
}

/// An array of strings; its other elements are refused.
pub(crate) struct TextArray<'de>(pub(crate) Vec<Cow<'de, str>>);

impl<'de> de::Deserialize<'de> for TextArray<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArrayVisitor;
        impl<'de> Visitor<'de> for ArrayVisitor {
            type Value = TextArray<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TextArray<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(Text(text)) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(TextArray(texts))
            }
        }
        deserializer.deserialize_seq(ArrayVisitor)
    }
}

/// Stores a member's value, or fails if the type is wrong.
pub(crate) fn take<'de, T, A>(slot: &mut Option<T>, map: &mut A) -> Result<Option<()>, A::Error>
where
    T: de::Deserialize<'de>,
    A: MapAccess<'de>,
{
    *slot = Some(map.next_value()?);
    Ok(Some(()))
}

/// Refuses the object because of a member that must not be there.
pub(crate) fn refuse<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<()>, A::Error> {
    map.next_value::<IgnoredAny>()?;
    Err(A::Error::custom("a member that must not be here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Probe<'de> {
        text: Option<Text<'de>>,
        date: Option<NumericDate>,
        list: Option<TextArray<'de>>,
    }

    impl<'de> Members<'de> for Probe<'de> {
        fn member<A: MapAccess<'de>>(
            &mut self,
            name: &str,
            map: &mut A,
        ) -> Result<Option<()>, A::Error> {
            match name {
                "text" => take(&mut self.text, map),
                "date" => take(&mut self.date, map),
                "list" => take(&mut self.list, map),
                "never" => refuse(map),
                _ => Ok(None),
            }
        }
    }

    fn read(text: &str) -> Result<Probe<'_>, NotStrictJson> {
        let mut probe = Probe::default();
        read_object(text.as_bytes(), &mut probe).map(|()| probe)
    }

    fn date(number: &str) -> Option<i64> {
        let text = format!("{{\"date\":{number}}}");
        read(&text).ok()?.date.map(|date| date.0.as_secs())
    }

    #[test]
    fn reads_what_is_asked_for_and_skips_the_rest() {
        let probe = read(
            " {\"text\" : \"a\\u0062\", \"x\":{\"y\":[1,-2.5e3,null,true,\"z\"]},\"list\":[\"p\"]} ",
        )
        .unwrap();
        assert_eq!(probe.text, Some(Text("ab".into())));
        assert_eq!(probe.list.unwrap().0, ["p"]);
        assert!(probe.date.is_none());
    }

    #[test]
    fn a_plain_string_is_borrowed() {
        assert!(matches!(
            read("{\"text\":\"plain\"}").unwrap().text,
            Some(Text(Cow::Borrowed("plain")))
        ));
    }

    #[test]
    fn no_member_stands_twice() {
        let many: String = (0..40).map(|n| format!("\"m{n}\":{n},")).collect();
        for text in [
            "{\"text\":\"a\",\"text\":\"a\"}",
            "{\"text\":\"a\",\"\\u0074ext\":\"b\"}",
            "{\"x\":1,\"y\":2,\"x\":1}",
            "{\"o\":{\"x\":1,\"x\":1}}",
            "{\"o\":[{\"p\":{\"x\":1,\"\\u0078\":1}}]}",
            &format!("{{{many}\"m39\":1}}"),
            &format!("{{{many}\"m1\":1}}"),
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&format!("{{{many}\"end\":1}}")).is_ok());
        // Names are compared exactly (RFC 7515 §4).
        assert!(read("{\"text\":\"a\",\"Text\":\"b\"}").is_ok());
    }

    #[test]
    fn only_one_object_of_json() {
        for text in [
            "",
            "null",
            "true",
            "1",
            "\"x\"",
            "[]",
            "{",
            "{}}",
            "{} {}",
            "{}x",
            "\u{feff}{}",
            "{'text':1}",
            "{\"x\":NaN}",
            "{\"x\":Infinity}",
            "{\"x\":0x10}",
            "{\"x\":01}",
            "{\"x\":.5}",
            "{\"x\":1.}",
            "{\"x\":1,}",
            "{,}",
            "{\"x\"}",
            "{\"x\":\"\\uD800\"}",
            "{\"x\":\"a\nb\"}",
            "{\"never\":1}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        for bytes in [
            &b"{\"x\":\"\xc0\x80\"}"[..],
            b"{\"x\":\"\xff\"}",
            b"{\0}",
            b"\xfe\xff\0{\0}",
        ] {
            assert!(read_object(bytes, &mut Probe::default()).is_err());
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH - 1)).is_ok());
        assert!(read(&nested(MAX_DEPTH)).is_err());
        assert!(read(&nested(100_000)).is_err());
        assert!(read(&format!("{{\"x\":{}", "{\"a\":".repeat(100_000))).is_err());
    }

    #[test]
    fn dates_are_numbers_in_range_and_rounded_down() {
        assert_eq!(date("1712345678"), Some(1_712_345_678));
        assert_eq!(date("1712345678.0"), Some(1_712_345_678));
        assert_eq!(date("1712345678.9"), Some(1_712_345_678));
        assert_eq!(date("1.7e9"), Some(1_700_000_000));
        assert_eq!(date("-1.5"), Some(-2));
        assert_eq!(date("9007199254740992"), Some(MAX_EXACT));
        for wrong in [
            "9007199254740993",
            "9223372036854775808",
            "1e300",
            "1e999",
            "\"1712345678\"",
            "null",
            "true",
            "[]",
            "{}",
            "-9007199254740993",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_hold_strings_only() {
        assert!(read("{\"list\":[]}").unwrap().list.unwrap().0.is_empty());
        for wrong in ["[1]", "[null]", "[[]]", "\"x\"", "{}", "null"] {
            assert!(read(&format!("{{\"list\":{wrong}}}")).is_err(), "{wrong}");
        }
    }
}
