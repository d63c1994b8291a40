/* The citizen at the signing page: sees what is asked, has mohar-hsmd's challenge signed by the passkey, and has the digests signed; or declines. */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/secret.h"
#include "keyring/blob.h"
#include "signer/signing/answer.h"
#include "signer/signing/order.h"
#include "signer/signing/request.h"
#include "signer/signing/signing.h"

struct sign_body {
	char *id, *code, *credential;
	struct json_bytes nonce;
};
static const struct json_row sign_rows[] = {
	{"id", JSON_TEXT, JSON_REQUIRED, offsetof(struct sign_body, id), .max = UUID_TEXT_LEN},
	{"code", JSON_TEXT, JSON_REQUIRED, offsetof(struct sign_body, code), .max = 200},
	{"nonce", JSON_BYTES, JSON_OPTIONAL, offsetof(struct sign_body, nonce), .max = HSM_NONCE_LEN},
	{"credential", JSON_RAW, JSON_OPTIONAL, offsetof(struct sign_body, credential), .max = MAX_WEBAUTHN_JSON},
};
static const struct json_table sign_table = {"signing", sign_rows, 4, sizeof(struct sign_body), false};

static void
sign_body_free(struct sign_body *b)
{
	json_free(&sign_table, b);
}

/* ---- which request, and is it this citizen's address? ---- */

static enum err
code_check(const char *code, const struct signing_request_row *row)
{
	const struct sha256 hash = sha256_of(span_of(code));

	REQUIRE_WHY(secret_equal(sha256_span(&hash), span_at(row->code_hash.ptr, row->code_hash.len)) ||
			secret_equal(sha256_span(&hash), span_at(row->again_hash.ptr, row->again_hash.len)),
		ERR_NOT_FOUND, "no request has this address");
	return ERR_OK;
}

static enum err
request_find(struct signer *s, const struct sign_body *b, struct signing_request_row *row)
{
	struct uuid id;
	enum err e;

	REQUIRE_WHY(uuid_read(span_of(b->id), &id) == ERR_OK, ERR_NOT_FOUND, "no request has this address");
	const struct db_param p[] = {db_uuid(&id)};

	e = db_pool_one(s->db, SIGNING_REQUEST_BY_ID, p, row);
	if (e == ERR_NOT_FOUND)
		return err_because(e, "no request has this address");
	TRY(e);
	return code_check(b->code, row);
}

static enum err
pending_check(const struct signer *s, const struct signing_request_row *row)
{
	REQUIRE_WHY(strcmp(row->state, "pending") == 0, ERR_USED, "this request was answered already");
	REQUIRE_WHY(row->expires > clock_now(&s->clock), ERR_EXPIRED, "the time for this request is over");
	return ERR_OK;
}

static enum err
key_of(struct signer *s, const struct signing_request_row *row, struct signing_key_row *key)
{
	const struct db_param p[] = {db_uuid(&row->key)};

	TRY(db_pool_one(s->db, SIGNING_KEY_BY_ID, p, key));
	REQUIRE_WHY(key->frozen_at == 0, ERR_REVOKED, "this signing key is frozen");
	return ERR_OK;
}

static struct digests
digests_of(const struct signing_request_row *row)
{
	const size_t each = (size_t)row->digest_size;

	return (struct digests){.bytes = span_at(row->digests.ptr, row->digests.len),
		.each = each,
		.count = row->digests.len / each};
}

/* ---- POST /signing/page/request ---- */

enum err
signing_page_request(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(signing_request_row) row = {0};
	AUTO(sign_body) body = {0};
	struct json_writer j;

	TRY(json_decode(request_body(request), &sign_table, &body));
	TRY(request_find(s, &body, &row));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "state", signing_state(&row, clock_now(&s->clock)));
	signing_write_asked(&j, &row);
	json_object_end(&j);
	return ERR_OK;
}

/* ---- POST /signing/page/challenge ---- */

/* All that the challenge is made of goes along: the page makes it again from the digests that it shows, and asks the passkey only if it is the same. */
static enum err
write_challenge(const struct signer *s, const struct signing_key_row *key, const struct hsm_challenge *c,
	struct reply *reply)
{
	AUTO(writer) options = writer_new(8 << 10);
	const struct webauthn_id allow = {span_at(key->credential_id.ptr, key->credential_id.len)};
	char rp_id[MAX_SIGNING_RP_ID + 1];
	struct json_writer j;
	struct blob b;

