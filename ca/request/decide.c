#include "ca/request/decide.h"

#include <stddef.h>
#include <string.h>

const char *
request_state(const struct request_row *r, unix_time now)
{
	return strcmp(r->state, "waiting") == 0 && now >= r->expires_at ? "expired" : r->state;
}

static enum err
waits(const struct request_row *r)
{
	REQUIRE_WHY(strcmp(r->state, "waiting") == 0, ERR_EXISTS, "the request is %s already", r->state);
	return ERR_OK;
}

static enum err
may_decide(const struct request_row *r, const struct person_acting *who)
{
	REQUIRE_WHY(who->roles != NULL && json_texts_have(who->roles, r->role), ERR_REFUSED,
		"profile '%s' takes a %s's word; '%s' is none", r->profile, r->role, who->name);
	return ERR_OK;
}

static struct span
bytes(const struct json_bytes *b)
{
	return span_at(b->ptr, b->len);
}

/* Nobody stands behind their own request, whichever of their names or cards they use. */
static enum err
not_their_own(const struct request_row *r, const struct person_acting *who)
{
	REQUIRE_WHY(strcmp(who->name, r->applicant) != 0, ERR_REFUSED,
		"'%s' asked for this certificate; somebody else must approve it", who->name);
	REQUIRE_WHY(!span_equal(who->key_sha256, bytes(&r->applicant_key)), ERR_REFUSED,
		"the card that signs this asked for the certificate; somebody else must approve it");
	REQUIRE_WHY(!span_equal(who->key_sha256, bytes(&r->spki_sha256)), ERR_REFUSED,
		"the certificate would be for the card that signs this; somebody else must approve it");
	return ERR_OK;
}

enum err
approval_decide(const struct request_row *r, const struct person_acting *who, struct span given,
	const struct approval_row *done, size_t count, unix_time now)
{
	TRY(waits(r));
	TRY(may_decide(r, who));
	REQUIRE_WHY(now < r->expires_at, ERR_EXPIRED, "the request expired %lld s ago; it must be made again",
		(long long)(now - r->expires_at));
	TRY(not_their_own(r, who));
	for (size_t i = 0; i < count; i++)
		REQUIRE_WHY(strcmp(done[i].approver, who->name) != 0 &&
				!span_equal(bytes(&done[i].approver_key), who->key_sha256),
			ERR_USED, "'%s' has approved this request already; a second registrar must be another person",
			done[i].approver);
	REQUIRE_WHY(span_equal(given, bytes(&r->issue_sha256)), ERR_MISMATCH,
		"the approval is over other bytes than this request's issue_sha256; look at the request again");
	return ERR_OK;
}

bool
approval_completes(const struct request_row *r, size_t done_before)
{
	return (int64_t)done_before + 1 >= r->approvals;
}

enum err
rejection_decide(const struct request_row *r, const struct person_acting *who, const char *reason)
{
	TRY(waits(r));
	TRY(may_decide(r, who));
	REQUIRE_WHY(reason != NULL && reason[0] != '\0', ERR_MALFORMED,
		"a rejection needs its reason, which the applicant reads");
	return ERR_OK;
}

enum err
withdrawal_decide(const struct request_row *r, const struct person_acting *who)
{
	TRY(waits(r));
	REQUIRE_WHY(strcmp(who->name, r->applicant) == 0, ERR_REFUSED,
		"'%s' asked for it, and only they can withdraw it", r->applicant);
	return ERR_OK;
}

/* ---- the registry's word ---- */

#define TEXT(RECORD, MEMBER, NAME, NEEDED)                                                                        \
	{                                                                                                         \
		.name = NAME, .kind = JSON_TEXT, .presence = (NEEDED), .offset = offsetof(struct RECORD, MEMBER), \
		.max = 512                                                                                        \
	}
