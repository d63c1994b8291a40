// A CMP client that can do wrong on purpose: PKIMessages in DER (RFC 9810), protected by PBM or PBMAC1, and what an answer says.
import { createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { call } from '../est/house.mjs';

// ---- DER
const length = (n) => (n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255]);
export const der = (tag, ...parts) => {
	const body = Buffer.concat(parts);
	return Buffer.concat([Buffer.from([tag, ...length(body.length)]), body]);
};
export const seq = (...parts) => der(0x30, ...parts);
export const tagged = (n, ...parts) => der(0xa0 | n, ...parts);
export const octets = (bytes) => der(4, Buffer.from(bytes));
export const int = (n) => der(2, n < 128 ? Buffer.from([n]) : Buffer.from([n >> 8, n & 255]));
export const oid = (hex) => der(6, Buffer.from(hex, 'hex'));
const bits = (bytes) => der(3, Buffer.from([0]), bytes);
const NULL = Buffer.from([5, 0]);

// [{tag, body, whole}] of the elements in bytes.
export function elements(bytes) {
	const out = [];
	for (let at = 0; at < bytes.length;) {
		const start = at, tag = bytes[at++];
		let size = bytes[at++];
		if (size > 127) {
			const digits = size & 127;
			size = bytes.readUIntBE(at, digits);
			at += digits;
		}
		out.push({ tag, body: bytes.subarray(at, at + size), whole: bytes.subarray(start, at + size) });
		at += size;
	}
	return out;
}

// ---- names, keys, requests
const attribute = (type, text) => der(0x31, seq(oid(type), der(12, Buffer.from(text))));
export const NAME = seq(attribute('55040a', 'Health'), attribute('550403', 's1.sensors.health.test'));
export const named = (cn) => seq(attribute('550403', cn));
const ECDSA = seq(oid('2a8648ce3d040302'));

// One CertReqMsg. what: the template's parts, each replaceable.
export function certRequest(keyFile, { subject = NAME, names = ['s1.sensors.health.test'], extra = [], popo, controls, id = int(0), spoil = false } = {}) {
	const key = createPrivateKey(readFileSync(keyFile));
	const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
	const san = names.length ? [tagged(9, seq(oid('551d11'), octets(seq(...names.map((name) => der(0x82, Buffer.from(name)))))))] : [];
	const template = seq(...extra, tagged(5, subject), tagged(6, elements(spki)[0].body), ...san);
	const request = seq(id, template, ...(controls ? [controls] : []));
	const signature = sign('sha256', request, key);
	if (spoil) signature[signature.length - 1] ^= 1;
	return seq(request, popo ?? tagged(1, ECDSA, bits(signature)));
}

// ---- protection
const PBM = '2a864886f67d07420d', PBMAC1 = '2a864886f70d01050e', HMAC = seq(oid('2a864886f70d0209'), NULL);
function pbm(secret, { rounds = 500, salt = randomBytes(16) } = {}) {
	const alg = seq(oid(PBM), seq(octets(salt), seq(oid('608648016503040201')), int(rounds), seq(oid('2a864886f70d0209'))));
	return {
		alg,
		mac(part) {
			let key = Buffer.concat([Buffer.from(secret), salt]);
			for (let i = 0; i < rounds; i++) key = createHash('sha256').update(key).digest();
			return createHmac('sha256', key).update(part).digest();
		},
	};
}
function pbmac1(secret, { rounds = 2048, salt = randomBytes(16) } = {}) {
	const alg = seq(oid(PBMAC1), seq(seq(oid('2a864886f70d01050c'), seq(octets(salt), int(rounds), int(32), HMAC)), HMAC));
	return { alg, mac: (part) => createHmac('sha256', pbkdf2Sync(secret, salt, rounds, 32, 'sha256')).update(part).digest() };
}
const directory = (name) => der(0xa4, name);
const IMPLICIT = seq(oid('2b0601050507040d'), NULL);

