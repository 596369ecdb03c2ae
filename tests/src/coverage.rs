//! Which of the published ids the table covers, and where the others are.

/// The ids of the groups A to R, and those of T that concern a resource server.
pub fn published() -> impl Iterator<Item = &'static str> {
    PUBLISHED.split_whitespace()
}

const PUBLISHED: &str = "\
     A01 A02 A03 A04 A06 A08 A10 A11 A12 A13 A16 A17 A18 A20 A21 A22 A23 A24 A25 A26 A27 A30 A31 A32 \
     B01 B02 B05 B08 B11 B12 B13 B14 B15 B16 B17 B19 B21 B23 \
     C01 C02 C03 C04 C08 C11 C12 C14 C15 C17 C18 C22 C23 C24 C26 C27 C28 C29 C30 C32 C33 \
     D01 D02 D04 D05 D06 D07 D09 D10 D11 D12 D15 D16 D17 D18 D21 D24 D26 D29 D30 D31 D33 D34 \
     E02 E03 E04 E05 E08 E09 E11 E12 E15 E16 E18 E21 E22 E23 E24 E26 E27 E29 E30 E32 E34 E37 E38 E39 E40 \
     F01 F02 F03 F04 F05 F06 F07 F08 F10 F11 F12 F15 F16 F17 F22 F23 F24 \
     G01 G02 G04 G05 G06 G07 G08 G09 G10 G14 G15 G17 G18 G19 G21 G24 G26 G27 G30 G31 G33 G34 G36 G38 G39 \
     G40 G41 G43 G44 G47 G48 G49 G51 G52 G53 G54 G55 G56 G57 \
     H01 H02 H04 H05 H07 H08 H13 H17 H18 \
     I01 I02 I03 I04 I06 I07 I09 I10 I12 I14 I16 I18 I19 I20 I21 I22 I24 I25 I26 I28 I29 I31 \
     J02 J03 J04 J05 J07 J08 J10 J11 J12 J13 J15 J19 J21 J22 \
     K01 K03 K05 K06 K07 K08 K09 K10 \
     L01 L02 L05 L06 L09 L10 L12 L16 L17 L18 \
     M01 M03 M04 M06 M09 M13 M14 M15 M16 M17 M18 M19 M20 M21 M22 M23 M24 M26 M27 M28 M30 M31 M32 M37 M38 \
     M40 \
     N01 N02 N04 N05 N07 N09 N11 N13 N16 N19 N20 N21 N26 N28 N29 N31 \
     O01 O02 O03 O04 O05 O06 O07 O08 O09 O10 O11 O13 O14 O15 O16 O17 O19 O20 O21 O22 O23 \
     P02 P04 P06 P07 P09 P10 P11 P14 P20 P22 P23 \
     Q01 Q02 Q04 Q10 Q11 Q13 Q14 Q15 \
     R01 R02 R04 R05 R09 R10 R11 R13 R15 R16 R17 R19 R20 R23 R24 R27 R28 R30 R31 R34 \
     T04 T07 T08 T10 T12 T13 T14 T15";

