/* A citizen's key on its way: begun by a registrar, answered by the citizen's authenticator, born by the registrar's act, certified. */
#include <string.h>

#include "base/secret.h"
#include "keyring/blob.h"
#include "signer/signing/order.h"
#include "signer/signing/signing.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_SIGNING_NAME = 200, MAX_PEM = 32 << 10 };

/* ---- begin ---- */

struct begin_order {
	char *person, *name;
};
static const struct json_row begin_rows[] = {
	{"person", JSON_TEXT, JSON_REQUIRED, offsetof(struct begin_order, person), .max = UUID_TEXT_LEN},
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct begin_order, name), .max = MAX_SIGNING_NAME},
};
static const struct json_table begin_table = {"act signing.begin", begin_rows, 2, sizeof(struct begin_order), true};

/* A key that was made: two secrets, of which only hashes are kept. */
struct beginning {
	struct uuid id;
	char code[TOKEN_TEXT_LEN + 1], watch[TOKEN_TEXT_LEN + 1];
	unix_time expires;
	struct sha256 spki;
	struct writer blob;
};

static enum err
make_key(struct signer *s, struct beginning *b)
{
	struct blob read;

	TRY(keyring_citizen_make(s->keyring, CITIZEN_KEYS, &b->blob));
	TRY(blob_read(writer_span(&b->blob), &read));
	b->spki = sha256_of(read.spki);
	b->id = uuid_random();
	random_token(b->code);
	random_token(b->watch);
	b->expires = clock_now(&s->clock) + ENROLMENT_SECONDS;
	return ERR_OK;
}

static enum err
begin_check(const struct begin_order *o)
{
	struct uuid person;

	TRY(uuid_read(span_of(o->person), &person));
	REQUIRE_WHY(o->name[0] != '\0' && span_is_line(span_of(o->name)), ERR_MALFORMED,
		"name: is not one line of text");
	return ERR_OK;
}

static enum err
begin_store(struct signer *s, struct signing_order *o, const struct begin_order *wanted, const struct beginning *b)
{
	const struct sha256 code = sha256_of(span_of(b->code)), watch = sha256_of(span_of(b->watch));
	uint8_t challenge[CHALLENGE_LEN];
	const struct signing_key_row row = {.id = b->id,
		.person = wanted->person,
		.spki_sha256 = {(uint8_t *)(uintptr_t)b->spki.bytes, SHA256_LEN}};

	random_bytes(challenge, sizeof(challenge));
	const struct db_param p[] = {
		db_uuid(&b->id),
		db_text(wanted->person),
		db_text(wanted->name),
		db_text(o->act.by->name),
		db_time(clock_now(&s->clock)),
		db_time(b->expires),
		db_bytes(sha256_span(&code)),
		db_bytes(sha256_span(&watch)),
		db_bytes(span_at(challenge, sizeof(challenge))),
		db_bytes(sha256_span(&b->spki)),
		db_bytes(writer_span(&b->blob)),
	};

	TRY(db_run(o->db, SIGNING_KEY_BEGIN, p, NULL));
	return signing_order_record(s, o, "signing-key.begun", &row);
}

static void
begin_answer(const struct signer *s, const struct beginning *b, struct reply *reply)
{
	AUTO(writer) text = writer_new(1024);
	struct json_writer j;

	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	uuid_write(&text, &b->id);
	json_span(&j, "id", writer_span(&text));
	json_bytes64(&j, "spki_sha256", sha256_span(&b->spki));
	writer_reset(&text);
	writer_format(&text, "%s/enrol#%s", s->settings.sign_origin,
		b->code); /* a fragment: it reaches no server's log */
	json_span(&j, "url", writer_span(&text));
	json_time(&j, "expires", b->expires);
	json_text(&j, "watch", b->watch);
	json_object_end(&j);
}

