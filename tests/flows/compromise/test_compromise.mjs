// One daemon taken over: what its uid gets from mohar-hsmd and its role from the database, and nothing more. timeout: 120
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign as signBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import {
	absent, act, as, ask, bytesOf, dated, demo, inner, keys, now, one, operations, run, scratch, signing, sql, sqlAs, tbsOf, text64, thumbprint, users,
} from './house.mjs';

const env = process.env;
const hsmd = `${env.MOHAR_BUILD}/bin/mohar-hsmd`;
const kids = {};
const objects = {};
let blob, citizen;

const fetched = (url) =>
	new Promise((resolve, reject) => {
		request(url, { ca: readFileSync(env.MOHAR_TLS_CA) }, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts)));
		}).on('error', reject).end();
	});

const tokenHeader = (changed = {}) => ({ alg: 'ES256', typ: 'JWT', kid: kids['idp-token'], ...changed });
const claims = (changed = {}) => ({ iss: env.MOHAR_ISSUER, sub: 'x', aud: 'x', iat: now(), exp: now() + 300, ...changed });
const decision = (label, agency) => signing({ alg: 'ES256', typ: 'decision+jwt', kid: kids[label] }, { iat: now(), agency, outcome: 'approved' });

// An object that the key would sign for its rightful caller now.
function rightful({ label, purpose, agency }) {
	if (purpose === 'token-jws') return signing(tokenHeader(), claims());
	if (purpose === 'agency-seal') return decision(label, agency);
	if (purpose === 'status-jws') return signing({ alg: 'ES256', typ: 'statuslist+jwt', kid: kids[label] }, { iat: now(), exp: now() + 3600 });
	if (purpose === 'ocsp') return dated(objects[label], 'generalized', now(), now() - 5);
	if (purpose === 'checkpoint') return Buffer.from(`${objects.origin}\n1\n${randomBytes(32).toString('base64')}\n`);
	if (purpose === 'issuing-ca') return label === 'service-ca' ? tbsOf(objects.server) : tbsOf(objects.citizen);
	return Buffer.from('x');
}

async function collect() {
	for (const file of ['ca/ca.pem', 'tls/citizen-ca.pem', 'tls/service-ca.pem']) assert.ok(existsSync(`${demo}/${file}`), file);
	objects.server = readFileSync(`${demo}/ca/ca.pem`, 'utf8');
	citizen = sql("SELECT encode(der, 'base64') FROM ca.certificate WHERE profile = 'citizen-authentication' ORDER BY issued_at LIMIT 1");
	objects.citizen = citizen;
	for (const name of ['citizen', 'service']) {
		const issuer = `${demo}/tls/${name}-ca.pem`;
		const out = scratch(`${name}.ocsp`);
		const profile = name === 'citizen' ? 'citizen-authentication' : 'tls-server';
		const serial = sql(`SELECT encode(serial, 'hex') FROM ca.certificate WHERE profile = '${profile}' LIMIT 1`);
		const got = run('openssl', ['ocsp', '-issuer', issuer, '-serial', `0x${serial}`, '-no_nonce', '-noverify', '-respout', out, '-url', `${env.MOHAR_PKI_URL}/ocsp`]);
		assert.ok(existsSync(out), got.err);
		const whole = readFileSync(out);
		// OCSPResponse { status, [0] { SEQUENCE { id-pkix-ocsp-basic, OCTET STRING { BasicOCSPResponse } } } }: the outermost tbs begins after the OID.
		const basic = whole.subarray(whole.indexOf(Buffer.from('2b0601050507300101', 'hex')) + 9);
		objects[`${name}-ocsp`] = inner(basic.subarray(basic[1] < 0x80 ? 2 : 2 + (basic[1] & 0x7f)));
		const crl = run('sh', ['-c', `curl -sf ${env.MOHAR_PKI_URL}/crl/${name}-ca.crl | openssl crl -inform DER`]).out;
		objects[`${name}-crl`] = dated(inner(bytesOf(crl)), 'utc', now() - 2);
	}
	const jwks = [...JSON.parse(await fetched(`${env.MOHAR_SIGNER_URL}/jwks`)).keys, ...JSON.parse(await fetched(`${env.MOHAR_ISSUER}/jwks`)).keys];
	for (const jwk of jwks) {
		const label = { seal: `seal-${jwk.agency}`, status: 'status', log: 'log' }[jwk.mohar_purpose] ?? 'idp-token';
		kids[label] = jwk.kid;
		if (jwk.origin) objects.origin = jwk.origin;
	}
	blob = Buffer.from(sql("SELECT encode(blob, 'hex') FROM idp.data_key LIMIT 1"), 'hex');
}

