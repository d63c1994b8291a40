/* Files that are brought along to a ceremony, or folders of them. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "base/file.h"
#include "cli/ceremony/ceremony.h"

enum { MAX_FILE = 64 << 20, MAX_FOLDER = 4096 };

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_shown(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* "HASH  NAME" a line, as sha256sum writes it; folders in it with what is in them. */
static enum err
folder_list(const char *path, const char *prefix, unsigned depth, struct writer *list)
{
	struct dirent **found = NULL;
	const int count = scandir(path, &found, is_shown, by_name);
	enum err e = count >= 0 && depth < 8 ? ERR_OK : err_because(ERR_NOT_FOUND, "%s: cannot be listed", path);

	for (int i = 0; i < count; i++) {
		char inner[MAX_FOLDER], name[MAX_FOLDER];
		struct stat info;

		if (e == ERR_OK &&
			((size_t)snprintf(inner, sizeof(inner), "%s/%s", path, found[i]->d_name) >= sizeof(inner) ||
				(size_t)snprintf(name, sizeof(name), "%s%s", prefix, found[i]->d_name) >=
					sizeof(name) ||
				lstat(inner, &info) != 0))
			e = err_because(ERR_IO, "%s: cannot be read", path);
		if (e == ERR_OK && S_ISDIR(info.st_mode)) {
			char deeper[MAX_FOLDER + 1];

			(void)snprintf(deeper, sizeof(deeper), "%s/", name);
			e = folder_list(inner, deeper, depth + 1, list);
		} else if (e == ERR_OK) {
			AUTO(writer) bytes = writer_new(MAX_FILE);
			struct sha256 hash;

			e = file_read(inner, MAX_FILE, &bytes);
			hash = sha256_of(writer_span(&bytes));
			hex_write(list, sha256_span(&hash));
			writer_format(list, "  %s\n", name);
		}
		free(found[i]);
	}
	free(found);
	return e;
}

static enum err
input_hash(const char *path, struct input *in, struct writer *list)
{
	AUTO(writer) bytes = writer_new(MAX_FILE);
	struct stat info;

	REQUIRE_WHY(stat(path, &info) == 0, ERR_NOT_FOUND, "%s: no such file", path);
	in->folder = S_ISDIR(info.st_mode);
	if (in->folder) {
		TRY(folder_list(path, "", 0, list));
		TRY(writer_done(list));
		in->hash = sha256_of(writer_span(list));
		return ERR_OK;
	}
	TRY(file_read(path, MAX_FILE, &bytes));
	in->hash = sha256_of(writer_span(&bytes));
	return ERR_OK;
}

const char *
ceremony_input_given(const struct ceremony *c, const char *name)
{
	const size_t len = strlen(name);
	const char *value;

	for (size_t i = 0; (value = cli_value_at(c->cli, "--input", i)) != NULL; i++)
		if (strncmp(value, name, len) == 0 && value[len] == '=')
			return value + len + 1;
	return NULL;
}

enum err
ceremony_input_take(const struct script_input *row, const char *path, struct input *out)
{
	AUTO(writer) list = writer_new(1 << 20);
	AUTO(writer) hash = writer_new(2 * SHA256_LEN);

	*out = (struct input){.row = row, .path = path};
	TRY(input_hash(path, out, &list));
	hex_write(&hash, sha256_span(&out->hash));
	REQUIRE_WHY(row->sha256 == NULL || span_is(writer_span(&hash), row->sha256), ERR_MISMATCH,
		"%s: its SHA-256 is %s, and the script expects %s", path, (const char *)writer_span(&hash).ptr,
		row->sha256);
	return ERR_OK;
}

enum err
ceremony_inputs(struct ceremony *c)
{
	const struct script_input *rows = c->script.inputs.items;

	for (size_t i = 0; i < c->script.inputs.count; i++) {
		const char *path = ceremony_input_given(c, rows[i].name);

		REQUIRE_WHY(path != NULL, ERR_MALFORMED, "the script wants '%s' (%s): add --input %s=PATH",
			rows[i].name, rows[i].what, rows[i].name);
		TRY(ceremony_input_take(&rows[i], path, &c->inputs[i]));
		c->input_count = i + 1;
	}
	return ERR_OK;
}

enum err
ceremony_input(const struct ceremony *c, const char *name, const struct input **out)
{
	for (size_t i = 0; i < c->input_count; i++)
		if (strcmp(c->inputs[i].row->name, name) == 0) {
			*out = &c->inputs[i];
			return ERR_OK;
		}
	return err_because(ERR_NOT_FOUND, "there is no input '%s'", name);
}

/* What of a token is kept elsewhere: every file's hash, so that a restore can be held against it. */
enum err
ceremony_backup(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) list = writer_new(MAX_STEP_TEXT / 2);
	const struct input *in;
	struct input again;

	TRY(ceremony_input(c, s->input, &in));
	TRY(input_hash(in->path, &again, &list));
	json_span(&c->json, "files", writer_span(&list));
	json_hex(&c->json, "files_sha256", sha256_span(&again.hash));
	if (c->dry) /* the scratch token's own folder, which changes */
		return ERR_OK;
	REQUIRE_WHY(in->folder, ERR_CONFIG, "%s: a backup is a folder", in->path);
	REQUIRE_WHY(memcmp(again.hash.bytes, in->hash.bytes, SHA256_LEN) == 0, ERR_MISMATCH,
		"%s has changed since this ceremony began", in->path);
	return ERR_OK;
}
