// The vectors of Web Authentication Level 3 as a page would post them, and `mohar verify webauthn` over a message. Used by the tests beside it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MOHAR = join(process.env.MOHAR_BUILD, 'bin', 'mohar');
const file = join(process.env.MOHAR_VECTORS ?? '', 'webauthn-l3.json');
export const skip = existsSync(file) ? false : `no ${file}`;
const read = skip ? { vectors: [], attestation_ca: null } : JSON.parse(readFileSync(file, 'utf8'));
export const vectors = read.vectors;

export const folder = mkdtempSync(join(tmpdir(), 'mohar-webauthn-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

export const base64url = (hex) => Buffer.from(hex, 'hex').toString('base64url');

function pem(hex) {
	const body = Buffer.from(hex, 'hex').toString('base64').replace(/(.{64})/g, '$1\n').trimEnd();
	return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}

export const rootsText = skip ? '' : pem(read.attestation_ca.attestation_ca_cert);
export const roots = join(folder, 'roots.pem');
writeFileSync(roots, rootsText);

function response(vector, parts) {
	const id = base64url(vector.registration.credential_id);
	const members = Object.entries(parts).map(([name, hex]) => [name, base64url(hex)]);
	return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: Object.fromEntries(members) };
}

// change: parts of the vector to be replaced, in hexadecimal.
export const registration = (v, change = {}) =>
	response(v, { clientDataJSON: v.registration.clientDataJSON, attestationObject: v.registration.attestationObject, ...change });
export const authentication = (v, change = {}) =>
	response(v, {
		clientDataJSON: v.authentication.clientDataJSON,
		authenticatorData: v.authentication.authenticatorData,
		signature: v.authentication.signature,
		...change,
	});

// An option that is undefined is left out, one that is true is a flag.
export function verify(message, options) {
	const path = join(folder, 'message.json');
	writeFileSync(path, typeof message === 'string' ? message : JSON.stringify(message));
	const words = Object.entries(options)
		.filter(([, value]) => value !== undefined)
		.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));
	const run = spawnSync(MOHAR, ['verify', 'webauthn', '--json', ...words, path], { encoding: 'utf8' });
	return { code: run.status, said: run.stdout ? JSON.parse(run.stdout) : null, error: run.stderr };
}

// What the relying party of a vector asks.
export const usual = (v, ceremony) => ({
	'rp-id': v.rp_id,
	origin: v.origin,
	challenge: base64url(ceremony.challenge),
	'top-origin': 'https://example.com',
});

export function flip(hex, at) {
	const bytes = Buffer.from(hex, 'hex');
	bytes[at] ^= 1;
	return bytes.toString('hex');
}
