#include "ca/status/proof_ocsp.h"

#include <string.h>

#include "base/random.h"
#include "ca/status/crl_set.h"
#include "ca/status/ocsp.h"
#include "ca/store/statements.h"
#include "http/client.h"

enum { HTTP_OK = 200, MAX_URL = 512, PLAIN_NONCE = 32, RETRIES = 3 };

/* The listener itself, not the proxy in front of it: that one is watched from outside. */
static enum err
post(const struct cad *c, struct span request, struct writer *response)
{
	AUTO(writer) url = writer_new(MAX_URL);
	const char *host = c->config.pki_address;
	const bool any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0,
		   v6 = !any && strchr(host, ':') != NULL;
	int status = 0;

	writer_format(&url, "http://%s%s%s:%lld/ocsp", v6 ? "[" : "", any ? "127.0.0.1" : host, v6 ? "]" : "",
		(long long)c->config.pki_port);
	TRY(writer_done(&url));
	const struct http_call call = {.method = "POST",
		.url = (const char *)writer_span(&url).ptr,
		.content_type = "application/ocsp-request",
		.body = request,
		.max_reply = MAX_OCSP_RESPONSE};

	TRY(http_call(&call, &status, response));
	REQUIRE_WHY(status == HTTP_OK, ERR_UNAVAILABLE, "the responder answers HTTP %d", status);
	return ERR_OK;
}

static enum err
ask(const struct cad *c, const struct authority *a, struct span serial, struct ocsp_answer *out)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) response = writer_new(MAX_OCSP_RESPONSE);
	uint8_t nonce[PLAIN_NONCE];

	random_bytes(nonce, sizeof(nonce));
	TRY(ocsp_ask_serial(a->certificate, serial, span_at(nonce, sizeof(nonce)), &request));
	TRY(post(c, writer_span(&request), &response));
	return ocsp_told(writer_span(&response), a->certificate, serial, span_at(nonce, sizeof(nonce)), cad_now(c),
		out);
}

static enum err
expected(struct cad *c, const struct authority *a, struct span serial, struct ocsp_answer *out)
{
	const struct db_param params[] = {db_bytes(serial), db_text(a->label)};
	struct status_row row;
	const enum err e = db_pool_one(c->db, CA_CERTIFICATE_STATUS, params, &row);

	if (e != ERR_NOT_FOUND)
		TRY(e);
	else
		err_forget();
	*out = ocsp_decide(e == ERR_OK ? &row : NULL, cad_now(c), c->config.ocsp_seconds, 0);
	return ERR_OK;
}

static bool
same(const struct ocsp_answer *told, const struct ocsp_answer *wanted)
{
	return told->status == wanted->status &&
		(told->status != OCSP_REVOKED ||
			(told->revoked_at == wanted->revoked_at && told->reason == wanted->reason));
}

/* Its status may change between question and look: only what disagrees several times does. */
static enum err
prove(struct cad *c, const struct authority *a, struct span serial, struct proof_result *r)
{
	struct ocsp_answer told, wanted;

	r->answers++;
	for (int i = 0; i < RETRIES; i++) {
		TRY(ask(c, a, serial, &told));
		TRY(expected(c, a, serial, &wanted));
		if (same(&told, &wanted))
			return ERR_OK;
	}
	proof_disagree(r, serial, "has another status in OCSP than in the database");
	return ERR_OK;
}

/* Never issued, but by a chance of 2^-100. Others may be asking so much of this kind that it is not answered now. */
static enum err
prove_unknown(struct cad *c, const struct authority *a, struct span serial, struct proof_result *r)
{
	const enum err e = prove(c, a, serial, r);

	if (e == ERR_UNAVAILABLE)
		err_forget();
	return e == ERR_UNAVAILABLE ? ERR_OK : e;
}

static enum err
prove_some(struct cad *c, const struct authority *a, const uint8_t *from, struct proof_result *r)
{
	const struct db_param params[] = {db_text(a->label), db_bytes(span_at(from, SERIAL_LEN)),
		db_int(PROOF_SAMPLES)};
	struct json_list list;

	TRY(db_pool_all(c->db, CA_SERIALS_OF, params, &list));
	const struct serial_row *rows = list.items;
	enum err e = ERR_OK;

	for (size_t i = 0; i < list.count && e == ERR_OK; i++)
		e = prove(c, a, span_at(rows[i].serial.ptr, rows[i].serial.len), r);
	db_rows_free(&ca_statements[CA_SERIALS_OF], &list);
	return e;
}

/* The first entries of a list whose turn is random. */
static enum err
prove_listed(struct cad *c, const struct authority *a, int64_t shard, struct proof_result *r)
{
	struct crl *l = crl_set_list(c->lists, a, shard);
	struct crl_reading list;
	struct crl_entry entry;
	enum err e = l != NULL ? crl_read(crl_der(l), &list) : ERR_NOT_FOUND;

	for (int i = 0; i < PROOF_SAMPLES && e == ERR_OK; i++) {
		e = crl_next(&list, &entry);
		if (e == ERR_OK)
			e = prove(c, a, span_at(entry.serial, SERIAL_LEN), r);
	}
	crl_drop(l);
	if (e == ERR_NOT_FOUND)
		err_forget();
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
proof_ocsp(struct cad *c, const struct authority *a, struct proof_result *r)
{
	uint8_t from[SERIAL_LEN];

	random_bytes(from, sizeof(from));
	from[0] = (from[0] & 0x7f) | 1;
	TRY(prove_unknown(c, a, span_at(from, SERIAL_LEN), r));
	TRY(prove_some(c, a, from, r));
	from[0] = 0;
	TRY(prove_some(c, a, from, r));
	return prove_listed(c, a, c->config.crl_shards > 0 ? from[1] % (c->config.crl_shards + 1) : 0, r);
}
