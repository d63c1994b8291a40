// The signing page as people meet it: real Chromium, the bundle as it is served, mohar-hsmd behind it. MOHAR_PICTURES=FOLDER leaves a picture of each state. timeout: 300
import assert from 'node:assert/strict';
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { issuer, sql, visitor } from './house.mjs';
import { absent, asAgency, asPage, begun, call, codeOf, enrolled, over, page, registrar, requested, requestState } from './signing.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.MOHAR_PICTURES;

// axe-core finds nothing and nothing sticks out at the side: wide, phone in the dark, 320 pixels.
async function looksRight(at, what) {
	await at.evaluate(axe);
	for (const [width, colorScheme] of [[1280, 'light'], [390, 'dark'], [390, 'light'], [320, 'light']]) {
		await at.setViewportSize({ width, height: 800 });
		await at.emulateMedia({ colorScheme });
		const { violations } = await at.evaluate(() => globalThis.axe.run(document));
		assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), [], `${what} at ${width} pixels`);
		assert.ok(await at.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} fits ${width} pixels`);
		if (pictures) {
			mkdirSync(pictures, { recursive: true });
			await at.screenshot({ path: `${pictures}/${what.replaceAll(' ', '-')}-${width}-${colorScheme}.png`, fullPage: true });
		}
	}
}

async function tabTo(at, selector) {
	for (let i = 0; i < 30; i++) {
		if (await at.evaluate((s) => document.activeElement?.matches(s), selector)) return;
		await at.keyboard.press('Tab');
	}
	assert.fail(`${selector} is not reached by keyboard`);
}

const said = (at) => at.locator('#message').innerText();
const dz = (url) => url.replace(`${page}/`, `${page}/dz/`);
const shown = (at) => at.locator('[data-documents] li').first().waitFor();
const fresh = async (at, url) => {
	await at.goto('about:blank');
	await at.goto(url);
};

describe('the signing page', { skip: absent }, () => {
	let person, key, at;
	before(async () => {
		person = await visitor({ transport: 'internal', page: { reducedMotion: 'reduce' } });
		at = person.page;
	});
	after(() => person?.close());

	for (const [language, to] of [['en', (url) => url], ['dz', dz]]) {
		test(`enrolment in ${language}: for whom, the passkey, the fingerprint, the end`, async () => {
			const { citizen, ticket, url } = begun();
			await fresh(at, to(url));
			await at.locator('[data-name]').waitFor();
			assert.equal(await at.locator('[data-name]').innerText(), citizen.name);
			assert.ok(!at.url().includes('#'), 'the code has left the address bar');
			assert.equal(await at.locator('html').getAttribute('lang'), language);
			await looksRight(at, `enrol ${language}`);
			await tabTo(at, '#form button[type=submit]');
			await at.keyboard.press('Enter');
			await at.locator('[data-fingerprint]').waitFor();
			const fingerprint = await at.locator('[data-fingerprint]').innerText();
			assert.match(fingerprint, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
			await looksRight(at, `fingerprint ${language}`);
			const other = fingerprint.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
			assert.equal(registrar('signing-key', citizen.handle, '--resume', ticket, '--yes', other).status, 1);
			const done = registrar('signing-key', citizen.handle, '--resume', ticket, '--yes', fingerprint);
			assert.equal(done.status, 0, JSON.stringify(done.json));
			assert.match(new X509Certificate(done.json.certificate).subject, new RegExp(citizen.name));
			await at.locator('#ready').waitFor();
			await looksRight(at, `ready ${language}`);
			key = done.json;
		});

		test(`a request in ${language}: read, compared, signed by keyboard alone`, async () => {
			const asked = await requested(key.key);
			await fresh(at, to(asked.sign_url));
			await shown(at);
			assert.equal(await at.locator('[data-agency]').innerText(), 'land');
			assert.equal(await at.locator('[data-documents] li').count(), 2);
			await looksRight(at, `sign ${language}`);
			await at.setInputFiles('#files', { name: 'other.pdf', mimeType: 'application/pdf', buffer: Buffer.from('another deed') });
			await at.locator('#compared .message').waitFor();
			assert.match(await at.locator('#compared').innerText(), /other\.pdf/);
			await looksRight(at, `another file ${language}`);
			await at.setInputFiles('#files', { name: 'deed.pdf', mimeType: 'application/pdf', buffer: Buffer.from('the deed') });
			await at.locator('#compared .note').waitFor();
			assert.equal(await at.locator('[data-same]:visible').count(), 1);
			await looksRight(at, `same file ${language}`);
			await tabTo(at, '#form button[type=submit]');
			await at.keyboard.press('Enter');
			await at.locator('#done strong[data-show=signed]').waitFor();
			assert.equal(await at.evaluate(() => document.activeElement.id), 'done');
			await looksRight(at, `signed ${language}`);
			const answer = (await asAgency('GET', `/signing/requests/${asked.id}`)).json;
			assert.equal(answer.state, 'signed');
			const by = createPublicKey(new X509Certificate(answer.certificate).publicKey.export({ type: 'spki', format: 'pem' }));
			for (const [i, text] of ['the deed', 'the plan'].entries()) {
				assert.ok(verify('sha256', Buffer.from(text), by, Buffer.from(answer.signatures[i], 'base64url')));
			}
			assert.equal(sql(`SELECT count(*) FROM signer.event e JOIN signer.signing_request r ON r.event = e.id WHERE r.id = '${asked.id}' AND e.type = 'signature.made' AND e.principal = '${key.person}'`), '1');
			/* once more: it is signed, and there is nothing to press */
			await fresh(at, to(asked.sign_url));
			await at.locator('#done strong[data-show=signed]').waitFor();
			assert.equal(await at.locator('#form').isVisible(), false);
		});

		test(`declined, and over, in ${language}`, async () => {
			const no = await requested(key.key);
			await fresh(at, to(no.sign_url));
			await shown(at);
			await at.locator('#decline').click();
			await at.locator('#done strong[data-show=declined]').waitFor();
			await looksRight(at, `declined ${language}`);
			assert.equal((await asAgency('GET', `/signing/requests/${no.id}`)).json.state, 'declined');
			const late = await requested(key.key);
			over(late.id);
			await fresh(at, to(late.sign_url));
			await at.locator('#done strong[data-show=expired]').waitFor();
			await looksRight(at, `expired ${language}`);
			await fresh(at, to(`${page}/sign#${late.id}.wrong`));
			await at.locator('#message').waitFor();
			await looksRight(at, `no such address ${language}`);
		});
	}

	test('of two tabs with the same enrolment address, one has its passkey bound', async () => {
		const { citizen, url } = begun();
		const second = await visitor({ transport: 'internal' });
		try {
			await fresh(at, url);
			await at.locator('[data-name]').waitFor();
			await second.makeSigningPasskey(url);
			await at.locator('#form button[type=submit]').click();
			await at.locator('#message').waitFor();
			assert.match(await said(at), /used already/);
			assert.equal(sql(`SELECT count(*) FROM signer.signing_key WHERE person = '${citizen.id}' AND credential_key IS NOT NULL`), '1');
		} finally {
			await second.close();
		}
	});

	test('of two tabs with the same request, one signs', async () => {
		const asked = await requested(key.key);
		const second = await person.context.newPage();
		await fresh(at, asked.sign_url);
		await shown(at);
		await second.goto(asked.sign_url);
		await shown(second);
		await second.locator('#decline').click();
		await second.locator('#done strong[data-show=declined]').waitFor();
		await second.close();
		await at.locator('#form button[type=submit]').click();
		await at.locator('#message').waitFor();
		assert.match(await said(at), /used already|did not work/);
		assert.equal(requestState(asked.id), 'declined');
	});

	test('a passkey of the login page is no signing passkey: its RP ID is another', async () => {
		const asked = await requested(key.key);
		const mine = (await person.passkeys()).map((c) => c.rpId);
		assert.ok(mine.every((rp) => rp === 'sign.localhost'), mine.join());
		const stranger = await visitor({ transport: 'internal' });
		try {
			/* a credential of RP ID localhost with the very id that is asked for */
			const own = (await person.passkeys()).at(-1);
			await stranger.cdp.send('WebAuthn.addCredential', { authenticatorId: stranger.authenticator, credential: { ...own, rpId: 'localhost' } });
			await stranger.page.goto(asked.sign_url);
			await shown(stranger.page);
			await stranger.page.locator('#form button[type=submit]').click();
			await stranger.page.locator('#message').waitFor({ timeout: 90000 });
			assert.equal(requestState(asked.id), 'pending');
		} finally {
			await stranger.close();
		}
	});

	test('a signing passkey is not offered to the login page', async () => {
		await fresh(at, `${issuer}/account`);
		const refused = await at.evaluate(() => navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: 'sign.localhost' } }).then(() => 'given', (e) => e.name));
		assert.equal(refused, 'SecurityError');
	});

	test('digests that change between what is shown and what is challenged are never put before the passkey', async () => {
		const asked = await requested(key.key);
		await fresh(at, asked.sign_url);
		await shown(at);
		await at.evaluate(() => {
			globalThis.asked = 0;
			const get = navigator.credentials.get.bind(navigator.credentials);
			navigator.credentials.get = (options) => {
				globalThis.asked++;
				return get(options);
			};
		});
		/* signerd lies: a challenge over other digests, made by mohar-hsmd for another request of the same key */
		const other = await requested(key.key, { digests: ['A'.repeat(43)], names: [] });
		await at.route('**/signing/page/challenge', (route) => route.continue({ postData: JSON.stringify(codeOf(other.sign_url)) }));
		await at.locator('#form button[type=submit]').click();
		await at.locator('#message').waitFor();
		assert.match(await said(at), /did not work/);
		assert.equal(await at.evaluate(() => globalThis.asked), 0);
		await at.unroute('**/signing/page/challenge');
		assert.equal(requestState(asked.id), 'pending');
	});

	test('a stopped key says so, and what to do', async () => {
		const asked = await requested(key.key);
		await fresh(at, asked.sign_url);
		await shown(at);
		assert.equal(registrar('signing-freeze', key.citizen?.handle ?? sql(`SELECT handle FROM idp.person WHERE id = '${key.person}'`)).status, 0);
		await at.locator('#form button[type=submit]').click();
		await at.locator('#message').waitFor();
		assert.match(await said(at), /stopped.*registrar/s);
		await looksRight(at, 'stopped en');
		assert.equal(requestState(asked.id), 'pending');
		assert.equal(registrar('signing-unfreeze', sql(`SELECT handle FROM idp.person WHERE id = '${key.person}'`)).status, 0);
		await person.sign();
		assert.equal(requestState(asked.id), 'signed');
	});

	test('nothing but the bundle is served, under the headers that hold it', async () => {
		for (const path of ['/sign', '/enrol', '/dz/sign', '/en/enrol', '/static/sign.js']) {
			const answer = await call('GET', `${page}${path}`);
			assert.equal(answer.status, 200, path);
			const policy = answer.headers['content-security-policy'];
			assert.match(policy, /default-src 'none'; script-src 'self';/);
			assert.match(policy, new RegExp(`connect-src ${process.env.MOHAR_SIGNER_URL};`));
			assert.match(policy, /form-action 'none'; frame-ancestors 'none'/);
			assert.ok(!/unsafe|\*/.test(policy));
			assert.equal(answer.headers['referrer-policy'], 'no-referrer');
			assert.match(answer.headers['strict-transport-security'], /max-age=63072000/);
			assert.equal(answer.headers['set-cookie'], undefined);
		}
		for (const path of ['/', '/static/', '/tls.key', '/apache.conf', '/sign.html', '/cgi-bin/', '/server-status', '/dz/', '/fr/sign'])
			assert.equal((await call('GET', `${page}${path}`)).status, 403, path);
		assert.equal((await call('POST', `${page}/sign`)).status, 405);
		assert.deepEqual(await person.context.cookies(page), []);
		const text = (await call('GET', `${page}/sign`)).text;
		assert.ok(!/<script(?![^>]* src=)|style=|onclick=/.test(text));
	});

	test('what is served is what was made: every sum agrees', async () => {
		const { createHash } = await import('node:crypto');
		const sums = (await call('GET', `${page}/SHA256SUMS`)).text.trim().split('\n');
		assert.ok(sums.length >= 9);
		for (const line of sums) {
			const [sum, file] = line.split(/ +\.\//);
			const path = file.replace(/^(dz\/)?(enrol|sign)\.html$/, (_, d = '', n) => `${d}${n}`);
			assert.equal(createHash('sha256').update((await call('GET', `${page}/${path}`)).text).digest('hex'), sum, file);
		}
	});

	test('asPage without the page: another origin is not answered', async () => {
		assert.equal((await asPage('request', { id: 'x', code: 'y' }, issuer)).status, 403);
	});

	test('a second enrolment makes a second key, and the first stays as it was', async () => {
		const second = await enrolled(person);
		assert.notEqual(second.key, key.key);
		assert.equal(sql(`SELECT state FROM signer.signing_key WHERE id = '${key.key}'`), 'certified');
	});
});
