// What ACME must refuse, and how it says so: replays, forgeries, other people's accounts, orders and certificates, requests for what was not ordered. Own client (house.mjs), the demo's
// mohar-cad; test_challenges.mjs has the challenges.
// timeout: 240
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Client, absent, binding, bound, call, csr, der, directory, eab, jwkOf, jws, newKey, place, sql, webServer } from './house.mjs';

const skip = absent;
const refused = (answer, error, status) => {
	assert.equal(answer.error, error, answer.text);
	if (status) assert.equal(answer.status, status, answer.text);
	assert.equal(answer.headers['content-type'], 'application/problem+json');
	assert.ok(answer.headers['replay-nonce'], 'a refusal brings a fresh nonce');
	return answer;
};

describe('requests', { skip }, () => {
	let client, order;
	before(async () => {
		client = await Client.bound('land.test');
		order = (await client.places()).newOrder;
	});
	const ask = { identifiers: [{ type: 'dns', value: 'www.land.test' }] };

	test('a nonce is good once; the refusal brings a fresh one', async () => {
		const nonce = await client.nonce();
		assert.equal((await client.post(order, ask, { nonce })).status, 201);
		const again = refused(await client.post(order, ask, { nonce }), 'badNonce', 400);
		assert.equal((await client.post(order, ask, { nonce: again.headers['replay-nonce'] })).status, 201);
	});

	test('of ten at once with one nonce, exactly one is served', async () => {
		const nonce = await client.nonce();
		const answers = await Promise.all(Array.from({ length: 10 }, () => client.post(order, ask, { nonce })));
		assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
		for (const answer of answers.filter((one) => one.status !== 201)) refused(answer, 'badNonce');
	});

	test('a nonce that nobody gave out is none', async () => {
		refused(await client.post(order, ask, { nonce: Buffer.alloc(32, 1).toString('base64url') }), 'badNonce');
		refused(await client.post(order, ask, { nonce: 'x' }), 'badNonce');
		refused(await client.post(order, ask, { header: { nonce: undefined } }), 'badNonce');
	});

	test('a request signed for another address', async () => {
		refused(await client.post(order, ask, { header: { url: `${order}/` } }), 'unauthorized');
		refused(await client.post(order, ask, { header: { url: order.replace('localhost', 'elsewhere') } }), 'unauthorized');
		refused(await client.post(order, ask, { header: { url: undefined } }), 'malformed');
	});

	test('algorithms that are not taken are named, and so are those that are', async () => {
		for (const alg of ['none', 'HS256', 'PS256', 'ES384']) {
			const answer = refused(await client.post(order, ask, { header: { alg } }), 'badSignatureAlgorithm', 400);
			assert.deepEqual(answer.json.algorithms, ['ES256', 'ES384', 'EdDSA', 'RS256']);
		}
	});

	test('a signature of another key, over other bytes, or none', async () => {
		refused(await client.post(order, ask, { key: newKey(), by: { kid: client.kid } }), 'unauthorized');
		refused(await client.post(order, ask, { change: (body) => ({ ...body, payload: Buffer.from('{}').toString('base64url') }) }), 'unauthorized');
		refused(await client.post(order, ask, { change: (body) => ({ ...body, signature: '' }) }), 'unauthorized');
	});

	test('both kid and jwk, neither, or the wrong one', async () => {
		refused(await client.post(order, ask, { header: { jwk: jwkOf(client.key) } }), 'malformed');
		refused(await client.post(order, ask, { by: {} }), 'malformed');
		refused(await client.post(order, ask, { by: { jwk: jwkOf(client.key) } }), 'malformed');
		refused(await client.post((await client.places()).newAccount, {}, { by: { kid: client.kid } }), 'malformed');
		refused(await client.post(order, ask, { by: { kid: client.kid.replace(/.$/, (c) => (c === '0' ? '1' : '0')) } }), 'accountDoesNotExist');
		refused(await client.post(order, ask, { by: { kid: 'https://localhost/acme/account/1' } }), 'accountDoesNotExist');
	});

	test('what is no flattened JWS', async () => {
		refused(await client.post(order, ask, { change: (body) => ({ ...body, header: {} }) }), 'malformed');
		refused(await client.post(order, ask, { change: (body) => ({ ...body, signatures: [] }) }), 'malformed');
		refused(await client.post(order, ask, { change: (body) => `${JSON.stringify(body)}x` }), 'malformed');
		refused(await client.post(order, ask, { change: (body) => JSON.stringify(body).replace('{', '{"payload":"e30",') }), 'malformed');
		refused(await client.post(order, ask, { change: (body) => ({ ...body, protected: `${body.protected}=` }) }), 'malformed');
		refused(await client.post(order, ask, { header: { crit: ['exp'], exp: 1 } }), 'malformed');
		refused(await client.post(order, ask, { header: { jku: 'https://localhost/' } }), 'malformed');
		refused(await client.post(order, ask, { type: 'application/json' }), 'malformed', 415);
		assert.equal((await client.post(order, ask, { change: () => 'x'.repeat(70000) })).status, 413);
		assert.equal((await call('GET', order)).status, 405);
	});

	test('keys of every kind that is taken have accounts; weak ones have none', async () => {
		for (const kind of ['P-256', 'P-384', 'Ed25519', 'RSA']) {
			const one = await Client.bound('land.test', newKey(kind));
			assert.equal((await one.order('k.land.test')).status, 201);
		}
		const weak = new Client(newKey());
		const { newAccount } = await weak.places();
		const bad = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) };
		refused(await weak.post(newAccount, {}, { by: { jwk: bad } }), 'badPublicKey');
		refused(await weak.post(newAccount, {}, { by: { jwk: { kty: 'oct', k: 'AAAA' } } }), 'badPublicKey');
	});
});

