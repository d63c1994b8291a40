// The identity provider's pages as people meet them: real Chromium, real daemon, a passkey in a virtual authenticator. Needs a running demo (`make demo`); its env file is read
// from MOHAR_DEMO_DIR, and person, activation and portal are rows of this test's own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';

const root = process.env.MOHAR_ROOT ?? process.cwd();
const require = createRequire(root + '/tests/npm/package.json');

function readEnv() {
	const file = (process.env.MOHAR_DEMO_DIR ?? root + '/var/demo') + '/env';
	const found = existsSync(file) ? readFileSync(file, 'utf8').matchAll(/^(?:export )?(MOHAR_[A-Z0-9_]+)='?(.*?)'?$/gm) : [];
	return { ...Object.fromEntries([...found].map(([, name, value]) => [name, value])), ...process.env };
}

const env = readEnv();
const skip = env.MOHAR_ISSUER && env.MOHAR_DATABASE && env.MOHAR_TLS_CA ? false : 'no demo is running here: `make demo` starts one';
const issuer = env.MOHAR_ISSUER;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const sql = (statement) => execFileSync('psql', [env.MOHAR_DATABASE, '-v', 'ON_ERROR_STOP=1', '-qAtc', statement]).toString().trim();
const sha256 = (text) => createHash('sha256').update(text).digest();
const hex = (bytes) => `'\\x${bytes.toString('hex')}'`;

const tag = randomBytes(6).toString('hex');
const person = randomUUID();
const name = 'Test Citizen Pages';
const clientId = 'pages-' + tag;
let home, browser, axe, portal, portalAddress, context, page, cdp, authenticator;

function activation() {
	const code = randomBytes(32).toString('base64url');
	sql(`INSERT INTO idp.activation VALUES (${hex(sha256(code))}, '${person}', 2, 'test', now(), now() + interval '1 hour', NULL)`);
	return code;
}

function makeRows() {
	sql(`INSERT INTO idp.person VALUES ('${person}', 'pages-${tag}', '${name}', '1980-04-01', 'female', 2, 'card-${tag}', ${hex(randomBytes(32))}, now(), NULL);
		INSERT INTO idp.sector VALUES ('pages-test', now()) ON CONFLICT DO NOTHING;
		INSERT INTO idp.client VALUES ('${clientId}', '[{"language":"en","text":"Test Portal"}]', 'pages-test', NULL, 'none', NULL, NULL, '{authorization_code}',
			'{${portalAddress}/cb}', '{${portalAddress}/bye}', '{openid,profile}', '{}', 1, 3, false, now(), NULL)`);
}

async function addAuthenticator() {
	const options = { protocol: 'ctap2', transport: 'usb', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
	({ authenticatorId: authenticator } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options }));
}

// axe-core finds nothing, nothing sticks out at the side: at phone width, at 320 pixels (WCAG 1.4.10), on a wide screen, and in the dark.
async function looksRight(what) {
	await page.evaluate(axe);
	for (const [width, colorScheme] of [[1280, 'light'], [390, 'dark'], [320, 'light']]) {
		await page.setViewportSize({ width, height: 800 });
		await page.emulateMedia({ colorScheme });
		const { violations } = await page.evaluate(() => globalThis.axe.run(document));
		assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), [], `${what} at ${width} pixels`);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} fits ${width} pixels`);
	}
}

const authorize = () => `${issuer}/authorize?` + new URLSearchParams({
	response_type: 'code', client_id: clientId, redirect_uri: portalAddress + '/cb', scope: 'openid profile', state: 's', nonce: 'n',
	code_challenge_method: 'S256', code_challenge: sha256(randomBytes(32)).toString('base64url'),
});

async function signIn() {
	await page.goto(issuer + '/account');
	if (page.url().includes('/login')) {
		await page.locator('form[data-passkey=login] button').click();
		await page.waitForURL('**/account');
	}
}

const means = () => page.locator('section[aria-labelledby=means] .rows li');

before(async () => {
	if (skip)
		return;
	home = mkdtempSync(tmpdir() + '/mohar-pages-');
	mkdirSync(home + '/.pki/nssdb', { recursive: true });
	execFileSync('certutil', ['-d', 'sql:' + home + '/.pki/nssdb', '-N', '--empty-password']);
	execFileSync('certutil', ['-d', 'sql:' + home + '/.pki/nssdb', '-A', '-t', 'C,,', '-n', 'anchor', '-i', env.MOHAR_TLS_CA]);
	axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
	portal = createServer((request, response) => response.end('the portal')).listen(0, '127.0.0.1');
	await new Promise((done) => portal.once('listening', done));
	portalAddress = `http://localhost:${portal.address().port}`;
	makeRows();
	const { chromium } = require('playwright-core');
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS, env: { ...process.env, HOME: home } });
	context = await browser.newContext({ reducedMotion: 'reduce' });
	page = await context.newPage();
	cdp = await context.newCDPSession(page);
	await cdp.send('WebAuthn.enable');
	await addAuthenticator();
}, { timeout: 60000 });

