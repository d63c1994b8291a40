// Two mohar-cads on one database: what one began the other ends, and of two at once exactly one wins. The second has a profile that allows wildcards.
// timeout: 120
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, absent, bound, csr, dnsServer, webServer } from './house.mjs';

const env = process.env;
const demo = env.MOHAR_DEMO_DIR;
const ready = (port) => new Promise((resolve) => get(`http://127.0.0.1:${port}/readyz`, (answer) => (answer.resume(), resolve(answer.statusCode === 200))).on('error', () => resolve(false)));

describe('two instances', { skip: absent }, () => {
	const one = absent ? null : new URL(env.MOHAR_CA_URL).port, port = String(Number(one) + 20);
	let folder, child, web, client, said = '';

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), 'mohar-second-'));
		const settings = readFileSync(join(demo, 'cad.conf'), 'utf8');
		const policies = settings.match(/^policies = (.*)$/m)[1];
		cpSync(policies, join(folder, 'policies'), { recursive: true });
		const profile = join(folder, 'policies/profiles/tls-server.json');
		writeFileSync(profile, JSON.stringify({ ...JSON.parse(readFileSync(profile)), wildcards: true }));
		const set = { port, pki_port: Number(port) + 1, metrics_port: Number(port) + 2, device_port: 0, policies: join(folder, 'policies') };
		writeFileSync(join(folder, 'cad.conf'), Object.entries(set).reduce((text, [name, value]) => text.replace(new RegExp(`^${name} = .*$`, 'm'), `${name} = ${value}`), settings));
		const { uid, gid } = statSync(join(demo, 'cad.conf'));
		chmodSync(folder, 0o755);
		chmodSync(join(folder, 'cad.conf'), 0o600);
		if (process.getuid() === 0) chownSync(join(folder, 'cad.conf'), uid, gid);
		const copy = join(demo, 'programs/bin/mohar-cad');
		const program = existsSync(copy) ? copy : join(env.MOHAR_BUILD, 'bin/mohar-cad');
		child = spawn(program, ['--config', join(folder, 'cad.conf')], { stdio: ['ignore', 'ignore', 'pipe'], ...(process.getuid() === 0 ? { uid, gid } : {}) });
		child.stderr.on('data', (part) => (said += part));
		for (let i = 0; i < 300 && !(await ready(set.metrics_port)); i++) {
			assert.equal(child.exitCode, null, said);
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
		web = await webServer();
		client = await Client.bound('land.test');
	});
	after(async () => {
		const ended = new Promise((resolve) => child?.once('exit', resolve));
		if (child?.exitCode === null && child.kill()) await ended;
		await web?.close();
		rmSync(folder, { recursive: true, force: true });
	});
	// The same account at the second instance.
	const second = () => Object.assign(new Client(client.key, (url) => url.replace(`:${one}/`, `:${port}/`)), { kid: client.kid });
	const ask = { identifiers: [{ type: 'dns', value: 'www.land.test' }] };

	test('a nonce of one is good at the other, and used up at both', async () => {
		const other = second(), nonce = await client.nonce();
		const { newOrder } = await client.places();
		assert.equal((await other.post(newOrder, ask, { nonce })).status, 201, said);
		assert.equal((await client.post(newOrder, ask, { nonce })).error, 'badNonce');
		const fresh = await other.nonce();
		const answers = await Promise.all([client, other, client, other].map((who) => who.post(newOrder, ask, { nonce: fresh })));
		assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
	});

	test('a binding key used at both at once makes one account', async () => {
		const made = bound('land.test');
		const answers = await Promise.all([new Client(), new Client(undefined, second().via)].map((who) => who.register(made)));
		assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
	});

	test('what one began the other ends; finalized at both at once, there is one certificate', async () => {
		const other = second();
		const order = await client.order('both.land.test');
		const [challenge] = await other.challenges(order, 'http-01');
		web.files.set(challenge.token, client.keyAuthorization(challenge.token));
		assert.equal((await other.look(challenge)).status, 'valid');
		const request = csr({ names: ['both.land.test'] });
		const answers = await Promise.all([client, other, client, other].map((who) => who.post(order.json.finalize, { csr: request.csr })));
		const [won, ...more] = answers.filter((answer) => answer.status === 200);
		assert.equal(more.length, 0);
		const pems = await Promise.all([client, other].map((who) => who.get(won.json.certificate)));
		assert.equal(pems[0].text, pems[1].text);
	});

	test('where the profile allows a wildcard, it is shown in DNS and nowhere else', async () => {
		const other = second();
		const order = await other.order('*.land.test', 'land.test');
		assert.equal(order.status, 201, order.text);
		const dns = await dnsServer();
		try {
			for (const url of order.json.authorizations) {
				const { challenges, wildcard, identifier } = (await other.get(url)).json;
				assert.equal(identifier.value, 'land.test');
				if (wildcard) assert.deepEqual(challenges.map(({ type }) => type), ['dns-01']);
				const challenge = challenges.find(({ type }) => type === 'dns-01');
				const text = createHash('sha256').update(client.keyAuthorization(challenge.token)).digest('base64url');
				dns.records['_acme-challenge.land.test'] = { TXT: [...(dns.records['_acme-challenge.land.test']?.TXT ?? []), text] };
				assert.equal((await other.look(challenge)).status, 'valid');
			}
		} finally {
			await dns.close();
		}
		const answer = await other.post(order.json.finalize, { csr: csr({ names: ['*.land.test', 'land.test'] }).csr });
		assert.equal(answer.status, 200, answer.text);
		const x = new X509Certificate((await other.get(answer.json.certificate)).text);
		assert.deepEqual(x.subjectAltName.split(', ').sort(), ['DNS:*.land.test', 'DNS:land.test']);
	});
});
