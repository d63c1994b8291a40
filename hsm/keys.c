#include "hsm/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static enum err
key_load(struct session *s, struct key *k)
{
	const enum err e = token_key_find(s, k->rule->label, k->algorithm, &k->found);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	atomic_store(&k->handle, k->found.handle);
	atomic_store(&k->present, true);
	return ERR_OK;
}

enum err
keys_load(struct session *s, const struct policy *p, const char *token_name, struct keys *out)
{
	const struct key_rule *rules = p->keys.items;

	*out = (struct keys){.rows = calloc(p->keys.count + 1, sizeof(*out->rows))};
	REQUIRE(out->rows != NULL, ERR_NO_MEMORY);
	(void)pthread_mutex_init(&out->birth, NULL);
	for (size_t i = 0; i < p->keys.count; i++) {
		struct key *k = &out->rows[out->count];

		if (strcmp(rules[i].token, token_name) != 0)
			continue;
		k->rule = &rules[i];
		k->purpose = purpose_find(rules[i].purpose);
		k->algorithm = algorithm_find(rules[i].algorithm, k->purpose->kind);
		rate_init(&k->rate, rules[i].per_second, rules[i].burst);
		TRY(key_load(s, k));
		out->count++;
	}
	return ERR_OK;
}

struct key *
keys_find(const struct keys *k, struct span label)
{
	for (size_t i = 0; i < k->count; i++)
		if (span_is(label, k->rows[i].rule->label))
			return &k->rows[i];
	return NULL;
}

enum err
key_generate(struct keys *keys, struct session *s, struct key *k, struct writer *json)
{
	enum err e;

	(void)pthread_mutex_lock(&keys->birth);
	if (atomic_load(&k->present))
		e = err_because(ERR_EXISTS, "key '%s' exists already", k->rule->label);
	else
		e = token_key_generate(s, k->rule->label, k->algorithm, json);
	if (e == ERR_OK)
		e = key_load(s, k);
	(void)pthread_mutex_unlock(&keys->birth);
	return e;
}

/* The same key as before? A token that lost its sessions may have been exchanged meanwhile. */
static enum err
key_again(struct session *s, struct key *k)
{
	struct token_key now;
	bool same;

	TRY(token_key_find(s, k->rule->label, k->algorithm, &now));
	same = span_equal(writer_span(&now.spki), writer_span(&k->found.spki)) &&
		memcmp(now.id, k->found.id, KEY_ID_LEN) == 0;
	if (same)
		atomic_store(&k->handle, now.handle);
	token_key_free(&now);
	REQUIRE_WHY(same, ERR_UNAVAILABLE, "key '%s' is another than before: not used", k->rule->label);
	return ERR_OK;
}

static enum err
mend(struct session *s, struct key *k)
{
	log_warn("token", "%s: recovering the session, finding '%s' again", err_why(), k->rule->label);
	TRY(session_recover(s));
	return key_again(s, k);
}

static enum err
act_timed(struct session *s, struct key *k, key_act *act, void *context)
{
	const int64_t began = clock_ticks();
	const enum err e = act(s, k, atomic_load(&k->handle), context);

	s->spent += clock_ticks() - began;
	return e;
}

enum err
key_use(struct session *s, struct key *k, struct breaker *b, key_act *act, void *context)
{
	enum err e;

	REQUIRE_WHY(atomic_load(&k->present), ERR_NOT_FOUND, "key '%s' is not made yet: hold the ceremony",
		k->rule->label);
	TRY(breaker_ask(b, clock_ticks()));
	e = s->open && !s->lost ? act_timed(s, k, act, context) : ERR_UNAVAILABLE;
	if (!s->open || s->lost) {
		e = mend(s, k);
		if (e == ERR_OK)
			e = act_timed(s, k, act, context);
	}
	breaker_tell(b, s->open && !s->lost && e != ERR_UNAVAILABLE, clock_ticks());
	return e;
}
