// Clients that nobody here wrote: npm openid-client and jose, and Apache's mod_auth_openidc, with a person at a real Chromium between them.
// timeout: 120
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compactVerify, createLocalJWKSet, decodeJwt, importJWK, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { Person } from '../../../deploy/demo/browser/person.mjs';
import { absent, agency, call, issuer, redirect, sql, stock, web } from '../idp/client.mjs';
import { Citizen } from './citizen.mjs';

const env = process.env;
const signer = env.MOHAR_SIGNER_URL;
const skip = absent || (existsSync('/usr/bin/chromium') ? false : 'needs /usr/bin/chromium');
const out = redirect?.replace('/cb', '/out');

// openid-client's way out: our trust anchor, which node's own fetch can only be given before it starts.
async function fetched(url, { method = 'GET', headers = {}, body } = {}) {
	const answer = await call(method, url, { headers: Object.fromEntries(new Headers(headers)), body: body?.toString() });
	const plain = Object.entries(answer.headers).filter(([, value]) => typeof value === 'string');
	return new Response([204, 205, 304].includes(answer.status) ? null : answer.text, { status: answer.status, headers: plain });
}
const discovered = (id, metadata, authentication) => oidc.discovery(new URL(issuer), id, metadata, authentication, { [oidc.customFetch]: fetched });

async function byKey(id, file) {
	const jwk = JSON.parse(readFileSync(file));
	return discovered(id, {}, oidc.PrivateKeyJwt({ key: await importJWK(jwk, 'ES256'), kid: jwk.kid }));
}
const bySecret = () => discovered(stock, {}, oidc.ClientSecretBasic(env.MOHAR_STOCK_CLIENT_SECRET));
const keysAt = async (url) => createLocalJWKSet((await call('GET', `${url}/jwks`)).json);

