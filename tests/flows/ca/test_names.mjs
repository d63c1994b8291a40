// People are named as the identity registry says, in its own signed words, whichever way a certificate is asked for. timeout: 120
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { absent, sql } from '../idp/client.mjs';

const { mohar } = absent ? {} : await import('../oidc/card.mjs');
const { Citizen } = absent ? {} : await import('../oidc/citizen.mjs');

describe("the registry's names", { skip: absent }, () => {
	let folder, citizen, other;
	let made = 0;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'mohar-names-'));
		chmodSync(folder, 0o755);
		citizen = new Citizen(3);
		other = new Citizen(3);
	});
	after(() => folder && rmSync(folder, { recursive: true }));

	const csr = () => {
		const out = join(folder, `${made++}.csr`);
		execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${out}.key`, '-out', out, '-subj', '/CN=x'], { stdio: 'ignore' });
		return out;
	};
	const by = (card, ...args) => JSON.parse(mohar(card, 'ca', ...args, '--json'));
	const refused = (why, card, ...args) => assert.throws(() => mohar(card, 'ca', ...args), why);
	const profile = ['--profile', 'citizen-authentication'];
	const named = (...parts) => parts.flatMap((part) => ['--subject', part]);
	const requested = (title) => sql(`SELECT id FROM ca.request WHERE title LIKE '%${title}%' ORDER BY created_at DESC LIMIT 1`);

	describe('at once', () => {
		test("without the registry's statement nothing is issued", () =>
			refused(/statement \(member registry\) is missing/, 'registrar-1', 'issue', ...profile, '--csr', csr(), '--person', citizen.id, ...named(`CN=${citizen.name}`)));
		test("a name that is not the registry's is refused, naming the field", () =>
			refused(/CN: 'Somebody Else' is not what the identity registry says/, 'registrar-1', 'issue', ...profile, '--csr', csr(), '--handle', citizen.handle, ...named('CN=Somebody Else')));
		test('and a number', () =>
			refused(/serialNumber: /, 'registrar-1', 'issue', ...profile, '--csr', csr(), '--handle', citizen.handle, ...named(`CN=${citizen.name}`, `serialNumber=${other.handle}`)));
		test('a name that the registry does not keep', () =>
			refused(/givenName: the registry has none/, 'registrar-1', 'issue', ...profile, '--csr', csr(), '--handle', citizen.handle, ...named(`CN=${citizen.name}`, 'givenName=Test')));
		test('an office that the person does not hold', () =>
			refused(/O: 'land' is of no office/, 'registrar-1', 'issue', '--profile', 'officer', '--csr', csr(), '--handle', citizen.handle, ...named(`CN=${citizen.name}`, 'O=land')));
		test("an operator is not told people's names", () =>
			refused(/not appointed as registrar/, 'operator', 'issue', ...profile, '--csr', csr(), '--handle', citizen.handle, ...named(`CN=${citizen.name}`)));
		test('the name that it is', () =>
			assert.match(by('registrar-1', 'issue', ...profile, '--csr', csr(), '--handle', citizen.handle, ...named(`CN=${citizen.name}`, `serialNumber=${citizen.handle}`)).serial, /^[0-9a-f]{32}$/));
	});

	describe('through the queue', () => {
		test('a registrar asks by handle alone, and another approves', () => {
			const asked = by('registrar-1', 'request', ...profile, '--csr', csr(), '--handle', citizen.handle);
			assert.equal(asked.state, 'waiting');
			const done = by('registrar-2', 'approve', asked.id);
			assert.equal(done.state, 'issued');
			assert.equal(sql(`SELECT subject FROM ca.certificate WHERE encode(serial, 'hex') = '${done.serial}'`), `CN=${citizen.name}, serialNumber=${citizen.handle}`);
		});
		test('what an agency claims is compared when it is approved', () => {
			const asked = by('operator', 'request', ...profile, '--csr', csr(), '--handle', citizen.handle, '--person', citizen.id, ...named('CN=Somebody Else'));
			refused(/CN: 'Somebody Else'/, 'registrar-2', 'approve', asked.id);
			assert.equal(sql(`SELECT state FROM ca.request WHERE id = '${asked.id}'`), 'waiting');
			assert.equal(sql(`SELECT count(*) FROM ca.request_approval WHERE request = '${asked.id}'`), '0');
		});
		test("another person's statement helps nobody", () => {
			const asked = by('operator', 'request', ...profile, '--csr', csr(), '--handle', other.handle, '--person', citizen.id, ...named(`CN=${other.name}`));
			refused(/another person/, 'registrar-2', 'approve', asked.id);
		});
		test('whoever asked does not approve', () => {
			const asked = by('registrar-1', 'request', ...profile, '--csr', csr(), '--handle', citizen.handle);
			refused(/somebody else must approve/, 'registrar-1', 'approve', asked.id);
		});
		test('a frozen person gets no statement', () => {
			const frozen = new Citizen(3);
			sql(`UPDATE idp.person SET frozen_at = now() WHERE id = '${frozen.id}'`);
			refused(/frozen/, 'registrar-1', 'request', ...profile, '--csr', csr(), '--handle', frozen.handle);
		});
		test("each look is in the person's own log", () => assert.ok(citizen.events('person.looked-up') >= 3));
	});
	test('the requests are there', () => assert.ok(requested(citizen.name)));
});
