// What the tests of the operators' console look at: an operator with a browser, and rows for every page: requests in each state, a bulk act that runs. Used by test_console.mjs and test_console_keys.mjs.
import { randomBytes, randomUUID } from 'node:crypto';
import { mohar } from '../flows/oidc/card.mjs';
import { waiting } from '../flows/console/house.mjs';
import { Citizen, sql, visitor } from './house.mjs';

export const absent = process.env.MOHAR_ISSUER && process.env.MOHAR_CA_URL ? false : 'no demo is running';
export const origin = process.env.MOHAR_CA_URL;
export { mohar, sql, waiting };

export function appointed(citizen, office = 'ca-operator', title = 'Operator of the authority') {
	sql(`INSERT INTO idp.office (agency, office, created_at) VALUES ('ca', '${office}', now()) ON CONFLICT DO NOTHING;
	     INSERT INTO idp.appointment (id, person, agency, office, title, valid_from, valid_until, statement)
	     VALUES ('${randomUUID()}', '${citizen.id}', 'ca', '${office}', '${title.replaceAll("'", "''")}', now() - interval '1 hour', now() + interval '1 day', 'test')`);
	return citizen;
}

// Somebody who holds an office of the authority, with a passkey of the highest level, at the queue.
export async function operator(options, citizen = appointed(new Citizen({ name: 'Test Operator Browser' }))) {
	const person = await visitor(options);
	await person.activate(citizen.invited());
	await person.enter(`${origin}/console`, '.places');
	return person;
}

// A bulk act of two that is under way, as the database would hold it: nothing is suspended by it.
export function bulk(state = 'running') {
	const id = randomUUID();
	const serials = sql("SELECT string_agg(encode(serial, 'hex'), '') FROM (SELECT serial FROM ca.certificate WHERE profile = 'tls-server' ORDER BY serial LIMIT 2) c");
	const samples = sql(`SELECT json_agg(json_build_object('serial', encode(serial, 'hex'), 'profile', profile, 'subject', subject, 'issued_at', '2026-01-01T00:00:00Z'))
	                     FROM (SELECT * FROM ca.certificate WHERE profile = 'tls-server' ORDER BY serial LIMIT 2) c`).replaceAll("'", "''");
	sql(`ALTER TABLE ca.bulk DISABLE TRIGGER USER; ALTER TABLE ca.bulk_approval DISABLE TRIGGER USER;
	     INSERT INTO ca.bulk (id, action, criteria, why, proposer, act, quorum, created_at, expires_at, state, count, serials_sha256, samples, started_at, leased_until)
	     VALUES ('${id}', 'suspend', '{"profile":"tls-server","weak":true,"issued_from":1767225600}', 'Test: keys of a broken generator', 'operator', 'test', 2, now(), now() + interval '1 day',
	     '${state}', 2, sha256('\\x${serials}'), '${samples}', now(), now() + interval '1 day');
	     INSERT INTO ca.bulk_approval VALUES ('${id}', 'operator', '\\x${randomBytes(32).toString('hex')}', sha256('\\x${serials}'), 'test', now());
	     ALTER TABLE ca.bulk ENABLE TRIGGER USER; ALTER TABLE ca.bulk_approval ENABLE TRIGGER USER;`);
	return id;
}
export const bulkGone = (id) =>
	sql(`ALTER TABLE ca.bulk DISABLE TRIGGER USER; DELETE FROM ca.bulk_approval WHERE bulk = '${id}'; DELETE FROM ca.bulk WHERE id = '${id}'; ALTER TABLE ca.bulk ENABLE TRIGGER USER;`);

export const certificate = (profile = 'citizen-authentication') => sql(`SELECT encode(serial, 'hex') FROM ca.certificate WHERE profile = '${profile}' ORDER BY issued_at LIMIT 1`);
