// `mohar verify jws` over every case of Wycheproof's JWS and JWK files: the command must say what the vectors say. npm jose signs
// what the command must accept, in each serialisation and with each algorithm.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CompactSign, FlattenedSign, GeneralSign, exportJWK, generateKeyPair } from 'jose';

const MOHAR = join(process.env.MOHAR_BUILD, 'bin', 'mohar');
const folder = mkdtempSync(join(tmpdir(), 'mohar-jws-'));
after(() => rmSync(folder, { recursive: true }));

const put = (name, content) => {
	const path = join(folder, name);
	writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
	return path;
};

function verify(keys, jws, ...words) {
	const run = spawnSync(MOHAR, ['verify', 'jws', '--json', '--jwks', put('keys', keys), ...words, put('jws', jws)], {
		encoding: 'utf8',
	});
	return { code: run.status, said: run.stdout ? JSON.parse(run.stdout) : null, error: run.stderr };
}

// A MAC is not built here: what should verify is skipped by name, what should not is refused all the same.
function isMac(keys, jws) {
	if ((keys.keys ?? [keys]).some((key) => key.kty === 'oct')) return true;
	try {
		return JSON.parse(Buffer.from(jws.split('.')[0], 'base64url')).alg.startsWith('HS');
	} catch {
		return false;
	}
}

for (const name of ['wycheproof-jws', 'wycheproof-jwk']) {
	const file = join(process.env.MOHAR_VECTORS ?? '', `${name}.json`);
	const skip = existsSync(file) ? false : `no ${file}`;
	const { testGroups } = skip ? { testGroups: [] } : JSON.parse(readFileSync(file, 'utf8'));

	describe(name, { skip }, () => {
		for (const group of testGroups)
			for (const { tcId, comment, jws, result } of group.tests) {
				const keys = group.public ?? group.private;
				const title = `${name} ${tcId} ${group.comment}: ${comment}`;
				const left = result === 'valid' && isMac(keys, jws) ? 'HMAC is not built here' : false;
				test(title, { skip: left }, () => {
					const { code, said } = verify(keys, jws);
					assert.equal(code, result === 'valid' ? 0 : 1, said?.why);
					assert.equal(said.result === 'valid', result === 'valid');
				});
			}
	});
}

describe('what npm jose signs', () => {
	for (const alg of ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'EdDSA'])
		test(`${alg} in each serialisation`, async () => {
			const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
			const jwk = { ...(await exportJWK(publicKey)), alg, kid: 'k', use: 'sig' };
			const payload = new TextEncoder().encode('{"a":1}');
			const header = { alg, kid: 'k', typ: 'test+jwt' };
			const compact = await new CompactSign(payload).setProtectedHeader(header).sign(privateKey);
			const flattened = await new FlattenedSign(payload).setProtectedHeader(header).sign(privateKey);
			const general = await new GeneralSign(payload)
				.addSignature(privateKey)
				.setProtectedHeader({ alg })
				.setUnprotectedHeader({ kid: 'k' })
				.sign();
			for (const jws of [compact, `${compact}\n`, flattened, general]) {
				const { code, said } = verify({ keys: [jwk] }, jws);
				assert.equal(code, 0, said?.why);
				assert.deepEqual(said.payload, { a: 1 });
			}
			assert.equal(verify({ keys: [jwk] }, compact, '--alg', `ES256K,${alg}`).code, 0);
			assert.equal(verify({ keys: [jwk] }, compact, '--alg', 'ES256K').code, 1);
			general.signatures.push({ ...general.signatures[0], signature: `AAAA${general.signatures[0].signature.slice(4)}` });
			assert.equal(verify({ keys: [jwk] }, general).said.result, 'invalid');
		});
});

describe('what is asked wrongly', () => {
	test('a key that nobody gave makes it unknown, not invalid', async () => {
		const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
		const jwk = { ...(await exportJWK(publicKey)), kid: 'a' };
		const jws = await new CompactSign(new Uint8Array([1])).setProtectedHeader({ alg: 'ES256', kid: 'b' }).sign(privateKey);
		const { code, said, error } = verify({ keys: [jwk] }, jws);
		assert.equal(code, 1);
		assert.equal(said.result, 'unknown');
		assert.match(error, /no key b/);
	});
	test('a private key given for a public one is refused', async () => {
		const { privateKey } = await generateKeyPair('ES256', { extractable: true });
		const { code, said } = verify(await exportJWK(privateKey), 'e30.e30.AA');
		assert.equal(code, 1);
		assert.match(said.why, /private key/);
	});
	test('a missing option is wrong usage', () => {
		assert.equal(spawnSync(MOHAR, ['verify', 'jws', put('jws', 'x')]).status, 2);
	});
	test('a file that is not there is named', () => {
		const run = spawnSync(MOHAR, ['verify', 'jws', '--jwks', put('keys', '{"keys":[]}'), join(folder, 'absent')], { encoding: 'utf8' });
		assert.equal(run.status, 1);
		assert.match(run.stderr, /absent/);
	});
});
