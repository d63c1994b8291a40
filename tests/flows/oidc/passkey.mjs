// A passkey in software: does what an authenticator does (WebAuthn Level 3, 6.3), and, asked to, does it wrong. Used by the tests beside it.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { issuer } from '../idp/client.mjs';

const UP = 1, UV = 4, BE = 8, BS = 16, AT = 64;
export const flags = { UP, UV, BE, BS, AT };
const sha256 = (data) => createHash('sha256').update(data).digest();
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

// The COSE_Key of a P-256 key, in the canonical order (CTAP 2.1, 8).
function coseKey(key, algorithm) {
	const { x, y } = createPublicKey(key).export({ format: 'jwk' });
	const number = Buffer.alloc(3);
	number[0] = 0x39;
	number.writeUInt16BE(-1 - algorithm, 1);
	const alg = algorithm >= -24 ? Buffer.from([0x1f - algorithm]) : algorithm >= -256 ? Buffer.from([0x38, -1 - algorithm]) : number;
	const bytes = (text) => Buffer.concat([Buffer.from([0x58, 32]), Buffer.from(text, 'base64url')]);
	return Buffer.concat([Buffer.from([0xa5, 1, 2, 3]), alg, Buffer.from([0x20, 1, 0x21]), bytes(x), Buffer.from([0x22]), bytes(y)]);
}

export class Passkey {
	constructor(key, id, userHandle, counter) {
		Object.assign(this, { key, id, userHandle, counter });
	}

	static made() {
		return new Passkey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, randomBytes(32), null, 0);
	}

	// For the browser's virtual authenticator (WebAuthn.addCredential of the DevTools protocol).
	forBrowser() {
		return {
			credentialId: this.id.toString('base64'), isResidentCredential: true, rpId: 'localhost', signCount: this.counter,
			privateKey: this.key.export({ format: 'der', type: 'pkcs8' }).toString('base64'), userHandle: this.userHandle.toString('base64'),
		};
	}

	clientData(type, challenge, changed) {
		return Buffer.from(JSON.stringify({ type, challenge, origin: issuer, crossOrigin: false, ...changed }));
	}

	authenticatorData(changed, extra = Buffer.alloc(0)) {
		const head = Buffer.alloc(37);
		sha256(changed.rpId ?? 'localhost').copy(head);
		head[32] = changed.flags ?? UP | UV;
		head.writeUInt32BE(changed.counter ?? this.counter, 33);
		return Buffer.concat([head, extra]);
	}

	outward(response) {
		return { id: base64url(this.id), rawId: base64url(this.id), type: 'public-key', clientExtensionResults: {}, response };
	}

	// Registration, with attestation "none".
	attestation(options, changed = {}) {
		this.userHandle = Buffer.from(options.user.id, 'base64url');
		const length = Buffer.alloc(2);
		length.writeUInt16BE(this.id.length);
		const attested = Buffer.concat([Buffer.alloc(16), length, this.id, coseKey(this.key, changed.algorithm ?? -7)]);
		const data = this.authenticatorData({ flags: UP | UV | AT, ...changed }, attested);
		const object = Buffer.concat([
			Buffer.from([0xa3, 0x63]), Buffer.from('fmt'), Buffer.from([0x64]), Buffer.from('none'), Buffer.from([0x67]), Buffer.from('attStmt'),
			Buffer.from([0xa0, 0x68]), Buffer.from('authData'), Buffer.from([0x58, data.length]), data,
		]);
		return this.outward({
			clientDataJSON: base64url(this.clientData(changed.type ?? 'webauthn.create', options.challenge, changed.client)),
			attestationObject: base64url(object),
		});
	}

	// Authentication. The counter goes up unless told otherwise.
	assertion(options, changed = {}) {
		if (changed.counter === undefined) this.counter++;
		const client = this.clientData(changed.type ?? 'webauthn.get', options.challenge, changed.client);
		const data = this.authenticatorData(changed, changed.trailing);
		const signature = sign('sha256', Buffer.concat([data, sha256(client)]), changed.key ?? this.key);
		return this.outward({
			clientDataJSON: base64url(client),
			authenticatorData: base64url(data),
			signature: base64url(changed.signature?.(signature) ?? signature),
			userHandle: base64url(changed.userHandle ?? this.userHandle),
		});
	}
}
