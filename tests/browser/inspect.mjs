// What holds on every page, looked at in the four looks that people have, and at 320 pixels; with MOHAR_PICTURES=FOLDER a picture of each is left there. Used by the tests of accessibility.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const looks = [[1280, 'light'], [390, 'dark'], [1280, 'dark'], [390, 'light']];
const options = {
	runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
	rules: { 'target-size': { enabled: true } },
	resultTypes: ['violations'],
};
const pictures = process.env.MOHAR_PICTURES; // a folder: what was looked at, for people

export async function inspect(t, page, language, name) {
	await t.test(name, async () => {
		const found = [];
		await page.evaluate(axe);
		const html = page.locator('html');
		assert.deepEqual([await html.getAttribute('lang'), await html.getAttribute('dir')], [language, 'ltr']);
		assert.equal(await page.locator('h1').count(), 1, 'one h1');
		assert.notEqual((await page.title()).trim(), '');
		assert.doesNotMatch(await page.locator('body').innerText(), /\{\{|t:[a-z_]+/, 'a text is missing');
		for (const [width, colorScheme] of looks) {
			await page.setViewportSize({ width, height: 800 });
			await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			const { violations } = await page.evaluate((asked) => globalThis.axe.run(document, asked), options);
			for (const v of violations) found.push(`${width} ${colorScheme}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(' | ')}`);
			if (pictures) await page.screenshot({ path: `${pictures}/${name.replaceAll(/\W+/g, '-')}-${language}-${width}-${colorScheme}.png`, fullPage: true });
		}
		await page.setViewportSize({ width: 320, height: 800 });
		const wide = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 100)));
		if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push(`320: sticks out: ${wide.at(-1)}`);
		await page.setViewportSize({ width: 1280, height: 800 });
		assert.deepEqual(found, []);
	});
}
