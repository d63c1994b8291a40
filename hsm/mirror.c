#include "hsm/mirror.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "hsm/policy/genesis.h"

enum { PAUSE_MS = 250, MAX_VALUE = 16 << 10, STACK = 256 << 10 };

/* What mohar-hsmd itself remembers in a token. */
static const char *const remembered[] = {"mohar-genesis", "mohar-journal"};

static enum err
other_check(struct service *s, struct session *other)
{
	int64_t known;

	TRY(genesis_check(other, &s->policy, s->settings.serves, false, &known));
	REQUIRE_WHY(known == s->restore.known, ERR_CONFIG, "it knows of another version of keys.json");
	return keys_compare(&s->keys, other);
}

enum err
mirror_check(struct service *s)
{
	struct session other;
	enum err e;

	if (token_count(s->token) == 1)
		return ERR_OK;
	if (token_is_alone(s->token)) {
		log_warn("token", "one of the two tokens is not there: serving with the other alone");
		return ERR_OK;
	}
	TRY(token_other_open(s->token, token_other(s->token), &other));
	e = other_check(s, &other);
	if (e == ERR_CORRUPT || e == ERR_CONFIG || e == ERR_NOT_FOUND)
		e = err_because(ERR_CONFIG,
			"token '%s' is no copy of the other (%s): clone it anew, or take 'mirror' out",
			token_label(s->token, other.seat), err_why());
	token_other_close(&other);
	return e;
}

/* From the token that works to the other. */
static enum err
copy(struct session *from, struct session *to)
{
	for (size_t i = 0; i < sizeof(remembered) / sizeof(remembered[0]); i++) {
		AUTO(writer) value = writer_new(MAX_VALUE);

		TRY(token_data_get(from, remembered[i], &value));
		TRY(token_data_put(to, remembered[i], writer_span(&value)));
	}
	return ERR_OK;
}

static enum err
take_back(struct service *s, struct session *mine, struct session *other)
{
	TRY(keys_compare(&s->keys, other));
	return copy(mine, other);
}

/* Each reason is told once. */
static void
tell(char *told, size_t len)
{
	if (strcmp(told, err_why()) != 0)
		log_warn("token", "the token that is down stays so: %s", err_why());
	(void)snprintf(told, len, "%s", err_why());
	err_forget();
}

static void
try_other(struct service *s, struct session *mine, char *told, size_t len)
{
	struct session other;
	enum err e = token_other_open(s->token, token_other(s->token), &other);

	if (e == ERR_OK) {
		e = take_back(s, mine, &other);
		if (e == ERR_OK)
			token_other_set(&other, true);
		token_other_close(&other);
	}
	if (e != ERR_OK)
		tell(told, len);
	else
		told[0] = '\0';
}

static void *
keeper_main(void *argument)
{
	const struct timespec pause = {0, PAUSE_MS * 1000000};
	struct service *s = argument;
	struct session mine = {.token = s->token};
	char told[256] = "";

	for (;;) {
		token_enter(s->token);
		if (token_is_alone(s->token))
			try_other(s, &mine, told, sizeof(told));
		token_leave(s->token);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

enum err
mirror_keep(struct service *s)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int failed;

	if (token_count(s->token) == 1)
		return ERR_OK;
	failed = pthread_attr_init(&attributes);
	failed |= pthread_attr_setstacksize(&attributes, STACK);
	failed |= pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	failed |= pthread_create(&thread, &attributes, keeper_main, s);
	REQUIRE_WHY(failed == 0, ERR_NO_MEMORY, "starting a thread: %s", strerror(failed));
	return ERR_OK;
}
