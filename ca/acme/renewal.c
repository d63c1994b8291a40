#include <string.h>

#include "ca/acme/call.h"
#include "ca/acme/decide.h"
#include "ca/acme/handlers.h"
#include "ca/store/statements.h"
#include "x509/own.h"

/* The serial is ours only under the issuer that the request names (RFC 9773 4.1). */
static enum problem
check_issuer(const struct cad *c, const struct certificate_row *row, const struct renewal_id *id)
{
	const struct authority *a = authority_find(&c->authorities, row->issuer);
	const ASN1_OCTET_STRING *key = a != NULL ? X509_get0_subject_key_id(a->certificate) : NULL;

	ACME_WHY(key != NULL &&
			span_equal(span_at(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key)),
				span_at(id->key_identifier, id->key_identifier_len)),
		ACME_NOT_FOUND, "there is no such certificate here");
	return ACME_OK;
}

static void
answer(struct reply *reply, const struct certificate_row *row, unix_time now)
{
	const struct renewal_window window = renewal_window(row->not_before, row->not_after, row->revoked_at, now);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_object(&j, "suggestedWindow");
	json_time(&j, "start", window.start);
	json_time(&j, "end", window.end);
	json_object_end(&j);
	json_object_end(&j);
	reply_headerf(reply, "Retry-After", "%d", RENEWAL_RETRY_SECONDS);
}

static enum problem
renewal(struct cad *c, const char *text, struct reply *reply)
{
	struct certificate_row row;
	struct renewal_id id;

	ACME_ERR(renewal_id_read(text, &id));
	const struct db_param params[] = {db_bytes(span_at(id.serial, SERIAL_LEN))};
	const enum err e = db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, &row);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_NOT_FOUND, "there is no such certificate here");
	ACME_ERR(e);
	const enum problem a = check_issuer(c, &row, &id);

	if (a == ACME_OK)
		answer(reply, &row, cad_now(c));
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return a;
}

enum err
acme_renewal(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;

	if (!acme_is_on(c, reply))
		return ERR_OK;
	const enum problem a = renewal(c, request_param(request, "id"), reply);

	if (a != ACME_OK)
		acme_refuse(c, request, reply, a);
	return ERR_OK;
}
