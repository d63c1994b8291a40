#include "hsm/policy/genesis.h"

#include <string.h>

#include "base/encode.h"
#include "base/log.h"

enum { FORMAT = 1, MAX_SEALED = 16 << 10 };

static const char label[] = "mohar-genesis";

/* A keys.json that custodians have approved, and that has not been put in place yet. */
struct next {
	int64_t version;
	char *sha256, *at;
	struct json_list approved_by;
};

static const struct json_row next_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, offsetof(struct next, version), .min = 1, .max = 1 << 30},
	{"sha256", JSON_TEXT, JSON_REQUIRED, offsetof(struct next, sha256), .max = 64},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct next, at), .max = 32},
	{"approved_by", JSON_TEXTS, JSON_REQUIRED, offsetof(struct next, approved_by), .max = 32},
};
static const struct json_table next_table = {"next keys.json", next_rows, sizeof(next_rows) / sizeof(next_rows[0]),
	sizeof(struct next), false};

struct sealed {
	int64_t format, policy_version, k;
	char *token, *policy_sha256, *at;
	struct json_list custodians;
	struct next next;
	bool has_next;
};

static const struct json_row sealed_rows[] = {
	{"format", JSON_INT, JSON_REQUIRED, offsetof(struct sealed, format), .min = FORMAT, .max = FORMAT},
	{"token", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed, token), .max = 32},
	{"policy_version", JSON_INT, JSON_REQUIRED, offsetof(struct sealed, policy_version), .min = 1, .max = 1 << 30},
	{"policy_sha256", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed, policy_sha256), .max = 64},
	{"k", JSON_INT, JSON_REQUIRED, offsetof(struct sealed, k), .min = 1, .max = 16},
	{"custodians", JSON_TEXTS, JSON_REQUIRED, offsetof(struct sealed, custodians), .max = 32},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed, at), .max = 32},
	{"next", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct sealed, next), .table = &next_table,
		.present = offsetof(struct sealed, has_next)},
};
static const struct json_table sealed_table = {"genesis object", sealed_rows,
	sizeof(sealed_rows) / sizeof(sealed_rows[0]), sizeof(struct sealed), false};

static void
texts_write(struct json_writer *j, const char *name, const struct json_list *list)
{
	json_array(j, name);
	for (size_t i = 0; i < list->count; i++)
		json_text(j, NULL, json_text_at(list, i));
	json_array_end(j);
}

/* What rules from now on; nothing is next. */
static enum err
policy_seal(struct session *s, const struct policy *p, const char *token_name, unix_time now)
{
	AUTO(writer) value = writer_new(MAX_SEALED);
	struct json_writer j = json_to(&value);

	json_object(&j, NULL);
	json_int(&j, "format", FORMAT);
	json_text(&j, "token", token_name);
	json_int(&j, "policy_version", p->file.version);
	json_hex(&j, "policy_sha256", sha256_span(&p->hash));
	json_int(&j, "k", p->file.custodians.k);
	texts_write(&j, "custodians", &p->file.custodians.names);
	json_time(&j, "at", now);
	json_object_end(&j);
	TRY(writer_done(&value));
	return token_data_put(s, label, writer_span(&value));
}

enum err
genesis_run(struct session *s, const struct policy *p, const char *token_name, unix_time now)
{
	bool empty;

	TRY(token_is_empty(s, &empty));
	REQUIRE_WHY(empty, ERR_EXISTS,
		"the token is not empty: genesis is for a new one only (softhsm2-util --init-token makes one)");
	return policy_seal(s, p, token_name, now);
}

static bool
is_hash(const char *hex, const struct sha256 *hash)
{
	uint8_t bytes[SHA256_LEN];
	size_t len;

	return hex_read(span_of(hex), bytes, sizeof(bytes), &len) == ERR_OK && len == SHA256_LEN &&
		memcmp(bytes, hash->bytes, SHA256_LEN) == 0;
}

