#include "ca/status/ocsp.h"

#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "ca/status/keeper.h"
#include "ca/store/statements.h"
#include "x509/own.h"

/* RFC 6960 4.2.1 OCSPResponseStatus */
enum { MALFORMED_REQUEST = 1, INTERNAL_ERROR = 2, TRY_LATER = 3, UNAUTHORIZED = 6 };
enum { TAG_SEQUENCE = 0x30, LEN_LONG_1 = 0x81, LEN_LONG_2 = 0x82, MAX_SHORT = 0x7f, MAX_ONE_BYTE = 0xff };

static const char content_type[] = "application/ocsp-response";

int
ocsp_max_age(unix_time next_update, unix_time now)
{
	const unix_time left = next_update - now;

	return left > OCSP_MAX_AGE ? OCSP_MAX_AGE : left > 0 ? (int)left : 0;
}

struct ocsp_answer
ocsp_decide(const struct status_row *row, unix_time now, int64_t seconds, unix_time archive_from)
{
	struct ocsp_answer a = {.status = OCSP_UNKNOWN, .this_update = now, .next_update = now + seconds};

	if (row != NULL && row->revoked_at == 0) {
		a.status = OCSP_GOOD;
	} else if (row != NULL) {
		a.status = OCSP_REVOKED;
		a.revoked_at = row->revoked_at;
		a.reason = row->reason == 0 ? -1 : (int)row->reason;
	}
	if (row != NULL && row->not_after < now)
		a.archive_cutoff = archive_from;
	return a;
}

static enum err
look_up(struct cad *c, const struct authority *a, const struct ocsp_question *q, struct ocsp_answer *out)
{
	const struct db_param params[] = {db_bytes(span_at(q->serial, q->serial_len)), db_text(a->label)};
	struct status_row row;
	const enum err e = db_pool_one(c->db, CA_CERTIFICATE_STATUS, params, &row);

	if (e != ERR_NOT_FOUND)
		TRY(e);
	else
		err_forget();
	*out = ocsp_decide(e == ERR_OK ? &row : NULL, cad_now(c), c->config.ocsp_seconds, a->not_before);
	return ERR_OK;
}

enum err
ocsp_sign(struct cad *c, const struct ocsp_question *q, const struct ocsp_entry **entry, struct writer *der)
{
	struct authority *a = authority_of(&c->authorities, q);
	OWN(X509) responder = NULL;
	OWN(EVP_PKEY) key = NULL;
	struct ocsp_answer answer;

	*entry = NULL;
	REQUIRE(a != NULL, ERR_UNTRUSTED);
	/* Whoever sends nonces without end would have the HSM sign without end, and nobody could log in meanwhile. Who is put off can take the list. */
	if (q->nonce_len > 0)
		REQUIRE_WHY(rate_take(&c->nonces, clock_ticks()) == ERR_OK, ERR_TOO_MANY,
			"too many questions with a nonce");
	const uint64_t epoch = ocsp_cache_epoch(c->ocsp, span_at(q->serial, q->serial_len));

	TRY(look_up(c, a, q, &answer));
	if (answer.status == OCSP_UNKNOWN)
		REQUIRE_WHY(rate_take(&c->unknown, clock_ticks()) == ERR_OK, ERR_TOO_MANY,
			"too many questions for serials that were never issued");
	TRY(authority_responder(a, &responder, &key));
	TRY(ocsp_respond(q, &answer, a->certificate, responder, key, answer.this_update, der));
	if (answer.status == OCSP_UNKNOWN || q->nonce_len > 0)
		return ERR_OK;
	const struct ocsp_filling filling = {.question = q,
		.answer = &answer,
		.response = writer_span(der),
		.epoch = epoch};

	return ocsp_cache_put(c->ocsp, &filling, entry);
}

/* The CertID that the cache kept, made a request again: SEQUENCE around it four times (RFC 6960 4.1.1: OCSPRequest, TBSRequest, requestList, Request). */
static enum err
wrap_cert_id(struct span cert_id, struct writer *out)
{
	AUTO(writer) inner = writer_new(MAX_OCSP_REQUEST);

	writer_bytes(out, cert_id);
	for (int i = 0; i < 4; i++) {
		const struct span content = writer_span(out);

		writer_reset(&inner);
		writer_bytes(&inner, content);
		writer_reset(out);
		writer_u8(out, TAG_SEQUENCE);
		if (inner.len > MAX_ONE_BYTE) {
			writer_u8(out, LEN_LONG_2);
			writer_u16(out, (uint16_t)inner.len);
		} else {
			if (inner.len > MAX_SHORT)
				writer_u8(out, LEN_LONG_1);
			writer_u8(out, (uint8_t)inner.len);
		}
		writer_bytes(out, writer_span(&inner));
	}
	return writer_done(out);
}

