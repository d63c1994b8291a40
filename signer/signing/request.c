/* What an agency asks a citizen to sign: digests, with words about them. */
#include <string.h>

#include "base/encode.h"
#include "signer/access/access.h"
#include "signer/signing/order.h"
#include "signer/signing/request.h"
#include "signer/signing/signing.h"

enum { MAX_DESCRIPTION = 500, MAX_DOCUMENT_NAME = 200, REQUEST_SECONDS = 3600, MAX_REQUEST_SECONDS = 7 * 86400 };

/* ---- the three digests ---- */

static const struct {
	const char *name;
	int64_t size;
} digest_names[] = {{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};

const char *
signing_digest_name(int64_t size)
{
	for (size_t i = 0; i < sizeof(digest_names) / sizeof(digest_names[0]); i++)
		if (digest_names[i].size == size)
			return digest_names[i].name;
	return "";
}

static int64_t
digest_size(const char *name)
{
	for (size_t i = 0; i < sizeof(digest_names) / sizeof(digest_names[0]); i++)
		if (strcmp(digest_names[i].name, name) == 0)
			return digest_names[i].size;
	return 0;
}

void
signing_write_asked(struct json_writer *j, const struct signing_request_row *row)
{
	const size_t size = (size_t)row->digest_size;

	json_text(j, "agency", row->agency);
	json_text(j, "description", row->description);
	json_text(j, "algorithm", signing_digest_name(row->digest_size));
	json_array(j, "digests");
	for (size_t at = 0; at + size <= row->digests.len; at += size)
		json_bytes64(j, NULL, span_at(row->digests.ptr + at, size));
	json_array_end(j);
	json_array(j, "names");
	for (size_t i = 0; i < row->names.count; i++)
		json_text(j, NULL, json_text_at(&row->names, i));
	json_array_end(j);
	json_time(j, "created", row->created_at);
	json_time(j, "expires", row->expires);
}

const char *
signing_state(const struct signing_request_row *row, unix_time now)
{
	return strcmp(row->state, "pending") == 0 && row->expires <= now ? "expired" : row->state;
}

/* ---- POST /signing/requests ---- */

struct asked {
	char *key, *person, *description, *algorithm;
	struct json_list digests, names;
	int64_t expires_in;
};
static const struct json_row asked_rows[] = {
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct asked, key), .max = UUID_TEXT_LEN},
	{"person", JSON_TEXT, JSON_OPTIONAL, offsetof(struct asked, person), .max = UUID_TEXT_LEN},
	{"description", JSON_TEXT, JSON_REQUIRED, offsetof(struct asked, description), .max = MAX_DESCRIPTION},
	{"algorithm", JSON_TEXT, JSON_REQUIRED, offsetof(struct asked, algorithm), .max = 16},
	{"digests", JSON_TEXTS, JSON_REQUIRED, offsetof(struct asked, digests), .max = MAX_DIGESTS},
	{"names", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct asked, names), .max = MAX_DIGESTS},
	{"expires_in", JSON_INT, JSON_OPTIONAL, offsetof(struct asked, expires_in), .min = 1,
		.max = MAX_REQUEST_SECONDS},
};
static const struct json_table asked_table = {"signing request", asked_rows, 7, sizeof(struct asked), false};

/* The citizen reads these before signing: what is shown must be what is there. */
static enum err
texts_check(const struct asked *a)
{
	REQUIRE_WHY(a->description[0] != '\0' && span_is_line(span_of(a->description)), ERR_MALFORMED,
		"description: is not one line of text");
	REQUIRE_WHY(a->names.count == 0 || a->names.count == a->digests.count, ERR_MALFORMED,
		"names: there are %zu for %zu digests", a->names.count, a->digests.count);
	for (size_t i = 0; i < a->names.count; i++) {
		const char *const name = json_text_at(&a->names, i);

		REQUIRE_WHY(name[0] != '\0' && strlen(name) <= MAX_DOCUMENT_NAME && span_is_line(span_of(name)),
			ERR_MALFORMED, "names: each is one line of text of at most %d bytes", MAX_DOCUMENT_NAME);
	}
	return ERR_OK;
}

static enum err
digests_read(const struct asked *a, int64_t size, struct writer *digests)
{
	uint8_t one[MAX_DIGEST];

	REQUIRE_WHY(size > 0, ERR_UNSUPPORTED, "algorithm: sha-256, sha-384 or sha-512");
	REQUIRE_WHY(a->digests.count > 0, ERR_MALFORMED, "digests: there is none");
	for (size_t i = 0; i < a->digests.count; i++) {
		REQUIRE_WHY(base64url_exactly(span_of(json_text_at(&a->digests, i)), one, (size_t)size) == ERR_OK,
			ERR_MALFORMED, "digests: number %zu is not a %s in base64url", i + 1, a->algorithm);
		writer_bytes(digests, span_at(one, (size_t)size));
	}
	return writer_done(digests);
}

