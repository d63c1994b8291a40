#include "audit/event.h"

#include <string.h>

#include "base/secret.h"
#include "json/json.h"

enum { ENTRY_VERSION = 1, MAX_PART = 12 << 10 };

/* Names in an entry are ours: small letters, digits, and . _ - between them. */
static bool
is_name(const char *name)
{
	const size_t len = strlen(name);

	return len >= 1 && len <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static struct sha256
commitment_of(struct span salt, struct span private_part)
{
	const struct span parts[] = {salt, private_part};

	return sha256_of_parts(parts, 2);
}

static enum err
write_entry(struct event *e, struct span public_part)
{
	const struct sha256 commitment =
		commitment_of(span_at(e->salt, sizeof(e->salt)), writer_span(&e->private_part));
	struct json_writer j = json_to(&e->entry);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) canonical = writer_new(MAX_PART);

	TRY(json_canonical(public_part, &canonical));
	uuid_write(&id, &e->id);
	json_object(&j, NULL);
	json_int(&j, "v", ENTRY_VERSION);
	json_span(&j, "id", writer_span(&id));
	json_text(&j, "source", e->source);
	json_text(&j, "type", e->type);
	json_time(&j, "at", e->at);
	json_raw(&j, "public", writer_span(&canonical));
	json_bytes64(&j, "private", sha256_span(&commitment));
	json_object_end(&j);
	return writer_done(&e->entry);
}

enum err
event_make(struct event *out, const char *source, const char *type, enum log_tree tree, unix_time at,
	struct span public_part, struct span private_part)
{
	struct event e = {.id = uuid_random(),
		.tree = tree,
		.at = at,
		.source = (char *)(uintptr_t)source,
		.type = (char *)(uintptr_t)type};
	enum err error;

	*out = (struct event){0};
	REQUIRE_WHY(is_name(source) && is_name(type), ERR_MALFORMED,
		"event: its source and type are small letters, digits, . _ and -");
	e.entry = writer_new(MAX_ENTRY);
	e.private_part = writer_new(MAX_PART);
	random_bytes(e.salt, sizeof(e.salt));
	error = json_canonical(private_part, &e.private_part);
	if (error == ERR_OK)
		error = write_entry(&e, public_part);
	if (error != ERR_OK) {
		event_free(&e);
		return error;
	}
	e.leaf = leaf_hash(writer_span(&e.entry));
	*out = e;
	return ERR_OK;
}

void
event_free(struct event *e)
{
	writer_free(&e->entry);
	writer_free(&e->private_part);
	*e = (struct event){0};
}

struct sha256
leaf_hash(struct span entry)
{
	const struct span parts[] = {SPAN("\0"), entry};

	return sha256_of_parts(parts, 2);
}

/* What event_opens() needs of an entry; the rest is the business of whoever compares it with an object. */
struct opened {
	int64_t version;
	struct json_bytes commitment;
};

static const struct json_row opened_rows[] = {
	{"v", JSON_INT, JSON_REQUIRED, offsetof(struct opened, version), ENTRY_VERSION, ENTRY_VERSION, NULL, 0},
	{"private", JSON_BYTES, JSON_REQUIRED, offsetof(struct opened, commitment), 0, SHA256_LEN, NULL, 0},
};
static const struct json_table opened_table = {"log entry", opened_rows, 2, sizeof(struct opened), true};

enum err
event_opens(struct span entry, struct span salt, struct span private_part)
{
	const struct sha256 commitment = commitment_of(salt, private_part);
	struct opened o;
	bool same;

	REQUIRE_WHY(salt.len == SALT_LEN, ERR_MISMATCH, "log entry: its salt has %d bytes", SALT_LEN);
	TRY(json_decode(entry, &opened_table, &o));
	same = secret_equal(span_at(o.commitment.ptr, o.commitment.len), sha256_span(&commitment));
	json_free(&opened_table, &o);
	REQUIRE_WHY(same, ERR_MISMATCH, "log entry: salt and private part do not open its commitment");
	return ERR_OK;
}
