// What a crafted request must not achieve: addresses that only look right, parameters twice, forms of another site, framed pages, assertions and tokens that are not what they say.
// tests/flows/idp holds the plain cases; here are those that need a real login or bytes that no client would send.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import {
	absent, agency, asking, assertion, authorize, basic, call, code, exchange, issuer, pkce, post, redirect, refresh, session, sql, stock, told, userinfo, web,
} from '../idp/client.mjs';
import { Citizen } from './citizen.mjs';
import { Visitor } from './visitor.mjs';

const form = (values) => new URLSearchParams(values).toString();
const now = () => Math.floor(Date.now() / 1000);

function refusedWith(answer, error, status = 400) {
	assert.equal(answer.json?.error, error, answer.text);
	assert.equal(answer.status, status);
	assert.equal(answer.json.access_token, undefined);
}

describe('requests', { skip: absent }, () => {
	let citizen, cookie;
	before(async () => {
		citizen = await Citizen.withPasskey();
		cookie = session(2);
	});
	async function loggedIn() {
		const visitor = new Visitor();
		assert.equal((await visitor.login(citizen.passkey)).status, 200);
		return visitor;
	}

	describe('redirect addresses that only look like the registered one', () => {
		const wrong = {
			'backslash for slash': redirect.replace('/cb', '\\cb'),
			'host before an at sign': redirect.replace('localhost', 'localhost:1@evil.example'),
			'host behind a fragment': redirect.replace('localhost', 'evil.example#@localhost'),
			'scheme in capitals': redirect.replace('http', 'HTTP'),
			'host in capitals': redirect.replace('localhost', 'LOCALHOST'),
			'path in capitals': redirect.replace('/cb', '/CB'),
			'scheme changed': redirect.replace('http', 'https'),
			'port left out': redirect.replace(/:\d+\//, '/'),
			'port with a zero before it': redirect.replace(/:(\d+)\//, ':0$1/'),
			'dot at the end of the host': redirect.replace('localhost', 'localhost.'),
			'host that begins alike': redirect.replace('localhost', 'localhostevil.example'),
			'host below it': redirect.replace('localhost', 'evil.localhost'),
			'address in IPv6': redirect.replace('localhost', '[::1]'),
			'line end': `${redirect}\r\nSet-Cookie: a=b`,
			'tab': `${redirect}\t`,
			'space before it': ` ${redirect}`,
			'no-break space': `${redirect}\u00a0`,
			'letter that looks alike': redirect.replace('cb', 'сb'),
			'empty query': `${redirect}?`,
			'empty fragment': `${redirect}#`,
			'without scheme': redirect.replace('http:', ''),
			'data': 'data:text/html,x',
			'another client\'s address': `${process.env.MOHAR_PORTAL_A}/cb`,
		};
		for (const [name, uri] of Object.entries(wrong))
			test(name, async () => {
				for (const method of ['GET', 'POST']) {
					const body = form(asking(pkce().challenge, { redirect_uri: uri }));
					const visitor = new Visitor();
					visitor.cookies.set(...cookie.split('='));
					const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
					let answer = method === 'GET' ? await visitor.get(`/authorize?${body}`) : await visitor.send('POST', '/authorize', headers, body);
					if (method === 'POST' && answer.headers.location) {
						assert.match(answer.headers.location, /^\/authorize\?/);
						answer = await visitor.get(answer.headers.location);
					}
					assert.equal(answer.status, 400);
					assert.equal(answer.headers.location, undefined);
					assert.match(answer.headers['content-type'], /^text\/html|^application\/problem/);
				}
			});
		test('a request by form leads to the same address by query, and nowhere else', async () => {
			const body = form(asking(pkce().challenge));
			const headers = { 'content-type': 'application/x-www-form-urlencoded' };
			const answer = await call('POST', '/authorize', { headers, body });
			assert.equal(answer.headers.location, `/authorize?${body}`);
			assert.equal((await call('POST', '/authorize?client_id=x', { headers, body })).status, 400);
		});
		test('revoked client', async () => {
			const id = `revoked-${randomUUID().slice(0, 8)}`;
			sql(`INSERT INTO idp.client SELECT '${id}', name, sector, agency, auth_method, secret_hash, jwks, grants, redirect_uris, post_logout_redirect_uris, scopes, resources,
			     min_level, max_level, require_par, created_at, now() FROM idp.client WHERE id = '${stock}'`);
			const answer = await authorize(asking(pkce().challenge, { client_id: id }), cookie);
			assert.equal(answer.status, 400);
			assert.equal(answer.headers.location, undefined);
		});
	});

	describe('parameters', () => {
		for (const name of ['redirect_uri', 'response_type', 'scope', 'state', 'code_challenge', 'prompt', 'max_age', 'acr_values'])
			test(`${name} twice: no redirect, for its target may be one of two`, async () => {
				const twice = `${form(asking(pkce().challenge, { [name]: null }))}&${name}=${encodeURIComponent(redirect)}&${name}=x`;
				const answer = await call('GET', `/authorize?${twice}`, { headers: { cookie, accept: 'text/html' } });
				assert.equal(answer.status, 400);
				assert.equal(answer.headers.location, undefined);
			});
		for (const name of ['grant_type', 'code', 'code_verifier', 'redirect_uri'])
			test(`${name} twice at the token endpoint`, async () => {
				const given = await code(cookie);
				const body = `${form({ grant_type: 'authorization_code', code: given.code, redirect_uri: redirect, code_verifier: given.verifier })}&${name}=x`;
				const answer = await call('POST', '/token', { headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic() }, body });
				assert.equal(answer.status, 400);
				assert.equal(answer.json.access_token, undefined);
			});
		for (const type of ['token', 'id_token', 'id_token token', 'code id_token', 'code id_token token', 'none', 'CODE', 'code code'])
			test(`response_type ${type}`, async () => {
				assert.equal(told(await authorize(asking(pkce().challenge, { response_type: type }), cookie))?.error, 'unsupported_response_type');
			});
		for (const [name, challenge] of Object.entries({ 'too short': 'abc', 'too long': 'A'.repeat(44), 'of another alphabet': `${'A'.repeat(42)}+`, 'padded': `${'A'.repeat(43)}=` }))
			test(`code challenge ${name}`, async () => {
				assert.equal(told(await authorize(asking(challenge), cookie))?.error, 'invalid_request');
			});
		for (const mode of ['fragment', 'form_post', 'web_message'])
			test(`response_mode ${mode}`, async () => {
				assert.equal(told(await authorize(asking(pkce().challenge, { response_mode: mode }), cookie))?.error, 'invalid_request');
			});
		for (const age of ['-1', '1.5', '1e3', '99999999999999999999', ' 1', '0x10'])
			test(`max_age ${age}`, async () => {
				assert.equal(told(await authorize(asking(pkce().challenge, { max_age: age }), cookie))?.error, 'invalid_request');
			});
		test('state comes back as it went, whatever is in it', async () => {
			const state = '"><script>&state=x#?\u0f56\u0f7c\u0f51';
			assert.equal(told(await authorize(asking(pkce().challenge, { state }), cookie)).state, state);
		});
		test('name of the portal\'s choosing in an error page is text, not markup', async () => {
			const answer = await call('GET', `/authorize?client_id=${encodeURIComponent('<script>alert(1)</script>')}`, { headers: { accept: 'text/html' } });
			assert.doesNotMatch(answer.text, /<script>alert/);
		});
	});

	describe('pages', () => {
		test('none may be framed, cached, or run a foreign script', async () => {
			const visitor = await loggedIn();
			const fresh = new Visitor();
			const consent = (await visitor.get(`/authorize?${form(asking(pkce().challenge))}`)).headers.location;
			assert.match(consent, /^\/consent/);
			const answers = [
				await fresh.get(`/login?flow=${await fresh.begin()}`), await visitor.get(consent), await visitor.get('/account'), await fresh.get('/activate'),
				await visitor.get('/end_session'), await fresh.get('/authorize?client_id=nobody'), await fresh.get('/'),
			];
			for (const { headers } of answers) {
				assert.match(headers['content-security-policy'], /default-src 'none'; script-src 'self'.*frame-ancestors 'none'/);
				assert.equal(headers['x-frame-options'], 'DENY');
				assert.match(headers['cache-control'], /no-store/);
				assert.equal(headers['x-content-type-options'], 'nosniff');
			}
		});
		test('consent: without its token, with another\'s, from another site, from no site', async () => {
			const [visitor, thief] = [await loggedIn(), await loggedIn()];
			const flowOf = async (v) => (await v.get(`/authorize?${form(asking(pkce().challenge, { prompt: 'consent' }))}`)).headers.location.split('=')[1];
			const [flow, other] = [await flowOf(visitor), await flowOf(thief)];
			const tokenOf = async (v, f) => (await v.get(`/consent?flow=${f}`)).text.match(/name="csrf" value="([^"]+)"/)[1];
			const [csrf, foreign] = [await tokenOf(visitor, flow), await tokenOf(thief, other)];
			const refused = async (values, headers) => {
				const answer = await visitor.post('/consent', { flow, decision: 'allow', ...values }, headers);
				assert.ok([400, 403].includes(answer.status), `${answer.status} ${JSON.stringify(values)}`);
			};
			await refused({});
			await refused({ csrf: foreign });
			await refused({ csrf: `${csrf}x` });
			await refused({ csrf }, { origin: 'https://evil.example' });
			await refused({ csrf }, { origin: 'null' });
			await refused({ csrf, decision: 'yes' });
			assert.equal((await visitor.post('/consent', { flow: other, csrf, decision: 'allow' })).status, 404);
			assert.equal(sql(`SELECT count(*) FROM idp.consent WHERE person = '${citizen.id}'`), '0');
			assert.equal((await visitor.post('/consent', { flow, csrf, decision: 'allow' })).headers.location, `/continue?flow=${flow}`);
			assert.ok(told(await visitor.get(`/continue?flow=${flow}`)).code);
			assert.equal(citizen.events('consent.given'), 1);
		});
		test('a flow that has given its code gives no second one', async () => {
			const visitor = await loggedIn();
			const flow = (await visitor.get(`/authorize?${form(asking(pkce().challenge, { prompt: 'consent' }))}`)).headers.location.split('=')[1];
			const csrf = (await visitor.get(`/consent?flow=${flow}`)).text.match(/name="csrf" value="([^"]+)"/)[1];
			await visitor.post('/consent', { flow, csrf, decision: 'allow' });
			const answers = await Promise.all(Array.from({ length: 5 }, () => visitor.get(`/continue?flow=${flow}`)));
			assert.equal(answers.filter((a) => told(a)?.code).length, 1);
			assert.equal((await visitor.get(`/continue?flow=${flow}`)).status, 404);
		});
		test('denied: the portal is told so, and gets nothing', async () => {
			const visitor = await loggedIn();
			const flow = (await visitor.get(`/authorize?${form(asking(pkce().challenge, { prompt: 'consent' }))}`)).headers.location.split('=')[1];
			const csrf = (await visitor.get(`/consent?flow=${flow}`)).text.match(/name="csrf" value="([^"]+)"/)[1];
			const said = told(await visitor.post('/consent', { flow, csrf, decision: 'deny' }));
			assert.deepEqual([said.error, said.state, said.iss, said.code], ['access_denied', 'state', issuer, undefined]);
		});
		test('sign-out by a form of another site', async () => {
			const visitor = await loggedIn();
			assert.equal((await visitor.post('/end_session', {}, { origin: 'https://evil.example' })).status, 200); // asks
			assert.equal((await visitor.post('/end_session', { csrf: 'x'.repeat(43) })).status, 403);
			assert.equal(visitor.session('ended_at IS NULL'), 't');
		});
		test('account\'s forms without their token', async () => {
			const visitor = await loggedIn();
			for (const path of ['/account/sessions/end', '/account/services/withdraw', '/account/passkeys/remove'])
				assert.equal((await visitor.post(path, { id: 'x', client: stock })).status, 403, path);
		});
	});

	describe('client assertions', () => {
		const jwk = absent ? {} : JSON.parse(readFileSync(process.env.MOHAR_AGENCY_JWK));
		const claims = () => ({ iss: agency, sub: agency, aud: issuer, jti: randomUUID(), iat: now(), exp: now() + 60 });
		const ask = (text) =>
			post('/token', { grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: text });
		const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
		const hmac = (header, key) => {
			const input = `${encode(header)}.${encode(claims())}`;
			return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
		};
		const { d: _d, ...publicHalf } = jwk;

		test('alg none, in any case of letters', async () => {
			for (const alg of ['none', 'None', 'NONE', 'nOnE']) refusedWith(await ask(`${encode({ alg })}.${encode(claims())}.`), 'invalid_client', 401);
			refusedWith(await ask(new UnsecuredJWT(claims()).encode()), 'invalid_client', 401);
		});
		test('HS256 keyed with the public key', async () => {
			const pem = createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'pkcs8' });
			for (const key of [JSON.stringify(publicHalf), pem, jwk.x]) refusedWith(await ask(hmac({ alg: 'HS256', kid: jwk.kid }, key)), 'invalid_client', 401);
		});
		test('key carried in its own header', async () => {
			const { generateKeyPair, exportJWK, SignJWT } = await import('jose');
			const { privateKey, publicKey } = await generateKeyPair('ES256');
			const own = await exportJWK(publicKey);
			const text = await new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', jwk: own }).sign(privateKey);
			refusedWith(await ask(text), 'invalid_client', 401);
		});
		test('signature cut off, empty, or with a member twice in its payload', async () => {
			const good = (await assertion(agency)).client_assertion.split('.');
			refusedWith(await ask(`${good[0]}.${good[1]}`), 'invalid_client', 401);
			refusedWith(await ask(`${good[0]}.${good[1]}.`), 'invalid_client', 401);
			refusedWith(await ask(`${good[0]}.${encode(`{"iss":"x",${JSON.stringify(claims()).slice(1)}`)}.${good[2]}`), 'invalid_client', 401);
		});
		for (const [name, changed] of Object.entries({
			'not valid yet': { nbf: now() + 120 }, 'made in the future': { iat: now() + 120 }, 'without end': { exp: undefined }, 'without audience': { aud: undefined },
			'about another client': { sub: 'signer' }, 'with an empty jti': { jti: '' }, 'for an address that begins like ours': { aud: `${issuer}.evil.example` },
		}))
			test(name, async () => refusedWith(await post('/token', { grant_type: 'client_credentials', ...(await assertion(agency, changed)) }), 'invalid_client', 401));
		test('the same one twenty times at once: one wins', async () => {
			const once = await assertion(agency);
			const answers = await Promise.all(Array.from({ length: 20 }, () => post('/token', { grant_type: 'client_credentials', ...once })));
			assert.equal(answers.filter((a) => a.status === 200).length, 1);
			assert.equal(answers.filter((a) => a.json.error === 'invalid_client').length, 19);
		});
		test('used at /par, then at /token', async () => {
			const once = await assertion(web);
			const pushed = asking(pkce().challenge, { client_id: web, scope: 'openid' });
			assert.equal((await post('/par', { ...pushed, ...once })).status, 201);
			const second = await post('/par', { ...pushed, ...once });
			refusedWith(second, 'invalid_client', 401);
			const { verifier, challenge } = pkce();
			const answer = await authorize(asking(challenge, { client_id: web, scope: 'openid' }), cookie);
			const late = await exchange({ code: told(answer).code, verifier }, {}, once);
			assert.ok(late.status >= 400 && !late.json.access_token, late.text);
		});
		test('used again to refresh: refused as the client\'s, and the refresh token is still good', async () => {
			const { verifier, challenge } = pkce();
			const answer = await authorize(asking(challenge, { client_id: web }), cookie);
			const first = (await exchange({ code: told(answer).code, verifier }, {}, await assertion(web))).json;
			const once = await assertion(web);
			assert.equal((await post('/revoke', { token: 'x', ...once })).status, 200);
			refusedWith(await refresh(first.refresh_token, once, {}), 'invalid_client', 401);
			assert.equal((await refresh(first.refresh_token, await assertion(web), {})).status, 200);
		});
		test('service token for another audience', async () => {
			refusedWith(await post('/token', { grant_type: 'client_credentials', resource: 'https://evil.example', ...(await assertion(agency)) }), 'invalid_target');
		});
		test('service token with a scope of persons', async () => {
			refusedWith(await post('/token', { grant_type: 'client_credentials', scope: 'openid', ...(await assertion(agency)) }), 'invalid_scope');
		});
	});

	describe('codes and refresh tokens', () => {
		const events = (type) => Number(sql(`SELECT count(*) FROM idp.event WHERE type = '${type}'`));

		test('a code redeemed twenty times at once: exactly one wins', async () => {
			const given = await code(cookie);
			const issued = events('token.issued');
			const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(given)));
			assert.equal(answers.filter((a) => a.status === 200).length, 1);
			assert.equal(answers.filter((a) => a.json.error === 'invalid_grant').length, 19);
			assert.equal(events('token.issued'), issued + 1);
		});
		test('a refresh token redeemed twenty times at once: at most one wins', async () => {
			const first = (await exchange(await code(cookie))).json;
			const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refresh_token)));
			assert.equal(answers.filter((a) => a.status === 200).length, 1);
		});
		test('verifier missing, empty, too short, or the challenge itself', async () => {
			for (const verifier of [undefined, '', 'short', 'hash']) {
				const given = await code(cookie);
				const values = { grant_type: 'authorization_code', code: given.code, redirect_uri: redirect };
				const said = verifier === 'hash' ? createHash('sha256').update(given.verifier).digest('base64url') : verifier;
				refusedWith(await post('/token', said === undefined ? values : { ...values, code_verifier: said }, basic()), 'invalid_grant');
			}
		});
		test('another client\'s code stays good for its own client', async () => {
			const given = await code(cookie);
			refusedWith(await exchange(given, {}, await assertion(web)), 'invalid_grant');
			assert.equal((await exchange(given)).status, 200);
		});
		test('refresh token of another client stays good for its own', async () => {
			const first = (await exchange(await code(cookie))).json;
			refusedWith(await refresh(first.refresh_token, await assertion(web), {}), 'invalid_grant');
			assert.equal((await refresh(first.refresh_token)).status, 200);
		});
		test('refresh narrows, and the access token with it', async () => {
			const first = (await exchange(await code(cookie))).json;
			const second = (await refresh(first.refresh_token, { scope: 'openid' })).json;
			assert.equal(second.scope, 'openid');
			assert.deepEqual(Object.keys((await userinfo(second.access_token)).json), ['sub']);
		});
		test('refresh token expired', async () => {
			const first = (await exchange(await code(cookie))).json;
			sql(`UPDATE idp.refresh_token SET expires_at = now() - interval '1 s' WHERE hash = sha256('${first.refresh_token}')`);
			refusedWith(await refresh(first.refresh_token), 'invalid_grant');
		});
		test('access token expired', async () => {
			const first = (await exchange(await code(cookie))).json;
			sql(`UPDATE idp.access_token SET expires_at = now() - interval '1 s' WHERE hash = sha256('${first.access_token}')`);
			assert.equal((await userinfo(first.access_token)).status, 401);
		});
		test('ID token, refresh token or code used as an access token', async () => {
			const given = await code(cookie);
			const first = (await exchange(given)).json;
			for (const token of [first.id_token, first.refresh_token, given.code]) assert.equal((await userinfo(token)).status, 401);
		});
		test('without offline_access there is no refresh token', async () => {
			assert.equal((await exchange(await code(cookie, { scope: 'openid' }))).json.refresh_token, undefined);
		});
		test('a person who is frozen gets nothing more, by code or by refresh', async () => {
			const person = await Citizen.withPasskey();
			const visitor = new Visitor();
			await visitor.login(person.passkey);
			sql(`INSERT INTO idp.consent SELECT '${person.id}', id, scopes, now() FROM idp.client WHERE id = '${stock}'`);
			const first = (await exchange(await code(visitor.header()))).json;
			const waiting = await code(visitor.header());
			sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${person.id}'`);
			refusedWith(await exchange(waiting), 'invalid_grant');
			refusedWith(await refresh(first.refresh_token), 'invalid_grant');
			assert.equal((await userinfo(first.access_token)).status, 401);
		});
		test('logged out between code and exchange', async () => {
			const visitor = await loggedIn();
			sql(`INSERT INTO idp.consent SELECT '${citizen.id}', id, scopes, now() FROM idp.client WHERE id = '${stock}' ON CONFLICT (person, client) DO UPDATE SET scopes = excluded.scopes`);
			const given = await code(visitor.header());
			const page = await visitor.get('/end_session');
			await visitor.post('/end_session', { csrf: page.text.match(/name="csrf" value="([^"]+)"/)[1] });
			refusedWith(await exchange(given), 'invalid_grant');
		});
		test('another client revokes a token: nothing happens to it', async () => {
			const first = (await exchange(await code(cookie))).json;
			await post('/revoke', { token: first.refresh_token, ...(await assertion(web)) });
			assert.equal((await userinfo(first.access_token)).status, 200);
		});
	});
});
