//! Random bytes of the system.

use aws_lc_rs::rand;

use crate::error::{KeyError, Operation};

/// Reads `N` random bytes, fit for keys, nonces and identifiers.
///
/// # Errors
/// [`KeyError::Backend`] if the system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| KeyError::Backend(Operation::Random))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let first = random_bytes::<32>().unwrap();
        let second = random_bytes::<32>().unwrap();
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