describe('accounts', { skip }, () => {
	test('none without a binding key; none with a forged, foreign, used up, revoked or expired one', async () => {
		const client = new Client();
		const { newAccount } = await client.places();
		const made = bound('land.test');
		const asks = (externalAccountBinding) => client.post(newAccount, { externalAccountBinding }, { by: { jwk: jwkOf(client.key) } });
		assert.equal((await call('GET', directory)).json.meta.externalAccountRequired, true);
		refused(await client.register(null), 'externalAccountRequired', 403);
		refused(await asks(binding({ ...made, hmac: Buffer.alloc(32).toString('base64url') }, newAccount, client.key)), 'unauthorized');
		refused(await asks(binding({ ...made, kid: 'AAAAAAAAAAAAAAAAAAAAAA' }, newAccount, client.key)), 'unauthorized');
		refused(await asks(binding(made, newAccount, newKey())), 'malformed');
		refused(await asks(binding(made, `${newAccount}x`, client.key)), 'malformed');
		refused(await asks(binding(made, newAccount, client.key, { header: { nonce: 'x' } })), 'malformed');
		refused(await asks(jws(client.key, { kid: made.kid, url: newAccount }, jwkOf(client.key))), 'badSignatureAlgorithm');
		assert.equal((await asks(binding(made, newAccount, client.key, { alg: 'HS512' }))).status, 201);

		refused(await new Client().register(made), 'unauthorized');
		assert.equal(sql(`SELECT accounts, mac_key IS NULL FROM ca.acme_binding WHERE kid = '${made.kid}'`), '0|t');
		const revoked = bound('land.test');
		eab('revoke', revoked.kid);
		assert.match(refused(await new Client().register(revoked), 'unauthorized').json.detail, /revoked/);
		const expired = bound('land.test');
		sql(`UPDATE ca.acme_binding SET expires = now() - interval '1 second' WHERE kid = '${expired.kid}'`);
		assert.match(refused(await new Client().register(expired), 'unauthorized').json.detail, /expired/);
	});

	test('one binding key, ten at once: one account', async () => {
		const made = bound('land.test');
		const answers = await Promise.all(Array.from({ length: 10 }, () => new Client().register(made)));
		assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
	});

	test('the same key again is the same account; an unknown one is told so', async () => {
		const client = await Client.bound('land.test');
		const again = await client.post((await client.places()).newAccount, { onlyReturnExisting: true }, { by: { jwk: jwkOf(client.key) } });
		assert.equal(again.status, 200);
		assert.equal(again.headers.location, client.kid);
		const other = new Client();
		refused(await other.register(null, { onlyReturnExisting: true }), 'accountDoesNotExist', 400);
	});

	test('contacts that nobody can be written to', async () => {
		const client = await Client.bound('land.test');
		refused(await client.post(client.kid, { contact: ['tel:+97512345'] }), 'unsupportedContact');
		refused(await client.post(client.kid, { contact: ['mailto:a@b,c@d'] }), 'invalidContact');
		refused(await client.post(client.kid, { contact: ['mailto:a@b?bcc=c@d'] }), 'invalidContact');
		const changed = await client.post(client.kid, { contact: ['mailto:other@land.test'] });
		assert.deepEqual(changed.json.contact, ['mailto:other@land.test']);
	});

	test('a key changes once both have signed; not into another account\'s', async () => {
		const client = await Client.bound('land.test'), other = await Client.bound('land.test');
		const { keyChange } = await client.places();
		const change = (pair, { payload = { account: client.kid, oldKey: jwkOf(client.key) }, by = { jwk: jwkOf(pair) }, url = keyChange } = {}) =>
			client.post(keyChange, jws(pair, { ...by, url }, payload));
		const next = newKey('P-384');
		assert.equal(refused(await change(other.key), 'malformed', 409).headers.location, other.kid);
		refused(await change(next, { payload: { account: other.kid, oldKey: jwkOf(client.key) } }), 'malformed');
		refused(await change(next, { payload: { account: client.kid, oldKey: jwkOf(other.key) } }), 'malformed');
		refused(await change(next, { url: `${keyChange}x` }), 'malformed');
		refused(await change(next, { by: { jwk: jwkOf(newKey('P-384')) } }), 'unauthorized');
		assert.equal((await change(next)).status, 200);
		refused(await client.get(client.kid), 'badSignatureAlgorithm');
		client.key = next;
		assert.equal((await client.get(client.kid)).status, 200);
	});

	test('a deactivated account does nothing, and its key makes no other', async () => {
		const client = await Client.bound('land.test');
		const order = await client.order('gone.land.test');
		assert.equal((await client.post(client.kid, { status: 'deactivated' })).json.status, 'deactivated');
		refused(await client.get(client.kid), 'unauthorized');
		refused(await client.get(order.headers.location), 'unauthorized');
		refused(await client.register(bound('land.test')), 'unauthorized');
	});

	test('with its binding key revoked, an account orders nothing more', async () => {
		const made = bound('land.test'), client = new Client();
		await client.register(made);
		assert.equal((await client.order('www.land.test')).status, 201);
		eab('revoke', made.kid);
		refused(await client.order('www.land.test'), 'unauthorized');
	});

	test('orders are listed for their own account only', async () => {
		const client = await Client.bound('land.test'), other = await Client.bound('land.test');
		const order = await client.order('list.land.test');
		const { orders } = (await client.get(client.kid)).json;
		assert.deepEqual((await client.get(orders)).json.orders, [order.headers.location]);
		refused(await other.get(orders), 'unauthorized');
		refused(await other.get(client.kid), 'unauthorized');
	});
});

