#include "idp/assurance/assurance.h"

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Does a session of this age and idleness still stand for the row's level? */
static bool
fresh_enough(const struct assurance_row *row, int64_t age, int64_t idle)
{
	return age <= row->session_seconds && (row->idle_seconds == 0 || idle <= row->idle_seconds);
}

static bool
in_range(int64_t level)
{
	return level >= 1 && level <= ASSURANCE_LEVELS;
}

int64_t
assurance_level(const struct assurance_policy *policy, const struct assurance_facts *f, unix_time now)
{
	const struct assurance_row *rows = policy->levels.items;

	if (!in_range(f->proofing) || !in_range(f->authenticator) || !in_range(f->bound_level) || !in_range(f->ceiling))
		return 0;
	if (f->auth_time > now || f->last_seen > now || f->last_seen < f->auth_time)
		return 0;
	for (int64_t level = least(least(f->proofing, f->authenticator), least(f->bound_level, f->ceiling)); level >= 1;
		level--)
		if (fresh_enough(&rows[level - 1], now - f->auth_time, now - f->last_seen))
			return level;
	return 0;
}

int64_t
assurance_of_passkey(bool user_verified, bool backup_eligible, bool attested)
{
	if (!user_verified)
		return 1;
	return attested && !backup_eligible ? 3 : 2;
}