static enum err
sealed_read(struct session *s, struct sealed *out)
{
	AUTO(writer) value = writer_new(MAX_SEALED);
	const enum err e = token_data_get(s, label, &value);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_CONFIG,
		"the token has had no genesis: hold a ceremony (mohar ceremony run), or mohar-hsmd genesis");
	TRY(e);
	return json_decode(writer_span(&value), &sealed_table, out);
}

/* The file of now may go on until the next one is there, and somebody should know. */
static enum err
compare(const struct sealed *sealed, const struct policy *p, const char *token_name, bool *next)
{
	AUTO(writer) hash = writer_new(2 * SHA256_LEN);

	hex_write(&hash, sha256_span(&p->hash));
	TRY(writer_done(&hash));
	REQUIRE_WHY(strcmp(sealed->token, token_name) == 0, ERR_CONFIG,
		"this is the token '%s' of keys.json, not '%s': correct 'serves'", sealed->token, token_name);
	*next = sealed->has_next && is_hash(sealed->next.sha256, &p->hash);
	REQUIRE_WHY(*next || is_hash(sealed->policy_sha256, &p->hash), ERR_CONFIG,
		"keys.json (version %lld, SHA-256 %.16s…) is not the one that genesis sealed on %s (version %lld, %.16s…)%s: "
		"put that one back, or PROPOSE this one",
		(long long)p->file.version, (const char *)hash.ptr, sealed->at, (long long)sealed->policy_version,
		sealed->policy_sha256, sealed->has_next ? ", nor the one that custodians approved" : "");
	if (sealed->has_next && !*next)
		log_warn("genesis",
			"custodians approved keys.json version %lld on %s (SHA-256 %.16s…), but version %lld is in place: exchange it",
			(long long)sealed->next.version, sealed->next.at, sealed->next.sha256,
			(long long)p->file.version);
	return ERR_OK;
}

enum err
genesis_check(struct session *s, const struct policy *p, const char *token_name, bool promote, int64_t *known)
{
	const struct clock clock = clock_system();
	struct sealed sealed;
	bool next = false;
	enum err e;

	TRY(sealed_read(s, &sealed));
	e = compare(&sealed, p, token_name, &next);
	*known = sealed.has_next ? sealed.next.version : sealed.policy_version;
	if (e == ERR_OK && next && promote) {
		e = policy_seal(s, p, token_name, clock_now(&clock));
		log_info("genesis", "keys.json version %lld takes over from version %lld, as custodians approved",
			(long long)p->file.version, (long long)sealed.policy_version);
	}
	json_free(&sealed_table, &sealed);
	return e;
}

enum err
genesis_approve(struct session *s, const struct policy *next, const char *const *by, unix_time now)
{
	AUTO(writer) value = writer_new(MAX_SEALED);
	struct json_writer j = json_to(&value);
	struct sealed sealed;

	TRY(sealed_read(s, &sealed));
	json_object(&j, NULL);
	json_int(&j, "format", FORMAT);
	json_text(&j, "token", sealed.token);
	json_int(&j, "policy_version", sealed.policy_version);
	json_text(&j, "policy_sha256", sealed.policy_sha256);
	json_int(&j, "k", sealed.k);
	texts_write(&j, "custodians", &sealed.custodians);
	json_text(&j, "at", sealed.at);
	json_object(&j, "next");
	json_int(&j, "version", next->file.version);
	json_hex(&j, "sha256", sha256_span(&next->hash));
	json_time(&j, "at", now);
	json_array(&j, "approved_by");
	for (size_t i = 0; by[i] != NULL; i++)
		json_text(&j, NULL, by[i]);
	json_array_end(&j);
	json_object_end(&j);
	json_object_end(&j);
	json_free(&sealed_table, &sealed);
	TRY(writer_done(&value));
	return token_data_put(s, label, writer_span(&value));
}
