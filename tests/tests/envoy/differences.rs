//! Where Envoy itself comes between the table and the filter, and what of the table does not go through Envoy.

use fapi_tests::case::Case;
use fapi_tests::profile::Profile;

/// A case that Envoy answers otherwise than the core would, and why that is safe.
pub(crate) struct Difference {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    /// What the client gets.
    pub(crate) status: u16,
    pub(crate) why: &'static str,
}

/// What is known, and nothing else: the test fails when one of these is no longer needed.
pub(crate) const DIFFERENCES: &[Difference] = &[
    // Lines of one header.
    known("A30", "a value split over two lines", 400, MERGES),
    // Bare carriage returns.
    known("A17", "CR", 200, DROPS_CR),
    known("C03", r#""\r", header, proof"#, 200, DROPS_CR),
    known("C03", r#""\r", payload, proof"#, 200, DROPS_CR),
    known("C03", r#""\r", signature, proof"#, 200, DROPS_CR),
    known("C03", r#""\r", header, token"#, 401, DROPS_CR_OF_TOKEN),
    known("C03", r#""\r", payload, token"#, 401, DROPS_CR_OF_TOKEN),
    known("C03", r#""\r", signature, token"#, 401, DROPS_CR_OF_TOKEN),
    // gRPC.
    known("R13", "Application/gRPC;x=1: no proof", 401, GRPC),
    // Methods and targets.
    known("G06", "QUERY", 400, METHODS),
    known("G06", "M-SEARCH", 400, METHODS),
    known("G06", "get", 400, METHODS),
    known("R30", "a method in another case", 400, METHODS),
    known("G08", "OPTIONS *, htu ", 404, ASTERISK),
    known("G08", "OPTIONS *, htu /", 404, ASTERISK),
    known("G08", "OPTIONS *, htu /*", 404, ASTERISK),
    known("G08", "OPTIONS *, htu *", 404, ASTERISK),
    known("G08", "OPTIONS *, htu /accounts", 404, ASTERISK),
    known("G34", "é in the request line", 400, TARGETS),
];

const MERGES: &str = "Envoy makes one line of two, with a comma between: the token is malformed then, and refused \
                      with the same status and code, only in other words";
const DROPS_CR: &str = "Envoy drops a bare CR before anybody looks: filter and upstream see the same value, which is the \
                        genuine one";
const DROPS_CR_OF_TOKEN: &str =
    "Envoy drops the bare CR, so the token is not the one that the proof names: refused";
const GRPC: &str = "Envoy knows gRPC only by the very bytes of its content type: others are answered in HTTP, which says \
                    the same";
const METHODS: &str =
    "Envoy's parser knows a fixed list of methods, and refuses others before the filter";
const ASTERISK: &str = "Envoy answers a target without a path itself: nothing goes to the upstream";
const TARGETS: &str = "Envoy's parser refuses a target with bytes that are not ASCII";

const fn known(
    id: &'static str,
    about: &'static str,
    status: u16,
    why: &'static str,
) -> Difference {
    Difference {
        id,
        about,
        status,
        why,
    }
}

impl Difference {
    pub(crate) fn is_about(&self, case: &Case) -> bool {
        (self.id, self.about) == (case.id, case.about.as_str())
    }
}

/// Why a case does not go through Envoy, beside those that move the clock: Envoy's is the system's.
pub(crate) fn left_out(case: &Case) -> Option<&'static str> {
    match (case.profile, case.id, case.about.as_str()) {
        (Profile::StoreFull | Profile::StoreDown, _, _) => Some(STORE),
        (Profile::LateKeys, "N09", "a new kid while nobody answers") => Some(COOL_DOWN),
        (Profile::LateKeys, "N05", "without kid only the keys at hand are tried") => Some(AT_HAND),
        _ => None,
    }
}

const STORE: &str = "Envoy's shared data is neither full nor down at will: the filter's own tests have a host for it";
const COOL_DOWN: &str =
    "the cool-down for unknown keys is used up by the cases before: its own test waits for nobody";
const AT_HAND: &str = "the key that others have asked for is at hand by then";
