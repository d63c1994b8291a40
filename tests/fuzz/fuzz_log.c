/* A transparency log that lies to `mohar log`. The first byte chooses the verb: V verify, P prove, S checkpoint --since; the next four are the log's size and the size that was kept, or the index. Then a
 * part for each answer: R, other bytes; X, the honest bytes with one changed; C, cut short; N and U, HTTP 404 and 503; else the honest answer. A T instead of a verb feeds the trees' arithmetic with tiles of
 * any width from trees of any size. */
/* covers: cli/log/log.c cli/log/client.c lib/audit/tile.c lib/audit/merkle.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/path.h"
#include "audit/tile.h"
#include "base/reader.h"
#include "cli/cli.h"
#include "http/client.h"
#include "tests/fuzz/country.h"

enum { MAX_LEAVES = 600, ENTRY_LEN = 8 };

/* cli/verbs.c knows rooms weakly; this one must be linked. */
extern const struct cli_verb *const needed;
const struct cli_verb *const needed = cli_log;

/* The honest log, and what is done to its answers. */
static struct {
	struct sha256 leaves[MAX_LEAVES];
	uint64_t size;
	struct span lies; /* parts not yet used */
	bool lied;        /* an answer was other than honest */
	bool forged;      /* and it was one of entries */
} peer;

static void
entry_at(uint64_t i, char out[ENTRY_LEN + 1])
{
	(void)snprintf(out, ENTRY_LEN + 1, "entry%03u", (unsigned)(i % 1000));
}

static enum err
memory_hash(void *context, unsigned level, uint64_t index, struct sha256 *out)
{
	struct sha256 left, right;

	if (level == 0) {
		*out = peer.leaves[index];
		return ERR_OK;
	}
	TRY(memory_hash(context, level - 1, index * 2, &left));
	TRY(memory_hash(context, level - 1, index * 2 + 1, &right));
	*out = merkle_node(&left, &right);
	return ERR_OK;
}

static void
note_of(uint64_t size, struct writer *out)
{
	const struct merkle_store memory = {memory_hash, NULL};
	struct sha256 root;

	promise(merkle_root(&memory, size, &root) == ERR_OK);
	country_note(size, &root, out);
}

static void
honest(const struct log_path *p, struct writer *out)
{
	struct sha256 hash;
	char entry[ENTRY_LEN + 1];

	if (p->resource == LOG_CHECKPOINT)
		note_of(peer.size, out);
	for (uint64_t i = p->index * TILE_WIDTH; i < p->index * TILE_WIDTH + p->width; i++)
		if (p->resource == LOG_TILE) {
			promise(memory_hash(NULL, 8 * p->level, i, &hash) == ERR_OK);
			writer_bytes(out, sha256_span(&hash));
		} else if (p->resource == LOG_ENTRIES) {
			entry_at(i, entry);
			writer_block16(out, span_of(entry));
		}
}

/* The HTTP status of what the next part makes of an answer. */
static int
lie(struct writer *answer)
{
	struct span part = {0};

	if (!part_take(&peer.lies, &part) || part.len == 0)
		return 200;
	switch (part.ptr[0]) {
	case 'R':
		writer_reset(answer);
		writer_bytes(answer, span_at(part.ptr + 1, part.len - 1));
		break;
	case 'X':
		if (part.len < 4 || part.ptr[3] == 0 || answer->len == 0)
			return 200;
		answer->ptr[((size_t)part.ptr[1] << 8 | part.ptr[2]) % answer->len] ^= part.ptr[3];
		break;
	case 'C':
		answer->len -= part.len > 1 && answer->len > part.ptr[1] ? part.ptr[1] : answer->len;
		break;
	case 'N':
		return 404;
	case 'U':
		return 503;
	default:
		return 200;
	}
	return 200;
}

enum err __wrap_http_call(const struct http_call *call, int *status, struct writer *reply);

