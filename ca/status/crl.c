#include "ca/status/crl.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "ca/cad.h"
#include "ca/store/statements.h"
#include "x509/own.h"

enum { MAX_PATH = 4096, ETAG_LEN = 32, MAX_AGE = 30, SECONDS_AN_HOUR = 3600, CRLS_KEPT = 20, REASON_NONE = -1 };

struct crl {
	atomic_uint holders;
	X509_CRL *parsed;
	struct writer der;
	unix_time this_update, next_update;
	char etag[ETAG_LEN + 1];
};

void
crl_drop(struct crl *l)
{
	if (l == NULL || atomic_fetch_sub_explicit(&l->holders, 1, memory_order_acq_rel) != 1)
		return;
	X509_CRL_free(l->parsed);
	writer_free(&l->der);
	free(l);
}

static void
drop(void *l)
{
	crl_drop(l);
}

struct crl *
crl_hold(struct authority *a)
{
	pthread_mutex_lock(&a->lock);
	struct crl *l = a->crl;

	if (l != NULL)
		atomic_fetch_add_explicit(&l->holders, 1, memory_order_relaxed);
	pthread_mutex_unlock(&a->lock);
	return l;
}

bool
crl_has(struct crl *l, struct span serial)
{
	OWN(BIGNUM) n = BN_bin2bn(serial.ptr, (int)serial.len, NULL);
	OWN(ASN1_INTEGER) integer = n != NULL ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	X509_REVOKED *entry;

	return integer != NULL && X509_CRL_get0_by_serial(l->parsed, &entry, integer) == 1;
}

unix_time
crl_this_update(const struct crl *l)
{
	return l->this_update;
}

unix_time
crl_next_update(const struct crl *l)
{
	return l->next_update;
}

static enum err
time_of(const ASN1_TIME *t, unix_time *out)
{
	struct tm tm;

	REQUIRE(t != NULL && ASN1_TIME_to_tm(t, &tm) == 1, ERR_MALFORMED);
	*out = timegm(&tm);
	return ERR_OK;
}

/* Serves der from now on; it must be a's own and whole. */
static enum err
publish(struct authority *a, struct span der)
{
	const unsigned char *p = der.ptr;
	OWN(X509_CRL) parsed = d2i_X509_CRL(NULL, &p, (long)der.len);
	AUTO(writer) etag = writer_new(ETAG_LEN);
	const struct sha256 hash = sha256_of(der);
	unix_time this_update, next_update;

	REQUIRE_WHY(parsed != NULL && p == der.ptr + der.len, ERR_CORRUPT, "%s: the revocation list does not parse",
		a->label);
	REQUIRE_WHY(X509_CRL_verify(parsed, X509_get0_pubkey(a->certificate)) == 1, ERR_CORRUPT,
		"%s: the revocation list is not signed by it", a->label);
	TRY(time_of(X509_CRL_get0_lastUpdate(parsed), &this_update));
	TRY(time_of(X509_CRL_get0_nextUpdate(parsed), &next_update));
	struct crl *made = calloc(1, sizeof(*made));

	REQUIRE(made != NULL, ERR_NO_MEMORY);
	atomic_init(&made->holders, 1);
	made->parsed = parsed;
	parsed = NULL;
	made->der = writer_new(MAX_CRL);
	made->this_update = this_update;
	made->next_update = next_update;
	writer_bytes(&made->der, der);
	hex_write(&etag, span_at(hash.bytes, ETAG_LEN / 2));
	memcpy(made->etag, writer_span(&etag).ptr, ETAG_LEN);
	pthread_mutex_lock(&a->lock);
	struct crl *old = a->crl;

	a->crl = made;
	pthread_mutex_unlock(&a->lock);
	crl_drop(old);
	return ERR_OK;
}

enum err
crl_load(struct cad *c, struct authority *a)
{
	const struct db_param params[] = {db_text(a->label)};
	struct crl_row row;

	TRY(db_pool_one(c->db, CA_CRL_NEWEST, params, &row));
	enum err e = ERR_NOT_FOUND;

	if (row.next_update > cad_now(c))
		e = publish(a, span_at(row.der.ptr, row.der.len));
	db_row_free(&ca_statements[CA_CRL_NEWEST], &row);
	return e;
}

