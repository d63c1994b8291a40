// Floods that anybody can send, bounded: what must not follow from them. timeout: 120
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { absent, sql } from '../idp/client.mjs';

const env = process.env;
const TRY_LATER = '30030a0103'; // RFC 6960 4.2.1
const here = absent ? null : mkdtempSync(join(tmpdir(), 'flood-'));
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function ask(body) {
	return new Promise((resolve, reject) => {
		const sent = request(`${env.MOHAR_PKI_URL}/ocsp`, { agent, method: 'POST', headers: { 'content-type': 'application/ocsp-request' } }, (answer) => {
			const parts = [];
			answer.on('data', (part) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts)));
		});
		sent.on('error', reject);
		sent.end(body);
	});
}

// The citizen's card's certificate, asked about with or without a nonce.
function question(name, nonce) {
	const serial = sql("SELECT encode(serial, 'hex') FROM ca.certificate WHERE profile = 'citizen-authentication' LIMIT 1");
	const out = join(here, name);
	const made = spawnSync('openssl', ['ocsp', '-issuer', env.MOHAR_CITIZEN_CA, '-serial', `0x${serial}`, nonce ? '-nonce' : '-no_nonce', '-reqout', out]);
	assert.equal(made.status, 0, String(made.stderr));
	return readFileSync(out);
}

describe('floods', { skip: absent }, () => {
	after(() => {
		agent.destroy();
		rmSync(here, { recursive: true, force: true });
	});

	test('questions with nonces, each of which costs a signature, are put off beyond a number a second; plain ones are not', async () => {
		const [fresh, plain] = [question('fresh', true), question('plain', false)];
		let later = 0;
		for (let round = 0; round < 40 && later === 0; round++) {
			const answers = await Promise.all(Array.from({ length: 100 }, () => ask(fresh)));
			later += answers.filter((answer) => answer.toString('hex') === TRY_LATER).length;
		}
		assert.ok(later > 0, 'four thousand questions were all signed');
		const cached = await ask(plain);
		assert.ok(cached.length > 100, 'a cached answer goes on');
	});
});
