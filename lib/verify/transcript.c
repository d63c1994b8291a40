#include "verify/transcript.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))
#define AT(type, member) offsetof(struct transcript_##type, member)
#define TABLE(name, of) \
	static const struct json_table name##_table = {#name, name##_rows, LEN(name##_rows), sizeof(of), true}

enum { MAX_SAY = 2048, MAX_WORDS = 16 << 10, MAX_SIGNATURES = 32 };

/* ---- the payload ---- */

static const struct json_row person_rows[] = {
	{"role", JSON_TEXT, JSON_REQUIRED, AT(person, role), .max = 64},
	{"name", JSON_TEXT, JSON_REQUIRED, AT(person, name), .max = 256},
	{"jwk", JSON_RAW, JSON_OPTIONAL, AT(person, jwk), .max = 4096},
};
TABLE(person, struct transcript_person);
static const struct json_row custodian_rows[] = {{"custodian", JSON_TEXT, JSON_REQUIRED, AT(approval, by), .max = 64}};
TABLE(custodian, struct transcript_approval);
static const struct json_row card_rows[] = {{"card", JSON_TEXT, JSON_REQUIRED, AT(approval, by), .max = 64}};
TABLE(card, struct transcript_approval);
static const struct json_row input_rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, AT(input, name), .max = 64},
	{"what", JSON_TEXT, JSON_REQUIRED, AT(input, what), .max = 256},
	{"sha256", JSON_TEXT, JSON_REQUIRED, AT(input, sha256), .max = 64},
};
TABLE(input, struct transcript_input);
static const struct json_row journal_rows[] = {
	{"token", JSON_TEXT, JSON_REQUIRED, AT(journal, token), .max = 32},
	{"head", JSON_TEXT, JSON_REQUIRED, AT(journal, head), .max = 64},
	{"lines", JSON_INT, JSON_REQUIRED, AT(journal, lines), .min = 0, .max = 1LL << 50},
};
TABLE(journal, struct transcript_journal);
static const struct json_row proposal_rows[] = {
	{"kind", JSON_TEXT, JSON_REQUIRED, AT(proposal, kind), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, AT(proposal, key), .max = 64},
	{"object_sha256", JSON_TEXT, JSON_REQUIRED, AT(proposal, object_sha256), .max = 64},
	{"summary", JSON_TEXT, JSON_REQUIRED, AT(proposal, summary), .max = MAX_WORDS},
	{"approvals", JSON_OBJECTS, JSON_REQUIRED, AT(proposal, approvals), .max = MAX_TRANSCRIPT_PEOPLE,
		.table = &card_table},
};
TABLE(proposal, struct transcript_proposal);
static const struct json_row made_rows[] = {
	{"algorithm", JSON_TEXT, JSON_OPTIONAL, AT(made, algorithm), .max = 32},
	{"spki_sha256", JSON_TEXT, JSON_OPTIONAL, AT(made, spki_sha256), .max = 64},
	{"before_interruption", JSON_BOOL, JSON_OPTIONAL, AT(made, before), .max = 0},
};
TABLE(made, struct transcript_made);
static const struct json_row destroyed_rows[] = {
	{"key", JSON_TEXT, JSON_REQUIRED, AT(destroyed, key), .max = 64},
	{"proposal", JSON_OBJECT, JSON_REQUIRED, AT(destroyed, proposal), .table = &proposal_table},
};
TABLE(destroyed, struct transcript_destroyed);
static const struct json_row step_rows[] = {
	{"do", JSON_TEXT, JSON_REQUIRED, AT(step, what), .max = 32},
	{"say", JSON_TEXT, JSON_OPTIONAL, AT(step, say), .max = MAX_SAY},
	{"token", JSON_TEXT, JSON_OPTIONAL, AT(step, token), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, AT(step, key), .max = 64},
	{"issuer", JSON_TEXT, JSON_OPTIONAL, AT(step, issuer), .max = 64},
	{"profile", JSON_TEXT, JSON_OPTIONAL, AT(step, profile), .max = 64},
	{"input", JSON_TEXT, JSON_OPTIONAL, AT(step, input), .max = 64},
	{"file", JSON_TEXT, JSON_OPTIONAL, AT(step, file), .max = 96},
	{"at", JSON_TEXT, JSON_REQUIRED, AT(step, at), .max = 32},
	{"serial", JSON_TEXT, JSON_OPTIONAL, AT(step, serial), .max = 64},
	{"sha256", JSON_TEXT, JSON_OPTIONAL, AT(step, sha256), .max = 64},
	{"label", JSON_TEXT, JSON_OPTIONAL, AT(step, label), .max = 64},
	{"policy_sha256", JSON_TEXT, JSON_OPTIONAL, AT(step, policy_sha256), .max = 64},
	{"files_sha256", JSON_TEXT, JSON_OPTIONAL, AT(step, files_sha256), .max = 64},
	{"confirmed", JSON_BOOL, JSON_OPTIONAL, AT(step, confirmed), .max = 0},
	{"needed", JSON_BOOL, JSON_OPTIONAL, AT(step, needed), .max = 0},
	{"proposal", JSON_OBJECT, JSON_OPTIONAL, AT(step, proposal), .table = &proposal_table,
		.present = AT(step, has_proposal)},
	{"made", JSON_OBJECT, JSON_OPTIONAL, AT(step, made), .table = &made_table, .present = AT(step, has_made)},
	{"journal", JSON_OBJECT, JSON_OPTIONAL, AT(step, journal), .table = &journal_table,
		.present = AT(step, has_journal)},
	{"destroyed", JSON_OBJECTS, JSON_OPTIONAL, AT(step, destroyed), .max = MAX_KEYS, .table = &destroyed_table},
};
TABLE(step, struct transcript_step);
#undef AT
#define AT(member) offsetof(struct transcript, member)
static const struct json_row transcript_rows[] = {
	{"title", JSON_TEXT, JSON_REQUIRED, AT(title), .max = 256},
	{"started", JSON_TEXT, JSON_REQUIRED, AT(started), .max = 32},
	{"ended", JSON_TEXT, JSON_REQUIRED, AT(ended), .max = 32},
	{"script_sha256", JSON_BYTES, JSON_REQUIRED, AT(script), .max = SHA256_LEN},
	{"keys_sha256", JSON_BYTES, JSON_REQUIRED, AT(keys), .max = SHA256_LEN},
	{"inputs", JSON_OBJECTS, JSON_OPTIONAL, AT(inputs), .max = MAX_TRANSCRIPT_INPUTS, .table = &input_table},
	{"present", JSON_OBJECTS, JSON_OPTIONAL, AT(present), .max = MAX_TRANSCRIPT_PEOPLE, .table = &person_table},
	{"approvals", JSON_OBJECTS, JSON_REQUIRED, AT(approvals), .max = MAX_TRANSCRIPT_PEOPLE,
		.table = &custodian_table},
	{"steps", JSON_OBJECTS, JSON_REQUIRED, AT(steps), .max = MAX_TRANSCRIPT_STEPS, .table = &step_table},
	{"journals_before", JSON_OBJECTS, JSON_OPTIONAL, AT(journals_before), .max = 2, .table = &journal_table},
	{"journals_after", JSON_OBJECTS, JSON_OPTIONAL, AT(journals_after), .max = 2, .table = &journal_table},
};
TABLE(transcript, struct transcript);

