// A portal, written down to the bytes: what tests of the identity provider say to it, and what it answers. Needs the demo's environment.
import { spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { SignJWT } from 'jose';

const env = process.env;
export const absent = env.MOHAR_ISSUER ? false : 'no demo is running';
export const issuer = env.MOHAR_ISSUER;
export const redirect = env.MOHAR_REDIRECT_URI;
export const stock = env.MOHAR_STOCK_CLIENT_ID;
export const web = env.MOHAR_CLIENT_ID;
export const agency = env.MOHAR_AGENCY_CLIENT_ID;
const ca = absent ? null : readFileSync(env.MOHAR_TLS_CA);

// One request, no redirect followed: status, headers, text, and json if it is.
export function call(method, url, { headers = {}, body } = {}) {
	return new Promise((resolve, reject) => {
		const sent = request(new URL(url, issuer), { method, headers, ca }, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part));
			answer.on('end', () => {
				const text = Buffer.concat(parts).toString();
				let json = null;
				try {
					json = JSON.parse(text);
				} catch {
					// a page
				}
				resolve({ status: answer.statusCode, headers: answer.headers, text, json });
			});
		});
		sent.on('error', reject);
		sent.end(body);
	});
}

const form = (values) => new URLSearchParams(values).toString();
export const post = (path, values, headers = {}) =>
	call('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: form(values) });
export const get = (path, cookie) => call('GET', path, { headers: { accept: 'text/html', ...(cookie ? { cookie } : {}) } });

export const basic = (id = stock, secret = env.MOHAR_STOCK_CLIENT_SECRET) => ({
	authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

// A client's own assertion (RFC 7523), made wrong on demand.
export async function assertion(id, claims = {}, key) {
	const file = id === agency ? env.MOHAR_AGENCY_JWK : env.MOHAR_CLIENT_JWK;
	const jwk = JSON.parse(readFileSync(file));
	const now = Math.floor(Date.now() / 1000);
	const signed = new SignJWT({ iss: id, sub: id, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60, ...claims });
	return {
		client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
		client_assertion: await signed
			.setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
			.sign(key ?? createPrivateKey({ key: jwk, format: 'jwk' })),
	};
}

export function sql(text) {
	const run = spawnSync('psql', [env.MOHAR_DATABASE, '-qAtc', text], { encoding: 'utf8' });
	if (run.status !== 0) throw new Error(run.stderr);
	return run.stdout.trim();
}

// A browser in which the demo citizen logged in ten seconds ago at this level, having consented to every portal before. Its cookie.
export function session(level) {
	const token = randomBytes(32).toString('base64url');
	sql(`INSERT INTO idp.consent SELECT p.id, c.id, c.scopes, now() FROM idp.person p, idp.client c
	     WHERE p.handle = '${env.MOHAR_CITIZEN}' AND cardinality(c.redirect_uris) > 0
	     ON CONFLICT (person, client) DO UPDATE SET scopes = excluded.scopes`);
	sql(`INSERT INTO idp.session (id, hash, actor, principal, channel, authenticator, bound_level, ceiling, amr, auth_time, last_seen, device)
	     SELECT gen_random_uuid(), sha256('${token}'), id, id, 'web', ${level}, ${level}, 3, '{hwk,user}', now() - interval '10 s',
	     now() - interval '10 s', 'test' FROM idp.person WHERE handle = '${env.MOHAR_CITIZEN}'`);
	return `__Host-session=${token}`;
}

export function pkce() {
	const verifier = randomBytes(32).toString('base64url');
	return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

// An authorization request of the stock client; a null value leaves a parameter out.
export function asking(challenge, changed = {}) {
	const all = {
		client_id: stock,
		redirect_uri: redirect,
		response_type: 'code',
		scope: 'openid profile offline_access',
		state: 'state',
		nonce: 'nonce',
		code_challenge: challenge,
		code_challenge_method: 'S256',
		...changed,
	};
	return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}
export const authorize = (values, cookie) => get(`/authorize?${form(values)}`, cookie);

// What the portal is told at its redirect address; null if the browser was not sent there.
export function told(answer) {
	const to = answer.headers.location;
	return to?.startsWith(`${redirect}?`) ? Object.fromEntries(new URL(to).searchParams) : null;
}

// A fresh code of the stock client, and its verifier.
export async function code(cookie, changed = {}) {
	const { verifier, challenge } = pkce();
	const answer = await authorize(asking(challenge, changed), cookie);
	return { code: told(answer)?.code, verifier, answer };
}
export const exchange = (given, headers = basic(), changed = {}) =>
	post(
		'/token',
		{ grant_type: 'authorization_code', code: given.code, redirect_uri: redirect, code_verifier: given.verifier, ...changed },
		headers,
	);
export const refresh = (token, changed = {}, headers = basic()) =>
	post('/token', { grant_type: 'refresh_token', refresh_token: token, ...changed }, headers);
export const userinfo = (token) => call('GET', '/userinfo', { headers: { authorization: `Bearer ${token}` } });
