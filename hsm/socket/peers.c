#include "hsm/socket/peers.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static struct epoll_event
event_for(struct connection *c)
{
	return (struct epoll_event){.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
}

enum err
peers_init(struct peers *p, size_t users, size_t requests, size_t most)
{
	*p = (struct peers){
		.shares = {.users = users,
			.all = {[SHARE_CONNECTIONS] = MAX_CONNECTIONS, [SHARE_REQUESTS] = requests},
			.most = {[SHARE_CONNECTIONS] = share_most(MAX_CONNECTIONS), [SHARE_REQUESTS] = most}},
		.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	REQUIRE_WHY(p->epoll_fd >= 0, ERR_IO, "epoll: %s", strerror(errno));
	(void)pthread_mutex_init(&p->lock, NULL);
	return ERR_OK;
}

/* Under the lock: its message is done with. */
static void
rest(struct peers *p, struct connection *c)
{
	if (c->busy)
		share_give(&p->shares, c->share, SHARE_REQUESTS);
	c->busy = false;
	c->share->large -= c->large;
	c->large = false;
}

void
peers_drop(struct peers *p, struct connection *c)
{
	(void)pthread_mutex_lock(&p->lock);
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		p->connections = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	p->count--;
	rest(p, c);
	share_give(&p->shares, c->share, SHARE_CONNECTIONS);
	(void)pthread_mutex_unlock(&p->lock);
	connection_free(&c);
}

/* Under the lock. */
static const char *
no_room(struct peers *p, struct connection *c)
{
	c->share = share_of(&p->shares, c->uid);
	if (p->count >= MAX_CONNECTIONS || c->share == NULL)
		return "mohar-hsmd has too many connections";
	if (!share_take(&p->shares, c->share, SHARE_CONNECTIONS))
		return "this user has too many connections";
	return NULL;
}

const char *
peers_admit(struct peers *p, struct connection *c)
{
	struct epoll_event event = event_for(c);
	const char *why;

	(void)pthread_mutex_lock(&p->lock);
	why = no_room(p, c);
	if (why == NULL && epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) {
		share_give(&p->shares, c->share, SHARE_CONNECTIONS);
		why = "mohar-hsmd cannot wait for more connections";
	}
	if (why == NULL) {
		c->next = p->connections;
		if (c->next != NULL)
			c->next->previous = c;
		p->connections = c;
		p->count++;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return why;
}

bool
peers_begin(struct peers *p, struct connection *c)
{
	(void)pthread_mutex_lock(&p->lock);
	c->busy = share_take(&p->shares, c->share, SHARE_REQUESTS);
	c->since = 0;
	(void)pthread_mutex_unlock(&p->lock);
	return c->busy;
}

bool
peers_large(struct peers *p, struct connection *c)
{
	if (c->large || !connection_is_large(c))
		return true;
	(void)pthread_mutex_lock(&p->lock);
	c->large = c->share->large < MAX_LARGE;
	c->share->large += c->large;
	(void)pthread_mutex_unlock(&p->lock);
	return c->large;
}

void
peers_rest(struct peers *p, struct connection *c)
{
	(void)pthread_mutex_lock(&p->lock);
	rest(p, c);
	(void)pthread_mutex_unlock(&p->lock);
}

void
peers_wait(struct peers *p, struct connection *c, int64_t since)
{
	struct epoll_event event = event_for(c);
	bool armed;

	(void)pthread_mutex_lock(&p->lock);
	if (since == 0)
		rest(p, c);
	c->since = since;
	armed = epoll_ctl(p->epoll_fd, EPOLL_CTL_MOD, c->fd, &event) == 0;
	(void)pthread_mutex_unlock(&p->lock);
	if (!armed)
		peers_drop(p, c);
}

void
peers_see(struct peers *p)
{
	(void)pthread_mutex_lock(&p->lock);
	(void)pthread_mutex_unlock(&p->lock);
}

void
peers_sweep(struct peers *p, int64_t now, int64_t slow)
{
	(void)pthread_mutex_lock(&p->lock);
	for (struct connection *c = p->connections; c != NULL; c = c->next)
		if (!c->busy && c->since != 0 && now - c->since > slow)
			(void)shutdown(c->fd, SHUT_RDWR); /* epoll then tells, and the usual way closes it */
	(void)pthread_mutex_unlock(&p->lock);
}

bool
peers_busy(struct peers *p)
{
	bool busy = false;

	(void)pthread_mutex_lock(&p->lock);
	for (struct connection *c = p->connections; c != NULL; c = c->next)
		busy = busy || c->busy;
	(void)pthread_mutex_unlock(&p->lock);
	return busy;
}
