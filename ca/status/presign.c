#include "ca/status/presign.h"

#include <stdlib.h>
#include <string.h>

#include "ca/status/ocsp.h"
#include "ca/store/statements.h"

enum { MAX_POPULATIONS = 32, LONG_AGO = 1 };

/* The certificates of one profile, and up to where they have been signed in this round; whatever is issued meanwhile comes behind that. */
struct population {
	const struct profile *profile;
	unix_time issued_at;
	uint8_t serial[SERIAL_LEN];
};

struct presign {
	struct cad *c;
	struct population rows[MAX_POPULATIONS];
	size_t count, at;
	unix_time began;
};

static void
begin(struct presign *p)
{
	p->began = cad_now(p->c);
	p->at = 0;
	for (size_t i = 0; i < p->count; i++)
		p->rows[i] = (struct population){.profile = p->rows[i].profile, .issued_at = LONG_AGO};
}

static enum err
add(struct presign *p, struct span name)
{
	AUTO(writer) text = writer_new(256);

	writer_bytes(&text, name);
	TRY(writer_done(&text));
	const struct profile *found = profile_find(&p->c->profiles, (const char *)writer_span(&text).ptr);

	REQUIRE_WHY(found != NULL, ERR_CONFIG, "ocsp_presign: there is no profile '%s'",
		(const char *)writer_span(&text).ptr);
	REQUIRE_WHY(p->count < MAX_POPULATIONS, ERR_CONFIG, "ocsp_presign: more than %d profiles", MAX_POPULATIONS);
	p->rows[p->count++].profile = found;
	return ERR_OK;
}

static enum err
read_names(struct presign *p)
{
	const char *at = p->c->config.ocsp_presign;

	while (*at != '\0') {
		const size_t len = strcspn(at, ", ");

		if (len > 0)
			TRY(add(p, span_at(at, len)));
		at += len + (at[len] != '\0');
	}
	return ERR_OK;
}

enum err
presign_new(struct cad *c, struct presign **out)
{
	struct presign *p = calloc(1, sizeof(*p));

	REQUIRE(p != NULL, ERR_NO_MEMORY);
	p->c = c;
	const enum err e = read_names(p);

	if (e != ERR_OK) {
		free(p);
		return e;
	}
	begin(p);
	*out = p;
	return ERR_OK;
}

void
presign_free(struct presign **p)
{
	free(*p);
	*p = NULL;
}

/* Signs unless there is an answer that lasts until the next round. */
static enum err
sign(struct presign *p, const struct serial_row *row)
{
	const struct authority *a = authority_find(&p->c->authorities, row->issuer);
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) der = writer_new(MAX_OCSP_RESPONSE);
	const struct ocsp_entry *entry;
	struct ocsp_question q;

	if (a == NULL)
		return ERR_OK;
	TRY(ocsp_ask_serial(a->certificate, span_at(row->serial.ptr, row->serial.len), (struct span){0}, &request));
	TRY(ocsp_parse(writer_span(&request), &q));
	if (ocsp_cache_has(p->c->ocsp, &q, cad_now(p->c) + p->c->config.ocsp_seconds / 2))
		return ERR_OK;
	TRY(ocsp_sign(p->c, &q, &entry, &der));
	ocsp_entry_release((void *)(uintptr_t)entry);
	return ERR_OK;
}

static enum err
sign_all(struct presign *p, struct population *of, const struct json_list *list)
{
	const struct serial_row *rows = list->items;

	for (size_t i = 0; i < list->count; i++) {
		TRY(sign(p, &rows[i]));
		of->issued_at = rows[i].issued_at;
		memcpy(of->serial, rows[i].serial.ptr, SERIAL_LEN);
	}
	return ERR_OK;
}

static enum err
go_on(struct presign *p, struct population *of, bool *more)
{
	const struct db_param params[] = {db_text(of->profile->name), db_time(of->issued_at),
		db_bytes(span_at(of->serial, SERIAL_LEN)), db_time(cad_now(p->c)), db_int(PRESIGN_STEP)};
	struct json_list list;

	TRY(db_pool_all(p->c->db, CA_VALID_OF, params, &list));
	const enum err e = sign_all(p, of, &list);

	*more = list.count == PRESIGN_STEP;
	db_rows_free(&ca_statements[CA_VALID_OF], &list);
	return e;
}

enum err
presign_step(struct presign *p, bool *more)
{
	*more = false;
	if (p->count == 0)
		return ERR_OK;
	if (cad_now(p->c) - p->began >= p->c->config.ocsp_seconds / 2)
		begin(p);
	TRY(go_on(p, &p->rows[p->at], more));
	if (!*more)
		p->at = (p->at + 1) % p->count;
	*more = *more || p->at > 0;
	return ERR_OK;
}
