// The operators' console: who is let in and who is not, that an office that has ended opens nothing a moment later, that forms are this session's, and that what wants a card is not to be had here.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { absent, Browser, call, console_, Holder, inside, mohar, sql, waiting } from './house.mjs';

const origin = new URL(console_ ?? 'https://localhost').origin;
const sessions = () => Number(sql('SELECT count(*) FROM ca.console_session'));

describe('the way in', { skip: absent }, () => {
	test('nobody sees a page without logging in, nor learns whether it is there', async () => {
		for (const path of ['/console', '/console/certificates', '/console/certificates/00', '/console/requests/nothing', '/console/bulk', '/console/bulk/nothing', '/console/health']) {
			const answer = await new Browser().get(path);
			assert.equal(answer.status, 303, path);
			assert.match(answer.headers.location, /\/authorize\?.*acr_values=urn%3Amohar%3Aloa%3A3/, path);
		}
	});

	for (const office of ['ca-operator', 'registrar'])
		test(`the office ${office} of agency ca opens it, at the page that was asked for`, async () => {
			const browser = new Browser();
			const answer = await browser.enter(new Holder(office), '/console/certificates?q=CN%3DTest');
			assert.equal(answer.status, 303);
			assert.equal(answer.headers.location, `${origin}/console/certificates?q=CN%3DTest`);
			const page = await browser.get('/console');
			assert.equal(page.status, 200);
			assert.match(page.text, new RegExp(`Test ${office}`));
			assert.match(page.headers['content-security-policy'], /default-src 'none'/);
			assert.doesNotMatch(page.headers['content-security-policy'], /script-src/);
			assert.doesNotMatch(page.text, /<script/);
		});

	test('a citizen is refused, and so is an officer of another agency; neither has a session', async () => {
		const other = new Holder();
		other.appointed('ca-operator', 'land');
		for (const person of [new Holder(), other]) {
			const before = sessions();
			const browser = new Browser();
			const answer = await browser.enter(person);
			assert.equal(answer.status, 403);
			assert.match(answer.text, /not permitted/);
			assert.equal(sessions(), before);
			assert.equal((await browser.get('/console')).status, 303);
		}
	});

	test('a login at level 2 is refused, though the browser asked the identity provider for no more', async () => {
		const browser = new Browser();
		const person = new Holder('ca-operator');
		const before = sessions();
		const back = await browser.sent(person.session(2), '/console', (asked) => asked.delete('acr_values'));
		assert.match(back, /\/console\/cb\?.*code=/, 'the identity provider answers at level 2');
		const answer = await browser.send('GET', back);
		assert.equal(answer.status, 403);
		assert.match(answer.text, /level 3/);
		assert.equal(sessions(), before);
	});

	test('the way back works once, and in the browser that went away', async () => {
		const browser = new Browser();
		const person = new Holder('ca-operator');
		const back = await browser.sent(person.session());
		assert.equal((await new Browser().send('GET', back)).status, 401);
		assert.equal((await browser.send('GET', back)).status, 303);
		assert.equal((await browser.send('GET', back)).status, 401);
	});

	test('a code of another login is refused', async () => {
		const [mine, theirs] = [new Browser(), new Browser()];
		const theirBack = new URL(await theirs.sent(new Holder('ca-operator').session()));
		const myBack = new URL(await mine.sent(new Holder('ca-operator').session()));
		myBack.searchParams.set('code', theirBack.searchParams.get('code'));
		assert.equal((await mine.send('GET', myBack)).status, 401);
	});

	test('an issuer of another name is not believed', async () => {
		const browser = new Browser();
		const back = new URL(await browser.sent(new Holder('ca-operator').session()));
		back.searchParams.set('iss', 'https://evil.example');
		assert.equal((await browser.send('GET', back)).status, 401);
	});
});

describe('a session', { skip: absent }, () => {
	test('is nothing without its token, and a token is nothing at another session', async () => {
		const [a, b] = [await inside(new Holder('ca-operator')), await inside(new Holder('registrar'))];
		const mixed = new Browser();
		mixed.cookies.set('__Host-console', a.cookies.get('__Host-console'));
		assert.equal((await mixed.get('/console')).status, 303);
		mixed.cookies.set('__Host-console-token', b.cookies.get('__Host-console-token'));
		assert.equal((await mixed.get('/console')).status, 303);
		assert.equal((await a.get('/console')).status, 200);
	});

	test('whose office has ended sees no page any more, from that moment on', async () => {
		const person = new Holder('ca-operator');
		const browser = await inside(person);
		const form = await browser.form();
		assert.equal((await browser.get('/console/health')).status, 200);
		person.dismissed();
		for (const path of ['/console', '/console/certificates', '/console/health']) assert.equal((await browser.get(path)).status, 403, path);
		assert.equal((await browser.post('/console/leave', { form })).status, 403);
	});

	test('whose person was stopped is over', async () => {
		const person = new Holder('ca-operator');
		const browser = await inside(person);
		sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${person.id}'`);
		assert.equal((await browser.get('/console')).status, 303);
		assert.equal((await browser.post('/console/leave', {})).status, 401);
	});

	test('ends when it is left, at the identity provider too', async () => {
		const browser = await inside(new Holder('ca-operator'));
		const kept = new Map(browser.cookies);
		const answer = await browser.post('/console/leave', { form: await browser.form() });
		assert.equal(answer.status, 303);
		assert.match(answer.headers.location, /\/end_session$/);
		browser.cookies = kept;
		assert.equal((await browser.get('/console')).status, 303);
	});

	test('stands in the database as hashes only', async () => {
		const browser = await inside(new Holder('ca-operator'));
		const rows = sql('SELECT row_to_json(s) FROM ca.console_session s');
		for (const secret of browser.cookies.values()) assert.ok(!rows.includes(secret) && !rows.includes(Buffer.from(secret).toString('hex')));
	});
});

