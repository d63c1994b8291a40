#include <stdio.h>
#include <string.h>

#include "jose/jose.h"
#include "signer/signer.h"

/* keys.json, as far as it names seals. */
struct key_row {
	char *label, *purpose, *agency;
};
struct keys_file {
	struct json_list keys;
};

static const struct json_row key_rows[] = {
	{"label", JSON_TEXT, JSON_REQUIRED, offsetof(struct key_row, label), 0, MAX_KEY_LABEL, NULL, 0},
	{"purpose", JSON_TEXT, JSON_REQUIRED, offsetof(struct key_row, purpose), 0, 64, NULL, 0},
	{"agency", JSON_TEXT, JSON_OPTIONAL, offsetof(struct key_row, agency), 0, 64, NULL, 0},
};
static const struct json_table key_table = {"key", key_rows, 3, sizeof(struct key_row), true};
static const struct json_row file_rows[] = {
	{"keys", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct keys_file, keys), 0, 256, &key_table, 0},
};
static const struct json_table file_table = {"keys.json", file_rows, 1, sizeof(struct keys_file), true};

static enum err
open_seal(struct signer *s, const struct key_row *row)
{
	struct seal *const seal = &s->seals[s->seal_count];
	AUTO(jwk) *jwk = NULL;

	REQUIRE_WHY(s->seal_count < MAX_SEALS, ERR_CONFIG, "keys.json: more than %d seals", MAX_SEALS);
	REQUIRE_WHY(row->agency != NULL, ERR_CONFIG, "keys.json: seal %s names no agency", row->label);
	snprintf(seal->agency, sizeof(seal->agency), "%s", row->agency);
	snprintf(seal->label, sizeof(seal->label), "%s", row->label);
	TRY(keyring_key(s->keyring, row->label, (struct span){0}, &seal->key));
	s->seal_count++;
	TRY(jwk_from_key(seal->key, NULL, &jwk));
	return jwk_thumbprint(jwk, seal->kid);
}

enum err
signer_seals_check(const char *keys_json)
{
	struct keys_file file;

	TRY(json_decode_file(keys_json, &file_table, &file));
	json_free(&file_table, &file);
	return ERR_OK;
}

enum err
signer_seals_open(struct signer *s)
{
	struct keys_file file;
	enum err e = ERR_OK;

	TRY(json_decode_file(s->settings.keys, &file_table, &file));
	for (size_t i = 0; e == ERR_OK && i < file.keys.count; i++) {
		const struct key_row *const row = &((const struct key_row *)file.keys.items)[i];

		if (strcmp(row->purpose, "agency-seal") == 0)
			e = open_seal(s, row);
	}
	json_free(&file_table, &file);
	return e;
}

void
signer_seals_close(struct signer *s)
{
	for (size_t i = 0; i < s->seal_count; i++)
		EVP_PKEY_free(s->seals[i].key);
	s->seal_count = 0;
}

const struct seal *
signer_seal(const struct signer *s, const char *agency)
{
	for (size_t i = 0; i < s->seal_count; i++)
		if (strcmp(s->seals[i].agency, agency) == 0)
			return &s->seals[i];
	return NULL;
}
