//! Memory of used proofs.
