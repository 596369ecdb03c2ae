use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Sec1Point};
use proptest::prelude::*;

use super::*;

type Coordinates = ([u8; 32], [u8; 32]);

fn hex(text: &str) -> [u8; 32] {
    let digits: Vec<u8> = text
        .bytes()
        .map(|digit| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap())
        .collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair[0] * 16 + pair[1])
        .collect();
    bytes.try_into().unwrap()
}

fn coordinates(point: AffinePoint) -> Coordinates {
    let encoded = point.to_sec1_point(false);
    (
        (*encoded.x().unwrap()).into(),
        (*encoded.y().unwrap()).into(),
    )
}

fn multiple_of_generator(scalar: [u8; 32]) -> Coordinates {
    let scalar = Scalar::reduce(&FieldBytes::from(scalar)) + Scalar::ONE;
    coordinates((ProjectivePoint::GENERATOR * scalar).to_affine())
}

fn peer_accepts(x: [u8; 32], y: [u8; 32]) -> bool {
    let encoded = Sec1Point::from_affine_coordinates(&x.into(), &y.into(), false);
    AffinePoint::from_sec1_point(&encoded).is_some().into()
}

/// The points with this x, if there are any.
fn peer_solves(x: [u8; 32]) -> Option<Coordinates> {
    let mut compressed = [2; 33];
    compressed[1..].copy_from_slice(&x);
    let encoded = Sec1Point::from_bytes(compressed).unwrap();
    Option::<AffinePoint>::from(AffinePoint::from_sec1_point(&encoded)).map(coordinates)
}

fn p256_prime() -> [u8; 32] {
    hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
}

/// Numbers whose limbs sit at the places where carries go wrong.
fn awkward() -> impl Strategy<Value = [u8; 32]> {
    let limb = prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just(0xffff_ffff),
        Just(0xffff_ffff_0000_0000),
        Just(0xffff_ffff_0000_0001),
        any::<u64>(),
    ];
    prop::array::uniform4(limb).prop_map(|limbs| {
        let mut bytes = [0; 32];
        for (bytes, limb) in bytes.chunks_mut(8).zip(limbs) {
            bytes.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn accepts_multiples_of_the_generator(scalar: [u8; 32]) {
        let (x, y) = multiple_of_generator(scalar);
        prop_assert!(is_on_p256(&x, &y));
        // E16: swapped.
        prop_assert_eq!(is_on_p256(&y, &x), peer_accepts(y, x));
    }

    #[test]
    fn agrees_with_p256_on_points_with_a_flipped_bit(scalar: [u8; 32], bit in 0usize..512) {
        let (mut x, mut y) = multiple_of_generator(scalar);
        let coordinate = if bit < 256 { &mut x } else { &mut y };
        coordinate[bit % 256 / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(is_on_p256(&x, &y), peer_accepts(x, y));
    }

    #[test]
    fn agrees_with_p256_on_awkward_numbers(x in awkward(), y in awkward()) {
        prop_assert_eq!(is_on_p256(&x, &y), peer_accepts(x, y));
        if let Some((x, y)) = peer_solves(x) {
            prop_assert!(is_on_p256(&x, &y));
        }
    }

    #[test]
    fn ed25519_table_agrees_with_dalek(encoded: [u8; 32]) {
        if let Some(point) = CompressedEdwardsY(encoded).decompress() {
            let canonical = point.compress().to_bytes() == encoded;
            prop_assert_eq!(is_refused_ed25519(&encoded), point.is_small_order() || !canonical);
        }
    }
}

#[test]
fn accepts_the_generator_and_points_with_small_x() {
    // SEC 2 §2.4.2.
    let x = hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
    let y = hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
    assert!(is_on_p256(&x, &y));
    // E16.
    assert!(!is_on_p256(&y, &x));

    let mut solved = 0;
    for small in 0..=255 {
        let mut x = [0; 32];
        x[31] = small;
        if let Some((x, y)) = peer_solves(x) {
            solved += 1;
            assert!(is_on_p256(&x, &y), "x = {small}");
        }
    }
    // About half of all x have a point, x = 0 among them.
    assert!(solved > 100, "{solved}");
}

#[test]
fn refuses_coordinates_outside_the_field_and_off_the_curve() {
    let p = p256_prime();
    let mut p_minus_1 = p;
    p_minus_1[31] -= 1;
    let mut p_plus_1 = p;
    (p_plus_1[28], p_plus_1[27]) = (0, 0);
    let mut one = [0; 32];
    one[31] = 1;
    let edges = [[0; 32], one, p_minus_1, p, p_plus_1, [0xff; 32]];

    let (gx, gy) = multiple_of_generator([0; 32]);
    // E15, E18: (0, 0) is among them.
    for edge in edges {
        for other in edges {
            assert!(!is_on_p256(&edge, &other), "{edge:?} {other:?}");
        }
        assert!(!is_on_p256(&gx, &edge), "{edge:?}");
        assert!(!is_on_p256(&edge, &gy), "{edge:?}");
    }

    // x = 0 has a point; x = p, the same residue, is another spelling of it.
    let (x, y) = peer_solves([0; 32]).unwrap();
    assert!(is_on_p256(&x, &y));
    assert!(!is_on_p256(&p, &y));
}

#[test]
fn refuses_all_points_of_small_order() {
    for point in EIGHT_TORSION {
        assert!(is_refused_ed25519(&point.compress().to_bytes()));
    }
    let mut table: Vec<_> = SMALL_ORDER_Y.to_vec();
    table.sort_unstable();
    let mut torsion: Vec<_> = EIGHT_TORSION
        .map(|point| {
            let mut y = point.compress().to_bytes();
            y[31] &= 0x7f;
            y
        })
        .to_vec();
    torsion.sort_unstable();
    torsion.dedup();
    // Nothing honest is in the table.
    assert_eq!(table, torsion);
}

#[test]
fn refuses_every_spelling_that_is_not_canonical() {
    // E34: y = p … p + 18, that is 2²⁵⁵ − 19 … 2²⁵⁵ − 1, with both signs.
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            assert!(is_refused_ed25519(&ends(low, high)), "{low:x} {high:x}");
        }
    }
    // x = 0 with the sign bit: y = 1 and y = −1.
    let mut minus_zero = [0; 32];
    (minus_zero[0], minus_zero[31]) = (1, 0x80);
    assert!(is_refused_ed25519(&minus_zero));
    assert!(is_refused_ed25519(&ends(0xec, 0xff)));

    // p − 2 is an ordinary y below p, and so is what differs from p only in the middle.
    assert!(!is_refused_ed25519(&ends(0xeb, 0x7f)));
    let mut middle = ends(0xff, 0x7f);
    middle[16] = 0xfe;
    assert!(!is_refused_ed25519(&middle));
    let mut two = [0; 32];
    two[0] = 2;
    assert!(!is_refused_ed25519(&two));
}

#[test]
fn accepts_the_keys_and_signatures_of_rfc_8032() {
    // RFC 8032 §7.1: tests 1, 2, 3 and SHA(abc), public key and R.
    let points = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589",
    ];
    for point in points {
        let point = hex(point);
        assert!(CompressedEdwardsY(point).decompress().is_some());
        assert!(!is_refused_ed25519(&point));
    }
}
