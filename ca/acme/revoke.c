#include <stddef.h>
#include <string.h>

#include "ca/acme/call.h"
#include "ca/acme/decide.h"
#include "ca/acme/handlers.h"
#include "ca/acme/identifier.h"
#include "ca/revoke/revoke.h"
#include "ca/status/keeper.h"
#include "ca/store/statements.h"
#include "x509/own.h"

enum { MAX_ALTERNATIVE_NAMES = 64 };

struct asked {
	struct json_bytes certificate;
	int64_t reason;
};
static const struct json_row asked_rows[] = {
	{.name = "certificate",
		.kind = JSON_BYTES,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, certificate),
		.max = MAX_CERTIFICATE},
	{.name = "reason", .kind = JSON_INT, .offset = offsetof(struct asked, reason), .min = 0, .max = 255},
};
static const struct json_table asked_table = {"revocation", asked_rows, 2, sizeof(struct asked), true};

/* ---- who may (RFC 8555 7.6) ---- */

static enum problem
holds(struct acme_call *call, const struct identifier *name)
{
	const struct db_param params[] = {db_uuid(&call->account.id), db_text(name->name), db_bool(name->wildcard),
		db_time(call->now)};
	struct authorization_id_row found;
	const enum err e = db_pool_one(call->acme->db, ACME_AUTHORIZATION_HELD, params, &found);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_UNAUTHORIZED,
		"RFC 8555 7.6: this account neither ordered the certificate nor is authorized for %s", name->name);
	ACME_ERR(e);
	return ACME_OK;
}

/* Every name of the certificate must be the account's to speak for. */
static enum problem
holds_all(struct acme_call *call, X509 *x)
{
	OWN(GENERAL_NAMES) names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct identifier name;

	ACME_WHY(names != NULL && sk_GENERAL_NAME_num(names) > 0 && sk_GENERAL_NAME_num(names) <= MAX_ALTERNATIVE_NAMES,
		ACME_UNAUTHORIZED,
		"RFC 8555 7.6: the certificate has no names that an account could be authorized for");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		char text[MAX_DNS_NAME + 3] = "";
		struct address a = {{[10] = 0xff, [11] = 0xff}};
		const size_t len = type == GEN_DNS || type == GEN_IPADD ? (size_t)ASN1_STRING_length(value) : 0;

		ACME_WHY(len > 0 && len < sizeof(text), ACME_UNAUTHORIZED,
			"RFC 8555 7.6: the certificate has another kind of name");
		if (type == GEN_DNS) {
			memcpy(text, ASN1_STRING_get0_data(value), len);
		} else {
			ACME_WHY(len == 4 || len == ADDRESS_LEN, ACME_MALFORMED,
				"RFC 5280 4.2.1.6: an address of %zu bytes", len);
			memcpy(a.bytes + ADDRESS_LEN - len, ASN1_STRING_get0_data(value), len);
			address_text(&a, text);
		}
		ACME_TRY(identifier_read(type == GEN_DNS ? "dns" : "ip", text, &name));
		ACME_TRY(holds(call, &name));
	}
	return ACME_OK;
}

static enum problem
check_right(struct acme_call *call, const struct certificate_row *row, X509 *x)
{
	char actor[MAX_ACME_ACTOR + 1];

	if (!call->has_account) {
		ACME_WHY(EVP_PKEY_eq(jwk_key(call->key), X509_get0_pubkey(x)) == 1, ACME_UNAUTHORIZED,
			"RFC 8555 7.6: the request is signed neither by an account nor by the certificate's key");
		return ACME_OK;
	}
	acme_actor(&call->account.id, actor);
	return strcmp(row->actor, actor) == 0 ? ACME_OK : holds_all(call, x);
}

/* ---- doing it ---- */

static enum problem
record(struct acme_call *call, const struct certificate_row *row, int64_t reason)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	const struct span serial = span_at(row->serial.ptr, row->serial.len);
	char actor[MAX_ACME_ACTOR + 1] = "acme:key";
	struct event event = {0};
	size_t affected = 0;

	if (call->has_account)
		acme_actor(&call->account.id, actor);
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "issuer", row->issuer);
	json_text(&j, "profile", row->profile);
	json_text(&j, "reason", revoke_reason_name(reason));
	json_hex(&j, "serial", serial);
	json_object_end(&j);
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", actor);
	json_text(&j, "subject", row->subject);
	json_object_end(&j);
	ACME_ERR(event_make(&event, "ca", "certificate.revoked", LOG_TREE_PUBLIC, call->now, writer_span(&public_part),
		writer_span(&private_part)));
	const struct db_param params[] = {db_bytes(serial), db_time(call->now), db_int(reason), db_text(actor),
		db_text(row->actor), db_text("acme"), db_uuid(&event.id), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(call->cad->db, CA_CERTIFICATE_REVOKE, params, &affected);

	event_free(&event);
	ACME_ERR(e);
	ACME_WHY(affected == 1, ACME_ALREADY_REVOKED, "RFC 8555 7.6: the certificate is revoked already");
	keeper_changed(call->cad->keeper, serial);
	return ACME_OK;
}

static enum problem
revoke_row(struct acme_call *call, const struct asked *asked, const struct certificate_row *row)
{
	const struct span der = span_at(asked->certificate.ptr, asked->certificate.len);
	OWN(X509) x = NULL;

	/* the serial alone is no proof that the client knows what it speaks of */
	ACME_WHY(span_equal(der, span_at(row->der.ptr, row->der.len)), ACME_NOT_FOUND, "this certificate is not ours");
	ACME_ERR(certificate_parse(der, &x));
	ACME_TRY(check_right(call, row, x));
	ACME_WHY(row->revoked_at == 0 || row->reason == REASON_HOLD, ACME_ALREADY_REVOKED,
		"RFC 8555 7.6: the certificate is revoked already");
	return record(call, row, asked->reason);
}

static enum problem
find_and_revoke(struct acme_call *call, const struct asked *asked)
{
	struct certificate_row row;
	OWN(X509) x = NULL;

	ACME_TRY(revocation_reason_check(asked->reason));
	ACME_ERR(certificate_parse(span_at(asked->certificate.ptr, asked->certificate.len), &x));
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const struct db_param params[] = {
		db_bytes(span_at(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)))};
	const enum err e = db_pool_one(call->cad->db, CA_CERTIFICATE_BY_SERIAL, params, &row);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_NOT_FOUND, "this certificate is not ours");
	ACME_ERR(e);
	const enum problem a = revoke_row(call, asked, &row);

	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return a;
}

static enum problem
revoke(struct acme_call *call)
{
	struct asked asked;

	ACME_TRY(acme_payload(call, &asked_table, &asked));
	const enum problem a = find_and_revoke(call, &asked);

	json_free(&asked_table, &asked);
	return a;
}

enum err
acme_revoke(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_EITHER, revoke);
}