after(async () => {
	if (skip)
		return;
	await browser?.close();
	portal?.close();
	rmSync(home, { recursive: true, force: true });
});

test('activation shows whose ID it is, makes a passkey, and leaves no code behind', { skip }, async () => {
	const code = activation();
	await page.goto(issuer + '/activate#' + code);
	await page.locator('#greeting').waitFor();
	assert.equal(await page.locator('[data-person]').innerText(), name);
	assert.ok(!page.url().includes(code));
	await looksRight('activation');
	await page.fill('#name', 'My phone');
	await page.locator('form[data-passkey=activate] button').click();
	await page.locator('#done').waitFor();
	assert.equal(sql(`SELECT count(*) FROM idp.credential WHERE person = '${person}' AND bound_level = 2 AND name = 'My phone'`), '1');
	await page.goto('about:blank');
	await page.goto(issuer + '/activate#' + code);
	await page.locator('#message').waitFor();
	assert.match(await page.locator('#message').innerText(), /no longer valid/);
	assert.equal(sql(`SELECT count(*) FROM idp.credential WHERE person = '${person}'`), '1');
});

test('login never asks who you are, and works by keyboard alone', { skip }, async () => {
	await page.goto(issuer + '/account');
	assert.match(page.url(), /\/login\?flow=/);
	await looksRight('login');
	for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement?.textContent?.trim() !== 'Sign in with a passkey'); i++)
		await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await page.waitForURL('**/account');
	assert.equal(await page.locator('h1').innerText(), name);
	await looksRight('account');
});

test('a second passkey is added, the first removed, and the last cannot be', { skip }, async () => {
	await signIn();
	assert.equal(await page.locator('form[action="/account/passkeys/remove"]').count(), 0);
	const first = sql(`SELECT encode(id, 'base64') FROM idp.credential WHERE person = '${person}'`);
	await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: authenticator });
	await addAuthenticator();
	await page.fill('#name', 'Work computer');
	await page.locator('form[data-passkey=add] button').click();
	await page.waitForURL('**/account?done=added');
	assert.equal(await means().count(), 2);
	await page.locator('form[action="/account/passkeys/remove"] button').first().click();
	await page.waitForURL('**/account?done=removed');
	assert.equal(await means().count(), 1);
	const last = sql(`SELECT encode(id, 'base64') FROM idp.credential WHERE person = '${person}' AND removed_at IS NULL`);
	assert.notEqual(last, first);
	/* by hand, past the page that offers no button */
	const csrf = await page.locator('form[data-passkey=add]').getAttribute('data-finish').then((address) => new URL(address, issuer).searchParams.get('csrf'));
	const status = await page.evaluate(async ([token, id]) => {
		const body = new URLSearchParams({ csrf: token, id });
		return (await fetch('/account/passkeys/remove', { method: 'POST', body })).status;
	}, [csrf, Buffer.from(last, 'base64').toString('base64url')]);
	assert.equal(status, 403);
	assert.equal(sql(`SELECT count(*) FROM idp.credential WHERE person = '${person}' AND removed_at IS NULL`), '1');
});

