// A visitor: a browser without a screen, that keeps cookies and says to the byte what a test wants said. Used by the tests beside it.
import { call, issuer, sql } from '../idp/client.mjs';

export class Visitor {
	cookies = new Map();

	header() {
		return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
	}

	keep(answer) {
		for (const line of answer.headers['set-cookie'] ?? []) {
			const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
			if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(name);
			else this.cookies.set(name, value);
		}
		return answer;
	}

	async send(method, url, headers = {}, body = undefined) {
		const cookie = this.cookies.size ? { cookie: this.header() } : {};
		return this.keep(await call(method, url, { headers: { ...cookie, ...headers }, body }));
	}

	get(url) {
		return this.send('GET', url, { accept: 'text/html' });
	}

	// A form of one of the pages.
	post(path, values, headers = {}) {
		const type = { 'content-type': 'application/x-www-form-urlencoded', origin: issuer, accept: 'text/html' };
		return this.send('POST', path, { ...type, ...headers }, new URLSearchParams(values).toString());
	}

	// What the pages' script says.
	script(path, json, headers = {}) {
		return this.send('POST', path, { 'content-type': 'application/json', accept: 'application/json', origin: issuer, ...headers }, JSON.stringify(json));
	}

	// Opens a page of the person's own, is sent to log in: the flow's name.
	async begin(path = '/account') {
		const answer = await this.get(path);
		const flow = answer.headers.location?.match(/^\/login\?flow=([\w-]{43})$/)?.[1];
		if (!flow) throw new Error(`no login was asked for at ${path}: ${answer.status} ${answer.headers.location}`);
		return flow;
	}

	async challenge(flow) {
		const answer = await this.script(`/login/options?flow=${flow}`, {});
		if (answer.status !== 200) throw new Error(`no challenge: ${answer.status} ${answer.text}`);
		return answer.json;
	}

	finish(flow, credential) {
		return this.script(`/login/passkey?flow=${flow}`, credential);
	}

	// The whole login; changed: what the passkey is made to do wrong.
	async login(passkey, changed = {}, flow = undefined) {
		const at = flow ?? (await this.begin());
		return this.finish(at, passkey.assertion(await this.challenge(at), changed));
	}

	get loggedIn() {
		return this.cookies.has('__Host-session');
	}

	// The row of this browser's session.
	session(column) {
		return sql(`SELECT ${column} FROM idp.session WHERE hash = sha256('${this.cookies.get('__Host-session')}')`);
	}
}