/// Ids that are no single exchange with one host, and the file, which names the id, with the test that covers them.
pub const ELSEWHERE: &[(&str, &str)] = &[
    ("F24", "tests/tests/envoy/vectors.rs"),
    ("G52", "tests/tests/nested.rs"),
    ("I06", "tests/tests/concurrency.rs"),
    ("J07", "tests/tests/nonces.rs"),
    ("J13", "tests/tests/nonces.rs"),
    ("N02", "crates/tower-fapi/tests/keys/rotation.rs"),
    ("N04", "crates/tower-fapi/tests/keys/rotation.rs"),
    ("N11", "crates/tower-fapi/tests/keys/lies.rs"),
    ("N13", "crates/tower-fapi/tests/keys/lies.rs"),
    ("N26", "crates/fapi-core/src/fetch/metadata.rs"),
    ("N28", "crates/tower-fapi/tests/keys/discovery.rs"),
    ("N29", "crates/tower-fapi/tests/keys/tls.rs"),
    ("N31", "tests/tests/envoy/gone.rs"),
    ("O09", "crates/tower-fapi/tests/introspect.rs"),
    ("O11", "crates/tower-fapi/tests/introspect_flight.rs"),
    ("O13", "crates/tower-fapi/src/introspect/cache/tests.rs"),
    ("O14", "crates/tower-fapi/tests/introspect_flight.rs"),
    ("O15", "crates/tower-fapi/tests/introspect.rs"),
    ("O16", "crates/tower-fapi/tests/introspect_log.rs"),
    ("O20", "crates/tower-fapi/tests/introspect.rs"),
    ("O23", "crates/tower-fapi/tests/introspect.rs"),
    ("R04", "tests/tests/envoy/routes.rs"),
    ("R05", "tests/tests/envoy/routes.rs"),
    ("R17", "examples/tonic-accounts/tests/wire.rs"),
    ("R19", "crates/tower-fapi/tests/waiting.rs"),
    ("R20", "crates/tower-fapi/tests/rules/headers.rs"),
    ("R27", "crates/envoy-wasm-filter/src/tests/memory.rs"),
    ("R28", "crates/envoy-wasm-filter/src/tests/memory.rs"),
    ("R31", "tests/tests/envoy/routes.rs"),
    ("R34", "tests/tests/envoy/differential.rs"),
    ("T08", "tests/tests/logs.rs"),
    ("T13", "crates/fapi-core/src/dpop/replay/tests.rs"),
    ("T15", "crates/fapi-core/tests/anything.rs"),
];

/// Ids that nothing here covers, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "B17",
        "needs HTTP/2: CONTINUATION frames are the HTTP library's to bound, and no header reaches us",
    ),
    (
        "E30",
        "optional policy that we do not have: the key is the client's own",
    ),
    (
        "F23",
        "a back end that fails cannot be brought about over the wire",
    ),
    (
        "G49",
        "no forwarded header is ever read for the origin (G48 asserts it), so there is no hop to choose",
    ),
    (
        "G53",
        "there is no mode that takes method or URI from a header",
    ),
    (
        "I07",
        "documentation: two stores accept one proof once each",
    ),
    (
        "I22",
        "needs a slow store and real time: with the Redis store",
    ),
    ("I24", "needs Redis"),
    ("I25", "needs Redis"),
    ("I26", "needs Redis"),
    ("I28", "documentation: a proxy's retry is a replay (I04)"),
    (
        "I29",
        "documentation: mirrored traffic must not share the store",
    ),
    ("J19", "an outer layer's doing: nothing of ours can keep it"),
    (
        "M37",
        "the corpus is not here: fapi-crypto runs Wycheproof's signature vectors, groups C and F have its JWS defects",
    ),
    (
        "M40",
        "no routing happens before verification; `Access` exists only after it",
    ),
    (
        "N07",
        "documentation: how long keys serve stands with tower-fapi's module `keys`",
    ),
    (
        "O17",
        "the hint that we send is right; what a server makes of another one is its own",
    ),
    (
        "O21",
        "credentials are a part of the configuration, which a reload replaces as a whole",
    ),
    (
        "P22",
        "the TLS library's: a server describes each connection with the certificate of its own session",
    ),
    (
        "P23",
        "the server's: it describes the one connection that a request came over",
    ),
    ("R01", HTTP_LIBRARY),
    ("R02", HTTP_LIBRARY),
    ("R09", HTTP_LIBRARY),
    ("R10", HTTP_LIBRARY),
    (
        "R11",
        "early data is a replay like any other, and the store refuses it (I04)",
    ),
    (
        "R15",
        "documentation: a proof covers the beginning of a stream, and no message of it",
    ),
    (
        "T12",
        "the server's: a request under way is a future that the layer keeps no record of",
    ),
    (
        "T14",
        "needs a day, and an instrument for memory and file descriptors",
    ),
];

const HTTP_LIBRARY: &str = "the HTTP library's: such a message never becomes a request";
