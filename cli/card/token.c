#include "cli/card/token.h"

#include <string.h>

#include "cli/card/module.h"

enum { SERIAL_FIELD_LEN = 16 };

/* ---- init ---- */

static enum err
blank_slot(const struct card_module *m, CK_SLOT_ID *out)
{
	CK_SLOT_ID slots[MAX_CARD_SLOTS];
	CK_ULONG count;

	TRY(card_module_slots(m, slots, &count));
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (card_module_calls(m)->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
			(info.flags & CKF_TOKEN_INITIALIZED) == 0) {
			*out = slots[i];
			return ERR_OK;
		}
	}
	return err_because(ERR_NOT_FOUND, "no blank card is in any reader; put one in and run the same command again");
}

/* Asked before anything is written: a label without a PIN would be a card that nobody can use or begin again. */
static enum err
pin_fits(const CK_TOKEN_INFO *info, const char *what, const struct secret *pin)
{
	const size_t len = secret_span(pin).len;

	REQUIRE_WHY(info->ulMaxPinLen == 0 || (len >= info->ulMinPinLen && len <= info->ulMaxPinLen), ERR_MALFORMED,
		"%s: this card takes %lu to %lu characters; nothing was written", what, info->ulMinPinLen,
		info->ulMaxPinLen);
	return ERR_OK;
}

static bool
has_no_pin(const struct card_module *m, CK_SLOT_ID slot)
{
	CK_TOKEN_INFO info;

	return card_module_calls(m)->C_GetTokenInfo(slot, &info) == CKR_OK &&
		(info.flags & CKF_USER_PIN_INITIALIZED) == 0;
}

static enum err
init_blank(const struct card_module *m, const char *label, const struct secret *so_pin, const struct secret *pin)
{
	CK_UTF8CHAR padded[CARD_LABEL_LEN];
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	const enum err found = card_module_find(m, label, &slot);
	const struct span so = secret_span(so_pin);

	/* Pulled out after C_InitToken, before C_InitPIN: nobody can use it yet, and the same command goes on. */
	if (found == ERR_OK && has_no_pin(m, slot))
		return ERR_OK;
	REQUIRE_WHY(found == ERR_NOT_FOUND, ERR_EXISTS, "a token labelled '%s' exists already; choose another label",
		label);
	err_forget();
	REQUIRE_WHY(label[0] != '\0' && strlen(label) <= CARD_LABEL_LEN, ERR_MALFORMED,
		"a token's label has 1 to %d bytes", CARD_LABEL_LEN);
	TRY(blank_slot(m, &slot));
	TRY(card_module_result(card_module_calls(m)->C_GetTokenInfo(slot, &info), "C_GetTokenInfo"));
	TRY(pin_fits(&info, "--so-pin", so_pin));
	TRY(pin_fits(&info, "--pin", pin));
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, strlen(label));
	return card_module_result(card_module_calls(m)->C_InitToken(slot, (CK_UTF8CHAR_PTR)(uintptr_t)so.ptr, so.len,
					  padded),
		"C_InitToken");
}

static enum err
init_pin(const struct card_module *m, const char *label, const struct secret *so_pin, const struct secret *pin,
	char *serial)
{
	const struct span digits = secret_span(pin);
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;

	TRY(card_module_find(m, label, &slot));
	TRY(card_module_result(card_module_calls(m)->C_GetTokenInfo(slot, &info), "C_GetTokenInfo"));
	TRY(pin_fits(&info, "--pin", pin));
	TRY(card_module_session(m, slot, CKU_SO, so_pin, &session));
	TRY(card_module_result(card_module_calls(m)->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)digits.ptr,
				       digits.len),
		"C_InitPIN"));
	TRY(card_module_result(card_module_calls(m)->C_GetTokenInfo(slot, &info), "C_GetTokenInfo"));
	card_module_trim(info.serialNumber, sizeof(info.serialNumber), serial);
	return ERR_OK;
}

enum err
card_token_init(const char *module, const char *label, const struct secret *so_pin, const struct secret *pin,
	char *serial)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	enum err e = init_blank(m, label, so_pin, pin);

	card_module_free(&m);
	if (e != ERR_OK)
		return e;
	/* Some modules number their slots anew after C_InitToken: start again and look for the label. */
	TRY(card_module_open(module, &m));
	e = init_pin(m, label, so_pin, pin, serial);
	card_module_free(&m);
	return e;
}
