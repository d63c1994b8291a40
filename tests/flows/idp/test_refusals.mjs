// What the identity provider must refuse (redirects, requests, tokens), and that what remains still works. Against the demo: real database, real HSM.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import {
	absent, agency, asking, assertion, authorize, basic, call, code, exchange, get, issuer, pkce, post, redirect, refresh, session, sql, stock, told,
	userinfo, web,
} from './client.mjs';

let cookie;
const now = () => Math.floor(Date.now() / 1000);

function refusedWith(answer, error, status = 400) {
	assert.equal(answer.json?.error, error, answer.text);
	assert.equal(answer.status, status);
}

describe('identity provider', { skip: absent }, () => {
	before(() => {
		cookie = session(2);
	});

	describe('redirects: exact bytes or a local page', () => {
		const wrong = {
			'added slash': `${redirect}/`,
			prefix: redirect.slice(0, -1),
			'added query': `${redirect}?a=b`,
			fragment: `${redirect}#x`,
			'dot segments': `${redirect}/../cb`,
			'encoded letter': redirect.replace('/cb', '/%63b'),
			'encoded slash': redirect.replace('/cb', '%2Fcb'),
			'other port': redirect.replace(/:\d+\//, ':1/'),
			case: redirect.toUpperCase(),
			userinfo: redirect.replace('://', '://user@'),
			'suffix host': redirect.replace('localhost', 'localhost.evil.example'),
			'localhost lookalike': redirect.replace('localhost', '127.0.0.1'),
			script: 'javascript:alert(1)',
			none: null,
		};
		for (const [name, uri] of Object.entries(wrong))
			test(name, async () => {
				const answer = await authorize(asking(pkce().challenge, { redirect_uri: uri }), cookie);
				assert.equal(answer.status, 400);
				assert.equal(answer.headers.location, undefined);
			});
		test('unknown client', async () => {
			const answer = await authorize(asking(pkce().challenge, { client_id: 'nobody' }), cookie);
			assert.equal(answer.status, 400);
			assert.equal(answer.headers.location, undefined);
		});
	});

	describe('requests', () => {
		const wrong = {
			'response type with token': [{ response_type: 'code token' }, 'unsupported_response_type'],
			'missing PKCE': [{ code_challenge: null }, 'invalid_request'],
			'plain PKCE': [{ code_challenge_method: 'plain' }, 'invalid_request'],
			'PKCE method left to its default': [{ code_challenge_method: null }, 'invalid_request'],
			'scope that is not the client\'s': [{ scope: 'openid offices' }, 'invalid_scope'],
			'request object': [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
			'request by reference': [{ request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
			'claims parameter': [{ claims: '{}' }, 'invalid_request'],
			'prompt none with another': [{ prompt: 'none login' }, 'invalid_request'],
			'level beyond the person': [{ acr_values: 'urn:elsewhere' }, 'unmet_authentication_requirements'],
		};
		for (const [name, [changed, error]] of Object.entries(wrong))
			test(name, async () => {
				const said = told(await authorize(asking(pkce().challenge, changed), cookie));
				assert.equal(said?.error, error);
				assert.equal(said.state, 'state');
				assert.equal(said.iss, issuer);
				assert.equal(said.code, undefined);
			});
		test('duplicate parameters', async () => {
			assert.equal((await get(`/authorize?client_id=${stock}&client_id=${stock}`, cookie)).status, 400);
		});
		test('prompt=none that would show a page', async () => {
			const { challenge } = pkce();
			assert.equal(told(await authorize(asking(challenge, { prompt: 'none' })))?.error, 'login_required');
			assert.equal(told(await authorize(asking(challenge, { prompt: 'none', max_age: '5' }), cookie))?.error, 'login_required');
		});
		test('a lower session is stepped up, never let through', async () => {
			const answer = await authorize(asking(pkce().challenge, { acr_values: 'urn:mohar:loa:3' }), cookie);
			assert.match(answer.headers.location, /^\/login\?flow=/);
		});
		test('flow without its cookie', async () => {
			const answer = await authorize(asking(pkce().challenge, { prompt: 'consent' }), cookie);
			assert.match(answer.headers.location, /^\/consent\?flow=/);
			const next = answer.headers.location.replace('/consent', '/continue');
			const flow = answer.headers['set-cookie'].find((c) => c.startsWith('__Host-flow=')).split(';')[0];
			assert.equal((await get(next, cookie)).status, 403);
			assert.equal((await get(next, `${flow}x; ${cookie}`)).status, 404);
			assert.match((await get(next, `${flow}; ${cookie}`)).headers.location, /^\/consent/);
		});
		test('clickjacking', async () => {
			const { headers } = await get('/login');
			assert.match(headers['content-security-policy'], /frame-ancestors 'none'/);
		});
	});

	describe('pushed requests', () => {
		const pushed = (changed = {}) => asking(pkce().challenge, { client_id: web, scope: 'openid profile', ...changed });
		const push = async (changed) => post('/par', { ...pushed(changed), ...(await assertion(web)) });

		test('another client\'s, then used once, then never again', async () => {
			const { status, json } = await push();
			assert.equal(status, 201);
			const request_uri = json.request_uri;
			assert.equal((await authorize({ client_id: stock, request_uri }, cookie)).status, 400);
			assert.ok(told(await authorize({ client_id: web, request_uri }, cookie))?.code);
			assert.equal((await authorize({ client_id: web, request_uri }, cookie)).status, 400);
		});
		test('expired', async () => {
			const { json } = await push();
			sql(`UPDATE idp.par SET expires_at = now() - interval '1 s' WHERE client = '${web}'`);
			assert.equal((await authorize({ client_id: web, request_uri: json.request_uri }, cookie)).status, 400);
		});
		test('with a redirect address that is not registered', async () => {
			refusedWith(await push({ redirect_uri: `${redirect}/` }), 'invalid_request');
		});
		test('with a request_uri in it', async () => {
			refusedWith(await push({ request_uri: 'urn:ietf:params:oauth:request_uri:x' }), 'invalid_request');
		});
		test('without authentication', async () => {
			refusedWith(await post('/par', pushed()), 'invalid_client', 401);
		});
	});

	describe('codes', () => {
		test('a good one gives an ID token that verifies by the JWKS alone', async () => {
			const answer = await exchange(await code(cookie));
			assert.equal(answer.status, 200, answer.text);
			const keys = createLocalJWKSet((await get('/jwks')).json);
			const { payload } = await jwtVerify(answer.json.id_token, keys, { issuer, audience: stock, typ: 'JWT' });
			assert.equal(payload.acr, 'urn:mohar:loa:2');
			assert.equal(payload.nonce, 'nonce');
			assert.ok(payload.auth_time <= now() - 10);
			assert.equal((await userinfo(answer.json.access_token)).json.sub, payload.sub);
		});
		test('used again: refused, and its descendants are revoked', async () => {
			const given = await code(cookie);
			const first = await exchange(given);
			refusedWith(await exchange(given), 'invalid_grant');
			assert.equal((await userinfo(first.json.access_token)).status, 401);
			refusedWith(await refresh(first.json.refresh_token), 'invalid_grant');
		});
		test('redeemed eight times at once: one wins', async () => {
			const given = await code(cookie);
			const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(given)));
			assert.equal(answers.filter((a) => a.status === 200).length, 1);
			assert.equal(answers.filter((a) => a.json.error === 'invalid_grant').length, 7);
		});
		test('expired', async () => {
			const given = await code(cookie);
			sql(`UPDATE idp.code SET expires_at = now() - interval '1 s' WHERE hash = sha256('${given.code}')`);
			refusedWith(await exchange(given), 'invalid_grant');
		});
		test('another client\'s', async () => {
			refusedWith(await exchange(await code(cookie), {}, await assertion(web)), 'invalid_grant');
		});
		test('wrong verifier, and then burnt', async () => {
			const given = await code(cookie);
			refusedWith(await exchange({ ...given, verifier: pkce().verifier }), 'invalid_grant');
			refusedWith(await exchange(given), 'invalid_grant');
		});
		test('other redirect address', async () => {
			refusedWith(await exchange(await code(cookie), basic(), { redirect_uri: `${redirect}/` }), 'invalid_grant');
		});
		test('of a session that has ended', async () => {
			const other = session(2);
			const given = await code(other);
			sql(`UPDATE idp.session SET ended_at = now() WHERE hash = sha256('${other.split('=')[1]}')`);
			refusedWith(await exchange(given), 'invalid_grant');
		});
	});

	describe('client authentication', () => {
		const service = async (claims, key) =>
			post('/token', { grant_type: 'client_credentials', ...(await assertion(agency, claims, key)) });
		const wrong = {
			'assertion for another audience': { aud: 'https://other.example' },
			'assertion for two audiences': { aud: [issuer, 'https://other.example'] },
			'expired assertion': { exp: now() - 60 },
			'assertion that lasts too long': { exp: now() + 3600 },
			'assertion without jti': { jti: undefined },
			'assertion of another issuer': { iss: 'other' },
		};
		for (const [name, claims] of Object.entries(wrong))
			test(name, async () => refusedWith(await service(claims), 'invalid_client', 401));
		test('assertion by another key', async () => {
			refusedWith(await service({}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), 'invalid_client', 401);
		});
		test('assertion used twice', async () => {
			const once = { grant_type: 'client_credentials', ...(await assertion(agency)) };
			const first = await post('/token', once);
			assert.equal(first.status, 200);
			assert.equal(decodeJwt(first.json.access_token).agency, 'land');
			refusedWith(await post('/token', once), 'invalid_client', 401);
		});
		test('two methods', async () => {
			refusedWith(await post('/token', { grant_type: 'client_credentials', ...(await assertion(agency)) }, basic()), 'invalid_request');
		});
		test('secret in the address', async () => {
			refusedWith(await post('/token?client_secret=x', { grant_type: 'client_credentials' }, basic()), 'invalid_request');
		});
		test('secret in the form', async () => {
			refusedWith(await post('/token', { grant_type: 'refresh_token', client_id: stock, client_secret: 'x' }), 'invalid_request');
		});
		test('wrong secret', async () => {
			refusedWith(await post('/token', { grant_type: 'refresh_token' }, basic(stock, 'wrong')), 'invalid_client', 401);
		});
		test('confidential client that only says its name', async () => {
			refusedWith(await exchange(await code(cookie), {}, { client_id: stock }), 'invalid_client', 401);
		});
		test('grant that the client is not registered for', async () => {
			refusedWith(await post('/token', { grant_type: 'client_credentials' }, basic()), 'unauthorized_client');
		});
	});

	describe('refresh, revocation, logout', () => {
		test('replay revokes the family', async () => {
			const first = (await exchange(await code(cookie))).json;
			const second = (await refresh(first.refresh_token)).json;
			assert.notEqual(second.refresh_token, first.refresh_token);
			refusedWith(await refresh(first.refresh_token), 'invalid_grant');
			refusedWith(await refresh(second.refresh_token), 'invalid_grant');
			assert.equal((await userinfo(second.access_token)).status, 401);
		});
		test('widening', async () => {
			const first = (await exchange(await code(cookie, { scope: 'openid offline_access' }))).json;
			refusedWith(await refresh(first.refresh_token, { scope: 'openid profile' }), 'invalid_scope');
		});
		test('another client\'s', async () => {
			const first = (await exchange(await code(cookie))).json;
			refusedWith(await refresh(first.refresh_token, await assertion(web), {}), 'invalid_grant');
		});
		test('revoked', async () => {
			const first = (await exchange(await code(cookie))).json;
			assert.equal((await post('/revoke', { token: first.refresh_token }, basic())).status, 200);
			assert.equal((await userinfo(first.access_token)).status, 401);
			assert.equal((await post('/revoke', { token: 'unknown' }, basic())).status, 200);
		});
		test('access token in the address', async () => {
			const first = (await exchange(await code(cookie))).json;
			assert.equal((await call('GET', `/userinfo?access_token=${first.access_token}`)).status, 401);
		});
		test('logout by the portal ends the session; to an address that is not registered it does not lead', async () => {
			const other = session(2);
			const { id_token } = (await exchange(await code(other))).json;
			const answer = await get(`/end_session?${new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: 'https://evil.example/' })}`, other);
			assert.equal(answer.headers.location, undefined);
			assert.equal((await code(other, { prompt: 'none' })).code, undefined);
		});
		test('logout without a hint asks the person first', async () => {
			const other = session(2);
			assert.equal((await get('/end_session', other)).status, 200);
			assert.ok((await code(other, { prompt: 'none' })).code);
		});
	});

	describe('disclosure', () => {
		test('the same person is another subject in another sector', async () => {
			const one = decodeJwt((await exchange(await code(cookie))).json.id_token).sub;
			const { verifier, challenge } = pkce();
			const answer = await authorize(asking(challenge, { client_id: web, scope: 'openid profile' }), cookie);
			const two = await exchange({ code: told(answer).code, verifier }, {}, await assertion(web));
			assert.notEqual(decodeJwt(two.json.id_token).sub, one);
		});
		test('undeclared claims stay inside', async () => {
			const { access_token } = (await exchange(await code(cookie, { scope: 'openid' }))).json;
			assert.deepEqual(Object.keys((await userinfo(access_token)).json), ['sub']);
		});
		test('no token family without its event', () => {
			assert.equal(
				sql(`SELECT count(*) FROM idp.family f WHERE NOT EXISTS (SELECT FROM idp.event e WHERE e.type = 'token.issued'
				     AND convert_from(e.private, 'UTF8')::jsonb->>'family' = f.id::text)`),
				'0',
			);
		});
	});
});