/* ---- what holds it: payload and signatures ---- */

struct sealed {
	struct json_bytes payload;
	struct json_list signatures;
};
struct sealed_signature {
	struct json_bytes header;
};
struct header {
	char *kid, *typ;
};
static const struct json_row signature_rows[] = {
	{"protected", JSON_BYTES, JSON_REQUIRED, offsetof(struct sealed_signature, header), .max = MAX_JWS_HEADER}};
TABLE(signature, struct sealed_signature);
static const struct json_row sealed_rows[] = {
	{"payload", JSON_BYTES, JSON_REQUIRED, offsetof(struct sealed, payload), .max = MAX_JWS},
	{"signatures", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct sealed, signatures), .max = MAX_SIGNATURES,
		.table = &signature_table},
};
TABLE(sealed, struct sealed);
static const struct json_row header_rows[] = {
	{"kid", JSON_TEXT, JSON_REQUIRED, offsetof(struct header, kid), .max = 128},
	{"typ", JSON_TEXT, JSON_REQUIRED, offsetof(struct header, typ), .max = 64},
};
TABLE(header, struct header);

static enum err
signer_take(const struct sealed_signature *s, char **kid)
{
	struct header h;
	enum err e;

	TRY(json_decode(span_at(s->header.ptr, s->header.len), &header_table, &h));
	e = strcmp(h.typ, "ceremony+json") == 0
		? ERR_OK
		: err_because(ERR_MALFORMED, "a signature of typ '%s', not ceremony+json", h.typ);
	if (e == ERR_OK)
		e = span_text(span_of(h.kid), kid);
	json_free(&header_table, &h);
	return e;
}

