// The citizen's card in a real browser: Chromium finds it through NSS as any PKCS#11 module, the TLS handshake is made with its key, and the login reaches the highest level.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { absent, homeMade, issuer, portal, sql, visitor } from './house.mjs';

const env = process.env;
const managed = '/etc/chromium/policies/managed';
const policy = `${managed}/mohar-test-${process.pid}.json`;
// Headless, nobody can pick a certificate: a policy of the machine must say which, and only root may write one.
const skip = absent || (process.getuid() !== 0 && 'choosing a certificate without a person needs a policy file in /etc, which only root may write');

const inherited = [];
function policyMade() {
	for (const folder of ['/etc/chromium', '/etc/chromium/policies', managed]) {
		if (existsSync(folder)) continue;
		mkdirSync(folder);
		inherited.unshift(folder);
	}
	const chosen = JSON.stringify({ pattern: new URL(env.MOHAR_CARD_URL).origin, filter: {} });
	writeFileSync(policy, JSON.stringify({ AutoSelectCertificateForUrls: [chosen] }));
}

function cardInserted() {
	const home = homeMade();
	Object.assign(env, { P11SHIM_MODULE: env.MOHAR_CARD_MODULE, P11SHIM_TOKEN: env.MOHAR_CARD_TOKEN, P11SHIM_PIN: env.MOHAR_CARD_PIN });
	execFileSync('modutil', ['-dbdir', `sql:${home}/.pki/nssdb`, '-add', 'card', '-libfile', `${env.MOHAR_BUILD}/tests/modules/p11shim.so`, '-force'], { stdio: 'pipe' });
}
function cardRemoved() {
	execFileSync('modutil', ['-dbdir', `sql:${homeMade()}/.pki/nssdb`, '-delete', 'card', '-force'], { stdio: 'pipe' });
}

describe('a smartcard in the browser', { skip }, () => {
	before(policyMade);
	after(() => {
		rmSync(policy, { force: true });
		for (const folder of inherited) rmSync(folder, { recursive: true });
	});

	test('without a card in the reader the page says so, and nobody is let in', async () => {
		const person = await visitor();
		try {
			await person.page.goto(`${issuer}/account`);
			await person.page.locator('a[href*="/card?flow="]').click();
			await person.page.locator('.eyebrow').waitFor();
			assert.match(await person.page.locator('main').innerText(), /browser sent no card/);
			/* the page of the card's port has the house's look, and leads back to the issuer */
			assert.ok(await person.page.evaluate(() => document.styleSheets[0].cssRules.length) > 20);
			assert.equal(await person.page.locator('main a.button').getAttribute('href'), `${issuer}/`);
			assert.equal((await person.context.cookies()).filter((c) => c.name === '__Host-session').length, 0);
		} finally {
			await person.close();
		}
	});

	test('with the card: signed in at the highest level, at a portal too', async () => {
		cardInserted();
		const person = await visitor();
		const { page } = person;
		try {
			const { login, back } = await portal();
			await page.goto(login);
			await page.locator('a[href*="/card?flow="]').click();
			await page.locator('form[action="/consent"]').waitFor();
			assert.ok(page.url().startsWith(issuer), page.url());
			assert.equal(await page.locator('.level-3').count(), 1, 'the highest level');
			assert.match(await page.locator('main').innerText(), /Test Citizen One/);
			await page.locator('button[value=allow]').click();
			await page.waitForURL(`${back}?**`);
			assert.ok(new URL(page.url()).searchParams.get('code'));
			await page.goto(`${issuer}/account`);
			assert.equal(await page.locator('h1').innerText(), 'Test Citizen One');
			const latest = "SELECT channel || ' ' || authenticator || ' ' || array_to_string(amr, ',') FROM idp.session ORDER BY auth_time DESC LIMIT 1";
			assert.equal(sql(latest), 'card 3 sc,pin,mfa');
		} finally {
			await person.close();
			cardRemoved();
		}
	});
});