enum err
__wrap_http_call(const struct http_call *call, int *status, struct writer *reply)
{
	static const char prefix[] = "http://log/log/";
	AUTO(writer) answer = writer_new(8 << 20), before = writer_new(8 << 20);
	struct log_path p = {0};

	promise(strncmp(call->url, prefix, strlen(prefix)) == 0);
	promise(log_path_read(span_of(call->url + strlen(prefix)), &p) == ERR_OK);
	honest(&p, &answer);
	writer_bytes(&before, writer_span(&answer));
	*status = lie(&answer);
	if (*status != 200 || !span_equal(writer_span(&before), writer_span(&answer))) {
		peer.lied = true;
		peer.forged = peer.forged || p.resource == LOG_ENTRIES;
	}
	REQUIRE(answer.len <= call->max_reply, ERR_TOO_LONG);
	writer_bytes(reply, writer_span(&answer));
	return writer_done(reply);
}

/* ---- a whole command line ---- */
static void
ask(uint8_t verb, uint64_t kept, struct span lies)
{
	AUTO(writer) old = writer_new(MAX_CHECKPOINT);
	char index[24];
	const char *line[16] = {"mohar", "log",
		verb == 'V'           ? "verify"
			: verb == 'P' ? "prove"
				      : "checkpoint",
		"--json", "--signer-url", "http://log", "--trust", place_file(0, writer_span(&country()->jwks))};
	int count = 8, code;

	(void)snprintf(index, sizeof(index), "%llu", (unsigned long long)kept);
	note_of(kept % MAX_LEAVES, &old);
	if (verb == 'P') {
		line[count++] = "--index";
		line[count++] = index;
	} else if (verb == 'S') {
		line[count++] = "--since";
		line[count++] = place_file(1, writer_span(&old));
	}
	peer.lies = lies;
	peer.lied = peer.forged = false;
	code = cli_main(count, (char **)(uintptr_t)line);
	promise(code == EXIT_DONE || code == EXIT_REFUSED || code == EXIT_UNREACHABLE);
	/* every entry is hashed: none can be another's and pass */
	promise(verb != 'V' || code != EXIT_DONE || !peer.forged);
	promise(verb != 'V' || code == EXIT_DONE || peer.lied);
}

/* ---- the arithmetic of trees ---- */
static enum err
any_tile(void *context, unsigned level, uint64_t index, struct tile *out)
{
	const struct span *bytes = context;
	const uint8_t chosen = bytes->ptr[(level * 31 + index) % bytes->len];

	REQUIRE(chosen != 0, ERR_NOT_FOUND);
	memset(out->hashes, chosen, sizeof(out->hashes));
	out->index = index;
	out->width = chosen == 0xff ? TILE_WIDTH : chosen;
	return ERR_OK;
}

static void
compute(struct span input)
{
	struct reader r = reader_over(input);
	struct span bytes;
	uint64_t index, first, size;
	struct merkle_proof proof;
	struct sha256 root = {0}, leaf = {0};

	if (reader_u64(&r, &index) != ERR_OK || reader_u64(&r, &first) != ERR_OK || reader_u64(&r, &size) != ERR_OK ||
		r.left.len == 0)
		return;
	bytes = r.left;
	AUTO(tile_cache) tiles = {.source = {any_tile, &bytes}};
	const struct merkle_store store = tile_store(&tiles);

	(void)!merkle_root(&store, size, &root);
	if (merkle_inclusion(&store, index, size, &proof) == ERR_OK) {
		promise(index < size && proof.count <= MAX_PROOF);
		(void)!merkle_inclusion_check(&leaf, index, size, &proof, &root);
	}
	if (merkle_consistency(&store, first, size, &proof) == ERR_OK) {
		promise(first <= size && proof.count <= MAX_PROOF);
		(void)!merkle_consistency_check(first, size, &proof, &leaf, &root);
	}
}

static void
open_all(void)
{
	char entry[ENTRY_LEN + 1];

	be_quiet();
	for (uint64_t i = 0; i < MAX_LEAVES; i++) {
		entry_at(i, entry);
		peer.leaves[i] = leaf_hash(span_of(entry));
	}
	peer.size = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (peer.size == 0)
		open_all();
	if (size < 5 || size > 1 << 16)
		return 0;
	if (data[0] == 'T') {
		compute(span_at(data + 1, size - 1));
		return 0;
	}
	peer.size = ((uint64_t)data[1] << 8 | data[2]) % (MAX_LEAVES - 1) + 1;
	ask(data[0], (uint64_t)data[3] << 8 | data[4], span_at(data + 5, size - 5));
	return 0;
}
