// A light load on all daemons at once, each flow in its own loop: code exchange, decisions made and confirmed, certificates. It keeps what was acknowledged (2xx,
// exit 0), so that the tests can ask for it again after the deaths, and every answer that was a failure, so that they can see how it failed.
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { agency, assertion, call, code, exchange, post, session, sql } from '../idp/client.mjs';

const env = process.env;
const signer = env.MOHAR_SIGNER_URL;
export const demo = env.MOHAR_DEMO_DIR;

// Resolves with the exit status and what was said.
export function child(command, args, more = {}) {
	return new Promise((resolve) => {
		const c = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30000, env: { ...env, ...more } });
		let out = '';
		let err = '';
		c.stdout.on('data', (d) => (out += d));
		c.stderr.on('data', (d) => (err += d));
		c.on('close', (status) => resolve({ status, out, err }));
	});
}

const card = { MOHAR_CARD_TOKEN: 'operator', MOHAR_CARD_PIN: `file:${demo}/cards/operator.pin` };
export const mohar = (args, more = {}) => child(`${env.MOHAR_BUILD}/bin/mohar`, args, more);
export const byOperator = (...args) => mohar(args, card);

export class Load {
	constructor(csr) {
		this.csr = csr;
		this.kept = { tokens: [], sealed: [], confirmed: [], pending: [], certificates: [] };
		this.failed = []; // {what, status, retry, text}
		this.broken = 0; // connections that died: nothing was said
		this.running = true;
		this.cookie = session(2);
		this.officer = randomBytes(32).toString('base64url');
		this.form = randomBytes(32).toString('base64url');
		// An officer who logged in a moment ago.
		sql(`INSERT INTO signer.officer_session (id, actor, principal, sector, channel, level, offices, form, auth_time, expires)
		     VALUES (sha256('${this.officer}'), 'test', 'test', 'signer', 'web', 3,
		     '[{"title": "Registrar of Land", "agency": "land", "office": "land-registrar"}]', '${this.form}', now(), now() + interval '1 hour')`);
		this.subject = sql("SELECT sub FROM idp.subject WHERE sector = 'land' LIMIT 1");
		this.loops = [this.loop(() => this.exchange()), this.loop(() => this.exchange()), this.loop(() => this.decide()), this.loop(() => this.certify())];
	}

	async loop(step) {
		while (this.running) {
			try {
				await step();
			} catch (error) {
				if (!error.code) throw error; // a fault of this test, not a dead connection
				this.broken++;
			}
			await new Promise((resolve) => setTimeout(resolve, 5)); // pace of the load; nothing is awaited here
		}
	}

	async stop() {
		this.running = false;
		await Promise.all(this.loops);
	}

	// Keeps a failure; says whether the answer was one of these.
	good(what, answer, ...statuses) {
		if (statuses.includes(answer.status)) return true;
		this.failed.push({ what, status: answer.status, retry: answer.headers['retry-after'], text: answer.text.slice(0, 300) });
		return false;
	}

	async exchange() {
		const given = await code(this.cookie);
		if (!given.code) return this.good('authorize', given.answer);
		const answer = await exchange(given);
		if (this.good('token', answer, 200)) this.kept.tokens.push(answer.json);
	}

	// The agency's own token, for every request again.
	async bearer() {
		const answer = await post('/token', {
			grant_type: 'client_credentials', scope: 'decisions', resource: signer, client_id: agency, ...(await assertion(agency)),
		});
		return this.good('service token', answer, 200) ? { authorization: `Bearer ${answer.json.access_token}` } : null;
	}

	async decide() {
		const bearer = await this.bearer();
		if (!bearer) return;
		const body = JSON.stringify({
			type: 'land-transfer', sub: this.subject, outcome: 'approved',
			facts: { parcel: 'T-1/42', area_square_metres: 400, role: 'transferee', instrument: 'sale' },
		});
		const key = randomUUID();
		const headers = { ...bearer, 'content-type': 'application/json', 'idempotency-key': key };
		const answer = await call('POST', `${signer}/decisions`, { headers, body });
		if (!this.good('decision', answer, 201, 202)) return;
		this.kept.pending.push({ id: answer.json.id, key });
		const confirmed = await call('POST', `${signer}/confirm/${answer.json.id}`, {
			headers: { origin: signer, cookie: `__Host-officer=${this.officer}`, 'content-type': 'application/x-www-form-urlencoded' },
			body: `form=${this.form}`,
		});
		if (this.good('confirm', confirmed, 303)) this.kept.confirmed.push(answer.json.id);
	}

	async certify() {
		const done = await byOperator('ca', 'issue', '--profile', 'tls-client', '--csr', this.csr, '--subject', 'CN=Test Load', '--json');
		if (done.status === 0) this.kept.certificates.push(JSON.parse(done.out).serial);
		else this.failed.push({ what: 'certificate', exit: done.status, text: done.out + done.err });
	}

	// How much of each was acknowledged.
	count() {
		return [this.kept.tokens.length, this.kept.confirmed.length, this.kept.certificates.length];
	}
}

