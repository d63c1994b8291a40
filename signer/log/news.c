#include "signer/log/news.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/reader.h"

enum { MAX_TYPE = 32 };

/* Thousands a second, and nothing to look into one by one. */
static const char *const everyday[] = {"certificate.issued", "consent.given", "consent.withdrawn", "decision.sealed",
	"login.succeeded", "session.ended", "signature.asked", "signature.declined", "signature.made", "token.issued",
	"token.refreshed", "tree.private"};

struct news
news_new(void)
{
	return (struct news){.text = writer_new(MAX_NEWS)};
}

void
news_free(struct news *n)
{
	writer_free(&n->text);
}

struct span
news_type(struct span entry)
{
	static const char before[] = "\"type\":\"";
	const uint8_t *at = memmem(entry.ptr, entry.len, before, sizeof(before) - 1), *end;

	if (at == NULL)
		return (struct span){0};
	at += sizeof(before) - 1;
	end = memchr(at, '"', (size_t)(entry.ptr + entry.len - at));
	return end == NULL ? (struct span){0} : span_at(at, (size_t)(end - at));
}

static bool
is_everyday(struct span type)
{
	for (size_t i = 0; i < sizeof(everyday) / sizeof(everyday[0]); i++)
		if (span_is(type, everyday[i]))
			return true;
	return false;
}

void
news_add(struct news *n, struct span entry)
{
	const struct span type = news_type(entry);

	if (type.len == 0 || is_everyday(type))
		return;
	if (writer_span(&n->text).len + entry.len + 1 > MAX_NEWS) {
		n->more++;
		return;
	}
	writer_bytes(&n->text, entry);
	writer_u8(&n->text, '\n'); /* canonical JSON has none of its own */
}

static void
tell_one(struct span entry)
{
	const struct span type = news_type(entry);
	char id[MAX_TYPE + 1];

	(void)snprintf(id, sizeof(id), "%.*s", (int)(type.len > MAX_TYPE ? MAX_TYPE : type.len),
		(const char *)type.ptr);
	log_info(id, "%.*s", (int)entry.len, (const char *)entry.ptr);
}

void
news_tell(const struct news *n)
{
	struct reader cursor = reader_over(writer_span(&n->text));
	struct span entry;

	while (cursor.left.len > 0 && reader_until(&cursor, '\n', &entry) == ERR_OK)
		tell_one(entry);
	if (n->more > 0)
		log_warn("log.events", "%zu more events of this batch are not told: read the log", n->more);
}
