//! The content types of answers.

/// Whether a content type is `application/json` or `application/…+json` (RFC 6839 §3.1).
///
/// Parameters are ignored: JSON is UTF-8 (RFC 8259 §8.1), and what is not UTF-8 does not parse.
#[must_use]
pub fn is_json(content_type: &[u8]) -> bool {
    let essence = essence(content_type).to_ascii_lowercase();
    let Some(subtype) = essence.strip_prefix(b"application/") else {
        return false;
    };
    subtype == b"json"
        || subtype
            .strip_suffix(b"+json")
            .is_some_and(|name| !name.is_empty())
}

/// Whether a content type is that of a signed introspection response (RFC 9701 §5).
#[must_use]
pub fn is_signed_introspection(content_type: &[u8]) -> bool {
    essence(content_type).eq_ignore_ascii_case(b"application/token-introspection+jwt")
}

fn essence(content_type: &[u8]) -> &[u8] {
    let essence = content_type.split(|&byte| byte == b';').next();
    essence.unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_by_name_or_suffix() {
        let good = [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/jwk-set+json",
        ];
        for text in good {
            assert!(is_json(text.as_bytes()), "{text}");
        }
        let bad = [
            "",
            "text/html",
            "text/json",
            "text/plain; application/json",
            "application/json, text/html",
            "application/octet-stream",
            "application/jsonp",
            "application/+json",
            "application/",
            "image/svg+json",
        ];
        for text in bad {
            assert!(!is_json(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_signed_introspection_response_by_its_name_alone() {
        assert!(is_signed_introspection(
            b"Application/token-introspection+JWT ;x=y"
        ));
        for text in ["application/jwt", "application/json", ""] {
            assert!(!is_signed_introspection(text.as_bytes()), "{text}");
        }
    }
}
