#include "hsm/token/token.h"

#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "json/json.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* What is demanded of every private or secret key, and read back into the ceremony's transcript. LOCAL, ALWAYS_SENSITIVE and NEVER_EXTRACTABLE are
 * the token's own word about the key's whole life (PKCS#11 2.40 4.9). */
static const struct {
	const char *name;
	CK_ATTRIBUTE_TYPE type;
	bool pair, mac, wrap; /* the value demanded, by kind */
	bool told;            /* told by the token, not asked of it */
} demands[] = {
	{"token", CKA_TOKEN, true, true, true, false},
	{"private", CKA_PRIVATE, true, true, true, false},
	{"sensitive", CKA_SENSITIVE, true, true, true, false},
	{"extractable", CKA_EXTRACTABLE, false, false, false, false},
	{"modifiable", CKA_MODIFIABLE, false, false, false, false},
	{"copyable", CKA_COPYABLE, false, false, false, false},
	{"sign", CKA_SIGN, true, true, false, false},
	{"encrypt", CKA_ENCRYPT, false, false, false, false},
	{"decrypt", CKA_DECRYPT, false, false, false, false},
	{"wrap", CKA_WRAP, false, false, true, false},
	{"unwrap", CKA_UNWRAP, false, false, true, false},
	{"derive", CKA_DERIVE, false, false, false, false},
	{"local", CKA_LOCAL, true, true, true, true},
	{"always_sensitive", CKA_ALWAYS_SENSITIVE, true, true, true, true},
	{"never_extractable", CKA_NEVER_EXTRACTABLE, true, true, true, true},
};
enum { DEMANDS = sizeof(demands) / sizeof(demands[0]), MAX_TEMPLATE = DEMANDS + 8 };

static bool
demanded(size_t i, enum algorithm_kind kind)
{
	return kind == ALGORITHM_SIGN ? demands[i].pair : kind == ALGORITHM_MAC ? demands[i].mac : demands[i].wrap;
}

/* Private keys have no ENCRYPT and WRAP, whose public halves do. */
static bool
applies(size_t i, enum algorithm_kind kind)
{
	return kind != ALGORITHM_SIGN || (demands[i].type != CKA_ENCRYPT && demands[i].type != CKA_WRAP);
}

/* NSS's database has no place for these, and refuses a key that is made with one. What they forbid is then not forbidden to who knows the PIN: token_lacks tells. */
static bool
is_kept(const struct token *t, CK_ATTRIBUTE_TYPE type)
{
	return !token_is_nss(t) ||
		(type != CKA_LOCAL && type != CKA_ALLOWED_MECHANISMS && type != CKA_COPYABLE &&
			type != CKA_WRAP_TEMPLATE && type != CKA_UNWRAP_TEMPLATE);
}

const char *
token_lacks(const struct token *t)
{
	return token_is_nss(t)
		? "CKA_LOCAL, CKA_ALLOWED_MECHANISMS, CKA_COPYABLE, CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE"
		: "";
}

static CK_ULONG
kept(const struct token *t, CK_ATTRIBUTE *template, CK_ULONG n)
{
	CK_ULONG left = 0;

	for (CK_ULONG i = 0; i < n; i++)
		if (is_kept(t, template[i].type))
			template[left++] = template[i];
	return left;
}

static void
add(CK_ATTRIBUTE *template, CK_ULONG *n, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	template[(*n)++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)value, len};
}

static CK_ULONG
private_template(CK_ATTRIBUTE *template, const char *label, const uint8_t *id, const struct algorithm *a)
{
	CK_ULONG n = 0;

	add(template, &n, CKA_LABEL, label, strlen(label));
	add(template, &n, CKA_ID, id, KEY_ID_LEN);
	add(template, &n, CKA_ALLOWED_MECHANISMS, &a->use, sizeof(a->use));
	for (size_t i = 0; i < DEMANDS; i++)
		if (!demands[i].told && applies(i, a->kind))
			add(template, &n, demands[i].type, demanded(i, a->kind) ? &yes : &no, sizeof(yes));
	return n;
}

