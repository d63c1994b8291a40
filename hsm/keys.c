#include "hsm/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/token/answer.h"

static enum err
key_load(struct session *s, struct key *k)
{
	const enum err e = token_key_find(s, k->rule->label, k->algorithm, &k->found);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	atomic_store(&k->handle[s->seat], k->found.handle);
	atomic_store(&k->era[s->seat], s->era);
	atomic_store(&k->present, true);
	return ERR_OK;
}

static enum err
answer_set(struct key *k, const char *text)
{
	char *answer = strdup(text);

	REQUIRE(answer != NULL, ERR_NO_MEMORY);
	free(k->answer);
	k->answer = answer;
	return ERR_OK;
}

static enum err
answer_ask(struct session *s, struct key *k, const struct token_key *found)
{
	AUTO(writer) text = writer_new(MAX_ANSWER);

	TRY(token_answer_ask(s, k->rule->label, found, found->handle, &text));
	return answer_set(k, (const char *)writer_span(&text).ptr);
}

/* One that was just made: known by what it answers from its first moment on. */
static enum err
key_take(struct session *s, struct key *k)
{
	struct token_key fresh;
	enum err e;

	TRY(token_key_find(s, k->rule->label, k->algorithm, &fresh));
	e = answer_ask(s, k, &fresh);
	token_key_free(&fresh);
	TRY(e);
	return key_load(s, k);
}

enum err
keys_replay(void *context, const struct journal_line *line)
{
	struct keys *keys = context;
	struct key *k = line->key == NULL ? NULL : keys_find(keys, span_of(line->key));

	if (k == NULL)
		return ERR_OK;
	if (strcmp(line->act, "answer") == 0 && line->detail != NULL)
		return answer_set(k, line->detail);
	if (strcmp(line->act, "generate") == 0) { /* another key begins */
		free(k->answer);
		k->answer = NULL;
	}
	return ERR_OK;
}

enum err
key_enter(const struct key *k, struct journal *journal, unix_time now)
{
	const struct journal_entry entry = {.act = "answer",
		.key = k->rule->label,
		.type = k->algorithm->name,
		.detail = k->answer};

	return journal_append(journal, &entry, now);
}

static enum err
key_known(struct key *k, struct session *s, struct journal *journal, unix_time now)
{
	if (k->answer != NULL)
		return token_answer_check(s, k->rule->label, &k->found, k->found.handle, k->answer);
	if (journal == NULL)
		return ERR_OK;
	TRY(answer_ask(s, k, &k->found));
	return key_enter(k, journal, now);
}

enum err
keys_known(struct keys *keys, struct session *s, struct journal *journal, unix_time now)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct key *k = &keys->rows[i];
		enum err e;

		if (!atomic_load(&k->present)) {
			if (k->answer != NULL)
				log_warn("token",
					"key '%s' was made (%.21s…), and the token does not hold it: restore the token's backup",
					k->rule->label, k->answer);
			continue;
		}
		e = key_known(k, s, journal, now);
		REQUIRE_WHY(e != ERR_CORRUPT, ERR_CONFIG, "%s: put the right token back", err_why());
		TRY(e);
	}
	return ERR_OK;
}

enum err
keys_load(struct session *s, const struct policy *p, const char *token_name, struct keys *out)
{
	const struct key_rule *rules = p->file.keys.items;

	*out = (struct keys){.rows = calloc(p->file.keys.count + 1, sizeof(*out->rows))};
	REQUIRE(out->rows != NULL, ERR_NO_MEMORY);
	(void)pthread_mutex_init(&out->birth, NULL);
	for (size_t i = 0; i < p->file.keys.count; i++) {
		struct key *k = &out->rows[out->count];

		if (strcmp(rules[i].token, token_name) != 0)
			continue;
		k->rule = &rules[i];
		k->purpose = purpose_find(rules[i].purpose);
		k->algorithm = algorithm_find(rules[i].algorithm, k->purpose->kind);
		(void)pthread_mutex_init(&k->again, NULL);
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

	REQUIRE_WHY(token_count(s->token) == 1, ERR_REFUSED,
		"a key is made on one token, and then copied by the vendor's means: take 'mirror' out of the settings, make '%s', clone the token, put 'mirror' back",
		k->rule->label);
	TRY(session_ready(s));
	(void)pthread_mutex_lock(&keys->birth);
	if (atomic_load(&k->present))
		e = err_because(ERR_EXISTS, "key '%s' exists already", k->rule->label);
	else
		e = token_key_generate(s, k->rule->label, k->algorithm, json);
	if (e == ERR_OK)
		e = key_take(s, k);
	(void)pthread_mutex_unlock(&keys->birth);
	return e;
}

/* A public half is compared by itself. */
static enum err
answer_compare(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle)
{
	if (k->answer == NULL || k->algorithm->kind == ALGORITHM_SIGN)
		return ERR_OK;
	return token_answer_check(s, k->rule->label, &k->found, handle, k->answer);
}

/* The same key as before? A token that lost its sessions may have been exchanged meanwhile. */
static enum err
key_compare(struct session *s, const struct key *k, CK_OBJECT_HANDLE *handle)
{
	struct token_key now;
	enum err e = token_key_find(s, k->rule->label, k->algorithm, &now);
	bool same;

	if (e != ERR_OK)
		return s->lost ? e : err_because(ERR_CORRUPT, "key '%s' is gone: %s", k->rule->label, err_why());
	same = span_equal(writer_span(&now.spki), writer_span(&k->found.spki)) &&
		memcmp(now.id, k->found.id, KEY_ID_LEN) == 0;
	*handle = now.handle;
	token_key_free(&now);
	REQUIRE_WHY(same, ERR_CORRUPT, "key '%s' is another than before: not used", k->rule->label);
	return answer_compare(s, k, *handle);
}

enum err
keys_compare(struct keys *keys, struct session *s)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct key *k = &keys->rows[i];
		CK_OBJECT_HANDLE handle;
		struct token_key more;
		enum err e;

		if (atomic_load(&k->present)) {
			TRY(key_compare(s, k, &handle));
			continue;
		}
		e = token_key_find(s, k->rule->label, k->algorithm, &more);
		if (e == ERR_OK)
			token_key_free(&more);
		REQUIRE_WHY(e == ERR_NOT_FOUND, ERR_CORRUPT, "key '%s' is on one token only", k->rule->label);
		err_forget();
	}
	return ERR_OK;
}

