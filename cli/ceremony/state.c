#include "cli/ceremony/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MAX_STATE = 4 << 20, MAX_DONE = 256, MAX_DONE_TEXT = 256 << 10 };

static const struct json_row step_rows[] = {
	{"json", JSON_TEXT, JSON_REQUIRED, offsetof(struct state_step, json), .max = MAX_DONE_TEXT}};
static const struct json_table step_table = {"step", step_rows, 1, sizeof(struct state_step), false};
static const struct json_row state_rows[] = {
	{"script_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct ceremony_state, script), .max = SHA256_LEN},
	{"keys_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct ceremony_state, keys), .max = SHA256_LEN},
	{"started", JSON_INT, JSON_REQUIRED, offsetof(struct ceremony_state, started), .min = 0, .max = 1LL << 40},
	{"doing", JSON_INT, JSON_REQUIRED, offsetof(struct ceremony_state, doing), .min = -1, .max = MAX_DONE},
	{"steps", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct ceremony_state, steps), .max = MAX_DONE,
		.table = &step_table},
};
static const struct json_table state_table = {"ceremony under way", state_rows, 5, sizeof(struct ceremony_state),
	false};

static enum err
bytes_copy(const struct sha256 *h, struct json_bytes *out)
{
	out->ptr = malloc(SHA256_LEN);
	REQUIRE(out->ptr != NULL, ERR_NO_MEMORY);
	memcpy(out->ptr, h->bytes, SHA256_LEN);
	out->len = SHA256_LEN;
	return ERR_OK;
}

static enum err
is_this(const struct ceremony_state *s, const char *path, const struct sha256 *script, const struct sha256 *keys)
{
	REQUIRE_WHY(span_equal(span_at(s->script.ptr, s->script.len), sha256_span(script)), ERR_MISMATCH,
		"%s: a ceremony by another script was begun here; end that one, or choose another --out", path);
	REQUIRE_WHY(span_equal(span_at(s->keys.ptr, s->keys.len), sha256_span(keys)), ERR_MISMATCH,
		"%s: this ceremony was begun under another keys.json: give the one of then", path);
	return ERR_OK;
}

enum err
state_read(const char *path, const struct sha256 *script, const struct sha256 *keys, struct ceremony_state **out)
{
	struct ceremony_state *s = calloc(1, sizeof(*s));
	enum err e;

	*out = s;
	REQUIRE(s != NULL, ERR_NO_MEMORY);
	if (access(path, F_OK) == 0) {
		e = json_decode_file(path, &state_table, s);
		if (e == ERR_OK)
			e = is_this(s, path, script, keys);
	} else {
		s->doing = -1;
		e = bytes_copy(script, &s->script);
		if (e == ERR_OK)
			e = bytes_copy(keys, &s->keys);
	}
	if (e != ERR_OK)
		state_free(out);
	return e;
}

void
state_free(struct ceremony_state **s)
{
	if (*s == NULL)
		return;
	json_free(&state_table, *s);
	free(*s);
	*s = NULL;
}

static enum err
save(const struct ceremony_state *s, const char *path)
{
	AUTO(writer) text = writer_new(MAX_STATE);
	const struct state_step *steps = s->steps.items;
	struct json_writer j = json_to(&text);

	json_object(&j, NULL);
	json_bytes64(&j, "script_sha256", span_at(s->script.ptr, s->script.len));
	json_bytes64(&j, "keys_sha256", span_at(s->keys.ptr, s->keys.len));
	json_int(&j, "started", s->started);
	json_int(&j, "doing", s->doing);
	json_array(&j, "steps");
	for (size_t i = 0; i < s->steps.count; i++) {
		json_object(&j, NULL);
		json_text(&j, "json", steps[i].json);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	TRY(writer_done(&text));
	return file_write(path, writer_span(&text), 0600);
}

enum err
state_begin(struct ceremony_state *s, const char *path, size_t step)
{
	s->doing = (int64_t)step;
	return save(s, path);
}

enum err
state_add(struct ceremony_state *s, const char *path, struct span json)
{
	struct state_step *grown = reallocarray(s->steps.items, s->steps.count + 1, sizeof(*grown));

	REQUIRE(grown != NULL, ERR_NO_MEMORY);
	s->steps.items = grown;
	TRY(span_text(json, &grown[s->steps.count].json));
	s->steps.count++;
	s->doing = -1;
	return save(s, path);
}
