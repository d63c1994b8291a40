#include "idp/store/store.h"

#define PERSON_COLUMNS "id, handle, name, birthdate, gender, proofing, card_subject, user_handle, created_at, frozen_at"

static const struct db_column person_columns[] = {
	COLUMN(DB_UUID, person_row, id),
	COLUMN(DB_TEXT, person_row, handle),
	COLUMN(DB_TEXT, person_row, name),
	COLUMN(DB_TEXT, person_row, birthdate),
	COLUMN(DB_TEXT, person_row, gender),
	COLUMN(DB_INT, person_row, proofing),
	COLUMN(DB_TEXT, person_row, card_subject),
	COLUMN(DB_BYTES, person_row, user_handle),
	COLUMN(DB_TIME, person_row, created_at),
	COLUMN(DB_TIME, person_row, frozen_at),
};
static const struct db_column id_column[] = {COLUMN(DB_UUID, uuid_row, id)};
static const struct db_column data_key_columns[] = {
	COLUMN(DB_UUID, data_key_row, id),
	COLUMN(DB_BYTES, data_key_row, blob),
};
static const struct db_column appointment_columns[] = {
	COLUMN(DB_UUID, appointment_row, id),
	COLUMN(DB_TEXT, appointment_row, agency),
	COLUMN(DB_TEXT, appointment_row, office),
	COLUMN(DB_TEXT, appointment_row, title),
	COLUMN(DB_TIME, appointment_row, valid_from),
	COLUMN(DB_TIME, appointment_row, valid_until),
};

/* clang-format off: SQL is laid out as SQL */
static const struct store_row rows[] = {
	/* id, handle, name, birthdate, gender, proofing, card_subject, user_handle, now */
	COMMAND(ST_PERSON_ADD, "person_add",
		"INSERT INTO idp.person (" PERSON_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)",
		PARAMS(DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_INT, DB_TEXT, DB_BYTES, DB_TIME)),
	QUERY(ST_PERSON_BY_ID, "person_by_id", "SELECT " PERSON_COLUMNS " FROM idp.person WHERE id = $1",
		PARAMS(DB_UUID), person_columns, person_row),
	QUERY(ST_PERSON_BY_HANDLE, "person_by_handle", "SELECT " PERSON_COLUMNS " FROM idp.person WHERE handle = $1",
		PARAMS(DB_TEXT), person_columns, person_row),
	/* id, now: every session and token ends with it */
	QUERY(ST_PERSON_FREEZE, "person_freeze",
		"WITH p AS (UPDATE idp.person SET frozen_at = $2 WHERE id = $1 AND frozen_at IS NULL RETURNING id), "
		"s AS (UPDATE idp.session SET ended_at = $2 WHERE principal = $1 AND ended_at IS NULL), "
		"f AS (UPDATE idp.family SET revoked_at = $2 WHERE principal = $1 AND revoked_at IS NULL) "
		"SELECT id FROM p",
		PARAMS(DB_UUID, DB_TIME), id_column, uuid_row),
	/* how many at most */
	QUERY(ST_DATA_KEYS, "data_keys", "SELECT id, blob FROM idp.data_key ORDER BY created_at, id LIMIT $1",
		PARAMS(DB_INT), data_key_columns, data_key_row),
	/* id, blob, now */
	COMMAND(ST_DATA_KEY_ADD, "data_key_add", "INSERT INTO idp.data_key (id, blob, created_at) VALUES ($1, $2, $3)",
		PARAMS(DB_UUID, DB_BYTES, DB_TIME)),
	/* mac, person, data key, ciphertext */
	COMMAND(ST_NUMBER_ADD, "number_add",
		"INSERT INTO idp.number (mac, person, data_key, ciphertext) VALUES ($1, $2, $3, $4)",
		PARAMS(DB_BYTES, DB_UUID, DB_UUID, DB_BYTES)),
	/* mac */
	QUERY(ST_NUMBER_FIND, "number_find", "SELECT person FROM idp.number WHERE mac = $1", PARAMS(DB_BYTES),
		id_column, uuid_row),
	/* agency, office, now */
	COMMAND(ST_OFFICE_ADD, "office_add",
		"INSERT INTO idp.office (agency, office, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		PARAMS(DB_TEXT, DB_TEXT, DB_TIME)),
	/* id, person, agency, office, title, from, until, the act */
	COMMAND(ST_APPOINTMENT_ADD, "appointment_add",
		"INSERT INTO idp.appointment (id, person, agency, office, title, valid_from, valid_until, statement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		PARAMS(DB_UUID, DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_TEXT)),
	/* person, now */
	QUERY(ST_APPOINTMENTS_OF, "appointments_of",
		"SELECT id, agency, office, title, valid_from, valid_until FROM idp.appointment "
		"WHERE person = $1 AND ended_at IS NULL AND valid_until > $2 ORDER BY valid_from",
		PARAMS(DB_UUID, DB_TIME), appointment_columns, appointment_row),
};
/* clang-format on */

const struct store_part store_person = STORE_PART(rows);
