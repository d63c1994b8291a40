#include "ca/request/acting.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "ca/order.h"
#include "ca/store/statements.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { JTI_MARGIN = 120 };

static char applicant_role[] = "applicant";

void
acting_free(struct acting *a)
{
	act_free(&a->act);
	jwk_free(&a->holder.key);
}

static enum err
known(struct acting *a, const struct operator_row *by, const struct json_list *roles)
{
	TRY(spki_hash(jwk_key(by->key), &a->key));
	a->who = (struct person_acting){by->name, roles, sha256_span(&a->key)};
	return ERR_OK;
}

enum err
acting_operator(struct cad *c, const struct request *request, const char *const *roles, const char *name,
	struct acting *out)
{
	*out = (struct acting){0};
	TRY(order_of_body(c, request, roles, name, &out->act));
	return known(out, out->act.by, &out->act.by->roles);
}

/* ---- by the certificate that somebody holds ---- */

struct claim {
	char *certificate;
};
static const struct json_row claim_rows[] = {
	{.name = "certificate",
		.kind = JSON_TEXT,
		.offset = offsetof(struct claim, certificate),
		.max = 2 * SERIAL_LEN},
};
static const struct json_table claim_table = {"act", claim_rows, 1, sizeof(struct claim), true};

/* What the act says of itself, before its signature is checked: which key to check it with. */
static enum err
claim_read(struct span jws, char serial[2 * SERIAL_LEN + 1])
{
	struct claim claim;
	struct jws j;

	serial[0] = '\0';
	REQUIRE_WHY(jws.len <= MAX_ACT, ERR_TOO_LONG, "an act is at most %d bytes long", MAX_ACT);
	TRY(jws_parse(jws, &j));
	const enum err e = json_decode(span_at(j.payload.ptr, j.payload.len), &claim_table, &claim);

	jws_free(&j);
	TRY(e);
	if (claim.certificate != NULL)
		(void)snprintf(serial, 2 * SERIAL_LEN + 1, "%s", claim.certificate);
	json_free(&claim_table, &claim);
	return ERR_OK;
}

static enum err
holder_of(struct cad *c, const struct certificate_row *row, struct acting *out)
{
	const unix_time now = cad_now(c);
	AUTO(writer) spki = writer_new(MAX_CERTIFICATE);
	AUTO(writer) name = writer_new(MAX_ACTING_NAME);
	OWN(X509) x = NULL;

	REQUIRE_WHY(row->has_person, ERR_REFUSED,
		"only a person's certificate speaks for itself; an agency asks by its operator");
	REQUIRE_WHY(row->revoked_at == 0, ERR_REVOKED, "the certificate that signs this is revoked or suspended");
	REQUIRE_WHY(row->not_before <= now && now < row->not_after, ERR_EXPIRED,
		"the certificate that signs this is not valid now");
	TRY(certificate_parse(span_at(row->der.ptr, row->der.len), &x));
	TRY(certificate_spki(x, &spki));
	TRY(jwk_from_spki(writer_span(&spki), NULL, &out->holder.key));
	writer_text(&name, "person:");
	uuid_write(&name, &row->person);
	(void)snprintf(out->name, sizeof(out->name), "%s", (const char *)writer_span(&name).ptr);
	out->has_person = true;
	out->person = row->person;
	out->roles[0] = applicant_role;
	out->holder.name = out->name;
	out->holder.roles = (struct json_list){.items = out->roles, .count = 1};
	return ERR_OK;
}

static enum err
find_holder(struct cad *c, const char *text, struct acting *out)
{
	uint8_t serial[SERIAL_LEN];
	struct certificate_row row;
	size_t len;

	REQUIRE_WHY(hex_read(span_of(text), serial, sizeof(serial), &len) == ERR_OK && len == SERIAL_LEN, ERR_MALFORMED,
		"certificate: a serial is %d hexadecimal digits", 2 * SERIAL_LEN);
	const struct db_param params[] = {db_bytes(span_at(serial, SERIAL_LEN))};
	enum err e = db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, &row);

	if (e == ERR_NOT_FOUND)
		return err_because(ERR_UNAUTHENTICATED, "certificate: none of ours");
	TRY(e);
	e = holder_of(c, &row, out);
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return e;
}

static enum err
acting_holder(struct cad *c, const struct request *request, const char *serial, const char *name, struct acting *out)
{
	const struct operators one = {&out->holder, 1};
	size_t affected = 0;

	TRY(find_holder(c, serial, out));
	TRY(act_verify(request_body(request), &one, applicant_role, name, c->config.url, cad_now(c), &out->act));
	const struct db_param params[] = {db_text(out->act.jti), db_time(out->act.exp + JTI_MARGIN)};

	TRY(db_pool_run(c->db, CA_ACT_CONSUME, params, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this act was carried out already; sign a new one");
	return known(out, &out->holder, NULL);
}

enum err
acting_anybody(struct cad *c, const struct request *request, const char *const *roles, const char *name,
	struct acting *out)
{
	char serial[2 * SERIAL_LEN + 1];

	*out = (struct acting){0};
	TRY(claim_read(request_body(request), serial));
	if (serial[0] == '\0')
		return acting_operator(c, request, roles, name, out);
	return acting_holder(c, request, serial, name, out);
}
