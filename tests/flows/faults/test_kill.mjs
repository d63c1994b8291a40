// Every daemon and the database, killed without a word under load, and started again: what was acknowledged stays, nothing is half-made, nothing is unlogged.
// timeout: 200
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { absent, call, sql, userinfo } from '../idp/client.mjs';
import { Load, byOperator, child, demo, mohar } from './load.mjs';

const env = process.env;
const ROUNDS = 5;
const place = absent ? null : mkdtempSync(join(tmpdir(), 'mohar-faults-'));
const scratch = (name) => join(place, name);
const signer = env.MOHAR_SIGNER_URL;
let load, journalBefore, burntBefore;

// mohar-hsmd's journal; and codes that were used up without a token, as by a wrong verifier: other tests did that before.
const journal = () => readFileSync(`${demo}/hsm/main.journal`, 'utf8').trimEnd().split('\n');
const burnt = () => sql('SELECT count(*) FROM idp.code WHERE used_at IS NOT NULL AND family IS NULL');

async function await_(what, condition, seconds = 20) {
	const until = Date.now() + seconds * 1000;
	for (;;) {
		try {
			if (await condition()) return;
		} catch {
			// not yet
		}
		assert.ok(Date.now() < until, `${what}: not in ${seconds} seconds`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

const pid = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(env.MOHAR_PIDS, 'utf8'))[1]);
const postmaster = () => Number(readFileSync(`${demo}/pg/data/postmaster.pid`, 'utf8').split('\n')[0]);
const childrenOf = (parent) =>
	spawnSync('pgrep', ['-P', String(parent)], { encoding: 'utf8' }).stdout.trim().split('\n').filter(Boolean).map(Number);
const worker = () => childrenOf(pid('mohar-hsmd'))[0];
const backend = () => Number(sql("SELECT pid FROM pg_stat_activity WHERE usename IN ('mohar_idpd', 'mohar_signerd', 'mohar_cad') ORDER BY random() LIMIT 1"));
const alive = (id) => {
	try {
		return !readFileSync(`/proc/${id}/stat`, 'utf8').includes(') Z ');
	} catch {
		return false;
	}
};
const up = () => child(`${env.MOHAR_ROOT}/deploy/demo/run`, ['up']);

// PostgreSQL's orphans take a moment to notice; a new one refuses to start beside them.
async function resume() {
	let done;
	await await_('deploy/demo/run up', async () => (done = await up()).status === 0).catch((error) => {
		throw new Error(`${error.message}: ${done.out}${done.err}`);
	});
}

// Every flow acknowledges again.
async function flows(why) {
	const before_ = load.count();
	await await_(`${why}: exchange, decision and certificate go on`, () => load.count().every((n, i) => n > before_[i]));
}

// How many answers of each kind were failures, for the reader of a failed test.
const summary = () => JSON.stringify(Object.entries(Object.groupBy(load.failed, (f) => `${f.what} ${f.status ?? `exit ${f.exit}`}`)).map(([k, v]) => [k, v.length]));

describe('deaths', { skip: absent }, () => {
	before(async () => {
		writeFileSync(scratch('jwks.json'), (await call('GET', `${signer}/jwks`)).text);
		assert.equal((await mohar(['log', 'verify', '--trust', scratch('jwks.json'), '--out', scratch('checkpoint')])).status, 0);
		const csr = scratch('load.csr');
		await child('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', scratch('load.key'), '-subj', '/CN=x', '-out', csr]);
		assert.ok(statSync(csr).size > 0);
		journalBefore = journal().length;
		burntBefore = burnt();
		load = new Load(csr);
		await flows('before any death');
	});
	after(async () => {
		await load?.stop();
		await resume();
		rmSync(place, { recursive: true, force: true });
	});

	const victims = {
		"mohar-hsmd's worker": worker,
		"mohar-hsmd's supervisor": () => pid('mohar-hsmd'),
		'mohar-cad': () => pid('mohar-cad'),
		'mohar-idpd': () => pid('mohar-idpd'),
		'mohar-signerd': () => pid('mohar-signerd'),
		"a backend of PostgreSQL": backend,
		PostgreSQL: postmaster,
	};
	for (const [name, victim] of Object.entries(victims))
		test(`${name}, killed ${ROUNDS} times under load: every flow goes on after each`, async () => {
			for (let round = 0; round < ROUNDS; round++) {
				const id = victim();
				assert.ok(id > 1 && alive(id), `${name} is not there to be killed`);
				process.kill(id, 'SIGKILL');
				await await_(`${name} dies`, () => !alive(id));
				await resume();
				await flows(`${name}, death ${round + 1}; failures so far ${summary()}`);
			}
		});

	test("mohar-hsmd stopped: the others answer 503 with Retry-After, and recover by themselves", async () => {
		const id = pid('mohar-hsmd');
		process.kill(id, 'SIGTERM');
		await await_('mohar-hsmd ends', () => !alive(id));
		const seen = load.failed.length;
		await await_('a 503 of each', () => ['token', 'service token'].some((what) => load.failed.slice(seen).some((f) => f.what === what && f.status === 503)) &&
			load.failed.slice(seen).some((f) => f.what === 'certificate'));
		for (const f of load.failed.slice(seen).filter(({ status }) => status)) {
			assert.equal(f.status, 503, `${f.what}: ${f.text}`);
			assert.match(f.retry ?? '', /^\d+$/, `${f.what}: no Retry-After`);
		}
		const others = ['mohar-cad', 'mohar-idpd', 'mohar-signerd'].map(pid);
		await resume();
		await flows('mohar-hsmd is back');
		assert.deepEqual(['mohar-cad', 'mohar-idpd', 'mohar-signerd'].map(pid), others, 'a daemon had to be started again');
	});

	test('PostgreSQL restarted: the daemons recover by themselves', async () => {
		const others = ['mohar-hsmd', 'mohar-cad', 'mohar-idpd', 'mohar-signerd'].map(pid);
		const id = postmaster();
		process.kill(id, 'SIGINT'); // "fast"
		await await_('PostgreSQL ends', () => !alive(id));
		await resume();
		await flows('PostgreSQL is back');
		assert.deepEqual(['mohar-hsmd', 'mohar-cad', 'mohar-idpd', 'mohar-signerd'].map(pid), others, 'a daemon had to be started again');
	});

	describe('afterwards', () => {
		before(() => load.stop());

		test('whatever failed in these deaths failed cleanly: 503 with Retry-After, or a refusal in its own words', () => {
			const dirty = load.failed.filter((f) => f.status >= 500 && (f.status !== 503 || !f.retry));
			assert.deepEqual(dirty.slice(0, 5), [], summary());
			// One flow's request never was malformed: what another answers for it is its own state.
			const refusals = load.failed.filter((f) => f.status && f.status < 500);
			assert.deepEqual(refusals.slice(0, 5), [], summary());
			const crashed = load.failed.filter((f) => f.what === 'certificate' && f.exit !== 1 && f.exit !== 3);
			assert.deepEqual(crashed.slice(0, 5), [], summary());
		});
		test('enough was acknowledged for all this to mean something', (t) => {
			t.diagnostic(`${load.count()} exchanges, decisions, certificates; failures ${summary()}, ${load.broken} dead connections`);
			const [tokens, confirmed, certificates] = load.count();
			assert.ok(tokens >= 40 && confirmed >= 40 && certificates >= 40, `${load.count()} failures ${summary()} broken ${load.broken}`);
		});
		test('every acknowledged token is known', async () => {
			for (const { access_token: token } of load.kept.tokens) assert.equal((await userinfo(token)).status, 200);
		});
		test('every acknowledged decision is there, and every confirmed one sealed', () => {
			const list = (ids) => ids.map((id) => `'${id}'`).join();
			assert.equal(sql(`SELECT count(*) FROM signer.decision WHERE id IN (${list(load.kept.pending.map(({ id }) => id))})`), String(load.kept.pending.length));
			assert.equal(sql(`SELECT count(*) FROM signer.decision WHERE state = 'sealed' AND jws IS NOT NULL AND id IN (${list(load.kept.confirmed)})`), String(load.kept.confirmed.length));
		});
		test('every acknowledged certificate is there, and OCSP says good', async () => {
			const serials = load.kept.certificates;
			assert.equal(sql(`SELECT count(*) FROM ca.certificate WHERE encode(serial, 'hex') IN (${serials.map((s) => `'${s}'`).join()})`), String(serials.length));
			assert.equal(new Set(serials).size, serials.length, 'a serial was given twice');
			const last = await child('openssl', ['ocsp', '-issuer', `${demo}/tls/service-ca.pem`, '-serial', `0x${serials.at(-1)}`, '-CAfile', env.MOHAR_TLS_CA, '-url', `${env.MOHAR_PKI_URL}/ocsp`]);
			assert.match(last.out, /: good/);
		});
		test('no token family without its event', () => {
			assert.equal(sql(`SELECT count(*) FROM idp.family f WHERE NOT EXISTS (SELECT 1 FROM idp.event e WHERE e.type = 'token.issued'
				AND convert_from(e.private, 'UTF8')::json->>'family' = f.id::text)`), '0');
		});
		test('no token without a family, no used code without one', () => {
			assert.equal(sql('SELECT count(*) FROM idp.access_token t WHERE NOT EXISTS (SELECT 1 FROM idp.family f WHERE f.id = t.family)'), '0');
			assert.equal(burnt(), burntBefore);
		});
		test('no certificate without its event, no event without its certificate', () => {
			assert.equal(sql(`SELECT count(*) FROM ca.certificate c FULL JOIN (SELECT convert_from(entry, 'UTF8')::json->'public'->>'serial' AS serial
				FROM ca.event WHERE type = 'certificate.issued') e ON e.serial = encode(c.serial, 'hex') WHERE c.serial IS NULL OR e.serial IS NULL`), '0');
		});
		test('no row without its certificate: each has one that bears its serial, and no serial was ever signed for two', () => {
			assert.equal(sql('SELECT count(*) FROM ca.certificate WHERE position(serial IN der) = 0'), '0');
			const signed = journal().slice(journalBefore).filter((line) => line.includes('"act":"sign"') && line.includes('TBSCertificate')).map((line) => /serial=([0-9a-f]+)/.exec(line)?.[1]);
			assert.ok(signed.length >= load.kept.certificates.length, `${signed.length} signed`);
			assert.equal(new Set(signed).size, signed.length, 'a serial was signed twice');
		});
		test('every change of status has its row, and database, lists and OCSP agree after all deaths', async () => {
			const [serial] = load.kept.certificates;
			for (const verb of ['suspend', 'resume', 'suspend']) assert.equal((await byOperator('ca', verb, serial)).status, 0);
			assert.equal(sql(`SELECT count(*) FROM ca.status_change WHERE serials = '\\x${serial}'`), '3');
			await await_('the list with it', async () => (await fetch(`${env.MOHAR_PKI_URL}/crl/service-ca.crl`)).status === 200);
			const { uid, gid } = statSync(`/proc/${pid('mohar-cad')}`); // whom database and mohar-hsmd know
			const done = await child('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', `${env.MOHAR_BUILD}/bin/mohar-cad`, 'prove-status', '--config', `${demo}/cad.conf`]);
			assert.equal(done.status, 0, done.out + done.err);
		});
		test('no sealed decision without its event, no event without its decision', () => {
			assert.equal(sql(`SELECT count(*) FROM signer.decision d FULL JOIN (SELECT id FROM signer.event WHERE type IN ('decision.sealed', 'decision.refused')) e ON e.id = d.event
				WHERE d.state IS DISTINCT FROM 'pending' AND (d.event IS NULL OR e.id IS NULL)`), '0');
		});
		test('a status index belongs to one decision', () => {
			assert.equal(sql('SELECT count(*) FROM (SELECT 1 FROM signer.decision WHERE status_index IS NOT NULL GROUP BY status_list, status_index HAVING count(*) > 1) x'), '0');
		});
		test('the outboxes drain, each event has one leaf', async () => {
			await await_('empty outboxes', () => sql('SELECT (SELECT count(*) FROM ca.outbox) + (SELECT count(*) FROM idp.outbox) + (SELECT count(*) FROM signer.outbox)') === '0');
			assert.equal(sql(`SELECT count(*) FROM (SELECT sha256('\\x00'::bytea || entry) h, tree FROM ca.event UNION ALL SELECT sha256('\\x00'::bytea || entry), tree FROM idp.event
				UNION ALL SELECT sha256('\\x00'::bytea || entry), tree FROM signer.event) e`), sql(`SELECT count(*) - (SELECT count(*) FROM log.leaf WHERE tree = 0
				AND convert_from(entry, 'UTF8') LIKE '%"source":"log"%') FROM log.leaf`));
			assert.equal(sql('SELECT count(*) FROM (SELECT 1 FROM log.leaf GROUP BY entry HAVING count(*) > 1) x'), '0');
		});
		test('the log verifies, and still contains what it contained', async () => {
			const done = await mohar(['log', 'verify', '--trust', scratch('jwks.json'), '--since', scratch('checkpoint'), '--json']);
			assert.equal(done.status, 0, done.out + done.err);
		});
		test('a confirmed decision has its receipt', async () => {
			await await_('receipt', async () => (await call('GET', `${signer}/decisions/${load.kept.confirmed.at(-1)}/receipt`)).status === 200);
		});
		test('the same request again, after all deaths, is the same decision', async () => {
			const bearer = await load.bearer();
			const { id, key } = load.kept.pending[0];
			const again = await call('POST', `${signer}/decisions`, {
				headers: { ...bearer, 'content-type': 'application/json', 'idempotency-key': key },
				body: JSON.stringify({ type: 'land-transfer', sub: load.subject, outcome: 'approved', facts: { parcel: 'T-1/42', area_square_metres: 400, role: 'transferee', instrument: 'sale' } }),
			});
			assert.equal(again.json?.id, id, again.text);
		});
		test("mohar-hsmd's journal is whole: every line's hash, from the first", () => {
			const lines = readFileSync(`${demo}/hsm/main.journal`, 'utf8').trimEnd().split('\n');
			let previous = Buffer.alloc(32);
			for (const line of lines) {
				previous = createHash('sha256').update(previous).update(line.slice(65)).digest();
				assert.equal(line.slice(0, 64), previous.toString('hex'));
			}
			const certificates = new Set(lines.map((line) => /serial=([0-9a-f]+)/.exec(JSON.parse(line.slice(65)).detail)?.[1]));
			assert.deepEqual(load.kept.certificates.filter((serial) => !certificates.has(serial)), [], 'acknowledged, and not in the journal');
		});
	});
});
