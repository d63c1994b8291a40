// What the tests of EST and CMP have at hand: enrolments by the operator's card, keys and requests by openssl, stock clients.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { absent as noDemo, sql } from '../idp/client.mjs';

const env = process.env;
export const absent = noDemo || (env.MOHAR_DEVICE_URL ? false : 'the demo does not say where devices enrol');
export const url = env.MOHAR_DEVICE_URL;
export const anchor = env.MOHAR_TLS_CA;
export { sql };
export const installed = (program) => ['/usr/bin', '/usr/sbin'].some((folder) => existsSync(join(folder, program)));

export const folder = mkdtempSync(join(tmpdir(), 'mohar-device-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let made = 0;
export const place = (name) => join(folder, `${++made}-${name}`);

// `mohar ca device WORDS`, ordered by the operator's card.
export function device(...words) {
	const card = ['--token', 'operator', '--pin', `file:${env.MOHAR_DEMO_DIR}/cards/operator.pin`];
	return JSON.parse(execFileSync(join(env.MOHAR_BUILD ?? '', 'bin', 'mohar'), ['ca', 'device', ...words, ...card, '--json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}
export const NAMES = ['dns:*.sensors.health.test', 'CN:sensor-*', 'O:Health', 'uri:urn:dev:*'];
export const enrolled = ({ uses = 1, names = NAMES, profile = 'tls-client' } = {}) =>
	device('add', '--agency', 'health', '--profile', profile, '--uses', String(uses), ...names.flatMap((name) => ['--names', name]));

const openssl = (words, options = {}) => execFileSync('openssl', words, { stdio: ['pipe', 'pipe', 'ignore'], ...options });
export function newKey(...words) {
	const file = place('key.pem');
	openssl(['genpkey', ...(words.length ? words : ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']), '-out', file]);
	return file;
}
// names: "DNS:a", "URI:b"
export function csr({ key = newKey(), subject = '/O=Health/CN=s1.sensors.health.test', names = ['DNS:s1.sensors.health.test'], extra = [] } = {}) {
	const extensions = [...(names.length ? [`subjectAltName=${names.join(',')}`] : []), ...extra].flatMap((text) => ['-addext', text]);
	return { key, der: openssl(['req', '-new', '-key', key, '-subj', subject, '-outform', 'DER', ...extensions]) };
}

// ---- EST, by hand
export function call(method, path, { body, user, tls = {}, type = 'application/pkcs10', headers = {} } = {}) {
	return new Promise((resolve, reject) => {
		const request = https.request(url + path, {
			method,
			ca: readFileSync(anchor),
			headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
			...(user ? { auth: user } : {}),
			...tls,
			agent: false,
		}, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part));
			answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(parts), text: Buffer.concat(parts).toString() }));
		});
		request.on('error', reject);
		request.end(body);
	});
}
export const basic = (enrolment) => `${enrolment.id}:${enrolment.secret}`;
export const enroll = (enrolment, request, { path = '/.well-known/est/simpleenroll', ...more } = {}) =>
	call('POST', path, { user: basic(enrolment), body: request.der.toString('base64'), ...more });
export const reenroll = (own, request, more = {}) =>
	call('POST', '/.well-known/est/simplereenroll', { body: request.der.toString('base64'), tls: { cert: own.pem, key: readFileSync(own.key) }, ...more });
// The certificates of a certs-only answer, PEM each.
export function certificates(answer) {
	assert.equal(answer.status, 200, answer.text);
	const text = openssl(['pkcs7', '-inform', 'DER', '-print_certs'], { input: Buffer.from(answer.text, 'base64') }).toString();
	return text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/g) ?? [];
}
export async function certified(request = csr(), options = {}) {
	const [pem] = certificates(await enroll(enrolled(options), request));
	return { pem, key: request.key };
}

// A stock client; its words and what it said.
export function run(program, words, { seconds = 60, input } = {}) {
	return new Promise((resolve) => {
		const child = spawn(program, words, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: seconds * 1000 });
		const out = [];
		let said = '';
		child.stdout.on('data', (part) => out.push(part));
		child.stderr.on('data', (part) => (said += part));
		child.on('error', (error) => resolve({ code: -1, said: String(error), out: Buffer.concat(out) }));
		child.on('close', (code) => resolve({ code, said, out: Buffer.concat(out) }));
		child.stdin.end(input);
	});
}
export const serialOf = (pem) => openssl(['x509', '-noout', '-serial'], { input: pem }).toString().trim().split('=')[1].toLowerCase().padStart(32, '0');
export const textOf = (pem) => openssl(['x509', '-noout', '-text'], { input: pem }).toString();
export const row = (serial, column) => sql(`SELECT ${column} FROM ca.certificate WHERE serial = '\\x${serial}'`);
