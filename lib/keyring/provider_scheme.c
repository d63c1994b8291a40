#include "keyring/provider.h"

#include <string.h>

#include "json/json.h"
#include "keyring/identifier.h"
#include "x509/weak_key.h"

/* As over there (lib/policy/algorithm.c): what a key signs with follows from its row in keys.json, and nobody here can choose otherwise. */
static const struct scheme schemes[] = {
	{"P-256", "SHA256", "ES256", IDENTIFIER(DER_ECDSA_SHA256), 0},
	{"P-384", "SHA384", "ES384", IDENTIFIER(DER_ECDSA_SHA384), 0},
	{"P-521", "SHA512", "ES512", IDENTIFIER(DER_ECDSA_SHA512), 0},
	{"Ed25519", NULL, "EdDSA", IDENTIFIER(DER_ED25519), 0},
	{"RSA-2048", "SHA256", "RS256", IDENTIFIER(DER_RSA_SHA256), RSA_PKCS1_PADDING},
	{"RSA-3072", "SHA256", "RS256", IDENTIFIER(DER_RSA_SHA256), RSA_PKCS1_PADDING},
	{"RSA-3072-SHA-384", "SHA384", "RS384", IDENTIFIER(DER_RSA_SHA384), RSA_PKCS1_PADDING},
	{"RSA-4096", "SHA512", "RS512", IDENTIFIER(DER_RSA_SHA512), RSA_PKCS1_PADDING},
	{"RSA-2048-PSS", "SHA256", "PS256", IDENTIFIER(DER_RSA_PSS_SHA256), RSA_PKCS1_PSS_PADDING},
	{"RSA-3072-PSS", "SHA256", "PS256", IDENTIFIER(DER_RSA_PSS_SHA256), RSA_PKCS1_PSS_PADDING},
	{"RSA-3072-PSS-SHA-384", "SHA384", "PS384", IDENTIFIER(DER_RSA_PSS_SHA384), RSA_PKCS1_PSS_PADDING},
	{"RSA-4096-PSS", "SHA512", "PS512", IDENTIFIER(DER_RSA_PSS_SHA512), RSA_PKCS1_PSS_PADDING},
};

struct told {
	char *label, *algorithm;
};
struct told_keys {
	struct json_list keys; /* struct told */
};

static const struct json_row told_rows[] = {
	{"label", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, label), .max = MAX_KEY_LABEL},
	{"algorithm", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, algorithm), .max = 32},
};
static const struct json_table told_table = {"key", told_rows, 2, sizeof(struct told), true};
static const struct json_row keys_rows[] = {
	{"keys", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct told_keys, keys), .max = 1024, .table = &told_table},
};
static const struct json_table keys_table = {"status", keys_rows, 1, sizeof(struct told_keys), true};

static const struct scheme *
scheme_named(const char *algorithm)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strcmp(schemes[i].algorithm, algorithm) == 0)
			return &schemes[i];
	return NULL;
}

/* An RSA key does not show whether it is for PKCS #1 v1.5 or for PSS: mohar-hsmd knows. */
static enum err
scheme_told(const char *label, const struct scheme **out)
{
	AUTO(writer) text = writer_new(MAX_STATUS);
	struct told_keys told;
	const struct told *rows;

	TRY(keyring_status(provider_keyring(), &text));
	TRY(json_decode(writer_span(&text), &keys_table, &told));
	rows = told.keys.items;
	*out = NULL;
	for (size_t i = 0; i < told.keys.count && *out == NULL; i++)
		if (strcmp(rows[i].label, label) == 0)
			*out = scheme_named(rows[i].algorithm);
	json_free(&keys_table, &told);
	return ERR_OK;
}

enum err
scheme_of(const char *label, const EVP_PKEY *public_half, const struct scheme **out)
{
	char type[16];

	if (EVP_PKEY_is_a(public_half, "RSA")) {
		TRY(scheme_told(label, out));
	} else {
		TRY(key_type(public_half, type));
		*out = scheme_named(type);
	}
	REQUIRE_WHY(*out != NULL, ERR_UNSUPPORTED, "key '%s' is of an algorithm that is not known here", label);
	return ERR_OK;
}