static enum err
sealed_take(const struct sealed *s, struct transcript *out)
{
	const struct span payload = span_at(s->payload.ptr, s->payload.len);
	char **kids;

	TRY(json_decode(payload, &transcript_table, out));
	out->hash = sha256_of(payload);
	REQUIRE_WHY(out->script.len == SHA256_LEN && out->keys.len == SHA256_LEN, ERR_MALFORMED,
		"a transcript names script and keys.json by their SHA-256");
	kids = calloc(s->signatures.count + 1, sizeof(*kids));
	REQUIRE(kids != NULL, ERR_NO_MEMORY);
	out->signers.items = kids;
	for (size_t i = 0; i < s->signatures.count; i++) {
		TRY(signer_take((const struct sealed_signature *)s->signatures.items + i, &kids[i]));
		out->signers.count = i + 1;
	}
	return ERR_OK;
}

enum err
transcript_read(struct span file, struct transcript *out)
{
	struct sealed s;
	enum err e;

	*out = (struct transcript){0};
	TRY(json_decode(file, &sealed_table, &s));
	e = sealed_take(&s, out);
	json_free(&sealed_table, &s);
	if (e != ERR_OK)
		transcript_free(out);
	return e;
}

void
transcript_free(struct transcript *t)
{
	char **kids = t->signers.items;

	for (size_t i = 0; i < t->signers.count; i++)
		free(kids[i]);
	free(kids);
	json_free(&transcript_table, t);
	*t = (struct transcript){0};
}

/* ---- who signed ---- */

bool
transcript_signed_by(const struct transcript *t, const char *kid)
{
	return json_texts_have(&t->signers, kid);
}

static bool
is_custodian(const struct keys_file *keys, const struct operator_row *o)
{
	return o->key != NULL && json_texts_have(&o->roles, "custodian") &&
		json_texts_have(&keys->custodians.names, o->name);
}

/* The keys of those who may have signed it: custodians, and others by the keys that the transcript, and so every custodian's signature, names for them. */
static enum err
keys_collect(const struct transcript *t, const struct keys_file *keys, struct jwks *set)
{
	const struct transcript_person *present = t->present.items;
	struct jwk *key = NULL;

	for (size_t i = 0; i < keys->operators.count; i++) {
		if (!is_custodian(keys, &keys->operators.rows[i]))
			continue;
		TRY(jwk_from_key(jwk_key(keys->operators.rows[i].key), NULL, &key));
		TRY(jwks_add(set, key));
	}
	for (size_t i = 0; i < t->present.count; i++) {
		if (present[i].jwk == NULL)
			continue;
		TRY(jwk_parse(span_of(present[i].jwk), false, &key));
		if (jwks_find(set, span_of(jwk_kid(key)), SPAN("")) != NULL) /* a custodian who is a witness too */
			jwk_free(&key);
		else
			TRY(jwks_add(set, key));
	}
	return ERR_OK;
}