	TRY(blob_read(span_at(key->blob.ptr, key->blob.len), &b));
	signing_rp_id(s->settings.sign_origin, rp_id);
	webauthn_request_options(&options, rp_id, span_at(c->challenge, sizeof(c->challenge)), &allow, 1);
	TRY(writer_done(&options));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_bytes64(&j, "instance", span_at(c->instance, sizeof(c->instance)));
	json_bytes64(&j, "nonce", span_at(c->nonce, sizeof(c->nonce)));
	json_bytes64(&j, "key", b.id);
	json_int(&j, "generation", b.generation);
	json_bytes64(&j, "spki_sha256", span_at(key->spki_sha256.ptr, key->spki_sha256.len));
	json_raw(&j, "options", writer_span(&options));
	json_object_end(&j);
	return ERR_OK;
}

enum err
signing_page_challenge(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(signing_request_row) row = {0};
	AUTO(signing_key_row) key = {0};
	AUTO(sign_body) body = {0};
	struct hsm_challenge challenge;
	struct digests digests;

	TRY(json_decode(request_body(request), &sign_table, &body));
	TRY(request_find(s, &body, &row));
	TRY(pending_check(s, &row));
	TRY(key_of(s, &row, &key));
	digests = digests_of(&row);
	TRY(keyring_challenge_whole(s->keyring, CITIZEN_KEYS, span_at(key.blob.ptr, key.blob.len), &digests,
		&challenge));
	return write_challenge(s, &key, &challenge, reply);
}

/* ---- the answer ---- */

/* This citizen's own request, which can still be answered. */
static enum err
open_find(struct signer *s, const struct sign_body *b, struct signing_request_row *row)
{
	TRY(request_find(s, b, row));
	return pending_check(s, row);
}

static void
answer_told(struct reply *reply, const char *state)
{
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "state", state);
	json_object_end(&j);
}

/* ---- POST /signing/page/sign ---- */

/* From mohar-hsmd's blocks to a JSON array, one signature for each digest. */
static enum err
signatures_write(struct span blocks, size_t count, struct writer *out)
{
	struct reader r = reader_over(blocks);
	struct json_writer j = json_to(out);
	struct span one;

	json_array(&j, NULL);
	for (size_t i = 0; i < count; i++) {
		TRY(reader_block16(&r, MAX_SIGNATURE, &one));
		json_bytes64(&j, NULL, one);
	}
	json_array_end(&j);
	TRY(reader_done(&r));
	return writer_done(out);
}

static enum err
activate(struct signer *s, const struct sign_body *b, const struct signing_request_row *row,
	const struct signing_key_row *key, struct writer *signatures)
{
	AUTO(writer) blocks = writer_new((size_t)MAX_DIGESTS * (MAX_SIGNATURE + 2));
	const struct digests digests = digests_of(row);

	TRY(keyring_activate(s->keyring, CITIZEN_KEYS, span_at(key->blob.ptr, key->blob.len), &digests, b->nonce.ptr,
		span_of(b->credential), &blocks));
	return signatures_write(writer_span(&blocks), digests.count, signatures);
}

/* What the claim is for: signatures that nobody has unless they are stored. */
static enum err
sign_claimed(struct signer *s, const struct sign_body *b, const struct signing_request_row *row,
	const struct signing_key_row *key, const struct uuid *claim)
{
	AUTO(writer) signatures = writer_new((size_t)MAX_DIGESTS * 2 * MAX_SIGNATURE);
	struct answer a = {.state = "signed", .event = "signature.made"};

	TRY(activate(s, b, row, key, &signatures));
	a.signatures = writer_span(&signatures);
	return answer_store(s, row, claim, &a);
}

enum err
signing_page_sign(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(signing_request_row) row = {0};
	AUTO(signing_key_row) key = {0};
	AUTO(sign_body) body = {0};
	struct uuid claim;
	enum err e;

	TRY(json_decode(request_body(request), &sign_table, &body));
	REQUIRE_WHY(body.credential != NULL && body.nonce.len == HSM_NONCE_LEN, ERR_MALFORMED,
		"credential and nonce are needed");
	TRY(open_find(s, &body, &row));
	TRY(key_of(s, &row, &key));
	TRY(answer_claim(s, &row.id, &claim));
	e = sign_claimed(s, &body, &row, &key, &claim);
	if (e != ERR_OK)
		answer_release(s, &row.id, &claim);
	TRY(e);
	answer_told(reply, "signed");
	return ERR_OK;
}

/* ---- POST /signing/page/decline ---- */

enum err
signing_page_decline(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const struct answer a = {.state = "declined", .event = "signature.declined"};
	AUTO(signing_request_row) row = {0};
	AUTO(sign_body) body = {0};
	struct uuid claim;
	enum err e;

	TRY(json_decode(request_body(request), &sign_table, &body));
	TRY(open_find(s, &body, &row));
	TRY(answer_claim(s, &row.id, &claim));
	e = answer_store(s, &row, &claim, &a);
	if (e != ERR_OK)
		answer_release(s, &row.id, &claim);
	TRY(e);
	answer_told(reply, a.state);
	return ERR_OK;
}
