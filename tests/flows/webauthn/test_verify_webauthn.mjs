// `mohar verify webauthn` over every vector of Web Authentication Level 3: the command must say what the library says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { MOHAR, authentication, base64url, flip, folder, registration, roots, skip, usual, vectors, verify } from './vectors.mjs';

const register = (v, change, options = {}) =>
	verify(registration(v, change), { ...usual(v, v.registration), 'attestation-trust': roots, ...options });
const publicKey = new Map();
const authenticate = (v, change, options = {}) =>
	verify(authentication(v, change), { ...usual(v, v.authentication), 'public-key': publicKey.get(v.name), ...options });

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
		const { code, error } = register(unverified, {}, { 'user-verification': true });
		assert.equal(code, 1);
		assert.match(error, /UV/);
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
