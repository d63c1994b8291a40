#include "signer/ceremony/ceremony.h"

#include "base/encode.h"
#include "verify/transcript.h"

enum { RECEIPT_WAIT = 1 };

static enum err
event_find(struct signer *s, struct span hash, struct ceremony_row *out)
{
	const struct db_param p[] = {db_bytes(hash)};

	return db_pool_one(s->db, CEREMONY_BY_HASH, p, out);
}

/* Hash and event in one statement: a transcript is entered once, and never without its event. */
static enum err
enter(struct signer *s, const struct transcript *t, bool *new)
{
	const unix_time now = clock_now(&s->clock);
	AUTO(writer) open = writer_new(MAX_ENTRY);
	AUTO(event) e = {0};
	size_t affected;

	TRY(transcript_event(t, &open));
	TRY(event_make(&e, "signer", "ceremony.held", LOG_TREE_PUBLIC, now, writer_span(&open), SPAN("{}")));
	const struct db_param p[] = {
		db_bytes(sha256_span(&t->hash)),
		db_uuid(&e.id),
		db_int(e.tree),
		db_time(now),
		db_bytes(span_at(e.salt, SALT_LEN)),
		db_bytes(writer_span(&e.entry)),
		db_bytes(writer_span(&e.private_part)),
	};

	TRY(db_pool_run(s->db, CEREMONY_ADD, p, &affected));
	*new = affected == 1;
	return ERR_OK;
}

static void
answer(const struct signer *s, const struct transcript *t, bool new, struct reply *reply)
{
	AUTO(writer) address = writer_new(1024);
	struct json_writer j = reply_json(reply);

	writer_format(&address, "%s/ceremonies/", s->settings.url);
	hex_write(&address, sha256_span(&t->hash));
	writer_text(&address, "/receipt");
	json_object(&j, NULL);
	json_hex(&j, "sha256", sha256_span(&t->hash));
	json_span(&j, "receipt", writer_span(&address));
	json_object_end(&j);
	if (new)
		reply_status(reply, 201);
}

enum err
ceremony_add(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const struct span file = request_body(request);
	struct transcript t;
	bool new = false;
	enum err e;

	TRY(transcript_read(file, &t));
	e = transcript_check(&t, file,
		&s->custody); /* by the custodians of the keys.json with which this daemon started */
	if (e == ERR_OK)
		e = enter(s, &t, &new);
	if (e == ERR_OK)
		answer(s, &t, new, reply);
	transcript_free(&t);
	return e;
}

enum err
ceremony_receipt(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	uint8_t hash[SHA256_LEN];
	struct ceremony_row row;
	size_t len = 0;
	enum err e;

	REQUIRE_WHY(hex_read(span_of(request_param(request, "sha256")), hash, sizeof(hash), &len) == ERR_OK &&
			len == sizeof(hash),
		ERR_NOT_FOUND, "a transcript's SHA-256 is 64 hexadecimal digits");
	e = event_find(s, span_at(hash, len), &row);
	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_NOT_FOUND, "no transcript with this SHA-256 was entered");
	TRY(e);
	e = tlog_receipt(s->log, "signer", &row.event, false, reply_body(reply, "application/json"));
	if (e == ERR_UNAVAILABLE)
		reply_retry(reply, 503, RECEIPT_WAIT);
	return e == ERR_UNAVAILABLE ? ERR_OK : e;
}
