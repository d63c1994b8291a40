// An officer who refuses to confirm: the agency learns why, the decision is never sealed, and nobody else refuses in the officer's place.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { absent, agency, assertion, call, post, sql } from '../idp/client.mjs';

const signer = process.env.MOHAR_SIGNER_URL;

describe('refusals', { skip: absent }, () => {
	let bearer, officer, form;
	before(async () => {
		bearer = { authorization: `Bearer ${(await post('/token', { grant_type: 'client_credentials', ...(await assertion(agency)) })).json.access_token}`, 'content-type': 'application/json' };
		[officer, form] = session('land-registrar');
	});
	// An officer who logged in a moment ago: cookie and the form's token.
	function session(office, level = 3) {
		const made = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
		sql(`INSERT INTO signer.officer_session (id, actor, principal, sector, channel, level, offices, form, auth_time, expires)
		     VALUES (sha256('${made[0]}'), 'test-officer', 'test-officer', 'signer', 'web', ${level},
		     '[{"title": "An Office", "agency": "land", "office": "${office}"}]', '${made[1]}', now(), now() + interval '1 hour')`);
		return made;
	}
	async function proposed(key = randomUUID()) {
		const body = JSON.stringify({ type: 'land-transfer', sub: `subject-${key}`, outcome: 'approved', facts: { parcel: 'T-1/42', area_square_metres: 400, role: 'transferee', instrument: 'sale' } });
		return call('POST', `${signer}/decisions`, { headers: { ...bearer, 'idempotency-key': key }, body });
	}
	const submit = (path, fields, { cookie = officer, origin = signer } = {}) => call('POST', `${signer}/${path}`, {
		headers: { origin, cookie: `__Host-officer=${cookie}`, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString(),
	});
	const state = (id) => sql(`SELECT state FROM signer.decision WHERE id = '${id}'`);

	test('the agency sees it and the reason, and it is final', async () => {
		const key = randomUUID();
		const { id } = (await proposed(key)).json;
		const reason = 'The plan is missing, ས་ཁྲ་མེད།';
		assert.equal((await submit(`refuse/${id}`, { form, reason })).status, 303);
		const seen = (await call('GET', `${signer}/decisions/${id}`, { headers: bearer })).json;
		assert.deepEqual([seen.state, seen.refusal, seen.confirm_url, seen.decision], ['refused', reason, undefined, undefined]);
		assert.match(seen.refused_at, /^\d{4}-/);
		assert.ok((await call('GET', `${signer}/decisions?state=refused`, { headers: bearer })).text.includes(id));
		assert.equal(sql(`SELECT e.type || ' ' || (convert_from(e.private, 'UTF8')::json->>'reason') FROM signer.event e JOIN signer.decision d ON d.event = e.id WHERE d.id = '${id}'`), `decision.refused ${reason}`);
		assert.equal((await submit(`confirm/${id}`, { form })).status, 400); // not sealed afterwards
		assert.equal((await submit(`refuse/${id}`, { form, reason: 'again' })).status, 400);
		assert.equal((await call('POST', `${signer}/decisions/${id}/revoke`, { headers: bearer, body: '{"reason":"x"}' })).status, 403);
		assert.throws(() => sql(`UPDATE signer.decision SET state = 'pending', event = NULL, refused_at = NULL, refusal = NULL WHERE id = '${id}'`), /does not change/);
		const again = await proposed(key);
		assert.deepEqual([again.status, again.json.id, again.json.state], [200, id, 'refused']);
		const page = await call('GET', `${signer}/confirm/${id}`, { headers: { cookie: `__Host-officer=${officer}`, accept: 'text/html' } });
		assert.ok(page.text.includes(reason) && !page.text.includes('<form class="stack"'));
	});

	test('what is sealed is not refused any more', async () => {
		const { id } = (await proposed()).json;
		assert.equal((await submit(`confirm/${id}`, { form })).status, 303);
		assert.equal((await submit(`refuse/${id}`, { form, reason: 'too late' })).status, 400);
		assert.equal(state(id), 'sealed');
	});

	test('of sealing and refusing at once one happens', async () => {
		for (let i = 0; i < 8; i++) {
			const { id } = (await proposed()).json;
			const answers = await Promise.all([submit(`confirm/${id}`, { form }), submit(`refuse/${id}`, { form, reason: 'at once' })]);
			assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 400]);
			assert.equal(sql(`SELECT count(*) FROM signer.event e JOIN signer.decision d ON d.event = e.id WHERE d.id = '${id}'`), '1');
		}
	});

	test('no refusal without a reason in one line, without the office, from another site, or without the form', async () => {
		const { id } = (await proposed()).json;
		for (const reason of ['', 'two\nlines', 'x'.repeat(1001), 'a\u202eb']) assert.equal((await submit(`refuse/${id}`, { form, reason })).status, 400, reason);
		assert.equal((await submit(`refuse/${id}`, { form })).status, 400);
		const reason = 'No';
		const [clerk, clerks] = session('clerk'), [low, lows] = session('land-registrar', 2);
		assert.equal((await submit(`refuse/${id}`, { form: clerks, reason }, { cookie: clerk })).status, 403);
		assert.equal((await submit(`refuse/${id}`, { form: lows, reason }, { cookie: low })).status, 403);
		assert.equal((await submit(`refuse/${id}`, { form, reason }, { origin: 'https://elsewhere.example' })).status, 403);
		assert.equal((await submit(`refuse/${id}`, { form: clerks, reason })).status, 403);
		assert.equal((await submit(`refuse/${id}`, { form, reason }, { cookie: 'nobody' })).status, 401);
		assert.equal(state(id), 'pending');
	});
});
