//! The table: one file a group.

use crate::case::Case;

mod a_authorization;
mod b_proof_header;
mod c_parsing;
mod d_jose_header;
mod e_keys;
mod f_signatures;
mod g_target;
mod h_time;
mod i_replay;
mod j_nonce;
mod k_token_hash;
mod l_confirmation;
mod m_access_token;
mod n_issuer_keys;
mod o_introspection;
mod p_certificates;
mod q_rules;
mod r_http;
mod t_operation;

/// All cases, in the order of their groups.
pub fn all() -> Vec<Case> {
    [
        a_authorization::cases(),
        b_proof_header::cases(),
        c_parsing::cases(),
        d_jose_header::cases(),
        e_keys::cases(),
        f_signatures::cases(),
        g_target::cases(),
        h_time::cases(),
        i_replay::cases(),
        j_nonce::cases(),
        k_token_hash::cases(),
        l_confirmation::cases(),
        m_access_token::cases(),
        n_issuer_keys::cases(),
        o_introspection::cases(),
        p_certificates::cases(),
        q_rules::cases(),
        r_http::cases(),
        t_operation::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
