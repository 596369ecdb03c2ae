import { webcrypto } from 'node:crypto';
import { setDefaultCACertificates } from 'node:tls';

import * as client from 'openid-client';

// Learns about the authorization server. From here on `session` is this client.
//
//   authority                the one that is trusted, a certificate in PEM
//   issuer, client_id, key   the key is a private JWK, for assertions and request objects
//   document                 "oidc" or "oauth2": which of the two metadata documents
//   metadata                 what else is registered of the client
//   jarm                     whether authorization responses have to be JWTs
//   dpop                     the algorithm of proofs, if there are to be any
export async function discover(session, settings) {
  const { authority, issuer, client_id, key, document, metadata, jarm, dpop } = settings;
  setDefaultCACertificates([authority]);
  session.key = await privateKey(key);
  const execute = [client.enableNonRepudiationChecks, ...(jarm ? [client.useJwtResponseMode] : [])];
  session.config = await client.discovery(new URL(issuer), client_id, metadata, client.PrivateKeyJwt(session.key), {
    algorithm: document,
    execute,
  });
  session.options = dpop
    ? { DPoP: client.getDPoPHandle(session.config, await client.randomDPoPKeyPair(dpop)) }
    : undefined;
  return session.config.serverMetadata();
}

// As Web Cryptography names the JWS algorithms.
const ALGORITHMS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
};

async function privateKey(jwk) {
  const key = await webcrypto.subtle.importKey('jwk', jwk, ALGORITHMS[jwk.alg], false, ['sign']);
  return { key, kid: jwk.kid };
}
