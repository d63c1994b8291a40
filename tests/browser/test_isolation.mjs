// What a page must not do: run what is not ours, talk to anybody else, be shown inside another's page. And what it must do without script: say so, and offer what works.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { absent, Citizen, issuer, portal, proposed, sealed, signedIn, signer, visitor } from './house.mjs';

const crafted = '<script>document.title="ran"</script><img src=x onerror="document.title=\'ran\'">';

// Puts markup where no template ever would: the policy must stop what escaping would have stopped before.
const injected = (page) => page.evaluate(async () => {
	const reported = [];
	addEventListener('securitypolicyviolation', (e) => reported.push(e.effectiveDirective));
	const script = document.createElement('script');
	script.textContent = 'globalThis.ran = "inline script"';
	document.body.append(script);
	const picture = document.createElement('img');
	picture.setAttribute('onerror', 'globalThis.ran = "handler"');
	picture.src = '/static/nothing';
	const link = document.createElement('a');
	link.href = 'javascript:globalThis.ran="address"';
	const style = document.createElement('style');
	style.textContent = 'body { outline: 7px solid red }';
	const foreign = document.createElement('script');
	foreign.src = 'https://evil.example/x.js';
	document.body.append(picture, link, style, foreign);
	link.click();
	await fetch('https://evil.example/').catch(() => {});
	for (let i = 0; i < 100 && reported.length < 5; i++) await new Promise((done) => setTimeout(done, 20));
	const outlined = getComputedStyle(document.body).outlineWidth === '7px';
	for (const added of [script, picture, link, style, foreign]) added.remove();
	return { ran: globalThis.ran ?? null, outlined, reported };
});

describe('isolation', { skip: absent }, () => {
	test('a name made of markup is a name; injected script, style and address do not run; nobody else is spoken to', async () => {
		const citizen = new Citizen({ name: `Test ${crafted}` }).appointed();
		const person = await visitor();
		const { page, context } = person;
		const spoken = new Set(), looked = new Set();
		context.on('request', (request) => spoken.add(new URL(request.url()).origin));
		try {
			const { login, back } = await portal(`Portal ${crafted}`);
			const look = async (name) => {
				assert.equal(await page.locator('script:not([src]), img[onerror], [style], iframe, object, embed').count(), 0, name);
				assert.notEqual(await page.title(), 'ran', name);
				const { ran, outlined, reported } = await injected(page);
				assert.deepEqual([ran, outlined], [null, false], name);
				assert.ok(reported.length >= 4, `${name}: the policy stopped ${reported}`);
				spoken.delete('https://evil.example');
				looked.add(name);
			};
			await page.goto(citizen.invited());
			await page.locator('#greeting').waitFor();
			assert.ok((await page.locator('#greeting').innerText()).includes(crafted));
			await look('activate');
			await page.fill('#name', crafted.slice(0, 60));
			await page.locator('form[data-passkey=activate] button').click();
			await page.locator('#done').waitFor();
			await page.goto(login);
			assert.ok((await page.locator('main').innerText()).includes(crafted));
			await look('login');
			await page.goto(login);
			await page.locator('form[data-passkey=login] button').click();
			await page.locator('form[action="/consent"]').waitFor();
			assert.ok((await page.locator('h1').innerText()).includes(crafted));
			await look('consent');
			await page.locator('button[value=allow]').click();
			await page.waitForURL(`${back}*`);
			await page.goto(`${issuer}/account`);
			assert.ok((await page.locator('main').innerText()).includes(crafted));
			await look('account');
			await page.goto(`${issuer}/`);
			await look('home');
			await page.goto(`${issuer}/authorize?client_id=${encodeURIComponent(crafted)}&redirect_uri=${encodeURIComponent(crafted)}`);
			await look('error');
			await page.goto(`${issuer}/end_session`);
			await look('logout');
			const { id, confirm_url } = proposed();
			await person.enter(confirm_url, `form[action="/confirm/${id}"]`);
			await look('confirm');
			await page.goto(`${signer}/verify?lang=${encodeURIComponent(crafted)}`);
			await page.fill('#decision', crafted);
			await page.locator('form[action="/verify"] button').click();
			await page.locator('[role=status]').waitFor();
			await look('verify');
			await page.goto(`${signer}/${encodeURIComponent(crafted)}`);
			await look('refusal');
			assert.equal(looked.size, 10);
			assert.deepEqual([...spoken].sort(), [issuer, signer, new URL(back).origin].sort());
		} finally {
			await person.close();
		}
	});

	test('no page can be shown inside another\'s', async () => {
		const person = await visitor();
		const { id } = proposed();
		const framed = [`${issuer}/`, `${issuer}/account`, `${issuer}/activate`, `${issuer}/end_session`, (await portal()).login, `${issuer}/nothing-here`,
			`${signer}/verify`, `${signer}/confirm/${id}`, `${signer}/nothing-here`];
		const escape = (text) => text.replaceAll('&', '&amp;');
		const evil = createServer((_, response) => {
			response.setHeader('content-type', 'text/html');
			response.end(`<title>evil</title>${framed.map((a) => `<iframe src="${escape(a)}"></iframe>`).join('')}`);
		}).listen(0, '127.0.0.1');
		try {
			await new Promise((done) => evil.once('listening', done));
			await person.page.goto(`http://localhost:${evil.address().port}/`);
			const frames = person.page.frames().filter((f) => f !== person.page.mainFrame());
			assert.equal(frames.length, framed.length);
			for (const [i, frame] of frames.entries()) {
				assert.match(frame.url(), /^chrome-error:/, framed[i]);
				assert.equal(await frame.locator('.brand').count(), 0, framed[i]);
			}
		} finally {
			evil.close();
			await person.close();
		}
	});

	test('without script: pages with passkeys say what is needed and offer the card; everything else works', async () => {
		const citizen = new Citizen().appointed();
		const person = await visitor();
		const quiet = await visitor({ page: { javaScriptEnabled: false } });
		const { page } = quiet;
		try {
			const { login } = await portal();
			for (const address of [login, `${issuer}/account`]) {
				await page.goto(address);
				assert.match(await page.locator('main').innerText(), /Passkeys need JavaScript/, address);
				assert.ok(await page.locator('a[href*="/card?flow="]').isVisible());
				assert.equal(await page.locator('form[data-passkey]').isVisible(), false, 'no button that does nothing');
			}
			await page.goto(citizen.invited());
			assert.match(await page.locator('main').innerText(), /Passkeys need JavaScript/);
			assert.equal(await page.locator('form[data-passkey]').isVisible(), false);
			// The session of a browser with script, in one without: consent, account, confirmation and sign-out are plain forms.
			await person.activate(citizen.invited());
			await signedIn(person);
			await quiet.context.addCookies(await person.context.cookies());
			await page.goto(login);
			await page.locator('button[value=deny]').waitFor();
			const { id, confirm_url } = proposed();
			await page.goto(confirm_url);
			await page.locator('button[value=allow]').click();
			await page.locator(`form[action="/confirm/${id}"] button`).click();
			await page.locator(`a[href="/verify?id=${id}"]`).click();
			assert.equal(await page.locator('.message.good').count(), 1);
			await page.fill('#decision', sealed(id));
			await page.locator('form[action="/verify"] button').click();
			await page.locator('.message.good').waitFor();
			await page.goto(`${issuer}/account`);
			assert.match(await page.locator('main').innerText(), /Passkeys need JavaScript/);
			await page.locator('form[action="/end_session"] button').click();
			assert.match(await page.locator('h1').innerText(), /signed out/);
		} finally {
			await person.close();
			await quiet.close();
		}
	});
});
