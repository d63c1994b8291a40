// `mohar verify webauthn` over every vector of Web Authentication Level 3: the command must say what the library says, and
// @simplewebauthn/server is asked for a second opinion.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

const MOHAR = join(process.env.MOHAR_BUILD, 'bin', 'mohar');
const file = join(process.env.MOHAR_VECTORS ?? '', 'webauthn-l3.json');
const skip = existsSync(file) ? false : `no ${file}`;
const { vectors, attestation_ca: ca } = skip ? { vectors: [], attestation_ca: null } : JSON.parse(readFileSync(file, 'utf8'));

const folder = mkdtempSync(join(tmpdir(), 'mohar-webauthn-'));
after(() => rmSync(folder, { recursive: true }));

const base64url = (hex) => Buffer.from(hex, 'hex').toString('base64url');
const roots = join(folder, 'roots.pem');
if (ca) {
	const body = Buffer.from(ca.attestation_ca_cert, 'hex').toString('base64').replace(/(.{64})/g, '$1\n').trimEnd();
	writeFileSync(roots, `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
}

function response(vector, parts) {
	const id = base64url(vector.registration.credential_id);
	const members = Object.entries(parts).map(([name, hex]) => [name, base64url(hex)]);
	return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: Object.fromEntries(members) };
}

const registration = (v, change = {}) =>
	response(v, { clientDataJSON: v.registration.clientDataJSON, attestationObject: v.registration.attestationObject, ...change });
const authentication = (v, change = {}) =>
	response(v, {
		clientDataJSON: v.authentication.clientDataJSON,
		authenticatorData: v.authentication.authenticatorData,
		signature: v.authentication.signature,
		...change,
	});

// An undefined option is left out.
function verify(message, options) {
	const path = join(folder, 'message.json');
	writeFileSync(path, typeof message === 'string' ? message : JSON.stringify(message));
	const words = Object.entries(options).filter(([, value]) => value !== undefined).flatMap(([name, value]) => [`--${name}`, value]);
	const run = spawnSync(MOHAR, ['verify', 'webauthn', '--json', ...words, path], { encoding: 'utf8' });
	return { code: run.status, said: run.stdout ? JSON.parse(run.stdout) : null, error: run.stderr };
}

const usual = (v, ceremony) => ({
	'rp-id': v.rp_id,
	origin: v.origin,
	challenge: base64url(ceremony.challenge),
	'top-origin': 'https://example.com',
});
const register = (v, change, options = {}) =>
	verify(registration(v, change), { ...usual(v, v.registration), 'attestation-trust': roots, ...options });
const publicKey = new Map();
const authenticate = (v, change, options = {}) =>
	verify(authentication(v, change), { ...usual(v, v.authentication), 'public-key': publicKey.get(v.name), ...options });

function flip(hex, at) {
	const bytes = Buffer.from(hex, 'hex');
	bytes[at] ^= 1;
	return bytes.toString('hex');
}

describe('every vector', { skip }, () => {
	for (const v of vectors) {
		test(`${v.name}: registration is valid`, () => {
			const { code, said, error } = register(v);
			assert.equal(code, 0, error);
			assert.equal(said.result, 'valid');
			assert.equal(said.aaguid, v.registration.aaguid);
			assert.equal(said.credential_id, base64url(v.registration.credential_id));
			assert.ok(v.name.startsWith(said.format));
			assert.equal(said.trust, said.format === 'none' ? 'none' : v.name.includes('self') ? 'self' : 'anchored');
			publicKey.set(v.name, said.public_key);
		});
		test(`${v.name}: authentication is valid`, () => {
			const { code, said, error } = authenticate(v);
			assert.equal(code, 0, error);
			assert.equal(said.result, 'valid');
			assert.equal(said.flags, parseInt(v.authentication.authenticatorData.slice(64, 66), 16));
		});
		test(`${v.name}: a flipped byte is not valid`, () => {
			const { authenticatorData, clientDataJSON, signature } = v.authentication;
			for (const change of [
				{ authenticatorData: flip(authenticatorData, 0) },
				{ authenticatorData: flip(authenticatorData, 36) },
				{ clientDataJSON: flip(clientDataJSON, 40) },
				{ signature: flip(signature, signature.length / 2 - 1) },
			])
				assert.equal(authenticate(v, change).code, 1);
			assert.equal(register(v, { clientDataJSON: flip(v.registration.clientDataJSON, 40) }).code, 1);
			assert.equal(register(v, { attestationObject: flip(v.registration.attestationObject, 0) }).code, 1);
		});
	}
});

describe('refusals have a reason and an exit code', { skip }, () => {
	const v = vectors.find(({ name }) => name === 'packed-es256');
	const cases = {
		'another challenge': [{ challenge: base64url('00'.repeat(32)) }, /challenge/],
		'another origin': [{ origin: 'https://example.org.evil.example' }, /origin/],
		'another relying party': [{ 'rp-id': 'example.com' }, /rpIdHash/],
	};
	for (const [name, [options, reason]] of Object.entries(cases))
		test(name, () => {
			for (const { code, said, error } of [register(v, {}, options), authenticate(v, {}, options)]) {
				assert.equal(code, 1);
				assert.equal(said.result, 'invalid');
				assert.match(said.why, reason);
				assert.match(error, reason);
			}
		});
	test('a frame that is not expected', () => {
		for (const name of ['none-es256-crossOrigin', 'none-es256-topOrigin']) {
			const framed = vectors.find((w) => w.name === name);
			const { code, said } = register(framed, {}, { 'top-origin': undefined });
			assert.equal(code, 1);
			assert.match(said.why, /crossOrigin/);
		}
	});
	test('a path outside its validity leads to nobody', () => {
		const { code, said } = register(v, {}, { at: '2020-01-01T00:00:00Z' });
		assert.equal(code, 1);
		assert.equal(said.result, 'unknown');
	});
	test('a user who was not verified, if that is asked', () => {
		const unverified = vectors.find(({ name }) => name === 'fido-u2f-es256');
		const path = join(folder, 'u2f.json');
		writeFileSync(path, JSON.stringify(registration(unverified)));
		const options = Object.entries(usual(unverified, unverified.registration)).flatMap(([name, value]) => [`--${name}`, value]);
		const run = spawnSync(MOHAR, ['verify', 'webauthn', '--user-verification', ...options, path], { encoding: 'utf8' });
		assert.equal(run.status, 1);
		assert.match(run.stderr, /UV/);
	});
	test('no JSON, and no file', () => {
		assert.equal(verify('not JSON', usual(v, v.registration)).code, 1);
		const run = spawnSync(MOHAR, ['verify', 'webauthn', '--rp-id', 'a', '--origin', 'b', '--challenge', 'AAAA', join(folder, 'absent')]);
		assert.equal(run.status, 1);
	});
	test('wrong usage', () => {
		assert.equal(verify('{}', { ...usual(v, v.registration), challenge: 'not base64url!' }).code, 2);
		assert.equal(verify('{}', { ...usual(v, v.registration), challenge: undefined }).code, 2);
		assert.equal(verify('{}', { ...usual(v, v.registration), 'public-key': '====' }).code, 2);
	});
});
