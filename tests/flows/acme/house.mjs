// What ACME's tests have at hand: binding keys by the operator's card, an ACME client that can do wrong on purpose, and servers for the three challenges: a web server, a TLS server
// for acme-tls/1, and a DNS server. Ports are those that the demo's mohar-cad calls (MOHAR_ACME_*_PORT).
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import https from 'node:https';
import { createServer as createNet } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { absent as noDemo, sql } from '../idp/client.mjs';

const env = process.env;
export const ports = { http: Number(env.MOHAR_ACME_HTTP_PORT), tls: Number(env.MOHAR_ACME_TLS_PORT), dns: Number(env.MOHAR_ACME_DNS_PORT) };
export const absent = noDemo || (env.MOHAR_ACME_DIRECTORY ? false : 'the demo does not say where ACME is');
export const directory = env.MOHAR_ACME_DIRECTORY;
export { sql };
export const installed = (program) => ['/usr/bin', '/usr/sbin', '/usr/local/bin'].some((folder) => existsSync(join(folder, program)));

const MOHAR = join(env.MOHAR_BUILD ?? '', 'bin', 'mohar');
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = (text) => createHash('sha256').update(text).digest();

// `mohar ca eab WORDS`, ordered by the operator's card.
export function eab(...words) {
	const card = ['--token', 'operator', '--pin', `file:${env.MOHAR_DEMO_DIR}/cards/operator.pin`];
	return JSON.parse(execFileSync(MOHAR, ['ca', 'eab', ...words, ...card, '--json'], { encoding: 'utf8' }));
}
export const bound = (domains, accounts = 1) => eab('add', '--agency', 'land', '--domains', domains, '--accounts', String(accounts));

const agent = absent ? null : new https.Agent({ ca: readFileSync(env.MOHAR_TLS_CA), keepAlive: true, maxSockets: 10 });
export function call(method, url, { headers = {}, body } = {}) {
	return new Promise((resolve, reject) => {
		const request = https.request(url, { method, headers, agent }, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part));
			answer.on('end', () => {
				const text = Buffer.concat(parts).toString();
				let json = null;
				try {
					json = JSON.parse(text);
				} catch {}
				resolve({ status: answer.statusCode, headers: answer.headers, text, json, error: json?.type?.replace('urn:ietf:params:acme:error:', '') });
			});
		});
		request.on('error', reject);
		request.end(body);
	});
}

