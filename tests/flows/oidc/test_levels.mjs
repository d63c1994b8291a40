// How sure the provider is of a person: levels asked by acr_values, by the client's own minimum, by max_age and prompt. A lower token is never issued for a higher question.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { absent, asking, basic, code, exchange, pkce, refresh, session, sql, stock, told } from '../idp/client.mjs';
import { Citizen } from './citizen.mjs';
import { Passkey } from './passkey.mjs';
import { Visitor } from './visitor.mjs';

const LOA = (n) => `urn:mohar:loa:${n}`;
const form = (values) => new URLSearchParams(values).toString();

describe('assurance levels', { skip: absent }, () => {
	let citizen;
	before(async () => {
		citizen = await Citizen.withPasskey(3);
		sql(`INSERT INTO idp.consent SELECT '${citizen.id}', id, scopes, now() FROM idp.client WHERE id = '${stock}'`);
	});
	const ask = (visitor, changed, challenge = pkce().challenge) => visitor.get(`/authorize?${form(asking(challenge, changed))}`);
	const flowOf = (answer) => answer.headers.location?.match(/^\/login\?flow=([\w-]{43})$/)?.[1];
	async function loggedIn(person = citizen) {
		const visitor = new Visitor();
		assert.equal((await visitor.login(person.passkey)).status, 200);
		return visitor;
	}
	// A second passkey, of a certified model: what the officer's token of the demo is.
	async function strongPasskey(person) {
		const passkey = Passkey.made();
		const visitor = new Visitor();
		const code = person.invited(3);
		const options = (await visitor.script('/activate/options', { code })).json;
		assert.equal((await visitor.script('/activate/passkey', { code, name: 'Token', credential: passkey.attestation(options) })).status, 201);
		sql(`UPDATE idp.credential SET authenticator = 3 WHERE id = '\\x${passkey.id.toString('hex')}'`);
		return passkey;
	}

	test('a level 2 session asked for level 3 is sent to log in, again and again, and no code comes of it', async () => {
		const visitor = await loggedIn();
		const flow = flowOf(await ask(visitor, { acr_values: LOA(3) }));
		assert.ok(flow);
		for (let i = 0; i < 2; i++) {
			const answer = await visitor.login(citizen.passkey, {}, flow);
			assert.equal(answer.status, 200);
			assert.equal(flowOf(await visitor.get(answer.json.next)), flow);
		}
		assert.equal(sql(`SELECT count(*) FROM idp.code WHERE principal = '${citizen.id}' AND required_level = 3`), '0');
	});
	test('stepped up by a stronger passkey, the token says level 3', async () => {
		const visitor = await loggedIn();
		const { verifier, challenge } = pkce();
		const flow = flowOf(await ask(visitor, { acr_values: LOA(3) }, challenge));
		const { json } = await visitor.login(await strongPasskey(citizen), {}, flow);
		const said = told(await visitor.get(json.next));
		const tokens = (await exchange({ code: said.code, verifier })).json;
		assert.equal(decodeJwt(tokens.id_token).acr, LOA(3));
	});
	test('the page says that it asks again because more is needed', async () => {
		const visitor = await loggedIn();
		const [asked, plain] = [flowOf(await ask(visitor, { acr_values: LOA(3) })), flowOf(await ask(visitor, { prompt: 'login' }))];
		assert.notEqual((await visitor.get(`/login?flow=${asked}`)).text.length, (await visitor.get(`/login?flow=${plain}`)).text.length);
	});
	test('prompt=none with a level that the session lacks is an error', async () => {
		const said = told(await ask(await loggedIn(), { acr_values: LOA(3), prompt: 'none' }));
		assert.deepEqual([said.error, said.code], ['login_required', undefined]);
	});
	test('a person whose proof of identity is too low for the level is refused at once, by name', async () => {
		const low = await Citizen.withPasskey(2);
		const said = told(await ask(await loggedIn(low), { acr_values: LOA(3) }));
		assert.deepEqual([said.error, said.code], ['unmet_authentication_requirements', undefined]);
	});
	test('any of several levels will do, the lowest is asked', async () => {
		assert.ok(told(await ask(await loggedIn(), { acr_values: `${LOA(3)} ${LOA(2)}` })).code);
	});
	test('unknown level beside a known one is passed over, alone it is refused', async () => {
		const visitor = await loggedIn();
		assert.ok(told(await ask(visitor, { acr_values: `urn:x ${LOA(2)}` })).code);
		assert.equal(told(await ask(visitor, { acr_values: 'urn:x' })).error, 'unmet_authentication_requirements');
	});
	test('a client\'s own minimum holds though it does not ask', async () => {
		const id = `strict-${randomUUID().slice(0, 8)}`;
		sql(`INSERT INTO idp.client SELECT '${id}', name, sector, agency, auth_method, secret_hash, jwks, grants, redirect_uris, post_logout_redirect_uris, scopes, resources,
		     3, 3, require_par, created_at, NULL FROM idp.client WHERE id = '${stock}'`);
		for (const changed of [{}, { acr_values: LOA(1) }, { acr_values: LOA(2) }]) assert.ok(flowOf(await ask(await loggedIn(), { client_id: id, ...changed })));
	});
	test('a client\'s maximum is not exceeded, in request or in token', async () => {
		const id = `modest-${randomUUID().slice(0, 8)}`;
		sql(`INSERT INTO idp.client SELECT '${id}', name, sector, agency, auth_method, secret_hash, jwks, grants, redirect_uris, post_logout_redirect_uris, scopes, resources,
		     1, 1, require_par, created_at, NULL FROM idp.client WHERE id = '${stock}';
		     INSERT INTO idp.consent SELECT '${citizen.id}', '${id}', scopes, now() FROM idp.client WHERE id = '${id}'`);
		const visitor = await loggedIn();
		assert.equal(told(await ask(visitor, { client_id: id, acr_values: LOA(2) })).error, 'unmet_authentication_requirements');
		const { verifier, challenge } = pkce();
		const { code: given } = told(await ask(visitor, { client_id: id }, challenge));
		const answer = await exchange({ code: given, verifier }, basic(id));
		assert.equal(decodeJwt(answer.json.id_token).acr, LOA(1));
	});
	test('the level sinks with age: between code and exchange, and at refresh', async () => {
		const visitor = await loggedIn();
		const given = await code(visitor.header(), { acr_values: LOA(2) });
		const first = await exchange(await code(visitor.header(), { acr_values: LOA(2) }));
		assert.equal(first.status, 200);
		sql(`UPDATE idp.session SET auth_time = now() - interval '2 days' WHERE id = '${visitor.session('id')}'`);
		for (const answer of [await exchange(given), await refresh(first.json.refresh_token)]) {
			assert.equal(answer.json.error, 'invalid_grant', answer.text);
			assert.equal(answer.json.access_token, undefined);
		}
	});
	test('left alone too long, the session is worth less, and stays so', async () => {
		const visitor = await loggedIn();
		sql(`UPDATE idp.session SET auth_time = now() - interval '40 minutes', last_seen = now() - interval '31 minutes' WHERE id = '${visitor.session('id')}'`);
		assert.ok(flowOf(await ask(visitor, { acr_values: LOA(2) })));
		assert.ok(flowOf(await ask(visitor, { acr_values: LOA(2) })));
		const { verifier, challenge } = pkce();
		const said = told(await ask(visitor, {}, challenge));
		assert.equal(decodeJwt((await exchange({ code: said.code, verifier })).json.id_token).acr, LOA(1));
	});
	test('max_age shorter than the session asks for a login, and auth_time is the new one', async () => {
		const cookie = session(2);
		const old = new Visitor();
		old.cookies.set(...cookie.split('='));
		assert.ok(flowOf(await ask(old, { max_age: '5' })));
		assert.ok(told(await ask(old, { max_age: '3600' })).code);
		const visitor = await loggedIn();
		sql(`UPDATE idp.session SET auth_time = now() - interval '10 s' WHERE id = '${visitor.session('id')}'`);
		const { verifier, challenge } = pkce();
		const flow = flowOf(await ask(visitor, { max_age: '5' }, challenge));
		const { json } = await visitor.login(citizen.passkey, {}, flow);
		const claims = decodeJwt((await exchange({ code: told(await visitor.get(json.next)).code, verifier })).json.id_token);
		assert.ok(claims.iat - claims.auth_time <= 5, `${claims.iat - claims.auth_time}`);
	});
	test('max_age=0 and prompt=login ask even somebody who has just come, once', async () => {
		for (const changed of [{ max_age: '0' }, { prompt: 'login' }]) {
			const visitor = await loggedIn();
			const flow = flowOf(await ask(visitor, changed));
			assert.ok(flow);
			assert.equal(flowOf(await visitor.get(`/continue?flow=${flow}`)), flow);
			const { json } = await visitor.login(citizen.passkey, {}, flow);
			assert.ok(told(await visitor.get(json.next)).code);
		}
	});
	test('another person logs in half way: the first one\'s consent is not theirs', async () => {
		const visitor = await loggedIn();
		const flow = flowOf(await ask(visitor, { prompt: 'login' }));
		const other = await Citizen.withPasskey();
		const { json } = await visitor.login(other.passkey, {}, flow);
		assert.match((await visitor.get(json.next)).headers.location, /^\/consent/);
	});
	test('prompt=none: login, consent and freshness are errors, each by its name, and no flow is left', async () => {
		const left = () => sql('SELECT count(*) FROM idp.interaction');
		const fresh = await Citizen.withPasskey();
		const [nobody, visitor, unasked] = [new Visitor(), await loggedIn(), await loggedIn(fresh)];
		const before = left();
		assert.equal(told(await ask(nobody, { prompt: 'none' })).error, 'login_required');
		assert.equal(told(await ask(visitor, { prompt: 'none', max_age: '0' })).error, 'login_required');
		assert.equal(told(await ask(unasked, { prompt: 'none' })).error, 'consent_required');
		assert.ok(told(await ask(visitor, { prompt: 'none' })).code);
		assert.equal(left(), before);
	});
});
