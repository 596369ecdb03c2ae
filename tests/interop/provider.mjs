// An authorization server of another implementation: node-oidc-provider with the FAPI 2.0 profile, on 127.0.0.1, with
// new keys at each start.
//
// Reads its settings as one line of JSON, says on which port it is as another, and serves until its input ends, so that
// it does not outlive the test that started it:
//
//   port              where to listen; 0 for any free port
//   dpop_nonce        "off" or "required", at the token endpoint
//   client            the public JWK set of the client "app"
//   resource_server   that of "resource-server", which introspects

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const input = createInterface({ input: process.stdin });
input.once('line', (line) => serve(JSON.parse(line)));
input.once('close', () => process.exit());

// Standard output belongs to the test.
console.info = console.warn = () => {};

function serve(settings) {
  const server = createServer();
  server.listen(settings.port, '127.0.0.1', () => {
    const { port } = server.address();
    const provider = new Provider(`http://127.0.0.1:${port}`, configuration(settings));
    provider.on('server_error', (_, error) => console.error(error));
    server.on('request', provider.callback());
    console.log(JSON.stringify({ port }));
  });
}

// By resource indicator (RFC 8707): what tokens for it look like.
const RESOURCES = {
  'https://es256.example.com': jwt('ES256'),
  'https://ps256.example.com': jwt('PS256'),
  'https://eddsa.example.com': jwt('EdDSA'),
  'https://ed25519.example.com': jwt('Ed25519'),
  'https://opaque.example.com': { accessTokenFormat: 'opaque' },
};

function jwt(alg) {
  return { accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
}

function configuration({ dpop_nonce, client, resource_server }) {
  return {
    clients: [
      {
        ...confidential('app', client),
        grant_types: ['client_credentials'],
        scope: 'accounts payments',
      },
      {
        ...confidential('resource-server', resource_server),
        grant_types: [],
        introspection_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: keys() },
    scopes: ['accounts', 'payments'],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      dPoPSigningAlgValues: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      introspectionSigningAlgValues: ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'],
    },
    features: {
      fapi: { enabled: true, profile: '2.0' },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      encryption: { enabled: true },
      requestObjects: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: () => dpop_nonce === 'required',
      },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_, identifier) {
          return { scope: 'accounts payments', audience: identifier, accessTokenTTL: 300, ...RESOURCES[identifier] };
        },
      },
    },
  };
}

function confidential(client_id, jwks) {
  return {
    client_id,
    jwks,
    token_endpoint_auth_method: 'private_key_jwt',
    redirect_uris: [],
    response_types: [],
  };
}

// Beside the keys that sign tokens there are some that FAPI 2.0 has no use for: others have such sets.
function keys() {
  return [
    jwk('rsa', { modulusLength: 2048 }, { use: 'enc', alg: 'RSA-OAEP-256' }),
    jwk('rsa', { modulusLength: 2048 }, { use: 'sig', alg: 'RS256' }),
    jwk('ec', { namedCurve: 'P-384' }, { use: 'sig' }),
    jwk('x25519', {}, { use: 'enc' }),
    jwk('ec', { namedCurve: 'P-256' }, { use: 'sig' }),
    jwk('rsa', { modulusLength: 2048 }, { use: 'sig', alg: 'PS256' }),
    jwk('ed25519', {}, { use: 'sig' }),
  ];
}

function jwk(type, options, members) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), ...members };
}
