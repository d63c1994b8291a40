#include <stdio.h>
#include <string.h>

#include "jose/jose.h"
#include "policy/keys_file.h"
#include "signer/signer.h"

static enum err
open_seal(struct signer *s, const struct key_rule *row)
{
	struct seal *const seal = &s->seals[s->seal_count];
	AUTO(jwk) *jwk = NULL;

	REQUIRE_WHY(s->seal_count < MAX_SEALS, ERR_CONFIG, "keys.json: more than %d seals", MAX_SEALS);
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
	AUTO(keys_file) file = {0};

	return keys_file_read(keys_json, NULL, &file);
}

enum err
signer_seals_open(struct signer *s)
{
	TRY(keys_file_read(s->settings.keys, NULL, &s->custody));
	for (size_t i = 0; i < s->custody.keys.count; i++) {
		const struct key_rule *const row = (const struct key_rule *)s->custody.keys.items + i;

		if (strcmp(row->purpose, "agency-seal") == 0)
			TRY(open_seal(s, row));
	}
	return ERR_OK;
}

void
signer_seals_close(struct signer *s)
{
	for (size_t i = 0; i < s->seal_count; i++)
		EVP_PKEY_free(s->seals[i].key);
	s->seal_count = 0;
	keys_file_free(&s->custody);
}

const struct seal *
signer_seal(const struct signer *s, const char *agency)
{
	for (size_t i = 0; i < s->seal_count; i++)
		if (strcmp(s->seals[i].agency, agency) == 0)
			return &s->seals[i];
	return NULL;
}
