// What an agency's system, or somebody with its token or another's, must not achieve at mohar-signerd. timeout: 120
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { before, describe, test } from 'node:test';
import { absent, agency, assertion, code, exchange, post, session, sql } from '../idp/client.mjs';

const env = process.env;
const signer = env.MOHAR_SIGNER_URL;

function call(method, path, token, body, headers = {}) {
	return new Promise((resolve, reject) => {
		const sent = request(new URL(path, signer), {
			method, ca: readFileSync(env.MOHAR_TLS_CA), headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': 'application/json', ...headers },
		}, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part)).on('end', () => {
				const text = Buffer.concat(parts).toString();
				resolve({ status: answer.statusCode, text, json: text.startsWith('{') ? JSON.parse(text) : null });
			});
		});
		sent.on('error', reject);
		sent.end(body);
	});
}

const transfer = (changed = {}) => ({
	type: 'land-transfer', sub: randomBytes(32).toString('base64url'), outcome: 'rejected', reasons: ['The plan is missing'],
	facts: { parcel: 'K-12/7', area_square_metres: 450, role: 'transferor', instrument: 'sale' }, ...changed,
});
const count = () => Number(sql('SELECT count(*) FROM signer.decision'));

describe('decisions', { skip: absent }, () => {
	let token;
	before(async () => {
		token = (await post('/token', { grant_type: 'client_credentials', ...(await assertion(agency)) })).json.access_token;
		assert.ok(token);
	});
	const propose = (body, key) => call('POST', '/decisions', token, JSON.stringify(body), key ? { 'idempotency-key': key } : {});

	test('a key used for one decision is not an answer for another', async () => {
		const key = randomBytes(9).toString('hex');
		const first = transfer();
		const proposed = await propose(first, key);
		assert.equal(proposed.status, 202, proposed.text);
		const others = [
			{ ...first, sub: 'somebody-else' }, { ...first, outcome: 'approved' }, { ...first, reasons: ['Another'] }, { ...first, facts: { ...first.facts, parcel: 'K-12/8' } },
		];
		for (const other of others) {
			const answer = await propose(other, key);
			assert.equal(answer.status, 409, answer.text);
		}
		const again = await propose(first, key);
		assert.equal(again.status, 202);
		assert.equal(again.json.id, proposed.json.id);
	});

	test('reasons, facts and subjects that read otherwise than they are', async () => {
		const before = count();
		for (const trick of ['\u202edevorppa', 'a\u2066b', 'a\u001b[2J', 'a\nApproved', 'a\u2028b', 'a\u009b2J', 'a\u007f']) {
			for (const body of [transfer({ reasons: [trick] }), transfer({ sub: trick }), transfer({ facts: { ...transfer().facts, parcel: trick } })]) {
				const answer = await propose(body);
				assert.equal(answer.status, 400, answer.text);
			}
		}
		assert.equal(count(), before);
	});

	test('a subject or reason with markup is text on the page that shows it', async () => {
		const answer = await propose(transfer({ sub: '<script>alert(1)</script>', reasons: ['"><img src=x onerror=alert(1)>'] }));
		assert.equal(answer.status, 202, answer.text);
		const page = await call('GET', `/confirm/${answer.json.id}`, null, undefined, { accept: 'text/html' });
		assert.equal(page.status, 303); // a stranger sees nothing but the way to log in
		assert.ok(!page.text.includes('alert(1)'));
	});

	test("another agency's type, its decisions, and their revocation", async () => {
		const theirs = sql("SELECT id FROM signer.decision WHERE agency = 'complaints' LIMIT 1");
		assert.equal((await propose({ ...transfer(), type: 'complaint-receipt', outcome: 'received', facts: { reference: 'A-1', category: 'water' } })).status, 403);
		assert.equal((await call('GET', `/decisions/${theirs}`, token)).status, 404);
		assert.equal((await call('POST', `/decisions/${theirs}/revoke`, token, '{"reason":"x"}')).status, 404);
		assert.ok(!(await call('GET', '/decisions', token)).text.includes(theirs));
		assert.equal(sql(`SELECT state FROM signer.decision WHERE id = '${theirs}'`) === '', false);
	});

	test("an ID token, a person's access token, and the token of another audience are no agency's", async () => {
		const tokens = (await exchange(await code(session(2)))).json;
		for (const other of [tokens.id_token, tokens.access_token, tokens.refresh_token, `${token.slice(0, -4)}AAAA`, '', 'x.y.z'])
			assert.equal((await call('GET', '/decisions', other)).status, 401);
	});

	test('JSON that is too deep, repeated, or too large', async () => {
		const before = count();
		const bodies = [
			'['.repeat(10000), `{"type":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, '{"type":"land-transfer","type":"complaint-receipt"}',
			JSON.stringify({ ...transfer(), extra: 1 }), JSON.stringify(transfer()).slice(0, -1), '',
		];
		for (const body of bodies) assert.ok([400, 413].includes((await call('POST', '/decisions', token, body)).status), body.slice(0, 40));
		assert.equal((await call('POST', '/decisions', token, 'x'.repeat(40000))).status, 413);
		assert.equal(count(), before);
	});
});
