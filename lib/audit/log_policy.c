#include "audit/log_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { MAX_WORDS = 2 + MAX_POLICY_ACTORS + 1, MAX_WORD = 2048 };

/* A line under way: its words, and where it stands. */
struct words {
	struct span at[MAX_WORDS];
	size_t count;
	const char *file;
	unsigned line;
};

#define REFUSE_LINE(w, ...) line_refused(w, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static enum err
line_refused(const struct words *w, const char *format, ...)
{
	char why[200];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	return err_because(ERR_CONFIG, "%s: line %u: %s (C2SP tlog-policy)", w->file, w->line, why);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static enum err
split(struct span line, struct words *w)
{
	size_t i = 0;

	w->count = 0;
	while (i < line.len) {
		const size_t start = i;

		while (i < line.len && !is_blank(line.ptr[i])) {
			if (line.ptr[i] < ' ' || line.ptr[i] == 0x7f)
				return REFUSE_LINE(w, "a control character");
			i++;
		}
		if (i > start) {
			if (w->count == MAX_WORDS || i - start > MAX_WORD)
				return REFUSE_LINE(w, "too long");
			w->at[w->count++] = span_at(line.ptr + start, i - start);
		}
		while (i < line.len && is_blank(line.ptr[i]))
			i++;
	}
	return ERR_OK;
}

static int
actor_find(const struct log_policy *p, struct span name)
{
	for (size_t i = 0; i < p->actor_count; i++)
		if (span_is(name, p->actors[i].name))
			return (int)i;
	return -1;
}

static enum err
actor_new(const struct words *w, struct log_policy *p, struct policy_actor **out)
{
	struct policy_actor *a = &p->actors[p->actor_count];

	if (p->actor_count == MAX_POLICY_ACTORS)
		return REFUSE_LINE(w, "more than %d witnesses and groups", MAX_POLICY_ACTORS);
	if (span_is(w->at[1], "none") || actor_find(p, w->at[1]) >= 0)
		return REFUSE_LINE(w, "the name '%.*s' is taken", (int)w->at[1].len, (const char *)w->at[1].ptr);
	TRY(span_text(w->at[1], &a->name));
	p->actor_count++;
	*out = a;
	return ERR_OK;
}

static enum err
read_key(const struct words *w, struct span vkey, enum note_type type, struct note_key *out)
{
	struct note_key k;

	if (note_vkey_read(vkey, &k) != ERR_OK)
		return err_because(ERR_CONFIG, "%s: line %u: %s", w->file, w->line, err_why());
	if (k.type != type) {
		note_key_free(&k);
		return REFUSE_LINE(w, "a %s has a key of type 0x%02x", type == NOTE_SIGNATURE ? "log" : "witness",
			type);
	}
	*out = k;
	return ERR_OK;
}

static enum err
read_url(const struct words *w, struct span url, char **out)
{
	if (url.len > MAX_POLICY_URL || (!span_starts(url, SPAN("https://")) && !span_starts(url, SPAN("http://"))))
		return REFUSE_LINE(w, "the address wants to begin with https:// or http://");
	return span_text(url, out);
}

static enum err
take_log(const struct words *w, struct log_policy *p)
{
	if (w->count < 2 || w->count > 3)
		return REFUSE_LINE(w, "expected: log VKEY [URL]");
	if (p->log_count == MAX_POLICY_LOGS)
		return REFUSE_LINE(w, "more than %d logs", MAX_POLICY_LOGS);
	TRY(read_key(w, w->at[1], NOTE_SIGNATURE, &p->logs[p->log_count]));
	p->log_count++;
	for (size_t i = 0; i + 1 < p->log_count; i++)
		if (EVP_PKEY_eq(p->logs[i].key, p->logs[p->log_count - 1].key) == 1)
			return REFUSE_LINE(w, "this log's key stands above already");
	return w->count == 3 ? read_url(w, w->at[2], &p->log_urls[p->log_count - 1]) : ERR_OK;
}

static enum err
take_witness(const struct words *w, struct log_policy *p)
{
	struct policy_actor *a;

	if (w->count < 3 || w->count > 4)
		return REFUSE_LINE(w, "expected: witness NAME VKEY [URL]");
	TRY(actor_new(w, p, &a));
	TRY(read_key(w, w->at[2], NOTE_COSIGNATURE, &a->key));
	for (size_t i = 0; i + 1 < p->actor_count; i++)
		if (!p->actors[i].is_group && EVP_PKEY_eq(p->actors[i].key.key, a->key.key) == 1)
			return REFUSE_LINE(w, "this witness's key stands above already");
	return w->count == 4 ? read_url(w, w->at[3], &a->url) : ERR_OK;
}

/* "any", "all", or a number of the members. */
static enum err
read_k(const struct words *w, size_t members, size_t *k)
{
	const struct span word = w->at[2];
	char text[4] = "";

	if (span_is(word, "any") || span_is(word, "all")) {
		*k = span_is(word, "any") ? 1 : members;
		return ERR_OK;
	}
	if (word.len < sizeof(text))
		memcpy(text, word.ptr, word.len);
	if (text[0] != '\0' && strspn(text, "0123456789") == word.len) {
		*k = strtoul(text, NULL, 10);
		if (*k >= 1 && *k <= members)
			return ERR_OK;
	}
	return REFUSE_LINE(w, "a group asks for any, all, or a number from 1 to %zu of its members", members);
}

static enum err
take_group(const struct words *w, struct log_policy *p)
{
	struct policy_actor *a;

	if (w->count < 4)
		return REFUSE_LINE(w, "expected: group NAME all|any|K NAME...");
	TRY(actor_new(w, p, &a));
	a->is_group = true;
	for (size_t i = 3; i < w->count; i++) {
		const int m = actor_find(p, w->at[i]);

		if (m < 0 || (size_t)m == p->actor_count - 1)
			return REFUSE_LINE(w, "'%.*s' is not defined above", (int)w->at[i].len,
				(const char *)w->at[i].ptr);
		if (p->actors[m].is_member)
			return REFUSE_LINE(w, "'%s' is a member already: each counts in one way only",
				p->actors[m].name);
		p->actors[m].is_member = true;
		a->members[a->member_count++] = (uint8_t)m;
	}
	return read_k(w, a->member_count, &a->k);
}

static enum err
take_quorum(const struct words *w, struct log_policy *p, bool *seen)
{
	if (w->count != 2 || *seen)
		return REFUSE_LINE(w, "expected one line: quorum NAME|none");
	*seen = true;
	if (span_is(w->at[1], "none"))
		return ERR_OK;
	p->quorum = actor_find(p, w->at[1]);
	return p->quorum >= 0
		? ERR_OK
		: REFUSE_LINE(w, "'%.*s' is not defined above", (int)w->at[1].len, (const char *)w->at[1].ptr);
}

static enum err
take_line(const struct words *w, struct log_policy *p, bool *quorum)
{
	if (w->count == 0 || w->at[0].ptr[0] == '#')
		return ERR_OK;
	if (span_is(w->at[0], "log"))
		return take_log(w, p);
	if (span_is(w->at[0], "witness"))
		return take_witness(w, p);
	if (span_is(w->at[0], "group"))
		return take_group(w, p);
	if (span_is(w->at[0], "quorum"))
		return take_quorum(w, p, quorum);
	return REFUSE_LINE(w, "a line begins with log, witness, group or quorum");
}

static enum err
parse(struct span text, const char *name, struct log_policy *p)
{
	struct reader r = reader_over(text);
	struct words w = {.file = name};
	bool quorum = false;

	while (r.left.len > 0) {
		struct span line;

		w.line++;
		if (reader_until(&r, '\n', &line) != ERR_OK)
			return REFUSE_LINE(&w, "no newline at its end");
		TRY(split(line, &w));
		TRY(take_line(&w, p, &quorum));
	}
	REQUIRE_WHY(quorum, ERR_CONFIG, "%s: has no line 'quorum NAME' or 'quorum none' (C2SP tlog-policy)", name);
	return ERR_OK;
}

enum err
log_policy_parse(struct span text, const char *name, struct log_policy *out)
{
	struct log_policy p = {.quorum = -1};
	enum err e;

	p.actors = calloc(MAX_POLICY_ACTORS, sizeof(*p.actors));
	REQUIRE(p.actors != NULL, ERR_NO_MEMORY);
	e = parse(text, name, &p);
	if (e != ERR_OK) {
		log_policy_free(&p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

enum err
log_policy_read(const char *path, struct log_policy *out)
{
	AUTO(writer) text = writer_new(MAX_LOG_POLICY);

	TRY(file_read(path, MAX_LOG_POLICY, &text));
	return log_policy_parse(writer_span(&text), path, out);
}

void
log_policy_free(struct log_policy *p)
{
	for (size_t i = 0; i < p->log_count; i++) {
		note_key_free(&p->logs[i]);
		free(p->log_urls[i]);
	}
	for (size_t i = 0; p->actors != NULL && i < p->actor_count; i++) {
		free(p->actors[i].name);
		free(p->actors[i].url);
		note_key_free(&p->actors[i].key);
	}
	free(p->actors);
	*p = (struct log_policy){.quorum = -1};
}

enum err
log_policy_check(const struct log_policy *p, struct span note, size_t *cosigned)
{
	bool good[MAX_POLICY_ACTORS] = {false};
	size_t witnesses = 0;

	/* Members stand above their groups: one pass is enough. */
	for (size_t i = 0; i < p->actor_count; i++) {
		const struct policy_actor *a = &p->actors[i];
		size_t have = 0;
		unix_time at;

		for (size_t m = 0; m < a->member_count; m++)
			have += good[a->members[m]];
		good[i] = a->is_group && have >= a->k;
		if (a->is_group)
			continue;
		const enum err e = cosignature_check(note, &a->key, &at);

		REQUIRE(e == ERR_OK || e == ERR_NOT_FOUND, e);
		good[i] = e == ERR_OK;
		witnesses += good[i];
	}
	err_forget();
	if (cosigned != NULL)
		*cosigned = witnesses;
	REQUIRE_WHY(p->quorum < 0 || good[p->quorum], ERR_UNTRUSTED,
		"the log's checkpoint is cosigned by %zu witnesses only; the policy wants '%s'", witnesses,
		p->actors[p->quorum].name);
	return ERR_OK;
}