enum err
ocsp_refresh(struct cad *c, struct span cert_id)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) der = writer_new(MAX_OCSP_RESPONSE);
	const struct ocsp_entry *entry;
	struct ocsp_question q;

	TRY(wrap_cert_id(cert_id, &request));
	TRY(ocsp_parse(writer_span(&request), &q));
	TRY(ocsp_sign(c, &q, &entry, &der));
	ocsp_entry_release((void *)(uintptr_t)entry);
	return ERR_OK;
}

/* ---- serving ---- */

static void
serve_entry(struct cad *c, const struct ocsp_entry *e, bool is_get, struct reply *reply)
{
	reply_static(reply, content_type, e->response, ocsp_entry_release, (void *)(uintptr_t)e);
	if (!is_get)
		return;
	/* RFC 5019 6.2; no Expires, which would let old caches hold it until nextUpdate. */
	reply_etag(reply, e->etag);
	reply_header(reply, "Last-Modified", e->last_modified);
	reply_cache(reply, ocsp_max_age(e->next_update, cad_now(c)), true);
}

static int
error_status(enum err e)
{
	switch (e) {
	case ERR_MALFORMED:
	case ERR_UNSUPPORTED:
	case ERR_TOO_LONG:
		return MALFORMED_REQUEST;
	case ERR_UNTRUSTED:
		return UNAUTHORIZED;
	case ERR_UNAVAILABLE:
	case ERR_TOO_MANY:
	case ERR_NO_MEMORY:
		return TRY_LATER;
	default:
		return INTERNAL_ERROR;
	}
}

static enum err
answer(struct cad *c, struct span request, bool is_get, struct reply *reply)
{
	struct ocsp_question q;
	const struct ocsp_entry *entry = NULL;

	TRY(ocsp_parse(request, &q));
	const bool plain = q.nonce_len == 0;

	/* Without word from the database the cache could hide a revocation by another instance: then ask it, and fail if it is away. */
	if (plain && keeper_is_fresh(c->keeper, cad_now(c)))
		entry = ocsp_cache_find(c->ocsp, &q, cad_now(c));
	if (entry == NULL)
		TRY(ocsp_sign(c, &q, &entry, reply_body(reply, content_type)));
	if (entry != NULL)
		serve_entry(c, entry, is_get && plain, reply);
	return ERR_OK;
}

/* OCSP's own errors go out with HTTP 200 (RFC 6960 A.1); only what is our own fault is logged. */
static enum err
answer_always(struct cad *c, struct span request, bool is_get, struct reply *reply)
{
	const enum err e = answer(c, request, is_get, reply);

	if (e == ERR_OK)
		return ERR_OK;
	const int status = error_status(e);

	if (status == INTERNAL_ERROR || status == TRY_LATER)
		log_refusal("ocsp", e, "");
	err_forget();
	writer_reset(reply_body(reply, content_type));
	reply_static(reply, content_type, ocsp_error(status), NULL, NULL);
	return ERR_OK;
}

enum err
ocsp_post(void *daemon, struct request *request, struct reply *reply)
{
	const char *type = request_header(request, "Content-Type");

	REQUIRE_WHY(type != NULL && strcmp(type, "application/ocsp-request") == 0, ERR_UNSUPPORTED,
		"RFC 6960 A.1: Content-Type must be application/ocsp-request");
	return answer_always(daemon, request_body(request), false, reply);
}

enum err
ocsp_get(void *daemon, struct request *request, struct reply *reply)
{
	uint8_t bytes[MAX_OCSP_REQUEST];
	size_t len = 0;

	if (base64_read(span_of(request_param(request, "request")), bytes, sizeof(bytes), &len) != ERR_OK)
		len = 0; /* an empty request is malformed too */
	return answer_always(daemon, span_at(bytes, len), true, reply);
}
