// step: one step of the demo in the browser. `node step.mjs NAME ARG...` prints one JSON document, exits 1 with a sentence if it did not happen.
import { Person } from './person.mjs';

const steps = {
	// A citizen opens the activation address and makes a passkey.
	async activate(url, passkeys, transport) {
		const person = await Person.open({ passkeys, transport });
		try {
			await person.activate(url);
			return { passkeys: (await person.passkeys()).length };
		} finally {
			await person.close();
		}
	},

	// Somebody tries the address once more: the page must say that it is over, and no passkey may come of it.
	async refused(url) {
		const person = await Person.open();
		try {
			await person.page.goto(url);
			await person.page.locator('form[data-passkey=activate] button[type=submit]').click();
			await person.page.locator('#message').waitFor({ state: 'visible', timeout: 10000 });
			return { said: await person.page.locator('#message').innerText() };
		} finally {
			await person.close();
		}
	},

	// One login, two portals. The second must not ask for a passkey, and must know the citizen by another name.
	async portals(land, complaints, passkeys, profile) {
		const person = await Person.open({ passkeys, profile });
		const seen = {};
		try {
			for (const [name, url] of [['land', land], ['complaints', complaints]]) {
				const asked = await person.enter(url, '#sub');
				seen[name] = { asked };
				for (const id of ['sub', 'acr', 'name']) seen[name][id] = await person.page.locator('#' + id).innerText();
			}
			return seen;
		} finally {
			await person.close();
		}
	},

	// The officer reads the decision and confirms it.
	async confirm(url, passkeys, picture) {
		const person = await Person.open({ passkeys });
		try {
			await person.enter(url, 'form[action^="/confirm/"]');
			const title = await person.page.locator('h1').innerText();
			if (picture) await person.page.screenshot({ path: picture, fullPage: true });
			await person.page.locator('form[action^="/confirm/"] button[type=submit]').click();
			await person.page.locator('a[href^="/verify?id="]').waitFor({ timeout: 15000 });
			return { title };
		} finally {
			await person.close();
		}
	},

	// A citizen makes a signing passkey at the registrar's address, and reads out what the page then shows.
	async signing(url, passkeys, picture) {
		const person = await Person.open({ passkeys, transport: 'internal' });
		try {
			const fingerprint = await person.makeSigningPasskey(url);
			if (picture) await person.page.screenshot({ path: picture, fullPage: true });
			return { fingerprint };
		} finally {
			await person.close();
		}
	},

	// The citizen reads what an agency asks for, compares a file, and signs.
	async sign(url, passkeys, file, picture) {
		const person = await Person.open({ passkeys, transport: 'internal' });
		try {
			await person.page.goto(url);
			await person.page.locator('[data-documents] li').first().waitFor({ timeout: 15000 });
			await person.page.setInputFiles('#files', file);
			await person.page.locator('[data-same]:visible').waitFor({ timeout: 15000 });
			if (picture) await person.page.screenshot({ path: picture, fullPage: true });
			await person.sign();
			return { asked: await person.page.locator('[data-description]').innerText() };
		} finally {
			await person.close();
		}
	},

	// An operator of the authority walks through its console; a picture of each page is left in the folder.
	async console(url, passkeys, folder) {
		const person = await Person.open({ passkeys });
		try {
			await person.enter(url, '.places');
			const seen = {};
			for (const [name, path] of [['requests', ''], ['certificates', '/certificates'], ['many', '/bulk'], ['health', '/health']]) {
				await person.page.goto(url + path);
				seen[name] = await person.page.locator('h1').innerText();
				if (folder) await person.page.screenshot({ path: `${folder}/console-${name}.png`, fullPage: true });
			}
			await person.page.goto(`${url}/certificates`);
			await person.page.locator('a.row-title').first().click();
			await person.page.locator('h1.subject').waitFor({ timeout: 15000 });
			if (folder) await person.page.screenshot({ path: `${folder}/console-certificate.png`, fullPage: true });
			return seen;
		} finally {
			await person.close();
		}
	},

	// Anybody looks at the public page.
	async verify(url) {
		const person = await Person.open();
		try {
			await person.page.goto(url);
			return { verdict: await person.page.locator('[role=status]').first().innerText(), title: await person.page.title() };
		} finally {
			await person.close();
		}
	},
};

const [name, ...args] = process.argv.slice(2);
if (!steps[name]) {
	console.error(`step: no such step: ${name}; known are: ${Object.keys(steps).join(', ')}`);
	process.exit(2);
}
try {
	console.log(JSON.stringify(await steps[name](...args.map((a) => (a === '' ? undefined : a)))));
} catch (error) {
	console.error(`${name}: ${error.message}`);
	process.exit(1);
}
