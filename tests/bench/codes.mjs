// Codes of mohar-idpd, as its page would have made them: a session, a subject in the client's sector, and a row of idp.code each. They are
// written as the database's superuser, because clicking thousands of times through a browser would take all day.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { challenge } from './request.mjs';

const hex = (bytes) => `'\\x${bytes.toString('hex')}'`;

export const sql = (database, statement) => execFileSync('psql', [database, '-v', 'ON_ERROR_STOP=1', '-qAt'],
	{ input: statement, maxBuffer: 1 << 26, stdio: ['pipe', 'pipe', 'inherit'] }).toString().trim();

// What the numbers claim: a commit is on disk before it is acknowledged.
export function checkDurable(database) {
	for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
		if (sql(database, `SHOW ${name}`) !== 'on') throw new Error(`the database has ${name} off: its commits would not be durable`);
}

export function makeCodes(database, citizen, clientId, redirectUri, count) {
	const codes = Array.from({ length: count }, () => randomBytes(32).toString('base64url'));
	const rows = codes.map((code) => `(${hex(createHash('sha256').update(code).digest())}::bytea, ${hex(randomBytes(32))}::bytea, gen_random_uuid())`);
	sql(database, `BEGIN;
		CREATE TEMP TABLE made (hash, cookie, session) ON COMMIT DROP AS VALUES ${rows.join(',\n')};
		INSERT INTO idp.subject SELECT p.id, c.sector, '${randomBytes(32).toString('base64url')}' FROM idp.person p, idp.client c
			WHERE p.handle = '${citizen}' AND c.id = '${clientId}' ON CONFLICT DO NOTHING;
		INSERT INTO idp.session (id, hash, actor, principal, channel, authenticator, bound_level, ceiling, amr, auth_time, last_seen, device)
			SELECT m.session, m.cookie, p.id, p.id, 'web', 2, 2, 3, '{hwk,user}', now(), now(), 'bench' FROM made m, idp.person p WHERE p.handle = '${citizen}';
		INSERT INTO idp.code (hash, client, redirect_uri, challenge, session, actor, principal, sector, channel, sub, scopes, nonce, level, required_level, expires_at)
			SELECT m.hash, c.id, '${redirectUri}', ${hex(Buffer.from(challenge, 'base64url'))}, m.session, p.id, p.id, c.sector, 'web', s.sub, '{openid}', 'n-bench', 2, 1,
				now() + interval '60 seconds'
			FROM made m, idp.person p JOIN idp.subject s ON s.person = p.id JOIN idp.client c ON c.sector = s.sector
			WHERE p.handle = '${citizen}' AND c.id = '${clientId}';
		COMMIT;`);
	return codes;
}

// Every exchange has left its event in the same commit.
export const eventsOf = (database) => Number(sql(database, "SELECT count(*) FROM idp.event WHERE type = 'token.issued'"));