/* Each custodian once, whatever the transcript says of itself. */
static int64_t
custodians_signed(const struct transcript *t, const struct keys_file *keys)
{
	int64_t count = 0;

	for (size_t i = 0; i < keys->operators.count; i++)
		count += is_custodian(keys, &keys->operators.rows[i]) &&
			transcript_signed_by(t, jwk_kid(keys->operators.rows[i].key));
	return count;
}

enum err
transcript_check(const struct transcript *t, struct span file, const struct keys_file *keys)
{
	AUTO(writer) payload = writer_new(MAX_JWS);
	const int64_t signers = custodians_signed(t, keys);
	struct jwks *set = NULL;
	enum err e = jwks_new(&set);

	if (e == ERR_OK)
		e = keys_collect(t, keys, set);
	if (e == ERR_OK)
		e = jws_verify_any(file, set, NULL, &payload);
	jwks_free(&set);
	TRY(e);
	REQUIRE_WHY(signers >= keys->custodians.k && (int64_t)t->approvals.count >= keys->custodians.k, ERR_REFUSED,
		"%lld custodians signed, %zu approved, and %lld must", (long long)signers, t->approvals.count,
		(long long)keys->custodians.k);
	return ERR_OK;
}

/* ---- in the log ---- */

enum err
transcript_event(const struct transcript *t, struct writer *json)
{
	struct json_writer j = json_to(json);

	json_object(&j, NULL);
	json_text(&j, "title", t->title);
	json_hex(&j, "transcript_sha256", sha256_span(&t->hash));
	json_hex(&j, "script_sha256", span_at(t->script.ptr, t->script.len));
	json_text(&j, "started", t->started);
	json_text(&j, "ended", t->ended);
	json_object_end(&j);
	return writer_done(json);
}

struct entry_open {
	char *hash;
};
struct entry {
	char *type, *at;
	struct entry_open open;
};
static const struct json_row open_rows[] = {
	{"transcript_sha256", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry_open, hash), .max = 64}};
TABLE(open, struct entry_open);
static const struct json_row entry_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry, type), .max = 64},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry, at), .max = 32},
	{"public", JSON_OBJECT, JSON_REQUIRED, offsetof(struct entry, open), .table = &open_table},
};
TABLE(entry, struct entry);

static enum err
entry_belongs(const struct transcript *t, const struct receipt *r, unix_time *at)
{
	AUTO(writer) hex = writer_new(2 * SHA256_LEN);
	struct entry entry;
	enum err e;

	hex_write(&hex, sha256_span(&t->hash));
	REQUIRE_WHY(json_decode(span_at(r->entry.ptr, r->entry.len), &entry_table, &entry) == ERR_OK, ERR_MISMATCH,
		"the receipt is not this transcript's");
	e = strcmp(entry.type, "ceremony.held") == 0 && span_is(writer_span(&hex), entry.open.hash)
		? time_read(span_of(entry.at), at)
		: err_because(ERR_MISMATCH, "the receipt is not this transcript's");
	json_free(&entry_table, &entry);
	return e;
}

enum err
transcript_receipt_check(const struct transcript *t, struct span receipt, const struct trust *trust, unix_time *at)
{
	AUTO(receipt) r = {0};

	REQUIRE_WHY(trust->log_key != NULL && trust->log_origin != NULL, ERR_UNTRUSTED,
		"the trusted keys do not include a log's");
	TRY(receipt_parse(receipt, &r));
	TRY(receipt_check(&r, trust->log_origin, trust->log_key));
	return entry_belongs(t, &r, at);
}