test('forms without token, with another, or from another origin are refused', { skip }, async () => {
	await signIn();
	const cookies = (await context.cookies(issuer)).map((c) => `${c.name}=${c.value}`).join('; ');
	const csrf = new URL(await page.locator('form[data-passkey=add]').getAttribute('data-finish'), issuer).searchParams.get('csrf');
	const send = (token, origin) => {
		const curl = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', env.MOHAR_TLS_CA, '-b', cookies, '--data-urlencode', 'id=AAAA'];
		if (token)
			curl.push('--data-urlencode', 'csrf=' + token);
		if (origin)
			curl.push('-H', 'Origin: ' + origin);
		return execFileSync('curl', [...curl, issuer + '/account/passkeys/remove']).toString();
	};
	assert.equal(send(null, issuer), '403');
	assert.equal(send(csrf.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')), issuer), '403');
	assert.equal(send(csrf, 'https://evil.example'), '403');
	assert.equal(send(csrf, 'null'), '403');
	assert.equal(send(csrf, null), '403');
});

test('consent shows what is shared, in two languages, and may be given, withdrawn and refused', { skip }, async () => {
	await signIn();
	await page.goto(authorize());
	assert.match(await page.locator('h1').innerText(), /Test Portal/);
	assert.match(await page.locator('.shared').innerText(), /Test Citizen Pages, 1980-04-01, female/);
	await looksRight('consent');
	await page.locator('a[hreflang=dz]').click();
	assert.equal(await page.locator('html').getAttribute('lang'), 'dz');
	await looksRight('consent in Dzongkha');
	await page.locator('a[hreflang=en]').click();
	await page.locator('button[value=allow]').click();
	await page.waitForURL(portalAddress + '/cb?**');
	assert.ok(new URL(page.url()).searchParams.get('code'));
	await page.goto(authorize());
	assert.ok(page.url().startsWith(portalAddress), 'consent that was given is not asked for again');
	await page.goto(issuer + '/account');
	await page.locator('form[action="/account/services/withdraw"] button').click();
	await page.waitForURL('**/account?done=withdrawn');
	await page.goto(authorize());
	await page.locator('button[value=deny]').click();
	await page.waitForURL(portalAddress + '/cb?**');
	assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
});

test('a session can be ended from another one', { skip }, async () => {
	await signIn();
	sql(`INSERT INTO idp.session (id, hash, actor, principal, channel, authenticator, bound_level, ceiling, amr, auth_time, last_seen, device)
		VALUES (gen_random_uuid(), ${hex(randomBytes(32))}, '${person}', '${person}', 'web', 2, 2, 3, '{hwk}', now(), now(), 'Firefox/1 (Android)')`);
	await page.goto(issuer + '/account');
	assert.match(await page.locator('section[aria-labelledby=sessions]').innerText(), /Firefox, Android/);
	await page.locator('form[action="/account/sessions/end"] button').first().click();
	await page.waitForURL('**/account?done=ended');
	assert.doesNotMatch(await page.locator('section[aria-labelledby=sessions]').innerText(), /Firefox, Android/);
});

test('signing out by a portal asks first and ends at the portal', { skip }, async () => {
	await signIn();
	await page.goto(`${issuer}/end_session?` + new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: portalAddress + '/bye', state: 'x' }));
	await looksRight('sign out');
	await page.locator('main button').click();
	await page.waitForURL(portalAddress + '/bye?state=x');
	await page.goto(issuer + '/account');
	assert.match(page.url(), /\/login\?flow=/);
});

test('a copied authenticator is refused, and the person sees it', { skip }, async () => {
	const { credentials: [copy] } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: authenticator });
	await cdp.send('WebAuthn.removeCredential', { authenticatorId: authenticator, credentialId: copy.credentialId });
	await cdp.send('WebAuthn.addCredential', { authenticatorId: authenticator, credential: { ...copy, signCount: 0 } });
	await page.goto(issuer + '/account');
	await page.locator('form[data-passkey=login] button').click();
	await page.locator('#message').waitFor();
	assert.match(page.url(), /\/login/);
	assert.equal(sql(`SELECT count(*) FROM idp.event WHERE type = 'login.failed' AND principal = '${person}'`), '1');
	await cdp.send('WebAuthn.removeCredential', { authenticatorId: authenticator, credentialId: copy.credentialId });
	await cdp.send('WebAuthn.addCredential', { authenticatorId: authenticator, credential: { ...copy, signCount: copy.signCount + 10 } });
	await signIn();
	assert.match(await page.locator('section[aria-labelledby=history]').innerText(), /A sign-in was refused/);
});

test('a page that is not there has words, and without script a passkey page says what it needs', { skip }, async () => {
	await page.goto(issuer + '/nothing-here');
	assert.equal(await page.locator('h1').innerText(), 'This cannot be done');
	await looksRight('error page');
	await page.goto(issuer + '/');
	await looksRight('start page');
	const plain = await browser.newContext({ javaScriptEnabled: false });
	const quiet = await plain.newPage();
	await quiet.goto(issuer + '/account');
	assert.match(await quiet.locator('main').innerText(), /Passkeys need JavaScript/);
	assert.ok(await quiet.locator('a[href*="/card?flow="]').isVisible());
	await plain.close();
});

test('no page may be framed, run inline script or load from elsewhere', { skip }, async () => {
	for (const path of ['/', '/activate', '/account', '/nothing-here']) {
		const response = await page.goto(issuer + path);
		const policy = response.headers()['content-security-policy'];
		assert.match(policy, /default-src 'none'; script-src 'self';/);
		assert.match(policy, /frame-ancestors 'none'; base-uri 'none'/);
		assert.doesNotMatch(policy, /unsafe|\*/);
		assert.equal(response.headers()['x-content-type-options'], 'nosniff');
		assert.equal(await page.locator('script:not([src]), [style], [onclick]').count(), 0);
	}
});
