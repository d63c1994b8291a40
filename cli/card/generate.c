#include <string.h>

#include "base/encode.h"
#include "cli/card/card.h"
#include "cli/card/module.h"
#include "cli/card/role.h"

/* id-ecPublicKey's parameter for P-256: OBJECT IDENTIFIER 1.2.840.10045.3.1.7 (RFC 5480 2.1.1.1). */
static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

#define VALUE(type, bytes, len)                           \
	{                                                 \
		(type), (void *)(uintptr_t)(bytes), (len) \
	}
#define YES(type) VALUE(type, &yes, sizeof(yes))
#define NO(type) VALUE(type, &no, sizeof(no))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* A public key without a private one is what is left of a card that was pulled out while it made the pair. */
static enum err
make_room(const struct card_module *m, CK_SESSION_HANDLE session, uint8_t id)
{
	const CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY, public_key = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE match[] = {VALUE(CKA_CLASS, &private_key, sizeof(private_key)), VALUE(CKA_ID, &id, 1)};
	CK_OBJECT_HANDLE objects[MAX_CARD_OBJECTS];
	CK_ULONG count;

	TRY(card_module_objects(m, session, match, COUNT(match), objects, &count));
	REQUIRE_WHY(count == 0, ERR_EXISTS, "the card has a key %u already", id);
	match[0].pValue = (void *)(uintptr_t)&public_key;
	TRY(card_module_objects(m, session, match, COUNT(match), objects, &count));
	for (CK_ULONG i = 0; i < count; i++)
		TRY(card_module_result(card_module_calls(m)->C_DestroyObject(session, objects[i]), "C_DestroyObject"));
	return ERR_OK;
}

/* always: the PIN is asked for at every use (CKA_ALWAYS_AUTHENTICATE), which not every card can. */
static CK_RV
generate(const struct card_module *m, CK_SESSION_HANDLE session, uint8_t id, const char *label, bool always,
	CK_OBJECT_HANDLE *private_key)
{
	CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public_template[] = {
		YES(CKA_TOKEN),
		NO(CKA_PRIVATE),
		YES(CKA_VERIFY),
		VALUE(CKA_EC_PARAMS, p256, sizeof(p256)),
		VALUE(CKA_ID, &id, 1),
		VALUE(CKA_LABEL, label, strlen(label)),
	};
	CK_ATTRIBUTE private_template[] = {
		YES(CKA_TOKEN),
		YES(CKA_PRIVATE),
		YES(CKA_SENSITIVE),
		NO(CKA_EXTRACTABLE),
		YES(CKA_SIGN),
		NO(CKA_DECRYPT),
		NO(CKA_DERIVE),
		NO(CKA_UNWRAP),
		VALUE(CKA_ID, &id, 1),
		VALUE(CKA_LABEL, label, strlen(label)),
		YES(CKA_ALWAYS_AUTHENTICATE),
	};
	CK_OBJECT_HANDLE public_key;

	return card_module_calls(m)->C_GenerateKeyPair(session, &mechanism, public_template, COUNT(public_template),
		private_template, COUNT(private_template) - (always ? 0 : 1), &public_key, private_key);
}

static enum err
generate_of_kind(const struct card_module *m, CK_SESSION_HANDLE session, uint8_t id, const char *label,
	CK_OBJECT_HANDLE *private_key)
{
	const bool always = card_key_is_signature(id);
	CK_RV rv = generate(m, session, id, label, always, private_key);

	/* The only part of the template that a card may refuse and still make a good key. */
	if (always &&
		(rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
			rv == CKR_TEMPLATE_INCONSISTENT))
		rv = generate(m, session, id, label, false, private_key);
	return card_module_result(rv, "C_GenerateKeyPair");
}

/* What the card says of the key, not what was asked for. */
static enum err
read_back(const struct card_module *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct writer *json)
{
	static const struct {
		const char *name;
		CK_ATTRIBUTE_TYPE type;
		bool wanted;
	} flags[] = {
		{"local", CKA_LOCAL, true},
		{"sensitive", CKA_SENSITIVE, true},
		{"always_sensitive", CKA_ALWAYS_SENSITIVE, true},
		{"extractable", CKA_EXTRACTABLE, false},
		{"never_extractable", CKA_NEVER_EXTRACTABLE, true},
		{"sign", CKA_SIGN, true},
		{"decrypt", CKA_DECRYPT, false},
		{"derive", CKA_DERIVE, false},
	};
	AUTO(writer) label = writer_new(MAX_CARD_VALUE);
	AUTO(writer) id = writer_new(MAX_CARD_VALUE);
	struct json_writer j = json_to(json);

	card_module_value(m, session, key, CKA_LABEL, &label);
	card_module_value(m, session, key, CKA_ID, &id);
	json_object(&j, NULL);
	json_span(&j, "label", writer_span(&label));
	json_hex(&j, "id", writer_span(&id));
	json_text(&j, "type", "P-256");
	for (size_t i = 0; i < COUNT(flags); i++) {
		const bool is = card_module_true(m, session, key, flags[i].type);

		json_bool(&j, flags[i].name, is);
		REQUIRE_WHY(is == flags[i].wanted, ERR_REFUSED, "the card made a key that is %s%s: not to be used",
			is ? "" : "not ", flags[i].name);
	}
	json_bool(&j, "always_authenticate", card_module_true(m, session, key, CKA_ALWAYS_AUTHENTICATE));
	json_object_end(&j);
	return writer_done(json);
}

static enum err
generate_in(const struct card_module *m, const char *token, const struct secret *pin, uint8_t id, const char *label,
	struct writer *attributes_json)
{
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;

	TRY(card_module_find(m, token, &slot));
	TRY(card_module_session(m, slot, CKU_USER, pin, &session));
	TRY(make_room(m, session, id));
	TRY(generate_of_kind(m, session, id, label, &key));
	return read_back(m, session, key, attributes_json);
}

enum err
card_generate(const char *module, const char *token, const struct secret *pin, uint8_t id, const char *label,
	struct writer *attributes_json)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	const enum err e = generate_in(m, token, pin, id, label, attributes_json);

	card_module_free(&m);
	return e;
}
