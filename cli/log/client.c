#include "cli/log/client.h"

#include <string.h>

#include "base/file.h"
#include "http/client.h"

enum {
	MAX_TRUST = 1 << 20,
	MAX_BUNDLE = TILE_WIDTH * (MAX_ENTRY + 2),
	MAX_ADDRESS = 2048,
	MAX_TILE = TILE_WIDTH * SHA256_LEN
};

/* RFC 9110 15.6.3 to 15.6.5: nobody who could have answered was reached, now. Any other failure is the log's own answer. */
static bool
is_unavailable(int status)
{
	return status == 502 || status == 503 || status == 504;
}

enum err
log_client_get(const struct log_client *l, const struct log_path *p, size_t max, struct writer *body)
{
	AUTO(writer) url = writer_new(MAX_ADDRESS);
	struct http_call call = {.method = "GET", .ca_file = l->ca_file, .max_reply = max};
	int status;

	writer_format(&url, "%s/log/", l->url);
	log_path_write(p, &url);
	TRY(writer_done(&url));
	call.url = (const char *)writer_span(&url).ptr;
	TRY(http_call(&call, &status, body));
	REQUIRE_WHY(!is_unavailable(status), ERR_UNAVAILABLE, "%s: HTTP %d, try again later", call.url, status);
	REQUIRE_WHY(status < 500, ERR_IO, "%s: the log failed: HTTP %d, its own logs say why", call.url, status);
	REQUIRE_WHY(status == 200, ERR_NOT_FOUND, "%s: HTTP %d", call.url, status);
	return ERR_OK;
}

static enum err
read_trust(struct log_client *l, const char *trust_file)
{
	AUTO(writer) text = writer_new(MAX_TRUST);
	char why[256];
	enum err e;

	REQUIRE_WHY(trust_file != NULL, ERR_UNTRUSTED,
		"no key of the log is trusted: give --trust, a key set (/jwks) that came to you another way");
	TRY(file_read(trust_file, MAX_TRUST, &text));
	e = trust_read(writer_span(&text), &l->trust);
	if (e != ERR_OK) {
		(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
		return err_because(e, "--trust %.80s: %.160s", trust_file, why);
	}
	REQUIRE_WHY(l->trust.log_key != NULL && l->trust.log_origin != NULL, ERR_UNTRUSTED, "%s: has no key of a log",
		trust_file);
	return ERR_OK;
}

/* What enough witnesses have cosigned, the log shows to everybody. */
static enum err
open_witnessed(struct log_client *l)
{
	struct log_path p = {.resource = LOG_WITNESSED_CHECKPOINT};
	struct log_policy policy;
	enum err e;

	TRY(log_policy_read(l->policy_file, &policy));
	if (policy.quorum < 0)
		p.resource = LOG_CHECKPOINT;
	e = log_client_get(l, &p, MAX_CHECKPOINT, &l->note);
	if (e == ERR_OK)
		e = log_policy_check(&policy, writer_span(&l->note), &l->cosigned);
	log_policy_free(&policy);
	return e;
}

enum err
log_client_open(struct log_client *l, const char *trust_file)
{
	const struct log_path p = {.resource = LOG_CHECKPOINT};

	l->note = writer_new(MAX_CHECKPOINT);
	TRY(read_trust(l, trust_file));
	if (l->policy_file != NULL)
		TRY(open_witnessed(l));
	else
		TRY(log_client_get(l, &p, MAX_CHECKPOINT, &l->note));
	return checkpoint_verify(writer_span(&l->note), l->trust.log_origin, l->trust.log_key, &l->head);
}

void
log_client_free(struct log_client *l)
{
	trust_free(&l->trust);
	writer_free(&l->note);
}

/* The width of a tile in the tree of head: the log serves that, and not more than it has signed. */
static enum err
width_of(const struct log_client *l, unsigned level, uint64_t index, unsigned *width)
{
	const uint64_t hashes = tile_hashes(l->head.size, level);
	const uint64_t first = index * TILE_WIDTH;

	REQUIRE(index <= hashes / TILE_WIDTH && first < hashes, ERR_NOT_FOUND);
	*width = hashes - first < TILE_WIDTH ? (unsigned)(hashes - first) : TILE_WIDTH;
	return ERR_OK;
}

static enum err
read_tile(void *context, unsigned level, uint64_t index, struct tile *out)
{
	const struct log_client *l = context;
	struct log_path p = {.resource = LOG_TILE, .level = level, .index = index};
	AUTO(writer) body = writer_new(MAX_TILE);

	TRY(width_of(l, level, index, &p.width));
	TRY(log_client_get(l, &p, MAX_TILE, &body));
	REQUIRE_WHY(body.len == p.width * (size_t)SHA256_LEN, ERR_MISMATCH, "log: tile %u/%llu has %zu bytes, not %u",
		level, (unsigned long long)index, body.len, p.width * SHA256_LEN);
	memcpy(out->hashes, body.ptr, body.len);
	out->index = index;
	out->width = p.width;
	return ERR_OK;
}

struct tile_source
log_client_tiles(struct log_client *l)
{
	return (struct tile_source){read_tile, l};
}

enum err
log_client_entries(struct log_client *l, uint64_t bundle, unsigned *count, struct writer *body)
{
	struct log_path p = {.resource = LOG_ENTRIES, .index = bundle};

	TRY(width_of(l, 0, bundle, &p.width));
	*count = p.width;
	return log_client_get(l, &p, MAX_BUNDLE, body);
}
