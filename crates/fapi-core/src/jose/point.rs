//! Checks of public points that the signature back ends leave open.