describe('orders', { skip }, () => {
	let web, client, other;
	before(async () => {
		web = await webServer();
		client = await Client.bound('land.test');
		other = await Client.bound('land.test,tax.test');
	});
	after(() => web?.close());

	test('names that are not the agency\'s, or no names', async () => {
		for (const name of ['www.tax.test', 'xland.test', 'land.test.evil.test', '10.0.0.1']) refused(await client.order(name), 'rejectedIdentifier', 403);
		for (const name of ['a_b.land.test', '-a.land.test', 'land.test.', '*.*.land.test', 'a*.land.test', 'a b.land.test']) refused(await client.order(name), 'rejectedIdentifier');
		assert.match(refused(await client.order('*.land.test'), 'rejectedIdentifier').json.detail, /profile does not allow \(wildcards\)/);
		const { newOrder } = await client.places();
		refused(await client.post(newOrder, { identifiers: [] }), 'malformed');
		refused(await client.post(newOrder, { identifiers: [{ type: 'email', value: 'a@land.test' }] }), 'unsupportedIdentifier');
		refused(await client.post(newOrder, { identifiers: [{ type: 'dns', value: 'a.land.test' }], notAfter: '2030-01-01T00:00:00Z' }), 'malformed');
	});

	test("another account's order, authorization, challenge and certificate are not there", async () => {
		const order = await client.order('mine.land.test');
		const [challenge] = await client.challenges(order, 'http-01');
		const certificate = await client.certified(web, 'cert.land.test');
		for (const url of [order.headers.location, order.json.authorizations[0], challenge.url, certificate.url]) {
			assert.equal((await client.get(url)).status, 200);
			refused(await other.get(url), 'malformed', 404);
		}
		refused(await other.post(challenge.url, {}), 'malformed', 404);
		refused(await other.post(order.json.authorizations[0], { status: 'deactivated' }), 'malformed', 404);
		refused(await other.post(order.json.finalize, { csr: csr({ names: ['mine.land.test'] }).csr }), 'malformed', 404);
	});

	test('what is not ready is not finalized', async () => {
		const order = await client.order('early.land.test');
		refused(await client.post(order.json.finalize, { csr: csr({ names: ['early.land.test'] }).csr }), 'orderNotReady', 403);
	});

	test('the request must ask for just what was ordered, by a key of its own', async () => {
		const order = await client.ready(web, 'one.land.test', 'two.land.test');
		const names = ['one.land.test', 'two.land.test'];
		const finalize = (request) => client.post(order.finalize, { csr: request.csr });
		const bad = [csr({ names: ['one.land.test'] }), csr({ names: [...names, 'three.land.test'] }), csr({ names: ['one.land.test', 'www.tax.test'] }),
			csr({ names, cn: 'three.land.test' }), csr({ names: ['*.land.test', ...names] }), csr({ names: [...names, '127.0.0.1'] }), csr({}), csr({ names, bits: 1024 }),
			{ csr: 'AAAA' }, { csr: `${csr({ names }).csr.slice(0, -8)}AAAAAAAA` }];
		for (const request of bad) refused(await finalize(request), 'badCSR', 400);
		const own = place('account.pem');
		writeFileSync(own, client.key.privateKey.export({ format: 'pem', type: 'sec1' }));
		refused(await finalize(csr({ names, key: own })), 'badCSR');
		const foreign = await other.certified(web, 'a.tax.test');
		refused(await finalize(csr({ names, key: foreign.key })), 'badCSR');
		const answer = await finalize(csr({ names }));
		assert.equal(answer.json.status, 'valid', answer.text);
		const x = new X509Certificate((await client.get(answer.json.certificate)).text);
		assert.deepEqual(x.subjectAltName.split(', ').sort(), names.map((name) => `DNS:${name}`));
	});

	test('finalized by ten at once, there is one certificate', async () => {
		const name = `race-${Date.now()}.land.test`;
		const order = await client.ready(web, name);
		const request = csr({ names: [name] });
		const answers = await Promise.all(Array.from({ length: 10 }, () => client.post(order.finalize, { csr: request.csr })));
		assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
		for (const answer of answers.filter((one) => one.status !== 200)) refused(answer, 'orderNotReady');
		assert.equal(sql(`SELECT count(*) FROM ca.certificate WHERE subject = 'CN=${name}'`), '1');
	});

	test('an order that an instance died over is ready again, or has its certificate', async () => {
		const before = await client.ready(web, 'died.land.test'), behind = await client.certified(web, 'issued.land.test');
		const dies = (url) => sql(`UPDATE ca.acme_order SET status = 'processing', serial = NULL, processing_at = now() - interval '1 hour' WHERE id = '${url.split('/').pop()}'`);
		dies(before.url);
		dies(behind.order.url);
		assert.equal((await client.get(before.url)).json.status, 'processing');
		refused(await client.post(before.finalize, { csr: csr({ names: ['died.land.test'] }).csr }), 'orderNotReady');
		assert.equal((await client.until(behind.order.url, (it) => it.status !== 'processing')).certificate, behind.url);
		assert.equal((await client.until(before.url, (it) => it.status !== 'processing')).status, 'ready');
		assert.equal((await client.post(before.finalize, { csr: csr({ names: ['died.land.test'] }).csr })).json.status, 'valid');
	});

	test('who orders or fails too often waits', async () => {
		const busy = await Client.bound('land.test');
		const id = busy.kid.split('/').pop();
		const order = await busy.order('slow.land.test');
		const [challenge] = await busy.challenges(order, 'http-01');
		sql(`INSERT INTO ca.acme_order (id, account, names, status, created_at, expires) SELECT gen_random_uuid(), '${id}', '{dns:x.land.test}', 'pending', now(), now() + interval '1 day' FROM generate_series(1, 299)`);
		const waits = refused(await busy.order('slow.land.test'), 'rateLimited', 429);
		assert.ok(Number(waits.headers['retry-after']) > 0);
		sql(`INSERT INTO ca.acme_challenge (id, authorization_id, type, token, status, validated_at) SELECT gen_random_uuid(), '${order.json.authorizations[0].split('/').pop()}', 'http-01', 'x', 'invalid', now() FROM generate_series(1, 60)`);
		refused(await busy.post(challenge.url, {}), 'rateLimited', 429);
		assert.equal((await client.order('slow.land.test')).status, 201);
	});

	test('a challenge whose worker died is looked at by another', async () => {
		const order = await client.order('lease.land.test');
		const [challenge] = await client.challenges(order, 'http-01');
		web.files.set(challenge.token, client.keyAuthorization(challenge.token));
		sql(`UPDATE ca.acme_challenge SET status = 'processing', due_at = now(), leased_until = now() + interval '4 s' WHERE id = '${challenge.url.split('/').pop()}'`);
		assert.equal((await client.get(challenge.url)).json.status, 'processing');
		assert.equal((await client.until(challenge.url, (it) => it.status !== 'processing')).status, 'valid');
	});

	test('a certificate is renewed in its window, and replaced once', async () => {
		const made = await client.certified(web, 'renew.land.test');
		const x = new X509Certificate(made.pem);
		const { renewalInfo, newOrder } = await client.places();
		const aki = sql(`SELECT encode(substring(der from position('\\x551d23'::bytea in der) + 9 for 20), 'hex') FROM ca.certificate WHERE serial = '\\x${x.serialNumber.toLowerCase()}'`);
		const id = `${Buffer.from(aki, 'hex').toString('base64url')}.${Buffer.from(x.serialNumber, 'hex').toString('base64url')}`;
		const info = await call('GET', `${renewalInfo}/${id}`);
		assert.equal(info.status, 200, info.text);
		assert.ok(Number(info.headers['retry-after']) > 0);
		const { start, end } = info.json.suggestedWindow;
		assert.ok(new Date(start) > new Date(x.validFrom) && new Date(start) < new Date(end) && new Date(end) < new Date(x.validTo));
		for (const wrong of ['x', 'AAAA.AAAA', `${Buffer.alloc(20).toString('base64url')}.${id.split('.')[1]}`]) assert.ok((await call('GET', `${renewalInfo}/${wrong}`)).status >= 400);
		const replace = (by) => by.post(newOrder, { identifiers: [{ type: 'dns', value: 'renew.land.test' }], replaces: id });
		refused(await replace(other), 'unauthorized');
		assert.equal((await replace(client)).status, 201);
		refused(await replace(client), 'alreadyReplaced', 409);
		await client.post((await client.places()).revokeCert, { certificate: der(made.pem) });
		assert.ok(new Date((await call('GET', `${renewalInfo}/${id}`)).json.suggestedWindow.end) < new Date());
	});
});

