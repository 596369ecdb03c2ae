//! With the feature `fips` it is the FIPS module that signs and verifies. The other tests of this crate say that nothing
//! else changes.

#[test]
fn the_module_is_the_validated_one() {
    assert_eq!(aws_lc_rs::try_fips_mode(), Ok(()));
}