/* Under the key's lock. Readers see era 0, and wait for the lock, while the handle changes. */
static enum err
key_again(struct session *s, struct key *k)
{
	CK_OBJECT_HANDLE handle;

	if (atomic_load(&k->era[s->seat]) == s->era)
		return ERR_OK;
	TRY(key_compare(s, k, &handle));
	atomic_store(&k->era[s->seat], 0);
	atomic_store(&k->handle[s->seat], handle);
	atomic_store(&k->era[s->seat], s->era);
	return ERR_OK;
}

static enum err
key_handle(struct session *s, struct key *k, CK_OBJECT_HANDLE *out)
{
	enum err e;

	*out = atomic_load(&k->handle[s->seat]);
	if (atomic_load(&k->era[s->seat]) == s->era && atomic_load(&k->handle[s->seat]) == *out)
		return ERR_OK;
	(void)pthread_mutex_lock(&k->again);
	e = key_again(s, k);
	*out = atomic_load(&k->handle[s->seat]);
	(void)pthread_mutex_unlock(&k->again);
	return e;
}

enum err
keys_again(struct keys *keys, struct session *s)
{
	for (size_t i = 0; i < keys->count; i++) {
		CK_OBJECT_HANDLE handle;

		if (!atomic_load(&keys->rows[i].present))
			continue;
		if (key_handle(s, &keys->rows[i], &handle) != ERR_OK)
			return ERR_UNAVAILABLE;
	}
	return ERR_OK;
}

static enum err
act_timed(struct session *s, struct key *k, CK_OBJECT_HANDLE handle, key_act *act, void *context)
{
	const int64_t began = clock_ticks();
	const enum err e = act(s, k, handle, context);

	s->spent += clock_ticks() - began;
	return e;
}

/* *again: a fresh session, or another token, may do better. *gone: the key is not there, which says nothing about others. */
static enum err
attempt(struct session *s, struct key *k, key_act *act, void *context, bool *again, bool *gone)
{
	CK_OBJECT_HANDLE handle;
	enum err e;

	*again = true;
	*gone = false;
	TRY(session_ready(s));
	e = key_handle(s, k, &handle);
	if (e == ERR_CORRUPT) { /* nothing that is found instead may be used, but this token may not be the only one */
		*gone = true;
		token_doubt(s->token);
		return err_because(ERR_UNAVAILABLE, "%s", err_why());
	}
	TRY(e);
	token_count_up(s->token, s->seat);
	e = act_timed(s, k, handle, act, context);
	*again = s->lost;
	if (e == ERR_OK && !session_stands(s)) { /* what handle and session meant is not certain any more */
		*again = true;
		return err_because(ERR_UNAVAILABLE, "the HSM was begun anew meanwhile");
	}
	return e;
}

enum err
key_use(struct session *s, struct key *k, struct breaker *b, key_act *act, void *context)
{
	bool again, gone;
	enum err e;

	REQUIRE_WHY(atomic_load(&k->present), ERR_NOT_FOUND, "key '%s' is not made yet: hold the ceremony",
		k->rule->label);
	TRY(breaker_ask(b, clock_ticks()));
	session_turn(s);
	e = attempt(s, k, act, context, &again, &gone);
	if (again) {
		log_warn("token", "%s: once more for '%s'", err_why(), k->rule->label);
		atomic_store(&k->era[s->seat], 0);
		s->lost = true;
		e = attempt(s, k, act, context, &again, &gone);
	}
	if (again && token_fail_over(s->token, s->seat))
		e = attempt(s, k, act, context, &again, &gone);
	breaker_tell(b, gone || (!again && e != ERR_UNAVAILABLE), clock_ticks());
	return e;
}
