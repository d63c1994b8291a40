#include "http/route.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = UINT16_MAX };

struct route_index {
	const struct route *routes;
	size_t count;
	uint16_t *next;    /* of the same bucket, by route */
	uint16_t *buckets; /* plain paths */
	size_t mask;
	uint16_t *patterns; /* paths with parameters, in the table's order */
	size_t pattern_count;
};

/* FNV-1a */
static size_t
hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

static bool
is_pattern(const struct route *route)
{
	return strchr(route->path, '{') != NULL;
}

static enum err
check_route(const struct route *route)
{
	size_t params = 0;

	REQUIRE_WHY(route->path[0] == '/' && route->method[0] != '\0' && route->who != NULL && route->handler != NULL,
		ERR_CONFIG, "route '%s %s' is not whole", route->method, route->path);
	REQUIRE_WHY(route->max_body <= MAX_HTTP_BODY, ERR_CONFIG, "route '%s' takes more than %d bytes", route->path,
		MAX_HTTP_BODY);
	for (const char *at = route->path; (at = strchr(at, '{')) != NULL; at++, params++) {
		const char *end = strchr(at, '}');

		REQUIRE_WHY(at[-1] == '/' && end != NULL && (end[1] == '/' || end[1] == '\0'), ERR_CONFIG,
			"route '%s': a parameter is one whole segment", route->path);
		REQUIRE_WHY(memcmp(end - 3, "...", 3) != 0 || end[1] == '\0', ERR_CONFIG,
			"route '%s': {rest...} stands last", route->path);
	}
	REQUIRE_WHY(params <= MAX_ROUTE_PARAMS, ERR_CONFIG, "route '%s' has more than %d parameters", route->path,
		MAX_ROUTE_PARAMS);
	return ERR_OK;
}

enum err
route_index_new(const struct route *routes, size_t count, struct route_index **out)
{
	struct route_index *i = calloc(1, sizeof(*i));
	size_t size = 8;

	REQUIRE(i != NULL, ERR_NO_MEMORY);
	while (size < count * 2)
		size *= 2;
	*i = (struct route_index){.routes = routes, .count = count, .mask = size - 1};
	i->next = calloc(count + 1, sizeof(*i->next));
	i->buckets = calloc(size, sizeof(*i->buckets));
	i->patterns = calloc(count + 1, sizeof(*i->patterns));
	if (i->next == NULL || i->buckets == NULL || i->patterns == NULL || count >= NONE) {
		route_index_free(&i);
		return ERR_NO_MEMORY;
	}
	memset(i->buckets, 0xff, size * sizeof(*i->buckets));
	for (size_t n = 0; n < count; n++) {
		const enum err e = check_route(&routes[n]);

		if (e != ERR_OK) {
			route_index_free(&i);
			return e;
		}
		if (is_pattern(&routes[n])) {
			i->patterns[i->pattern_count++] = (uint16_t)n;
			continue;
		}
		uint16_t *bucket = &i->buckets[hash(routes[n].path) & i->mask];
		i->next[n] = *bucket;
		*bucket = (uint16_t)n;
	}
	*out = i;
	return ERR_OK;
}

void
route_index_free(struct route_index **i)
{
	if (*i == NULL)
		return;
	free((*i)->next);
	free((*i)->buckets);
	free((*i)->patterns);
	free(*i);
	*i = NULL;
}

static bool
method_fits(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 || (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* "." and "..", where a segment of text ends at a slash. */
static bool
has_dots(const char *text)
{
	while (text != NULL) {
		const size_t len = strcspn(text, "/");

		if ((len == 1 && text[0] == '.') || (len == 2 && text[0] == '.' && text[1] == '.'))
			return true;
		text = text[len] == '/' ? text + len + 1 : NULL;
	}
	return false;
}

static enum err
take_param(struct request *request, struct span name, struct span raw, bool rest)
{
	char *value = arena_take(&request->arena, raw.len + 1);
	size_t len;

	REQUIRE(value != NULL, ERR_NO_MEMORY);
	TRY(percent_read(raw, false, value, &len));
	REQUIRE(len > 0 && !has_dots(value) && (rest || strchr(value, '/') == NULL), ERR_NOT_FOUND);
	request->param_names[request->param_count] = (const char *)name.ptr;
	request->param_name_lens[request->param_count] = name.len;
	request->params[request->param_count++] = value;
	return ERR_OK;
}

/* Walks pattern and path together, segment by segment. ERR_NOT_FOUND if they differ. */
static enum err
match(const struct route *route, struct request *request)
{
	const char *pattern = route->path, *path = request->path;

	request->param_count = 0;
	while (*pattern != '\0') {
		if (*pattern != '{') {
			REQUIRE(*pattern == *path, ERR_NOT_FOUND);
			pattern++;
			path++;
			continue;
		}
		const size_t name_len = strcspn(pattern, "}") - 1;
		const bool rest = name_len > 3 && memcmp(pattern + name_len - 2, "...", 3) == 0;
		const size_t len = rest ? strlen(path) : strcspn(path, "/");

		TRY(take_param(request, span_at(pattern + 1, rest ? name_len - 3 : name_len), span_at(path, len),
			rest));
		pattern += name_len + 2;
		path += len;
	}
	REQUIRE(*path == '\0', ERR_NOT_FOUND);
	return ERR_OK;
}

/* Does the route's text before its first parameter start the path? Cheap enough to be tried on every row. */
static bool
may_match(const struct route *route, const char *path)
{
	return strncmp(route->path, path, strcspn(route->path, "{")) == 0;
}

static enum err
find_pattern(const struct route_index *i, struct request *request, bool *known)
{
	for (size_t n = 0; n < i->pattern_count; n++) {
		const struct route *route = &i->routes[i->patterns[n]];
		enum err e;

		if (!may_match(route, request->path))
			continue;
		e = match(route, request);
		if (e == ERR_NOT_FOUND)
			continue;
		TRY(e);
		*known = true;
		if (method_fits(route, request->method)) {
			request->route = route;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

enum err
route_find(const struct route_index *i, struct request *request)
{
	bool known = false;
	enum err e;

	for (uint16_t n = i->buckets[hash(request->path) & i->mask]; n != NONE; n = i->next[n]) {
		if (strcmp(i->routes[n].path, request->path) != 0)
			continue;
		known = true;
		if (method_fits(&i->routes[n], request->method)) {
			request->route = &i->routes[n];
			return ERR_OK;
		}
	}
	e = find_pattern(i, request, &known);
	return e == ERR_NOT_FOUND && known ? ERR_METHOD : e;
}

static void
add_method(struct writer *w, const char *method)
{
	writer_text(w, w->len == 0 ? "" : ", ");
	writer_text(w, method);
	if (strcmp(method, "GET") == 0)
		writer_text(w, ", HEAD");
}

void
route_allow(const struct route_index *i, const struct request *request, struct writer *w)
{
	for (size_t n = 0; n < i->count; n++) {
		bool fits = strcmp(i->routes[n].path, request->path) == 0;

		if (!fits && is_pattern(&i->routes[n]) && may_match(&i->routes[n], request->path)) {
			struct exchange *x = exchange_new(NULL, request->path, NULL);

			fits = x != NULL && match(&i->routes[n], &x->request) == ERR_OK;
			exchange_free(&x);
		}
		if (fits)
			add_method(w, i->routes[n].method);
	}
}
