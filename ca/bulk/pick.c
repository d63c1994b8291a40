/* pick: which certificates a bulk act is about. By pages of the whole table, or by a list of keys; what only the key tells is looked at here. */
#include <openssl/evp.h>
#include <string.h>

#include "ca/bulk/bulk.h"
#include "ca/revoke/many.h"
#include "x509/own.h"
#include "x509/weak_key.h"

enum { PAGE = 5000, KEYS_PAGE = 2048, HASH_PAGE = 20000, MAX_PAGE_SERIALS = 1 << 20 };

struct picking {
	struct cad *c;
	const struct uuid *id;
	bool resume, look; /* look: at the key */
	struct bulk_criteria criteria;
	struct uuid earlier;
	bool has_earlier;
	bulk_tick *tick;
	void *context;
	size_t found;
};

enum { CRITERIA = 9 };

static void
criteria_params(const struct picking *p, struct db_param out[CRITERIA])
{
	const struct bulk_criteria *c = &p->criteria;

	out[0] = db_text(c->issuer);
	out[1] = db_text(c->profile);
	out[2] = db_time(c->issued_from);
	out[3] = db_time(c->issued_before);
	out[4] = db_time(cad_now(p->c));
	out[5] = db_bool(p->resume);
	out[6] = db_text(c->batch);
	out[7] = db_uuid(p->has_earlier ? &p->earlier : NULL);
	out[8] = db_bool(p->look);
}

/* What no column says. A certificate that cannot be read has no such key. */
static bool
key_fits(const struct bulk_criteria *c, const struct json_bytes *der)
{
	OWN(X509) x = NULL;
	char type[16] = "";
	bool fits = certificate_parse(span_at(der->ptr, der->len), &x) == ERR_OK;
	EVP_PKEY *key = fits ? X509_get0_pubkey(x) : NULL;

	fits = key != NULL &&
		(c->key_type == NULL || (key_type(key, type) == ERR_OK && strcmp(type, c->key_type) == 0));
	if (fits && c->weak)
		fits = weak_key_check(key) == ERR_REFUSED;
	err_forget();
	return fits;
}

static enum err
keep(struct picking *p, const struct json_list *rows)
{
	AUTO(writer) serials = writer_new(MAX_PAGE_SERIALS);
	const struct picked_row *found = rows->items;

	for (size_t i = 0; i < rows->count; i++)
		if (!p->look || key_fits(&p->criteria, &found[i].der))
			writer_bytes(&serials, span_at(found[i].serial.ptr, found[i].serial.len));
	TRY(writer_done(&serials));
	if (serials.len > 0)
		TRY(selection_add(p->c, p->id, writer_span(&serials)));
	p->found += serials.len / SERIAL_LEN;
	return p->tick(p->context, p->found);
}

static enum err
pick_by(struct picking *p, size_t statement, const struct db_param *params)
{
	struct json_list rows;

	TRY(db_pool_all(bulk_db(p->c), statement, params, &rows));
	const enum err e = keep(p, &rows);

	db_rows_free(&bulk_statements[BULK_PICK], &rows);
	return e;
}

/* ---- by the whole table: so many certificates at a time, however many of them fit ---- */

static enum err
page_end(struct picking *p, const uint8_t after[SERIAL_LEN], uint8_t end[SERIAL_LEN], bool *last)
{
	const struct db_param params[] = {db_bytes(span_at(after, SERIAL_LEN)), db_int(PAGE - 1)};
	struct serial_of_row row;
	const enum err e = db_pool_one(bulk_db(p->c), BULK_PAGE_END, params, &row);

	*last = e == ERR_NOT_FOUND;
	if (*last) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	const bool whole = row.serial.len == SERIAL_LEN;

	if (whole)
		memcpy(end, row.serial.ptr, SERIAL_LEN);
	db_row_free(&bulk_statements[BULK_PAGE_END], &row);
	return whole ? ERR_OK : ERR_CORRUPT;
}

static enum err
pick_all(struct picking *p)
{
	uint8_t after[SERIAL_LEN] = {0}, end[SERIAL_LEN];
	struct db_param params[CRITERIA + 2];
	bool last = false;

	criteria_params(p, params);
	while (!last) {
		TRY(page_end(p, after, end, &last));
		params[CRITERIA] = db_bytes(span_at(after, SERIAL_LEN));
		params[CRITERIA + 1] = db_bytes(last ? (struct span){0} : span_at(end, SERIAL_LEN));
		TRY(pick_by(p, BULK_PICK, params));
		memcpy(after, end, SERIAL_LEN);
	}
	return ERR_OK;
}

