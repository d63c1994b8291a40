#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "json/scan.h"
#include "x509/dns_name.h"
#include "x509/profile.h"

#define ID_TIME_STAMPING "1.3.6.1.5.5.7.3.8"
#define ID_OCSP_SIGNING "1.3.6.1.5.5.7.3.9"

/* What a root may have; the profiles say what each has. */
enum { MAX_DAYS = 30 * 366, MAX_PATH_LENGTH = 4, MAX_APPROVALS = 2 };

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
	TEXTS(subject_required, JSON_OPTIONAL),
	BOOL(name_required),
	BOOL(wildcards),
	TEXTS(dns_suffixes, JSON_OPTIONAL),
	TEXTS(key_types, JSON_REQUIRED),
	TEXTS(qc_statements, JSON_OPTIONAL),
	BOOL(registrar_signature),
	{.name = "approvals",
		.kind = JSON_INT,
		.offset = offsetof(struct profile, approvals),
		.min = 1,
		.max = MAX_APPROVALS},
	BOOL(no_ocsp_check),
	BOOL(no_status),
};
#undef TEXTS
#undef BOOL

const struct json_table profile_table = {
	.what = "certificate profile",
	.rows = profile_rows,
	.count = sizeof(profile_rows) / sizeof(profile_rows[0]),
	.size = sizeof(struct profile),
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
	"pseudonym",
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

/* The line on which the file has this member: 1 if it cannot be told. */
static unsigned
line_of(const char *path, const char *member)
{
	AUTO(writer) text = writer_new(MAX_JSON);
	const struct json_place top = {0}, place = {.up = &top, .name = member};

	if (file_read(path, MAX_JSON, &text) != ERR_OK)
		return 1;
	return json_place_line(writer_span(&text), &place);
}

#define WRONG_UNLESS(cond, path, member, ...)                                                                        \
	do {                                                                                                         \
		if (!(cond)) {                                                                                       \
			char why_[160];                                                                              \
			(void)snprintf(why_, sizeof(why_), __VA_ARGS__);                                             \
			return err_because(ERR_CONFIG, "%s:%u: %s: %s", (path), line_of((path), (member)), (member), \
				why_);                                                                               \
		}                                                                                                    \
	} while (0)

static enum err
list_check(const char *path, const char *member, const struct json_list *list, bool (*is_known)(const char *word))
{
	for (size_t i = 0; i < list->count; i++) {
		WRONG_UNLESS(is_known(json_text_at(list, i)), path, member, "unknown value '%.80s'",
			json_text_at(list, i));
		for (size_t n = 0; n < i; n++)
			WRONG_UNLESS(strcmp(json_text_at(list, i), json_text_at(list, n)) != 0, path, member,
				"'%.80s' stands there twice", json_text_at(list, i));
	}
	return ERR_OK;
}

static bool
index_in(const char *const *known, const char *word)
{
	for (size_t i = 0; known[i]; i++)
		if (strcmp(known[i], word) == 0)
			return true;
	return false;
}

static bool
is_usage(const char *word)
{
	return key_usage_bit(word) >= 0;
}

static bool
is_subject(const char *word)
{
	return index_in(subjects, word);
}

static bool
is_name_kind(const char *word)
{
	return index_in(name_kinds, word);
}

static bool
is_key_type(const char *word)
{
	return index_in(key_types, word);
}

static bool
is_purpose(const char *word)
{
	ASN1_OBJECT *object = extended_key_usage_object(word);

	ASN1_OBJECT_free(object);
	ERR_clear_error();
	return object != NULL;
}

static bool
is_object(const char *word)
{
	ASN1_OBJECT *object = OBJ_txt2obj(word, 1);

	ASN1_OBJECT_free(object);
	ERR_clear_error();
	return object != NULL;
}

/* A host name that is no wildcard. */
static bool
is_suffix(const char *word)
{
	return dns_name_flaw(span_of(word)) == NULL && !dns_name_is_wildcard(span_of(word));
}

static enum err
words_check(const char *path, const struct profile *p)
{
	TRY(list_check(path, "key_usage", &p->key_usage, is_usage));
	TRY(list_check(path, "extended_key_usage", &p->extended_key_usage, is_purpose));
	TRY(list_check(path, "policies", &p->policies, is_object));
	TRY(list_check(path, "subject", &p->subject, is_subject));
	TRY(list_check(path, "subject_required", &p->subject_required, is_subject));
	TRY(list_check(path, "alternative_names", &p->alternative_names, is_name_kind));
	TRY(list_check(path, "dns_suffixes", &p->dns_suffixes, is_suffix));
	TRY(list_check(path, "key_types", &p->key_types, is_key_type));
	return list_check(path, "qc_statements", &p->qc_statements, qc_statement_known);
}

/* What belongs together. */
static enum err
sense_check(const char *path, const struct profile *p)
{
	const bool hosts = json_texts_have(&p->alternative_names, "dns");

	for (size_t i = 0; i < p->subject_required.count; i++)
		WRONG_UNLESS(json_texts_have(&p->subject, json_text_at(&p->subject_required, i)), path,
			"subject_required", "'%s' is not in subject", json_text_at(&p->subject_required, i));
	WRONG_UNLESS(p->ca == json_texts_have(&p->key_usage, "keyCertSign"), path, "key_usage",
		"RFC 5280 4.2.1.9: ca and keyCertSign go together");
	WRONG_UNLESS(p->ca || p->path_length == 0, path, "path_length", "RFC 5280 4.2.1.9: it is for a ca only");
	WRONG_UNLESS(!p->name_required || p->alternative_names.count > 0, path, "name_required",
		"alternative_names allows none");
	WRONG_UNLESS(hosts || !p->wildcards, path, "wildcards", "alternative_names does not allow dns");
	WRONG_UNLESS(hosts || p->dns_suffixes.count == 0, path, "dns_suffixes", "alternative_names does not allow dns");
	WRONG_UNLESS(!profile_lists(&p->extended_key_usage, ID_TIME_STAMPING) || p->extended_key_usage.count == 1, path,
		"extended_key_usage", "RFC 3161 2.3: timeStamping stands alone");
	WRONG_UNLESS(p->no_ocsp_check == (!p->ca && profile_lists(&p->extended_key_usage, ID_OCSP_SIGNING)), path,
		"no_ocsp_check", "RFC 6960 4.2.2.2.1: it is for an OCSP responder's profile, which needs it");
	return ERR_OK;
}

static enum err
profile_check(const char *path, const struct profile *p)
{
	WRONG_UNLESS(p->key_usage.count > 0, path, "key_usage", "it must not be empty");
	WRONG_UNLESS(p->subject.count > 0, path, "subject", "it must not be empty");
	WRONG_UNLESS(p->key_types.count > 0, path, "key_types", "it must not be empty");
	TRY(words_check(path, p));
	return sense_check(path, p);
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
