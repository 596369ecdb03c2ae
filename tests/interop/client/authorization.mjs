import * as client from 'openid-client';

// Pushes an authorization request (RFC 9126). Gives the address to which the user is to go.
//
//   parameters   of the request, beside those of PKCE, `state` and `nonce`
//   signed       whether they go as a request object (RFC 9101)
export async function authorize(session, { parameters, signed }) {
  const { config, key, options } = session;
  session.checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    ...('max_age' in parameters && { maxAge: Number(parameters.max_age) }),
  };
  let request = new URLSearchParams({
    ...parameters,
    code_challenge: await client.calculatePKCECodeChallenge(session.checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: session.checks.expectedState,
    nonce: session.checks.expectedNonce,
  });
  if (signed) {
    ({ searchParams: request } = await client.buildAuthorizationUrlWithJAR(config, request, key));
  }
  return client.buildAuthorizationUrlWithPAR(config, request, options);
}

// Takes the address to which the user came back, and redeems the code in it.
export async function redeem(session, { url }) {
  const { config, checks, options } = session;
  const answer = await client.authorizationCodeGrant(config, new URL(url), checks, undefined, options);
  session.tokens = answer;
  return { ...answer, claims: answer.claims() };
}