/* ---- by a list of keys ---- */

static enum err
pick_part(struct picking *p, const struct json_bytes *hashes)
{
	struct db_param params[CRITERIA + 1];
	const size_t step = (size_t)KEYS_PAGE * SHA256_LEN;

	criteria_params(p, params);
	for (size_t at = 0; at < hashes->len; at += step) {
		const size_t left = hashes->len - at;

		params[CRITERIA] = db_bytes(span_at(hashes->ptr + at, left < step ? left : step));
		TRY(pick_by(p, BULK_PICK_KEYS, params));
	}
	return ERR_OK;
}

static enum err
pick_keys(struct picking *p)
{
	int64_t after = -1;

	for (;;) {
		const struct db_param params[] = {db_uuid(p->id), db_int(after)};
		struct key_part_row part;
		enum err e = db_pool_one(bulk_db(p->c), BULK_KEYS_PART, params, &part);

		if (e == ERR_NOT_FOUND) {
			err_forget();
			return ERR_OK;
		}
		TRY(e);
		after = part.part;
		e = pick_part(p, &part.hashes);
		db_row_free(&bulk_statements[BULK_KEYS_PART], &part);
		TRY(e);
	}
}

enum err
bulk_pick(struct cad *c, const struct uuid *id, const char *action, const char *criteria, bulk_tick *tick,
	void *context)
{
	struct picking p = {.c = c,
		.id = id,
		.resume = strcmp(action, "resume") == 0,
		.tick = tick,
		.context = context};

	TRY(selection_drop(c, id));
	TRY(json_decode(span_of(criteria), &bulk_criteria_table, &p.criteria));
	enum err e = ERR_OK;

	p.look = p.criteria.weak || p.criteria.key_type != NULL;
	p.has_earlier = p.criteria.bulk != NULL;
	if (p.has_earlier)
		e = uuid_read(span_of(p.criteria.bulk), &p.earlier);
	if (e == ERR_OK)
		e = p.criteria.keys_count > 0 ? pick_keys(&p) : pick_all(&p);
	json_free(&bulk_criteria_table, &p.criteria);
	return e;
}

/* ---- the list ---- */

static enum err
hash_pages(struct cad *c, const struct uuid *id, bulk_tick *tick, void *context, EVP_MD_CTX *h, int64_t *count)
{
	uint8_t after[SERIAL_LEN] = {0};

	for (;;) {
		const struct db_param params[] = {db_uuid(id), db_bytes(span_at(after, SERIAL_LEN)), db_int(HASH_PAGE)};
		struct serials_of_row row;

		TRY(db_pool_one(bulk_db(c), BULK_SERIALS, params, &row));
		const size_t len = row.serials.len;
		const bool hashed = len == 0 || EVP_DigestUpdate(h, row.serials.ptr, len) == 1;

		if (len >= SERIAL_LEN)
			memcpy(after, row.serials.ptr + len - SERIAL_LEN, SERIAL_LEN);
		db_row_free(&bulk_statements[BULK_SERIALS], &row);
		REQUIRE(hashed, ERR_CRYPTO);
		*count += (int64_t)(len / SERIAL_LEN);
		TRY(tick(context, (size_t)*count));
		if (len == 0)
			return ERR_OK;
	}
}

enum err
bulk_measure(struct cad *c, const struct uuid *id, bulk_tick *tick, void *context, int64_t *count, struct sha256 *hash)
{
	EVP_MD_CTX *h = EVP_MD_CTX_new();
	enum err e = h != NULL && EVP_DigestInit_ex(h, EVP_sha256(), NULL) == 1 ? ERR_OK : ERR_CRYPTO;

	*count = 0;
	if (e == ERR_OK)
		e = hash_pages(c, id, tick, context, h, count);
	if (e == ERR_OK && EVP_DigestFinal_ex(h, hash->bytes, NULL) != 1)
		e = ERR_CRYPTO;
	EVP_MD_CTX_free(h);
	return e;
}
