#include "idp/limit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/rate.h"

enum { NETWORK6 = 8 /* bytes of an IPv6 address that one customer has */ };

/* The first segment of the paths that count. */
static const struct {
	const char *path;
	bool failures; /* only these are charged, by the handler */
} doors[] = {
	{"/login", false},
	{"/authorize", false},
	{"/activate", false},
	{"/token", true},
	{"/par", true},
	{"/revoke", true},
};

enum err
limits_open(struct idp *d)
{
	TRY(rates_new(MAX_ADDRESSES, d->settings.address_per_second, d->settings.address_burst, &d->addresses));
	return rates_new(MAX_ACCOUNTS, d->settings.account_per_second, d->settings.account_burst, &d->accounts);
}

void
limits_close(struct idp *d)
{
	rates_free(&d->addresses);
	rates_free(&d->accounts);
}

static bool
is_below(const char *path, const char *first)
{
	const size_t len = strlen(first);

	return strncmp(path, first, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* What an address counts as. */
static struct span
address_key(const char *address, struct in6_addr *room)
{
	if (inet_pton(AF_INET6, address, room) == 1)
		return IN6_IS_ADDR_V4MAPPED(room) ? span_at(room, sizeof(*room)) : span_at(room, NETWORK6);
	return span_of(address);
}

enum err
limit_admit(void *daemon, const struct request *request)
{
	struct idp *const d = daemon;
	struct in6_addr room;

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		if (!is_below(request_path(request), doors[i].path))
			continue;
		const struct span key = address_key(request_address(request), &room);

		return doors[i].failures ? rates_look(d->addresses, key, clock_ticks())
					 : rates_take(d->addresses, key, clock_ticks());
	}
	return ERR_OK;
}

enum err
limit_account(struct idp *d, struct span account)
{
	return rates_look(d->accounts, account, clock_ticks());
}

/* The reason of what failed stays the one that is told. */
static void
charge(struct rates *r, struct span key)
{
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_why());
	if (rates_take(r, key, clock_ticks()) != ERR_OK)
		err_remember("%s", why);
}

/* Trying out is what is limited; who meets a database that restarts tries nothing out. */
static bool
is_judgement(enum err e)
{
	return err_http(e) < 500;
}

void
limit_failed(struct idp *d, struct span account, enum err e)
{
	if (is_judgement(e))
		charge(d->accounts, account);
}

struct span
limit_client(const struct request *request, char out[MAX_LIMIT_KEY])
{
	const char *client = request_form(request, "client_id"), *secret;

	if (request_basic(request, &client, &secret) != ERR_OK)
		err_forget();
	(void)snprintf(out, MAX_LIMIT_KEY, "%s %.64s", request_address(request), client != NULL ? client : "");
	return span_of(out);
}

void
limit_client_failed(struct idp *d, const struct request *request, enum err e)
{
	struct in6_addr room;
	char key[MAX_LIMIT_KEY];

	if (!is_judgement(e))
		return;
	charge(d->addresses, address_key(request_address(request), &room));
	charge(d->accounts, limit_client(request, key));
}
