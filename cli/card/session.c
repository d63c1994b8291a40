#include "cli/card/session.h"

#include <string.h>

#include "x509/own.h"
#include "x509/x509.h"

enum err
card_session_open(const struct card_place *at, struct card_session *out)
{
	CK_SLOT_ID slot;

	*out = (struct card_session){0};
	TRY(card_module_open(at->module, &out->module));
	enum err e = card_module_find(out->module, at->token, &slot);

	if (e == ERR_OK)
		e = card_module_session(out->module, slot, CKU_USER, at->pin, &out->session);
	if (e != ERR_OK)
		card_session_free(out);
	return e;
}

void
card_session_free(struct card_session *s)
{
	card_module_free(&s->module);
}

enum err
card_objects_find(const struct card_session *s, CK_OBJECT_CLASS class, const uint8_t *id, struct card_objects *out)
{
	CK_ATTRIBUTE match[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_ID, (void *)(uintptr_t)id, 1},
	};

	return card_module_objects(s->module, s->session, match, id != NULL ? 2 : 1, out->handles, &out->count);
}

enum err
card_objects_remove(const struct card_session *s, const struct card_objects *objects)
{
	for (CK_ULONG i = 0; i < objects->count; i++)
		TRY(card_module_result(card_module_calls(s->module)->C_DestroyObject(s->session, objects->handles[i]),
			"C_DestroyObject"));
	return ERR_OK;
}

enum err
card_object_move(const struct card_session *s, CK_OBJECT_HANDLE object, uint8_t id, const char *label)
{
	CK_ATTRIBUTE changed[] = {
		{CKA_ID, &id, 1},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
	};
	const CK_RV rv = card_module_calls(s->module)->C_SetAttributeValue(s->session, object, changed, 2);

	REQUIRE_WHY(rv != CKR_ATTRIBUTE_READ_ONLY && rv != CKR_ACTION_PROHIBITED, ERR_UNSUPPORTED,
		"C_SetAttributeValue: the card cannot give a key another number (0x%lx)", rv);
	return card_module_result(rv, "C_SetAttributeValue");
}

enum err
card_object_certificate(const struct card_session *s, CK_OBJECT_HANDLE object, X509 **out)
{
	AUTO(writer) der = writer_new(MAX_CARD_VALUE);

	card_module_value(s->module, s->session, object, CKA_VALUE, &der);
	return certificate_parse(writer_span(&der), out);
}

/* CKA_EC_POINT is the point in an OCTET STRING (PKCS#11 2.3.3), and on some cards bare: so its end is compared. */
static bool
ends_with(struct span whole, struct span end)
{
	return whole.len >= end.len && end.len > 0 && memcmp(whole.ptr + whole.len - end.len, end.ptr, end.len) == 0;
}

bool
card_object_is_key_of(const struct card_session *s, CK_OBJECT_HANDLE public_key, const X509 *x)
{
	AUTO(writer) value = writer_new(MAX_CARD_VALUE);
	EVP_PKEY *key = X509_get0_pubkey(x);
	uint8_t modulus[1 << 10];
	BIGNUM *n = NULL;

	if (key == NULL)
		return false;
	if (EVP_PKEY_is_a(key, "RSA")) {
		card_module_value(s->module, s->session, public_key, CKA_MODULUS, &value);
		if (EVP_PKEY_get_bn_param(key, "n", &n) != 1 || BN_num_bytes(n) > (int)sizeof(modulus)) {
			BN_free(n);
			return false;
		}
		const int len = BN_bn2bin(n, modulus);

		BN_free(n);
		return ends_with(writer_span(&value), span_at(modulus, (size_t)len));
	}
	unsigned char *point = NULL;
	const size_t len = EVP_PKEY_get1_encoded_public_key(key, &point);

	card_module_value(s->module, s->session, public_key, CKA_EC_POINT, &value);
	const bool same = ends_with(writer_span(&value), span_at(point, len));

	OPENSSL_free(point);
	return same;
}
