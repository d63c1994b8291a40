// What an attacker who took over one daemon has in hand: its uid at mohar-hsmd's socket, its role in the database. Needs the demo, as root.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const env = process.env;
export const demo = env.MOHAR_DEMO_DIR;
export const absent = !env.MOHAR_HSM_SOCKET
	? 'no demo is running'
	: process.getuid() !== 0 && 'needs root: as an ordinary user every daemon has the same uid, and permits cannot tell them apart';
// The last five are no callers: the citizens' and portals' side, the signing page's web server, the database's, mohar-hsmd's own, and anybody.
export const users = { ca: 'mohar-cad', idp: 'mohar-idpd', signer: 'mohar-signerd', demo: 'mohar-demo', page: 'mohar-sign', database: 'mohar-db', hsm: 'mohar-hsmd', stranger: 'nobody' };
export const keys = absent ? null : JSON.parse(readFileSync(`${demo}/keys.json`));

// Every uid must be able to reach what it runs.
const place = absent ? null : mkdtempSync(join(tmpdir(), 'mohar-compromise-'));
export const scratch = (name) => join(place, name);
if (!absent) {
	chmodSync(place, 0o755);
	copyFileSync(join(env.MOHAR_BUILD, 'tests/flows/compromise/ask'), scratch('ask'));
	chmodSync(scratch('ask'), 0o755);
}

export function run(command, args, options = {}) {
	const done = spawnSync(command, args, { encoding: 'utf8', timeout: 30000, maxBuffer: 1 << 26, ...options });
	return { status: done.status, out: done.stdout ?? '', err: done.stderr ?? '' };
}
export const as = (user, command, args, options) => {
	const group = run('id', ['-g', user]).out.trim();
	return run('setpriv', [`--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--no-new-privs', '--', command, ...args], options);
};

const hex = (bytes) => (bytes === undefined || bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));

// The operations that there are: [name, is it about a key?]
export const operations = () => run(scratch('ask'), ['--operations']).out.trim().split('\n').map((line) => [line.split(' ')[0], line.endsWith('1')]);

// questions: [op, label, object, evidence]; an answer each: {error, result, why}.
export function ask(user, questions) {
	const input = questions.map(([op, label, object, evidence]) => `${op} ${label ?? 'x'} ${hex(object)} ${hex(evidence)}\n`).join('');
	const { status, out, err } = as(user, scratch('ask'), [env.MOHAR_HSM_SOCKET], { input });
	const lines = out.trimEnd().split('\n');
	if (status !== 0 || lines.length !== questions.length) throw new Error(`ask as ${user}: status ${status}, ${lines.length} answers: ${err}`);
	return lines.map((line) => {
		const [, error, result, why] = /^(\S+) (\S+) ?(.*)$/.exec(line);
		return { error, result: result === '-' ? null : Buffer.from(result, 'hex'), why };
	});
}
export const one = (user, ...question) => ask(user, [question])[0];

// psql as that user, in that role.
export const sqlAs = (user, role, text) =>
	as(user, 'psql', ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', env.MOHAR_DATABASE.replace(/user=\S+/, `user=${role}`), '-c', text]);
export function sql(text) {
	const { status, out, err } = run('psql', [env.MOHAR_DATABASE, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', text]);
	if (status !== 0) throw new Error(err);
	return out.trim();
}

// ---- objects to be signed, fresh: only who asks, or one wrong thing, makes them refused ----
export const now = () => Math.floor(Date.now() / 1000);
const digits = (at) => new Date(at * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
export const generalized = (at) => Buffer.from(digits(at));
export const utc = (at) => Buffer.from(digits(at).slice(2));

// The first element inside a DER SEQUENCE.
export function inner(der) {
	const head = (at) => (der[at + 1] < 0x80 ? 2 : 2 + (der[at + 1] & 0x7f));
	const length = (at) => (der[at + 1] < 0x80 ? der[at + 1] : parseInt(der.subarray(at + 2, at + head(at)).toString('hex'), 16));
	const at = head(0);
	return Buffer.from(der.subarray(at, at + head(at) + length(at)));
}

// Every time of that DER type in der becomes the next of values.
export function dated(der, tag, ...values) {
	const copy = Buffer.from(der);
	const marker = Buffer.from(tag === 'utc' ? [0x17, 13] : [0x18, 15]);
	let at = 0;
	for (const value of values) {
		at = copy.indexOf(marker, at);
		if (at < 0) throw new Error('no time where one was expected');
		(tag === 'utc' ? utc(value) : generalized(value)).copy(copy, at + 2);
		at += 2;
	}
	return copy;
}

export const bytesOf = (pem) => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
export const tbsOf = (pem) => dated(inner(bytesOf(pem)), 'utc', now() - 2);

export const text64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
export const signing = (header, payload) => Buffer.from(`${text64(header)}.${text64(payload)}`);
export const thumbprint = ({ crv, kty, x, y }) => createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');

// A registrar's order, signed on that card as `mohar card enrol` does it.
export function act(card, members, changed = {}) {
	const operator = keys.operators.find(({ name }) => name === card);
	const header = { alg: 'ES256', typ: 'act+jwt', kid: thumbprint(operator.jwk) };
	const iat = changed.iat ?? now();
	const payload = { act: 'certificate.issue', aud: env.MOHAR_CA_URL, iat, exp: iat + 300, jti: randomUUID(), ...members };
	const input = signing(header, payload);
	writeFileSync(scratch('input'), createHash('sha256').update(input).digest());
	chmodSync(scratch('input'), 0o644);
	const output = `/tmp/mohar-act-${process.pid}`;
	const pin = readFileSync(`${demo}/cards/${card}.pin`, 'utf8').trim();
	const done = as(users.demo, 'env', [
		`SOFTHSM2_CONF=${env.SOFTHSM2_CONF}`, 'pkcs11-tool', '--module', env.MOHAR_CARD_MODULE, '--token-label', card, '--login', '--pin', pin, '--sign',
		'--mechanism', 'ECDSA', '--id', '01', '--input-file', scratch('input'), '--output-file', output,
	]);
	if (done.status !== 0) throw new Error(done.err);
	const signature = readFileSync(output);
	run('rm', ['-f', output]);
	return Buffer.from(`${input}.${signature.toString('base64url')}`);
}
