// Where ACME's challenges lead, and what is made of what they find: addresses that policy forbids, redirects, servers that lie, DNS that is forged. Own client and servers (house.mjs), the demo's
// mohar-cad.
// timeout: 120
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Client, absent, alpnCertificate, dnsServer, ports, tlsServer, webServer } from './house.mjs';

const skip = absent;

describe('challenges', { skip }, () => {
	let web, dns, client;
	before(async () => {
		web = await webServer();
		dns = await dnsServer();
		client = await Client.bound('land.test,land.example,127.0.0.0/8,10.0.0.0/8,::1', undefined);
	});
	after(async () => {
		await web?.close();
		await dns?.close();
	});
	const challenge = async (name, type = 'http-01') => (await client.challenges(await client.order(name), type))[0];
	// What the first attempt says; it is then tried again, or is over.
	const first = async (it) => (await client.look(it, (now) => now.error)).error;
	const says = async (name, pattern, type) => {
		const error = await first(await challenge(name, type));
		assert.match(error.detail, pattern);
		return error.type.replace('urn:ietf:params:acme:error:', '');
	};

	test('addresses that policy does not list are never called', async () => {
		const addresses = { private: '10.0.0.1', router: '192.168.1.1', metadata: '169.254.169.254', zero: '0.0.0.0', loopback: '127.0.0.2', public: '93.184.216.34', group: '224.0.0.1' };
		for (const [name, address] of Object.entries(addresses)) dns.records[`${name}.land.example`] = { A: [address] };
		dns.records['mapped.land.example'] = { AAAA: ['::ffff:0a00:0001'] };
		dns.records['six.land.example'] = { AAAA: ['fe80::1'] };
		dns.records['unique.land.example'] = { AAAA: ['fd00:ec2::254'] };
		for (const name of [...Object.keys(addresses), 'mapped', 'six', 'unique']) {
			const it = await client.look(await challenge(`${name}.land.example`));
			assert.equal(it.status, 'invalid', name);
			assert.match(it.error.type, /rejectedIdentifier$/, name);
		}
		assert.equal((await client.look(await challenge('10.0.0.1'))).status, 'invalid');
		assert.equal((await client.look(await challenge('private.land.example', 'tls-alpn-01'))).status, 'invalid');
	});

	test('of several addresses only the listed one is called', async () => {
		dns.records['both.land.example'] = { A: ['10.0.0.1', '127.0.0.1'] };
		const it = await challenge('both.land.example');
		web.files.set(it.token, client.keyAuthorization(it.token));
		assert.equal((await client.look(it)).status, 'valid');
		assert.ok(web.asked.some(({ host }) => host === 'both.land.example'));
	});

	test('an address is ordered by its own challenge', async () => {
		const it = await challenge('127.0.0.1');
		web.files.set(it.token, `${client.keyAuthorization(it.token)}\r\n`);
		assert.equal((await client.look(it)).status, 'valid');
	});

	test('redirects lead only where policy lets us go', async () => {
		const leads = async (location, pattern) => {
			const it = await challenge('www.land.test');
			web.files.set(it.token, (request, response) => response.writeHead(302, { location }).end());
			const error = await first(it);
			assert.match(error.detail, pattern, location);
		};
		await leads('http://169.254.169.254/latest/meta-data/', /169\.254\.169\.254 is a cloud's metadata/);
		await leads('http://private.land.example/', /10\.0\.0\.1 is private/);
		await leads('http://[fd00:ec2::254]/', /fd00:ec2::254 is/);
		await leads('http://127.0.0.1:22/', /port 22/);
		await leads('https://user@127.0.0.1/', /out of form/);
		await leads('file:///etc/passwd', /neither to http nor to https/);
		await leads('gopher://127.0.0.1/', /neither to http nor to https/);
		await leads(`http://127.0.0.1:${ports.http}/.well-known/acme-challenge/x`, /answers 404/);
	});

	test('a redirect to an allowed place is followed; a ring of them is not', async () => {
		const it = await challenge('www.land.test');
		web.files.set(it.token, (request, response) => response.writeHead(301, { location: `http://127.0.0.1:${ports.http}/moved` }).end());
		web.files.set('moved', client.keyAuthorization(it.token));
		assert.equal((await client.look(it)).status, 'valid');
		const ring = await challenge('www.land.test');
		web.files.set(ring.token, (request, response) => response.writeHead(302, { location: request.url }).end());
		assert.match((await first(ring)).detail, /redirects/);
	});

	test('answers that are too long, out of form, or not HTTP', async () => {
		const answers = {
			'longer than': (request, response) => response.end('x'.repeat(100000)),
			'longer than 16384': (request, response) => (response.writeHead(200), response.write('x'.repeat(17000))),
			'transfer coding': (request, response) => response.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
			'does not speak HTTP': (request, response) => response.socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
			'out of form': (request, response) => response.socket.end('HTTP/1.1 200 OK\r\nno colon\r\n\r\n'),
			'ended before': (request, response) => response.socket.end('HTTP/1.1 200 OK\r\nA: b\r\n'),
		};
		for (const [pattern, answer] of Object.entries(answers)) {
			const it = await challenge('www.land.test');
			web.files.set(it.token, answer);
			assert.match((await first(it)).detail, new RegExp(pattern));
		}
	});

	test('another key\'s answer is tried again, each failure told, and then over', async () => {
		const order = await client.order('wrong.land.test');
		const [it] = await client.challenges(order, 'http-01');
		web.files.set(it.token, `${it.token}.${'A'.repeat(43)}`);
		const early = await client.look(it, (now) => now.error);
		assert.equal(early.status, 'processing');
		const late = await client.until(it.url, (now) => now.status === 'invalid');
		assert.match(late.error.type, /incorrectResponse$/);
		assert.equal((await client.get(order.json.authorizations[0])).json.status, 'invalid');
		assert.equal((await client.get(order.headers.location)).json.status, 'invalid');
	});

	test('an answer that comes late is still found', async () => {
		const it = await challenge('late.land.test');
		assert.equal((await client.look(it, (now) => now.error)).status, 'processing');
		web.files.set(it.token, client.keyAuthorization(it.token));
		assert.equal((await client.until(it.url, (now) => now.status !== 'processing')).status, 'valid');
	});

	test('DNS: nothing there, another text, somebody else\'s text beside ours', async () => {
		assert.equal(await says('nowhere.land.example', /no address/), 'dns');
		assert.equal(await says('www.land.example', /no TXT/, 'dns-01'), 'dns');
		dns.records['_acme-challenge.www.land.example'] = { TXT: ['something else'] };
		assert.equal(await says('www.land.example', /none of the 1 TXT/, 'dns-01'), 'incorrectResponse');
		const it = await challenge('www.land.example', 'dns-01');
		const text = createHash('sha256').update(client.keyAuthorization(it.token)).digest('base64url');
		dns.records['_acme-challenge.www.land.example'] = { CNAME: ['answers.elsewhere.example'] };
		dns.records['answers.elsewhere.example'] = { TXT: ['something else', text] };
		assert.equal((await client.look(it)).status, 'valid');
	});

	test('DNS: what is forged is passed over; what is cut short is asked for over TCP', async () => {
		const it = await challenge('spoof.land.example', 'dns-01');
		const text = createHash('sha256').update(client.keyAuthorization(it.token)).digest('base64url');
		const name = '_acme-challenge.spoof.land.example';
		dns.records[name] = { TXT: ['the zone says another thing'] };
		dns.forged = (answer) => {
			const forged = Buffer.from(answer.toString('latin1').replace('the zone says another thing', text.slice(0, 27)), 'latin1');
			const other = Buffer.from(forged), question = Buffer.from(forged);
			other.writeUInt16BE(other.readUInt16BE(0) ^ 1, 0);
			question[20] ^= 1;
			return [Buffer.from('x'), other, question];
		};
		assert.match((await first(it)).detail, /none of the 1 TXT/);
		dns.records[name] = { TXT: [text, ...Array.from({ length: 9 }, (_, i) => `${i}`.repeat(200))] };
		dns.cut = true;
		assert.equal((await client.until(it.url, (now) => now.status !== 'processing')).status, 'valid');
		dns.cut = false;
		dns.forged = () => [];
	});

	test('tls-alpn-01: only the certificate of this very challenge', async () => {
		const attempt = async (make, protocols) => {
			const it = await challenge('alpn.land.test', 'tls-alpn-01');
			const server = await tlsServer(make(client.keyAuthorization(it.token)), protocols);
			try {
				return { ...(await client.look(it, (now) => now.error)), names: server.names };
			} finally {
				await server.close();
			}
		};
		const name = ['alpn.land.test'];
		const good = await attempt((text) => alpnCertificate(name, text));
		assert.equal(good.status, 'valid');
		assert.deepEqual(good.names, name);
		const bad = {
			'another name': await attempt((text) => alpnCertificate(['other.land.test'], text)),
			'exactly one name': await attempt((text) => alpnCertificate([...name, 'other.land.test'], text)),
			"not this challenge's": await attempt(() => alpnCertificate(name, 'x')),
			'not critical': await attempt((text) => alpnCertificate(name, text, { critical: false })),
			'TLS|protocol': await attempt((text) => alpnCertificate(name, text), ['h2', 'http/1.1']),
		};
		for (const [pattern, it] of Object.entries(bad)) assert.match(it.error.detail, new RegExp(pattern));
	});
});