static enum err
begin(struct signer *s, struct signing_order *o, struct reply *reply)
{
	struct beginning b = {.blob = writer_new(MAX_BLOB)};
	struct begin_order wanted;
	enum err e;

	TRY(json_decode(span_of(o->act.payload), &begin_table, &wanted));
	e = begin_check(&wanted);
	if (e == ERR_OK)
		e = make_key(s, &b);
	if (e == ERR_OK)
		e = begin_store(s, o, &wanted, &b);
	if (e == ERR_OK)
		e = signing_order_commit(o);
	if (e == ERR_OK)
		begin_answer(s, &b, reply);
	json_free(&begin_table, &wanted);
	writer_free(&b.blob);
	return e;
}

enum err
signing_key_begin(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_order) o = {0};

	TRY(signing_order_begin(daemon, request, "signing.begin", &o));
	return begin(daemon, &o, reply);
}

/* ---- the registrar looks whether the citizen has answered ---- */

static enum err
watch_check(const struct signer *s, const struct request *request, const struct signing_key_row *row)
{
	const char *token;
	struct sha256 hash;

	TRY(request_bearer(request, &token));
	hash = sha256_of(span_of(token));
	REQUIRE_WHY(secret_equal(sha256_span(&hash), span_at(row->watch.ptr, row->watch.len)), ERR_UNAUTHENTICATED,
		"that is not the token that came with this key");
	REQUIRE_WHY(row->expires > clock_now(&s->clock), ERR_EXPIRED,
		"the enrolment was not ended within %d minutes; begin another", ENROLMENT_SECONDS / 60);
	return ERR_OK;
}

enum err
signing_key_watch(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(signing_key_row) row = {0};
	struct json_writer j;
	struct uuid id;

	REQUIRE_WHY(uuid_read(span_of(request_param(request, "id")), &id) == ERR_OK, ERR_NOT_FOUND,
		"a signing key's id is a UUID");
	const struct db_param p[] = {db_uuid(&id)};

	TRY(db_pool_one(s->db, SIGNING_KEY_BY_ID, p, &row));
	TRY(watch_check(s, request, &row));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "state", row.state);
	json_text(&j, "person", row.person);
	json_bytes64(&j, "spki_sha256", span_at(row.spki_sha256.ptr, row.spki_sha256.len));
	if (row.credential_key.len > 0) {
		json_bytes64(&j, "credential_id", span_at(row.credential_id.ptr, row.credential_id.len));
		json_bytes64(&j, "credential_key", span_at(row.credential_key.ptr, row.credential_key.len));
	}
	if (row.generation > 0)
		json_bytes64(&j, "blob", span_at(row.blob.ptr, row.blob.len));
	json_object_end(&j);
	return ERR_OK;
}

/* ---- birth ---- */

