#include "hsm/token/token.h"

/* What the token must be able to do with the two mechanisms of an algorithm, by kind. */
static CK_FLAGS
demanded(const struct algorithm *a, bool generate)
{
	if (generate)
		return a->kind == ALGORITHM_SIGN ? CKF_GENERATE_KEY_PAIR : CKF_GENERATE;
	return a->kind == ALGORITHM_WRAP || a->kind == ALGORITHM_MASTER ? CKF_WRAP | CKF_UNWRAP : CKF_SIGN;
}

static enum err
mechanism_check(struct session *s, const char *label, const struct algorithm *a, bool generate)
{
	const CK_MECHANISM_TYPE type = generate ? a->generate : a->use;
	CK_MECHANISM_INFO info = {0};
	const CK_RV rv = token_calls(s->token)->C_GetMechanismInfo(token_slot(s->token), type, &info);

	REQUIRE_WHY(rv == CKR_OK || rv == CKR_MECHANISM_INVALID, ERR_UNAVAILABLE, "C_GetMechanismInfo: 0x%lx", rv);
	REQUIRE_WHY(rv == CKR_OK && (info.flags & demanded(a, generate)) == demanded(a, generate), ERR_UNSUPPORTED,
		"key '%s': the token has no %s, which %s needs: name another algorithm in keys.json, or use another token",
		label, mechanism_name(type), a->name);
	/* Some tokens tell no sizes, and some tell bytes of secret keys: only those of pairs are bits with all of them. */
	REQUIRE_WHY(a->bits == 0 || info.ulMaxKeySize == 0 ||
			(a->bits >= info.ulMinKeySize && a->bits <= info.ulMaxKeySize),
		ERR_UNSUPPORTED,
		"key '%s': the token's %s is for %lu to %lu bits, and %s has %u: name another algorithm in keys.json, or use another token",
		label, mechanism_name(type), info.ulMinKeySize, info.ulMaxKeySize, a->name, a->bits);
	return ERR_OK;
}

enum err
token_mechanisms_check(struct session *s, const char *label, const struct algorithm *a)
{
	TRY(mechanism_check(s, label, a, true));
	return mechanism_check(s, label, a, false);
}
