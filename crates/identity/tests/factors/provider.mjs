// A certified OpenID provider on a free port of this machine, with one confidential client that must use PKCE.
//
//   node provider.mjs MODULES REDIRECT...      prints {"issuer": "..."} when it is up, and ends with its input
//
// `GET /test/rotate` gives it another key. `GET /test/forge?how=...` makes it, in the next token answer only, say something that no honest provider says: with
// its own key where that is what would be wrong with it, with another where that is. Whoever signs in as NAME is the
// subject NAME with the address NAME@example.com, which is proven unless the name begins with `unproven`.

import { createServer } from 'node:http';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [modules, ...redirects] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`));
const { default: Provider } = await load('oidc-provider/lib/index.js');
const jose = await load('jose/dist/webapi/index.js');

// Advice for production; nobody reads it here.
console.info = console.warn = () => {};

const SECRET = 'a secret of sixty-four letters that only this client and we know';
const keyOf = (kid) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
};
const own = keyOf('own');
const foreign = keyOf('own');
const fresh = keyOf('fresh');
let rotated = false;
const publicOf = ({ kty, n, e, kid, use, alg }) => ({ kty, n, e, kid, use, alg });

const server = createServer();
await new Promise((ready) => server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'comanda',
    client_secret: SECRET,
    redirect_uris: redirects,
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  jwks: { keys: [own] },
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['only for tests'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: !id.startsWith('unproven'),
      name: 'Lucia Rossi',
    }),
  }),
});

// How the word of a dishonest or broken provider differs from an honest one.
const second = () => Math.floor(Date.now() / 1000);
const FORGERIES = {
  issuer: (claims) => ({ claims: { ...claims, iss: 'https://accounts.example.com' } }),
  audience: (claims) => ({ claims: { ...claims, aud: 'somebody-else' } }),
  audiences: (claims) => ({ claims: { ...claims, aud: ['comanda', 'somebody-else'], azp: 'somebody-else' } }),
  no_audience: ({ aud, ...claims }) => ({ claims }),
  expired: (claims) => ({ claims: { ...claims, iat: second() - 300, exp: second() - 5 } }),
  no_end: ({ exp, ...claims }) => ({ claims }),
  old: (claims) => ({ claims: { ...claims, iat: second() - 3600 } }),
  future: (claims) => ({ claims: { ...claims, iat: second() + 600, exp: second() + 1200 } }),
  nonce: (claims) => ({ claims: { ...claims, nonce: 'another' } }),
  no_nonce: ({ nonce, ...claims }) => ({ claims }),
  no_subject: ({ sub, ...claims }) => ({ claims }),
  foreign_key: (claims) => ({ claims, key: foreign }),
  unknown_key: (claims) => ({ claims, key: { ...foreign, kid: 'unknown' } }),
  none: (claims) => ({ claims, alg: 'none' }),
  shared_secret: (claims) => ({ claims, alg: 'HS256', secret: SECRET }),
  public_as_secret: (claims) => ({ claims, alg: 'HS256', secret: JSON.stringify(publicOf(own)) }),
  changed: (claims) => ({ claims, spoil: true }),
  no_token: () => null,
  honest: (claims) => ({ claims }),
};

async function signed({ claims, key = rotated ? fresh : own, alg = 'RS256', secret, spoil }) {
  const token = new jose.SignJWT(claims);
  if (alg === 'none') return new jose.UnsecuredJWT(claims).encode();
  if (secret) return token.setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
  const text = await token
    .setProtectedHeader({ alg, kid: key.kid })
    .sign(await jose.importJWK(key, 'RS256'));
  if (!spoil) return text;
  const [head, body, signature] = text.split('.');
  const other = JSON.parse(Buffer.from(body, 'base64url'));
  const changed = Buffer.from(JSON.stringify({ ...other, sub: 'victim' })).toString('base64url');
  return [head, changed, signature].join('.');
}

let forgery = null;
const asked = { discovery: 0, tokens: 0 };

provider.use(async (ctx, next) => {
  if (ctx.path === '/test/forge') {
    forgery = ctx.query.how;
    ctx.body = { known: forgery in FORGERIES };
    return;
  }
  if (ctx.path === '/test/rotate') {
    rotated = true;
    ctx.body = {};
    return;
  }
  if (ctx.path === '/test/asked') {
    ctx.body = asked;
    return;
  }
  asked.discovery += ctx.path === '/.well-known/openid-configuration' ? 1 : 0;
  asked.tokens += ctx.path === '/token' ? 1 : 0;
  await next();
  if (ctx.path === '/jwks' && rotated) ctx.body = { keys: [publicOf(fresh)] };
  if (ctx.path === '/token' && ctx.body?.id_token && rotated) forgery ??= 'honest';
  if (ctx.path === '/token' && ctx.body?.id_token && forgery) {
    const { id_token, ...rest } = ctx.body;
    const forged = FORGERIES[forgery](jose.decodeJwt(id_token));
    ctx.body = forged ? { ...rest, id_token: await signed(forged) } : rest;
    forgery = null;
  }
});

server.on('request', provider.callback());
process.stdin.resume().on('end', () => process.exit(0));
console.log(JSON.stringify({ issuer, key: createHash('sha256').update(own.n).digest('hex') }));
