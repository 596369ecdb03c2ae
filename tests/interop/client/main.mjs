// A client of another implementation: openid-client, which is certified for FAPI 2.0. It has no browser: the test that
// started it takes the user to where it says and brings back where the user ended.
//
// Each line of its input is a step, JSON with the member "do" and what the step needs; the answer is one line of JSON,
// {"done": …} or {"failed": {…}}. It ends when its input does.

import { createInterface } from 'node:readline';

import * as authorization from './authorization.mjs';
import { discover } from './configuration.mjs';
import * as tokens from './tokens.mjs';

const STEPS = { discover, ...authorization, ...tokens };

// Standard output belongs to the test.
console.info = console.log.bind(console);
console.log = console.warn = console.error;

// What one step leaves for the next.
const session = {};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: step, ...settings } = JSON.parse(line);
  console.info(JSON.stringify(await answer(STEPS[step], settings)));
}

async function answer(step, settings) {
  try {
    return { done: (await step(session, settings)) ?? null };
  } catch (failure) {
    return { failed: told(failure) };
  }
}

// The members that the library gives its errors; `cause` is what it did not understand.
function told({ name, message, code, status, error, error_description, cause }) {
  return { name, message, code, status, error, error_description, cause: cause?.message };
}
