#include "hsm/evidence/spent.h"

#include <stdlib.h>
#include <string.h>

enum err
spent_init(struct spent *s)
{
	(void)pthread_mutex_init(&s->lock, NULL);
	s->acts = calloc(MAX_SPENT, sizeof(*s->acts));
	REQUIRE(s->acts != NULL, ERR_NO_MEMORY);
	return ERR_OK;
}

void
spent_id(struct span evidence, uint8_t id[JOURNAL_ID_LEN])
{
	const uint8_t *end = evidence.len == 0 ? NULL : memchr(evidence.ptr, '~', evidence.len);
	struct span covered = end == NULL ? evidence : span_at(evidence.ptr, (size_t)(end - evidence.ptr));
	struct sha256 hash;

	end = covered.len == 0 ? NULL : memrchr(covered.ptr, '.', covered.len);
	if (end != NULL)
		covered.len = (size_t)(end - covered.ptr);
	hash = sha256_of(covered);
	memcpy(id, hash.bytes, JOURNAL_ID_LEN);
}

/* The row of that id that is still good; else one that is free, or NULL. The lock is held. */
static struct spent_act *
row_of(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], unix_time now)
{
	struct spent_act *room = NULL;

	for (size_t i = 0; i < MAX_SPENT; i++) {
		struct spent_act *a = &s->acts[i];

		if (a->until <= now)
			room = room == NULL ? a : room;
		else if (memcmp(a->id, id, JOURNAL_ID_LEN) == 0)
			return a;
	}
	return room;
}

static enum err
enter(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], const struct sha256 *object, unix_time now, unix_time until)
{
	struct spent_act *a = row_of(s, id, now);

	REQUIRE_WHY(a != NULL, ERR_TOO_MANY, "%d certificates by registrars' acts in %d seconds", MAX_SPENT,
		SPENT_SECONDS);
	if (a->until > now) {
		REQUIRE_WHY(memcmp(a->object.bytes, object->bytes, SHA256_LEN) == 0, ERR_USED,
			"another certificate was signed for this act: one act, one certificate");
		return ERR_OK;
	}
	memcpy(a->id, id, JOURNAL_ID_LEN);
	a->object = *object;
	a->until = until;
	return ERR_OK;
}

enum err
spent_enter(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], const struct sha256 *object, unix_time now)
{
	enum err e;

	(void)pthread_mutex_lock(&s->lock);
	e = enter(s, id, object, now, now + SPENT_SECONDS);
	(void)pthread_mutex_unlock(&s->lock);
	return e;
}

void
spent_forget(struct spent *s, const uint8_t id[JOURNAL_ID_LEN])
{
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < MAX_SPENT; i++)
		if (s->acts[i].until != 0 && memcmp(s->acts[i].id, id, JOURNAL_ID_LEN) == 0)
			s->acts[i].until = 0;
	(void)pthread_mutex_unlock(&s->lock);
}

void
spent_replay(struct spent *s, const struct journal_line *line, unix_time now)
{
	if (strcmp(line->act, "sign") == 0 && line->has_id && line->has_object && line->at + SPENT_SECONDS > now &&
		enter(s, line->id, &line->object, now, line->at + SPENT_SECONDS) != ERR_OK)
		err_forget(); /* the first one stands */
}
