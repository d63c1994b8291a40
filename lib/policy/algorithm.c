#include "policy/algorithm.h"

#include <string.h>

#include "keyring/identifier.h"

/* RFC 5480 2.1.1.1 named curves, DER; for Ed25519 the PrintableString of PKCS#11 3.0 2.3.10, which SoftHSM takes as well as the OID. */
#define OID_P256 "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384 "\x06\x05\x2b\x81\x04\x00\x22"
#define OID_P521 "\x06\x05\x2b\x81\x04\x00\x23"
#define NAME_ED25519 \
	"\x13\x0c"   \
	"edwards25519"

#define NIST(name, oid, digest, identifier, jose, len, bits)                                                       \
	{                                                                                                          \
		(name), ALGORITHM_SIGN, CKK_EC, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, IDENTIFIER(oid), (name), (digest), \
			IDENTIFIER(identifier), (jose), (len), (bits)                                              \
	}
#define RSA_KEY(name, use, digest, identifier, jose, bits)                                                    \
	{                                                                                                     \
		(name), ALGORITHM_SIGN, CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN, (use), {NULL, 0}, NULL, (digest), \
			IDENTIFIER(identifier), (jose), (bits) / 8, (bits)                                    \
	}
#define SECRET(name, kind, type, generate, use, len)                                                        \
	{                                                                                                   \
		(name), (kind), (type), (generate), (use), {NULL, 0}, NULL, NULL, {NULL, 0}, NULL, (len), 0 \
	}

/* RSA: SHA-256 suits moduli up to 3072 bits (NIST SP 800-57 part 1, table 2: 128 bits of strength); above it SHA-512; SHA-384 for who asks for it. */
static const struct algorithm algorithms[] = {
	NIST("P-256", OID_P256, "SHA256", DER_ECDSA_SHA256, "ES256", 64, 256),
	NIST("P-384", OID_P384, "SHA384", DER_ECDSA_SHA384, "ES384", 96, 384),
	NIST("P-521", OID_P521, "SHA512", DER_ECDSA_SHA512, "ES512", 132, 521),
	{"Ed25519", ALGORITHM_SIGN, CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, IDENTIFIER(NAME_ED25519),
		NULL, NULL, IDENTIFIER(DER_ED25519), "EdDSA", 64, 0},
	RSA_KEY("RSA-2048", CKM_RSA_PKCS, "SHA256", DER_RSA_SHA256, "RS256", 2048),
	RSA_KEY("RSA-3072", CKM_RSA_PKCS, "SHA256", DER_RSA_SHA256, "RS256", 3072),
	RSA_KEY("RSA-3072-SHA-384", CKM_RSA_PKCS, "SHA384", DER_RSA_SHA384, "RS384", 3072),
	RSA_KEY("RSA-4096", CKM_RSA_PKCS, "SHA512", DER_RSA_SHA512, "RS512", 4096),
	RSA_KEY("RSA-2048-PSS", CKM_RSA_PKCS_PSS, "SHA256", DER_RSA_PSS_SHA256, "PS256", 2048),
	RSA_KEY("RSA-3072-PSS", CKM_RSA_PKCS_PSS, "SHA256", DER_RSA_PSS_SHA256, "PS256", 3072),
	RSA_KEY("RSA-3072-PSS-SHA-384", CKM_RSA_PKCS_PSS, "SHA384", DER_RSA_PSS_SHA384, "PS384", 3072),
	RSA_KEY("RSA-4096-PSS", CKM_RSA_PKCS_PSS, "SHA512", DER_RSA_PSS_SHA512, "PS512", 4096),
	SECRET("HMAC-SHA-256", ALGORITHM_MAC, CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN, CKM_SHA256_HMAC, 32),
	SECRET("AES-256", ALGORITHM_WRAP, CKK_AES, CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP_PAD, 0),
	SECRET("AES-256", ALGORITHM_MASTER, CKK_AES, CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP_PAD, 0),
};

const struct algorithm *
algorithm_find(const char *name, enum algorithm_kind kind)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].kind == kind && strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

bool
algorithm_suits_citizens(const struct algorithm *a)
{
	return a != NULL && a->kind == ALGORITHM_SIGN && a->key_type == CKK_EC && a->use == CKM_ECDSA;
}

const char *
mechanism_name(CK_MECHANISM_TYPE mechanism)
{
#define NAME(m)         \
	{               \
		(m), #m \
	}
	static const struct {
		CK_MECHANISM_TYPE type;
		const char *name;
	} names[] = {
		NAME(CKM_EC_KEY_PAIR_GEN),
		NAME(CKM_ECDSA),
		NAME(CKM_EC_EDWARDS_KEY_PAIR_GEN),
		NAME(CKM_EDDSA),
		NAME(CKM_RSA_PKCS_KEY_PAIR_GEN),
		NAME(CKM_RSA_PKCS),
		NAME(CKM_RSA_PKCS_PSS),
		NAME(CKM_GENERIC_SECRET_KEY_GEN),
		NAME(CKM_SHA256_HMAC),
		NAME(CKM_AES_KEY_GEN),
		NAME(CKM_AES_KEY_WRAP_PAD),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == mechanism)
			return names[i].name;
	return "?";
}