// Refused, by the permit or the type, for a reason that says so; and no result.
function refused(answer, reason) {
	assert.equal(answer.error, 'REFUSED', answer.why);
	assert.equal(answer.result, null);
	assert.match(answer.why, reason);
}

describe('compromise', { skip: absent }, () => {
	before(collect);
	after(() => rmSync(scratch('.'), { recursive: true, force: true }));

	describe('each uid: its own keys and operations, no others', () => {
		const ops = { mac: ['MAC'], wrap: ['WRAP', 'UNWRAP'], 'citizen-keys': ['WRAP', 'CHALLENGE', 'ACTIVATE', 'RETIRE'], 'blob-seal': [] };
		const everyones = ['STATUS', 'LIST', 'PUBKEY', 'RANDOM', 'METRICS'];
		const ceremonys = ['GENERATE', 'PROPOSE', 'APPROVE'];
		for (const [name, user] of Object.entries(users))
			test(`${name}: nothing with another daemon's key, nothing with an operation the key is not for`, () => {
				const asked = [];
				const named = keys.callers.some((caller) => caller.name === name);
				for (const [op, labelled] of operations())
					for (const key of labelled ? keys.keys.filter(({ token }) => token === 'main') : [{ label: 'x', callers: [] }]) {
						const may = everyones.includes(op) ? named : key.callers.includes(name) && (ops[key.purpose] ?? ['SIGN']).includes(op);
						assert.ok(everyones.includes(op) || ceremonys.includes(op) || !labelled || ['SIGN', ...Object.values(ops).flat()].includes(op), `who may ${op}?`);
						if (!may) asked.push([op, key.label, op === 'UNWRAP' ? blob : rightful(key)]);
					}
				assert.ok(asked.length >= 80);
				ask(user, asked).forEach((answer, i) => {
					if (!named && answer.error === 'UNAVAILABLE') {
						// A stranger's connection may be closed before the question is sent; the refusal is then not read.
						assert.match(answer.why, /closed the connection/);
						assert.equal(answer.result, null);
						return;
					}
					assert.equal(answer.error, 'REFUSED', `${asked[i][0]} ${asked[i][1]}: ${answer.error} ${answer.why}`);
					assert.match(answer.why, /is no caller|may not|is not for/);
				});
			});
		test('the same objects by their rightful daemons are signed: the refusals above are permits, not bad objects', () => {
			const asked = keys.keys
				.filter(({ token, label, purpose }) => token === 'main' && label !== 'citizen-ca' && !(purpose in ops))
				.map((key) => [key.callers[0], ['SIGN', key.label, rightful(key)]]);
			asked.push(['idp', ['MAC', 'number-index', Buffer.from('x')]], ['idp', ['WRAP', 'number-wrap']], ['idp', ['UNWRAP', 'number-wrap', blob]]);
			for (const [name, question] of asked) {
				const answer = one(users[name], ...question);
				assert.equal(answer.error, 'OK', `${question[0]} ${question[1]}: ${answer.why}`);
				assert.ok(answer.result.length >= 32);
			}
		});
		for (const name of ['ca', 'idp', 'signer'])
			test(`${name}: makes no key`, () => refused(one(users[name], 'GENERATE', 'status'), /may not GENERATE/));
		test("idp: no revocation list, of either authority", () => {
			for (const authority of ['citizen', 'service'])
				refused(one(users.idp, 'SIGN', `${authority}-ca`, objects[`${authority}-crl`]), /may not SIGN/);
			assert.equal(one(users.ca, 'SIGN', 'service-ca', objects['service-crl']).error, 'OK');
		});
		test('a uid that keys.json does not name gets nothing, not even the status', () => {
			for (const user of [users.stranger, users.demo, users.page, users.database, users.hsm])
				for (const question of [['STATUS'], ['LIST'], ['PUBKEY', 'service-ca'], ['RANDOM']]) refused(one(user, ...question), /is no caller/);
		});
	});

	describe('the token key signs nothing but a JWS signing input of its types', () => {
		const wrong = {
			'a certificate': () => tbsOf(objects.server),
			'a revocation list': () => objects['service-crl'],
			'an OCSP answer': () => objects['service-ocsp'],
			'a checkpoint': () => Buffer.from(`${objects.origin}\n1\n${randomBytes(32).toString('base64')}\n`),
			'a bare digest': () => createHash('sha256').update('x').digest(),
			'one part': () => Buffer.from(text64(tokenHeader())),
			'three parts': () => Buffer.concat([signing(tokenHeader(), claims()), Buffer.from('.AA')]),
			'a trailing newline': () => Buffer.concat([signing(tokenHeader(), claims()), Buffer.from('\n')]),
			'a decision': () => signing(tokenHeader({ typ: 'decision+jwt' }), claims({ agency: 'land' })),
			'a status list': () => signing(tokenHeader({ typ: 'statuslist+jwt' }), claims()),
			"a person's order": () => signing(tokenHeader({ typ: 'act+jwt' }), claims()),
			'no type': () => signing(tokenHeader({ typ: undefined }), claims()),
			'no algorithm': () => signing(tokenHeader({ alg: 'none' }), claims()),
			'another algorithm': () => signing(tokenHeader({ alg: 'HS256' }), claims()),
			"another key's identifier": () => signing(tokenHeader({ kid: kids.status }), claims()),
			'a key in the header': () => signing(tokenHeader({ jwk: keys.operators[0].jwk }), claims()),
			'a payload that is no JSON': () => signing(tokenHeader(), 'x'),
			'a claim twice': () => signing(tokenHeader(), `{"iat":${now()},"exp":${now() + 60},"sub":"a","sub":"b"}`),
			'yesterday': () => signing(tokenHeader(), claims({ iat: now() - 86400 })),
			'tomorrow': () => signing(tokenHeader(), claims({ iat: now() + 86400, exp: now() + 86460 })),
			'a life of two days': () => signing(tokenHeader(), claims({ exp: now() + 2 * 86400 })),
			'a life without end': () => signing(tokenHeader(), claims({ exp: undefined })),
		};
		for (const [name, make] of Object.entries(wrong))
			test(name, () => {
				const answer = one(users.idp, 'SIGN', 'idp-token', make());
				assert.notEqual(answer.error, 'OK', 'it was signed');
				assert.notEqual(answer.error, 'UNAVAILABLE', answer.why);
				assert.equal(answer.result, null);
				assert.ok(answer.why.length > 0, 'no reason');
			});
	});

	describe('a seal is its agency\'s', () => {
		test("a decision of another agency", () => refused(one(users.signer, 'SIGN', 'seal-land', decision('seal-land', 'complaints')), /agency/));
		test('a decision of no agency', () => refused(one(users.signer, 'SIGN', 'seal-land', decision('seal-land', undefined)), /agency/));
		test('an ID token', () => {
			const input = signing({ alg: 'ES256', typ: 'JWT', kid: kids['seal-land'] }, claims({ agency: 'land' }));
			refused(one(users.signer, 'SIGN', 'seal-land', input), /typ/);
		});
	});

	describe("a citizen's certificate takes a registrar's order, in mohar-hsmd itself", () => {
		const sign = (evidence) => one(users.ca, 'SIGN', 'citizen-ca', tbsOf(citizen), evidence);
		let members;
		before(() => {
			writeFileSync(scratch('citizen.pem'), `-----BEGIN CERTIFICATE-----\n${citizen}\n-----END CERTIFICATE-----\n`);
			const spki = bytesOf(run('openssl', ['x509', '-in', scratch('citizen.pem'), '-noout', '-pubkey']).out);
			const subject = run('openssl', ['x509', '-in', scratch('citizen.pem'), '-noout', '-subject', '-nameopt', 'multiline,utf8,-esc_msb']).out;
			const value = (name) => new RegExp(`${name}\\s*= (.*)`).exec(subject)[1];
			members = {
				profile: 'citizen-authentication',
				spki_sha256: createHash('sha256').update(spki).digest('base64url'),
				subject: [{ type: 'CN', value: value('commonName') }, { type: 'serialNumber', value: value('serialNumber') }],
				names: [],
			};
		});
		test('with it: signed', () => assert.equal(sign(act('registrar-1', members)).error, 'OK', sign(act('registrar-1', members)).why));
		test('without one', () => refused(sign(), /registrar/));
		test("an order for another key", () => {
			refused(sign(act('registrar-1', { ...members, spki_sha256: createHash('sha256').update('other').digest('base64url') })), /another public key/);
		});
		test('an order for another name', () => {
			const subject = [{ type: 'CN', value: 'Somebody Else' }, members.subject[1]];
			refused(sign(act('registrar-1', { ...members, subject })), /subject/);
		});
		test('an order that says more of the subject than the certificate does', () => {
			const subject = [...members.subject, { type: 'O', value: 'Test Ministry' }];
			refused(sign(act('registrar-1', { ...members, subject })), /subject of 3 attributes, and the certificate has 2/);
		});
		test('an order for another profile', () => refused(sign(act('registrar-1', { ...members, profile: 'officer' })), /profile/));
		test('an order for another act', () => assert.notEqual(sign(act('registrar-1', { ...members, act: 'certificate.revoke' })).error, 'OK'));
		test("an operator's order", () => assert.notEqual(sign(act('operator', members)).error, 'OK'));
		test("a custodian's order", () => assert.notEqual(sign(act('custodian-1', members)).error, 'OK'));
		test('an order of yesterday', () => assert.notEqual(sign(act('registrar-1', members, { iat: now() - 86400 })).error, 'OK'));
		test('an order with one letter changed', () => {
			const order = act('registrar-1', members);
			order[200] = order[200] === 65 ? 66 : 65;
			assert.notEqual(sign(order).error, 'OK');
		});
		test("an order by a key that is nobody's", () => {
			const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
			const jwk = publicKey.export({ format: 'jwk' });
			const input = signing({ alg: 'ES256', typ: 'act+jwt', kid: thumbprint(jwk) }, { act: 'certificate.issue', iat: now(), exp: now() + 300, jti: 'x', ...members });
			const signature = signBytes('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
			assert.notEqual(sign(Buffer.from(`${input}.${signature.toString('base64url')}`)).error, 'OK');
		});
		test("a service's authority does not make citizens' certificates", () => {
			assert.notEqual(one(users.ca, 'SIGN', 'service-ca', tbsOf(citizen), act('registrar-1', members)).error, 'OK');
		});
	});

	describe('the token serves under the keys.json of its genesis only', () => {
		// A settings file like the demo's, with another keys.json and a socket of its own.
		const start = (mode, text) => {
			const own = scratch('keys.json');
			writeFileSync(own, text);
			chmodSync(own, 0o644);
			const conf = readFileSync(`${demo}/hsmd.conf`, 'utf8').replace(/^keys = .*$/m, `keys = ${own}`).replace(/^socket = .*$/m, `socket = /tmp/mohar-compromise-${process.pid}.sock`);
			// The serving daemon holds the journal: genesis must be refused by the token, not by that.
			const journal = mode[0] === 'genesis' ? conf.replace(/^journal = .*$/m, `journal = /tmp/mohar-compromise-${process.pid}.journal`) : conf;
			writeFileSync(scratch('hsmd.conf'), journal);
			chmodSync(scratch('hsmd.conf'), 0o644);
			return as('mohar-hsmd', hsmd, [...mode, '--config', scratch('hsmd.conf')], { timeout: 10000 });
		};
		const file = () => readFileSync(`${demo}/keys.json`, 'utf8');
		const refusedStart = (done) => {
			assert.equal(done.status, 1, done.err);
			assert.match(done.err, /keys\.json/);
			assert.ok(!existsSync(`/tmp/mohar-compromise-${process.pid}.sock`), 'a socket was left');
		};
		test('one byte more', () => refusedStart(start([], `${file()}\n`)));
		test('a permit more', () => refusedStart(start([], JSON.stringify({ ...keys, callers: keys.callers.map((c) => ({ ...c, users: [...c.users, 'nobody'] })) }))));
		test('a lower version', () => refusedStart(start([], file().replace(/"version": *1/, '"version": 0'))));
		test('a higher version, signed by nobody', () => refusedStart(start([], file().replace(/"version": *1/, '"version": 2'))));
		test('a second genesis', () => {
			const done = start(['genesis'], file());
			rmSync(`/tmp/mohar-compromise-${process.pid}.journal`, { force: true });
			assert.equal(done.status, 1, done.err);
			assert.match(done.err, /genesis/);
		});
		test('and the daemon that serves it still does', () => assert.equal(one(users.ca, 'STATUS').error, 'OK'));
	});

	describe('each database role: its own schema, and there only what serving takes', () => {
		const wrong = {
			'idp: change an event': ['idp', "UPDATE idp.event SET actor = 'x'"],
			'idp: delete an event': ['idp', 'DELETE FROM idp.event'],
			'idp: forget a salt': ['idp', 'UPDATE idp.event SET salt = NULL'],
			"idp: read the authority's certificates": ['idp', 'SELECT * FROM ca.certificate'],
			"idp: read decisions": ['idp', 'SELECT * FROM signer.decision'],
			'idp: read the log': ['idp', 'SELECT * FROM log.leaf'],
			'idp: delete from its outbox': ['idp', 'DELETE FROM idp.outbox'],
			'idp: create a table in its schema': ['idp', 'CREATE TABLE idp.mine (x int)'],
			'idp: create a table in public': ['idp', 'CREATE TABLE public.mine (x int)'],
			'idp: create a schema': ['idp', 'CREATE SCHEMA mine'],
			"idp: raise a client's level": ['idp', 'UPDATE idp.client SET max_level = 3'],
			"idp: raise a person's proofing": ['idp', 'UPDATE idp.person SET proofing = 3'],
			'idp: switch a trigger off': ['idp', 'ALTER TABLE idp.event DISABLE TRIGGER ALL'],
			'idp: replica mode, which switches triggers off': ['idp', 'SET session_replication_role = replica'],
			'idp: become the owner': ['idp', 'SET ROLE mohar_owner'],
			'ca: delete a certificate': ['ca', 'DELETE FROM ca.certificate'],
			'ca: change a certificate': ['ca', "UPDATE ca.certificate SET subject = 'x'"],
			'ca: take a revocation back': ['ca', 'UPDATE ca.certificate SET revoked_at = NULL, reason = NULL WHERE revoked_at IS NOT NULL OR true'],
			'ca: delete an event': ['ca', 'DELETE FROM ca.event'],
			"ca: read people": ['ca', 'SELECT * FROM idp.person'],
			'ca: read decisions': ['ca', 'SELECT * FROM signer.decision'],
			"signer: read people": ['signer', 'SELECT * FROM idp.person'],
			'signer: read events of the identity provider': ['signer', 'SELECT * FROM idp.event'],
			'signer: change a sealed decision': ['signer', "UPDATE signer.decision SET outcome = 'rejected' WHERE state <> 'pending'"],
			"signer: change a sealed decision's facts": ['signer', "UPDATE signer.decision SET facts = '{}' WHERE state <> 'pending'"],
			"signer: change a sealed decision's text": ['signer', "UPDATE signer.decision SET jws = 'x' WHERE state <> 'pending'"],
			"signer: change a revoked decision's outcome": ['signer', "UPDATE signer.decision SET outcome = 'rejected' WHERE state = 'revoked'"],
			'signer: change a decision while revoking it': ['signer', "UPDATE signer.decision SET state = 'revoked', revoked_at = now(), reasons = '{x}' WHERE state <> 'pending'"],
			'signer: delete a sealed decision': ['signer', "DELETE FROM signer.decision WHERE state <> 'pending'"],
			'signer: take a revocation back': ['signer', "UPDATE signer.decision SET state = 'sealed', revoked_at = NULL WHERE state = 'revoked'"],
			'signer: change a leaf': ['signer', "UPDATE log.leaf SET entry = 'x'"],
			'signer: delete a leaf': ['signer', 'DELETE FROM log.leaf'],
			'signer: make the log shorter': ['signer', 'UPDATE log.tree SET size = size - 1'],
			'signer: delete a checkpoint': ['signer', 'DELETE FROM log.checkpoint'],
		};
		const role = { idp: 'mohar_idpd', ca: 'mohar_cad', signer: 'mohar_signerd' };
		for (const [name, [who, text]] of Object.entries(wrong))
			test(name, () => {
				const done = sqlAs(users[who], role[who], `BEGIN; ${text}; ROLLBACK`);
				assert.notEqual(done.status, 0, 'it was done');
				assert.match(done.err, /permission denied|MR001|for ever|kept|does not change|only grows|must be owner/);
			});
		test("another daemon's role is not to be had", () => {
			for (const [who, other] of [['idp', 'mohar_cad'], ['ca', 'mohar_owner'], ['signer', 'mohar_idpd']])
				assert.match(sqlAs(users[who], other, 'SELECT 1').err, /authentication failed|Peer/i);
		});
		test('a sealed decision is not changed even by a superuser who forgets the trigger', () => {
			const done = run('psql', [env.MOHAR_DATABASE, '-qAtc', "BEGIN; UPDATE signer.decision SET jws = 'x' WHERE state <> 'pending'; ROLLBACK"]);
			assert.match(done.err, /does not change/);
		});
	});

	describe('a superuser of the database against the log', () => {
		const verify = (...more) => run(`${env.MOHAR_BUILD}/bin/mohar`, ['log', 'verify', '--trust', scratch('jwks.json'), '--json', ...more]);
		const restore = [];
		const tamper = (saves, change, back) => {
			restore.push(back);
			sql(`BEGIN; SET LOCAL session_replication_role = replica; ${saves}; ${change}; COMMIT`);
		};
		const undo = () => {
			while (restore.length) sql(`BEGIN; SET LOCAL session_replication_role = replica; ${restore.pop()}; COMMIT`);
		};
		const restartSigner = () => {
			process.kill(Number(/^mohar-signerd (\d+)$/m.exec(readFileSync(env.MOHAR_PIDS, 'utf8'))[1]), 'SIGKILL');
			const up = run(`${env.MOHAR_ROOT}/deploy/demo/run`, ['up'], { input: '' });
			assert.equal(up.status, 0, up.out + up.err);
		};
		const drained = () => sql('SELECT (SELECT count(*) FROM ca.outbox) + (SELECT count(*) FROM idp.outbox) + (SELECT count(*) FROM signer.outbox)') === '0';
		before(async () => {
			for (let i = 0; i < 100 && !drained(); i++) await new Promise((resolve) => setTimeout(resolve, 100));
			writeFileSync(scratch('jwks.json'), await fetched(`${env.MOHAR_SIGNER_URL}/jwks`));
			const done = verify('--out', scratch('checkpoint'));
			assert.equal(done.status, 0, done.out + done.err);
		});
		after(undo);
		test('the log as it is: valid', () => assert.equal(verify('--since', scratch('checkpoint')).status, 0));
		test('a leaf deleted', () => {
			tamper('CREATE TABLE IF NOT EXISTS public.kept AS SELECT * FROM log.leaf WHERE tree = 0 AND index = 3', 'DELETE FROM log.leaf WHERE tree = 0 AND index = 3',
				'INSERT INTO log.leaf SELECT * FROM public.kept; DROP TABLE public.kept');
			const done = verify('--since', scratch('checkpoint'));
			undo();
			assert.notEqual(done.status, 0, done.out + done.err); // the service itself refuses to serve the tile
			assert.match(JSON.parse(done.out).why, /tile/);
		});
		test('a leaf exchanged', () => {
			tamper('CREATE TABLE IF NOT EXISTS public.kept AS SELECT * FROM log.leaf WHERE tree = 0 AND index = 3', "UPDATE log.leaf SET entry = entry || '\\x20' WHERE tree = 0 AND index = 3",
				'DELETE FROM log.leaf WHERE tree = 0 AND index = 3; INSERT INTO log.leaf SELECT * FROM public.kept; DROP TABLE public.kept');
			const done = verify('--since', scratch('checkpoint'));
			undo();
			assert.equal(done.status, 1, done.out + done.err);
		});
		test('the log rolled back to an older checkpoint, which is well signed', () => {
			const older = sql('SELECT max(size) FROM log.checkpoint WHERE tree = 0 AND size < (SELECT size FROM log.tree WHERE id = 0)');
			assert.ok(Number(older) > 0, 'there is no older checkpoint');
			const size = sql('SELECT size FROM log.tree WHERE id = 0');
			tamper(`CREATE TABLE public.kept AS SELECT * FROM log.checkpoint WHERE tree = 0 AND size > ${older}`,
				`DELETE FROM log.checkpoint WHERE tree = 0 AND size > ${older}; UPDATE log.tree SET size = ${older} WHERE id = 0`,
				`INSERT INTO log.checkpoint SELECT * FROM public.kept; UPDATE log.tree SET size = ${size} WHERE id = 0; DROP TABLE public.kept`);
			// It remembers its newest checkpoint, and what it kept beside the database (log_kept), which whoever rolls back has to take away too.
			const kept = `${demo}/signer/public.checkpoint`;
			renameSync(kept, `${kept}.away`);
			restartSigner();
			const done = verify('--since', scratch('checkpoint'));
			undo();
			renameSync(`${kept}.away`, kept);
			restartSigner();
			assert.equal(done.status, 1, done.out + done.err);
			assert.match(JSON.parse(done.out).why, /shrunk/);
		});
		test('and after it is put back: valid again', () => assert.equal(verify('--since', scratch('checkpoint')).status, 0));
	});
});
