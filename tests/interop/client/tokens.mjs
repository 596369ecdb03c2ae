import * as client from 'openid-client';

export async function clientCredentials(session, { parameters }) {
  session.tokens = await client.clientCredentialsGrant(session.config, parameters, session.options);
  return session.tokens;
}

export async function refresh(session, { parameters }) {
  const { config, tokens, options } = session;
  return client.refreshTokenGrant(config, tokens.refresh_token, parameters, options);
}

export async function userInfo(session) {
  const { config, tokens, options } = session;
  return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options);
}

// What the authorization server says of a token; the library checks a signed answer (RFC 9701).
export async function introspect(session, { token }) {
  return client.tokenIntrospection(session.config, token);
}

export async function revoke(session, { token }) {
  return client.tokenRevocation(session.config, token);
}
