#include <string.h>

#include "base/file.h"
#include "cli/ceremony/ceremony.h"

enum { MAX_KEYS_JSON = 1 << 20, MAX_NOTHING = 1024 };

/* Another keys.json, which rules once it is in place and mohar-hsmd has started again. */
enum err
ceremony_policy(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) text = writer_new(MAX_KEYS_JSON);
	AUTO(writer) nothing = writer_new(MAX_NOTHING);
	const struct input *in;
	struct keyring *k;
	struct sha256 hash;

	TRY(ceremony_keyring(c, s->token, &k));
	TRY(ceremony_input(c, s->input, &in));
	TRY(file_read(in->path, MAX_KEYS_JSON, &text));
	hash = sha256_of(writer_span(&text));
	REQUIRE_WHY(memcmp(hash.bytes, in->hash.bytes, SHA256_LEN) == 0, ERR_MISMATCH,
		"%s has changed since this ceremony began", in->path);
	return ceremony_decide(c, k, "policy", NULL, writer_span(&text), &nothing);
}

enum err
ceremony_delete(struct ceremony *c, const struct script_step *s)
{
	struct keyring *k;

	TRY(ceremony_keyring(c, s->token, &k));
	return ceremony_decide_replacing(c, k, "delete", s->key, SPAN(""));
}

/* What mohar-hsmd waits for, as it says in STATUS. */
struct waiting {
	char *restore;
};
static const struct json_row waiting_rows[] = {{"restore", JSON_TEXT, JSON_OPTIONAL, 0, .max = 256}};
static const struct json_table waiting_table = {"status", waiting_rows, 1, sizeof(struct waiting), true};

/* Journal and token fit, or the custodians decide to go on with what is left. */
enum err
ceremony_restore(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) json = writer_new(MAX_KEYS_JSON);
	struct waiting w;
	struct keyring *k;
	enum err e = ERR_OK;

	TRY(ceremony_keyring(c, s->token, &k));
	TRY(keyring_status(k, &json));
	TRY(json_decode(writer_span(&json), &waiting_table, &w));
	json_bool(&c->json, "needed", w.restore != NULL);
	if (w.restore != NULL)
		e = ceremony_decide_replacing(c, k, "restore", NULL, span_of(w.restore));
	json_free(&waiting_table, &w);
	return e;
}