// ---- keys and signatures
export function newKey(type = 'P-256') {
	if (type === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 });
	return type === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: type });
}
export const jwkOf = (pair) => pair.publicKey.export({ format: 'jwk' });
export function thumbprint(pair) {
	const { crv, e, kty, n, x, y } = jwkOf(pair);
	const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
	return b64(sha256(JSON.stringify(members)));
}
const algOf = (pair) => ({ rsa: 'RS256', ed25519: 'EdDSA', ec: pair.publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ES384' : 'ES256' })[pair.publicKey.asymmetricKeyType];
export function jws(pair, header, payload) {
	const alg = algOf(pair);
	const head = b64(JSON.stringify({ alg, ...header }));
	const body = payload === '' ? '' : b64(JSON.stringify(payload));
	const digest = { RS256: 'sha256', ES256: 'sha256', ES384: 'sha384', EdDSA: null }[alg];
	return { protected: head, payload: body, signature: b64(sign(digest, Buffer.from(`${head}.${body}`), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })) };
}
export function binding(key, url, pair, { alg = 'HS256', header = {} } = {}) {
	const head = b64(JSON.stringify({ alg, kid: key.kid, url, ...header }));
	const body = b64(JSON.stringify(jwkOf(pair)));
	return { protected: head, payload: body, signature: b64(createHmac(alg.replace('HS', 'sha'), Buffer.from(key.hmac, 'base64url')).update(`${head}.${body}`).digest()) };
}

// ---- a client
export class Client {
	// via: where what is signed for a url is sent, when it is not that url.
	constructor(key = newKey(), via = (url) => url) {
		this.key = key;
		this.via = via;
	}
	async places() {
		return (this.at ??= (await call('GET', directory)).json);
	}
	async nonce() {
		return (await call('HEAD', this.via((await this.places()).newNonce))).headers['replay-nonce'];
	}
	// Signs and sends; what a header has beside is the test's affair.
	async post(url, payload, { header = {}, key = this.key, by = this.kid ? { kid: this.kid } : { jwk: jwkOf(key) }, nonce, change = (body) => body, type = 'application/jose+json' } = {}) {
		const body = change(jws(key, { ...by, nonce: nonce ?? (await this.nonce()), url, ...header }, payload));
		return call('POST', this.via(url), { headers: { 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) });
	}
	get(url) {
		return this.post(url, '');
	}
	async register(key, extra = {}) {
		const { newAccount } = await this.places();
		const answer = await this.post(newAccount, { contact: ['mailto:admin@land.test'], externalAccountBinding: key ? binding(key, newAccount, this.key) : undefined, ...extra }, { by: { jwk: jwkOf(this.key) } });
		if (answer.status < 300) this.kid = answer.headers.location;
		return answer;
	}
	static async bound(domains, key) {
		const client = new Client(key);
		let answer = await client.register(bound(domains));
		// Keys without an account are heard so many times a second: as any client would, it waits.
		for (let i = 0; answer.status === 429 && i < 20; i++) {
			await new Promise((resolve) => setTimeout(resolve, 500));
			answer = await client.register(bound(domains));
		}
		assert.equal(answer.status, 201, answer.text);
		return client;
	}
	async order(...names) {
		const identifiers = names.map((value) => ({ type: /^[0-9.]+$|:/.test(value) ? 'ip' : 'dns', value }));
		return this.post((await this.places()).newOrder, { identifiers });
	}
	keyAuthorization(token) {
		return `${token}.${thumbprint(this.key)}`;
	}
	async challenges(order, type) {
		const all = await Promise.all(order.json.authorizations.map((url) => this.get(url)));
		return all.map((answer) => ({ ...answer.json.challenges.find((one) => one.type === type), name: answer.json.identifier.value }));
	}
	// Asks for the challenge to be looked at, and waits until done(it) or it is over.
	async look(challenge, done = () => false) {
		await this.post(challenge.url, {});
		return this.until(challenge.url, (it) => it.status !== 'processing' || done(it));
	}
	async until(url, done) {
		for (let i = 0; i < 150; i++) {
			const { json } = await this.get(url);
			if (done(json)) return json;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
		throw new Error(`${url} did not come to an end`);
	}
	// An order whose names are all shown by http-01.
	async ready(web, ...names) {
		const order = await this.order(...names);
		assert.equal(order.status, 201, order.text);
		for (const challenge of await this.challenges(order, 'http-01')) {
			web.files.set(challenge.token, this.keyAuthorization(challenge.token));
			assert.equal((await this.look(challenge)).status, 'valid');
		}
		return { url: order.headers.location, ...(await this.get(order.headers.location)).json };
	}
	async certified(web, ...names) {
		const order = await this.ready(web, ...names);
		const request = csr({ names });
		const answer = await this.post(order.finalize, { csr: request.csr });
		assert.equal(answer.status, 200, answer.text);
		const pem = (await this.get(answer.json.certificate)).text;
		return { pem, key: request.key, url: answer.json.certificate, order };
	}
}

// ---- requests, by openssl
export const folder = mkdtempSync(join(tmpdir(), 'mohar-acme-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let made = 0;
export const place = (name) => join(folder, `${++made}-${name}`);
export function csr({ names, cn, key, bits } = {}) {
	const file = key ?? place('key.pem');
	if (!key) execFileSync('openssl', bits ? ['genrsa', '-out', file, String(bits)] : ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file], { stdio: 'ignore' });
	const alternative = (names ?? []).map((name) => (/^[0-9.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
	const der = execFileSync('openssl', ['req', '-new', '-key', file, '-subj', cn ? `/CN=${cn}` : '/', '-outform', 'DER', ...(alternative ? ['-addext', `subjectAltName=${alternative}`] : [])], { stdio: ['ignore', 'pipe', 'ignore'] });
	return { csr: b64(der), key: file };
}
export const der = (pem) => b64(Buffer.from(pem.split('-----')[2], 'base64'));

// ---- servers for the challenges
const listening = (server, ...where) => new Promise((resolve, reject) => server.once('error', reject).listen(...where, () => resolve(server)));

// Files of /.well-known/acme-challenge/: a text, or a function that answers.
export async function webServer(root = null) {
	const files = new Map();
	const asked = [];
	const server = createServer((request, response) => {
		const name = request.url.split('/').pop();
		asked.push({ host: request.headers.host, url: request.url });
		const file = files.get(name) ?? (root && existsSync(join(root, name)) ? readFileSync(join(root, name)) : undefined);
		if (typeof file === 'function') file(request, response);
		else if (file === undefined) response.writeHead(404).end();
		else response.end(file);
	});
	await listening(server, ports.http, '127.0.0.1');
	return { files, asked, close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) };
}

// The certificate of RFC 8737 for names, with what the extension holds.
export function alpnCertificate(names, keyAuthorization, { critical = true, ip = false } = {}) {
	const key = place('alpn.key'), certificate = place('alpn.pem'), config = place('alpn.cnf');
	const hash = sha256(keyAuthorization).toString('hex');
	writeFileSync(config, `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=challenge\n[ext]\nsubjectAltName=${names.map((name) => `${ip ? 'IP' : 'DNS'}:${name}`).join(',')}\n1.3.6.1.5.5.7.1.31=${critical ? 'critical,' : ''}DER:0420${hash}\n`);
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-config', config], { stdio: 'ignore' });
	return { key: readFileSync(key), cert: readFileSync(certificate) };
}
export async function tlsServer(certificate, protocols = ['acme-tls/1']) {
	const names = [];
	const server = createTls({ ...certificate, ALPNProtocols: protocols, SNICallback: (name, done) => (names.push(name), done(null)) }, (socket) => socket.end());
	server.on('tlsClientError', () => {});
	await listening(server, ports.tls, '127.0.0.1');
	return { names, close: () => new Promise((resolve) => server.close(resolve)) };
}

// A DNS server for A, AAAA, CNAME and TXT: records {"name": {A: [...], TXT: [...]}}, and files of texts in a folder, named by name, as hooks of stock clients leave them.
const TYPES = { A: 1, CNAME: 5, TXT: 16, AAAA: 28 };
const nameBytes = (name) => Buffer.concat([...name.split('.').filter(Boolean).map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0])]);
function recordBytes(type, value) {
	if (type === 'A') return Buffer.from(value.split('.').map(Number));
	if (type === 'AAAA') {
		const [head, tail = ''] = value.split('::');
		const left = head.split(':').filter(Boolean), right = tail.split(':').filter(Boolean);
		const groups = value.includes('::') ? [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] : left;
		return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
	}
	return type === 'CNAME' ? nameBytes(value) : Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}
function answerTo(question, records, texts) {
	let at = 12;
	const labels = [];
	while (question[at] > 0) {
		labels.push(question.subarray(at + 1, at + 1 + question[at]).toString().toLowerCase());
		at += question[at] + 1;
	}
	const type = question.readUInt16BE(at + 1);
	const rows = [];
	let name = labels.join('.');
	for (let hops = 0; hops < 20; hops++) {
		const own = { ...records[name] };
		if (texts && existsSync(join(texts, name))) own.TXT = readFileSync(join(texts, name), 'utf8').split('\n').filter(Boolean);
		const [kind, values] = own.CNAME ? ['CNAME', own.CNAME] : (Object.entries(own).find(([each]) => TYPES[each] === type) ?? ['', []]);
		for (const value of values) {
			const data = recordBytes(kind, value), head = Buffer.alloc(10);
			head.writeUInt16BE(TYPES[kind], 0);
			head.writeUInt16BE(1, 2);
			head.writeUInt16BE(data.length, 8);
			rows.push(nameBytes(name), head, data);
		}
		if (kind !== 'CNAME') break;
		name = own.CNAME[0];
	}
	const head = Buffer.from(question.subarray(0, 12));
	head.writeUInt16BE(0x8580, 2);
	head.writeUInt16BE(rows.length / 3, 6);
	head.writeUInt32BE(0, 8);
	return Buffer.concat([head, question.subarray(12, at + 5), ...rows]);
}
// forged: answers that somebody else sends before ours, made of it. cut: every answer over UDP is cut short, and comes whole over TCP.
export async function dnsServer(records = {}, texts = null) {
	const socket = createSocket('udp4');
	const server = { records, forged: () => [], cut: false };
	socket.on('message', (question, from) => {
		const answer = answerTo(question, records, texts);
		for (const forged of server.forged(Buffer.from(answer))) socket.send(forged, from.port, from.address);
		if (server.cut) answer.writeUInt16BE(0x8780, 2);
		socket.send(answer, from.port, from.address);
	});
	await new Promise((resolve, reject) => socket.once('error', reject).bind(ports.dns, '127.0.0.1', resolve));
	const stream = createNet((connection) => {
		connection.on('error', () => {});
		connection.once('data', (question) => {
			const answer = answerTo(question.subarray(2), records, texts), length = Buffer.alloc(2);
			length.writeUInt16BE(answer.length);
			connection.end(Buffer.concat([length, answer]));
		});
	});
	await listening(stream, ports.dns, '127.0.0.1');
	server.close = () => Promise.all([new Promise((resolve) => socket.close(resolve)), new Promise((resolve) => stream.close(resolve))]);
	return server;
}

// A stock client; its words and what it said.
export function run(program, words, { env: more = {}, cwd = folder, seconds = 60 } = {}) {
	return new Promise((resolve) => {
		const child = spawn(program, words, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'], timeout: seconds * 1000 });
		let said = '';
		child.stdout.on('data', (part) => (said += part));
		child.stderr.on('data', (part) => (said += part));
		child.on('error', (error) => resolve({ code: -1, said: String(error) }));
		child.on('close', (code) => resolve({ code, said }));
	});
}
export const below = (path) => readdirSync(path, { recursive: true }).map((name) => join(path, name));
