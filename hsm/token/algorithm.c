#include "hsm/token/algorithm.h"

#include <string.h>

#include <openssl/obj_mac.h>

/* RFC 5480 2.1.1.1 named curves, DER; for Ed25519 the PrintableString of PKCS#11 3.0 2.3.10, which SoftHSM takes as well as the OID. */
#define OID_P256 "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384 "\x06\x05\x2b\x81\x04\x00\x22"
#define NAME_ED25519 \
	"\x13\x0c"   \
	"edwards25519"

static const struct algorithm algorithms[] = {
	{"P-256", ALGORITHM_SIGN, CKK_EC, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, {(const uint8_t *)OID_P256, 10}, "P-256",
		"SHA256", NID_ecdsa_with_SHA256, "ES256", 64},
	{"P-384", ALGORITHM_SIGN, CKK_EC, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, {(const uint8_t *)OID_P384, 7}, "P-384",
		"SHA384", NID_ecdsa_with_SHA384, "ES384", 96},
	{"Ed25519", ALGORITHM_SIGN, CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA,
		{(const uint8_t *)NAME_ED25519, 14}, NULL, NULL, NID_ED25519, "EdDSA", 64},
	{"HMAC-SHA-256", ALGORITHM_MAC, CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN, CKM_SHA256_HMAC, {NULL, 0},
		NULL, NULL, NID_undef, NULL, 32},
	{"AES-256", ALGORITHM_WRAP, CKK_AES, CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP_PAD, {NULL, 0}, NULL, NULL, NID_undef,
		NULL, 0},
	{"AES-256", ALGORITHM_MASTER, CKK_AES, CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP_PAD, {NULL, 0}, NULL, NULL, NID_undef,
		NULL, 0},
};

const struct algorithm *
algorithm_find(const char *name, enum algorithm_kind kind)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].kind == kind && strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}
