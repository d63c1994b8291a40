#include "ca/status/crl_set.h"

#include <pthread.h>
#include <stdlib.h>

struct place {
	struct crl *list, *delta;
};

struct crl_set {
	pthread_mutex_t lock;
	const struct authorities *authorities;
	struct place places[][MAX_SHARDS + 1];
};

enum err
crl_set_new(const struct authorities *authorities, struct crl_set **out)
{
	struct crl_set *s = calloc(1, sizeof(*s) + authorities->count * sizeof(s->places[0]));

	REQUIRE(s != NULL, ERR_NO_MEMORY);
	pthread_mutex_init(&s->lock, NULL);
	s->authorities = authorities;
	*out = s;
	return ERR_OK;
}

void
crl_set_free(struct crl_set **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < (*s)->authorities->count; i++)
		for (size_t n = 0; n <= MAX_SHARDS; n++) {
			crl_drop((*s)->places[i][n].list);
			crl_drop((*s)->places[i][n].delta);
		}
	pthread_mutex_destroy(&(*s)->lock);
	free(*s);
	*s = NULL;
}

static struct place *
place_of(struct crl_set *s, const struct authority *a, int64_t shard)
{
	static struct place none;

	return shard >= 0 && shard <= MAX_SHARDS ? &s->places[a - s->authorities->rows][shard] : &none;
}

struct crl *
crl_set_list(struct crl_set *s, const struct authority *a, int64_t shard)
{
	pthread_mutex_lock(&s->lock);
	struct crl *l = crl_share(place_of(s, a, shard)->list);

	pthread_mutex_unlock(&s->lock);
	return l;
}

struct crl *
crl_set_delta(struct crl_set *s, const struct authority *a, int64_t shard)
{
	pthread_mutex_lock(&s->lock);
	struct crl *l = crl_share(place_of(s, a, shard)->delta);

	pthread_mutex_unlock(&s->lock);
	return l;
}

void
crl_set_publish(struct crl_set *s, const struct authority *a, int64_t shard, struct crl *list, struct crl *delta)
{
	pthread_mutex_lock(&s->lock);
	struct place *p = place_of(s, a, shard);
	const struct place old = *p;

	*p = (struct place){list, delta};
	pthread_mutex_unlock(&s->lock);
	crl_drop(old.list);
	crl_drop(old.delta);
}

static void
count(const struct crl *l, unix_time now, struct crl_set_numbers *n)
{
	if (l == NULL)
		return;
	const unix_time left = crl_about(l)->next_update - now;

	if (n->lists == 0 || left < n->least_left)
		n->least_left = left;
	n->lists++;
}

struct crl_set_numbers
crl_set_numbers(struct crl_set *s, unix_time now)
{
	struct crl_set_numbers n = {0};

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->authorities->count; i++)
		for (size_t k = 0; k <= MAX_SHARDS; k++) {
			count(s->places[i][k].list, now, &n);
			count(s->places[i][k].delta, now, &n);
		}
	pthread_mutex_unlock(&s->lock);
	return n;
}

enum err
crl_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	char label[MAX_AUTHORITY_LABEL + 1];
	struct crl_name name;

	TRY(crl_name_read(request_param(request, "file"), label, sizeof(label), &name));
	const struct authority *a = authority_find(&c->authorities, label);

	REQUIRE(a != NULL, ERR_NOT_FOUND);
	struct crl *l = name.delta ? crl_set_delta(c->lists, a, name.shard) : crl_set_list(c->lists, a, name.shard);

	REQUIRE_WHY(l != NULL, a->is_root || name.delta || name.shard > 0 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
		"%s has no such revocation list%s", a->label, a->is_root || name.delta ? "" : " yet");
	crl_reply(l, cad_now(c), reply);
	crl_drop(l);
	return ERR_OK;
}
