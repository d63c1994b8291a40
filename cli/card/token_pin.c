#include "cli/card/token.h"

#include "cli/card/module.h"

/* ---- change ---- */

static enum err
set_pin(const struct card_module *m, const char *label, const struct secret *pin, const struct secret *new_pin)
{
	const struct span before = secret_span(pin), after = secret_span(new_pin);
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;

	TRY(card_module_find(m, label, &slot));
	TRY(card_module_session(m, slot, CKU_USER, pin, &session));
	return card_module_result(card_module_calls(m)->C_SetPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)before.ptr,
					  before.len, (CK_UTF8CHAR_PTR)(uintptr_t)after.ptr, after.len),
		"C_SetPIN");
}

enum err
card_token_pin(const char *module, const char *label, const struct secret *pin, const struct secret *new_pin)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	const enum err e = set_pin(m, label, pin, new_pin);

	card_module_free(&m);
	return e;
}

/* ---- unblock ---- */

static enum err
by_officer(const struct card_module *m, CK_SLOT_ID slot, const struct secret *so_pin, struct span after)
{
	CK_SESSION_HANDLE session;

	TRY(card_module_session(m, slot, CKU_SO, so_pin, &session));
	return card_module_result(card_module_calls(m)->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)after.ptr,
					  after.len),
		"C_InitPIN");
}

/* OpenSC's way with cards that have a PUK (user_pin_unblock_style = set_pin_in_unlogged_session): C_SetPIN without a login, the PUK in the old PIN's place. */
static enum err
by_puk(const struct card_module *m, CK_SLOT_ID slot, const struct secret *puk, struct span after)
{
	const struct span before = secret_span(puk);
	CK_SESSION_HANDLE session;

	TRY(card_module_session(m, slot, CKU_USER, NULL, &session));
	return card_module_result(card_module_calls(m)->C_SetPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)before.ptr,
					  before.len, (CK_UTF8CHAR_PTR)(uintptr_t)after.ptr, after.len),
		"C_SetPIN by PUK");
}

static enum err
unblock(const struct card_module *m, const char *label, const struct secret *so_pin, const struct secret *puk,
	const struct secret *new_pin)
{
	const struct span after = secret_span(new_pin);
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;

	TRY(card_module_find(m, label, &slot));
	TRY(card_module_result(card_module_calls(m)->C_GetTokenInfo(slot, &info), "C_GetTokenInfo"));
	/* Asked before the PUK is spent. */
	REQUIRE_WHY(info.ulMaxPinLen == 0 || (after.len >= info.ulMinPinLen && after.len <= info.ulMaxPinLen),
		ERR_MALFORMED, "--new-pin: this card takes %lu to %lu characters; nothing was tried", info.ulMinPinLen,
		info.ulMaxPinLen);
	REQUIRE_WHY((info.flags & CKF_SO_PIN_LOCKED) == 0, ERR_TOO_MANY,
		"the PUK of '%s' is locked too, nothing was tried: revoke the card's certificates and give another card",
		label);
	const enum err e = puk != NULL ? by_puk(m, slot, puk, after) : by_officer(m, slot, so_pin, after);

	REQUIRE_WHY(e != ERR_REFUSED, e,
		"the %s of '%s' is wrong; it was tried once, and the card counts: 'mohar card show' tells what is left",
		puk != NULL ? "PUK" : "security officer's PIN", label);
	REQUIRE_WHY(e != ERR_TOO_MANY, e,
		"the %s of '%s' is locked: revoke the card's certificates and give another card",
		puk != NULL ? "PUK" : "security officer's PIN", label);
	return e;
}

enum err
card_token_unblock(const char *module, const char *label, const struct secret *so_pin, const struct secret *puk,
	const struct secret *new_pin)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	const enum err e = unblock(m, label, so_pin, puk, new_pin);

	card_module_free(&m);
	return e;
}
