// An adapter that keeps oidc-provider's documents in PostgreSQL, each change a commit on disk, in the shape that oidc-provider's documentation gives for databases:
// what an agency runs that may not lose a code's redemption. The table is made anew by each start, in a schema of its own.
import pg from 'pg';

const CONNECTIONS = 16;
let pool;

export async function open(database) {
	pool = new pg.Pool({ ...database, max: CONNECTIONS });
	await pool.query(`DROP SCHEMA IF EXISTS peer CASCADE; CREATE SCHEMA peer;
		CREATE TABLE peer.document (id text, model text, payload jsonb NOT NULL, grant_id text, expires_at timestamptz, consumed_at timestamptz, PRIMARY KEY (id, model));
		CREATE INDEX ON peer.document (grant_id) WHERE grant_id IS NOT NULL`);
}

export const clear = () => pool.query('TRUNCATE peer.document');

const named = (name, text, values) => pool.query({ name, text, values });

export class Durable {
	constructor(model) { this.model = model; }
	async upsert(id, payload, expiresIn) {
		await named('upsert', `INSERT INTO peer.document (id, model, payload, grant_id, expires_at) VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')
			ON CONFLICT (id, model) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, expires_at = excluded.expires_at`,
		[id, this.model, payload, payload.grantId ?? null, expiresIn ?? null]);
	}
	async find(id) {
		const { rows: [row] } = await named('find', `SELECT payload, extract(epoch FROM consumed_at)::bigint AS consumed FROM peer.document
			WHERE id = $1 AND model = $2 AND (expires_at IS NULL OR expires_at > now())`, [id, this.model]);
		return row === undefined ? undefined : { ...row.payload, ...(row.consumed === null ? {} : { consumed: Number(row.consumed) }) };
	}
	async consume(id) { await named('consume', 'UPDATE peer.document SET consumed_at = now() WHERE id = $1 AND model = $2', [id, this.model]); }
	async destroy(id) { await named('destroy', 'DELETE FROM peer.document WHERE id = $1 AND model = $2', [id, this.model]); }
	async revokeByGrantId(grantId) { await named('revoke', 'DELETE FROM peer.document WHERE grant_id = $1', [grantId]); }
}
