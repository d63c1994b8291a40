#include "ca/issue/decide.h"

#include <stddef.h>
#include <string.h>

#include "keyring/keyring.h"

enum { MAX_PART_TYPE = 64, MAX_PART_VALUE = 512 };

static const struct json_row part_rows[] = {
	{.name = "type",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct name_part, type),
		.max = MAX_PART_TYPE},
	{.name = "value",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct name_part, value),
		.max = MAX_PART_VALUE},
};
static const struct json_table part_table = {"name", part_rows, 2, sizeof(struct name_part), false};

static const struct json_row order_rows[] = {
	{.name = "profile",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct issue_order, profile),
		.max = 64},
	{.name = "csr", .kind = JSON_BYTES, .offset = offsetof(struct issue_order, csr), .max = MAX_CSR},
	{.name = "blob", .kind = JSON_BYTES, .offset = offsetof(struct issue_order, blob), .max = MAX_BLOB},
	{.name = "subject",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct issue_order, subject),
		.max = MAX_ISSUE_PARTS,
		.table = &part_table},
	{.name = "names",
		.kind = JSON_OBJECTS,
		.offset = offsetof(struct issue_order, names),
		.max = MAX_ISSUE_PARTS,
		.table = &part_table},
	{.name = "person", .kind = JSON_TEXT, .offset = offsetof(struct issue_order, person), .max = UUID_TEXT_LEN},
	{.name = "spki_sha256",
		.kind = JSON_BYTES,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct issue_order, spki_sha256),
		.max = SHA256_LEN},
	{.name = "request", .kind = JSON_TEXT, .offset = offsetof(struct issue_order, request), .max = UUID_TEXT_LEN},
	{.name = "registry", .kind = JSON_TEXT, .offset = offsetof(struct issue_order, registry), .max = 8 << 10},
};
const struct json_table issue_order_table = {
	.what = "act certificate.issue",
	.rows = order_rows,
	.count = sizeof(order_rows) / sizeof(order_rows[0]),
	.size = sizeof(struct issue_order),
	.open = true,
};

const char *
issue_role(const struct profile *profile)
{
	return profile->registrar_signature ? "registrar" : "ca-operator";
}

enum err
issue_alone(const struct profile *profile, const struct issue_order *order)
{
	REQUIRE_WHY(order->request == NULL, ERR_REFUSED, "this act approves request %s; it goes to /requests/%s/approve",
		order->request, order->request);
	REQUIRE_WHY(profile->approvals <= 1, ERR_REFUSED,
		"profile '%s' takes the approval of %lld; it goes through the queue (mohar ca request)", profile->name,
		(long long)profile->approvals);
	return ERR_OK;
}

static size_t
place_of(const struct profile *profile, const char *type)
{
	size_t i = 0;

	while (i < profile->subject.count && strcmp(json_text_at(&profile->subject, i), type) != 0)
		i++;
	return i;
}

/* An insertion sort of at most MAX_ISSUE_PARTS; what the profile does not know comes last and is refused there. */
static void
put_in_order(const struct profile *profile, struct json_list *subject)
{
	struct name_part *parts = subject->items;

	for (size_t i = 1; i < subject->count; i++)
		for (size_t n = i; n > 0 && place_of(profile, parts[n - 1].type) > place_of(profile, parts[n].type);
			n--) {
			const struct name_part swapped = parts[n];

			parts[n] = parts[n - 1];
			parts[n - 1] = swapped;
		}
}

static enum err
decide_subject(const struct profile *profile, struct json_list *subject)
{
	const struct name_part *parts = subject->items;

	put_in_order(profile, subject);
	for (size_t i = 0; i < subject->count; i++) {
		REQUIRE_WHY(parts[i].value[0] != '\0', ERR_MALFORMED, "the subject's %s is empty", parts[i].type);
		REQUIRE_WHY(i == 0 || strcmp(parts[i - 1].type, parts[i].type) != 0, ERR_REFUSED,
			"the subject has two of %s", parts[i].type);
	}
	return ERR_OK;
}

static enum err
decide_person(const struct profile *profile, const struct issue_order *order, bool *has_person, struct uuid *person)
{
	*has_person = order->person != NULL;
	REQUIRE_WHY(*has_person || strncmp(profile->name, "citizen-", 8) != 0, ERR_REFUSED,
		"profile '%s' needs the person it is for", profile->name);
	if (*has_person)
		TRY(uuid_read(span_of(order->person), person));
	return ERR_OK;
}

enum err
issue_decide(const struct profile *profile, struct issue_order *order, const struct request_facts *request,
	bool *has_person, struct uuid *person)
{
	const struct sha256 hash = sha256_of(span_at(request->spki.ptr, request->spki.len));

	REQUIRE_WHY(!profile->ca, ERR_REFUSED, "profile '%s' is a CA's: that takes a ceremony", profile->name);
	REQUIRE_WHY(!json_texts_have(&profile->extended_key_usage, "ocspSigning"), ERR_REFUSED,
		"profile '%s' is for our own OCSP responder", profile->name);
	REQUIRE_WHY(span_equal(sha256_span(&hash), span_at(order->spki_sha256.ptr, order->spki_sha256.len)),
		ERR_MISMATCH, "spki_sha256 is not the request's key");
	REQUIRE_WHY(json_texts_have(&profile->key_types, request->key_type), ERR_REFUSED,
		"profile '%s' takes no %s keys", profile->name, request->key_type);
	TRY(decide_subject(profile, &order->subject));
	return decide_person(profile, order, has_person, person);
}
