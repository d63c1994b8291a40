#include "hsm/socket/share.h"

struct share *
share_of(struct shares *s, uid_t uid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->of[i].uid == uid)
			return &s->of[i];
	if (s->count == MAX_SHARES)
		return NULL;
	s->of[s->count] = (struct share){.uid = uid};
	return &s->of[s->count++];
}

/* What is kept for all users but one. */
static size_t
kept(const struct shares *s, const struct share *but, enum share_kind kind, size_t each)
{
	size_t kept = s->users > s->count ? (s->users - s->count) * each : 0;

	for (size_t i = 0; i < s->count; i++)
		if (&s->of[i] != but && s->of[i].held[kind] < each)
			kept += each - s->of[i].held[kind];
	return kept;
}

bool
share_take(struct shares *s, struct share *of, enum share_kind kind)
{
	const size_t each = s->all[kind] / (2 * s->users);

	if (of->held[kind] >= s->most[kind] || s->taken[kind] >= s->all[kind])
		return false;
	if (of->held[kind] >= each && s->taken[kind] + kept(s, of, kind, each) >= s->all[kind])
		return false;
	of->held[kind]++;
	s->taken[kind]++;
	return true;
}

void
share_give(struct shares *s, struct share *of, enum share_kind kind)
{
	of->held[kind]--;
	s->taken[kind]--;
}

size_t
share_most(size_t all)
{
	return all - all / 4;
}
