// What an agency, a stranger, a registrar of nothing, or whoever holds an old message must not achieve at the signing API. timeout: 200
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql, visitor } from '../../browser/house.mjs';
import { absent, agencyToken, asAgency, asPage, begun, call, codeOf, digest, enrolled, over, page, randomCode, registrar, requested, requestState } from '../../browser/signing.mjs';

const env = process.env;
const signer = env.MOHAR_SIGNER_URL;

describe('the signing API', { skip: absent }, () => {
	let person, key, other;
	before(async () => {
		person = await visitor({ transport: 'internal' });
		key = await enrolled(person);
		other = await enrolled(person);
	});
	after(() => person?.close());

	// The passkey's answer to a challenge of that request, taken off its way to signerd: what somebody would hold who reads the citizen's traffic.
	async function taken(asked) {
		const to = await person.context.newPage();
		const cdp = await person.context.newCDPSession(to);
		await cdp.send('WebAuthn.enable');
		const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: person.kind });
		for (const credential of await person.passkeys()) await cdp.send('WebAuthn.addCredential', { authenticatorId, credential });
		let body = null;
		await to.route('**/signing/page/sign', (route) => {
			body = JSON.parse(route.request().postData());
			return route.abort();
		});
		await to.goto(asked.sign_url);
		await to.locator('[data-documents] li').first().waitFor();
		await to.locator('#form button[type=submit]').click();
		await to.locator('#message').waitFor();
		await to.close();
		assert.ok(body);
		return body;
	}

	test('another origin, or none, is not answered, and may not read', async () => {
		const asked = await requested(key.key);
		for (const origin of ['https://localhost:1', env.MOHAR_ISSUER, signer, 'null', null, page.replace('https', 'http'), `${page}.example`]) {
			const answer = await asPage('request', codeOf(asked.sign_url), origin);
			assert.equal(answer.status, 403, String(origin));
			assert.equal(answer.headers['access-control-allow-origin'], undefined);
			assert.ok(!answer.text.includes('Transfer'));
			const preflight = await call('OPTIONS', `${signer}/signing/page/request`, { headers: { ...(origin ? { origin } : {}), 'access-control-request-method': 'POST' } });
			assert.equal(preflight.status, 403);
			assert.equal(preflight.headers['access-control-allow-origin'], undefined);
		}
		const mine = await asPage('request', codeOf(asked.sign_url));
		assert.equal(mine.status, 200);
		assert.equal(mine.headers['access-control-allow-origin'], page);
		assert.equal(mine.headers['access-control-allow-credentials'], undefined);
		const preflight = await call('OPTIONS', `${signer}/signing/page/request`, { headers: { origin: page, 'access-control-request-method': 'POST' } });
		assert.equal(preflight.status, 204);
		assert.equal(preflight.headers['access-control-allow-methods'], 'POST');
	});

	test('a form of a foreign page cannot send it', async () => {
		const answer = await call('POST', `${signer}/signing/page/decline`, { headers: { origin: page, 'content-type': 'text/plain' }, body: '{}' });
		assert.equal(answer.status, 400);
	});

	test("another code, another request's code, and no code open nothing", async () => {
		const asked = await requested(key.key), second = await requested(key.key);
		const { id } = codeOf(asked.sign_url);
		for (const code of [randomCode(), codeOf(second.sign_url).code, '', id]) {
			for (const what of ['request', 'challenge', 'decline']) assert.ok([400, 404].includes((await asPage(what, { id, code })).status));
		}
		assert.equal((await asPage('request', { id: randomUUID(), code: randomCode() })).status, 404);
		assert.equal((await asPage('enrolment', { code: randomCode() })).status, 404);
		assert.equal(requestState(asked.id), 'pending');
	});

	test('an assertion signs once: replayed, and with the request signed, it is refused', async () => {
		const asked = await requested(key.key);
		const body = await taken(asked);
		assert.equal((await asPage('sign', body)).status, 200);
		const before = sql(`SELECT signatures FROM signer.signing_request WHERE id = '${asked.id}'`);
		assert.equal((await asPage('sign', body)).json.code, 'USED');
		assert.equal((await asPage('decline', codeOf(asked.sign_url))).json.code, 'USED');
		assert.equal(sql(`SELECT signatures FROM signer.signing_request WHERE id = '${asked.id}'`), before);
		const second = await requested(key.key);
		const answer = await asPage('sign', { ...body, ...codeOf(second.sign_url) });
		assert.equal(answer.json.code, 'USED');
		assert.equal(requestState(second.id), 'pending');
	});

	test('an assertion for one request does not sign the digests of another', async () => {
		const asked = await requested(key.key), second = await requested(key.key, { digests: [digest('a mortgage')], names: ['mortgage.pdf'] });
		const body = await taken(asked);
		assert.notEqual((await asPage('sign', { ...body, ...codeOf(second.sign_url) })).status, 200);
		assert.equal(requestState(second.id), 'pending');
	});

	test("another key's request is not signed by this key's passkey", async () => {
		const mine = await requested(key.key), theirs = await requested(other.key);
		const body = await taken(mine);
		assert.notEqual((await asPage('sign', { ...body, ...codeOf(theirs.sign_url) })).status, 200);
		const challenged = (await asPage('challenge', codeOf(theirs.sign_url))).json;
		const again = await taken(mine);
		assert.notEqual((await asPage('sign', { ...again, ...codeOf(theirs.sign_url), nonce: challenged.nonce })).status, 200);
		assert.equal(requestState(theirs.id), 'pending');
	});

	test('digests that somebody with the database changes: the table refuses, and mohar-hsmd would', async () => {
		const asked = await requested(key.key);
		assert.throws(() => sql(`UPDATE signer.signing_request SET digests = decode(repeat('41', 64), 'hex') WHERE id = '${asked.id}'`), /answered once/);
		const body = await taken(asked);
		sql(`ALTER TABLE signer.signing_request DISABLE TRIGGER signing_request_is_answered_once;
		     UPDATE signer.signing_request SET digests = decode(repeat('41', 64), 'hex') WHERE id = '${asked.id}';
		     ALTER TABLE signer.signing_request ENABLE TRIGGER signing_request_is_answered_once`);
		const answer = await asPage('sign', body);
		assert.equal(answer.json.code, 'USED', answer.text);
		assert.equal(requestState(asked.id), 'pending');
	});

	test("a key's credential, person and certificate stay what they were, whoever has the database role", async () => {
		for (const change of ["credential_key = '\\x00'", `person = '${randomUUID()}'`, "certificate = 'x'"]) {
			assert.throws(() => sql(`UPDATE signer.signing_key SET ${change} WHERE id = '${key.key}'`), /bound once/);
		}
	});

	test('a request whose time is over is neither challenged nor signed', async () => {
		const asked = await requested(key.key);
		const body = await taken(asked);
		over(asked.id);
		assert.equal((await asPage('challenge', codeOf(asked.sign_url))).json.code, 'EXPIRED');
		assert.equal((await asPage('sign', body)).json.code, 'EXPIRED');
		assert.equal((await asAgency('GET', `/signing/requests/${asked.id}`)).json.state, 'expired');
	});

	test('whoever asks for challenges without end shuts nobody out, and only the newest of them are good', async () => {
		const asked = await requested(key.key);
		const first = await taken(asked);
		for (let i = 0; i < 20; i++) assert.equal((await asPage('challenge', codeOf(asked.sign_url))).status, 200);
		assert.notEqual((await asPage('sign', first)).status, 200);
		assert.equal(requestState(asked.id), 'pending');
		const again = await taken(asked);
		assert.equal((await asPage('sign', again)).status, 200);
	});

	test('agencies: another scope, no key, and requests out of form', async () => {
		const asked = await requested(key.key);
		const decisions = await agencyToken('decisions');
		assert.equal((await asAgency('GET', `/signing/requests/${asked.id}`, undefined, decisions)).status, 403);
		assert.equal((await asAgency('GET', `/signing/requests/${asked.id}`, undefined, 'x.y.z')).status, 401);
		const right = { key: key.key, description: 'One line', algorithm: 'sha-256', digests: [digest('x')] };
		const count = () => sql('SELECT count(*) FROM signer.signing_request');
		const before = count();
		const wrong = [
			{ ...right, key: undefined }, { ...right, person: randomUUID() }, { ...right, key: 'x' }, { ...right, digests: [] }, { ...right, digests: ['AAAA'] },
			{ ...right, digests: Array(101).fill(digest('x')) }, { ...right, algorithm: 'sha-1' }, { ...right, algorithm: 'sha-512' }, { ...right, names: ['a', 'b'] },
			{ ...right, names: ['a\u202eb'] }, { ...right, description: 'two\nlines' }, { ...right, description: '' }, { ...right, expires_in: 0 }, { ...right, more: 1 },
		];
		for (const [i, body] of wrong.entries()) assert.ok([400, 413].includes((await asAgency('POST', '/signing/requests', body)).status), `number ${i}`);
		assert.equal((await asAgency('POST', '/signing/requests', { ...right, key: randomUUID() })).status, 404);
		assert.equal(count(), before);
	});

	test('a request that is sent again under its Idempotency-Key is the same one; another under that key is refused', async () => {
		const bearer = await agencyToken();
		const body = { key: key.key, description: 'Sent twice', algorithm: 'sha-256', digests: [digest('x'), digest('y')], names: ['x.pdf', 'y.pdf'] };
		const send = (idempotency, changed = {}) => asAgency('POST', '/signing/requests', { ...body, ...changed }, bearer, { 'idempotency-key': idempotency });
		const count = () => sql("SELECT count(*) FROM signer.signing_request WHERE description = 'Sent twice'");
		const once = randomUUID();
		const answers = await Promise.all([1, 2, 3, 4].map(() => send(once)));
		for (const answer of answers) assert.equal(answer.status, 201, answer.text);
		assert.equal(new Set(answers.map(({ json }) => json.id)).size, 1);
		assert.equal(count(), '1');
		const again = await send(once);
		/* the newest address works, and so does the first */
		for (const { json } of [answers.find(({ json }) => sql(`SELECT 1 FROM signer.signing_request WHERE code_hash = sha256('${codeOf(json.sign_url).code}')`) === '1'), again])
			assert.equal((await asPage('request', codeOf(json.sign_url))).json.state, 'pending');
		for (const changed of [{ description: 'Other' }, { digests: [digest('y'), digest('x')] }, { names: ['y.pdf', 'x.pdf'] }, { names: undefined }, { key: other.key }, { key: undefined, person: other.person }]) {
			const answer = await send(once, changed);
			assert.equal(answer.status, 409, answer.text);
		}
		const newest = await send(once, { key: undefined, person: key.person });
		assert.equal(newest.json.id, again.json.id);
		assert.equal(count(), '1');
		assert.notEqual((await send(randomUUID())).json.id, again.json.id);
		assert.equal((await asPage('decline', codeOf(newest.json.sign_url))).status, 200);
		const late = await send(once);
		assert.equal(late.json.state, 'declined');
		assert.equal(late.json.sign_url, undefined);
		for (const wrong of ['', 'x'.repeat(129)]) assert.equal((await send(wrong)).status, 400);
	});

	test('without a registrar no key is begun, bound, certified, stopped or let go', async () => {
		const { id } = begun();
		const paths = ['/signing/keys', `/signing/keys/${id}/bind`, `/signing/keys/${id}/certificate`, `/signing/keys/${key.key}/freeze`, `/signing/keys/${key.key}/unfreeze`,
			`/signing/people/${key.person}/show`, `/signing/people/${key.person}/freeze`];
		for (const path of paths) {
			for (const [type, body] of [['application/jose', 'e30.e30.AAAA'], ['application/json', '{}'], ['application/jose', '']]) {
				const status = (await call('POST', `${signer}${path}`, { headers: { 'content-type': type }, body })).status;
				assert.ok([400, 401, 403, 411].includes(status), `${path} ${status}`);
			}
		}
		assert.equal(sql(`SELECT state FROM signer.signing_key WHERE id = '${id}'`), 'begun');
		assert.equal((await call('GET', `${signer}/signing/keys/${id}`)).status, 401);
		assert.equal((await call('GET', `${signer}/signing/keys/${id}`, { headers: { authorization: `Bearer ${randomCode()}` } })).status, 401);
		env.MOHAR_TEST_REGISTRAR = 'operator';
		try {
			assert.equal(registrar('signing-freeze', key.citizen.handle).status, 1);
			assert.equal(registrar('signing-key', key.citizen.handle, '--begin').status, 1);
		} finally {
			delete env.MOHAR_TEST_REGISTRAR;
		}
	});

	test('a key that the citizen has not answered is not bound; an unborn one cannot be asked to sign', async () => {
		const { id, url } = begun();
		assert.equal((await asAgency('POST', '/signing/requests', { key: id, description: 'Early', algorithm: 'sha-256', digests: [digest('x')] })).status, 404);
		const { code } = { code: new URL(url).hash.slice(1) };
		const credential = { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: { clientDataJSON: 'e30', attestationObject: 'oA' }, clientExtensionResults: {} };
		assert.ok([400, 403].includes((await asPage('credential', { code, credential })).status));
		assert.equal(sql(`SELECT state FROM signer.signing_key WHERE id = '${id}'`), 'begun');
	});

	test('mohar citizen freeze stops logins and signing keys alike', async () => {
		const third = await enrolled(person);
		const asked = await requested(third.key);
		const { status, json } = registrar('freeze', third.citizen.handle);
		assert.equal(status, 0, JSON.stringify(json));
		assert.equal(json.signing_keys_frozen, 1);
		assert.equal(json.logins, 'stopped');
		assert.equal((await asPage('challenge', codeOf(asked.sign_url))).json.code, 'REVOKED');
		/* the old row put back is no use: mohar-hsmd remembers */
		sql(`UPDATE signer.signing_key SET frozen_at = NULL WHERE id = '${third.key}'`);
		assert.equal((await asPage('challenge', codeOf(asked.sign_url))).json.code, 'REVOKED');
	});

	test('mohar citizen freeze of somebody who is frozen already still stops the signing keys, and says what it did', async () => {
		sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${other.person}'`);
		const { status, json } = registrar('freeze', other.citizen.handle);
		assert.equal(status, 0, JSON.stringify(json));
		assert.deepEqual([json.handle, json.logins, json.signing_keys_frozen], [other.citizen.handle, 'were stopped already', 1]);
		assert.notEqual(sql(`SELECT frozen_at FROM signer.signing_key WHERE id = '${other.key}'`), '');
		const again = registrar('freeze', other.citizen.handle);
		assert.deepEqual([again.status, again.json.logins, again.json.signing_keys_frozen], [0, 'were stopped already', 0]);
	});

	test('every act here has its event, for the person whom it is about', () => {
		const kinds = sql(`SELECT string_agg(DISTINCT type, ' ' ORDER BY type) FROM signer.event WHERE principal = '${key.person}'`);
		for (const kind of ['signing-key.begun', 'signing-key.answered', 'signing-key.born', 'signing-key.certified', 'signature.asked', 'signature.made']) assert.ok(kinds.includes(kind), kinds);
		assert.equal(sql(`SELECT count(*) FROM signer.event e WHERE e.type = 'signature.made' AND NOT EXISTS (SELECT FROM signer.signing_request r WHERE r.event = e.id)`), '0');
	});
});
