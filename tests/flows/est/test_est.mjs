// EST by clients that nobody here wrote (strongSwan's pki, curl and openssl), and what EST must refuse.
// timeout: 240
import assert from 'node:assert/strict';
import { writeFileSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { absent, anchor, basic, call, certificates, certified, csr, device, enroll, enrolled, installed, newKey, place, reenroll, row, run, serialOf, textOf, url } from './house.mjs';

const skip = absent;
const refused = (answer, status, words) => {
	assert.equal(answer.status, status, answer.text);
	assert.match(answer.text, words);
};

describe('strongSwan', { skip: skip || (installed('pki') ? false : 'needs pki (strongswan-pki)') }, () => {
	const est = (...words) => run('pki', ['--est', '--url', url, '--cacert', anchor, '--outform', 'pem', ...words]);
	const written = (request) => {
		const file = place('request.der');
		writeFileSync(file, request.der);
		return file;
	};

	test('pki --est gets a certificate by the secret, and the next by that one', async () => {
		const first = csr();
		const got = await est('--in', written(first), '--userpass', basic(enrolled()));
		assert.equal(got.code, 0, got.said);
		const pem = got.out.toString();
		assert.match(textOf(pem), /DNS:s1\.sensors\.health\.test/);
		assert.match(textOf(pem), /TLS Web Client Authentication/);
		const certificate = place('own.pem');
		writeFileSync(certificate, pem);
		const next = await est('--in', written(csr()), '--cert', certificate, '--key', first.key);
		assert.equal(next.code, 0, next.said);
		assert.notEqual(serialOf(next.out), serialOf(pem));
		assert.equal(row(serialOf(next.out), 'channel'), 'est');
		assert.match(row(serialOf(next.out), 'principal'), /agency:health/);
	});

	test('pki --estca finds the authorities under the root', async () => {
		const got = await run('pki', ['--estca', '--url', url, '--cacert', anchor, '--caout', place('ca.der'), '--force']);
		assert.equal(got.code, 0, got.said);
		assert.match(got.said, /Sub CA cert is trusted/);
	});
});

describe('curl and openssl', { skip }, () => {
	test('cacerts brings the root and the issuers; a profile only its own', async () => {
		const all = certificates({ status: 200, text: (await run('curl', ['-sf', '--cacert', anchor, `${url}/.well-known/est/cacerts`])).out.toString() });
		const one = certificates(await call('GET', '/.well-known/est/tls-client/cacerts'));
		assert.equal(all.length, 3);
		assert.equal(one.length, 2);
	});

	test('csrattrs names curve, digest and the extension that may be asked for', async () => {
		const answer = await run('curl', ['-sf', '--cacert', anchor, `${url}/.well-known/est/tls-client/csrattrs`]);
		const parsed = await run('openssl', ['asn1parse', '-inform', 'DER'], { input: Buffer.from(answer.out.toString(), 'base64') });
		for (const word of ['id-ecPublicKey', 'prime256v1', 'ecdsa-with-SHA256', 'Extension Request', 'Subject Alternative Name']) assert.match(parsed.out.toString(), new RegExp(word));
		refused(await call('GET', '/.well-known/est/csrattrs'), 401, /Basic/);
	});

	test('curl enrols with a body in lines, and the chain verifies', async () => {
		const e = enrolled();
		const file = place('request.b64'), own = place('own.pem');
		writeFileSync(file, csr().der.toString('base64').replace(/.{64}/g, '$&\r\n'));
		const answer = await run('curl', ['-s', '--cacert', anchor, '-u', basic(e), '-H', 'Content-Type: application/pkcs10', '--data-binary', `@${file}`, `${url}/.well-known/est/tls-client/simpleenroll`]);
		const [pem] = certificates({ status: 200, text: answer.out.toString() });
		const [issuer] = certificates(await call('GET', '/.well-known/est/tls-client/cacerts')).filter((each) => /Subject: .*services/.test(textOf(each)));
		writeFileSync(own, pem);
		writeFileSync(`${own}.ca`, issuer);
		const verified = await run('openssl', ['verify', '-purpose', 'sslclient', '-CAfile', process.env.MOHAR_ROOT_CA, '-untrusted', `${own}.ca`, own]);
		assert.equal(verified.code, 0, verified.said);
	});
});

describe('an enrolment', { skip }, () => {
	test('a wrong secret, an unknown id and none at all are told alike', async () => {
		const e = enrolled();
		for (const user of [`${e.id}:${'0'.repeat(40)}`, `${'0'.repeat(16)}:${e.secret}`, `${e.id}x:${e.secret}`]) refused(await call('POST', '/.well-known/est/simpleenroll', { user, body: csr().der.toString('base64') }), 401, /no enrolment has this name and secret/);
		const answer = await call('POST', '/.well-known/est/simpleenroll', { body: csr().der.toString('base64') });
		refused(answer, 401, /Basic/);
		assert.match(answer.headers['www-authenticate'], /^Basic /);
	});

	test('is good for as many certificates as it says; a refusal costs none', async () => {
		const e = enrolled({ uses: 1 });
		refused(await enroll(e, csr({ subject: '/O=Wealth/CN=s1.sensors.health.test' })), 403, /subject O=Wealth is not what this enrolment allows/);
		certificates(await enroll(e, csr()));
		refused(await enroll(e, csr()), 400, /used up/);
		assert.equal(device('list').enrolments.find((each) => each.id === e.id).status, 'used');
	});

	test('two who come at once with the last use: one gets it', async () => {
		const e = enrolled({ uses: 1 });
		const answers = await Promise.all([enroll(e, csr()), enroll(e, csr()), enroll(e, csr())]);
		assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 400, 400]);
	});

	test('revoked, it gives nothing more and renews nothing', async () => {
		const e = enrolled({ uses: 5 });
		const request = csr();
		const [pem] = certificates(await enroll(e, request));
		assert.equal(device('revoke', e.id).status, 'revoked');
		refused(await enroll(e, csr()), 403, /was revoked/);
		refused(await reenroll({ pem, key: request.key }, csr()), 403, /was revoked/);
	});

	test('of another profile than the address is refused', async () => {
		refused(await enroll(enrolled(), csr(), { path: '/.well-known/est/tls-server/simpleenroll' }), 403, /profile tls-server, the enrolment of tls-client/);
		refused(await enroll(enrolled(), csr(), { path: '/.well-known/est/nothing/simpleenroll' }), 404, /no profile 'nothing'/);
	});

	test('is not made for citizens, nor for names that no profile has', () => {
		assert.throws(() => enrolled({ profile: 'citizen-authentication' }));
		assert.throws(() => enrolled({ profile: 'ocsp-responder-service' }));
		assert.throws(() => enrolled({ names: ['email:*@health.test'] }));
		assert.throws(() => enrolled({ names: ['sensor'] }));
	});
});

