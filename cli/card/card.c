#include "cli/card/card.h"

#include <stdlib.h>
#include <string.h>

#include <libp11.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include "base/random.h"
#include "cli/card/pin.h"
#include "x509/own.h"

struct card {
	PKCS11_CTX *context;
	PKCS11_SLOT *slots; /* owned by libp11, released with the context */
	unsigned slot_count;
	PKCS11_SLOT *slot;
	EVP_PKEY *key, *public_key; /* the ones last asked for */
	uint8_t key_id;
	bool loaded;
	struct secret *pin; /* for keys whose every use wants it again (CKA_ALWAYS_AUTHENTICATE) */
	UI_METHOD *asked;
};

/* libp11 asks for such a key's PIN through libcrypto's user interface: answered with the PIN that the person gave for this card, once a signature. */
static int
answer_pin(UI *ui, UI_STRING *string)
{
	struct card *c = UI_get0_user_data(ui);
	char text[MAX_PIN + 1];
	int set;

	if (UI_get_string_type(string) != UIT_PROMPT || c == NULL || c->pin == NULL)
		return 0;
	const struct span digits = secret_span(c->pin);

	if (digits.len > MAX_PIN)
		return 0;
	memcpy(text, digits.ptr, digits.len);
	text[digits.len] = '\0';
	set = UI_set_result(ui, string, text);
	OPENSSL_cleanse(text, sizeof(text));
	return set >= 0 ? 1 : 0;
}

/* libp11 leaves PKCS#11's return value as the reason in libcrypto's queue. */
static unsigned long
last_reason(void)
{
	const unsigned long reason = (unsigned long)ERR_GET_REASON(ERR_peek_last_error());

	ERR_clear_error();
	return reason;
}

void
card_free(struct card **c)
{
	if (*c == NULL)
		return;
	EVP_PKEY_free((*c)->key);
	EVP_PKEY_free((*c)->public_key);
	if ((*c)->slots != NULL)
		PKCS11_release_all_slots((*c)->context, (*c)->slots, (*c)->slot_count);
	if ((*c)->loaded)
		PKCS11_CTX_unload((*c)->context);
	if ((*c)->context != NULL)
		PKCS11_CTX_free((*c)->context);
	if ((*c)->asked != NULL)
		UI_destroy_method((*c)->asked);
	secret_free(&(*c)->pin);
	free(*c);
	*c = NULL;
}

static enum err
find_slot(struct card *c, const char *token)
{
	for (unsigned i = 0; i < c->slot_count; i++) {
		PKCS11_SLOT *slot = &c->slots[i];

		if (slot->token == NULL || !slot->token->initialized || strcmp(slot->token->label, token) != 0)
			continue;
		REQUIRE_WHY(c->slot == NULL, ERR_EXISTS, "two tokens are labelled '%s'; take one out", token);
		c->slot = slot;
	}
	REQUIRE_WHY(c->slot != NULL, ERR_NOT_FOUND, "no token is labelled '%s'; 'mohar card show' lists them", token);
	return ERR_OK;
}

static enum err
connect_to(struct card *c, const char *module, const char *token)
{
	c->context = PKCS11_CTX_new();
	c->asked = UI_create_method("card");
	REQUIRE(c->context != NULL && c->asked != NULL && UI_method_set_reader(c->asked, answer_pin) == 0 &&
			PKCS11_set_ui_method(c->context, c->asked, c) == 0,
		ERR_NO_MEMORY);
	c->loaded = PKCS11_CTX_load(c->context, module) == 0;
	REQUIRE_WHY(c->loaded, ERR_NOT_FOUND, "the card's module %s cannot be loaded (0x%lx)", module, last_reason());
	REQUIRE_WHY(PKCS11_enumerate_slots(c->context, &c->slots, &c->slot_count) == 0, ERR_UNAVAILABLE,
		"the card's readers do not answer (0x%lx)", last_reason());
	return find_slot(c, token);
}

/* libp11 wants a terminated string: made in locked memory, not on the heap. */
static enum err
log_in(struct card *c, const struct secret *pin)
{
	const struct span digits = secret_span(pin);
	struct secret *text;

	REQUIRE_WHY(!c->slot->token->userPinLocked, ERR_TOO_MANY,
		"the PIN of '%s' is locked; 'mohar card unblock' sets a new one", c->slot->token->label);
	TRY(secret_new(digits.len + 1, &text));
	memcpy(secret_bytes(text), digits.ptr, digits.len);
	const int failed = PKCS11_login(c->slot, 0, (const char *)secret_bytes(text));

	secret_free(&text);
	if (failed == 0)
		return secret_copy(digits, &c->pin);
	return card_pin_refused(last_reason(), c->slot->token->label);
}

enum err
card_open(const char *module, const char *token, const struct secret *pin, struct card **out)
{
	struct card *c = calloc(1, sizeof(*c));

	*out = NULL;
	REQUIRE(c != NULL, ERR_NO_MEMORY);
	enum err e = connect_to(c, module, token);

	/* Read-write first: storing a certificate in a session pool that began read-only would log out in between. */
	if (e == ERR_OK && PKCS11_open_session(c->slot, 1) != 0 && PKCS11_open_session(c->slot, 0) != 0)
		e = err_because(ERR_UNAVAILABLE, "the card '%s' opens no session (0x%lx)", token, last_reason());
	if (e == ERR_OK && pin != NULL)
		e = log_in(c, pin);
	if (e != ERR_OK)
		card_free(&c);
	*out = c;
	return e;
}

