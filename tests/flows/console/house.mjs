// Somebody at the operators' console: people with and without the office, their browsers without a screen, and requests that wait. Used by the tests beside it.
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { call, sql } from '../idp/client.mjs';
import { Citizen } from '../oidc/citizen.mjs';
import { mohar } from '../oidc/card.mjs';

const env = process.env;
export const absent = env.MOHAR_ISSUER && env.MOHAR_CA_URL ? false : 'no demo is running';
export const console_ = `${env.MOHAR_CA_URL}/console`;
export { call, mohar, sql };

// Whoever holds these offices of agency ca; none: a citizen like any other.
export class Holder extends Citizen {
	constructor(...offices) {
		super(3);
		for (const office of offices) this.appointed(office);
		sql(`INSERT INTO idp.consent SELECT '${this.id}', id, scopes, now() FROM idp.client WHERE id = 'console'`);
	}

	appointed(office, agency = 'ca') {
		sql(`INSERT INTO idp.office (agency, office, created_at) VALUES ('${agency}', '${office}', now()) ON CONFLICT DO NOTHING;
		     INSERT INTO idp.appointment (id, person, agency, office, title, valid_from, valid_until, statement)
		     VALUES ('${randomUUID()}', '${this.id}', '${agency}', '${office}', 'Test ${office}', now() - interval '1 hour', now() + interval '1 day', 'test')`);
	}

	dismissed() {
		sql(`UPDATE idp.appointment SET ended_at = now() WHERE person = '${this.id}'`);
	}

	// Logged in at the identity provider ten seconds ago: the cookie.
	session(level = 3) {
		const token = randomBytes(32).toString('base64url');
		sql(`INSERT INTO idp.session (id, hash, actor, principal, channel, authenticator, bound_level, ceiling, amr, auth_time, last_seen, device)
		     VALUES (gen_random_uuid(), sha256('${token}'), '${this.id}', '${this.id}', 'web', ${level}, ${level}, 3, '{hwk,user}', now() - interval '10 s',
		     now() - interval '10 s', 'test')`);
		return `__Host-session=${token}`;
	}
}

// A browser that keeps the console's cookies.
export class Browser {
	cookies = new Map();

	get header() {
		return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
	}

	async send(method, url, headers = {}, body = undefined) {
		const answer = await call(method, new URL(url, console_), { headers: { accept: 'text/html', cookie: this.header, ...headers }, body });
		for (const line of answer.headers['set-cookie'] ?? []) {
			const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
			if (value === '') this.cookies.delete(name);
			else this.cookies.set(name, value);
		}
		return answer;
	}

	get(path) {
		return this.send('GET', `${env.MOHAR_CA_URL}${path}`);
	}

	post(path, values, headers = {}) {
		const type = { 'content-type': 'application/x-www-form-urlencoded', origin: env.MOHAR_CA_URL };
		return this.send('POST', `${env.MOHAR_CA_URL}${path}`, { ...type, ...headers }, new URLSearchParams(values).toString());
	}

	// Asks for a page, is sent to the identity provider, which knows the person, and comes to the way back. changed: what the browser does to the address meanwhile.
	async sent(cookie, path = '/console', changed = (to) => to) {
		const asked = await this.get(path);
		if (asked.status !== 303) throw new Error(`not sent to log in: ${asked.status} ${asked.text}`);
		const to = new URL(asked.headers.location);
		changed(to.searchParams);
		return (await call('GET', to, { headers: { accept: 'text/html', cookie } })).headers.location;
	}

	// The whole way in; what the console answers at its end.
	async enter(person, path = '/console') {
		return this.send('GET', await this.sent(person.session(), path));
	}

	// The token of the forms of this session.
	async form(path = '/console') {
		return (await this.get(path)).text.match(/name="form" value="([\w-]{43})"/)?.[1];
	}
}

export async function inside(person) {
	const browser = new Browser();
	const answer = await browser.enter(person);
	if (answer.status !== 303) throw new Error(`not let in: ${answer.status} ${answer.text}`);
	return browser;
}

// A request that waits: for a server of nobody's, asked for by the demo's operator.
export function waiting(card = 'operator') {
	const name = `console-${randomBytes(4).toString('hex')}.test`;
	const folder = execFileSync('mktemp', ['-d']).toString().trim();
	execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${folder}/key`, '-out', `${folder}/csr`, '-subj', `/CN=${name}`], { stdio: 'pipe' });
	execFileSync('chmod', ['-R', 'a+rX', folder]);
	const told = JSON.parse(mohar(card, 'ca', 'request', '--profile', 'tls-server', '--csr', `${folder}/csr`, '--name', `dns=${name}`, '--json'));
	return { ...told, name, folder };
}