describe('a request', { skip }, () => {
	const cases = [
		['a name beyond the pattern', { names: ['DNS:s1.sensors.health.test', 'DNS:www.land.test'] }, 403, /name dns:www\.land\.test/],
		['a name that a star would reach over a dot for', { subject: '/', names: ['DNS:a.b.sensors.health.test'] }, 403, /name dns:a\.b\./],
		['another CN', { subject: '/CN=minister', names: ['DNS:s1.sensors.health.test'] }, 403, /subject CN=minister/],
		['a kind of name that the profile has not', { names: ['email:a@health.test'] }, 403, /email/],
		['a subject attribute that the profile has not', { subject: '/O=Health/L=Thimphu/CN=s1.sensors.health.test' }, 403, /localityName|L/],
		['to be a CA', { extra: ['basicConstraints=CA:TRUE'] }, 403, /basicConstraints/],
		['another purpose', { extra: ['extendedKeyUsage=serverAuth'] }, 403, /extKeyUsage/],
	];

	for (const [what, asked, status, words] of cases) test(`for ${what} is refused, with the field named`, async () => refused(await enroll(enrolled(), csr(asked)), status, words));

	test('with a key that was certified before is refused', async () => {
		const request = csr();
		certificates(await enroll(enrolled(), request));
		refused(await enroll(enrolled(), request), 409, /certified before/);
	});

	test('with a broken signature, a weak or unknown key, another type or no request at all is refused', async () => {
		const e = enrolled();
		const broken = csr();
		broken.der[broken.der.length - 5] ^= 1;
		refused(await enroll(e, broken), 400, /signature/);
		refused(await enroll(e, csr({ key: newKey('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024') })), 403, /1024|short/i);
		refused(await enroll(e, csr({ key: newKey('-algorithm', 'ED25519') })), 403, /takes no Ed25519 keys/);
		refused(await enroll(e, csr(), { type: 'application/octet-stream' }), 400, /application\/pkcs10/);
		for (const der of [Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(40000, 1)]) assert.equal((await enroll(e, { der })).status, 400);
		assert.equal((await call('POST', '/.well-known/est/simpleenroll', { user: basic(e), body: 'A'.repeat(70000) })).status, 413);
		certificates(await enroll(e, csr()));
	});
});

describe('a renewal', { skip }, () => {
	test('by no certificate, a foreign one, or one of ours that was not had by a secret is refused', async () => {
		refused(await call('POST', '/.well-known/est/simplereenroll', { body: csr().der.toString('base64') }), 401, /show the certificate/);
		const key = newKey(), pem = place('self.pem');
		await run('openssl', ['req', '-x509', '-new', '-key', key, '-subj', '/O=Health/CN=s1.sensors.health.test', '-out', pem]);
		refused(await reenroll({ pem: readFileSync(pem), key }, csr()), 400, /not issued here/);
	});

	test('with other names, fewer names or the same key is refused', async () => {
		const request = csr({ names: ['DNS:s1.sensors.health.test', 'URI:urn:dev:1'] });
		const own = await certified(request);
		refused(await reenroll(own, csr({ names: ['DNS:s2.sensors.health.test'], subject: '/O=Health/CN=s1.sensors.health.test' })), 400, /the request asks for the name/);
		refused(await reenroll(own, csr()), 400, /lacks the certificate's name uri/);
		refused(await reenroll(own, csr({ subject: '/CN=s1.sensors.health.test', names: ['DNS:s1.sensors.health.test', 'URI:urn:dev:1'] })), 400, /lacks the certificate's subject attribute O/);
		refused(await reenroll(own, request), 409, /certified before/);
		certificates(await reenroll(own, csr({ names: ['URI:urn:dev:1', 'DNS:s1.sensors.health.test'] })));
	});

	test('by a revoked certificate is refused', async () => {
		const own = await certified();
		const revoked = await run(`${process.env.MOHAR_BUILD}/bin/mohar`, ['ca', 'revoke', serialOf(own.pem), '--reason', 'keyCompromise', '--token', 'operator', '--pin', `file:${process.env.MOHAR_DEMO_DIR}/cards/operator.pin`]);
		assert.equal(revoked.code, 0, revoked.said);
		refused(await reenroll(own, csr()), 403, /revoked/);
	});
});
