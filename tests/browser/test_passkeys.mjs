// Passkeys as real browsers make them: every algorithm that is offered, the old kind of key, a second device, and the session that they open.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { absent, Citizen, homeMade, issuer, proposed, signedIn, signer, sql, visitor } from './house.mjs';

const means = (page) => page.locator('section[aria-labelledby=means] .rows li');

// An authenticator that knows one algorithm only takes that one from the list; the virtual one knows all, so the list is shortened before it sees it.
const only = (person, algorithm) => person.page.addInitScript((alg) => {
	const create = navigator.credentials.create.bind(navigator.credentials);
	navigator.credentials.create = ({ publicKey }) =>
		create({ publicKey: { ...publicKey, pubKeyCredParams: publicKey.pubKeyCredParams.filter((p) => p.alg === alg) } });
}, algorithm);

describe('passkeys', { skip: absent }, () => {
	for (const [name, algorithm] of [['ES256', -7], ['EdDSA', -8], ['RS256', -257]])
		test(`${name}: registers, and signs in twice`, async () => {
			const citizen = new Citizen();
			const person = await visitor();
			try {
				await only(person, algorithm);
				await person.activate(citizen.invited());
				assert.deepEqual(citizen.passkeys(), [`${algorithm} packed`]);
				await signedIn(person);
				assert.equal(await person.page.locator('h1').innerText(), citizen.name);
				await person.context.clearCookies();
				await signedIn(person);
				assert.equal(await person.page.locator('h1').innerText(), citizen.name);
				const counter = Number(sql(`SELECT counter FROM idp.credential WHERE person = '${citizen.id}'`));
				assert.equal(counter, (await person.passkeys())[0].signCount, 'the counter is kept');
			} finally {
				await person.close();
			}
		});

	test('a passkey of the phone maker\'s account is known as such, and does not reach the highest level', async () => {
		const citizen = new Citizen();
		const person = await visitor({ transport: 'internal', authenticator: { defaultBackupEligibility: true, defaultBackupState: true } });
		try {
			await person.activate(citizen.invited());
			assert.equal(sql(`SELECT backup_eligible || ' ' || backed_up || ' ' || authenticator FROM idp.credential WHERE person = '${citizen.id}'`), 'true true 2');
			// Built into the device, it is what the browser suggests by itself (conditional mediation): nothing is pressed.
			await person.page.goto(`${issuer}/account`);
			await person.page.waitForURL('**/account');
			assert.equal(await person.page.locator('h1').innerText(), citizen.name);
			assert.match(await means(person.page).innerText(), /with the maker of the device/);
		} finally {
			await person.close();
		}
	});

	test('who is not verified by the device is not let in', async () => {
		const citizen = new Citizen();
		const person = await visitor();
		try {
			await person.activate(citizen.invited());
			await person.cdp.send('WebAuthn.setUserVerified', { authenticatorId: person.authenticator, isUserVerified: false });
			await person.page.goto(`${issuer}/account`);
			await person.page.locator('form[data-passkey=login] button').click();
			await person.page.locator('#message').waitFor();
			assert.match(person.page.url(), /\/login\?/);
			assert.equal(sql(`SELECT count(*) FROM idp.session WHERE principal = '${citizen.id}'`), '0');
		} finally {
			await person.close();
		}
	});

	test('a U2F key: its attestation verifies, but it is no passkey and is not bound', async () => {
		const citizen = new Citizen();
		const person = await visitor({ authenticator: { protocol: 'u2f', hasResidentKey: false, hasUserVerification: false } });
		const file = `${homeMade()}/u2f.json`;
		try {
			// Ours asks for verification and a discoverable key: the browser has no such key to offer.
			await person.page.goto(citizen.invited());
			await person.page.locator('#greeting').waitFor();
			await person.page.locator('form[data-passkey=activate] button').click();
			await person.page.locator('#message').waitFor({ timeout: 20000 });
			assert.equal(citizen.passkeys().join(), '');
			// Asked with fewer wishes, it answers; that answer, sent to us by hand, is refused.
			const address = citizen.invited();
			const [credential, status, challenge] = await person.page.evaluate(async (code) => {
				const post = (path, body) => fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
				const options = await (await post('/activate/options', { code })).json();
				options.authenticatorSelection = { userVerification: 'discouraged', residentKey: 'discouraged' };
				const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
				return [made.toJSON(), (await post('/activate/passkey', { code, name: 'key', credential: made.toJSON() })).status, options.challenge];
			}, new URL(address).hash.slice(1));
			assert.ok(status >= 400 && status < 500, `answered ${status}`);
			assert.equal(citizen.passkeys().join(), '');
			writeFileSync(file, JSON.stringify(credential));
			const verify = (asked) => {
				const args = ['verify', 'webauthn', '--json', '--rp-id', 'localhost', '--origin', issuer, '--challenge', asked, file];
				return JSON.parse(execFileSync(`${process.env.MOHAR_BUILD}/bin/mohar`, args));
			};
			assert.match(JSON.stringify(verify(challenge)), /"fido-u2f"/);
			assert.throws(() => verify(randomBytes(32).toString('base64url')), 'another challenge');
		} finally {
			rmSync(file, { force: true });
			await person.close();
		}
	});

	test('a second device is added on the account page, and the last one stays', async () => {
		const citizen = new Citizen();
		const person = await visitor();
		try {
			await person.activate(citizen.invited());
			await signedIn(person);
			const { page } = person;
			assert.equal(await page.locator('form[action="/account/passkeys/remove"]').count(), 0, 'the last one cannot be removed');
			assert.match(await page.locator('section[aria-labelledby=means]').innerText(), /cannot be removed/);
			await page.locator('form[data-passkey=add] button').click();
			await page.locator('#message').waitFor();
			assert.equal(citizen.passkeys().length, 1, 'one device is not bound twice');
			await person.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: person.authenticator });
			await person.holdAuthenticator();
			await page.fill('#name', 'Second device');
			await page.locator('form[data-passkey=add] button').click();
			await page.waitForURL('**/account?done=added');
			assert.match(await page.locator('[role=status]').innerText(), /added/);
			assert.equal(citizen.passkeys().length, 2);
			await person.context.clearCookies();
			await signedIn(person);
			assert.equal(await means(page).count(), 2, 'the second one signs in');
			await page.locator('form[action="/account/passkeys/remove"]').first().getByRole('button').click();
			await page.waitForURL('**/account?done=removed');
			assert.equal(citizen.passkeys().length, 1);
			assert.equal(await page.locator('form[action="/account/passkeys/remove"]').count(), 0);
		} finally {
			await person.close();
		}
	});

	test('signing out ends the session for whoever has kept the cookie', async () => {
		const citizen = new Citizen();
		const person = await visitor();
		try {
			await person.activate(citizen.invited());
			await signedIn(person);
			const kept = await person.context.cookies(issuer);
			await person.page.locator('form[action="/end_session"] button').click();
			await person.page.locator('h1').waitFor();
			assert.match(await person.page.locator('h1').innerText(), /signed out/);
			assert.equal((await person.context.cookies(issuer)).filter((c) => c.name === '__Host-session').length, 0);
			await person.context.addCookies(kept);
			await person.page.goto(`${issuer}/account`);
			assert.match(person.page.url(), /\/login\?/);
			assert.equal(sql(`SELECT count(*) FROM idp.session WHERE principal = '${citizen.id}' AND ended_at IS NULL`), '0');
		} finally {
			await person.close();
		}
	});

	test('cookies are host-only, secure, out of script\'s reach and not sent by other sites\' forms', async () => {
		const citizen = new Citizen().appointed();
		const person = await visitor();
		try {
			await person.activate(citizen.invited());
			await signedIn(person);
			const before = (await person.context.cookies()).find((c) => c.name === '__Host-session').value;
			await person.enter(proposed().confirm_url, 'form[action^="/confirm/"]');
			await person.page.goto(`${signer}/verify?lang=dz`);
			const cookies = await person.context.cookies();
			const names = cookies.map((c) => c.name);
			for (const name of ['__Host-session', '__Host-officer', '__Host-lang']) assert.ok(names.includes(name), `${name} is among ${names}`);
			for (const c of cookies) {
				assert.match(c.name, /^__Host-/);
				assert.deepEqual([c.domain, c.path, c.secure, c.httpOnly], ['localhost', '/', true, true], c.name);
				assert.match(c.sameSite, /^(Lax|Strict)$/, c.name);
			}
			assert.equal(await person.page.evaluate(() => document.cookie), '');
			assert.equal(await person.page.evaluate(() => localStorage.length + sessionStorage.length), 0);
			await person.context.clearCookies();
			await person.context.addCookies([{ name: '__Host-session', value: 'A'.repeat(43), url: issuer, secure: true }]);
			await signedIn(person);
			const fresh = (await person.context.cookies()).find((c) => c.name === '__Host-session').value;
			assert.ok(fresh !== 'A'.repeat(43) && fresh !== before, 'a login makes a cookie of its own');
		} finally {
			await person.close();
		}
	});
});
