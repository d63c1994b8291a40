// What nobody may learn: the same person by another portal's name for them, claims that were not asked for, national numbers, who has an account.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { absent, agency, asking, assertion, authorize, basic, call, code, exchange, get, issuer, pkce, post, session, sql, stock, told, userinfo, web } from '../idp/client.mjs';
import { Citizen } from './citizen.mjs';
import { Visitor } from './visitor.mjs';

const folder = process.env.MOHAR_DEMO_DIR;

describe('disclosure', { skip: absent }, () => {
	let cookie;
	before(() => {
		cookie = session(2);
	});
	async function tokens(client, scope = 'openid') {
		const { verifier, challenge } = pkce();
		const said = told(await authorize(asking(challenge, { client_id: client, scope }), cookie));
		return (client === stock ? await exchange({ code: said.code, verifier }) : await exchange({ code: said.code, verifier }, {}, await assertion(web))).json;
	}

	describe('subjects', () => {
		test('the same at the same portal each time, another in another sector', async () => {
			const subs = [];
			for (const client of [stock, web, stock, web]) subs.push(decodeJwt((await tokens(client)).id_token).sub);
			assert.equal(subs[0], subs[2]);
			assert.equal(subs[1], subs[3]);
			assert.notEqual(subs[0], subs[1]);
		});
		test('no subject stands for two people or in two sectors', () => {
			assert.equal(sql('SELECT count(*) - count(DISTINCT sub) FROM idp.subject'), '0');
			assert.ok(Number(sql('SELECT count(*) FROM idp.subject')) >= 4);
		});
		test('they are random: nothing of the person is in them', async () => {
			const [id, handle, card] = sql(`SELECT id, handle, card_subject FROM idp.person WHERE handle = '${process.env.MOHAR_CITIZEN}'`).split('|');
			for (const sub of sql('SELECT sub FROM idp.subject').split('\n')) {
				assert.match(sub, /^[\w-]{43}$/);
				for (const known of [id, handle, card]) assert.ok(!sub.includes(known));
			}
		});
		test('a portal that brings another sector\'s ID token as a hint signs nobody out', async () => {
			const other = session(2);
			const { verifier, challenge } = pkce();
			const said = told(await authorize(asking(challenge, { client_id: web, scope: 'openid' }), other));
			const { id_token } = (await exchange({ code: said.code, verifier }, {}, await assertion(web))).json;
			const answer = await get(`/end_session?${new URLSearchParams({ id_token_hint: id_token, client_id: stock })}`, other);
			assert.equal(answer.status, 400);
			assert.ok((await code(other, { prompt: 'none' })).code);
		});
	});

	describe('claims', () => {
		const ALWAYS = ['acr', 'amr', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'nonce', 'sub'];
		test('an ID token says what was declared, and the person\'s name only at userinfo', async () => {
			const { id_token, access_token } = await tokens(stock, 'openid profile');
			assert.deepEqual(Object.keys(decodeJwt(id_token)).sort(), ALWAYS);
			assert.deepEqual(Object.keys((await userinfo(access_token)).json).sort(), ['birthdate', 'gender', 'name', 'sub']);
		});
		test('scope openid alone gives a subject and no more', async () => {
			const { id_token, access_token } = await tokens(stock);
			assert.deepEqual(Object.keys(decodeJwt(id_token)).sort(), ALWAYS);
			assert.deepEqual(Object.keys((await userinfo(access_token)).json), ['sub']);
		});
		test('a portal gets no scope that it is not registered for, nor by refresh', async () => {
			for (const scope of ['openid offices', 'openid name', 'openid number', 'openid email', 'openid decisions'])
				assert.equal(told(await authorize(asking(pkce().challenge, { scope }), cookie)).error, 'invalid_scope', scope);
		});
		test('a service\'s token names no person', async () => {
			const answer = await post('/token', { grant_type: 'client_credentials', ...(await assertion(agency)) });
			const claims = decodeJwt(answer.json.access_token);
			assert.deepEqual(Object.keys(claims).sort(), ['agency', 'aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub']);
			assert.equal(claims.sub, agency);
		});
	});

	describe('national numbers', () => {
		const numbers = absent ? [] : readdirSync(join(folder, 'work')).filter((f) => f.endsWith('.number')).map((f) => readFileSync(join(folder, 'work', f), 'utf8').trim());
		test('there are some to look for', () => {
			assert.ok(numbers.length >= 2);
			for (const number of numbers) assert.match(number, /^\d{11}$/);
		});
		test('in no daemon\'s log', () => {
			for (const file of readdirSync(join(folder, 'log'))) {
				const text = readFileSync(join(folder, 'log', file), 'latin1');
				for (const number of numbers) assert.ok(!text.includes(number), file);
			}
		});
		test('in no table, as text, as bytes or as hexadecimal', () => {
			const dump = execFileSync('pg_dump', ['--data-only', '--inserts', '-d', process.env.MOHAR_DATABASE], { maxBuffer: 256 << 20 }).toString('latin1');
			assert.ok(dump.includes('test-citizen-one'));
			for (const number of numbers) {
				assert.ok(!dump.includes(number));
				assert.ok(!dump.includes(Buffer.from(number).toString('hex')));
				assert.ok(!dump.includes(Buffer.from(number).toString('base64url')));
			}
		});
		test('on no page and in no token', async () => {
			const { id_token, access_token } = await tokens(stock, 'openid profile');
			const visitor = new Visitor();
			visitor.cookies.set(...cookie.split('='));
			const consent = (await visitor.get(`/authorize?${new URLSearchParams(asking(pkce().challenge, { prompt: 'consent' }))}`)).headers.location;
			const seen = [(await visitor.get('/account')).text, (await visitor.get(consent)).text, JSON.stringify(decodeJwt(id_token)), (await userinfo(access_token)).text];
			assert.match(seen[0], /Test Citizen One/);
			for (const text of seen) for (const number of numbers) assert.ok(!text.includes(number));
		});
	});

	describe('who has an account', () => {
		test('the login options of anybody are alike: no credential is named', async () => {
			const visitor = new Visitor();
			const options = await visitor.challenge(await visitor.begin());
			assert.ok(!options.allowCredentials?.length);
		});
		test('login_hint changes nothing', async () => {
			const page = async (hint) => {
				const visitor = new Visitor();
				const { location } = (await visitor.get(`/authorize?${new URLSearchParams(asking(pkce().challenge, hint))}`)).headers;
				return (await visitor.get(location)).text.replaceAll(/flow=[\w-]{43}/g, 'flow=');
			};
			assert.equal(await page({ login_hint: process.env.MOHAR_CITIZEN }), await page({ login_hint: 'test-nobody' }));
		});
		test('an activation code that never was answers as one that is used, expired, or a frozen person\'s', async () => {
			const answers = [];
			const citizen = new Citizen();
			const [used, expired, frozen] = [citizen.invited(), citizen.invited(), new Citizen()];
			const theirs = frozen.invited();
			sql(`UPDATE idp.activation SET used_at = now() WHERE code_hash = sha256('${used}')`);
			sql(`UPDATE idp.activation SET expires_at = now() - interval '1 s' WHERE code_hash = sha256('${expired}')`);
			sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${frozen.id}'`);
			for (const code of [used, expired, theirs, 'A'.repeat(43)])
				for (const path of ['/activate/person', '/activate/options']) {
					const { status, text } = await new Visitor().script(path, { code });
					answers.push(`${status} ${text}`);
				}
			assert.deepEqual(new Set(answers).size, 1, answers.join('\n'));
		});
		test('an unknown client answers as a wrong secret', async () => {
			const values = { grant_type: 'authorization_code', code: 'x', redirect_uri: 'x', code_verifier: 'A'.repeat(43) };
			const [unknown, wrong] = [await post('/token', values, basic('nobody', 'x')), await post('/token', values, basic(stock, 'x'))];
			assert.deepEqual([unknown.status, unknown.text], [wrong.status, wrong.text]);
		});
		test('another browser\'s flow answers as an unknown one', async () => {
			const flow = await new Visitor().begin();
			const visitor = new Visitor();
			await visitor.begin();
			const [theirs, none] = [await visitor.script(`/login/options?flow=${flow}`, {}), await visitor.script(`/login/options?flow=${'A'.repeat(43)}`, {})];
			assert.deepEqual([theirs.status, theirs.text], [none.status, none.text]);
		});
		test('registry\'s addresses without an act say the same for everybody', async () => {
			const ask = (handle) => call('POST', `/registry/people/${handle}/show`, { headers: { 'content-type': 'application/jose' }, body: 'x.y.z' });
			const [one, nobody] = [await ask(process.env.MOHAR_CITIZEN), await ask('test-nobody')];
			assert.ok(one.status >= 400 && one.status < 500);
			assert.deepEqual([one.status, one.text], [nobody.status, nobody.text]);
		});
		test('the private listener is not at the public address', async () => {
			for (const path of ['/metrics', '/readyz']) assert.equal((await call('GET', `${issuer}${path}`)).status, 404);
		});
	});
});
