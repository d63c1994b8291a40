// Login by smartcard: TLS with a client certificate on the card's own port, and every card that must not open a session.
// timeout: 120
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { absent, asking, exchange, issuer, pkce, sql, stock, told } from '../idp/client.mjs';
import { Card, asOwner, atCardPort, mohar } from './card.mjs';
import { Citizen } from './citizen.mjs';
import { Visitor } from './visitor.mjs';

const env = process.env;

describe('smartcards', { skip: absent }, () => {
	let citizen, card;
	before(() => {
		citizen = new Citizen(3);
		card = Card.issued(citizen).boundTo(citizen);
	});
	async function ticketFor(visitor, held, flow) {
		const answer = await atCardPort(`/card?flow=${flow}`, held);
		assert.equal(answer.status, 303, answer.text);
		assert.ok(answer.headers.location.startsWith(`${issuer}/card/return?`));
		return answer.headers.location;
	}
	async function refuses(held, status = 403, headers = {}) {
		const visitor = new Visitor();
		const answer = await atCardPort(`/card?flow=${await visitor.begin()}`, held, headers);
		assert.equal(answer.status, status, answer.text);
		assert.equal(answer.headers.location, undefined);
		assert.equal(visitor.loggedIn, false);
	}
	async function opens(held) {
		const visitor = new Visitor();
		const flow = await visitor.begin();
		const answer = await visitor.get(await ticketFor(visitor, held, flow));
		assert.equal(answer.headers.location, `/continue?flow=${flow}`);
		assert.ok(visitor.loggedIn);
		return visitor;
	}

	test('a good card opens a session, and the token says the highest level and how', async () => {
		const visitor = new Visitor();
		const { verifier, challenge } = pkce();
		sql(`INSERT INTO idp.consent SELECT '${citizen.id}', id, scopes, now() FROM idp.client WHERE id = '${stock}'`);
		const asked = await visitor.get(`/authorize?${new URLSearchParams(asking(challenge, { acr_values: 'urn:mohar:loa:3' }))}`);
		const flow = asked.headers.location.match(/flow=([\w-]{43})/)[1];
		await visitor.get(await ticketFor(visitor, card, flow));
		assert.equal(visitor.session('channel'), 'card');
		const { code } = told(await visitor.get(`/continue?flow=${flow}`));
		const claims = decodeJwt((await exchange({ code, verifier })).json.id_token);
		assert.equal(claims.acr, 'urn:mohar:loa:3');
		assert.deepEqual(claims.amr, ['sc', 'pin', 'mfa']);
		assert.equal(citizen.events('login.succeeded'), 1);
	});
	test('curl with the demo citizen\'s card through PKCS#11 reaches the account', async () => {
		const jar = `/tmp/mohar-jar-${randomBytes(6).toString('hex')}`;
		const held = `pkcs11:token=${env.MOHAR_CARD_TOKEN};id=%01;pin-value=${env.MOHAR_CARD_PIN}`;
		const curl = (url, ...more) => asOwner('curl', ['-sfL', '-m', '20', '--cacert', env.MOHAR_TLS_CA, '-H', 'Accept: text/html', '-b', jar, '-c', jar, ...more, url], { PKCS11_MODULE_PATH: env.MOHAR_CARD_MODULE });
		const link = curl(`${issuer}/account`).match(/https:[^"]*\/card\?flow=[\w-]{43}/)[0];
		const page = curl(link, '--cert', held, '--key', held);
		rmSync(jar, { force: true });
		assert.match(page, /<h1>Test Citizen One<\/h1>/);
	});

	describe('cards that are refused', () => {
		test('none in the reader', () => refuses(null));
		test('none, with a certificate in a header as a proxy would write it', () =>
			refuses(null, 403, { 'x-ssl-client-cert': encodeURIComponent(card.cert), 'x-client-cert': card.cert.toString('base64'), 'client-cert': `:${card.cert.toString('base64')}:` }));
		test('self-signed', () => refuses(Card.forged(citizen.name)));
		test('of an authority that only has our authority\'s name', () => refuses(Card.forged(citizen.name, env.MOHAR_CITIZEN_CA)));
		test('of the services\' authority, though the same root stands above it', () => refuses(Card.issued(citizen, 'tls-client', 'operator').boundTo(citizen)));
		test('certificate for signatures, not for logging in: its key usage ends the handshake already', async () => {
			const signature = Card.issued(citizen, 'citizen-signature').boundTo(citizen);
			await assert.rejects(atCardPort(`/card?flow=${await new Visitor().begin()}`, signature), (error) => ['ECONNRESET', 'EPIPE'].includes(error.code));
		});
		test('genuine, but bound to nobody', () => refuses(Card.issued(citizen)));
		test('genuine and bound, the certificate another than the bound one', async () => {
			const other = Card.issued(citizen).boundTo(citizen);
			await opens(other);
			sql(`UPDATE idp.card SET serial = '${card.serial}' WHERE serial = '${other.serial}'`);
			await refuses(other);
		});
		test('taken back from its person', async () => {
			const lost = Card.issued(citizen).boundTo(citizen);
			sql(`UPDATE idp.card SET removed_at = now() WHERE serial = '${lost.serial}'`);
			await refuses(lost);
		});
		test('of a person who is frozen', async () => {
			const frozen = new Citizen(3);
			const theirs = Card.issued(frozen).boundTo(frozen);
			sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${frozen.id}'`);
			await refuses(theirs);
		});
		test('revoked: good a moment before', async () => {
			const stolen = Card.issued(citizen).boundTo(citizen);
			await opens(stolen);
			mohar('operator', 'ca', 'revoke', stolen.serial, '--reason', 'keyCompromise');
			await refuses(stolen);
		});
	});

	describe('the ticket from the card\'s port', () => {
		const withoutSession = async (visitor, url) => {
			const answer = await visitor.get(url);
			assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
			assert.equal(visitor.loggedIn, false);
		};
		test('used twice', async () => {
			const visitor = new Visitor();
			const url = await ticketFor(visitor, card, await visitor.begin());
			await visitor.get(url);
			assert.ok(visitor.loggedIn);
			visitor.cookies.delete('__Host-session');
			await withoutSession(visitor, url);
		});
		test('in another browser: somebody who is led to another\'s flow does not log them in', async () => {
			const [thief, victim] = [new Visitor(), new Visitor()];
			const flow = await thief.begin();
			await victim.begin();
			const url = await ticketFor(victim, card, flow);
			await withoutSession(victim, url);
			await withoutSession(new Visitor(), url);
		});
		test('for another flow of the same browser', async () => {
			const visitor = new Visitor();
			const [one, two] = [await visitor.begin(), await visitor.begin()];
			await withoutSession(visitor, (await ticketFor(visitor, card, one)).replace(one, two));
		});
		test('expired', async () => {
			const visitor = new Visitor();
			const flow = await visitor.begin();
			const url = await ticketFor(visitor, card, flow);
			sql(`UPDATE idp.card_ticket SET expires_at = now() - interval '1 s' WHERE interaction = '${flow}'`);
			await withoutSession(visitor, url);
		});
		test('made up, or missing', async () => {
			const visitor = new Visitor();
			const flow = await visitor.begin();
			await withoutSession(visitor, `/card/return?flow=${flow}&ticket=${'A'.repeat(43)}`);
			await withoutSession(visitor, `/card/return?flow=${flow}`);
		});
		test('card without a flow', async () => {
			for (const path of ['/card', '/card?flow=', '/card?flow=x', `/card?flow=${'A'.repeat(43)}&flow=x`]) assert.ok((await atCardPort(path, card)).status >= 400, path);
		});
		test('nothing else is served at the card\'s port but the look of its pages', async () => {
			for (const path of ['/login', '/account', '/authorize', '/token', '/jwks', '/static/', '/static/en.json']) assert.equal((await atCardPort(path, card)).status, 404, path);
			assert.equal((await atCardPort('/static/mohar.css', card)).status, 200);
		});
	});

	describe('when nobody can say whether a card is revoked', () => {
		const cad = () => Number(readFileSync(env.MOHAR_PIDS, 'utf8').match(/^mohar-cad (\d+)$/m)[1]);

		test('a responder that hangs: refused, not passed; and good again when it answers', async () => {
			const pid = cad();
			process.kill(pid, 'SIGSTOP');
			try {
				await refuses(card, 503);
			} finally {
				process.kill(pid, 'SIGCONT');
			}
			await opens(card);
		});
		test('a responder that is gone: refused, and good again when it is back', async () => {
			const pid = cad();
			process.kill(pid, 'SIGTERM');
			await until(() => !alive(pid));
			try {
				await refuses(card, 503);
			} finally {
				execFileSync(join(env.MOHAR_ROOT, 'deploy/demo/run'), ['up'], { env: { ...env, MOHAR_BUILD_DIR: env.MOHAR_BUILD }, stdio: 'ignore' });
			}
			await opens(card);
		});
	});
});

const alive = (pid) => {
	try {
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
};

async function until(condition) {
	const end = Date.now() + 15000;
	while (!(await condition())) {
		if (Date.now() > end) throw new Error('not in time');
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