/* The key that shall sign: one that can. */
static enum err
key_find(struct signer *s, const struct asked *a, struct signing_key_row *key)
{
	struct uuid id;
	enum err e;

	REQUIRE_WHY((a->key != NULL) != (a->person != NULL), ERR_MALFORMED,
		"either key or person names who shall sign");
	if (a->key != NULL)
		TRY(uuid_read(span_of(a->key), &id));
	const struct db_param p[] = {db_uuid(a->key != NULL ? &id : NULL), db_text(a->person)};

	e = db_pool_one(s->db, SIGNING_KEY_CURRENT, p, key);
	return e == ERR_NOT_FOUND ? err_because(e, "there is no such signing key that can sign now") : e;
}

/* What the agency is told. */
struct request_made {
	struct uuid id;
	char state[16];
	char code[TOKEN_TEXT_LEN + 1]; /* "": it can be answered no more */
	unix_time expires;
};

static enum err
record(struct signer *s, struct db *db, const struct access *by, const struct signing_key_row *key,
	const struct request_made *made, struct span digests)
{
	const struct sha256 hash = sha256_of(digests);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&closed);
	struct signing_record r = {.type = "signature.asked",
		.tree = LOG_TREE_PRIVATE,
		.actor = by->client,
		.principal = key->person,
		.sector = by->agency,
		.channel = "api"};

	uuid_write(&id, &made->id);
	json_object(&j, NULL);
	json_text(&j, "agency", by->agency);
	json_bytes64(&j, "digests_sha256", sha256_span(&hash));
	json_span(&j, "request", writer_span(&id));
	json_object_end(&j);
	TRY(writer_done(&closed));
	r.closed = writer_span(&closed);
	return signing_record_add(s, db, &r, NULL);
}

static enum err
store(struct signer *s, const struct asked *a, const struct access *by, const struct signing_key_row *key,
	const char *request_key, const struct request_made *made, struct span digests)
{
	const struct sha256 code = sha256_of(span_of(made->code));
	AUTO(db) *db = NULL;
	const struct db_param p[] = {
		db_uuid(&made->id),
		db_bytes(sha256_span(&code)),
		db_uuid(&key->id),
		db_text(by->agency),
		db_text(a->description),
		db_int(digest_size(a->algorithm)),
		db_bytes(digests),
		db_texts(&a->names),
		db_text(by->client),
		db_text(key->person),
		db_time(clock_now(&s->clock)),
		db_time(made->expires),
		db_text(request_key),
	};

	TRY(db_lease(s->db, &db));
	TRY(db_begin(db));
	TRY(db_run(db, SIGNING_REQUEST_NEW, p, NULL));
	TRY(record(s, db, by, key, made, digests));
	return db_commit(db);
}

static enum err
create(struct signer *s, const struct asked *a, const struct access *by, const char *request_key, struct span digests,
	struct request_made *made)
{
	AUTO(signing_key_row) key = {0};

	TRY(key_find(s, a, &key));
	*made = (struct request_made){.id = uuid_random(),
		.state = "pending",
		.expires = clock_now(&s->clock) + (a->expires_in > 0 ? a->expires_in : REQUEST_SECONDS)};
	random_token(made->code);
	return store(s, a, by, &key, request_key, made, digests);
}

/* ---- the same request again: its answer was lost on the way ---- */

static bool
texts_equal(const struct json_list *a, const struct json_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(json_text_at(a, i), json_text_at(b, i)) != 0)
			return false;
	return true;
}

/* Is that row what is asked now? The person's newest key may be another by now; the person is not. */
static bool
is_same(const struct asked *a, const struct access *by, struct span digests, const struct signing_request_row *row)
{
	struct uuid id;

	if (a->key != NULL ? uuid_read(span_of(a->key), &id) != ERR_OK || memcmp(&id, &row->key, sizeof(id)) != 0
			   : a->person == NULL || strcmp(a->person, row->principal) != 0)
		return false;
	return strcmp(row->agency, by->agency) == 0 && strcmp(row->description, a->description) == 0 &&
		row->digest_size == digest_size(a->algorithm) &&
		span_equal(span_at(row->digests.ptr, row->digests.len), digests) && texts_equal(&row->names, &a->names);
}

