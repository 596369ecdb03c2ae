//! An issuer and a proof maker for tests.
