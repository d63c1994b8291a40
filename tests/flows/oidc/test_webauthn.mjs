// Passkeys through the provider's real addresses: what must be refused at registration and at login, each with a good one beside it (WebAuthn Level 3, 7.1 and 7.2).
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { absent, issuer, sql } from '../idp/client.mjs';
import { Citizen } from './citizen.mjs';
import { Passkey, flags } from './passkey.mjs';
import { Visitor } from './visitor.mjs';

const { UP, UV, BE, BS, AT } = flags;
const strange = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

describe('passkeys', { skip: absent }, () => {
	describe('registration', () => {
		async function register(citizen, passkey, changed = {}) {
			const visitor = new Visitor();
			const code = changed.code ?? citizen.invited();
			const options = changed.options ?? (await visitor.script('/activate/options', { code })).json;
			const answer = await visitor.script('/activate/passkey', { code: changed.finish ?? code, name: 'Phone', credential: passkey.attestation(options, changed) });
			return { answer, options, code };
		}
		const count = (citizen) => sql(`SELECT count(*) FROM idp.credential WHERE person = '${citizen.id}'`);
		async function refuses(changed) {
			const citizen = new Citizen();
			const { answer } = await register(citizen, Passkey.made(), changed);
			assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
			assert.equal(count(citizen), '0');
		}

		test('a good one is bound, at the level that it can reach', async () => {
			const citizen = new Citizen();
			assert.equal((await register(citizen, Passkey.made())).answer.status, 201);
			assert.equal(sql(`SELECT authenticator FROM idp.credential WHERE person = '${citizen.id}'`), '2');
			assert.equal(citizen.events('citizen.activated'), 1);
		});
		const wrong = {
			'origin of another site': { client: { origin: 'https://localhost.evil.example' } },
			'origin of another port': { client: { origin: issuer.replace(/\d+$/, '1') } },
			'inside a frame of another site': { client: { crossOrigin: true, topOrigin: 'https://evil.example' } },
			'answer to a login': { type: 'webauthn.get' },
			'relying party of another name': { rpId: 'evil.example' },
			'user not verified': { flags: UP | AT },
			'user not present': { flags: UV | AT },
			'backed up without being eligible': { flags: UP | UV | BS | AT },
			'no attested credential in it': { flags: UP | UV },
			'algorithm that nobody asked for': { algorithm: -9 },
			'key that does not fit its algorithm': { algorithm: -35 },
			'challenge that nobody gave': { client: { challenge: randomBytes(32).toString('base64url') } },
			'challenge of another length': { client: { challenge: randomBytes(16).toString('base64url') } },
		};
		for (const [name, changed] of Object.entries(wrong)) test(name, () => refuses(changed));

		test('challenge of another activation', async () => {
			const [one, other] = [new Citizen(), new Citizen()];
			const given = await new Visitor().script('/activate/options', { code: other.invited() });
			assert.ok((await register(one, Passkey.made(), { options: given.json })).answer.status >= 400);
			assert.equal(count(one), '0');
		});
		test('challenge answered twice', async () => {
			const citizen = new Citizen();
			const { answer, options } = await register(citizen, Passkey.made());
			assert.equal(answer.status, 201);
			assert.ok((await register(citizen, Passkey.made(), { options })).answer.status >= 400);
			assert.equal(count(citizen), '1');
		});
		test('activation code used twice', async () => {
			const citizen = new Citizen();
			const { code } = await register(citizen, Passkey.made());
			assert.ok((await new Visitor().script('/activate/options', { code })).status >= 400);
			assert.equal(count(citizen), '1');
		});
		test('activation code used by two at once: one wins', async () => {
			const citizen = new Citizen();
			const code = citizen.invited();
			const given = await Promise.all(Array.from({ length: 6 }, () => new Visitor().script('/activate/options', { code })));
			const answers = await Promise.all(given.map(({ json }) => register(citizen, Passkey.made(), { code, options: json })));
			assert.equal(answers.filter(({ answer }) => answer.status === 201).length, 1);
			assert.equal(count(citizen), '1');
		});
		test('credential id that is somebody else\'s', async () => {
			const [one, other] = [new Citizen(), new Citizen()];
			const passkey = Passkey.made();
			assert.equal((await register(one, passkey)).answer.status, 201);
			const { answer } = await register(other, new Passkey(strange, passkey.id, null, 0));
			assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
			assert.equal(sql(`SELECT person FROM idp.credential WHERE id = '\\x${passkey.id.toString('hex')}'`), one.id);
		});
	});

	describe('login', () => {
		let citizen, other;
		before(async () => {
			[citizen, other] = [await Citizen.withPasskey(), await Citizen.withPasskey()];
		});
		function isRefused(visitor, answer) {
			assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
			assert.equal(visitor.loggedIn, false);
		}
		async function refuses(changed, passkey = citizen.passkey) {
			const visitor = new Visitor();
			isRefused(visitor, await visitor.login(passkey, changed));
			return visitor;
		}

		test('a good one opens a session and leads on', async () => {
			const visitor = new Visitor();
			const answer = await visitor.login(citizen.passkey);
			assert.equal(answer.status, 200, answer.text);
			assert.equal((await visitor.get(answer.json.next)).headers.location, '/account');
			assert.equal((await visitor.get('/account')).status, 200);
			assert.equal(citizen.events('login.succeeded'), 1);
		});
		const wrong = {
			'origin of another site': { client: { origin: 'https://evil.example' } },
			'origin that begins like ours': { client: { origin: `${issuer}.evil.example` } },
			'inside a frame': { client: { crossOrigin: true } },
			'inside a frame of another site': { client: { crossOrigin: true, topOrigin: 'https://evil.example' } },
			'answer to a registration': { type: 'webauthn.create' },
			'relying party of another name': { rpId: 'evil.example' },
			'user not verified': { flags: UP },
			'user not present': { flags: UV },
			'backed up without being eligible': { flags: UP | UV | BS },
			'backup eligibility that has changed': { flags: UP | UV | BE },
			'bytes after the authenticator data': { trailing: Buffer.from('more') },
			'signature by another key': { key: strange },
			'signature with one bit changed': { signature: (s) => Buffer.concat([s.subarray(0, -1), Buffer.from([s.at(-1) ^ 1])]) },
			'empty signature': { signature: () => Buffer.alloc(0) },
			'challenge that nobody gave': { client: { challenge: randomBytes(32).toString('base64url') } },
		};
		for (const [name, changed] of Object.entries(wrong)) test(name, () => refuses(changed));

		test('no user handle, or another person\'s', async () => {
			await refuses({ userHandle: Buffer.alloc(0) });
			await refuses({ userHandle: other.passkey.userHandle });
		});
		test('another person\'s credential signed with one\'s own key', async () => {
			const { id, userHandle } = other.passkey;
			await refuses({}, new Passkey(citizen.passkey.key, id, userHandle, 1000));
		});
		test('one\'s own credential with another person\'s key', async () => {
			const { id, userHandle } = citizen.passkey;
			await refuses({}, new Passkey(other.passkey.key, id, userHandle, 1000));
		});
		test('challenge answered twice', async () => {
			const [visitor, replayer] = [new Visitor(), new Visitor()];
			const flow = await visitor.begin();
			const options = await visitor.challenge(flow);
			const answer = citizen.passkey.assertion(options);
			assert.equal((await visitor.finish(flow, answer)).status, 200);
			replayer.cookies.set('__Host-flow', visitor.cookies.get('__Host-flow'));
			isRefused(replayer, await replayer.finish(flow, answer));
			isRefused(replayer, await replayer.finish(flow, citizen.passkey.assertion(options)));
		});
		test('challenge answered ten times at once: one session', async () => {
			const visitor = new Visitor();
			const flow = await visitor.begin();
			const answer = citizen.passkey.assertion(await visitor.challenge(flow));
			const answers = await Promise.all(Array.from({ length: 10 }, () => visitor.finish(flow, answer)));
			assert.equal(answers.filter((a) => a.status === 200).length, 1);
		});
		test('challenge of another browser', async () => {
			const [victim, thief] = [new Visitor(), new Visitor()];
			const options = await victim.challenge(await victim.begin());
			isRefused(thief, await thief.finish(await thief.begin(), citizen.passkey.assertion(options)));
		});
		test('challenge that was given for a registration', async () => {
			const given = await new Visitor().script('/activate/options', { code: citizen.invited() });
			const visitor = new Visitor();
			isRefused(visitor, await visitor.finish(await visitor.begin(), citizen.passkey.assertion(given.json)));
		});
		test('challenge that has expired', async () => {
			const visitor = new Visitor();
			const flow = await visitor.begin();
			const options = await visitor.challenge(flow);
			sql(`UPDATE idp.challenge SET expires_at = now() - interval '1 s' WHERE hash = sha256('\\x${Buffer.from(options.challenge, 'base64url').toString('hex')}')`);
			isRefused(visitor, await visitor.finish(flow, citizen.passkey.assertion(options)));
		});
		test('cloned authenticator: the counter stands still, or goes back', async () => {
			const counter = Number(sql(`SELECT counter FROM idp.credential WHERE person = '${citizen.id}'`));
			assert.ok(counter > 1);
			const failures = citizen.events('login.failed');
			await refuses({ counter });
			await refuses({ counter: counter - 1 });
			await refuses({ counter: 0 });
			assert.equal(citizen.events('login.failed'), failures + 3);
			assert.equal((await new Visitor().login(citizen.passkey)).status, 200);
		});
		test('flow of another browser', async () => {
			const [victim, thief] = [new Visitor(), new Visitor()];
			const flow = await victim.begin();
			await thief.begin();
			assert.equal((await thief.script(`/login/options?flow=${flow}`, {})).status, 404);
		});
		test('request from a page of another site', async () => {
			const visitor = new Visitor();
			const flow = await visitor.begin();
			for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: `${issuer}.evil.example` }, { 'content-type': 'text/plain' }])
				assert.ok((await visitor.script(`/login/options?flow=${flow}`, {}, headers)).status >= 400);
		});
		test('session fixation: the cookie is a new one at every login, the old one is over', async () => {
			const visitor = new Visitor();
			const planted = randomBytes(32).toString('base64url');
			visitor.cookies.set('__Host-session', planted);
			await visitor.login(citizen.passkey);
			const first = visitor.cookies.get('__Host-session');
			assert.notEqual(first, planted);
			const again = (await visitor.get(`/authorize?${new URLSearchParams({ client_id: 'nobody' })}`)).status;
			assert.equal(again, 400);
			const fresh = new Visitor();
			const flow = await fresh.begin();
			fresh.cookies.set('__Host-session', first);
			assert.equal((await fresh.login(citizen.passkey, {}, flow)).status, 200);
			assert.notEqual(fresh.cookies.get('__Host-session'), first);
			assert.match((await visitor.get('/account')).headers.location, /^\/login/);
		});
		test('the session\'s cookie is for this host alone, and no script\'s', async () => {
			const visitor = new Visitor();
			const answer = await visitor.login(citizen.passkey);
			const line = answer.headers['set-cookie'].find((c) => c.startsWith('__Host-session='));
			for (const attribute of [/; *Secure/i, /; *HttpOnly/i, /; *SameSite=Lax/i, /; *Path=\/(;|$)/i]) assert.match(line, attribute);
			assert.doesNotMatch(line, /Domain=/i);
		});
		test('account enumeration: an unknown credential answers as a wrong one', async () => {
			const [one, two] = [new Visitor(), new Visitor()];
			const wrong = await one.login(citizen.passkey, { key: strange });
			const unknown = await two.login(new Passkey(strange, randomBytes(32), randomBytes(32), 1));
			assert.deepEqual([unknown.status, unknown.text], [wrong.status, wrong.text]);
		});
		test('account enumeration: a removed credential, a frozen person and a stale counter answer as a wrong one', async () => {
			const gone = await Citizen.withPasskey();
			await new Visitor().login(gone.passkey);
			const wrong = await new Visitor().login(gone.passkey, { key: strange });
			const stale = await new Visitor().login(gone.passkey, { counter: 0 });
			assert.equal(stale.text, wrong.text);
			sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${gone.id}'`);
			assert.equal((await new Visitor().login(gone.passkey)).text, wrong.text);
			sql(`UPDATE idp.person SET frozen_at = NULL WHERE id = '${gone.id}'; UPDATE idp.credential SET removed_at = now() WHERE person = '${gone.id}'`);
			assert.equal((await new Visitor().login(gone.passkey)).text, wrong.text);
		});
		test('frozen: an open session is over at once', async () => {
			const person = await Citizen.withPasskey();
			const visitor = new Visitor();
			await visitor.login(person.passkey);
			assert.equal((await visitor.get('/account')).status, 200);
			sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${person.id}'`);
			assert.match((await visitor.get('/account')).headers.location, /^\/login/);
		});
	});
});
