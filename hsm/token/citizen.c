#include "hsm/token/citizen.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "x509/own.h"

enum { MAX_POINT = 160 };

/* NSS's own attribute: a private key that it unwraps lacks its public half otherwise (nss/lib/util/pkcs11n.h). */
#define CKA_NSS_DB 0xD5A0DB00UL

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;

/* ---- making ---- */

/* Extractable, or it could not be wrapped; sensitive, so that wrapped under a master key is the only way out, and only for as long as this call lasts. */
static enum err
pair_make(struct session *s, const struct algorithm *a, CK_OBJECT_HANDLE *public_half, CK_OBJECT_HANDLE *private_half)
{
	CK_MECHANISM mechanism = {a->generate, NULL, 0};
	CK_ATTRIBUTE public_template[] = {
		{CKA_EC_PARAMS, (void *)(uintptr_t)a->parameters.ptr, a->parameters.len},
		{CKA_TOKEN, &no, sizeof(no)},
		{CKA_PRIVATE, &no, sizeof(no)},
		{CKA_VERIFY, &yes, sizeof(yes)},
	};
	CK_ATTRIBUTE private_template[] = {
		{CKA_TOKEN, &no, sizeof(no)},
		{CKA_PRIVATE, &yes, sizeof(yes)},
		{CKA_SENSITIVE, &yes, sizeof(yes)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)},
		{CKA_SIGN, &yes, sizeof(yes)},
		{CKA_DECRYPT, &no, sizeof(no)},
		{CKA_UNWRAP, &no, sizeof(no)},
		{CKA_DERIVE, &no, sizeof(no)},
	};

	return returned(s, "C_GenerateKeyPair",
		token_calls(s->token)->C_GenerateKeyPair(s->handle, &mechanism, public_template, 4, private_template, 8,
			public_half, private_half));
}

/* CKA_EC_POINT is a DER OCTET STRING (PKCS#11 2.40 2.3.3). */
static enum err
point_read(struct span der, struct span *out)
{
	const size_t head = der.len >= 2 && der.ptr[1] == 0x81 ? 3 : 2;

	REQUIRE(der.len > head && der.ptr[0] == 0x04 && der.ptr[head - 1] == der.len - head, ERR_CORRUPT);
	*out = span_at(der.ptr + head, der.len - head);
	return ERR_OK;
}

static enum err
spki_write(const struct algorithm *a, struct span point, struct writer *spki)
{
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OWN(EVP_PKEY) key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)a->group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.ptr, point.len),
		OSSL_PARAM_construct_end(),
	};
	uint8_t *der = NULL;
	int len;

	CRYPTO_OK(context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
			EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1,
		"a public key that the token made");
	len = i2d_PUBKEY(key, &der);
	CRYPTO_OK(len > 0, "i2d_PUBKEY");
	writer_bytes(spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return writer_done(spki);
}

static enum err
public_half_read(struct session *s, const struct algorithm *a, CK_OBJECT_HANDLE object, struct writer *spki)
{
	uint8_t bytes[MAX_POINT];
	CK_ATTRIBUTE point = {CKA_EC_POINT, bytes, sizeof(bytes)};
	struct span raw;

	TRY(returned(s, "C_GetAttributeValue",
		token_calls(s->token)->C_GetAttributeValue(s->handle, object, &point, 1)));
	REQUIRE(point.ulValueLen <= sizeof(bytes), ERR_CORRUPT);
	TRY(point_read(span_at(bytes, point.ulValueLen), &raw));
	return spki_write(a, raw, spki);
}

static enum err
private_half_wrap(struct session *s, CK_OBJECT_HANDLE master, CK_OBJECT_HANDLE object, struct writer *wrapped)
{
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	uint8_t bytes[MAX_WRAPPED_CITIZEN];
	CK_ULONG len = sizeof(bytes);

	TRY(returned(s, "C_WrapKey",
		token_calls(s->token)->C_WrapKey(s->handle, &mechanism, master, object, bytes, &len)));
	writer_bytes(wrapped, span_at(bytes, len));
	return writer_done(wrapped);
}

enum err
token_citizen_make(struct session *s, CK_OBJECT_HANDLE master, const struct algorithm *a, struct writer *wrapped,
	struct writer *spki)
{
	CK_OBJECT_HANDLE public_half, private_half;
	bool lost;
	enum err e;

	REQUIRE_WHY(algorithm_suits_citizens(a), ERR_UNSUPPORTED, "citizens' keys are for ECDSA");
	TRY(pair_make(s, a, &public_half, &private_half));
	e = private_half_wrap(s, master, private_half, wrapped);
	if (e == ERR_OK)
		e = public_half_read(s, a, public_half, spki);
	lost = s->lost;
	token_citizen_drop(s, private_half);
	token_citizen_drop(s, public_half);
	s->lost = lost;
	return e;
}

