#include "jose/jose.h"

/* Beyond any year that a clock here will show; keeps sums from overflowing. */
#define MAX_NUMERIC_DATE ((int64_t)1 << 40)

static bool
is_date(int64_t t)
{
	return t >= 0 && t <= MAX_NUMERIC_DATE;
}

enum err
jwt_times_check(const struct jwt_times *t, unix_time now, int64_t leeway, bool need_exp)
{
	REQUIRE_WHY(t->has_exp || !need_exp, ERR_MALFORMED, "RFC 7519 4.1.4: exp is missing");
	REQUIRE_WHY((!t->has_exp || is_date(t->exp)) && (!t->has_nbf || is_date(t->nbf)) &&
			(!t->has_iat || is_date(t->iat)),
		ERR_MALFORMED, "RFC 7519 2: not a NumericDate");
	REQUIRE_WHY(!t->has_exp || now < t->exp + leeway, ERR_EXPIRED, "RFC 7519 4.1.4: expired");
	REQUIRE_WHY(!t->has_nbf || t->nbf <= now + leeway, ERR_EXPIRED, "RFC 7519 4.1.5: not valid yet");
	REQUIRE_WHY(!t->has_iat || t->iat <= now + leeway, ERR_EXPIRED, "RFC 7519 4.1.6: issued in the future");
	return ERR_OK;
}
