#include "signer/officer/officer.h"

enum err
officer_may(const struct decision_type *t, int64_t level, const struct offices *o, const struct office **by)
{
	REQUIRE_WHY(t->confirmation.required, ERR_REFUSED, "this type needs no confirmation");
	REQUIRE_WHY(level >= t->confirmation.level, ERR_REFUSED, "confirming %s needs a login at level %lld", t->name,
		(long long)t->confirmation.level);
	*by = offices_find(o, t->agency, t->confirmation.office);
	REQUIRE_WHY(*by != NULL, ERR_REFUSED, "confirming %s is the office %s's of agency %s", t->name,
		t->confirmation.office, t->agency);
	return ERR_OK;
}
