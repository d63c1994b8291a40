// The house that the browser tests visit: the running demo's addresses, people and decisions of a test's own, and a browser that trusts the demo's authority.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { Person } from '../../deploy/demo/browser/person.mjs';

const env = process.env;
export const absent = env.MOHAR_ISSUER && env.MOHAR_SIGNER_URL ? false : 'no demo is running';
export const issuer = env.MOHAR_ISSUER;
export const signer = env.MOHAR_SIGNER_URL;

export const sql = (statement) => execFileSync('psql', [env.MOHAR_DATABASE, '-v', 'ON_ERROR_STOP=1', '-qAtc', statement]).toString().trim();
export const sha256 = (text) => createHash('sha256').update(text).digest();

// A home of the browser's own, so that what it trusts is what the demo made.
let home = null;
export function homeMade() {
	if (home) return home;
	home = mkdtempSync(`${tmpdir()}/mohar-home-`);
	mkdirSync(`${home}/.pki/nssdb`, { recursive: true });
	execFileSync('certutil', ['-d', `sql:${home}/.pki/nssdb`, '-N', '--empty-password']);
	execFileSync('certutil', ['-d', `sql:${home}/.pki/nssdb`, '-A', '-t', 'C,,', '-n', 'mohar', '-i', env.MOHAR_TLS_CA]);
	Object.assign(env, { HOME: home, XDG_CONFIG_HOME: home });
	process.on('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
	return home;
}

// Somebody at a browser: with a passkey of a certified model if on usb. Closed by the caller.
export async function visitor(options) {
	homeMade();
	return Person.open(options);
}

// A citizen, made straight in the registry's tables: plainly test data, gone with the demo.
export class Citizen {
	constructor({ name = 'Test Citizen Browser', proofing = 3 } = {}) {
		this.id = randomUUID();
		this.handle = `test-${randomBytes(6).toString('hex')}`;
		this.name = name;
		sql(`INSERT INTO idp.person (id, handle, name, birthdate, gender, proofing, card_subject, user_handle, created_at)
		     VALUES ('${this.id}', '${this.handle}', '${name.replaceAll("'", "''")}', '1980-04-01', 'female', ${proofing}, '${this.handle}',
		     '\\x${randomBytes(32).toString('hex')}', now())`);
	}

	// A fresh activation address, as a registrar's order would make it.
	invited(level = 3) {
		const code = randomBytes(32).toString('base64url');
		sql(`INSERT INTO idp.activation (code_hash, person, level, registrar, created_at, expires_at)
		     VALUES (sha256('${code}'), '${this.id}', ${level}, 'test', now(), now() + interval '1 hour')`);
		return `${issuer}/activate#${code}`;
	}

	// Who may confirm land transfers.
	appointed() {
		sql(`INSERT INTO idp.appointment (id, person, agency, office, title, valid_from, valid_until, statement)
		     VALUES ('${randomUUID()}', '${this.id}', 'land', 'land-registrar', 'Registrar of Land', now() - interval '1 hour', now() + interval '1 day', 'test')`);
		return this;
	}

	passkeys() {
		return sql(`SELECT algorithm || ' ' || format FROM idp.credential WHERE person = '${this.id}' AND removed_at IS NULL ORDER BY created_at`).split('\n');
	}
}

// A portal that shows consent: its rows, the address that people come back to, and one where a login at it begins.
export async function portal(name = 'Test Portal') {
	const server = createServer((_, response) => response.end('the portal')).listen(0, '127.0.0.1');
	server.unref();
	await once(server, 'listening');
	const back = `http://localhost:${server.address().port}/cb`;
	const id = `browser-${randomBytes(6).toString('hex')}`;
	const names = JSON.stringify([{ language: 'en', text: name }]).replaceAll("'", "''");
	sql(`INSERT INTO idp.sector VALUES ('browser', now()) ON CONFLICT DO NOTHING;
	     INSERT INTO idp.client (id, name, sector, auth_method, grants, redirect_uris, post_logout_redirect_uris, scopes, resources, min_level, max_level, require_par, created_at)
	     VALUES ('${id}', '${names}', 'browser', 'none', '{authorization_code}', '{${back}}', '{${back}}', '{openid,profile}', '{}', 1, 3, false, now())`);
	const request = new URLSearchParams({
		response_type: 'code', client_id: id, redirect_uri: back, scope: 'openid profile', state: 's', nonce: 'n',
		code_challenge_method: 'S256', code_challenge: sha256(randomBytes(32)).toString('base64url'),
	});
	return { id, back, login: `${issuer}/authorize?${request}` };
}

const mohar = (...args) => {
	const { MOHAR_AGENCY_CLIENT_ID, MOHAR_AGENCY_JWK } = env;
	return JSON.parse(execFileSync(`${env.MOHAR_BUILD}/bin/mohar`, ['decision', ...args, '--json'], { env: { ...env, MOHAR_AGENCY_CLIENT_ID, MOHAR_AGENCY_JWK } }));
};

// A land transfer that waits for its officer: { id, confirm_url }.
export function proposed(facts = {}) {
	const all = { parcel: 'T-7/42', area_square_metres: 400, role: 'transferee', instrument: 'sale', ...facts };
	return mohar('create', '--type', 'land-transfer', '--sub', randomUUID(), '--outcome', 'approved', '--facts', JSON.stringify(all));
}
export const revoked = (id) => mohar('revoke', id, '--reason', 'test');
export const sealed = (id) => sql(`SELECT jws FROM signer.decision WHERE id = '${id}'`);

// Signs in with the passkey that the visitor holds, wherever the page asks for it.
export async function signedIn(person, where = `${issuer}/account`) {
	await person.page.goto(where);
	if (person.page.url().includes('/login?')) {
		const gone = person.page.waitForURL((url) => url.pathname !== '/login');
		await person.page.locator('form[data-passkey=login] button[type=submit]').click();
		await gone;
	}
}
