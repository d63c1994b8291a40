#include "db/row.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "db/wire.h"

static bool
takes(enum db_type type, Oid oid)
{
	switch (type) {
	case DB_TEXT:
		return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_NAME;
	case DB_BYTES:
		return oid == OID_BYTEA;
	case DB_INT:
		return oid == OID_INT8 || oid == OID_INT4 || oid == OID_INT2;
	case DB_BOOL:
		return oid == OID_BOOL;
	case DB_TIME:
		return oid == OID_TIMESTAMPTZ;
	case DB_UUID:
		return oid == OID_UUID;
	case DB_JSON:
		return oid == OID_JSONB;
	case DB_TEXTS:
		return oid == OID_TEXT_ARRAY;
	}
	return false;
}

enum err
row_check(const struct db_statement *s, const PGresult *result)
{
	const size_t wanted = s->column_count + (s->together ? 1 : 0);

	REQUIRE_WHY((size_t)PQnfields(result) == wanted, ERR_CONFIG,
		"statement %s: %d columns came, its table says %zu", s->name, PQnfields(result), wanted);
	REQUIRE_WHY(!s->together || PQftype(result, (int)s->column_count) == OID_INT8, ERR_CONFIG,
		"statement %s: its last column must be the ordinal, a bigint", s->name);
	for (int i = 0; i < (int)s->column_count; i++)
		REQUIRE_WHY(takes(s->columns[i].type, PQftype(result, i)), ERR_CONFIG,
			"statement %s: column %s has type %u, which its table does not say", s->name,
			PQfname(result, i), PQftype(result, i));
	return ERR_OK;
}

/* 1, 2, 4 or 8 bytes in network order, with their sign. */
static enum err
read_number(struct span bytes, int64_t *out)
{
	uint64_t n;

	REQUIRE(bytes.len >= 1 && bytes.len <= 8, ERR_CORRUPT);
	n = bytes.ptr[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < bytes.len; i++)
		n = n << 8 | bytes.ptr[i];
	*out = (int64_t)n;
	return ERR_OK;
}

size_t
row_number(const PGresult *result, int n)
{
	const int last = PQnfields(result) - 1;
	int64_t number = 0;

	if (PQgetisnull(result, n, last) ||
		read_number(span_at(PQgetvalue(result, n, last), (size_t)PQgetlength(result, n, last)), &number) !=
			ERR_OK)
		return 0;
	return number > 0 ? (size_t)number : 0;
}

static enum err
read_time(struct span bytes, unix_time *out)
{
	int64_t micros, seconds;

	TRY(read_number(bytes, &micros));
	seconds = micros / 1000000 - (micros % 1000000 < 0);
	REQUIRE_WHY(seconds <= MAX_WIRE_TIME && seconds >= -MAX_WIRE_TIME, ERR_CORRUPT, "a time beyond the year 9999");
	*out = seconds + WIRE_EPOCH;
	return ERR_OK;
}

static enum err
read_bytes(struct span bytes, struct json_bytes *out)
{
	out->ptr = malloc(bytes.len + 1); /* never malloc(0): NULL means SQL null */
	REQUIRE(out->ptr != NULL, ERR_NO_MEMORY);
	memcpy(out->ptr, bytes.ptr, bytes.len);
	out->ptr[bytes.len] = 0;
	out->len = bytes.len;
	return ERR_OK;
}

static enum err
read_json(struct span bytes, char **out)
{
	REQUIRE(bytes.len >= 1 && bytes.ptr[0] == JSONB_VERSION, ERR_CORRUPT);
	return span_text(span_at(bytes.ptr + 1, bytes.len - 1), out);
}

static enum err
read_texts(struct span bytes, struct json_list *out)
{
	struct reader r = reader_over(bytes);
	uint32_t dimensions, nulls, type, count = 0, bound;
	struct span text;

	TRY(reader_u32(&r, &dimensions));
	TRY(reader_u32(&r, &nulls));
	TRY(reader_u32(&r, &type));
	REQUIRE_WHY(dimensions <= 1 && nulls == 0, ERR_CORRUPT, "an array of several dimensions, or with nulls");
	if (dimensions == 1) {
		TRY(reader_u32(&r, &count));
		TRY(reader_u32(&r, &bound));
	}
	REQUIRE(count <= r.left.len / 4, ERR_CORRUPT);
	out->items = calloc((size_t)count + 1, sizeof(char *));
	REQUIRE(out->items != NULL, ERR_NO_MEMORY);
	for (; out->count < count; out->count++) {
		TRY(reader_block32(&r, bytes.len, &text));
		TRY(span_text(text, (char **)out->items + out->count));
	}
	return reader_done(&r);
}

static enum err
read_column(enum db_type type, struct span bytes, void *field)
{
	int64_t n;

	switch (type) {
	case DB_TEXT:
		return span_text(bytes, field);
	case DB_BYTES:
		return read_bytes(bytes, field);
	case DB_INT:
		return read_number(bytes, field);
	case DB_BOOL:
		TRY(read_number(bytes, &n));
		*(bool *)field = n != 0;
		return ERR_OK;
	case DB_TIME:
		return read_time(bytes, field);
	case DB_UUID:
		REQUIRE(bytes.len == sizeof(struct uuid), ERR_CORRUPT);
		memcpy(field, bytes.ptr, bytes.len);
		return ERR_OK;
	case DB_JSON:
		return read_json(bytes, field);
	case DB_TEXTS:
		return read_texts(bytes, field);
	}
	return ERR_CORRUPT;
}

enum err
row_read(const struct db_statement *s, const PGresult *result, int n, void *row)
{
	memset(row, 0, s->row_size);
	for (int i = 0; i < (int)s->column_count; i++) {
		const struct db_column *column = &s->columns[i];
		enum err e;

		if (PQgetisnull(result, n, i))
			continue;
		e = read_column(column->type, span_at(PQgetvalue(result, n, i), (size_t)PQgetlength(result, n, i)),
			(char *)row + column->offset);
		if (e == ERR_OK)
			continue;
		db_row_free(s, row);
		return err_because(e == ERR_NO_MEMORY ? e : ERR_CORRUPT, "statement %s: column %s cannot be read",
			s->name, PQfname(result, i));
	}
	return ERR_OK;
}

static void
free_texts(struct json_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(((char **)list->items)[i]);
	free(list->items);
}

void
db_row_free(const struct db_statement *s, void *row)
{
	for (size_t i = 0; i < s->column_count; i++) {
		void *field = (char *)row + s->columns[i].offset;

		switch (s->columns[i].type) {
		case DB_TEXT:
		case DB_JSON:
			free(*(char **)field);
			break;
		case DB_BYTES:
			free(((struct json_bytes *)field)->ptr);
			break;
		case DB_TEXTS:
			free_texts(field);
			break;
		default:
			break;
		}
	}
	memset(row, 0, s->row_size);
}

void
db_rows_free(const struct db_statement *s, struct json_list *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		db_row_free(s, (char *)rows->items + i * s->row_size);
	free(rows->items);
	*rows = (struct json_list){NULL, 0};
}