describe('requests', { skip: absent }, () => {
	test('what waits is shown: subject, who asked, the digest that an approval names, and the command for it', async () => {
		const asked = waiting();
		const browser = await inside(new Holder('ca-operator'));
		const queue = await browser.get(`/console?text=${asked.name}`);
		assert.match(queue.text, new RegExp(`/console/requests/${asked.id}`));
		const page = (await browser.get(`/console/requests/${asked.id}`)).text;
		for (const part of [asked.name, asked.issue_sha256, 'operator', 'P-256', `mohar ca approve ${asked.id} --over ${asked.issue_sha256}`]) assert.ok(page.includes(part), part);
		assert.match(page, /Rules looked at: 1\d\d/, 'the lint has looked at the bytes that would be issued');
		assert.doesNotMatch(page, /cannot be made/);
	});

	test('the queue is paged by place, and nothing is shown twice or left out', async () => {
		const made = `page-${Date.now()}`;
		sql(`INSERT INTO ca.request SELECT gen_random_uuid(), profile, role, approvals, person, handle, subject, names, '${made}-' || n, csr, blob,
		     sha256(convert_to('${made}' || n, 'UTF8')), issue_sha256, batch, applicant, applicant_key, act, created_at, expires_at
		     FROM (SELECT * FROM ca.request WHERE id = '${waiting().id}') r, generate_series(1, 60) n`);
		const browser = await inside(new Holder('registrar'));
		const seen = [];
		for (let path = `/console?text=${made}`; path; ) {
			const { text } = await browser.get(path);
			seen.push(...[...text.matchAll(/\/console\/requests\/([0-9a-f-]{36})/g)].map(([, id]) => id));
			path = text.match(/href="(\/console\?[^"]*after=[^"]*)"/)?.[1].replaceAll('&amp;', '&');
		}
		assert.equal(seen.length, 60);
		assert.equal(new Set(seen).size, 60);
	});

	test('one is turned away, with its reason, by whose role it takes; the event says that it was the console', async () => {
		const asked = waiting();
		const registrar = await inside(new Holder('registrar'));
		const path = `/console/requests/${asked.id}/reject`;
		assert.equal((await registrar.post(path, { form: await registrar.form(), reason: 'no' })).status, 403, 'a service profile takes a CA operator');
		const browser = await inside(new Holder('ca-operator'));
		const form = await browser.form();
		assert.equal((await browser.post(path, { form })).status, 400, 'without a reason');
		assert.equal((await browser.post(path, { form, reason: 'The name is another agency\'s <b>' })).status, 303);
		assert.equal(sql(`SELECT state || ': ' || reason FROM ca.request WHERE id = '${asked.id}'`), 'rejected: The name is another agency\'s <b>');
		assert.equal(sql(`SELECT channel || ' ' || (actor LIKE 'console:%') FROM ca.event WHERE type = 'request.rejected' ORDER BY at DESC LIMIT 1`), 'console true');
		assert.match((await browser.get(`/console/requests/${asked.id}`)).text, /another agency(&#39;|&apos;|')s &lt;b&gt;/);
		assert.equal((await browser.post(path, { form, reason: 'again' })).status, 409);
	});

	test('a form that is not of this very session changes nothing', async () => {
		const asked = waiting();
		const [browser, other] = [await inside(new Holder('ca-operator')), await inside(new Holder('ca-operator'))];
		const path = `/console/requests/${asked.id}/reject`;
		const form = await browser.form();
		const values = { form, reason: 'no' };
		for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: new URL(process.env.MOHAR_ISSUER).origin }])
			assert.equal((await browser.post(path, values, headers)).status, 403, headers.origin);
		const without = await browser.send('POST', `${origin}${path}`, { 'content-type': 'application/x-www-form-urlencoded' }, new URLSearchParams(values).toString());
		assert.equal(without.status, 403);
		assert.equal((await browser.post(path, { reason: 'no' })).status, 403);
		assert.equal((await browser.post(path, { form: await other.form(), reason: 'no' })).status, 403);
		assert.equal((await new Browser().post(path, values)).status, 401);
		assert.equal((await browser.post(path, values, { 'content-type': 'application/json' })).status, 403);
		assert.equal(sql(`SELECT state FROM ca.request WHERE id = '${asked.id}'`), 'waiting');
	});

	test('an approval cannot be had here, by any form', async () => {
		const asked = waiting();
		const browser = await inside(new Holder('ca-operator', 'registrar'));
		const form = await browser.form();
		for (const path of [`/console/requests/${asked.id}/approve`, `/console/requests/${asked.id}`, '/console/bulk'])
			assert.ok([404, 405].includes((await browser.post(path, { form })).status), path);
		assert.ok((await browser.post(`/requests/${asked.id}/approve`, { form })).status >= 400, 'the API wants a signed act');
		assert.equal(sql(`SELECT state FROM ca.request WHERE id = '${asked.id}'`), 'waiting');
	});
});

