#include "hsm/type/registrar.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "jose/act.h"
#include "x509/own.h"

struct named {
	char *type, *value;
};

struct order {
	char *profile, *person;
	struct json_bytes spki_sha256;
	struct json_list subject, names; /* struct named */
};

static const struct json_row named_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct named, type), .max = 32},
	{"value", JSON_TEXT, JSON_REQUIRED, offsetof(struct named, value), .max = 512},
};
static const struct json_table named_table = {"name", named_rows, 2, sizeof(struct named), false};

static const struct json_row order_rows[] = {
	{"profile", JSON_TEXT, JSON_REQUIRED, offsetof(struct order, profile), .max = 64},
	{"person", JSON_TEXT, JSON_OPTIONAL, offsetof(struct order, person), .max = MAX_BLOB_PERSON},
	{"spki_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct order, spki_sha256), .max = SHA256_LEN},
	{"subject", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct order, subject), .max = 16, .table = &named_table},
	{"names", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct order, names), .max = 16, .table = &named_table},
};
/* open: the rest of the act (csr, credentials, iat, …) is the certificate authority's to read */
static const struct json_table order_table = {"act certificate.issue", order_rows, 5, sizeof(struct order), true};

static bool
has(const struct json_list *list, const char *type, const char *other_type, struct span value)
{
	const struct named *items = list->items;

	for (size_t i = 0; i < list->count; i++)
		if ((strcmp(items[i].type, type) == 0 || strcmp(items[i].type, other_type) == 0) &&
			span_is(value, items[i].value))
			return true;
	return false;
}

/* All that the registrar signed for, and nothing else: a name without its serialNumber is that of many people. */
static enum err
subject_check(const struct order *o, const X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x);

	REQUIRE_WHY(X509_NAME_entry_count(subject) == (int)o->subject.count, ERR_REFUSED,
		"the registrar signed for a subject of %zu attributes, and the certificate has %d", o->subject.count,
		X509_NAME_entry_count(subject));
	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
		const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
		uint8_t *text = NULL;
		const int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
		const bool signed_for =
			len >= 0 && has(&o->subject, OBJ_nid2sn(nid), OBJ_nid2ln(nid), span_at(text, (size_t)len));

		OPENSSL_free(text);
		REQUIRE_WHY(signed_for, ERR_REFUSED, "the registrar signed for no subject %s of this value",
			OBJ_nid2sn(nid));
		REQUIRE_WHY(X509_NAME_get_index_by_NID((X509_NAME *)(uintptr_t)subject, nid, i) == -1, ERR_REFUSED,
			"the certificate's subject has %s twice", OBJ_nid2sn(nid));
	}
	return ERR_OK;
}

static enum err
names_check(const struct order *o, const X509 *x)
{
	OWN(GENERAL_NAMES) names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const bool email = name->type == GEN_EMAIL;

		REQUIRE_WHY(email, ERR_REFUSED, "a citizen's alternative name is an e-mail address");
		REQUIRE_WHY(has(&o->names, "email", "email",
				    span_at(ASN1_STRING_get0_data(name->d.ia5),
					    (size_t)ASN1_STRING_length(name->d.ia5))),
			ERR_REFUSED, "the registrar signed for no such e-mail address");
	}
	return ERR_OK;
}

static enum err
order_check(const struct order *o, const char *profile, const X509 *x, struct span spki, const struct blob *citizen)
{
	const struct sha256 hash = sha256_of(spki);

	REQUIRE_WHY(strcmp(o->profile, profile) == 0, ERR_REFUSED, "the registrar signed for profile '%s', not '%s'",
		o->profile, profile);
	REQUIRE_WHY(span_equal(span_at(o->spki_sha256.ptr, o->spki_sha256.len), sha256_span(&hash)), ERR_REFUSED,
		"the registrar signed for another public key");
	REQUIRE_WHY(citizen == NULL || (o->person != NULL && span_is(citizen->person, o->person)), ERR_REFUSED,
		"the registrar signed for another person than the key was born for");
	TRY(subject_check(o, x));
	return names_check(o, x);
}

enum err
registrar_check(const struct type_question *q, const char *profile, const X509 *x, struct span spki,
	const struct blob *citizen, char *by, size_t room)
{
	AUTO(act) act = {0};
	struct order order;
	enum err e;

	REQUIRE_WHY(q->evidence.len > 0, ERR_REFUSED, "profile '%s' needs a registrar's signed act, and none came",
		profile);
	TRY(act_verify(q->evidence, &q->policy->file.operators, "registrar", "certificate.issue", NULL, q->now, &act));
	TRY(json_decode(span_of(act.payload), &order_table, &order));
	e = order_check(&order, profile, x, spki, citizen);
	json_free(&order_table, &order);
	(void)snprintf(by, room, "%s", act.by->name);
	return e;
}
