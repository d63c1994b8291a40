#include <stddef.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "ca/acme/call.h"
#include "ca/acme/decide.h"
#include "ca/acme/handlers.h"
#include "ca/acme/order.h"
#include "ca/issue/issue.h"
#include "ca/store/statements.h"
#include "x509/own.h"
#include "x509/profile.h"

enum { MAX_AGENCY_PRINCIPAL = 128 };

struct asked {
	struct json_bytes csr;
};
static const struct json_row asked_rows[] = {
	{.name = "csr",
		.kind = JSON_BYTES,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, csr),
		.max = MAX_CSR},
};
static const struct json_table asked_table = {"finalize", asked_rows, 1, sizeof(struct asked), true};

/* Exactly one of those who finalize at once goes on. */
static enum problem
claim(struct acme_call *call, const struct order_row *o, const struct request_facts *csr)
{
	const struct sha256 spki = sha256_of(span_at(csr->spki.ptr, csr->spki.len));
	const struct db_param params[] = {db_uuid(&o->id), db_uuid(&call->account.id), db_bytes(sha256_span(&spki)),
		db_time(call->now)};
	size_t affected = 0;

	ACME_ERR(db_pool_run(call->acme->db, ACME_ORDER_CLAIM, params, &affected));
	ACME_WHY(affected == 1, ACME_ORDER_NOT_READY, "RFC 8555 7.4: the order is being finalized already");
	return ACME_OK;
}

/* What the request is to blame for is told as such; the order is ready again either way. */
static enum problem
give_back(struct acme_call *call, const struct order_row *o, enum err e)
{
	const struct db_param params[] = {db_uuid(&o->id)};
	const enum problem a = err_http(e) < 500 ? ACME_BAD_CSR : acme_of(e);
	AUTO(writer) why = writer_new(512);

	writer_text(&why, err_why());
	if (db_pool_run(call->acme->db, ACME_ORDER_BACK, params, NULL) != ERR_OK)
		log_refusal("acme", e, "an order waits in processing until it is mended");
	ACME_WHY(false, a, "%s", (const char *)writer_span(&why).ptr);
}

static enum problem
issue(struct acme_call *call, const struct order_row *o, const struct request_facts *csr, X509 **out)
{
	char actor[MAX_ACME_ACTOR + 1];
	AUTO(writer) principal = writer_new(MAX_AGENCY_PRINCIPAL);
	struct naming n;

	order_naming(&o->names, &n);
	acme_actor(&call->account.id, actor);
	writer_format(&principal, "agency:%s", call->account.agency);
	const struct issuance issuance = {
		.profile = call->acme->profile,
		.spki = span_at(csr->spki.ptr, csr->spki.len),
		.subject = n.subject,
		.subject_count = n.subject_count,
		.names = n.names,
		.names_count = n.count,
		.actor = actor,
		.principal = (const char *)writer_span(&principal).ptr,
		.channel = "acme",
	};

	ACME_TRY(claim(call, o, csr));
	const enum err e = certificate_issue(call->cad, &issuance, out);

	return e == ERR_OK ? ACME_OK : give_back(call, o, e);
}

static enum problem
finish(struct acme_call *call, struct order_row *o, const X509 *x)
{
	char hex[2 * 20 + 1], status[] = "valid";
	uint8_t serial[SERIAL_LEN];
	size_t len;

	ACME_ERR(certificate_serial_hex(x, hex));
	ACME_ERR(hex_read(span_of(hex), serial, sizeof(serial), &len));
	const struct db_param params[] = {db_uuid(&o->id), db_bytes(span_at(serial, len))};

	ACME_ERR(db_pool_run(call->acme->db, ACME_ORDER_DONE, params, NULL));
	struct order_row done = *o;

	done.status = status;
	done.serial = (struct json_bytes){serial, len};
	order_answer(call, &done);
	return ACME_OK;
}

static enum problem
finalize_ready(struct acme_call *call, struct order_row *o, const struct asked *asked)
{
	const char *status = order_status(o, call->now);
	const struct span request = span_at(asked->csr.ptr, asked->csr.len);
	struct request_facts csr;
	OWN(X509) x = NULL;

	ACME_WHY(strcmp(status, "ready") == 0, ACME_ORDER_NOT_READY, "RFC 8555 7.4: the order is %s, not ready",
		status);
	if (csr_parse(request, &csr) != ERR_OK)
		return ACME_BAD_CSR;
	enum problem a = csr_decide(&o->names, &csr, &call->account.spki_sha256);

	if (a == ACME_OK && request_allowed(call->acme->profile, request) != ERR_OK)
		a = ACME_BAD_CSR;
	if (a == ACME_OK)
		a = issue(call, o, &csr, &x);
	csr_free(&csr);
	ACME_TRY(a);
	return finish(call, o, x);
}

static enum problem
finalize(struct acme_call *call)
{
	struct order_row o;
	struct asked asked;

	ACME_WHY(call->account.binding_revoked == 0, ACME_UNAUTHORIZED,
		"the binding key of this account was revoked; it may order nothing any more");
	ACME_TRY(acme_payload(call, &asked_table, &asked));
	enum problem a = order_read(call, &o);

	if (a == ACME_OK) {
		a = finalize_ready(call, &o, &asked);
		db_row_free(&acme_statements[ACME_ORDER], &o);
	}
	json_free(&asked_table, &asked);
	return a;
}

enum err
acme_finalize(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, finalize);
}

/* ---- the certificate ---- */

static enum problem
answer(struct acme_call *call, const struct certificate_row *row)
{
	const struct authority *a = authority_find(&call->cad->authorities, row->issuer);
	AUTO(writer) pem = writer_new(4 * MAX_CERTIFICATE);
	OWN(X509) x = NULL;

	ACME_WHY(a != NULL, ACME_SERVER_INTERNAL, "no authority '%s'", row->issuer);
	ACME_ERR(certificate_parse(span_at(row->der.ptr, row->der.len), &x));
	ACME_ERR(certificate_pem_write(x, &pem));
	ACME_ERR(authority_chain(a, &pem));
	writer_bytes(reply_body(call->reply, "application/pem-certificate-chain"), writer_span(&pem));
	return ACME_OK;
}

static enum problem
certificate(struct acme_call *call)
{
	const char *text = request_param(call->request, "serial");
	char actor[MAX_ACME_ACTOR + 1];
	struct certificate_row row;
	uint8_t serial[SERIAL_LEN];
	size_t len;

	ACME_TRY(acme_as_get(call));
	ACME_WHY(hex_read(span_of(text), serial, sizeof(serial), &len) == ERR_OK && len == SERIAL_LEN, ACME_NOT_FOUND,
		"there is no such certificate here");
	const struct db_param params[] = {db_bytes(span_at(serial, SERIAL_LEN))};
	const enum err e = db_pool_one(call->cad->db, CA_CERTIFICATE_BY_SERIAL, params, &row);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_NOT_FOUND, "this account has no such certificate");
	ACME_ERR(e);
	acme_actor(&call->account.id, actor);
	enum problem a = strcmp(row.actor, actor) == 0 ? answer(call, &row) : ACME_NOT_FOUND;

	if (a == ACME_NOT_FOUND)
		err_remember("this account has no such certificate");
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return a;
}

enum err
acme_certificate(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, certificate);
}