describe('revocation', { skip }, () => {
	let web, client, revokeCert;
	before(async () => {
		web = await webServer();
		client = await Client.bound('land.test');
		({ revokeCert } = await client.places());
	});
	after(() => web?.close());

	test('by the account that ordered; not by another; not twice; not for any reason', async () => {
		const { pem } = await client.certified(web, 'r1.land.test');
		const other = await Client.bound('land.test');
		refused(await other.post(revokeCert, { certificate: der(pem) }), 'unauthorized');
		refused(await client.post(revokeCert, { certificate: der(pem), reason: 6 }), 'badRevocationReason');
		refused(await client.post(revokeCert, { certificate: der(pem), reason: 2 }), 'badRevocationReason');
		refused(await client.post(revokeCert, { certificate: 'AAAA' }), 'malformed');
		refused(await client.post(revokeCert, { certificate: der(readFileSync(process.env.MOHAR_ROOT_CA, 'utf8')) }), 'malformed', 404);
		assert.equal((await client.post(revokeCert, { certificate: der(pem), reason: 4 })).status, 200);
		refused(await client.post(revokeCert, { certificate: der(pem) }), 'alreadyRevoked', 400);
	});

	test('by the certificate\'s own key, and by no other without an account', async () => {
		const { pem, key } = await client.certified(web, 'r2.land.test');
		const privateKey = createPrivateKey(readFileSync(key));
		const pair = { privateKey, publicKey: createPublicKey(privateKey) };
		refused(await new Client(newKey()).post(revokeCert, { certificate: der(pem) }), 'unauthorized');
		assert.equal((await new Client(pair).post(revokeCert, { certificate: der(pem), reason: 1 })).status, 200);
	});

	test('by whoever is authorized for all its names', async () => {
		const { pem } = await client.certified(web, 'r3.land.test', 'r4.land.test');
		const holder = await Client.bound('land.test');
		await holder.ready(web, 'r3.land.test');
		refused(await holder.post(revokeCert, { certificate: der(pem) }), 'unauthorized');
		const second = await holder.ready(web, 'r4.land.test');
		const [authorization] = second.authorizations;
		assert.equal((await holder.post(authorization, { status: 'deactivated' })).json.status, 'deactivated');
		refused(await holder.post(revokeCert, { certificate: der(pem) }), 'unauthorized');
		await holder.ready(web, 'r4.land.test');
		assert.equal((await holder.post(revokeCert, { certificate: der(pem) })).status, 200);
	});
});
