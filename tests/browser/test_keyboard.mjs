// No mouse: everything that people come here for is done with Tab, Enter and Space; what has the focus is always seen to have it (WCAG 2.1.1, 2.4.1, 2.4.7, 2.4.11).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { absent, Citizen, issuer, portal, proposed, signer, sql, visitor } from './house.mjs';

// What has the focus, and whether that can be seen: an outline, inside the window, not covered.
const focus = (page) => page.evaluate(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return null;
	const style = getComputedStyle(e), box = e.getBoundingClientRect();
	const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
	return {
		what: e.outerHTML.slice(0, 120),
		outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
		inside: box.width > 0 && box.top >= 0 && box.bottom <= innerHeight + 1,
		uncovered: top !== null && (e.contains(top) || top.contains(e)),
	};
});

// Tab until the focus is on what matches, seeing every stop on the way.
async function tabTo(page, selector) {
	for (let stops = 0; stops < 60; stops++) {
		await page.keyboard.press('Tab');
		const at = await focus(page);
		if (!at) continue;
		assert.ok(at.outlined, `no focus to be seen on ${at.what}`);
		assert.ok(at.inside, `the focus is outside the window: ${at.what}`);
		assert.ok(at.uncovered, `the focus is covered: ${at.what}`);
		if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
	}
	assert.fail(`${selector} is not reached by Tab`);
}

async function press(page, selector, key = 'Enter') {
	await tabTo(page, selector);
	await page.keyboard.press(key);
}

describe('keyboard', { skip: absent }, () => {
	test('activation, login and consent', async () => {
		const citizen = new Citizen();
		const person = await visitor({ page: { reducedMotion: 'reduce' } });
		const { page } = person;
		try {
			await page.goto(citizen.invited());
			await page.locator('#greeting').waitFor();
			await press(page, '#name');
			await page.locator('#done').waitFor();
			assert.equal(citizen.passkeys().length, 1, 'Enter in the field sends the form');
			assert.equal(await page.evaluate(() => document.activeElement.id), 'done', 'the focus goes to what has changed');
			await press(page, '#done a');
			await page.waitForURL('**/login?**');
			await press(page, 'form[data-passkey=login] button', 'Space');
			await page.waitForURL('**/account');
			const { login, back } = await portal();
			await page.goto(login);
			await page.locator('form[action="/consent"]').waitFor();
			await press(page, 'button[value=deny]', 'Space');
			await page.waitForURL(`${back}?**error=access_denied**`);
			await page.goto(login);
			await press(page, 'button[value=allow]', 'Enter');
			await page.waitForURL(`${back}?**code=**`);
		} finally {
			await person.close();
		}
	});

	test('an officer\'s confirmation, and the public check', async () => {
		const officer = new Citizen({ name: 'Test Officer Browser' }).appointed();
		const person = await visitor({ page: { reducedMotion: 'reduce' } });
		const { page } = person;
		try {
			await person.activate(officer.invited());
			const { id, confirm_url } = proposed();
			await page.goto(confirm_url);
			await press(page, 'form[data-passkey=login] button');
			await page.locator('form[action="/consent"]').waitFor();
			await press(page, 'button[value=allow]');
			await page.locator(`form[action="/confirm/${id}"]`).waitFor();
			await press(page, `form[action="/confirm/${id}"] button`, 'Space');
			await page.locator(`a[href="/verify?id=${id}"]`).waitFor();
			assert.equal(sql(`SELECT state FROM signer.decision WHERE id = '${id}'`), 'sealed');
			await press(page, `a[href="/verify?id=${id}"]`);
			await page.waitForURL('**/verify?**');
			await tabTo(page, '#decision');
			await page.keyboard.insertText(sql(`SELECT jws FROM signer.decision WHERE id = '${id}'`));
			await press(page, 'form[action="/verify"] button', 'Enter');
			await page.locator('.message.good').waitFor();
			const other = proposed();
			await page.goto(other.confirm_url);
			await press(page, 'summary', 'Enter');
			await tabTo(page, '#reason');
			await page.keyboard.insertText('The plan is missing');
			await press(page, `form[action="/refuse/${other.id}"] button`, 'Space');
			await page.locator('[role=status]').waitFor();
			assert.equal(sql(`SELECT state || ': ' || refusal FROM signer.decision WHERE id = '${other.id}'`), 'refused: The plan is missing');
		} finally {
			await person.close();
		}
	});

	test('the account: a passkey is named and removed, a session ended, signed out', async () => {
		const citizen = new Citizen();
		const person = await visitor({ page: { reducedMotion: 'reduce' } });
		const { page } = person;
		try {
			await person.activate(citizen.invited());
			await page.goto(`${issuer}/account`);
			await press(page, 'form[data-passkey=login] button');
			await page.waitForURL('**/account');
			await person.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: person.authenticator });
			await person.holdAuthenticator();
			await press(page, 'form[data-passkey=add] button', 'Space');
			await page.waitForURL('**/account?done=added');
			await press(page, 'form[action="/account/passkeys/remove"] button');
			await page.waitForURL('**/account?done=removed');
			assert.equal(citizen.passkeys().length, 1);
			await press(page, 'form[action="/end_session"] button');
			await page.waitForURL('**/end_session');
			assert.equal(sql(`SELECT count(*) FROM idp.session WHERE principal = '${citizen.id}' AND ended_at IS NULL`), '0');
		} finally {
			await person.close();
		}
	});

	test('the skip link is the first stop, and skips', async () => {
		const person = await visitor({ page: { reducedMotion: 'reduce' } });
		const { page } = person;
		try {
			for (const address of [`${issuer}/`, `${issuer}/account`, `${issuer}/activate`, `${issuer}/nothing-here`, `${signer}/verify`, `${signer}/nothing-here`]) {
				await page.goto(address);
				await tabTo(page, '.skip');
				assert.equal(await page.evaluate(() => document.querySelector('a, button, input, textarea, summary') === document.activeElement), true, address);
				await page.keyboard.press('Enter');
				await page.keyboard.press('Tab');
				const skipped = await page.evaluate(() => {
					const at = document.activeElement, main = document.getElementById('main');
					return at === document.body || main.contains(at) || Boolean(main.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING);
				});
				assert.ok(skipped, `${address}: the next stop is behind the head`);
			}
		} finally {
			await person.close();
		}
	});
});