// One message of one transaction. protection: "pbm", "pbmac1", "none"; or { alg, mac }.
export function message({ id, secret, type = 0, body, transaction = randomBytes(16), nonce = randomBytes(16), recipNonce, implicit = true, protection = 'pbm', version = 2, time = new Date(), sender = seq(), rounds, certs, spoil = false, header: more = [] }) {
	const how = typeof protection === 'object' ? protection : protection === 'pbm' ? pbm(secret, { rounds }) : protection === 'pbmac1' ? pbmac1(secret, { rounds }) : null;
	const stamp = time.toISOString().replace(/[-:T]/g, '').slice(0, 14);
	const header = seq(
		int(version),
		directory(sender),
		directory(seq()),
		tagged(0, der(0x18, Buffer.from(`${stamp}Z`))),
		...(how ? [tagged(1, how.alg)] : []),
		...(id ? [tagged(2, octets(id))] : []),
		...(transaction.length ? [tagged(4, octets(transaction))] : []),
		...(nonce.length ? [tagged(5, octets(nonce))] : []),
		...(recipNonce ? [tagged(6, octets(recipNonce))] : []),
		...(implicit ? [tagged(8, seq(IMPLICIT))] : []),
		...more,
	);
	const inside = tagged(type, body);
	const mac = how?.mac(seq(header, inside));
	if (spoil) mac[0] ^= 1;
	return seq(header, inside, ...(mac ? [tagged(0, bits(mac))] : []), ...(certs ? [tagged(1, seq(...certs))] : []));
}
// By a key of P-256.
export function signed(keyFile) {
	const key = createPrivateKey(readFileSync(keyFile));
	return { alg: ECDSA, mac: (part) => sign('sha256', part, key) };
}

export const send = (bytes, { path = '/.well-known/cmp', type = 'application/pkixcmp' } = {}) => call('POST', path, { body: bytes, type });

// ---- answers
const FAILS = ['badAlg', 'badMessageCheck', 'badRequest', 'badTime', 'badCertId', 'badDataFormat', 'wrongAuthority', 'incorrectData', 'missingTimeStamp', 'badPOP', 'certRevoked', 'certConfirmed', 'wrongIntegrity', 'badRecipientNonce', 'timeNotAvailable', 'unacceptedPolicy', 'unacceptedExtension', 'addInfoNotAvailable', 'badSenderNonce', 'badCertTemplate', 'signerNotTrusted', 'transactionIdInUse', 'unsupportedVersion', 'notAuthorized', 'systemUnavail', 'systemFailure', 'duplicateCertReq'];
function failure(bits_) {
	for (let i = 0; i < FAILS.length; i++) if (bits_[1 + (i >> 3)] & (0x80 >> (i & 7))) return FAILS[i];
	return '';
}
function status(info) {
	const [number, ...rest] = elements(info);
	const text = rest.find((each) => each.tag === 0x30), bits_ = rest.find((each) => each.tag === 3);
	return { status: number.body[0], why: text ? elements(text.body)[0].body.toString() : '', fail: bits_ ? failure(bits_.body) : '' };
}
export function answer(bytes) {
	const [header, body] = elements(elements(bytes)[0].body);
	const fields = Object.fromEntries(elements(header.body).slice(3).map((each) => [each.tag & 31, elements(each.body)[0]?.body]));
	const type = body.tag & 31, inside = elements(body.body)[0];
	const out = { type, transaction: fields[4], nonce: fields[5], recipNonce: fields[6], implicit: 8 in fields, alg: elements(fields[1])[0].body.toString('hex') };
	if (type === 23) return { ...out, ...status(elements(inside.body)[0].body) };
	if (type === 12) return { ...out, ...status(elements(elements(inside.body)[0].body)[0].body) };
	if (type === 19) return { ...out, status: 0 };
	const responses = elements(inside.body).find((each) => each.tag === 0x30);
	const [, info, pair] = elements(elements(responses.body)[0].body);
	const certificate = pair ? elements(elements(pair.body)[0].body)[0].whole : undefined;
	return { ...out, ...status(info.body), certificate };
}