static const struct json_row office_rows[] = {
	TEXT(registry_office, agency, "agency", JSON_REQUIRED),
	TEXT(registry_office, office, "office", JSON_REQUIRED),
	TEXT(registry_office, title, "title", JSON_OPTIONAL),
};
static const struct json_table office_table = {"office", office_rows, 3, sizeof(struct registry_office), true};
static const struct json_row names_rows[] = {
	TEXT(registry_names, issuer, "iss", JSON_REQUIRED),
	TEXT(registry_names, audience, "aud", JSON_REQUIRED),
	TEXT(registry_names, person, "person", JSON_REQUIRED),
	TEXT(registry_names, card_subject, "card_subject", JSON_REQUIRED),
	TEXT(registry_names, name, "name", JSON_REQUIRED),
	TEXT(registry_names, given_name, "given_name", JSON_OPTIONAL),
	TEXT(registry_names, family_name, "family_name", JSON_OPTIONAL),
	{.name = "offices",
		.kind = JSON_OBJECTS,
		.offset = offsetof(struct registry_names, offices),
		.table = &office_table},
	{.name = "iat", .kind = JSON_INT, .presence = JSON_REQUIRED, .offset = offsetof(struct registry_names, iat)},
	{.name = "exp", .kind = JSON_INT, .presence = JSON_REQUIRED, .offset = offsetof(struct registry_names, exp)},
};
#undef TEXT
const struct json_table registry_names_table = {
	.what = "statement of names",
	.rows = names_rows,
	.count = sizeof(names_rows) / sizeof(names_rows[0]),
	.size = sizeof(struct registry_names),
	.open = true,
};

enum err
statement_decide(const struct registry_names *s, const char *issuer, const char *audience, const char *person,
	unix_time now)
{
	REQUIRE_WHY(strcmp(s->issuer, issuer) == 0, ERR_UNTRUSTED, "the statement of names is by %.128s, not by %s",
		s->issuer, issuer);
	REQUIRE_WHY(strcmp(s->audience, audience) == 0, ERR_UNTRUSTED,
		"the statement of names is for %.128s, not for a certificate authority", s->audience);
	REQUIRE_WHY(person != NULL && strcmp(s->person, person) == 0, ERR_MISMATCH,
		"person: the registry's statement is about another person");
	REQUIRE_WHY(s->iat <= now + STATEMENT_LEEWAY, ERR_EXPIRED,
		"the statement of names was signed in the future; are the clocks right?");
	REQUIRE_WHY(now < s->exp, ERR_EXPIRED, "the registry's statement of names expired %lld s ago; ask for it again",
		(long long)(now - s->exp));
	return ERR_OK;
}

static enum err
field_decide(const char *field, const char *given, const char *said)
{
	REQUIRE_WHY(said != NULL, ERR_MISMATCH, "%s: the registry has none for this person; leave it out", field);
	REQUIRE_WHY(strcmp(given, said) == 0, ERR_MISMATCH,
		"%s: '%.64s' is not what the identity registry says of this person", field, given);
	return ERR_OK;
}

static enum err
office_decide(const struct registry_names *s, const char *field, const char *given)
{
	const struct registry_office *offices = s->offices.items;

	for (size_t i = 0; i < s->offices.count; i++) {
		const char *title = offices[i].title != NULL ? offices[i].title : "";
		const char *said = strcmp(field, "O") == 0 ? offices[i].agency
			: strcmp(field, "OU") == 0         ? offices[i].office
							   : title;

		if (strcmp(said, given) == 0)
			return ERR_OK;
	}
	return err_because(ERR_MISMATCH, "%s: '%.64s' is of no office that the registry says this person has now",
		field, given);
}

enum err
names_decide(const struct registry_names *s, const struct name_part *subject, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *field = subject[i].type, *given = subject[i].value;

		if (strcmp(field, "CN") == 0)
			TRY(field_decide(field, given, s->name));
		else if (strcmp(field, "serialNumber") == 0)
			TRY(field_decide(field, given, s->card_subject));
		else if (strcmp(field, "givenName") == 0)
			TRY(field_decide(field, given, s->given_name));
		else if (strcmp(field, "surname") == 0)
			TRY(field_decide(field, given, s->family_name));
		else if (strcmp(field, "O") == 0 || strcmp(field, "OU") == 0 || strcmp(field, "title") == 0)
			TRY(office_decide(s, field, given));
	}
	return ERR_OK;
}
