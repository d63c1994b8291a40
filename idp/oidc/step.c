#include "idp/oidc/interaction.h"

/* Was the person asked to authenticate anew, and has not done so since the request came? */
static bool
login_is_stale(const struct step_facts *f)
{
	if (f->logged_in_here)
		return false;
	return f->prompt_login || (f->max_age >= 0 && f->now - f->auth_time > f->max_age) || f->max_age == 0;
}

enum step
interaction_step(const struct step_facts *f)
{
	if (!f->has_session || login_is_stale(f))
		return STEP_LOGIN;
	if (f->level < f->required)
		return f->proofing < f->required ? STEP_UNMET : STEP_STEP_UP;
	if (!f->consented_here && (f->prompt_consent || !f->consent_stored))
		return STEP_CONSENT;
	return STEP_ISSUE;
}
