// A citizen with a signing key, made for a test the way a counter does it: the registrar's verbs and the page in a browser. And what an agency's system sends.
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, randomBytes, randomUUID, sign as signWith } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Citizen, issuer, signer, sql } from './house.mjs';

const env = process.env;
export const absent = env.MOHAR_SIGN_URL && env.MOHAR_SIGNER_URL ? false : 'no demo is running';
export const page = env.MOHAR_SIGN_URL;
export const digest = (text) => createHash('sha256').update(text).digest('base64url');
const ca = absent ? null : readFileSync(env.MOHAR_TLS_CA);

// One request; a body that is a string is sent as it is.
export function call(method, url, { headers = {}, body } = {}) {
	return new Promise((resolve, reject) => {
		const to = new URL(url);
		/* names under localhost are this machine's (RFC 6761 6.3), though not every resolver knows */
		const sent = request(to, { method, ca, headers: { host: to.host, ...headers }, hostname: '127.0.0.1', servername: to.hostname }, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part)).on('end', () => {
				const text = Buffer.concat(parts).toString();
				resolve({ status: answer.statusCode, headers: answer.headers, text, json: text.startsWith('{') ? JSON.parse(text) : null });
			});
		});
		sent.on('error', reject);
		sent.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
	});
}

// What the page's script sends, from its own origin or another.
export const asPage = (what, body, origin = page) =>
	call('POST', `${signer}/signing/page/${what}`, { headers: { 'content-type': 'application/json', accept: 'application/json', ...(origin ? { origin } : {}) }, body });

// mohar citizen VERB with a registrar's card. { status, json }
export function registrar(...args) {
	const card = env.MOHAR_TEST_REGISTRAR ?? 'registrar-1';
	const pin = `file:${env.MOHAR_DEMO_DIR}/cards/${card}.pin`;
	try {
		const told = execFileSync(`${env.MOHAR_BUILD}/bin/mohar`, ['citizen', ...args, '--token', card, '--pin', pin, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
		return { status: 0, json: JSON.parse(told) };
	} catch (error) {
		return { status: error.status, json: JSON.parse(error.stdout) };
	}
}

export async function agencyToken(scope = 'signatures') {
	const jwk = JSON.parse(readFileSync(env.MOHAR_AGENCY_JWK)), id = env.MOHAR_AGENCY_CLIENT_ID, now = Math.floor(Date.now() / 1000);
	const b64 = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
	const input = `${b64({ alg: 'ES256', kid: jwk.kid })}.${b64({ iss: id, sub: id, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 })}`;
	const assertion = `${input}.${signWith('sha256', Buffer.from(input), { key: createPrivateKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
	const answer = await call('POST', `${issuer}/token`, {
		headers: { 'content-type': 'application/x-www-form-urlencoded' },
		body: new URLSearchParams({
			grant_type: 'client_credentials', scope, resource: signer, client_id: id,
			client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion,
		}).toString(),
	});
	return answer.json.access_token;
}

export const asAgency = async (method, path, body, token, headers = {}) =>
	call(method, `${signer}${path}`, { headers: { authorization: `Bearer ${token ?? await agencyToken()}`, 'content-type': 'application/json', ...headers }, body });

// A request of the land agency: { id, sign_url, ... }
export async function requested(key, changed = {}) {
	const answer = await asAgency('POST', '/signing/requests', {
		key, description: 'Transfer of parcel T-7/42', algorithm: 'sha-256', digests: [digest('the deed'), digest('the plan')], names: ['deed.pdf', 'plan.pdf'], ...changed,
	});
	if (answer.status !== 201) throw new Error(answer.text);
	return answer.json;
}
export const codeOf = (url) => {
	const [id, code] = new URL(url).hash.slice(1).split('.');
	return { id, code };
};

// The registrar begins a key for a new citizen: { citizen, ticket, url }
export function begun(citizen = new Citizen({ name: 'Test Citizen Signing' })) {
	const { status, json } = registrar('signing-key', citizen.handle, '--begin');
	if (status !== 0) throw new Error(JSON.stringify(json));
	return { citizen, ...json };
}

// The whole enrolment; the passkey is the visitor's. Tells the key's id, certificate and so on.
export async function enrolled(person) {
	const { citizen, ticket, url } = begun();
	const fingerprint = await person.makeSigningPasskey(url);
	const { status, json } = registrar('signing-key', citizen.handle, '--resume', ticket, '--yes', fingerprint);
	if (status !== 0) throw new Error(JSON.stringify(json));
	return { citizen, ...json };
}

export const requestState = (id) => sql(`SELECT state FROM signer.signing_request WHERE id = '${id}'`);
export const over = (id) => sql(`UPDATE signer.signing_request SET expires = now() - interval '1 s' WHERE id = '${id}'`);
export const randomCode = () => randomBytes(32).toString('base64url');