describe('stock clients', { skip }, () => {
	let home, portal, person, citizen, config;

	before(async () => {
		home = mkdtempSync(join(tmpdir(), 'mohar-stock-'));
		mkdirSync(join(home, '.pki/nssdb'), { recursive: true });
		execFileSync('certutil', ['-d', `sql:${home}/.pki/nssdb`, '-N', '--empty-password']);
		execFileSync('certutil', ['-d', `sql:${home}/.pki/nssdb`, '-A', '-t', 'C,,', '-n', 'anchor', '-i', env.MOHAR_TLS_CA]);
		Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: home });
		portal = createServer((request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Portal</title><p id="arrived">here</p>'));
		portal.listen(Number(new URL(redirect).port), 'localhost');
		await new Promise((resolve, reject) => portal.once('listening', resolve).once('error', reject));
		citizen = await Citizen.withPasskey(3);
		writeFileSync(join(home, 'passkeys'), JSON.stringify([citizen.passkey.forBrowser()]));
		person = await Person.open({ passkeys: join(home, 'passkeys') });
	});
	after(async () => {
		await person?.close();
		portal?.close();
		portal?.closeAllConnections();
		rmSync(home, { recursive: true, force: true });
	});

	// The person goes where the client says, and comes back with an answer for it. asked: what the provider wanted of them.
	async function journey(client, parameters = {}, pushed = false) {
		const verifier = oidc.randomPKCECodeVerifier();
		const given = {
			redirect_uri: redirect, scope: 'openid profile offline_access', state: oidc.randomState(), nonce: oidc.randomNonce(),
			code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...parameters,
		};
		const url = pushed ? await oidc.buildAuthorizationUrlWithPAR(client, given) : oidc.buildAuthorizationUrl(client, given);
		const asked = await person.enter(url.href, '#arrived');
		const checks = { pkceCodeVerifier: verifier, expectedNonce: given.nonce, expectedState: given.state, idTokenExpected: true };
		return { url, asked, checks, back: new URL(person.page.url()) };
	}
	async function tokens(client, parameters, pushed) {
		const { back, checks, asked, url } = await journey(client, parameters, pushed);
		return { asked, url, ...(await oidc.authorizationCodeGrant(client, back, checks)) };
	}

	describe('openid-client with private_key_jwt', () => {
		let first;
		test('discovers the provider', async () => {
			config = await byKey(web, env.MOHAR_CLIENT_JWK);
			const metadata = config.serverMetadata();
			assert.equal(metadata.issuer, issuer);
			assert.equal(metadata.authorization_response_iss_parameter_supported, true);
			assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
			assert.deepEqual(metadata.response_types_supported, ['code']);
		});
		test('pushes its request, sends the person, who shows a passkey and consents, and redeems the code', async () => {
			const { asked, url, ...rest } = await tokens(config, {}, true);
			assert.deepEqual(asked, ['passkey', 'consent']);
			assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
			first = rest;
			assert.equal(first.token_type, 'bearer');
			assert.ok(first.refresh_token);
		});
		test('jose verifies the ID token from the JWKS alone', async () => {
			const { payload } = await jwtVerify(first.id_token, await keysAt(issuer), { issuer, audience: web, typ: 'JWT', algorithms: ['ES256'] });
			assert.equal(payload.acr, 'urn:mohar:loa:2');
			assert.ok(payload.amr.includes('mfa'));
			assert.equal(payload.name, undefined);
		});
		test('asks for userinfo, and the subject is the same', async () => {
			const { sub } = decodeJwt(first.id_token);
			const claims = await oidc.fetchUserInfo(config, first.access_token, sub);
			assert.equal(claims.name, citizen.name);
		});
		test('refreshes: another refresh token, and the old one is a thief\'s from then on', async () => {
			const second = await oidc.refreshTokenGrant(config, first.refresh_token);
			assert.notEqual(second.refresh_token, first.refresh_token);
			await assert.rejects(oidc.refreshTokenGrant(config, first.refresh_token), { error: 'invalid_grant' });
			await assert.rejects(oidc.refreshTokenGrant(config, second.refresh_token), { error: 'invalid_grant' });
		});
		test('revokes, and the access token is dead', async () => {
			const { refresh_token, access_token, id_token } = await tokens(config, {}, true);
			await oidc.tokenRevocation(config, refresh_token);
			await assert.rejects(oidc.fetchUserInfo(config, access_token, decodeJwt(id_token).sub));
		});
		test('second request in the same browser asks the person nothing', async () => {
			assert.deepEqual((await journey(config, {}, true)).asked, []);
		});
		test('prompt=none is answered without a page', async () => {
			assert.equal((await tokens(config, { prompt: 'none' })).asked.length, 0);
		});
		test('prompt=login asks for the passkey again, and auth_time moves', async () => {
			sql(`UPDATE idp.session SET auth_time = auth_time - interval '10 s' WHERE principal = '${citizen.id}' AND ended_at IS NULL`);
			const before = decodeJwt((await tokens(config)).id_token).auth_time;
			const again = await tokens(config, { prompt: 'login' });
			assert.deepEqual(again.asked, ['passkey']);
			assert.ok(decodeJwt(again.id_token).auth_time > before);
		});
		test('max_age is kept, as the client checks for itself', async () => {
			const { back, checks, asked } = await journey(config, { max_age: '0' });
			assert.deepEqual(asked, ['passkey']);
			await oidc.authorizationCodeGrant(config, back, { ...checks, maxAge: 30 });
		});
		test('the answer of another provider is noticed (RFC 9207)', async () => {
			const { back, checks } = await journey(config);
			back.searchParams.set('iss', 'https://other.example');
			await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), (error) => /"iss"/.test(error.cause.message));
		});
		test('a code that somebody else\'s verifier comes with', async () => {
			const { back, checks } = await journey(config);
			await assert.rejects(oidc.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), { error: 'invalid_grant' });
		});
		test('logout: the person lands at the portal, the session is over', async () => {
			const { id_token } = await tokens(config);
			const url = oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: out, id_token_hint: id_token, state: 'bye' });
			await person.page.goto(url.href);
			assert.equal(person.page.url(), `${out}?state=bye`);
			assert.deepEqual((await journey(config)).asked, ['passkey']);
		});
	});

	describe('openid-client with client_secret_basic', () => {
		test('the whole round: passkey session, consent, code, userinfo, refresh', async () => {
			const client = await bySecret();
			const { asked, id_token, access_token, refresh_token } = await tokens(client);
			assert.deepEqual(asked, ['consent']);
			const { sub } = decodeJwt(id_token);
			assert.equal((await oidc.fetchUserInfo(client, access_token, sub)).name, citizen.name);
			const second = await oidc.refreshTokenGrant(client, refresh_token);
			assert.equal(decodeJwt(second.id_token).sub, sub);
			assert.notEqual(sub, decodeJwt((await tokens(config)).id_token).sub);
		});
		test('with another secret', async () => {
			const client = await discovered(stock, {}, oidc.ClientSecretBasic('wrong'));
			await assert.rejects(oidc.refreshTokenGrant(client, 'x'), (error) => error.status === 401 || error.cause?.[0]?.scheme === 'basic');
		});
		test('client_secret_post is not this client\'s method', async () => {
			const client = await discovered(stock, {}, oidc.ClientSecretPost(env.MOHAR_STOCK_CLIENT_SECRET));
			await assert.rejects(oidc.refreshTokenGrant(client, 'x'), { error: 'invalid_request' });
		});
	});

	describe('an agency\'s service', () => {
		const clients = join(env.MOHAR_DEMO_DIR ?? '', 'clients');
		const complaints = skip ? '' : readFileSync(join(clients, 'agency-complaints.id'), 'utf8').trim();
		const decide = (token, body) => {
			const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
			return call('POST', `${signer}/decisions`, { headers, body: JSON.stringify(body) });
		};
		let token, receipt;

		test('gets a token for the signer, by client_credentials with its resource', async () => {
			const client = await byKey(complaints, join(clients, 'agency-complaints.jwk'));
			({ access_token: token } = await oidc.clientCredentialsGrant(client, { scope: 'decisions', resource: signer }));
			const { payload } = await jwtVerify(token, await keysAt(issuer), { issuer, audience: signer, typ: 'at+jwt' });
			assert.deepEqual([payload.agency, payload.scope, payload.client_id], ['complaints', 'decisions', complaints]);
			const { complaints: { sub } } = JSON.parse(readFileSync(join(env.MOHAR_DEMO_DIR, 'work/portals.json')));
			receipt = { type: 'complaint-receipt', sub, outcome: 'received', facts: { reference: 'C-2026-2', category: 'water' } };
		});
		test('jose verifies its decision from the signer\'s JWKS alone', async () => {
			const answer = await decide(token, receipt);
			assert.equal(answer.status, 201, answer.text);
			const sealed = answer.json.decision ?? (await call('GET', `${signer}/decisions/${answer.json.id}`, { headers: { authorization: `Bearer ${token}` } })).json.decision;
			const { payload, protectedHeader } = await compactVerify(sealed, await keysAt(signer));
			assert.equal(protectedHeader.typ, 'decision+jwt');
			assert.equal(JSON.parse(new TextDecoder().decode(payload)).agency, 'complaints');
			await assert.rejects(compactVerify(sealed, await keysAt(issuer)));
		});
		test('another agency\'s token does not seal it', async () => {
			const client = await byKey(agency, env.MOHAR_AGENCY_JWK);
			const { access_token } = await oidc.clientCredentialsGrant(client, { scope: 'decisions', resource: signer });
			assert.equal((await decide(access_token, receipt)).status, 403);
		});
		test('no token, a citizen\'s ID token, and a citizen\'s access token', async () => {
			const { id_token, access_token } = await tokens(config);
			for (const wrong of [null, id_token, access_token, `${token.slice(0, -4)}AAAA`]) assert.equal((await decide(wrong, receipt)).status, 401);
		});
	});

	describe('portals with mod_auth_openidc', () => {
		const read = async (id) => person.page.locator(`#${id}`).innerText();
		const seen = {};
		test('the first asks for consent only, for the person is logged in already', async () => {
			assert.deepEqual(await person.enter(`${env.MOHAR_PORTAL_A}/`, '#sub'), ['consent']);
			seen.land = await read('sub');
			assert.equal(await read('name'), citizen.name);
		});
		test('the second knows the same person by another subject', async () => {
			assert.deepEqual(await person.enter(`${env.MOHAR_PORTAL_B}/`, '#sub'), ['consent']);
			seen.complaints = await read('sub');
			assert.notEqual(seen.land, seen.complaints);
			assert.equal(sql(`SELECT count(*) FROM idp.subject WHERE person = '${citizen.id}' AND (sector, sub) IN (('land', '${seen.land}'), ('complaints', '${seen.complaints}'))`), '2');
		});
		test('logging out at one ends the session at the provider', async () => {
			await person.page.goto(`${env.MOHAR_PORTAL_A}/`);
			await person.page.getByRole('link', { name: 'Log out' }).click();
			await person.page.locator('#out').waitFor();
			assert.equal(sql(`SELECT count(*) FROM idp.session WHERE principal = '${citizen.id}' AND ended_at IS NULL`), '0');
			assert.deepEqual(await person.enter(`${env.MOHAR_PORTAL_A}/`, '#sub'), ['passkey']);
			assert.equal(await read('sub'), seen.land);
		});
	});
});