static bool
has_id(const unsigned char *id, size_t len, uint8_t wanted)
{
	return len == 1 && id[0] == wanted;
}

enum err
card_key(struct card *c, uint8_t id, EVP_PKEY **out)
{
	PKCS11_KEY *keys = NULL;
	unsigned count = 0;

	if (c->key != NULL && c->key_id == id) {
		*out = c->key;
		return ERR_OK;
	}
	/* One Ed25519 key on the card makes this call fail as a whole. */
	REQUIRE_WHY(PKCS11_enumerate_keys(c->slot->token, &keys, &count) == 0, ERR_UNAVAILABLE,
		"the keys of '%s' cannot be listed (0x%lx); an Ed25519 key on it would do that", c->slot->token->label,
		last_reason());
	for (unsigned i = 0; i < count; i++) {
		if (!has_id(keys[i].id, keys[i].id_len, id))
			continue;
		EVP_PKEY_free(c->key);
		c->key = PKCS11_get_private_key(&keys[i]);
		c->key_id = id;
		REQUIRE_WHY(c->key != NULL, ERR_UNSUPPORTED, "key %u of '%s' is of a kind that cannot be used (0x%lx)",
			id, c->slot->token->label, last_reason());
		*out = c->key;
		return ERR_OK;
	}
	return err_because(ERR_NOT_FOUND,
		"the card '%s' has no key %u; 'mohar card key' or 'mohar card enrol' makes one", c->slot->token->label,
		id);
}

enum err
card_public_key(struct card *c, uint8_t id, EVP_PKEY **out)
{
	PKCS11_KEY *keys = NULL;
	unsigned count = 0;

	REQUIRE_WHY(PKCS11_enumerate_public_keys(c->slot->token, &keys, &count) == 0, ERR_UNAVAILABLE,
		"the public keys of '%s' cannot be listed (0x%lx)", c->slot->token->label, last_reason());
	for (unsigned i = 0; i < count; i++) {
		if (!has_id(keys[i].id, keys[i].id_len, id))
			continue;
		EVP_PKEY_free(c->public_key);
		c->public_key = PKCS11_get_public_key(&keys[i]);
		REQUIRE_WHY(c->public_key != NULL, ERR_UNSUPPORTED,
			"public key %u of '%s' is of a kind that cannot be used", id, c->slot->token->label);
		*out = c->public_key;
		return ERR_OK;
	}
	return err_because(ERR_NOT_FOUND, "the card '%s' has no public key %u", c->slot->token->label, id);
}

static enum err
find_certificate(struct card *c, uint8_t id, PKCS11_CERT **out)
{
	PKCS11_CERT *certificates = NULL;
	unsigned count = 0;

	*out = NULL;
	REQUIRE_WHY(PKCS11_enumerate_certs(c->slot->token, &certificates, &count) == 0, ERR_UNAVAILABLE,
		"the certificates of '%s' cannot be listed (0x%lx)", c->slot->token->label, last_reason());
	/* The last one: libp11 goes on listing what was removed while it is loaded. */
	for (unsigned i = 0; i < count; i++)
		if (has_id(certificates[i].id, certificates[i].id_len, id))
			*out = &certificates[i];
	REQUIRE_WHY(*out != NULL, ERR_NOT_FOUND, "the card '%s' has no certificate for key %u", c->slot->token->label,
		id);
	return ERR_OK;
}

enum err
card_certificate(struct card *c, uint8_t id, X509 **out)
{
	PKCS11_CERT *found;

	TRY(find_certificate(c, id, &found));
	*out = X509_dup(found->x509);
	REQUIRE(*out != NULL, ERR_NO_MEMORY);
	return ERR_OK;
}

enum err
card_of(struct cli *c, struct card **out)
{
	struct secret *pin;

	TRY(card_pin_for(c, "--pin", "PIN of the card", cli_value(c, "--module"), cli_value(c, "--token"), &pin));
	const enum err e = card_open(cli_value(c, "--module"), cli_value(c, "--token"), pin, out);

	secret_free(&pin);
	return e;
}

enum err
card_proves(struct card *c, uint8_t id, const X509 *x)
{
	OWN(EVP_MD_CTX) signing = EVP_MD_CTX_new();
	OWN(EVP_MD_CTX) checking = EVP_MD_CTX_new();
	uint8_t challenge[32], signature[1 << 10];
	size_t len = sizeof(signature);
	EVP_PKEY *key;

	REQUIRE(signing != NULL && checking != NULL, ERR_NO_MEMORY);
	TRY(card_key(c, id, &key));
	random_bytes(challenge, sizeof(challenge));
	REQUIRE_WHY(EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key) == 1 &&
			EVP_DigestSign(signing, signature, &len, challenge, sizeof(challenge)) == 1,
		ERR_UNAVAILABLE, "key %u of '%s' does not sign (0x%lx)", id, c->slot->token->label, last_reason());
	const bool good = EVP_DigestVerifyInit(checking, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)) == 1 &&
		EVP_DigestVerify(checking, signature, len, challenge, sizeof(challenge)) == 1;

	ERR_clear_error();
	REQUIRE_WHY(good, ERR_MISMATCH, "what key %u of '%s' signs does not verify with its certificate", id,
		c->slot->token->label);
	return ERR_OK;
}
