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

/* The lock is held. */
static struct spent_act *
row_of(struct spent *s, const uint8_t id[JOURNAL_ID_LEN])
{
	for (size_t i = 0; i < MAX_SPENT; i++)
		if (s->acts[i].taken && memcmp(s->acts[i].id, id, JOURNAL_ID_LEN) == 0)
			return &s->acts[i];
	return NULL;
}

/* The lock is held. */
static void
put(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], const struct sha256 *object, int64_t until)
{
	struct spent_act *a = &s->acts[s->next];

	*a = (struct spent_act){.object = *object, .taken = true, .until = until};
	memcpy(a->id, id, JOURNAL_ID_LEN);
	s->next = (s->next + 1) % MAX_SPENT;
}

static enum err
enter(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], const struct sha256 *object, int64_t now)
{
	const struct spent_act *known = row_of(s, id), *oldest = &s->acts[s->next];

	if (known != NULL) {
		REQUIRE_WHY(memcmp(known->object.bytes, object->bytes, SHA256_LEN) == 0, ERR_USED,
			"another certificate was signed for this act: one act, one certificate");
		return ERR_OK;
	}
	REQUIRE_WHY(!oldest->taken || oldest->until <= now, ERR_TOO_MANY,
		"%d certificates by registrars' acts in %d seconds", MAX_SPENT, SPENT_SECONDS);
	put(s, id, object, now + (int64_t)SPENT_SECONDS * 1000000);
	return ERR_OK;
}

enum err
spent_enter(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], const struct sha256 *object, int64_t now)
{
	enum err e;

	(void)pthread_mutex_lock(&s->lock);
	e = enter(s, id, object, now);
	(void)pthread_mutex_unlock(&s->lock);
	return e;
}

void
spent_forget(struct spent *s, const uint8_t id[JOURNAL_ID_LEN])
{
	struct spent_act *a;

	(void)pthread_mutex_lock(&s->lock);
	a = row_of(s, id);
	if (a != NULL)
		a->taken = false;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Their places may be had again at once, oldest first: in their minutes between two starts nobody signed. */
void
spent_replay(struct spent *s, const struct journal_line *line)
{
	if (strcmp(line->act, "sign") == 0 && line->has_id && line->has_object)
		put(s, line->id, &line->object, 0);
}
