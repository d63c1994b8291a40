#include "cli/log/surprise.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

/* An entry (audit/event.h), taken apart. */
struct entry {
	int64_t version;
	char *id, *source, *type, *at;
	struct json_bytes commitment;
	char *public_part;
};
#define ENTRY(member) offsetof(struct entry, member)
static const struct json_row entry_rows[] = {
	{"v", JSON_INT, JSON_REQUIRED, ENTRY(version), 1, 1, NULL, 0},
	{"id", JSON_TEXT, JSON_REQUIRED, ENTRY(id), 36, 36, NULL, 0},
	{"source", JSON_TEXT, JSON_REQUIRED, ENTRY(source), 1, 64, NULL, 0},
	{"type", JSON_TEXT, JSON_REQUIRED, ENTRY(type), 1, 64, NULL, 0},
	{"at", JSON_TEXT, JSON_REQUIRED, ENTRY(at), 20, 20, NULL, 0},
	{"private", JSON_BYTES, JSON_REQUIRED, ENTRY(commitment), SHA256_LEN, SHA256_LEN, NULL, 0},
	{"public", JSON_RAW, JSON_REQUIRED, ENTRY(public_part), 0, MAX_ENTRY, NULL, 0},
};
static const struct json_table entry_table = {"entry", entry_rows, sizeof(entry_rows) / sizeof(entry_rows[0]),
	sizeof(struct entry), false};

/* What is looked at in the public part of a certificate's entry. */
struct issued {
	char *issuer, *profile, *serial, *not_before, *not_after;
	struct json_bytes spki_sha256;
};
#define ISSUED(member) offsetof(struct issued, member)
static const struct json_row issued_rows[] = {
	{"issuer", JSON_TEXT, JSON_REQUIRED, ISSUED(issuer), 1, 64, NULL, 0},
	{"profile", JSON_TEXT, JSON_REQUIRED, ISSUED(profile), 1, 64, NULL, 0},
	{"serial", JSON_TEXT, JSON_REQUIRED, ISSUED(serial), 1, 64, NULL, 0},
	{"not_before", JSON_TEXT, JSON_REQUIRED, ISSUED(not_before), 20, 20, NULL, 0},
	{"not_after", JSON_TEXT, JSON_REQUIRED, ISSUED(not_after), 20, 20, NULL, 0},
	{"spki_sha256", JSON_BYTES, JSON_REQUIRED, ISSUED(spki_sha256), SHA256_LEN, SHA256_LEN, NULL, 0},
};
static const struct json_table issued_table = {"certificate", issued_rows, sizeof(issued_rows) / sizeof(issued_rows[0]),
	sizeof(struct issued), true};

struct private_root {
	int64_t size;
};
static const struct json_row root_rows[] = {
	{"size", JSON_INT, JSON_REQUIRED, offsetof(struct private_root, size), 1, INT64_MAX >> 10, NULL, 0},
};
static const struct json_table root_table = {"private tree", root_rows, 1, sizeof(struct private_root), true};

/* One look at one entry. */
struct look {
	const struct watching *w;
	struct seen *s;
	uint64_t index;
	unix_time at;
};

__attribute__((format(printf, 3, 4))) static void
tell(const struct look *l, const char *kind, const char *format, ...)
{
	char why[MAX_SURPRISE];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	l->w->tell(l->w->context, l->index, kind, why);
}

/* One more in this hour; told once, when it is one too many. */
static void
count(const struct look *l, size_t which, int64_t most, const char *what)
{
	if (++l->s->counts[which] == most + 1 && most > 0)
		tell(l, "too-many", "more than %lld %s in one hour", (long long)most, what);
}

static bool
is_watched(const struct look *l, struct span spki_sha256)
{
	for (size_t i = 0; i < l->w->key_count; i++)
		if (span_equal(sha256_span(&l->w->keys[i]), spki_sha256))
			return true;
	return false;
}

static void
judge_validity(const struct look *l, const struct issued *c, const struct monitor_rule *rule)
{
	unix_time from, to;

	if (time_read(span_of(c->not_before), &from) != ERR_OK || time_read(span_of(c->not_after), &to) != ERR_OK) {
		tell(l, "entry-malformed", "certificate %s has no validity that can be read", c->serial);
		return;
	}
	if (to - from > rule->days * 86400)
		tell(l, "certificate-too-long", "certificate %s of profile %s is valid for %lld days; %lld are usual",
			c->serial, c->profile, (long long)((to - from) / 86400), (long long)rule->days);
	if (from < l->at - l->w->policy->backdate_seconds)
		tell(l, "certificate-backdated", "certificate %s begins %s, and was made %lld seconds later", c->serial,
			c->not_before, (long long)(l->at - from));
}

