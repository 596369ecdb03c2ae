"""An issuer and a client that share no code with this project: they sign with joserfc (pyca/cryptography).

Prints the issuer's key set, waits for a line, so that the server can start before any proof is made, and then prints
one request per algorithm. All lines are JSON.
"""

import base64
import hashlib
import json
import secrets
import sys
import time

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

ISSUER = "https://as.example.com"
RESOURCE = "https://api.example.com"
PATH = "/payments"

NEW_KEY = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "PS256": lambda: RSAKey.generate_key(2048),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519"),
}


def main():
    issuer_keys = {alg: new_key() for alg, new_key in NEW_KEY.items()}
    say({"keys": [published(alg, key) for alg, key in issuer_keys.items()]})
    if not sys.stdin.readline():
        sys.exit("nobody wants the requests")
    for alg, issuer_key in issuer_keys.items():
        say(request(alg, issuer_key))


def say(message):
    print(json.dumps(message), flush=True)


def published(alg, key):
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "alg": alg, "use": "sig"}


def request(alg, issuer_key):
    client_key = NEW_KEY[alg]()
    scope = "payments"
    now = int(time.time())
    token = sign(
        {"typ": "at+jwt", "alg": alg, "kid": issuer_key.thumbprint()},
        {
            "iss": ISSUER,
            "aud": [RESOURCE, "https://other.example.com"],
            "sub": "alice",
            "client_id": "foreign",
            "scope": scope,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 300,
            "cnf": {"jkt": client_key.thumbprint()},
        },
        issuer_key,
    )
    return {
        "alg": alg,
        "path": PATH,
        "token": token,
        "proof": proof(alg, client_key, token),
        "proof_for_another_token": proof(alg, client_key, token + "A"),
        "answer": {
            "subject": "alice",
            "client_id": "foreign",
            "scope": scope,
            "confirmation": {"jkt": client_key.thumbprint()},
            "issuer": ISSUER,
        },
    }


def proof(alg, key, token):
    """RFC 9449 section 4.2."""
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return sign(
        {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)},
        {
            "jti": secrets.token_urlsafe(16),
            "htm": "POST",
            "htu": RESOURCE + PATH,
            "iat": int(time.time()),
            "ath": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        },
        key,
    )


def sign(header, claims, key):
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


if __name__ == "__main__":
    main()
