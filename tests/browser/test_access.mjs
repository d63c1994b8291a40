// Every page, in every language, at the width of a desk and of a phone, by day and by night: axe-core finds nothing against WCAG 2.2 AA, one heading leads,
// language and direction are named, and at 320 pixels nothing has to be scrolled sideways (WCAG 1.4.10).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from './inspect.mjs';
import { absent, Citizen, issuer, portal, proposed, revoked, sealed, signedIn, signer, visitor } from './house.mjs';

for (const language of ['en', 'dz'])
	describe(`pages in ${language}`, { skip: absent }, () => {
		const asked = { locale: language };

		test('the identity provider', async (t) => {
			const citizen = new Citizen();
			const person = await visitor(asked);
			const { page } = person;
			const see = (name) => inspect(t, page, language, name);
			try {
				await page.goto(`${issuer}/`);
				await see('home');
				await page.goto(`${issuer}/nothing-here`);
				await see('error');
				await page.goto(`${issuer}/authorize?client_id=nobody`);
				await see('error of a portal');
				await page.goto(`${issuer}/activate`);
				await page.locator('#code').waitFor();
				await see('activate, the code is asked for');
				await page.fill('#code', 'not-a-code');
				await page.locator('form[data-passkey] button').click();
				await page.locator('#message').waitFor();
				await see('activate, refused');
				await page.goto('about:blank');
				await page.goto(citizen.invited());
				await page.locator('#greeting').waitFor();
				await see('activate');
				await page.locator('form[data-passkey=activate] button').click();
				await page.locator('#done').waitFor();
				await see('activate, done');
				await page.goto(`${issuer}/account`);
				await see('login');
				await page.locator('summary').click();
				await see('login, help open');
				const { login, back } = await portal();
				await page.goto(login);
				await see('login for a portal');
				await page.locator('form[data-passkey=login] button').click();
				await page.locator('form[action="/consent"]').waitFor();
				await see('consent');
				await page.locator('button[value=allow]').click();
				await page.waitForURL(`${back}*`);
				await page.goto(`${issuer}/account`);
				await see('account, one passkey');
				await person.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: person.authenticator });
				await person.holdAuthenticator();
				await page.locator('form[data-passkey=add] button').click();
				await page.waitForURL('**/account?done=added');
				await see('account');
				await page.goto(`${issuer}/end_session`);
				await see('logout');
				await page.locator('form[action="/end_session"] button').click();
				await page.waitForURL('**/end_session');
				await see('signed out');
			} finally {
				await person.close();
			}
		});

		test('the signer', async (t) => {
			const officer = new Citizen({ name: 'Test Officer Browser' }).appointed();
			const stranger = await visitor(asked);
			const person = await visitor(asked);
			const { page } = person;
			const see = (name) => inspect(t, page, language, name);
			const check = async (text) => {
				await page.goto(`${signer}/verify`);
				await page.fill('#decision', text);
				await page.locator('form[action="/verify"] button').click();
				await page.locator('[role=status]').waitFor();
			};
			try {
				await page.goto(`${signer}/verify`);
				await see('verify');
				await page.goto(`${signer}/nothing-here`);
				await see('refusal');
				const { id, confirm_url } = proposed();
				await person.activate(officer.invited());
				await person.enter(confirm_url, `form[action="/confirm/${id}"]`);
				await see('confirm');
				await page.locator(`form[action="/confirm/${id}"] button`).click();
				await page.locator(`a[href="/verify?id=${id}"]`).waitFor();
				await see('confirm, sealed');
				await page.goto(`${signer}/verify?id=${id}`);
				await page.locator('.message.good').waitFor();
				await see('verify, valid');
				await check(sealed(id).replace(/\.(.{9})./, (m, before) => `.${before}${m.endsWith('A') ? 'B' : 'A'}`));
				assert.equal(await page.locator('.message.good').count(), 0);
				await see('verify, not valid');
				await check('no decision at all');
				assert.equal(await page.locator('.message.good').count(), 0);
				await see('verify, no decision');
				const [, payload] = sealed(id).split('.');
				await check(`${Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'decision+jwt', kid: 'another' })).toString('base64url')}.${payload}.${'A'.repeat(86)}`);
				assert.equal(await page.locator('.message.good').count(), 0);
				await see('verify, unknown key');
				revoked(id);
				await page.goto(`${signer}/verify?id=${id}`);
				assert.equal(await page.locator('.message.good').count(), 0);
				await see('verify, revoked');
				await page.goto(confirm_url);
				await see('confirm, revoked');
				const other = proposed();
				await page.goto(other.confirm_url);
				await page.locator('summary').click();
				await see('confirm, refusal open');
				await page.fill('#reason', 'The plan is not signed');
				await page.locator(`form[action="/refuse/${other.id}"] button`).click();
				await page.locator('[role=status]').waitFor();
				assert.match(await page.locator('[role=status]').innerText(), /The plan is not signed/);
				assert.equal(await page.locator('form.stack').count(), 0);
				await see('confirm, refused');
				// Somebody without that office learns that, and no more.
				const citizen = new Citizen();
				await stranger.activate(citizen.invited());
				await signedIn(stranger);
				await stranger.page.goto(confirm_url);
				if (await stranger.page.locator('form[action="/consent"]').count()) await stranger.page.locator('button[value=allow]').click();
				await stranger.page.locator('.eyebrow + h1').waitFor();
				assert.doesNotMatch(await stranger.page.locator('main').innerText(), /T-7\/42/);
				await inspect(t, stranger.page, language, 'refusal of a stranger');
			} finally {
				await stranger.close();
				await person.close();
			}
		});
	});
