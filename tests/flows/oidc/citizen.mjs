// A citizen of a test's own, made straight in the registry's tables: plainly test data, gone with the demo. Used by the tests beside it.
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from '../idp/client.mjs';
import { Passkey } from './passkey.mjs';
import { Visitor } from './visitor.mjs';

export class Citizen {
	constructor(proofing = 2) {
		this.id = randomUUID();
		this.handle = `test-${randomBytes(6).toString('hex')}`;
		this.name = `Test Citizen ${this.handle.slice(-4)}`;
		sql(`INSERT INTO idp.person (id, handle, name, birthdate, gender, proofing, card_subject, user_handle, created_at)
		     VALUES ('${this.id}', '${this.handle}', '${this.name}', '1980-04-01', 'other', ${proofing}, '${this.handle}',
		     '\\x${randomBytes(32).toString('hex')}', now())`);
	}

	// An activation code, as a registrar's order would make it.
	invited(level = 2) {
		const code = randomBytes(32).toString('base64url');
		sql(`INSERT INTO idp.activation (code_hash, person, level, registrar, created_at, expires_at)
		     VALUES (sha256('${code}'), '${this.id}', ${level}, 'test', now(), now() + interval '1 hour')`);
		return code;
	}

	// With a passkey, registered through the pages.
	static async withPasskey(proofing = 2) {
		const citizen = new Citizen(proofing);
		const code = citizen.invited();
		citizen.passkey = Passkey.made();
		const visitor = new Visitor();
		const options = await visitor.script('/activate/options', { code });
		const answer = await visitor.script('/activate/passkey', { code, name: 'Phone', credential: citizen.passkey.attestation(options.json) });
		if (answer.status !== 201) throw new Error(`no passkey: ${answer.status} ${answer.text}`);
		return citizen;
	}

	events(type) {
		return Number(sql(`SELECT count(*) FROM idp.event WHERE principal = '${this.id}' AND type = '${type}'`));
	}
}
