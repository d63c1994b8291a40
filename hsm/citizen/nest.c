#include "hsm/citizen/nest.h"

#include "hsm/token/citizen.h"

void
nests_init(struct nests *n, struct token *t, size_t count)
{
	n->count = count < MAX_NESTS ? count : MAX_NESTS;
	for (size_t i = 0; i < n->count; i++) {
		(void)pthread_mutex_init(&n->all[i].lock, NULL);
		n->all[i].session = (struct session){.token = t, .stays = true, .home = i % token_count(t)};
	}
}

/* One that nobody holds, else the next in turn. Held. */
static struct nest *
nest_take(struct nests *n)
{
	const unsigned turn = atomic_fetch_add(&n->turn, 1);
	struct nest *nest = &n->all[turn % n->count];

	for (size_t i = 0; i < n->count; i++)
		if (pthread_mutex_trylock(&n->all[(turn + i) % n->count].lock) == 0)
			return &n->all[(turn + i) % n->count];
	(void)pthread_mutex_lock(&nest->lock);
	return nest;
}

struct unwrapping {
	const struct algorithm *algorithm;
	struct span wrapped, spki;
	CK_OBJECT_HANDLE object;
	unsigned calls;
};

static enum err
act_unwrap(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct unwrapping *u = context;

	(void)k;
	u->calls++;
	return token_citizen_unwrap(s, handle, u->algorithm, u->wrapped, u->spki, &u->object);
}

/* The nest is held. What was lost before is mended first, so that key_use has its second try for what fails now. When another session was opened,
 * everything that lay in the old one is gone. */
static enum err
unwrap(struct nest *n, struct service *service, struct key *master, struct unwrapping *u)
{
	CK_SESSION_HANDLE before;
	uint64_t era;
	enum err e;

	if (!n->session.open || n->session.lost) {
		atomic_fetch_add(&n->epoch, 1);
		if (!breaker_is_open(&service->breaker) && session_recover(&n->session) != ERR_OK)
			err_forget(); /* key_use says what is wrong */
	}
	before = n->session.handle;
	era = n->session.era;
	e = key_use(&n->session, master, &service->breaker, act_unwrap, u);
	if (u->calls > 1 || !n->session.open || n->session.lost || n->session.handle != before || n->session.era != era)
		atomic_fetch_add(&n->epoch, 1);
	return e;
}

enum err
nest_unwrap(struct nests *n, struct service *service, struct key *master, const struct algorithm *a,
	struct span wrapped, struct span spki, struct nested *out)
{
	struct unwrapping u = {.algorithm = a, .wrapped = wrapped, .spki = spki};
	struct nest *nest = nest_take(n);
	enum err e = unwrap(nest, service, master, &u);

	*out = (struct nested){0};
	if (e == ERR_OK)
		*out = (struct nested){.handle = u.object,
			.nest = nest,
			.epoch = atomic_load(&nest->epoch),
			.seat = nest->session.seat,
			.era = nest->session.era};
	(void)pthread_mutex_unlock(&nest->lock);
	return e;
}

bool
nested_lives(const struct nested *o)
{
	return o->nest != NULL && o->epoch == atomic_load(&o->nest->epoch) &&
		o->era == token_era(o->nest->session.token, o->seat);
}

/* A handle of a session that is gone may be somebody else's by now. */
void
nested_drop(struct nested *o, struct session *s)
{
	if (nested_lives(o)) {
		session_goto(s, o->seat);
		if (session_stands(s) && s->era == o->era)
			token_citizen_drop(s, o->handle);
	}
	*o = (struct nested){0};
}

void
nested_doubt(struct nested *o)
{
	struct nest *n = o->nest;

	if (n == NULL)
		return;
	(void)pthread_mutex_lock(&n->lock);
	if (nested_lives(o)) {
		if (token_session_lives(&n->session)) {
			token_citizen_drop(&n->session, o->handle);
		} else {
			n->session.lost = true;
			atomic_fetch_add(&n->epoch, 1);
		}
	}
	(void)pthread_mutex_unlock(&n->lock);
	*o = (struct nested){0};
}
