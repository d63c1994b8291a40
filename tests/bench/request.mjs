// What a client sends to a token endpoint: the body of a code's exchange, and the assertion that says who it is.
import { createHash, createPrivateKey, randomUUID, sign } from 'node:crypto';

export const verifier = 'a-code-verifier-of-fortythree-characters-00';
export const challenge = createHash('sha256').update(verifier).digest('base64url');

const base64url = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');

// RFC 7523: `who` is {id, jwk, key?}.
export function assertion(who, audience) {
	const now = Math.floor(Date.now() / 1000);
	who.key ??= createPrivateKey({ key: who.jwk, format: 'jwk' });
	const input = base64url({ alg: 'ES256', kid: who.jwk.kid }) + '.' +
		base64url({ iss: who.id, sub: who.id, aud: audience, jti: randomUUID(), iat: now, exp: now + 60 });
	const signature = sign('sha256', Buffer.from(input), { key: who.key, dsaEncoding: 'ieee-p1363' });
	return { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: `${input}.${signature.toString('base64url')}` };
}

export const body = (code, redirectUri, more) =>
	new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier, ...more }).toString();

export const basic = (who) => 'Authorization: Basic ' + Buffer.from(`${who.id}:${who.secret}`).toString('base64');
