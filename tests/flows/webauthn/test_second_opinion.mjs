// What `mohar verify webauthn` accepts, @simplewebauthn/server accepts too: over the vectors of Web Authentication Level 3, and over each with
// bytes flipped at many places.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { authentication, base64url, flip, registration, roots, rootsText, skip, usual, vectors, verify } from './vectors.mjs';

// Where the other one cannot follow, and why.
const beyond = {
	'packed-ed448': 'it has no Ed448',
	'tpm-es256': 'it wants a vendor id of the TCG registry, the vector has id:00000000',
	'android-key-es256': 'it looks for Google roots only',
	'fido-u2f-es256': 'it wants an AAGUID of zeros, which Level 3 does not ask for',
};

const places = 12;
const algorithms = [-7, -8, -35, -36, -257];

for (const identifier of ['packed', 'apple', 'fido-u2f']) SettingsService.setRootCertificates({ identifier, certificates: [rootsText] });

const question = (v, ceremony) => ({
	expectedChallenge: base64url(ceremony.challenge),
	expectedOrigin: v.origin,
	expectedRPID: v.rp_id,
	requireUserVerification: false,
});

// The other one's verdict: what it found, or null.
async function other(ask) {
	try {
		const answer = await ask();
		return answer.verified ? answer : null;
	} catch {
		return null;
	}
}

const otherRegistration = (v, response) =>
	other(() => verifyRegistrationResponse({ ...question(v, v.registration), response, supportedAlgorithmIDs: algorithms }));
const otherAuthentication = (v, response, credential) =>
	other(() =>
		verifyAuthenticationResponse({ ...question(v, v.authentication), expectedTopOrigin: 'https://example.com', response, credential }),
	);

const ours = (v, response) => verify(response, { ...usual(v, v.registration), 'attestation-trust': roots });
const oursAuthentication = (v, response, key) => verify(response, { ...usual(v, v.authentication), 'public-key': key });

// The same message with one byte of one part flipped, at places spread over it.
function* flipped(v, ceremony, make, parts) {
	for (const part of parts) {
		const length = ceremony[part].length / 2;
		for (let i = 0; i < places; i++) yield make(v, { [part]: flip(ceremony[part], Math.floor((i * (length - 1)) / (places - 1))) });
	}
}

describe('a second opinion', { skip }, () => {
	for (const v of vectors) {
		test(v.name, { skip: beyond[v.name] }, async () => {
			const found = await otherRegistration(v, registration(v));
			const { code, said, error } = ours(v, registration(v));
			assert.equal(code, 0, error);
			assert.ok(found);
			const { credential, fmt, aaguid } = found.registrationInfo;
			assert.equal(said.format, fmt);
			assert.equal(said.aaguid, aaguid.replaceAll('-', ''));
			assert.equal(said.public_key, Buffer.from(credential.publicKey).toString('base64url'));
			assert.equal(said.counter, credential.counter);

			assert.equal(oursAuthentication(v, authentication(v), said.public_key).code, 0);
			assert.ok(await otherAuthentication(v, authentication(v), credential));

			for (const message of flipped(v, v.registration, registration, ['clientDataJSON', 'attestationObject']))
				if (ours(v, message).code === 0) assert.ok(await otherRegistration(v, message), 'we accept what it refuses');
			for (const message of flipped(v, v.authentication, authentication, ['clientDataJSON', 'authenticatorData', 'signature'])) {
				assert.equal(oursAuthentication(v, message, said.public_key).code, 1);
				assert.equal(await otherAuthentication(v, message, credential), null, 'it accepts what we refuse');
			}
		});
	}
});
