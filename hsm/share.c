#include "hsm/share.h"

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

bool
share_take(size_t *held, size_t most)
{
	if (*held >= most)
		return false;
	++*held;
	return true;
}

size_t
share_most(size_t all)
{
	return all - all / 4;
}
