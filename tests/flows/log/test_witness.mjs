// A second mohar-signerd whose log three witnesses watch, and a monitor outside. What witnesses cosign is judged here by their own code (witness.mjs), not by ours. timeout: 120
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { request } from 'node:https';
import { get as getPlain } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { absent, call, sql } from '../idp/client.mjs';
import { Witness, cosigned, note, vkey } from './witness.mjs';

const env = process.env;
const demo = env.MOHAR_DEMO_DIR;
const here = absent ? null : mkdtempSync(join(tmpdir(), 'witness-'));
const ca = absent ? null : readFileSync(env.MOHAR_TLS_CA);
const file = (name, text) => (writeFileSync(join(here, name), text), join(here, name));

function free() {
	return new Promise((resolve, reject) => {
		const port = 24000 + Math.floor(Math.random() * 7000); // below those that the kernel gives to clients
		const server = createServer().on('error', reject).listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
	}).catch(() => free());
}

async function until(what, milliseconds = 20000) {
	const end = Date.now() + milliseconds;
	for (;;) {
		const value = await what();
		if (value || Date.now() > end) return value;
		await new Promise((resolve) => setTimeout(resolve, 100)); // looks again
	}
}

function mohar(...args) {
	const run = spawnSync(`${env.MOHAR_BUILD}/bin/mohar`, [...args, '--json'], { encoding: 'utf8', timeout: 60000, env });
	return { status: run.status, json: JSON.parse(run.stdout), err: run.stderr };
}

// Something public happens: an event that anybody may see.
const happen = () => sql(`INSERT INTO ca.event (id, tree, at, type, entry, salt, private) SELECT id, 0, now(), 'certificate.revoked',
	convert_to('{"at":"' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '","id":"' || id || '","private":"' || repeat('A', 43) ||
	'","public":{},"source":"ca","type":"certificate.revoked","v":1}', 'UTF8'), NULL, NULL FROM (SELECT gen_random_uuid() AS id) x`);

