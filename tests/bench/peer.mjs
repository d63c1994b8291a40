// The provider that `make bench` stands beside: npm oidc-provider with its documents in memory, or in PostgreSQL if `database` is given. Started by fork(), told by messages:
// {method, file, count} writes `count` bodies of token requests to `file`, each with a code of its own made through the model classes.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';
import MemoryAdapter from '../npm/node_modules/oidc-provider/lib/adapters/memory_adapter.js';
import * as durable from './durable.mjs';
import { assertion, body, challenge } from './request.mjs';

const { port, certificate, key, redirectUri, basic, jwt, database } = JSON.parse(process.argv[2]);
const issuer = `https://localhost:${port}`;
const accountId = 'test-citizen-one';

// Its own in-memory adapter, with room for more than the thousand documents it keeps by itself: a round takes more.
const documents = new Map();
class Memory extends MemoryAdapter {
	constructor(model) { super(model, documents); }
}

const client = (client_id, more) => ({ client_id, redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code'],
	application_type: 'native', id_token_signed_response_alg: 'ES256', ...more });
const privateKey = (alg, type, options) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg });
const publicHalf = ({ d, ...rest }) => rest;

const provider = new Provider(issuer, {
	adapter: database ? durable.Durable : Memory,
	clients: [
		client(basic.id, { client_secret: basic.secret, token_endpoint_auth_method: 'client_secret_basic' }),
		client(basic.id + '-rsa', { client_secret: basic.secret, token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'RS256' }),
		client(jwt.id, { jwks: { keys: [publicHalf(jwt.jwk)] }, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' }),
	],
	findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, name: 'Test Citizen One' }) }),
	jwks: { keys: [privateKey('ES256', 'ec', { namedCurve: 'P-256' }), privateKey('RS256', 'rsa', { modulusLength: 2048 })] },
	enabledJWA: { clientAuthSigningAlgValues: ['ES256'], idTokenSigningAlgValues: ['ES256', 'RS256'] },
	ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600 },
	features: { devInteractions: { enabled: false } },
	pkce: { required: () => true },
	cookies: { keys: ['bench'] },
});

async function makeCode(who) {
	const grant = new provider.Grant({ accountId, clientId: who.id });
	grant.addOIDCScope('openid');
	const now = Math.floor(Date.now() / 1000);
	return new provider.AuthorizationCode({
		accountId, client: await provider.Client.find(who.id), grantId: await grant.save(), redirectUri, scope: 'openid', nonce: 'n-bench',
		codeChallenge: challenge, codeChallengeMethod: 'S256', authTime: now, acr: 'urn:mohar:loa:2', amr: ['hwk', 'user'], gty: 'authorization_code',
	}).save();
}

async function make({ method, count, file }) {
	const who = { basic, rsa: { id: basic.id + '-rsa' }, jwt }[method];
	const lines = [];
	documents.clear();
	if (database) await durable.clear();
	for (let i = 0; i < count; i++)
		lines.push(body(await makeCode(who), redirectUri, method === 'jwt' ? assertion(jwt, issuer) : {}));
	writeFileSync(file, lines.join('\n') + '\n');
}

provider.on('server_error', (ctx, error) => console.error(error));
if (database) await durable.open(database);
process.on('message', (message) => make(message).then(() => process.send('made')));
process.on('disconnect', () => process.exit());
createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, provider.callback()).listen(port, '127.0.0.1', () => process.send('up'));
