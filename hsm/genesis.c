#include "hsm/genesis.h"

#include <string.h>

#include "base/encode.h"

enum { FORMAT = 1, MAX_SEALED = 16 << 10 };

static const char label[] = "mohar-genesis";

struct sealed {
	int64_t format, policy_version, k;
	char *token, *policy_sha256, *at;
	struct json_list custodians;
};

static const struct json_row sealed_rows[] = {
	{"format", JSON_INT, JSON_REQUIRED, offsetof(struct sealed, format), .min = FORMAT, .max = FORMAT},
	{"token", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed, token), .max = 32},
	{"policy_version", JSON_INT, JSON_REQUIRED, offsetof(struct sealed, policy_version), .min = 1, .max = 1 << 30},
	{"policy_sha256", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed, policy_sha256), .max = 64},
	{"k", JSON_INT, JSON_REQUIRED, offsetof(struct sealed, k), .min = 1, .max = 16},
	{"custodians", JSON_TEXTS, JSON_REQUIRED, offsetof(struct sealed, custodians), .max = 32},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed, at), .max = 32},
};
static const struct json_table sealed_table = {"genesis object", sealed_rows,
	sizeof(sealed_rows) / sizeof(sealed_rows[0]), sizeof(struct sealed), false};

static void
sealed_write(struct writer *w, const struct policy *p, const char *token_name, unix_time now)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_int(&j, "format", FORMAT);
	json_text(&j, "token", token_name);
	json_int(&j, "policy_version", p->version);
	json_hex(&j, "policy_sha256", sha256_span(&p->hash));
	json_int(&j, "k", p->custodians.k);
	json_array(&j, "custodians");
	for (size_t i = 0; i < p->custodians.names.count; i++)
		json_text(&j, NULL, json_text_at(&p->custodians.names, i));
	json_array_end(&j);
	json_time(&j, "at", now);
	json_object_end(&j);
}

enum err
genesis_run(struct session *s, const struct policy *p, const char *token_name, unix_time now)
{
	AUTO(writer) value = writer_new(MAX_SEALED);
	bool empty;

	TRY(token_is_empty(s, &empty));
	REQUIRE_WHY(empty, ERR_EXISTS,
		"the token is not empty: genesis is for a new one only (softhsm2-util --init-token makes one)");
	sealed_write(&value, p, token_name, now);
	TRY(writer_done(&value));
	return token_data_put(s, label, writer_span(&value));
}

static enum err
compare(const struct sealed *sealed, const struct policy *p, const char *token_name)
{
	AUTO(writer) hash = writer_new(2 * SHA256_LEN);

	hex_write(&hash, sha256_span(&p->hash));
	TRY(writer_done(&hash));
	REQUIRE_WHY(strcmp(sealed->token, token_name) == 0, ERR_CONFIG,
		"this is the token '%s' of keys.json, not '%s': correct 'serves'", sealed->token, token_name);
	REQUIRE_WHY(span_is(writer_span(&hash), sealed->policy_sha256), ERR_CONFIG,
		"keys.json (version %lld, SHA-256 %.16s…) is not the one that genesis sealed on %s (version %lld, %.16s…): put that one back",
		(long long)p->version, (const char *)hash.ptr, sealed->at, (long long)sealed->policy_version,
		sealed->policy_sha256);
	return ERR_OK;
}

enum err
genesis_check(struct session *s, const struct policy *p, const char *token_name)
{
	AUTO(writer) value = writer_new(MAX_SEALED);
	struct sealed sealed;
	enum err e = token_data_get(s, label, &value);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_CONFIG,
		"the token has had no genesis: hold a ceremony (mohar ceremony run), or mohar-hsmd genesis");
	TRY(e);
	TRY(json_decode(writer_span(&value), &sealed_table, &sealed));
	e = compare(&sealed, p, token_name);
	json_free(&sealed_table, &sealed);
	return e;
}
