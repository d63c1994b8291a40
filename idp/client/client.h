/* client: a registered portal or service, as the endpoints see it: read from the database, parsed once, kept for a few seconds. Used by every protocol endpoint and by the consent page. */
#ifndef MOHAR_IDP_CLIENT_CLIENT_H
#define MOHAR_IDP_CLIENT_CLIENT_H

#include <stdatomic.h>

#include "jose/jose.h"
#include "idp/store/rows.h"

enum { CLIENT_CACHE_SECONDS = 5, MAX_CACHED_CLIENTS = 4096 };

struct client_name {
	char *language, *text;
};

struct client {
	struct client_row row;
	struct json_list names; /* struct client_name; the first is the default */
	struct jwks *keys;      /* private_key_jwt; else NULL */
	unix_time read_at;
	atomic_int references;
};

struct clients;
struct idp;
MUST_USE enum err clients_new(struct clients **out);
void clients_free(struct clients **c);

/* The client, unless unknown or revoked (ERR_NOT_FOUND): at most CLIENT_CACHE_SECONDS behind the database. The caller frees. */
MUST_USE enum err client_find(struct idp *d, const char *id, struct client **out);
void client_free(struct client **c);
/* Forgets what is cached (after an act on this node). */
void client_forget(struct idp *d, const char *id);

/* What it is called in a language; falls back to its first name. */
const char *client_name_in(const struct client *c, const char *language);

/* Makes a client of a row (which it takes): parses names and keys. ERR_CORRUPT. */
MUST_USE enum err client_of_row(struct client_row *row, struct client **out);

#endif
