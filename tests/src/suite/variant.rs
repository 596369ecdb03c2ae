//! The variants of the conformance plans.

use std::fmt;

/// What a client is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    pub auth: ClientAuth,
    pub sender: Sender,
    pub profile: Profile,
    pub request: RequestMethod,
    pub response: ResponseMode,
}

/// `client_auth_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    PrivateKeyJwt,
    Tls,
    SelfSignedTls,
}

/// `sender_constrain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    Dpop,
    Mtls,
}

/// `openid`, and the plan without a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    OpenIdConnect,
    PlainOauth,
    ClientCredentials,
}

/// `fapi_request_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestMethod {
    Unsigned,
    Signed,
}

/// `fapi_response_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseMode {
    Plain,
    Jarm,
}

impl Variant {
    pub fn is_openid(self) -> bool {
        self.profile == Profile::OpenIdConnect
    }

    pub fn is_jarm(self) -> bool {
        self.response == ResponseMode::Jarm
    }

    pub fn is_signed(self) -> bool {
        self.request == RequestMethod::Signed
    }

    pub fn is_dpop(self) -> bool {
        self.sender == Sender::Dpop
    }

    /// `token_endpoint_auth_method`.
    pub fn auth_method(self) -> &'static str {
        match self.auth {
            ClientAuth::PrivateKeyJwt => "private_key_jwt",
            ClientAuth::Tls => "tls_client_auth",
            ClientAuth::SelfSignedTls => "self_signed_tls_client_auth",
        }
    }

    /// Whether the client shows a certificate when it authenticates.
    pub fn authenticates_by_certificate(self) -> bool {
        self.auth != ClientAuth::PrivateKeyJwt
    }

    /// Whether the client shows a certificate when it asks for a token.
    pub fn shows_certificate_for_tokens(self) -> bool {
        self.authenticates_by_certificate() || !self.is_dpop()
    }
}

/// As it is in client identifiers: words with hyphens.
impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.auth {
            ClientAuth::PrivateKeyJwt => "jwt",
            ClientAuth::Tls => "tls",
            ClientAuth::SelfSignedTls => "selfsigned",
        })?;
        f.write_str(match self.sender {
            Sender::Dpop => "-dpop",
            Sender::Mtls => "-mtls",
        })?;
        f.write_str(match self.profile {
            Profile::OpenIdConnect => "-openid",
            Profile::PlainOauth => "-oauth",
            Profile::ClientCredentials => "-ccg",
        })?;
        if self.is_signed() {
            f.write_str("-signed")?;
        }
        if self.is_jarm() {
            f.write_str("-jarm")?;
        }
        Ok(())
    }
}

/// Some of the variants, to which a test applies.
#[derive(Clone, Debug)]
pub struct Variants(Vec<Variant>);

impl Variants {
    /// All that the configuration has clients for: those of the security profile, and of message signing with one way
    /// of authentication by key and one by certificate.
    pub fn all() -> Self {
        use ClientAuth::{PrivateKeyJwt, SelfSignedTls, Tls};
        use Profile::{ClientCredentials, OpenIdConnect, PlainOauth};
        use RequestMethod::{Signed, Unsigned};
        use ResponseMode::{Jarm, Plain};

        let mut all = Vec::new();
        for auth in [PrivateKeyJwt, Tls, SelfSignedTls] {
            for sender in [Sender::Dpop, Sender::Mtls] {
                for profile in [OpenIdConnect, PlainOauth, ClientCredentials] {
                    all.push(Variant {
                        auth,
                        sender,
                        profile,
                        request: Unsigned,
                        response: Plain,
                    });
                }
            }
        }
        let by_key = (PrivateKeyJwt, Sender::Dpop);
        let by_certificate = (Tls, Sender::Mtls);
        for ((auth, sender), request, response, profile) in [
            (by_key, Unsigned, Jarm, OpenIdConnect),
            (by_key, Signed, Plain, OpenIdConnect),
            (by_key, Signed, Jarm, OpenIdConnect),
            (by_key, Signed, Jarm, PlainOauth),
            (by_certificate, Signed, Jarm, OpenIdConnect),
        ] {
            all.push(Variant {
                auth,
                sender,
                profile,
                request,
                response,
            });
        }
        Self(all)
    }

    /// With a user.
    pub fn code_flow() -> Self {
        Self::all().only(|variant| variant.profile != Profile::ClientCredentials)
    }

    /// With a user and an ID token.
    pub fn openid() -> Self {
        Self::all().only(Variant::is_openid)
    }

    /// With signed authorization requests.
    pub fn signed() -> Self {
        Self::all().only(Variant::is_signed)
    }

    /// Those whose tokens are bound to a DPoP key.
    #[must_use]
    pub fn dpop(self) -> Self {
        self.only(Variant::is_dpop)
    }

    /// Those whose tokens are bound to a certificate.
    #[must_use]
    pub fn mtls(self) -> Self {
        self.only(|variant| !variant.is_dpop())
    }

    /// Those whose clients authenticate with an assertion.
    #[must_use]
    pub fn private_key_jwt(self) -> Self {
        self.only(|variant| !variant.authenticates_by_certificate())
    }

    #[must_use]
    pub fn only(mut self, applies: impl Fn(Variant) -> bool) -> Self {
        self.0.retain(|variant| applies(*variant));
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = Variant> {
        self.0.iter().copied()
    }
}