enum err
crl_load_file(struct cad *c, struct authority *a)
{
	AUTO(writer) der = writer_new(MAX_CRL);
	char path[MAX_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s.crl", c->config.authorities, a->label);
	TRY(file_read(path, MAX_CRL, &der));
	return publish(a, writer_span(&der));
}

static enum err
next_number(struct cad *c, const struct authority *a, int64_t *out)
{
	const struct db_param params[] = {db_text(a->label)};
	struct crl_row row;
	const enum err e = db_pool_one(c->db, CA_CRL_NEWEST, params, &row);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		*out = 1;
		return ERR_OK;
	}
	TRY(e);
	*out = row.number + 1;
	db_row_free(&ca_statements[CA_CRL_NEWEST], &row);
	return ERR_OK;
}

/* RFC 5280 5.3.1: "unspecified" is said by saying nothing. */
static void
fill(struct crl_entry *entry, const struct revoked_row *row)
{
	memcpy(entry->serial, row->serial.ptr, row->serial.len < SERIAL_LEN ? row->serial.len : SERIAL_LEN);
	entry->at = row->revoked_at;
	entry->reason = row->reason == 0 ? REASON_NONE : (int)row->reason;
}

static enum err
sign(struct cad *c, const struct authority *a, const struct json_list *revoked, struct crl_facts *facts,
	struct writer *der)
{
	const struct revoked_row *rows = revoked->items;
	struct crl_entry *entries = calloc(revoked->count + 1, sizeof(*entries));
	OWN(EVP_PKEY) key = NULL;

	REQUIRE(entries != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < revoked->count; i++)
		fill(&entries[i], &rows[i]);
	facts->entries = entries;
	facts->count = revoked->count;
	enum err e = keyring_key(c->keyring, a->label, (struct span){0}, &key);

	if (e == ERR_OK)
		e = crl_make(facts, key, der);
	free(entries);
	return e;
}

static enum err
store(struct cad *c, const struct authority *a, const struct crl_facts *facts, struct span der)
{
	const struct db_param params[] = {db_text(a->label), db_int(facts->number), db_time(facts->this_update),
		db_time(facts->next_update), db_int((int64_t)facts->count), db_bytes(der)};
	const struct db_param old[] = {db_text(a->label), db_int(facts->number - CRLS_KEPT)};

	TRY(db_pool_run(c->db, CA_CRL_INSERT, params, NULL));
	return db_pool_run(c->db, CA_CRL_FORGET, old, NULL);
}

enum err
crl_renew(struct cad *c, struct authority *a)
{
	AUTO(writer) der = writer_new(MAX_CRL);
	struct crl_facts facts = {.issuer = a->certificate, .this_update = cad_now(c)};
	struct json_list revoked;

	/* The number first: whoever takes the next one has read the revocations after us. */
	TRY(next_number(c, a, &facts.number));
	facts.next_update = facts.this_update + c->config.crl_hours * SECONDS_AN_HOUR;
	const struct db_param params[] = {db_text(a->label), db_time(facts.this_update)};

	TRY(db_pool_all(c->db, CA_REVOKED_OF, params, &revoked));
	const enum err signed_ok = sign(c, a, &revoked, &facts, &der);

	db_rows_free(&ca_statements[CA_REVOKED_OF], &revoked);
	TRY(signed_ok);
	const enum err stored = store(c, a, &facts, writer_span(&der));

	if (stored == ERR_EXISTS) {
		err_forget();
		return crl_load(c, a);
	}
	TRY(stored);
	return publish(a, writer_span(&der));
}

/* ---- serving ---- */

enum err
crl_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const char *file = request_param(request, "file"), *dot = strrchr(file, '.');
	char label[MAX_AUTHORITY_LABEL + 1] = {0};
	struct authority *a = NULL;

	if (dot != NULL && strcmp(dot, ".crl") == 0 && (size_t)(dot - file) < sizeof(label)) {
		memcpy(label, file, (size_t)(dot - file));
		a = authority_find(&c->authorities, label);
	}
	REQUIRE(a != NULL, ERR_NOT_FOUND);
	struct crl *l = crl_hold(a);

	REQUIRE_WHY(l != NULL, a->is_root ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "%s has no revocation list yet", a->label);
	const unix_time left = l->next_update - cad_now(c);

	reply_static(reply, "application/pkix-crl", writer_span(&l->der), drop, l);
	reply_etag(reply, l->etag);
	reply_cache(reply, left > MAX_AGE ? MAX_AGE : left > 0 ? (int)left : 0, true);
	return ERR_OK;
}
