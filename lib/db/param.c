#include "db/param.h"

#include <limits.h>
#include <string.h>

#include "db/connection.h"
#include "db/wire.h"

struct db_param
db_text(const char *text)
{
	return (struct db_param){.type = DB_TEXT, .null = text == NULL, .as.span = span_of(text)};
}

struct db_param
db_text_span(struct span text)
{
	return (struct db_param){.type = DB_TEXT, .as.span = text};
}

struct db_param
db_bytes(struct span bytes)
{
	return (struct db_param){.type = DB_BYTES, .null = bytes.ptr == NULL, .as.span = bytes};
}

struct db_param
db_int(int64_t n)
{
	return (struct db_param){.type = DB_INT, .as.number = n};
}

struct db_param
db_bool(bool b)
{
	return (struct db_param){.type = DB_BOOL, .as.number = b};
}

struct db_param
db_time(unix_time t)
{
	return (struct db_param){.type = DB_TIME, .null = t == 0, .as.number = t};
}

struct db_param
db_uuid(const struct uuid *u)
{
	struct db_param p = {.type = DB_UUID, .null = u == NULL};

	if (u != NULL)
		p.as.uuid = *u;
	return p;
}

struct db_param
db_json(struct span json)
{
	return (struct db_param){.type = DB_JSON, .null = json.ptr == NULL, .as.span = json};
}

struct db_param
db_texts(const struct json_list *l)
{
	return (struct db_param){.type = DB_TEXTS, .null = l == NULL, .as.texts = l};
}

/* Indexed by enum db_type. */
static const Oid oids[] = {
	[DB_TEXT] = OID_TEXT,
	[DB_BYTES] = OID_BYTEA,
	[DB_INT] = OID_INT8,
	[DB_BOOL] = OID_BOOL,
	[DB_TIME] = OID_TIMESTAMPTZ,
	[DB_UUID] = OID_UUID,
	[DB_JSON] = OID_JSONB,
	[DB_TEXTS] = OID_TEXT_ARRAY,
};

static const Oid array_oids[] = {
	[DB_TEXT] = OID_TEXT_ARRAY,
	[DB_BYTES] = OID_BYTEA_ARRAY,
	[DB_INT] = OID_INT8_ARRAY,
	[DB_BOOL] = OID_BOOL_ARRAY,
	[DB_TIME] = OID_TIMESTAMPTZ_ARRAY,
	[DB_UUID] = OID_UUID_ARRAY,
	[DB_JSON] = OID_JSONB_ARRAY,
	[DB_TEXTS] = 0,
};

Oid
db_type_oid(enum db_type type)
{
	return oids[type];
}

Oid
db_type_array_oid(enum db_type type)
{
	return array_oids[type];
}

static enum err
bind_span(struct bound *b, size_t i, struct span bytes)
{
	REQUIRE(bytes.len <= INT_MAX, ERR_TOO_LONG);
	b->values[i] = bytes.ptr == NULL ? "" : (const char *)bytes.ptr; /* empty is not null */
	b->lengths[i] = (int)bytes.len;
	return ERR_OK;
}

/* Network order, in the last width bytes. */
static enum err
bind_number(struct bound *b, size_t i, int64_t n, size_t width)
{
	uint64_t bits = (uint64_t)n;

	for (size_t k = width; k > 0; k--, bits >>= 8)
		b->numbers[i][k - 1] = (char)(uint8_t)bits;
	b->values[i] = b->numbers[i];
	b->lengths[i] = (int)width;
	return ERR_OK;
}

static enum err
bind_made(struct bound *b, size_t i)
{
	TRY(writer_done(&b->made[i]));
	return bind_span(b, i, writer_span(&b->made[i]));
}

void
array_begin(struct writer *w, uint32_t element_oid, size_t count)
{
	writer_u32(w, count > 0 ? 1 : 0); /* dimensions: an empty array has none */
	writer_u32(w, 0);                 /* "has nulls": the server looks for itself */
	writer_u32(w, element_oid);
	if (count > 0) {
		writer_u32(w, (uint32_t)count);
		writer_u32(w, 1); /* lower bound */
	}
}

void
array_null(struct writer *w)
{
	writer_u32(w, UINT32_MAX);
}

static enum err
bind_texts(struct bound *b, size_t i, const struct json_list *texts)
{
	struct writer *w = &b->made[i];

	REQUIRE(texts->count <= MAX_JSON_ITEMS, ERR_TOO_LONG);
	*w = writer_new(MAX_JSON);
	array_begin(w, OID_TEXT, texts->count);
	for (size_t k = 0; k < texts->count; k++)
		writer_block32(w, span_of(json_text_at(texts, k)));
	return bind_made(b, i);
}

static enum err
bind_json(struct bound *b, size_t i, struct span json)
{
	b->made[i] = writer_new(MAX_JSON + 1);
	writer_u8(&b->made[i], JSONB_VERSION);
	writer_bytes(&b->made[i], json);
	return bind_made(b, i);
}

static enum err
bind_one(struct bound *b, size_t i, const struct db_param *p)
{
	switch (p->type) {
	case DB_TEXT:
	case DB_BYTES:
		return bind_span(b, i, p->as.span);
	case DB_INT:
		return bind_number(b, i, p->as.number, 8);
	case DB_BOOL:
		return bind_number(b, i, p->as.number != 0, 1);
	case DB_TIME:
		REQUIRE(p->as.number >= -MAX_WIRE_TIME && p->as.number <= MAX_WIRE_TIME, ERR_MALFORMED);
		return bind_number(b, i, (p->as.number - WIRE_EPOCH) * 1000000, 8);
	case DB_UUID:
		return bind_span(b, i, uuid_span(&p->as.uuid));
	case DB_JSON:
		return bind_json(b, i, p->as.span);
	case DB_TEXTS:
		return bind_texts(b, i, p->as.texts);
	}
	return ERR_CONFIG;
}

enum err
bound_make(const struct db_statement *s, const struct db_param *params, struct bound *out)
{
	out->count = s->param_count;
	for (size_t i = 0; i < s->param_count; i++) {
		out->made[i] = writer_new(0);
		out->values[i] = NULL;
		out->lengths[i] = 0;
		out->formats[i] = 1; /* binary */
	}
	for (size_t i = 0; i < s->param_count; i++) {
		REQUIRE_WHY(params[i].type == s->params[i], ERR_CONFIG,
			"statement %s: parameter $%zu is of another type than its table says", s->name, i + 1);
		if (params[i].null)
			continue;
		const enum err e = bind_one(out, i, &params[i]);

		REQUIRE_WHY(e == ERR_OK, e, "statement %s: parameter $%zu cannot be sent", s->name, i + 1);
	}
	return ERR_OK;
}

void
bound_free(struct bound *b)
{
	for (size_t i = 0; i < b->count; i++)
		writer_free(&b->made[i]);
}