describe('witnesses and monitors', { skip: absent }, () => {
	let origin, logKey, ports, url, daemon, said = '', witnesses, policy, jwks;

	const log = (path) => new Promise((resolve, reject) => {
		request(`${url}/log/${path}`, { ca }, (answer) => {
			let text = '';
			answer.on('data', (d) => (text += d)).on('end', () => resolve({ status: answer.statusCode, text }));
		}).on('error', reject).end();
	});
	const witnessed = (size) => until(async () => {
		const answer = await log('witnessed/checkpoint');
		return answer.status === 200 && note(answer.text).size >= size ? note(answer.text) : null;
	});
	const size = async () => note((await log('checkpoint')).text).size;
	const metric = (name) => new Promise((resolve, reject) => {
		getPlain(`http://127.0.0.1:${ports[1]}/metrics`, (answer) => {
			let text = '';
			answer.on('data', (d) => (text += d)).on('end', () => resolve(Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN)));
		}).on('error', reject);
	});

	before(async () => {
		jwks = (await call('GET', `${env.MOHAR_SIGNER_URL}/jwks`)).json;
		const jwk = jwks.keys.find((key) => key.mohar_purpose === 'log');
		origin = jwk.origin;
		const spki = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' }).export({ format: 'der', type: 'spki' });
		logKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
		witnesses = ['one', 'two', 'three'].map((name) => new Witness(`${name}.witness.test/w`, origin, spki));
		for (const w of witnesses) await w.listen();
		chmodSync(here, 0o755);
		policy = file('policy', `log ${vkey(origin, 1, logKey)}\n${witnesses.map((w, i) => `witness w${i} ${w.vkey} ${w.url}/\n`).join('')}group two 2 w0 w1 w2\nquorum two\n`);
		chmodSync(policy, 0o644);
		ports = [await free(), await free()];
		url = `https://localhost:${ports[0]}`;
		const conf = readFileSync(`${demo}/signerd.conf`, 'utf8').replace(/^port = .*/m, `port = ${ports[0]}`).replace(/^metrics_port = .*/m, `metrics_port = ${ports[1]}`);
		const path = file('signerd.conf', `${conf}\nlog_policy = ${policy}\n`);
		chmodSync(path, 0o644);
		const command = [`${env.MOHAR_BUILD}/bin/mohar-signerd`, '--config', path];
		if (process.getuid() === 0) command.unshift('setpriv', '--reuid=mohar-signerd', '--regid=mohar-signerd', '--clear-groups', '--no-new-privs', '--');
		daemon = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
		for (const stream of [daemon.stdout, daemon.stderr]) stream.on('data', (d) => (said += d));
		assert.ok(await until(() => log('checkpoint').then((a) => a.status === 200, () => false)), said);
	});

	after(async () => {
		daemon?.kill();
		for (const w of witnesses ?? []) await w.close();
		rmSync(here, { recursive: true, force: true });
	});

	test('the quorum cosigns what the log shows, and every witness proves for itself that it grew', async () => {
		for (let round = 0; round < 3; round++) {
			happen();
			const before = await size();
			const seen = await witnessed(before);
			assert.ok(seen, said);
			assert.ok(witnesses.filter((w) => cosigned(seen, w.name, w.key)).length >= 2);
			assert.ok(await until(() => witnesses.every((w) => w.size >= before)), 'a witness was left behind');
		}
		assert.deepEqual(witnesses.map((w) => w.refused.filter((s) => s !== 409)), [[], [], []]);
		assert.ok((await metric('mohar_log_witnessed_size')) > 0);
	});

	test('a command with the policy believes two witnesses, and says unknown when its policy wants others', async () => {
		const trust = file('trust.json', JSON.stringify(jwks));
		const good = mohar('log', 'checkpoint', '--signer-url', url, '--trust', trust, '--log-policy', policy);
		assert.equal(good.status, 0, good.err);
		assert.ok(good.json.cosigned >= 2);
		const stranger = new Witness('stranger.test/w', origin, logKey.export({ format: 'der', type: 'spki' }));
		const other = file('other', `witness s ${stranger.vkey}\nquorum s\n`);
		const bad = mohar('log', 'checkpoint', '--signer-url', url, '--trust', trust, '--log-policy', other);
		assert.equal(bad.json.result, 'unknown');
		assert.equal(bad.status, 1);
	});

	test('one witness lost: the quorum goes on; two lost: the log goes on, and nothing newer counts as witnessed', async () => {
		witnesses[0].answer = () => ({ status: 500, text: '' });
		happen();
		const one = await size();
		assert.ok(await witnessed(one + 1) ?? await witnessed(one), said);
		witnesses[1].answer = () => ({ status: 500, text: '' });
		await until(async () => (await metric('mohar_log_signed_size{tree="public"}')) > 0, 1000);
		const stopped = note((await log('witnessed/checkpoint')).text).size;
		happen();
		assert.ok(await until(async () => (await size()) > stopped), 'the log itself waits for nobody');
		assert.ok(note((await log('witnessed/checkpoint')).text).size < (await size()));
		delete witnesses[0].answer;
		delete witnesses[1].answer;
		assert.ok(await witnessed(await size()), 'they come back');
	});

	test('a lying witness is not believed: another tree’s signature, another key’s, and one who claims to have seen more', async () => {
		const [honest] = witnesses;
		const lies = [
			(body) => ({ status: 200, text: honest.answered.replace(/.{6}\n$/, 'AAAA==\n') }),
			() => ({ status: 200, text: '' }),
			() => ({ status: 409, text: '99999999999\n' }),
			() => ({ status: 409, text: 'all\n' }),
			() => ({ status: 200, text: 'x'.repeat(1 << 20) }),
		];
		const truth = honest.add.bind(honest);
		for (const lie of lies) {
			honest.answered = `— ${honest.name} ${Buffer.alloc(76).toString('base64')}\n`;
			const asked = honest.asked;
			honest.answer = lie;
			happen();
			const at = await size();
			assert.ok(await until(() => honest.asked > asked), said);
			const row = sql(`SELECT count(*) FROM log.cosignature WHERE witness = '${honest.name}' AND size > ${at}`);
			assert.equal(row, '0');
			delete honest.answer;
			assert.ok(await until(() => honest.size >= at), said);
		}
		honest.add = truth;
		assert.match(said, /has seen 99999999999 leaves of this log/);
		assert.ok((said.match(/witness .* answers 500/g) ?? []).length <= 4, 'one line when it begins, not one every time');
	});

	test('a monitor reads the log once, goes on from there, and tells what is not usual', async () => {
		const trust = file('trust2.json', JSON.stringify(jwks));
		const rules = JSON.parse(readFileSync('policies/monitor.json', 'utf8'));
		const usual = file('usual.json', JSON.stringify(rules));
		const state = join(here, 'state');
		const look = (...more) => mohar('log', 'monitor', '--signer-url', url, '--trust', trust, '--log-policy', policy, '--rules', usual, '--state', state, ...more);
		const first = look();
		assert.equal(first.status, 0, JSON.stringify(first.json.surprises));
		assert.equal(first.json.entries, first.json.size);
		happen();
		assert.ok(await witnessed(first.json.size + 1));
		const second = look();
		assert.equal(second.status, 0, second.err);
		assert.ok(second.json.entries >= 1 && second.json.entries < second.json.size);
		writeFileSync(usual, JSON.stringify({ ...rules, types: rules.types.filter((type) => type !== 'certificate.revoked') }));
		happen();
		assert.ok(await witnessed(second.json.size + 1));
		const third = look();
		assert.equal(third.status, 1);
		assert.equal(third.json.surprises[0].surprise, 'type-unknown');
		// Told once: the next run goes on behind it.
		assert.equal(look().status, 0);
		// A log that is not the one that was seen: another first leaf in the monitor's memory.
		const kept = JSON.parse(readFileSync(state, 'utf8'));
		writeFileSync(state, JSON.stringify({ ...kept, roots: `${kept.roots[0] === 'A' ? 'B' : 'A'}${kept.roots.slice(1)}` }));
		const forked = look();
		assert.equal(forked.status, 1);
		assert.equal(forked.json.surprises[0].surprise, 'log-forked');
		assert.ok(forked.json.surprises[0].before.startsWith(origin) && forked.json.surprises[0].now.startsWith(origin), 'both words of the log are the evidence');
		writeFileSync(state, JSON.stringify({ ...kept, size: 2 ** 40, roots: 'A'.repeat(43) }));
		assert.equal(look().json.surprises[0].surprise, 'log-shrunk');
		writeFileSync(state, JSON.stringify({ ...kept, origin: 'another.example/log' }));
		assert.match(look().err, /about another log/);
	});
});
