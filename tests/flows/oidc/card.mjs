// A smartcard whose key is in a file: its certificate is the authority's own work, ordered by a registrar's card; and the commands that the demo's people type. Used by test_card.mjs.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from '../idp/client.mjs';

const env = process.env;
const demo = env.MOHAR_DEMO_DIR ?? '';
const bin = [join(demo, 'programs/bin'), join(env.MOHAR_BUILD ?? 'build', 'bin')].find((folder) => existsSync(folder));
const folder = mkdtempSync(join(tmpdir(), 'mohar-card-'));
chmodSync(folder, 0o777);
process.on('exit', () => rmSync(folder, { recursive: true }));
const sanitizers = Object.fromEntries(Object.entries(env).filter(([name]) => name.endsWith('SAN_OPTIONS')));
let made = 0;

// Runs as the one whose cards they are.
export function asOwner(command, args, extra = {}) {
	const { uid, gid } = statSync(join(demo, 'cards'));
	const run = spawnSync(command, args, { encoding: 'utf8', uid, gid, env: { PATH: env.PATH, HOME: folder, SOFTHSM2_CONF: env.SOFTHSM2_CONF, ...sanitizers, ...extra } });
	if (run.status !== 0) throw new Error(`${command} ${args.slice(0, 2).join(' ')}: ${run.stderr}${run.error ?? ''}`);
	return run.stdout;
}

// The command, with that card in the reader.
export const mohar = (card, ...args) =>
	asOwner(join(bin, 'mohar'), args, {
		MOHAR_CARD_MODULE: env.MOHAR_CARD_MODULE, MOHAR_CARD_TOKEN: card, MOHAR_CARD_PIN: `file:${join(demo, 'cards', `${card}.pin`)}`,
		MOHAR_CA_URL: env.MOHAR_CA_URL, MOHAR_ISSUER: env.MOHAR_ISSUER, MOHAR_TLS_CA: env.MOHAR_TLS_CA,
	});

const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

export class Card {
	constructor(name) {
		Object.assign(this, { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) });
	}

	// By the authority, under a profile; orderer: the card that signs the order.
	static issued(citizen, profile = 'citizen-authentication', orderer = 'registrar-1') {
		const name = `card-${made++}`;
		openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=x');
		const number = profile.startsWith('citizen') ? ['--subject', `serialNumber=${citizen.handle}`] : [];
		const person = /^(citizen|officer)/.test(profile) ? ['--handle', citizen.handle] : [];
		const subject = ['--subject', `CN=${citizen.name}`, ...person, ...number];
		mohar(orderer, 'ca', 'issue', '--profile', profile, '--csr', join(folder, `${name}.csr`), '--out', join(folder, `${name}.pem`), ...subject);
		return new Card(name);
	}

	// By nobody that anybody trusts. issuer: a certificate whose name the forger's authority takes; null: self-signed.
	static forged(subject, issuer = null) {
		const name = `card-${made++}`;
		const purpose = ['-addext', 'extendedKeyUsage=clientAuth', '-addext', 'keyUsage=critical,digitalSignature', '-addext', 'certificatePolicies=1.3.6.1.4.1.99999.1.1'];
		const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
		if (issuer === null) {
			openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${subject}`, ...purpose);
			return new Card(name);
		}
		const theirs = `/${new X509Certificate(readFileSync(issuer)).subject.replaceAll('\n', '/')}`;
		openssl('req', '-x509', ...key, '-keyout', 'forger.key', '-out', 'forger.pem', '-days', '2', '-subj', theirs, '-addext', 'basicConstraints=critical,CA:TRUE');
		openssl('req', '-new', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`, ...purpose);
		openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'forger.pem', '-CAkey', 'forger.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', `${name}.pem`);
		return new Card(name);
	}

	get x509() {
		return new X509Certificate(this.cert);
	}

	get serial() {
		return this.x509.serialNumber.toLowerCase();
	}

	// As the registrar's order binds it.
	boundTo(citizen) {
		const spki = createHash('sha256').update(this.x509.publicKey.export({ format: 'der', type: 'spki' })).digest('hex');
		sql(`INSERT INTO idp.card (spki_sha256, person, serial, bound_level, registrar, created_at)
		     VALUES ('\\x${spki}', '${citizen.id}', '${this.serial}', 3, 'test', now())`);
		return this;
	}
}

// What the card's port answers to this card in the reader; card null: none.
export function atCardPort(path, card, headers = {}) {
	return new Promise((resolve, reject) => {
		const options = { ca: readFileSync(env.MOHAR_TLS_CA), key: card?.key, cert: card?.cert, agent: false, headers: { accept: 'text/html', ...headers } };
		const sent = request(new URL(path, env.MOHAR_CARD_URL), options, (answer) => {
			answer.setEncoding('utf8');
			let text = '';
			answer.on('data', (part) => (text += part));
			answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
		});
		sent.on('error', reject);
		sent.end();
	});
}
