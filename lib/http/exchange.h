/* exchange: one request and its reply, with the memory both live in. Used inside lib/http only; handlers see the two halves as struct request and
 * struct reply. One malloc holds it all for an ordinary request; everything handed out lives until the reply is sent. */
#ifndef MOHAR_HTTP_EXCHANGE_H
#define MOHAR_HTTP_EXCHANGE_H

#include <stdarg.h>

#include "http/form.h"
#include "http/server.h"

enum {
	MAX_REQUEST_HEADERS = 64,
	MAX_REPLY_HEADERS = 24,
	MAX_REPLY = 64 << 20,
	ARENA_FIRST = 2048,
	ARENA_BLOCK = 16 * 1024
};

struct arena_block;

/* A bump allocator: freed as a whole. */
struct arena {
	struct arena_block *blocks; /* beyond the first */
	size_t used, room;
	char *at;
};

struct http_header {
	const char *name;
	const char *value;
};

struct request {
	struct MHD_Connection *connection;
	const char *method;
	char *target; /* path, NUL, query */
	const char *path;
	const char *query_raw;
	struct http_header headers[MAX_REQUEST_HEADERS];
	size_t header_count;
	const struct route *route;
	const char *param_names[MAX_ROUTE_PARAMS];
	size_t param_name_lens[MAX_ROUTE_PARAMS];
	const char *params[MAX_ROUTE_PARAMS];
	size_t param_count;
	struct writer body;
	struct form query, form;
	void *attached;
	void (*free_attached)(void *);
	char address[64];
	struct arena arena;
};

struct reply {
	int status;
	const char *content_type; /* NULL: no body */
	struct writer body;
	bool is_static;
	struct span bytes; /* is_static */
	void (*done)(void *);
	void *done_context;
	struct http_header headers[MAX_REPLY_HEADERS];
	size_t header_count;
	int max_age;
	bool is_public;
	const char *etag;
	bool broken; /* something was put in that must not go out: answered by 500 */
	struct arena *arena;
};

struct exchange {
	struct http_server *server;
	int64_t began; /* clock_ticks() */
	bool started;  /* the headers have been looked at */
	bool discard;  /* refused already; the body is read only to keep the connection in step */
	size_t discarded;
	enum err refused;
	const char *refused_why; /* in the arena: the thread's reason does not survive the waiting for a body */
	struct request request;
	struct reply reply;
	char first[ARENA_FIRST];
};

/* An empty exchange for a request target as sent. NULL if memory is short. */
struct exchange *exchange_new(struct http_server *server, const char *target, struct MHD_Connection *connection);
void exchange_free(struct exchange **x);

/* len bytes, aligned for pointers; NULL if memory is short. */
void *arena_take(struct arena *a, size_t len);
/* A NUL-terminated copy; NULL if memory is short. */
char *arena_text(struct arena *a, struct span text);
char *arena_format(struct arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

void arena_release(struct arena *a);

/* Drops what a handler has made of a reply before it refused: body, type, caching, Location. Other headers stay (WWW-Authenticate, cookies). */
void reply_restart(struct reply *r);

/* The reply is over: frees the body, calls done. */
void reply_release(struct reply *r);

/* The header that a handler has set, or NULL. */
const char *reply_find(const struct reply *r, const char *name);

#endif
