//! Checks of public points that the signature back ends leave open or do late.
//!
//! Both look at public data only, so their running time may depend on it.

/// Whether `(x, y)`, big-endian, is a point of P-256 (RFC 7518 §6.2.1, SEC 1 §3.2.2.1): both coordinates
/// below p and y² = x³ − 3x + b. The point at infinity has no such coordinates. The group has prime order,
/// so nothing else is left to check.
pub(crate) fn is_on_p256(x: &[u8; 32], y: &[u8; 32]) -> bool {
    match (Residue::from_be_bytes(x), Residue::from_be_bytes(y)) {
        (Some(x), Some(y)) => y.times(y).minus(B) == x.times(x.times(x).minus(THREE)),
        _ => false,
    }
}

/// Whether `encoded`, an Ed25519 public key or the first half of a signature, is the encoding of a point of
/// small order, or one that decoding must refuse (RFC 8032 §5.1.3): y ≥ p, or x = 0 with the sign bit set.
///
/// An encoding that passes may still belong to no point: that is left to the back end.
pub(crate) fn is_refused_ed25519(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    // The top bit is the sign of x. Without it the table stands for the 8 points of small order and for
    // the two encodings with x = 0 and a sign, because x = 0 means y = ±1.
    y[31] &= 0x7f;
    y.iter().rev().ge(ED25519_P.iter().rev()) || SMALL_ORDER_Y.contains(&y)
}

/// 2²⁵⁵ − 19, little-endian.
const ED25519_P: [u8; 32] = ends(0xed, 0x7f);

/// The y of the points whose order divides 8, little-endian.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    // Order 1: y = 1.
    {
        let mut y = [0; 32];
        y[0] = 1;
        y
    },
    // Order 2: y = −1.
    ends(0xec, 0x7f),
    // Order 4: y = 0.
    [0; 32],
    // Order 8: the roots of d·y⁴ + 2y² = 1 that belong to points.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// 32 bytes of ones with another first and last byte.
const fn ends(first: u8, last: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// p = 2²⁵⁶ − 2²²⁴ + 2¹⁹² + 2⁹⁶ − 1 (SEC 2 §2.4.2), least significant limb first.
const P: [u64; 4] = [u64::MAX, 0xffff_ffff, 0, 0xffff_ffff_0000_0001];

/// 2⁵¹² mod p, which takes a number into Montgomery form.
const R_SQUARED: Residue = Residue([
    3,
    0xffff_fffb_ffff_ffff,
    0xffff_ffff_ffff_fffe,
    0x4_ffff_fffd,
]);

const THREE: Residue = Residue([3, 0, 0, 0]).times(R_SQUARED);

/// The b of the curve's equation (SEC 2 §2.4.2).
const B: Residue = Residue([
    0x3bce_3c3e_27d2_604b,
    0x651d_06b0_cc53_b0f6,
    0xb3eb_bd55_7698_86bc,
    0x5ac6_35d8_aa3a_93e7,
])
.times(R_SQUARED);

/// A number modulo [`P`] in Montgomery form (n·2²⁵⁶ mod p), always below p, least significant limb first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Residue([u64; 4]);

impl Residue {
    /// `None` if the number is not below p.
    fn from_be_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let ([a3, a2, a1, a0], []) = bytes.as_chunks::<8>() else {
            return None;
        };
        let limbs = [a0, a1, a2, a3].map(|limb| u64::from_be_bytes(*limb));
        let (_, borrow) = subtract(limbs, P);
        (borrow == 1).then(|| Self(limbs).times(R_SQUARED))
    }

    /// The Montgomery product, self · other / 2²⁵⁶ mod p.
    const fn times(self, other: Self) -> Self {
        let [a0, a1, a2, a3] = self.0;
        let sum = add_row([0; 5], a0, other.0);
        let sum = add_row(sum, a1, other.0);
        let sum = add_row(sum, a2, other.0);
        let [r0, r1, r2, r3, r4] = add_row(sum, a3, other.0);

        // sum < 2p, so one subtraction is enough; it is right if it borrows no more than r4 lends.
        let (reduced, borrow) = subtract([r0, r1, r2, r3], P);
        if borrow > r4 {
            Self([r0, r1, r2, r3])
        } else {
            Self(reduced)
        }
    }

    const fn minus(self, other: Self) -> Self {
        let (difference, borrow) = subtract(self.0, other.0);
        if borrow == 0 {
            return Self(difference);
        }
        // The borrowed 2²⁵⁶ and the carry of this addition cancel.
        let ([d0, d1, d2, d3], [p0, p1, p2, p3]) = (difference, P);
        let (d0, carry) = multiply_add(d0, p0, 1, 0);
        let (d1, carry) = multiply_add(d1, p1, 1, carry);
        let (d2, carry) = multiply_add(d2, p2, 1, carry);
        let (d3, _) = multiply_add(d3, p3, 1, carry);
        Self([d0, d1, d2, d3])
    }
}

/// `(sum + a · b + m · p) / 2⁶⁴` with the m that makes the division exact.
///
/// With sum < 2p and b < p the result is below 2p again, and sum + a · b < (2⁶⁴ + 1) · p < 2³²⁰ fits five limbs.
const fn add_row(sum: [u64; 5], a: u64, b: [u64; 4]) -> [u64; 5] {
    let ([s0, s1, s2, s3, s4], [b0, b1, b2, b3]) = (sum, b);
    let (s0, carry) = multiply_add(s0, a, b0, 0);
    let (s1, carry) = multiply_add(s1, a, b1, carry);
    let (s2, carry) = multiply_add(s2, a, b2, carry);
    let (s3, carry) = multiply_add(s3, a, b3, carry);
    let s4 = s4.wrapping_add(carry);

    // p = −1 mod 2⁶⁴, so m is the lowest limb: s0 + m · (2⁶⁴ − 1) = m · 2⁶⁴.
    let (m, carry) = (s0, s0);
    let [_, p1, p2, p3] = P;
    let (s1, carry) = multiply_add(s1, m, p1, carry);
    let (s2, carry) = multiply_add(s2, m, p2, carry);
    let (s3, carry) = multiply_add(s3, m, p3, carry);
    let (s4, carry) = multiply_add(s4, 0, 0, carry);
    [s1, s2, s3, s4, carry]
}

/// `a − b` modulo 2²⁵⁶, and 1 if a < b, else 0.
const fn subtract(a: [u64; 4], b: [u64; 4]) -> ([u64; 4], u64) {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a, b);
    let (d0, borrow) = subtract_limb(a0, b0, 0);
    let (d1, borrow) = subtract_limb(a1, b1, borrow);
    let (d2, borrow) = subtract_limb(a2, b2, borrow);
    let (d3, borrow) = subtract_limb(a3, b3, borrow);
    ([d0, d1, d2, d3], borrow)
}

const fn subtract_limb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow);
    (difference, (first | second) as u64)
}

/// The low and the high half of `sum + a · b + carry`, which cannot exceed 128 bits.
const fn multiply_add(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = (a as u128)
        .wrapping_mul(b as u128)
        .wrapping_add(sum as u128)
        .wrapping_add(carry as u128);
    (wide as u64, (wide >> 64) as u64)
}

#[cfg(test)]
mod tests;
