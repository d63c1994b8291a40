#include <string.h>

#include "x509/profile.h"

/* What a root may have; the profiles say what each has. */
enum { MAX_DAYS = 30 * 366, MAX_PATH_LENGTH = 4 };

#define TEXTS(field, needed)                                                                                        \
	{                                                                                                           \
		.name = #field, .kind = JSON_TEXTS, .presence = (needed), .offset = offsetof(struct profile, field) \
	}
#define BOOL(field)                                                                          \
	{                                                                                    \
		.name = #field, .kind = JSON_BOOL, .offset = offsetof(struct profile, field) \
	}
static const struct json_row profile_rows[] = {
	{.name = "name",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct profile, name),
		.max = 64},
	{.name = "description",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct profile, description)},
	{.name = "issuer",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct profile, issuer),
		.max = 64},
	{.name = "days",
		.kind = JSON_INT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct profile, days),
		.min = 1,
		.max = MAX_DAYS},
	{.name = "path_length",
		.kind = JSON_INT,
		.offset = offsetof(struct profile, path_length),
		.min = 0,
		.max = MAX_PATH_LENGTH},
	BOOL(ca),
	TEXTS(key_usage, JSON_REQUIRED),
	TEXTS(extended_key_usage, JSON_OPTIONAL),
	TEXTS(policies, JSON_OPTIONAL),
	TEXTS(subject, JSON_REQUIRED),
	TEXTS(alternative_names, JSON_OPTIONAL),
	TEXTS(key_types, JSON_REQUIRED),
	TEXTS(qc_statements, JSON_OPTIONAL),
	BOOL(registrar_signature),
	BOOL(no_ocsp_check),
	BOOL(no_status),
};
#undef TEXTS
#undef BOOL

static const struct json_table profile_table = {
	.what = "certificate profile",
	.rows = profile_rows,
	.count = sizeof(profile_rows) / sizeof(profile_rows[0]),
	.size = sizeof(struct profile),
};

static const char *const key_usages[] = {
	/* by bit, RFC 5280 4.2.1.3 */
	"digitalSignature",
	"nonRepudiation",
	"keyEncipherment",
	"dataEncipherment",
	"keyAgreement",
	"keyCertSign",
	"cRLSign",
	"encipherOnly",
	"decipherOnly",
	NULL,
};
static const char *const subjects[] = {
	"C",
	"O",
	"OU",
	"CN",
	"serialNumber",
	"givenName",
	"surname",
	"organizationIdentifier",
	"title",
	NULL,
};
static const char *const name_kinds[] = {"dns", "ip", "email", "uri", NULL};
static const char *const key_types[] = {
	"P-256",
	"P-384",
	"P-521",
	"RSA-2048",
	"RSA-3072",
	"RSA-4096",
	"Ed25519",
	"Ed448",
	NULL,
};

static int
index_in(const char *const *known, const char *name)
{
	for (int i = 0; known[i]; i++)
		if (strcmp(known[i], name) == 0)
			return i;
	return -1;
}

int
key_usage_bit(const char *name)
{
	return index_in(key_usages, name);
}

int
extended_key_usage_nid(const char *name)
{
	if (strcmp(name, "ocspSigning") == 0) /* libcrypto spells it OCSPSigning */
		return NID_OCSP_sign;
	return OBJ_txt2nid(name);
}

ASN1_OBJECT *
extended_key_usage_object(const char *name)
{
	const int nid = extended_key_usage_nid(name);

	return nid != NID_undef ? OBJ_nid2obj(nid) : OBJ_txt2obj(name, 1);
}

static enum err
list_check(const char *path, const char *member, const struct json_list *list, const char *const *known)
{
	for (size_t i = 0; i < list->count; i++)
		REQUIRE_WHY(index_in(known, json_text_at(list, i)) >= 0, ERR_CONFIG, "%s: %s: unknown value '%s'", path,
			member, json_text_at(list, i));
	return ERR_OK;
}

static enum err
objects_check(const char *path, const struct profile *p)
{
	for (size_t i = 0; i < p->extended_key_usage.count; i++) {
		const char *name = json_text_at(&p->extended_key_usage, i);
		ASN1_OBJECT *object = extended_key_usage_object(name);

		REQUIRE_WHY(object, ERR_CONFIG,
			"%s: extended_key_usage: unknown value '%s'; give a name or a dotted OID", path, name);
		ASN1_OBJECT_free(object);
	}
	for (size_t i = 0; i < p->policies.count; i++) {
		const char *oid = json_text_at(&p->policies, i);
		ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);

		REQUIRE_WHY(object, ERR_CONFIG, "%s: policies: '%s' is not a dotted OID", path, oid);
		ASN1_OBJECT_free(object);
	}
	for (size_t i = 0; i < p->qc_statements.count; i++)
		REQUIRE_WHY(qc_statement_known(json_text_at(&p->qc_statements, i)), ERR_CONFIG,
			"%s: qc_statements: unknown value '%s'", path, json_text_at(&p->qc_statements, i));
	return ERR_OK;
}

static enum err
profile_check(const char *path, const struct profile *p)
{
	REQUIRE_WHY(p->key_usage.count > 0 && p->subject.count > 0 && p->key_types.count > 0, ERR_CONFIG,
		"%s: key_usage, subject and key_types must not be empty", path);
	TRY(list_check(path, "key_usage", &p->key_usage, key_usages));
	TRY(list_check(path, "subject", &p->subject, subjects));
	TRY(list_check(path, "alternative_names", &p->alternative_names, name_kinds));
	TRY(list_check(path, "key_types", &p->key_types, key_types));
	REQUIRE_WHY(p->ca == json_texts_have(&p->key_usage, "keyCertSign"), ERR_CONFIG,
		"%s: RFC 5280 4.2.1.9: ca and keyCertSign go together", path);
	REQUIRE_WHY(p->ca || p->path_length == 0, ERR_CONFIG, "%s: RFC 5280 4.2.1.9: path_length is for a ca only",
		path);
	return objects_check(path, p);
}

enum err
profile_read(const char *path, struct profile *out)
{
	TRY(json_decode_file(path, &profile_table, out));
	const enum err e = profile_check(path, out);

	if (e != ERR_OK)
		profile_free(out);
	return e;
}

void
profile_free(struct profile *p)
{
	json_free(&profile_table, p);
}