static void
judge_certificate(const struct look *l, const char *public_part)
{
	const struct monitor_rule *rules = l->w->policy->certificates.items;
	struct issued c;
	int n;

	if (json_decode(span_of(public_part), &issued_table, &c) != ERR_OK) {
		tell(l, "entry-malformed", "a certificate's entry: %s", err_why());
		err_forget();
		return;
	}
	n = monitor_rule_of(l->w->policy, c.issuer, c.profile);
	if (n < 0)
		tell(l, "certificate-unknown", "certificate %s: issuer %s does not use profile %s", c.serial, c.issuer,
			c.profile);
	else {
		judge_validity(l, &c, &rules[n]);
		count(l, (size_t)n, rules[n].per_hour, c.profile);
		if (rules[n].tell)
			tell(l, "certificate-told", "certificate %s of profile %s by %s", c.serial, c.profile,
				c.issuer);
	}
	if (is_watched(l, span_at(c.spki_sha256.ptr, c.spki_sha256.len)))
		tell(l, "key-watched", "certificate %s of profile %s is for a key that you watch", c.serial, c.profile);
	json_free(&issued_table, &c);
}

static void
judge_private_root(const struct look *l, const char *public_part)
{
	struct private_root r;

	if (json_decode(span_of(public_part), &root_table, &r) != ERR_OK) {
		tell(l, "entry-malformed", "the private tree's root: %s", err_why());
		err_forget();
		return;
	}
	if (r.size <= l->s->private_size)
		tell(l, "private-tree-shrunk", "the private tree had %lld leaves, now %lld",
			(long long)l->s->private_size, (long long)r.size);
	l->s->private_size = r.size;
}

static void
judge_time(const struct look *l, const char *text)
{
	const int64_t slack = l->w->policy->clock_seconds;

	if (l->at < l->s->last - slack)
		tell(l, "time-backwards", "an entry of %s comes %lld seconds after a later one", text,
			(long long)(l->s->last - l->at));
	if (l->at > l->w->now + slack)
		tell(l, "time-ahead", "an entry of %s is %lld seconds ahead of this clock", text,
			(long long)(l->at - l->w->now));
	if (l->at > l->s->last)
		l->s->last = l->at;
	if (l->at / SECONDS_AN_HOUR > l->s->hour) {
		l->s->hour = l->at / SECONDS_AN_HOUR;
		memset(l->s->counts, 0, sizeof(l->s->counts));
	}
}

static void
judge_type(const struct look *l, const struct entry *e)
{
	if (!json_texts_have(&l->w->policy->types, e->type))
		tell(l, "type-unknown", "an entry of type '%s' by %s", e->type, e->source);
	if (strcmp(e->type, "certificate.issued") == 0)
		judge_certificate(l, e->public_part);
	else if (strcmp(e->type, "tree.private") == 0)
		judge_private_root(l, e->public_part);
	else if (strcmp(e->type, "certificate.revoked") == 0)
		count(l, REVOCATIONS, l->w->policy->revocations_per_hour, "revocations");
}

void
entry_judge(const struct watching *w, struct seen *s, uint64_t index, struct span entry)
{
	struct look l = {.w = w, .s = s, .index = index};
	struct entry e;

	if (json_decode(entry, &entry_table, &e) != ERR_OK) {
		tell(&l, "entry-malformed", "%s", err_why());
		err_forget();
		return;
	}
	if (time_read(span_of(e.at), &l.at) == ERR_OK) {
		judge_time(&l, e.at);
		judge_type(&l, &e);
	} else {
		tell(&l, "entry-malformed", "'%s' is no time", e.at);
		err_forget();
	}
	json_free(&entry_table, &e);
}

void
quiet_judge(const struct watching *w, const struct seen *s, uint64_t size)
{
	const struct look l = {.w = w, .index = size};
	const int64_t quiet = w->now - s->last;

	if (w->policy->quiet_seconds > 0 && s->last > 0 && quiet > w->policy->quiet_seconds)
		tell(&l, "quiet", "the newest entry is %lld hours old", (long long)(quiet / SECONDS_AN_HOUR));
}
