// A witness of C2SP tlog-witness, written from the specification alone: it knows one log's key, keeps the largest tree that it has cosigned, and checks consistency by
// RFC 6962 2.1.4.2 before it cosigns a larger one.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left, right) => sha256(Buffer.from([1]), left, right);
const raw = (key) => key.export({ format: 'der', type: 'spki' }).subarray(12);
const keyId = (name, type, key) => sha256(Buffer.from(`${name}\n`), Buffer.from([type]), raw(key)).subarray(0, 4);
export const vkey = (name, type, key) => `${name}+${keyId(name, type, key).toString('hex')}+${Buffer.concat([Buffer.from([type]), raw(key)]).toString('base64')}`;

// A note taken apart: {text, lines: [{name, id, bytes}]}.
export function note(whole) {
	const at = whole.lastIndexOf('\n\n');
	const lines = whole.slice(at + 2).split('\n').filter((line) => line !== '').map((line) => {
		const [, name, data] = line.split(' ');
		const bytes = Buffer.from(data, 'base64');
		return { name, id: bytes.subarray(0, 4), bytes: bytes.subarray(4), line };
	});
	const [origin, size, root] = whole.slice(0, at).split('\n');
	return { text: whole.slice(0, at + 1), origin, size: Number(size), root: Buffer.from(root, 'base64'), lines };
}

// Does this cosignature verify?
export function cosigned(checkpoint, name, key) {
	const line = checkpoint.lines.find((l) => l.name === name && l.id.equals(keyId(name, 4, key)));
	if (!line) return false;
	return verify(null, Buffer.from(`cosignature/v1\ntime ${line.bytes.readBigUInt64BE(0)}\n${checkpoint.text}`), key, line.bytes.subarray(8));
}

export function consistent(first, second, proof, old, root) {
	if (first === second) return proof.length === 0 && old.equals(root);
	if (first === 0) return proof.length === 0;
	const path = (first & (first - 1)) === 0 ? [old, ...proof] : [...proof];
	let fn = first - 1;
	let sn = second - 1;
	while (fn & 1) [fn, sn] = [fn >> 1, sn >> 1];
	let fr = path.shift();
	let sr = fr;
	for (const c of path) {
		if (sn === 0) return false;
		if (fn & 1 || fn === sn) {
			[fr, sr] = [node(c, fr), node(c, sr)];
			while (!(fn & 1) && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
		} else sr = node(sr, c);
		[fn, sn] = [fn >> 1, sn >> 1];
	}
	return fr.equals(old) && sr.equals(root) && sn === 0;
}

export class Witness {
	constructor(name, origin, logSpki) {
		Object.assign(this, { name, origin, size: 0, root: null, asked: 0, refused: [] });
		({ publicKey: this.key, privateKey: this.private } = generateKeyPairSync('ed25519'));
		this.log = createPublicKey({ key: logSpki, format: 'der', type: 'spki' });
		this.server = createServer((request, response) => {
			let body = '';
			request.on('data', (d) => (body += d)).on('end', () => {
				const { status, text } = request.method === 'POST' && request.url === '/add-checkpoint' ? this.add(body) : { status: 404, text: '' };
				if (status !== 200) this.refused.push(status);
				response.writeHead(status, { 'content-type': status === 409 ? 'text/x.tlog.size' : 'text/plain' }).end(text);
			});
		});
	}

	get vkey() {
		return vkey(this.name, 4, this.key);
	}

	listen() {
		return new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve((this.url = `http://127.0.0.1:${this.server.address().port}`))));
	}

	close() {
		this.server.closeAllConnections();
		return new Promise((resolve) => this.server.close(resolve));
	}

	add(body) {
		this.asked++;
		if (this.answer) return this.answer(body);
		const blank = body.indexOf('\n\n');
		const [first, ...proof] = body.slice(0, blank).split('\n');
		const old = Number(/^old (0|[1-9]\d*)$/.exec(first)?.[1] ?? NaN);
		const c = note(body.slice(blank + 2));
		if (Number.isNaN(old) || old > c.size || proof.length > 63) return { status: 400, text: '' };
		if (c.origin !== this.origin) return { status: 404, text: '' };
		const mine = c.lines.find((l) => l.name === this.origin && l.id.equals(keyId(this.origin, 1, this.log)));
		if (!mine || !verify(null, Buffer.from(c.text), this.log, mine.bytes)) return { status: 403, text: '' };
		if (old !== this.size) return { status: 409, text: `${this.size}\n` };
		if (!consistent(old, c.size, proof.map((p) => Buffer.from(p, 'base64')), this.root, c.root)) return { status: 422, text: '' };
		[this.size, this.root] = [c.size, c.root];
		const time = BigInt(Math.floor(Date.now() / 1000));
		const stamp = Buffer.alloc(8);
		stamp.writeBigUInt64BE(time);
		const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${c.text}`), this.private);
		return { status: 200, text: `— ${this.name} ${Buffer.concat([keyId(this.name, 4, this.key), stamp, signature]).toString('base64')}\n` };
	}
}
