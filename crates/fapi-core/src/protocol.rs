//! What of a request decides how it is answered.

/// The protocol that the client speaks: a refusal is written down differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP: a status and header fields.
    Http,
    /// gRPC: status 200, trailers only.
    Grpc,
}

impl Protocol {
    /// gRPC names itself by the request's content type (gRPC over HTTP/2, "Requests").
    #[must_use]
    pub fn of(content_type: Option<&[u8]>) -> Self {
        const NAME: &[u8] = b"application/grpc";
        let grpc = content_type.is_some_and(|value| {
            value
                .split_at_checked(NAME.len())
                .is_some_and(|(start, rest)| {
                    start.eq_ignore_ascii_case(NAME)
                        && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
                })
        });
        if grpc { Self::Grpc } else { Self::Http }
    }
}

/// Whether the text is a UUID, eight, four, four, four and twelve hexadecimal digits of either case: an
/// `x-fapi-interaction-id` that may go into logs and responses. Nothing else may.
#[must_use]
pub fn is_interaction_id(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_names_itself() {
        for text in [
            "application/grpc",
            "application/grpc+proto",
            "Application/GRPC; charset=utf-8",
            "application/grpc ",
        ] {
            assert_eq!(
                Protocol::of(Some(text.as_bytes())),
                Protocol::Grpc,
                "{text}"
            );
        }
        for text in ["application/grpc-web", "application/grpcx", "text/html", ""] {
            assert_eq!(
                Protocol::of(Some(text.as_bytes())),
                Protocol::Http,
                "{text}"
            );
        }
        assert_eq!(Protocol::of(None), Protocol::Http);
    }

    #[test]
    fn an_interaction_id_is_a_uuid() {
        assert!(is_interaction_id(b"3F2504e0-4f89-11D3-9a0c-0305E82C3301"));
        for text in [
            "",
            "x",
            "3f2504e0-4f89-11d3-9a0c-0305e82c330g",
            "3f2504e04f8911d39a0c0305e82c33013f25",
        ] {
            assert!(!is_interaction_id(text.as_bytes()), "{text}");
        }
    }
}
