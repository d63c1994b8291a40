#include "idp/login/asset.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"

enum { CACHE_SECONDS = 3600, ETAG_ROOM = 48 };

struct asset {
	char *name;
	const char *type;
	struct writer bytes;
	char etag[ETAG_ROOM];
};

struct assets {
	struct asset items[MAX_ASSETS];
	size_t count;
};

static const struct {
	const char *ending, *type;
} types[] = {
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".svg", "image/svg+xml"},
};

/* NULL: not a file that is served. */
static const char *
type_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending != NULL && ending != name && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(ending, types[i].ending) == 0)
			return types[i].type;
	return NULL;
}

static enum err
read_one(const char *folder, const char *name, struct assets *a)
{
	struct asset *item = &a->items[a->count];
	AUTO(writer) etag = writer_new(ETAG_ROOM);
	struct sha256 hash;
	char path[4096];

	if (type_of(name) == NULL)
		return ERR_OK;
	REQUIRE_WHY(a->count < MAX_ASSETS, ERR_CONFIG, "%s: more than %d files", folder, MAX_ASSETS);
	a->count++;
	item->type = type_of(name);
	item->bytes = writer_new(MAX_ASSET);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	TRY(span_text(span_of(name), &item->name));
	TRY(file_read(path, MAX_ASSET, &item->bytes));
	hash = sha256_of(writer_span(&item->bytes));
	hex_write(&etag, span_at(hash.bytes, 16));
	(void)snprintf(item->etag, sizeof(item->etag), "%s", (const char *)writer_span(&etag).ptr);
	return ERR_OK;
}

enum err
assets_read(const char *folder, struct assets **out)
{
	struct assets *a = calloc(1, sizeof(*a));
	DIR *dir = opendir(folder);
	enum err e = ERR_OK;
	struct dirent *entry;

	if (a == NULL || dir == NULL) {
		free(a);
		if (dir != NULL)
			closedir(dir);
		return err_because(ERR_CONFIG,
			"folder %s cannot be read; setting 'share' must name the folder that holds idp/web", folder);
	}
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		e = read_one(folder, entry->d_name, a);
	closedir(dir);
	if (e != ERR_OK) {
		assets_free(&a);
		return e;
	}
	*out = a;
	return ERR_OK;
}

void
assets_free(struct assets **a)
{
	if (*a == NULL)
		return;
	for (size_t i = 0; i < (*a)->count; i++) {
		free((*a)->items[i].name);
		writer_free(&(*a)->items[i].bytes);
	}
	free(*a);
	*a = NULL;
}

enum err
asset_handler(void *daemon, struct request *request, struct reply *reply)
{
	const struct idp *d = daemon;
	const char *name = request_param(request, "name");

	for (size_t i = 0; i < d->assets->count; i++) {
		const struct asset *item = &d->assets->items[i];

		if (strcmp(item->name, name) != 0)
			continue;
		reply_static(reply, item->type, writer_span(&item->bytes), NULL, NULL);
		reply_cache(reply, CACHE_SECONDS, true);
		reply_etag(reply, item->etag);
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}