struct bind_order {
	char *person;
	struct json_bytes spki_sha256;
};
static const struct json_row bind_rows[] = {
	{"person", JSON_TEXT, JSON_REQUIRED, offsetof(struct bind_order, person), .max = UUID_TEXT_LEN},
	{"spki_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct bind_order, spki_sha256), .max = SHA256_LEN},
};
static const struct json_table bind_table = {"act certificate.issue", bind_rows, 2, sizeof(struct bind_order), true};

/* Whom and what the act is for: mohar-hsmd checks it all again, and the credentials too. */
static enum err
bind_check(const struct signing_order *o, const struct signing_key_row *row)
{
	struct bind_order b;
	bool same;

	TRY(json_decode(span_of(o->act.payload), &bind_table, &b));
	same = strcmp(b.person, row->person) == 0 &&
		span_equal(span_at(b.spki_sha256.ptr, b.spki_sha256.len),
			span_at(row->spki_sha256.ptr, row->spki_sha256.len));
	json_free(&bind_table, &b);
	REQUIRE_WHY(same, ERR_MISMATCH, "the signed order is for another person or another key");
	REQUIRE_WHY(strcmp(row->state, "begun") != 0, ERR_REFUSED, "the citizen has not answered yet");
	REQUIRE_WHY(strcmp(row->state, "answered") == 0, ERR_USED, "this key was bound already");
	return ERR_OK;
}

static enum err
bind(struct signer *s, struct signing_order *o, const struct signing_key_row *row, struct span act, struct writer *born)
{
	size_t affected;

	TRY(bind_check(o, row));
	TRY(keyring_citizen_bind(s->keyring, CITIZEN_KEYS, span_at(row->blob.ptr, row->blob.len), act, born));
	const struct db_param p[] = {db_uuid(&row->id), db_bytes(writer_span(born))};

	TRY(db_run(o->db, SIGNING_KEY_BIND, p, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this key was bound already");
	TRY(signing_order_record(s, o, "signing-key.born", row));
	return signing_order_commit(o);
}

enum err
signing_key_bind(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_key_row) row = {0};
	AUTO(signing_order) o = {0};
	AUTO(writer) born = writer_new(MAX_BLOB);
	struct json_writer j;

	TRY(signing_order_begin(daemon, request, "certificate.issue", &o));
	TRY(signing_key_lock(o.db, request, &row));
	TRY(bind(daemon, &o, &row, request_body(request), &born));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "state", "born");
	json_bytes64(&j, "blob", writer_span(&born));
	json_object_end(&j);
	return ERR_OK;
}

/* ---- certificate ---- */

struct certify_order {
	char *key, *certificate, *chain;
};
static const struct json_row certify_rows[] = {
	{"key", JSON_TEXT, JSON_REQUIRED, offsetof(struct certify_order, key), .max = UUID_TEXT_LEN},
	{"certificate", JSON_TEXT, JSON_REQUIRED, offsetof(struct certify_order, certificate), .max = MAX_PEM},
	{"chain", JSON_TEXT, JSON_REQUIRED, offsetof(struct certify_order, chain), .max = MAX_PEM},
};
static const struct json_table certify_table = {"act signing.certificate", certify_rows, 3,
	sizeof(struct certify_order), true};

/* Is it for this very key? */
static enum err
certificate_fits(const char *pem, const struct signing_key_row *row)
{
	OWN(X509) x = NULL;
	struct sha256 spki;

	TRY(certificate_pem(span_of(pem), &x));
	TRY(spki_hash(X509_get0_pubkey(x), &spki));
	REQUIRE_WHY(span_equal(sha256_span(&spki), span_at(row->spki_sha256.ptr, row->spki_sha256.len)), ERR_MISMATCH,
		"the certificate is for another key");
	return ERR_OK;
}

static enum err
certify(struct signer *s, struct signing_order *o, const struct signing_key_row *row, const struct certify_order *c)
{
	const struct db_param p[] = {db_uuid(&row->id), db_text(c->certificate), db_text(c->chain),
		db_time(clock_now(&s->clock))};
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	size_t affected;

	uuid_write(&id, &row->id);
	REQUIRE_WHY(span_is(writer_span(&id), c->key), ERR_MISMATCH, "the signed order is for another key");
	TRY(certificate_fits(c->certificate, row));
	TRY(db_run(o->db, SIGNING_KEY_CERTIFY, p, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this key is not born, or has its certificate already");
	TRY(signing_order_record(s, o, "signing-key.certified", row));
	return signing_order_commit(o);
}

enum err
signing_key_certify(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_key_row) row = {0};
	AUTO(signing_order) o = {0};
	struct certify_order c;
	struct json_writer j;
	enum err e;

	TRY(signing_order_begin(daemon, request, "signing.certificate", &o));
	TRY(signing_key_lock(o.db, request, &row));
	TRY(json_decode(span_of(o.act.payload), &certify_table, &c));
	e = certify(daemon, &o, &row, &c);
	json_free(&certify_table, &c);
	TRY(e);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "state", "certified");
	json_object_end(&j);
	return ERR_OK;
}