/* An address of its own, for the first one's secret is not kept. */
static enum err
address_again(struct signer *s, const struct signing_request_row *row, struct request_made *made)
{
	const unix_time now = clock_now(&s->clock);
	struct sha256 hash;
	size_t affected;

	random_token(made->code);
	hash = sha256_of(span_of(made->code));
	const struct db_param p[] = {db_uuid(&row->id), db_bytes(sha256_span(&hash)), db_time(now)};

	TRY(db_pool_run(s->db, SIGNING_REQUEST_AGAIN, p, &affected));
	if (affected == 0)
		made->code[0] = '\0';
	return ERR_OK;
}

/* ERR_NOT_FOUND if this client has not used the key. */
static enum err
again(struct signer *s, const struct asked *a, const struct access *by, const char *request_key, struct span digests,
	struct request_made *made)
{
	const struct db_param p[] = {db_text(by->client), db_text(request_key)};
	AUTO(signing_request_row) row = {0};

	TRY(db_pool_one(s->db, SIGNING_REQUEST_BY_KEY, p, &row));
	REQUIRE_WHY(is_same(a, by, digests, &row), ERR_EXISTS,
		"this Idempotency-Key was used for another request for signatures");
	*made = (struct request_made){.id = row.id, .expires = row.expires};
	(void)snprintf(made->state, sizeof(made->state), "%s", signing_state(&row, clock_now(&s->clock)));
	return address_again(s, &row, made);
}

static enum err
create_once(struct signer *s, const struct asked *a, const struct access *by, const char *request_key,
	struct request_made *made)
{
	AUTO(writer) digests = writer_new((size_t)MAX_DIGESTS * MAX_DIGEST);
	enum err e;

	TRY(texts_check(a));
	TRY(digests_read(a, digest_size(a->algorithm), &digests));
	if (request_key != NULL) {
		e = again(s, a, by, request_key, writer_span(&digests), made);
		if (e != ERR_NOT_FOUND)
			return e;
	}
	e = create(s, a, by, request_key, writer_span(&digests), made);
	if (e == ERR_EXISTS && request_key != NULL) /* another thread was faster */
		return again(s, a, by, request_key, writer_span(&digests), made);
	return e;
}

static void
write_made(const struct signer *s, const struct request_made *made, struct reply *reply)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) url = writer_new(1024);
	struct json_writer j = reply_json(reply);

	uuid_write(&id, &made->id);
	writer_format(&url, "%s/sign#%s.%s", s->settings.sign_origin, (const char *)writer_span(&id).ptr, made->code);
	json_object(&j, NULL);
	json_span(&j, "id", writer_span(&id));
	json_text(&j, "state", made->state);
	if (made->code[0] != '\0')
		json_span(&j, "sign_url", writer_span(&url));
	json_time(&j, "expires", made->expires);
	json_object_end(&j);
}

enum err
signing_request_create(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	struct request_made made;
	const char *key;
	struct asked a;
	enum err e;

	TRY(access_request_key(request, &key));
	TRY(json_decode(request_body(request), &asked_table, &a));
	e = create_once(s, &a, request_attached(request), key, &made);
	json_free(&asked_table, &a);
	TRY(e);
	reply_status(reply, 201);
	write_made(s, &made, reply);
	return ERR_OK;
}

/* ---- GET /signing/requests/{id} ---- */

static enum err
write_signed(struct signer *s, struct json_writer *j, const struct signing_request_row *row)
{
	AUTO(signing_key_row) key = {0};
	const struct db_param p[] = {db_uuid(&row->key)};

	if (row->signatures == NULL)
		return ERR_OK;
	TRY(db_pool_one(s->db, SIGNING_KEY_BY_ID, p, &key));
	json_raw(j, "signatures", span_of(row->signatures));
	json_text(j, "certificate", key.certificate);
	json_text(j, "chain", key.chain);
	return ERR_OK;
}

/* An agency sees its own. To others it does not exist. */
enum err
signing_request_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const struct access *const by = request_attached(request);
	AUTO(signing_request_row) row = {0};
	struct json_writer j;
	struct uuid id;

	REQUIRE_WHY(uuid_read(span_of(request_param(request, "id")), &id) == ERR_OK, ERR_NOT_FOUND,
		"a request's id is a UUID");
	const struct db_param p[] = {db_uuid(&id)};

	TRY(db_pool_one(s->db, SIGNING_REQUEST_BY_ID, p, &row));
	REQUIRE_WHY(strcmp(row.agency, by->agency) == 0, ERR_NOT_FOUND, "no such request of this agency");
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "id", request_param(request, "id"));
	json_text(&j, "state", signing_state(&row, clock_now(&s->clock)));
	signing_write_asked(&j, &row);
	if (row.answered_at != 0)
		json_time(&j, "answered", row.answered_at);
	TRY(write_signed(s, &j, &row));
	json_object_end(&j);
	return ERR_OK;
}