/* ---- using ---- */

/* An uncompressed point (SEC 1 2.3.3) is the end of its SubjectPublicKeyInfo. */
static enum err
point_at_end(const struct algorithm *a, struct span spki, struct span *out)
{
	const size_t len = 1 + a->signature_len;

	REQUIRE_WHY(spki.len > len && spki.ptr[spki.len - len] == 0x04, ERR_CORRUPT, "a public half without its point");
	*out = span_at(spki.ptr + spki.len - len, len);
	return ERR_OK;
}

enum err
token_citizen_unwrap(struct session *s, CK_OBJECT_HANDLE master, const struct algorithm *a, struct span wrapped,
	struct span spki, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CK_KEY_TYPE type = a->key_type;
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &private_key, sizeof(private_key)}, {CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &no, sizeof(no)}, {CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SENSITIVE, &yes, sizeof(yes)},
		{CKA_EXTRACTABLE, &no, sizeof(no)}, {CKA_SIGN, &yes, sizeof(yes)}, {CKA_DERIVE, &no, sizeof(no)},
		{CKA_COPYABLE, &no, sizeof(no)}, /* else it could be made to stay on the token */
	};
	const CK_ULONG count = sizeof(template) / sizeof(template[0]);
	struct span point;

	TRY(point_at_end(a, spki, &point));
	if (token_is_nss(s->token)) /* in place of the last, which it does not know */
		template[count - 1] = (CK_ATTRIBUTE){CKA_NSS_DB, (void *)(uintptr_t)point.ptr, point.len};
	return returned(s, "C_UnwrapKey",
		token_calls(s->token)->C_UnwrapKey(s->handle, &mechanism, master, (CK_BYTE *)(uintptr_t)wrapped.ptr,
			wrapped.len, template, count, out));
}

/* One INTEGER: no leading zeros but the one that keeps it positive (X.690 8.3). */
static void
integer_write(struct writer *w, struct span n)
{
	bool high;

	while (n.len > 1 && n.ptr[0] == 0)
		n = span_at(n.ptr + 1, n.len - 1);
	high = n.ptr[0] & 0x80;
	writer_u8(w, 0x02);
	writer_u8(w, (uint8_t)(n.len + high));
	if (high)
		writer_u8(w, 0);
	writer_bytes(w, n);
}

/* r || s as SEQUENCE { INTEGER, INTEGER } (RFC 3279 2.2.3). */
static enum err
signature_write(struct writer *der, struct span raw)
{
	AUTO(writer) inside = writer_new(MAX_SIGNATURE);

	integer_write(&inside, span_at(raw.ptr, raw.len / 2));
	integer_write(&inside, span_at(raw.ptr + raw.len / 2, raw.len / 2));
	TRY(writer_done(&inside));
	writer_u8(der, 0x30);
	if (inside.len >= 0x80)
		writer_u8(der, 0x81);
	writer_u8(der, (uint8_t)inside.len);
	writer_bytes(der, writer_span(&inside));
	return writer_done(der);
}

enum err
token_citizen_sign(struct session *s, const struct algorithm *a, CK_OBJECT_HANDLE key, struct verifier *verifier,
	struct span digest, struct writer *der)
{
	CK_FUNCTION_LIST *c = token_calls(s->token);
	CK_MECHANISM mechanism = {a->use, NULL, 0};
	const size_t order = a->signature_len / 2;
	uint8_t raw[MAX_RAW_SIGNATURE];
	CK_ULONG got = a->signature_len;

	TRY(returned(s, "C_SignInit", c->C_SignInit(s->handle, &mechanism, key)));
	TRY(returned(s, "C_Sign",
		c->C_Sign(s->handle, (CK_BYTE *)(uintptr_t)digest.ptr, digest.len < order ? digest.len : order, raw,
			&got)));
	REQUIRE_WHY(got == a->signature_len, ERR_CRYPTO, "C_Sign gave %lu bytes instead of %zu", got, a->signature_len);
	TRY(verifier_check(verifier, digest, span_at(raw, got)));
	return signature_write(der, span_at(raw, got));
}

void
token_citizen_drop(struct session *s, CK_OBJECT_HANDLE object)
{
	if (s->open)
		(void)token_calls(s->token)->C_DestroyObject(s->handle, object);
}

bool
token_session_lives(const struct session *s)
{
	CK_SESSION_INFO info = {0};

	return s->open && !s->lost && token_calls(s->token)->C_GetSessionInfo(s->handle, &info) == CKR_OK &&
		info.state == CKS_RW_USER_FUNCTIONS;
}
