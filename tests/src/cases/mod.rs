//! The table: one file a group.

use crate::case::Case;

mod a_authorization;

/// All cases, in the order of their ids.
pub fn all() -> Vec<Case> {
    [a_authorization::cases()].into_iter().flatten().collect()
}