static enum err
pair_make(struct session *s, const char *label, const uint8_t *id, const struct algorithm *a)
{
	static const CK_BYTE exponent[] = {0x01, 0x00, 0x01}; /* 65537 */
	const CK_ULONG bits = a->bits;
	CK_ATTRIBUTE public_half[8], private_half[MAX_TEMPLATE];
	CK_MECHANISM mechanism = {a->generate, NULL, 0};
	const CK_ULONG count = kept(s->token, private_half, private_template(private_half, label, id, a));
	CK_OBJECT_HANDLE handles[2];
	CK_ULONG n = 0;

	add(public_half, &n, CKA_LABEL, label, strlen(label));
	add(public_half, &n, CKA_ID, id, KEY_ID_LEN);
	add(public_half, &n, CKA_TOKEN, &yes, sizeof(yes));
	add(public_half, &n, CKA_PRIVATE, &no, sizeof(no));
	add(public_half, &n, CKA_MODIFIABLE, &no, sizeof(no));
	add(public_half, &n, CKA_VERIFY, &yes, sizeof(yes));
	if (a->key_type == CKK_RSA) {
		add(public_half, &n, CKA_MODULUS_BITS, &bits, sizeof(bits));
		add(public_half, &n, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	} else {
		add(public_half, &n, CKA_EC_PARAMS, a->parameters.ptr, a->parameters.len);
	}
	return returned(s, "C_GenerateKeyPair",
		token_calls(s->token)->C_GenerateKeyPair(s->handle, &mechanism, public_half, n, private_half, count,
			&handles[0], &handles[1]));
}

static enum err
secret_make(struct session *s, const char *label, const uint8_t *id, const struct algorithm *a)
{
	CK_OBJECT_CLASS secret = CKO_SECRET_KEY, private = CKO_PRIVATE_KEY;
	CK_KEY_TYPE aes = CKK_AES;
	/* A wrapping key must never turn a private key into bytes, nor bytes into a token object. */
	CK_ATTRIBUTE may_wrap[] = {{CKA_CLASS, &secret, sizeof(secret)}};
	CK_ATTRIBUTE unwraps_to[] = {{CKA_CLASS, &secret, sizeof(secret)}, {CKA_KEY_TYPE, &aes, sizeof(aes)},
		{CKA_TOKEN, &no, sizeof(no)}};
	/* A master key must never show a private key to whoever knows the PIN: what it unwraps is as closed as what it wrapped. */
	CK_ATTRIBUTE may_wrap_private[] = {{CKA_CLASS, &private, sizeof(private)}};
	CK_ATTRIBUTE unwraps_to_private[] = {{CKA_CLASS, &private, sizeof(private)}, {CKA_TOKEN, &no, sizeof(no)},
		{CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SENSITIVE, &yes, sizeof(yes)},
		{CKA_EXTRACTABLE, &no, sizeof(no)}, {CKA_SIGN, &yes, sizeof(yes)}, {CKA_DERIVE, &no, sizeof(no)},
		{CKA_COPYABLE, &no, sizeof(no)}};
	CK_ATTRIBUTE template[MAX_TEMPLATE];
	CK_MECHANISM mechanism = {a->generate, NULL, 0};
	CK_ULONG n = private_template(template, label, id, a), len = 32;
	CK_OBJECT_HANDLE handle;

	add(template, &n, CKA_VALUE_LEN, &len, sizeof(len));
	if (a->kind == ALGORITHM_WRAP) {
		add(template, &n, CKA_WRAP_TEMPLATE, may_wrap, sizeof(may_wrap));
		add(template, &n, CKA_UNWRAP_TEMPLATE, unwraps_to, sizeof(unwraps_to));
	}
	if (a->kind == ALGORITHM_MASTER) {
		add(template, &n, CKA_WRAP_TEMPLATE, may_wrap_private, sizeof(may_wrap_private));
		add(template, &n, CKA_UNWRAP_TEMPLATE, unwraps_to_private, sizeof(unwraps_to_private));
	}
	n = kept(s->token, template, n);
	return returned(s, "C_GenerateKey",
		token_calls(s->token)->C_GenerateKey(s->handle, &mechanism, template, n, &handle));
}

enum err
token_key_attributes(struct session *s, const char *label, const struct token_key *k, struct writer *json)
{
	struct json_writer j = json_to(json);
	const struct algorithm *a = k->algorithm;
	const char *wrong = NULL;
	struct sha256 hash;

	json_object(&j, NULL);
	json_text(&j, "label", label);
	json_text(&j, "algorithm", a->name);
	json_hex(&j, "id", span_at(k->id, KEY_ID_LEN));
	if (k->spki.len > 0) {
		hash = sha256_of(writer_span(&k->spki));
		json_hex(&j, "spki_sha256", sha256_span(&hash));
	}
	json_object(&j, "attributes");
	for (size_t i = 0; i < DEMANDS; i++) {
		CK_BBOOL value = CK_FALSE;
		CK_ATTRIBUTE attribute = {demands[i].type, &value, sizeof(value)};

		if (!applies(i, a->kind) || !is_kept(s->token, demands[i].type))
			continue;
		TRY(returned(s, "C_GetAttributeValue",
			token_calls(s->token)->C_GetAttributeValue(s->handle, k->handle, &attribute, 1)));
		json_bool(&j, demands[i].name, value);
		if ((value != CK_FALSE) != demanded(i, a->kind))
			wrong = demands[i].name;
	}
	json_object_end(&j);
	json_object_end(&j);
	REQUIRE_WHY(wrong == NULL, ERR_CRYPTO, "key '%s': the token reads back another '%s' than was asked for", label,
		wrong);
	return writer_done(json);
}

enum err
token_key_generate(struct session *s, const char *label, const struct algorithm *a, struct writer *json)
{
	struct token_key k;
	uint8_t id[KEY_ID_LEN];
	enum err e = token_key_find(s, label, a, &k);

	if (e == ERR_OK) {
		token_key_free(&k);
		return err_because(ERR_EXISTS, "the token has a key '%s' already", label);
	}
	REQUIRE(e == ERR_NOT_FOUND, e);
	TRY(token_mechanisms_check(s, label, a));
	TRY(token_random(s, id, sizeof(id)));
	token_lock(s->token);
	e = a->kind == ALGORITHM_SIGN ? pair_make(s, label, id, a) : secret_make(s, label, id, a);
	token_unlock(s->token);
	TRY(e);
	TRY(token_key_find(s, label, a, &k));
	e = token_key_attributes(s, label, &k, json);
	token_key_free(&k);
	if (e == ERR_CRYPTO && token_key_destroy(s, label) != ERR_OK)
		log_error("token", "key '%s' is not as it was asked for, and could not be destroyed", label);
	return e;
}
