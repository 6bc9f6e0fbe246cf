// Steers a real Chromium with a virtual authenticator, over the pipe that it offers to tools.
//
//   node passkeys.mjs CHROMIUM PROFILE ORIGIN COOKIE      reads a list of steps from its input, prints what each gave
//
// A step is {"act": "authenticator" | "create" | "prove" | "sign_in" | "replay" | ..., ...}. `create`, `prove` and
// `sign_in` ask the platform for a challenge, have the browser answer it, and send the answer back, as a page of ours would. `replay`
// sends the last answer once more, `spoil` changes what was signed before it is sent.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [chromium, profile, origin, cookie] = process.argv.slice(2);
const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-breakpad',
  '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'];
const browser = spawn(chromium, flags, {
  stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
});
const [, , , input, output] = browser.stdio;

let last = 0;
const waiting = new Map();
const loaded = [];
let read = Buffer.alloc(0);
output.on('data', (piece) => {
  read = Buffer.concat([read, piece]);
  for (let end = read.indexOf(0); end >= 0; end = read.indexOf(0)) {
    const message = JSON.parse(read.subarray(0, end));
    read = read.subarray(end + 1);
    if (message.method === 'Page.loadEventFired') loaded.shift()?.();
    const { done, failed } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error) failed?.(new Error(JSON.stringify(message.error)));
    else done?.(message.result);
  }
});
const tell = (method, params = {}, sessionId = undefined) => new Promise((done, failed) => {
  last += 1;
  waiting.set(last, { done, failed });
  input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
});

const { targetInfos } = await tell('Target.getTargets');
const page = targetInfos.find((target) => target.type === 'page');
const { sessionId } = await tell('Target.attachToTarget', { targetId: page.targetId, flatten: true });
const ask = (method, params) => tell(method, params, sessionId);
await ask('Page.enable');
await ask('Page.setBypassCSP', { enabled: true });
await ask('WebAuthn.enable');

const evaluate = async (expression) => {
  const said = await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  if (said.exceptionDetails) return { failed: said.exceptionDetails.exception?.description ?? 'failed' };
  return said.result.value;
};
const visit = async () => {
  const arrived = new Promise((done) => loaded.push(done));
  await ask('Page.navigate', { url: `${origin}/api/auth/providers` });
  await arrived;
};
const setCookie = async (value) => {
  await ask('Network.setCookie', {
    name: '__Host-comanda', value, url: `${origin}/`, path: '/', secure: true, httpOnly: true, sameSite: 'Lax',
  });
};

// What a page of ours does, as text for the browser.
const PAGE = `
  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: 'POST',
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  };
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=/g, '');
  const spoiled = (given) => { const copy = bytes(given); copy[copy.length - 1] ^= 1; return text(copy); };
`;
const CREATE = ({ name }) => `(async () => { ${PAGE}
  const begun = await post('/api/me/factors/passkeys/begin');
  if (begun.status !== 200) return begun;
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(begun.body.options.publicKey);
  let made;
  try { made = await navigator.credentials.create({ publicKey: options }); }
  catch (error) { return { status: 0, body: { code: error.name } }; }
  window.last = { path: '/api/me/factors/passkeys/finish',
    body: { state: begun.body.state, name: ${JSON.stringify(name ?? 'Key')}, credential: made.toJSON() } };
  return post(window.last.path, window.last.body);
})()`;
const GET = ({ spoil, path }) => `(async () => { ${PAGE}
  const begun = await post('${path}/begin');
  if (begun.status !== 200) return begun;
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(begun.body.options.publicKey);
  let signed;
  try { signed = (await navigator.credentials.get({ publicKey: options })).toJSON(); }
  catch (error) { return { status: 0, body: { code: error.name } }; }
  if (${JSON.stringify(spoil ?? '')}) signed.response[${JSON.stringify(spoil ?? '')}] = spoiled(signed.response[${JSON.stringify(spoil ?? '')}]);
  window.last = { path: '${path}/finish', body: { state: begun.body.state, credential: signed } };
  return post(window.last.path, window.last.body);
})()`;

let authenticator = null;
const ACTS = {
  authenticator: async ({ verified = true }) => {
    if (authenticator) await ask('WebAuthn.removeVirtualAuthenticator', { authenticatorId: authenticator });
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: verified, automaticPresenceSimulation: true };
    ({ authenticatorId: authenticator } = await ask('WebAuthn.addVirtualAuthenticator', { options }));
    return { status: 200 };
  },
  verified: async ({ value }) => {
    await ask('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: value });
    return { status: 200 };
  },
  // Two of one passkey: the copy has counted less than the one it was made of.
  rewind: async () => {
    const { credentials } = await ask('WebAuthn.getCredentials', { authenticatorId: authenticator });
    for (const credential of credentials) {
      await ask('WebAuthn.removeCredential', { authenticatorId: authenticator, credentialId: credential.credentialId });
      await ask('WebAuthn.addCredential', { authenticatorId: authenticator, credential: { ...credential, signCount: 0 } });
    }
    return { status: credentials.length };
  },
  cookie: async ({ value }) => { await setCookie(value); return { status: 200 }; },
  forget: async () => { await ask('Network.clearBrowserCookies'); return { status: 200 }; },
  cookies: async () => {
    const { cookies } = await ask('Network.getCookies', { urls: [`${origin}/`] });
    return { status: 200, body: Object.fromEntries(cookies.map(({ name, value }) => [name, value])) };
  },
  create: async (step) => evaluate(CREATE(step)),
  prove: async (step) => evaluate(GET({ ...step, path: '/api/auth/second-factor/passkey' })),
  sign_in: async (step) => evaluate(GET({ ...step, path: '/api/auth/passkey' })),
  replay: async () => evaluate(`(async () => { ${PAGE} return post(window.last.path, window.last.body); })()`),
};

await visit();
if (cookie) await setCookie(cookie);
console.log(JSON.stringify({ status: 200, body: 'ready' }));
for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  let said;
  try { said = await ACTS[step.act](step); } catch (error) { said = { status: 0, body: { code: String(error) } }; }
  console.log(JSON.stringify(said));
}
const ended = new Promise((done) => browser.on('exit', done));
tell('Browser.close').catch(() => {});
await ended;
process.exit(0);
