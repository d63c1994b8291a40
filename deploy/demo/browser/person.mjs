// person: somebody at a browser: real headless Chromium with a virtual authenticator (the WebAuthn domain of the DevTools protocol), whose passkeys are kept in a
// file between runs, as a phone would. Used by the demo's steps and by the browser tests.
import { createRequire } from 'node:module';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const require = createRequire((process.env.MOHAR_NPM ?? fileURLToPath(new URL('../../../tests/npm', import.meta.url))) + '/package.json');
const { chromium } = require('playwright-core');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
	'--disable-sync', '--host-resolver-rules=MAP *.localhost 127.0.0.1'];

export class Person {
	// passkeys: file that keeps them; absent or null: none are kept. profile: a folder for cookies that outlive the run. authenticator: what the virtual one is to be
	// instead (options of WebAuthn.addVirtualAuthenticator). page: further options of the browser's context.
	static async open({ passkeys = null, profile = null, width = 1280, height = 800, locale = 'en', transport = 'usb', authenticator = {}, page = {} } = {}) {
		const person = new Person();
		const options = { executablePath: '/usr/bin/chromium', headless: true, args: FLAGS, viewport: { width, height }, locale, ...page };
		if (profile) {
			person.context = await chromium.launchPersistentContext(profile, options);
		} else {
			person.browser = await chromium.launch(options);
			person.context = await person.browser.newContext({ viewport: options.viewport, locale, ...page });
		}
		person.page = person.context.pages()[0] ?? await person.context.newPage();
		person.file = passkeys;
		person.kind = {
			protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...authenticator,
		};
		await person.holdAuthenticator();
		return person;
	}

	async holdAuthenticator() {
		this.cdp = await this.context.newCDPSession(this.page);
		await this.cdp.send('WebAuthn.enable', { enableUI: false });
		const { authenticatorId } = await this.cdp.send('WebAuthn.addVirtualAuthenticator', { options: this.kind });
		this.authenticator = authenticatorId;
		if (this.file && existsSync(this.file)) {
			for (const credential of JSON.parse(readFileSync(this.file, 'utf8'))) {
				await this.cdp.send('WebAuthn.addCredential', { authenticatorId, credential });
			}
		}
	}

	async passkeys() {
		const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.authenticator });
		return credentials;
	}

	// The counters have moved: what is kept must move with them.
	async keepPasskeys() {
		if (this.file) writeFileSync(this.file, JSON.stringify(await this.passkeys(), null, '\t'), { mode: 0o600 });
	}

	async close() {
		await this.keepPasskeys();
		await this.context.close();
		await this.browser?.close();
	}

	// The activation page, with the single-use code behind its '#'.
	async activate(url) {
		await this.page.goto(url);
		await this.page.locator('form[data-passkey=activate] button[type=submit]').click();
		await this.page.locator('#done').waitFor({ state: 'visible', timeout: 15000 });
		await this.keepPasskeys();
	}

	// The signing page's enrolment: what it shows for the registrar to compare.
	async makeSigningPasskey(url) {
		await this.page.goto(url);
		await this.page.locator('#form button[type=submit]').click();
		await this.page.locator('[data-fingerprint]').waitFor({ state: 'visible', timeout: 15000 });
		await this.keepPasskeys();
		return this.page.locator('[data-fingerprint]').innerText();
	}

	// Presses the button of a request that the signing page shows, until it says that it is signed.
	async sign() {
		await this.page.locator('#form button[type=submit]').click();
		await this.page.locator('#done strong[data-show=signed]').waitFor({ state: 'visible', timeout: 15000 });
		await this.keepPasskeys();
	}

	// Goes to a portal and does what it takes to get in: passkey if asked, consent if asked. Says what was asked.
	async enter(url, arrived) {
		const asked = [];
		await this.page.goto(url);
		for (let i = 0; i < 6; i++) {
			await this.page.waitForLoadState('domcontentloaded');
			const which = await Promise.race([
				this.page.locator(arrived).waitFor({ timeout: 15000 }).then(() => 'arrived'),
				this.page.locator('form[data-passkey=login]').waitFor({ timeout: 15000 }).then(() => 'passkey'),
				this.page.locator('form[action="/consent"]').waitFor({ timeout: 15000 }).then(() => 'consent'),
				this.page.locator('.eyebrow + h1 + .lead').waitFor({ timeout: 15000 }).then(() => 'refusal'),
			]);
			if (which === 'arrived') return asked;
			if (which === 'refusal') throw new Error('refused at ' + this.page.url() + ': ' + await this.page.locator('main').innerText());
			asked.push(which);
			const gone = this.page.waitForEvent('framenavigated', { timeout: 15000 });
			const press = which === 'passkey' ? 'form[data-passkey=login] button[type=submit]' : 'form[action="/consent"] button[value=allow]';
			await this.page.locator(press).click();
			await gone;
		}
		throw new Error('did not arrive at ' + url + ' but stopped at ' + this.page.url());
	}
}
