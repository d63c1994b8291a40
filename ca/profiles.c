#include "ca/profiles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATH = 4096, SUFFIX_LEN = 5 };

static int
is_json(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > SUFFIX_LEN && strcmp(entry->d_name + len - SUFFIX_LEN, ".json") == 0 &&
		strcmp(entry->d_name, "schema.json") != 0;
}

static enum err
read_all(const char *folder, struct dirent **entries, size_t count, struct profiles *out)
{
	REQUIRE_WHY(count > 0 && count <= MAX_PROFILES, ERR_CONFIG, "%s: wants 1 to %d profiles", folder, MAX_PROFILES);
	out->rows = calloc(count, sizeof(*out->rows));
	REQUIRE(out->rows != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char path[MAX_PATH];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
		TRY(profile_read(path, &out->rows[i]));
		out->count = i + 1;
		REQUIRE_WHY(strlen(out->rows[i].name) == strlen(name) - SUFFIX_LEN &&
				strncmp(out->rows[i].name, name, strlen(name) - SUFFIX_LEN) == 0,
			ERR_CONFIG, "%s: holds the profile '%s'; file and profile must have one name", path,
			out->rows[i].name);
	}
	return ERR_OK;
}

enum err
profiles_read(const char *folder, struct profiles *out)
{
	struct dirent **entries = NULL;
	const int count = scandir(folder, &entries, is_json, alphasort);

	*out = (struct profiles){0};
	REQUIRE_WHY(count >= 0, ERR_CONFIG, "%s: the folder of profiles cannot be read", folder);
	const enum err e = read_all(folder, entries, (size_t)count, out);

	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	if (e != ERR_OK)
		profiles_free(out);
	return e;
}

void
profiles_free(struct profiles *p)
{
	for (size_t i = 0; i < p->count; i++)
		profile_free(&p->rows[i]);
	free(p->rows);
	*p = (struct profiles){0};
}

const struct profile *
profile_find(const struct profiles *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->rows[i].name, name) == 0)
			return &p->rows[i];
	return NULL;
}

const struct profile *
profile_of_responder(const struct profiles *p, const char *issuer)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->rows[i].issuer, issuer) == 0 &&
			json_texts_have(&p->rows[i].extended_key_usage, "ocspSigning"))
			return &p->rows[i];
	return NULL;
}
