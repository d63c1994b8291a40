// A code for tokens: mohar-idpd (one durable commit, one signature in the HSM) beside npm oidc-provider, which has its documents in memory and its
// key in the process. Both over TLS on connections that stay open, both with PKCE, both answering an opaque access token and an ID token: ours signed ES256, the
// other's too, and once RS256, which is what it signs with unless it is told otherwise. And once the other with its documents where ours are: in PostgreSQL, on disk.
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { checkDurable, eventsOf, makeCodes } from './codes.mjs';
import { keep, median, output, ratio, turns } from './load.mjs';
import { assertion, basic, body } from './request.mjs';

const CONNECTIONS = 32, ROUNDS = 5, OURS = 2000, THEIRS = 1000;

// libpq's words for node's.
function databaseOf(connection) {
	const words = Object.fromEntries(connection.split(' ').map((word) => word.split('=')));
	return { host: words.host, database: words.dbname, user: words.user };
}

async function startPeer(bench, who, port) {
	const options = { port, certificate: bench.certificate, key: bench.key, redirectUri: bench.env.MOHAR_REDIRECT_URI, ...who };
	const peer = keep(fork(new URL('peer.mjs', import.meta.url), [JSON.stringify(options)], { execArgv: ['--no-warnings'], env: { NODE_ENV: 'production' } }));
	const told = (word) => new Promise((done, fail) => {
		peer.once('message', (said) => said === word ? done() : fail(new Error(`oidc-provider said ${said}`)));
		peer.once('exit', () => fail(new Error('oidc-provider ended')));
	});
	await told('up');
	return (message) => { peer.send(message); return told('made'); };
}

// The answer is what it claims to be: one code by hand, its ID token verified by npm jose from the JWKS alone.
async function checkOne(bench, who) {
	const [code] = makeCodes(bench.env.MOHAR_DATABASE, bench.env.MOHAR_CITIZEN, who.id, bench.env.MOHAR_REDIRECT_URI, 1);
	const answer = JSON.parse(await output('curl', ['-sS', '--cacert', bench.env.MOHAR_TLS_CA, '-u', `${who.id}:${who.secret}`,
		'-d', body(code, bench.env.MOHAR_REDIRECT_URI, {}), bench.env.MOHAR_ISSUER + '/token']));
	const keys = JSON.parse(await output('curl', ['-sS', '--cacert', bench.env.MOHAR_TLS_CA, bench.env.MOHAR_ISSUER + '/jwks']));
	const { payload } = await jwtVerify(answer.id_token, createLocalJWKSet(keys), { issuer: bench.env.MOHAR_ISSUER, audience: who.id, algorithms: ['ES256'] });
	if (payload.nonce !== 'n-bench') throw new Error('the ID token has another nonce');
}

export async function exchange(bench) {
	const { env } = bench;
	const who = {
		basic: { id: env.MOHAR_STOCK_CLIENT_ID, secret: env.MOHAR_STOCK_CLIENT_SECRET },
		rsa: { id: env.MOHAR_STOCK_CLIENT_ID + '-rsa', secret: env.MOHAR_STOCK_CLIENT_SECRET }, // known to oidc-provider only
		jwt: { id: env.MOHAR_CLIENT_ID, jwk: JSON.parse(readFileSync(env.MOHAR_CLIENT_JWK, 'utf8')) },
	};
	const file = bench.work + '/bodies';
	checkDurable(env.MOHAR_DATABASE);
	await checkOne(bench, who.basic);
	const ask = await startPeer(bench, who, bench.ports.peer);
	const askDurable = await startPeer(bench, { ...who, database: databaseOf(env.MOHAR_DATABASE) }, bench.ports.durable);
	const post = async (port, method) => Number(await output(bench.build + '/tests/bench/post',
		[port, '/token', env.MOHAR_TLS_CA, CONNECTIONS, file, '"id_token":"', ...(who[method].secret ? [basic(who[method])] : [])]));
	const ours = (method) => async () => {
		const codes = makeCodes(env.MOHAR_DATABASE, env.MOHAR_CITIZEN, who[method].id, env.MOHAR_REDIRECT_URI, OURS);
		const more = () => method === 'basic' ? {} : assertion(who.jwt, env.MOHAR_ISSUER);
		writeFileSync(file, codes.map((code) => body(code, env.MOHAR_REDIRECT_URI, more())).join('\n') + '\n');
		const before = eventsOf(env.MOHAR_DATABASE);
		const rate = await post(new URL(env.MOHAR_ISSUER).port, method);
		if (eventsOf(env.MOHAR_DATABASE) - before !== OURS) throw new Error('not every exchange left its event');
		return rate;
	};
	const theirs = (method, tell = ask, port = bench.ports.peer, count = THEIRS) => async () => {
		await tell({ method, count, file });
		return post(port, method);
	};
	const got = await turns(ROUNDS, {
		basic: ours('basic'), basicPeer: theirs('basic'), rsaPeer: theirs('rsa'), jwt: ours('jwt'), jwtPeer: theirs('jwt'),
		durablePeer: theirs('basic', askDurable, bench.ports.durable, THEIRS / 2),
	});
	const row = (what, mine, beside, peer) =>
		({ what, ours: median(got[mine]), beside, theirs: median(got[peer]), ratio: ratio(got[mine], got[peer]), goal: 2 });
	return [
		row('code exchange, client_secret_basic', 'basic', 'oidc-provider as it comes, RS256', 'rsaPeer'),
		row('code exchange, client_secret_basic', 'basic', 'oidc-provider, ES256', 'basicPeer'),
		row('code exchange, private_key_jwt', 'jwt', 'oidc-provider, ES256', 'jwtPeer'),
		row('code exchange, client_secret_basic', 'basic', 'oidc-provider, ES256, PostgreSQL', 'durablePeer'),
	];
}
