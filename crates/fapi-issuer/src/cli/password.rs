//! `fapi-issuer hash-password`: what stands in `users[].password_hash`.

use std::io::BufRead as _;

use fapi_issuer::hash_password;

use crate::failure::Failure;
use crate::serve::say;

/// Reads the password from standard input, so that it stands in no list of processes.
pub(crate) fn run() -> Result<(), Failure> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Failure::Input)?;
    let password = line.trim_end_matches(['\r', '\n']);
    say(&hash_password(password).map_err(Failure::Password)?)
}
