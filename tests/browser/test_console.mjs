// The operators' console in a real browser: every page in each language and look, without script, and by keyboard alone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { absent, bulk, bulkGone, certificate, mohar, operator, origin, sql, waiting } from './console.mjs';
import { Citizen, visitor } from './house.mjs';
import { inspect } from './inspect.mjs';

describe('the console', { skip: absent }, () => {
	let asked, running;
	before(() => {
		asked = waiting();
		running = bulk();
	});
	after(() => bulkGone(running));

	for (const language of ['en', 'dz'])
		test(`pages in ${language}`, async (t) => {
			const person = await operator({ locale: language });
			const { page } = person;
			const see = async (path, name) => {
				if (path) await page.goto(`${origin}${path}`);
				await inspect(t, page, language, `console ${name}`);
			};
			try {
				await see('/console', 'queue');
				await see('/console?text=nothing-like-this', 'queue, nothing');
				await see(`/console/requests/${asked.id}`, 'request');
				await page.locator('summary').first().click();
				await see(null, 'request, turning away');
				await see('/console/certificates', 'certificates');
				await see('/console/certificates?q=nothing-like-this', 'certificates, none');
				await see(`/console/certificates/${certificate()}?action=revoke&reason=keyCompromise`, 'certificate');
				await page.locator('summary').first().click();
				await see(null, 'certificate, extensions');
				await see('/console/bulk', 'many');
				await see('/console/bulk?profile=tls-server&issuer=&from=&before=', 'many, counted');
				await see(`/console/bulk/${running}`, 'many, running');
				await see('/console/health', 'health');
				await see('/console/certificates/00', 'refusal');
			} finally {
				await person.close();
			}
		});

	test('a revoked certificate, and a request turned away', async (t) => {
		const person = await operator();
		const { page } = person;
		const away = waiting();
		try {
			await page.goto(`${origin}/console/requests/${away.id}`);
			await page.locator('summary').click();
			await page.fill('#reason', 'The name is another agency\'s');
			await page.locator('form[action$="/reject"] button').click();
			await page.locator('q').waitFor();
			assert.equal(await page.locator('form[action$="/reject"]').count(), 0);
			await inspect(t, page, 'en', 'console request, turned away');
			const serial = certificate();
			mohar('registrar-1', 'ca', 'suspend', serial);
			try {
				await page.goto(`${origin}/console/certificates/${serial}`);
				await inspect(t, page, 'en', 'console certificate, suspended');
			} finally {
				mohar('registrar-1', 'ca', 'resume', serial);
			}
		} finally {
			await person.close();
		}
	});

	test('without script everything is there: pages, filter, search, turning away', async () => {
		const away = waiting();
		const first = await operator();
		const cookies = await first.context.cookies();
		await first.close();
		const person = await visitor({ page: { javaScriptEnabled: false } });
		const { page } = person;
		try {
			await person.context.addCookies(cookies);
			await page.goto(`${origin}/console`);
			await page.selectOption('#state', 'any');
			await page.fill('#text', away.name);
			await page.locator('form.filter button').click();
			await page.locator('a.row-title').click();
			await page.locator('summary').click();
			await page.fill('#reason', 'No');
			await page.locator('form[action$="/reject"] button').click();
			await page.locator('q').waitFor();
			assert.equal(sql(`SELECT state FROM ca.request WHERE id = '${away.id}'`), 'rejected');
			await page.goto(`${origin}/console/certificates`);
			await page.fill('#q', certificate());
			await page.locator('form.filter button').click();
			await page.locator('h1.subject').waitFor();
			assert.equal(await page.locator('script').count(), 0);
		} finally {
			await person.close();
		}
	});

	test('by keyboard: the skip link first, then filter, a request, and turning it away', async () => {
		const away = waiting();
		const person = await operator({ page: { reducedMotion: 'reduce' } });
		const { page } = person;
		const tabTo = async (selector) => {
			for (let i = 0; i < 80; i++) {
				await page.keyboard.press('Tab');
				const at = await page.evaluate((wanted) => document.activeElement.matches(wanted) && getComputedStyle(document.activeElement).outlineStyle !== 'none', selector);
				if (at) return;
			}
			throw new Error(`${selector} is not reached, or its focus is not seen`);
		};
		try {
			await page.goto(`${origin}/console`);
			await tabTo('.skip');
			await tabTo('#text');
			await page.keyboard.insertText(away.name);
			await page.keyboard.press('Enter');
			await page.waitForURL('**/console?*');
			await tabTo('a.row-title');
			await page.keyboard.press('Enter');
			await page.waitForURL('**/console/requests/*');
			await tabTo('summary');
			await page.keyboard.press('Enter');
			await tabTo('#reason');
			await page.keyboard.insertText('By keyboard');
			await tabTo('form[action$="/reject"] button');
			await page.keyboard.press('Space');
			await page.locator('q').waitFor();
			assert.equal(sql(`SELECT reason FROM ca.request WHERE id = '${away.id}'`), 'By keyboard');
		} finally {
			await person.close();
		}
	});

	test('somebody without the office reads that it is not permitted, and nothing else', async (t) => {
		const person = await visitor();
		const { page } = person;
		try {
			await person.activate(new Citizen().invited());
			await page.goto(`${origin}/console`);
			await page.locator('form[data-passkey=login] button[type=submit]').click();
			await page.locator('form[action="/consent"]').waitFor();
			await page.locator('button[value=allow]').click();
			await page.locator('.eyebrow + h1').waitFor();
			assert.equal(await page.locator('.places').count(), 0);
			await inspect(t, page, 'en', 'console refusal of a citizen');
		} finally {
			await person.close();
		}
	});
});