describe('certificates', { skip: absent }, () => {
	const one = () => sql(`SELECT encode(serial, 'hex') || ' ' || encode(spki_sha256, 'hex') || ' ' || person || ' ' || subject FROM ca.certificate
	                       WHERE person IS NOT NULL AND profile = 'citizen-authentication' ORDER BY issued_at LIMIT 1`).match(/^(\w+) (\w+) ([\w-]+) (.*)$/).slice(1);

	test('found by serial, by key, by person and by how the subject begins', async () => {
		const [serial, key, person, subject] = one();
		const browser = await inside(new Holder('registrar'));
		const direct = await browser.get(`/console/certificates?q=${serial.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')}`);
		assert.equal(direct.headers.location, `${origin}/console/certificates/${serial}`);
		for (const q of [key, Buffer.from(key, 'hex').toString('base64url'), person, subject.slice(0, 20), subject.match(/^CN=([^,]*)/)[1]])
			assert.ok((await browser.get(`/console/certificates?q=${encodeURIComponent(q)}`)).text.includes(serial), q);
		assert.match((await browser.get(`/console/certificates?q=${encodeURIComponent('%')}`)).text, /No certificate fits/, 'what is sought is no pattern');
	});

	test('one shows its fields, its history, its lint and its receipt, and comes as PEM', async () => {
		const [serial, key] = one();
		const browser = await inside(new Holder('registrar'));
		const page = (await browser.get(`/console/certificates/${serial}`)).text;
		for (const part of [serial, key, 'citizen-authentication', 'X509v3 Key Usage', '/log/receipt/ca/']) assert.ok(page.includes(part), part);
		assert.match(page, /Rules looked at: 1\d\d/);
		const pem = await browser.get(`/console/certificates/${serial}/pem`);
		assert.match(pem.text, /^-----BEGIN CERTIFICATE-----/);
		const receipt = page.match(/href="(https:[^"]*\/log\/receipt\/ca\/[^"]*)"/)[1];
		assert.equal((await call('GET', receipt)).status, 200);
	});

	test('a change of status is a command: what the form says is looked up, never repeated', async () => {
		const [serial] = one();
		const browser = await inside(new Holder('ca-operator'));
		const see = async (query) => (await browser.get(`/console/certificates/${serial}?${query}`)).text;
		assert.ok((await see('action=revoke&reason=keyCompromise')).includes(`mohar ca revoke ${serial} --reason keyCompromise`));
		assert.ok((await see('action=suspend')).includes(`mohar ca suspend ${serial}`));
		const odd = await see(`action=revoke&reason=${encodeURIComponent('x; rm -rf /')}`);
		assert.doesNotMatch(odd, /mohar ca revoke|rm -rf/);
		assert.equal(sql(`SELECT revoked_at IS NULL FROM ca.certificate WHERE serial = '\\x${serial}'`), 't');
	});

	test('suspended on a card, it is shown so, and how to resume it', async () => {
		const [serial] = one();
		const browser = await inside(new Holder('registrar'));
		mohar('registrar-1', 'ca', 'suspend', serial);
		try {
			const page = (await browser.get(`/console/certificates/${serial}?action=resume`)).text;
			assert.match(page, /certificateHold/);
			assert.ok(page.includes(`mohar ca resume ${serial}`));
		} finally {
			mohar('registrar-1', 'ca', 'resume', serial);
		}
	});
});

describe('health and many at once', { skip: absent }, () => {
	test('lists, OCSP and the queue have their numbers', async () => {
		const browser = await inside(new Holder('ca-operator'));
		const page = (await browser.get('/console/health')).text;
		assert.match(page, /citizen-ca\.crl/);
		assert.match(page, /service-ca\.\d+\.crl/);
		assert.match(page, /Answered from memory/);
		assert.doesNotMatch(page, /class="bad"/);
	});

	test('how many a proposal would touch is counted, and nothing is changed', async () => {
		const browser = await inside(new Holder('ca-operator'));
		const valid = sql("SELECT count(*) FROM ca.certificate WHERE profile = 'tls-server' AND revoked_at IS NULL AND not_after > now()");
		const page = (await browser.get('/console/bulk?issuer=&profile=tls-server&from=&before=')).text;
		assert.ok(page.includes(`<strong>${valid}</strong>`));
		assert.equal(sql("SELECT count(*) FROM ca.certificate WHERE profile = 'tls-server' AND revoked_at IS NULL AND not_after > now()"), valid);
		assert.equal((await browser.get('/console/bulk?profile=tls-server&from=yesterday')).status, 400);
	});
});
