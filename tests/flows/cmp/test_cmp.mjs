// CMP by a client that nobody here wrote (openssl cmp), and what CMP must refuse, each with its PKIFailureInfo.
// timeout: 240
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { absent, anchor, certified, device, enrolled, newKey, place, row, run, serialOf, textOf, url } from '../est/house.mjs';
import { NAME, answer, certRequest, der, int, message, named, octets, send, seq, signed } from './message.mjs';

const skip = absent;
const [, host] = (url ?? '//').split('//');
const IP = 1, KUP = 8, RP = 12, PKICONF = 19, ERROR = 23;
const openssl = (cmd, ...words) => run('openssl', ['cmp', '-cmd', cmd, '-server', host, '-path', '.well-known/cmp', '-tls_used', '-tls_trusted', anchor, '-trusted', anchor, ...words]).then(({ code, said, out }) => ({ code, said: out + said }));
const by = (e) => ['-ref', e.id, '-secret', `pass:${e.secret}`];
const asks = (key, subject = '/O=Health/CN=s1.sensors.health.test') => ['-newkey', key, '-subject', subject, '-sans', 's1.sensors.health.test'];
const done = ({ code, said }) => assert.equal(code, 0, said);
const pem = (bytes) => `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
const bytesOf = (text) => Buffer.from(text.split('-----')[2], 'base64');

describe('openssl cmp', { skip }, () => {
	const first = async (...words) => {
		const own = { key: newKey(), file: place('own.pem') };
		done(await openssl('ir', ...by(enrolled()), ...asks(own.key), '-certout', own.file, ...words));
		return own;
	};

	test('ir with confirmation, kur without, rr: one certificate after the other, and its end', async () => {
		const own = await first('-cacertsout', place('root.pem')), next = { key: newKey(), file: place('next.pem') };
		assert.match(textOf(readFileSync(own.file)), /DNS:s1\.sensors\.health\.test/);
		assert.equal(row(serialOf(readFileSync(own.file)), 'channel'), 'cmp');
		const update = await openssl('kur', '-cert', own.file, '-key', own.key, '-newkey', next.key, '-certout', next.file, '-implicit_confirm');
		done(update);
		assert.doesNotMatch(update.said, /CERTCONF/);
		assert.match(textOf(readFileSync(next.file)), /DNS:s1\.sensors\.health\.test/);
		assert.notEqual(serialOf(readFileSync(next.file)), serialOf(readFileSync(own.file)));
		done(await openssl('rr', '-cert', next.file, '-key', next.key, '-oldcert', next.file, '-revreason', '1'));
		assert.equal(row(serialOf(readFileSync(next.file)), 'reason'), '1');
		const again = await openssl('kur', '-cert', next.file, '-key', next.key, '-newkey', newKey(), '-certout', place('x.pem'));
		assert.match(again.said, /certRevoked.*is revoked/s);
	});

	test('cr with implicit confirmation, by HMAC over SHA-256, to the address of its profile', async () => {
		const certificate = place('own.pem'), words = [...asks(newKey()), '-certout', certificate, '-implicit_confirm', '-mac', 'hmacWithSHA256'];
		done(await openssl('cr', ...by(enrolled()), ...words, '-path', '.well-known/cmp/p/tls-client'));
		assert.match(textOf(readFileSync(certificate)), /Health/);
		assert.match((await openssl('cr', ...by(enrolled()), ...words, '-path', '.well-known/cmp/p/tls-server')).said, /notAuthorized.*profile tls-server/s);
	});

	test('a refusal names the field', async () => {
		const said = async (e, ...words) => (await openssl('ir', ...by(e), ...words, '-certout', place('x.pem'))).said;
		assert.match(await said(enrolled(), ...asks(newKey(), '/O=Wealth/CN=s1.sensors.health.test')), /badCertTemplate.*O=Wealth is not what this enrolment allows/s);
		assert.match(await said({ ...enrolled(), secret: 'x' }, ...asks(newKey())), /badMessageCheck/);
		assert.match(await said({ ...enrolled(), id: '0123456789abcdef' }, ...asks(newKey())), /badMessageCheck/);
	});

	test('rr of another certificate than the one that signs, and kur of a certificate that a secret did not give, are refused', async () => {
		const own = await first('-implicit_confirm'), other = await first('-implicit_confirm');
		assert.match((await openssl('rr', '-cert', own.file, '-key', own.key, '-oldcert', other.file)).said, /badCertId/);
		const key = newKey(), self = place('self.pem');
		await run('openssl', ['req', '-x509', '-new', '-key', key, '-subj', '/O=Health/CN=s1.sensors.health.test', '-out', self]);
		assert.match((await openssl('kur', '-cert', self, '-key', key, '-newkey', newKey(), '-certout', place('x.pem'))).said, /signerNotTrusted/);
	});

	test('a body that is not taken is told as such', async () => {
		assert.match((await openssl('genm', ...by(enrolled()))).said, /badRequest.*body \[21\] is not taken/s);
	});
});

describe('a message', { skip }, () => {
	const ir = (e, more = {}, what = {}) => message({ ...e, body: seq(certRequest(newKey(), what)), ...more });
	const ask = async (bytes, options) => {
		const reply = await send(bytes, options);
		assert.equal(reply.status, 200, reply.text);
		assert.equal(reply.headers['content-type'], 'application/pkixcmp');
		return answer(reply.bytes);
	};
	const refused = async (bytes, fail, words = /./, type = ERROR) => {
		const got = await ask(bytes);
		assert.equal(got.fail, fail, got.why);
		assert.match(got.why, words);
		assert.equal(got.type, type);
		return got;
	};

	test('by PBM and by PBMAC1 is answered by the same, with its transaction and nonces', async () => {
		for (const [protection, alg] of [['pbm', '2a864886f67d07420d'], ['pbmac1', '2a864886f70d01050e']]) {
			const transaction = randomBytes(16), nonce = randomBytes(16);
			const got = await ask(ir(enrolled(), { protection, transaction, nonce }));
			assert.equal(got.type, IP);
			assert.equal(got.status, 0, got.why);
			assert.ok(got.certificate && got.implicit);
			assert.equal(got.alg, alg);
			assert.deepEqual([got.transaction, got.recipNonce], [transaction, nonce]);
		}
	});

	test('that comes again does nothing again, whichever its secret still allows', async () => {
		const e = enrolled({ uses: 5 }), bytes = ir(e);
		assert.equal((await ask(bytes)).status, 0);
		await refused(bytes, 'transactionIdInUse', /used before/, IP);
		assert.equal(device('list').enrolments.find((each) => each.id === e.id).uses, 4);
	});

	test('without protection, with a spoilt MAC, by another secret, or too cheap or dear to check is refused', async () => {
		const e = enrolled({ uses: 5 });
		await refused(ir(e, { protection: 'none' }), 'badMessageCheck', /not protected/);
		await refused(ir(e, { spoil: true }), 'badMessageCheck');
		await refused(ir({ ...e, secret: enrolled().secret }), 'badMessageCheck');
		await refused(ir(e, { protection: 'pbmac1', spoil: true }), 'badMessageCheck');
		await refused(ir(e, { rounds: 50 }), 'badAlg', /iterationCount/);
		await refused(ir(e, { protection: 'pbmac1', rounds: 50 }), 'badAlg');
		assert.equal((await ask(ir(e))).status, 0);
	});

	test('of another version, hour, or without transaction or nonce is refused', async () => {
		const e = enrolled({ uses: 5 });
		await refused(ir(e, { version: 1 }), 'unsupportedVersion');
		await refused(ir(e, { time: new Date(Date.now() - 3600e3) }), 'badTime', /more than 300 seconds/);
		await refused(ir(e, { transaction: Buffer.alloc(0) }), 'badRequest', /transactionID/);
		await refused(ir(e, { nonce: randomBytes(4) }), 'badSenderNonce');
		await refused(Buffer.concat([ir(e), Buffer.from([0])]), 'badDataFormat', /bytes after/);
		await refused(Buffer.from('hello'), 'badDataFormat');
		assert.equal((await send(ir(e), { type: 'text/plain' })).status, 400);
	});

	test('that does not show possession of the key is refused', async () => {
		const e = enrolled({ uses: 5 });
		await refused(ir(e, {}, { spoil: true }), 'badPOP', /not signed by the key/, IP);
		await refused(ir(e, {}, { popo: der(0x80) }), 'badPOP', /possession/, ERROR);
		await refused(ir(e, {}, { popo: Buffer.alloc(0) }), 'badPOP', /possession/, ERROR);
	});

	test('whose template says what is ours to say, or asks for more than the enrolment has, is refused', async () => {
		const e = enrolled({ uses: 5 });
		await refused(ir(e, {}, { extra: [der(0x81, Buffer.from([5]))] }), 'badCertTemplate', /serialNumber/, ERROR);
		await refused(ir(e, {}, { subject: named('minister') }), 'badCertTemplate', /CN=minister/, IP);
		await refused(ir(e, {}, { names: ['www.land.test'] }), 'badCertTemplate', /dns:www\.land\.test/, IP);
		const two = message({ ...e, body: seq(certRequest(newKey()), certRequest(newKey())) });
		await refused(two, 'badRequest', /one request in a message/);
	});

	test('by a secret that is used up or revoked, or with a key that was certified before, is refused', async () => {
		const e = enrolled(), key = newKey(), revoked = enrolled();
		assert.equal((await ask(message({ ...e, body: seq(certRequest(key)) }))).status, 0);
		await refused(ir(e), 'notAuthorized', /used up/, IP);
		await refused(message({ ...enrolled(), body: seq(certRequest(key)) }), 'duplicateCertReq', /certified before/, IP);
		device('revoke', revoked.id);
		await refused(ir(revoked), 'notAuthorized', /was revoked/, IP);
	});

	test('kur and rr by a secret, ir by a certificate: the wrong protection', async () => {
		const e = enrolled({ uses: 5 }), own = await certified();
		await refused(ir(e, { type: 7 }), 'wrongIntegrity', /kur is signed/, KUP);
		await refused(message({ ...e, type: 11, body: seq(seq(seq())) }), 'wrongIntegrity', /rr is signed/, RP);
		await refused(message({ protection: signed(own.key), certs: [bytesOf(own.pem)], sender: NAME, body: seq(certRequest(newKey())) }), 'wrongIntegrity', /ir and cr/, IP);
	});

	test('signed by another key than the certificate that it shows, or in another name, is refused', async () => {
		const own = await certified(), body = seq(certRequest(newKey()));
		const kur = (more) => message({ type: 7, body, protection: signed(own.key), certs: [bytesOf(own.pem)], sender: NAME, ...more });
		await refused(kur({ protection: signed(newKey()) }), 'badMessageCheck', /signature/);
		await refused(kur({ sender: named('minister') }), 'signerNotTrusted', /sender/);
		await refused(kur({ certs: undefined }), 'signerNotTrusted', /extraCerts/);
		const key = newKey(), self = place('self.pem');
		await run('openssl', ['req', '-x509', '-new', '-key', key, '-subj', '/O=Health/CN=s1.sensors.health.test', '-out', self]);
		await refused(kur({ protection: signed(key), certs: [bytesOf(readFileSync(self, 'utf8'))] }), 'signerNotTrusted', /not issued here/);
		await refused(kur({ body: seq(certRequest(newKey(), { names: ['s2.sensors.health.test'] })) }), 'badCertTemplate', /asks for the name/, KUP);
		assert.equal((await ask(kur())).status, 0);
	});

	describe('of confirmation', () => {
		const conf = (e, got, certificate, more = {}, rejected = false) => {
			const hash = createHash('sha384').update(certificate).digest();
			const status = rejected ? [seq(int(2))] : [];
			return message({ ...e, type: 24, transaction: got.transaction, recipNonce: got.nonce, implicit: false, body: seq(seq(octets(hash), int(0), ...status)), ...more });
		};
		const waiting = async (e) => {
			const got = await ask(ir(e, { implicit: false }));
			assert.equal(got.status, 0, got.why);
			assert.equal(got.implicit, false);
			return got;
		};

		test('ends the transaction, once', async () => {
			const e = enrolled(), got = await waiting(e);
			assert.equal((await ask(conf(e, got, got.certificate))).type, PKICONF);
			await refused(conf(e, got, got.certificate), 'certConfirmed');
		});

		test('with a wrong nonce, hash, transaction or sender is refused, and the right one still counts', async () => {
			const e = enrolled(), got = await waiting(e);
			await refused(conf(e, got, got.certificate, { recipNonce: randomBytes(16) }), 'badRecipientNonce');
			await refused(conf(e, got, Buffer.from('another')), 'badCertId');
			await refused(conf(e, got, got.certificate, { transaction: randomBytes(16) }), 'badRequest', /no such transaction/);
			await refused(conf(enrolled(), got, got.certificate), 'badMessageCheck', /another's/);
			assert.equal((await ask(conf(e, got, got.certificate))).type, PKICONF);
		});

		test('that rejects the certificate has it revoked', async () => {
			const e = enrolled(), got = await waiting(e);
			assert.equal((await ask(conf(e, got, got.certificate, {}, true))).type, PKICONF);
			assert.equal(row(serialOf(pem(got.certificate)), 'reason'), '5');
		});
	});
});
