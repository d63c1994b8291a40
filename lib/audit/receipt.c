#include "audit/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

/* The JSON form, before numbers and hashes are looked at. */
struct form {
	struct json_bytes entry, salt;
	int64_t index, size;
	struct json_list proof;
	char *checkpoint, *private_part;
};

static const struct json_row form_rows[] = {
	{"entry", JSON_BYTES, JSON_REQUIRED, offsetof(struct form, entry), 0, MAX_ENTRY, NULL, 0},
	{"index", JSON_INT, JSON_REQUIRED, offsetof(struct form, index), 0, ((int64_t)1 << 53) - 1, NULL, 0},
	{"size", JSON_INT, JSON_REQUIRED, offsetof(struct form, size), 1, ((int64_t)1 << 53) - 1, NULL, 0},
	{"proof", JSON_TEXTS, JSON_REQUIRED, offsetof(struct form, proof), 0, MAX_PROOF, NULL, 0},
	{"checkpoint", JSON_TEXT, JSON_REQUIRED, offsetof(struct form, checkpoint), 0, MAX_CHECKPOINT, NULL, 0},
	{"salt", JSON_BYTES, JSON_OPTIONAL, offsetof(struct form, salt), 0, SALT_LEN, NULL, 0},
	{"private", JSON_RAW, JSON_OPTIONAL, offsetof(struct form, private_part), 0, MAX_ENTRY, NULL, 0},
};
static const struct json_table form_table = {"receipt", form_rows, sizeof(form_rows) / sizeof(form_rows[0]),
	sizeof(struct form), false};

static void
form_free(struct form *f)
{
	json_free(&form_table, f);
}

static enum err
read_proof(const struct json_list *texts, struct merkle_proof *out)
{
	out->count = 0;
	for (size_t i = 0; i < texts->count; i++)
		REQUIRE_WHY(base64url_exactly(span_of(json_text_at(texts, i)), out->nodes[i].bytes, SHA256_LEN) ==
				ERR_OK,
			ERR_MALFORMED, "receipt: proof[%zu]: expected 32 bytes in base64url", i);
	out->count = texts->count;
	return ERR_OK;
}

enum err
receipt_parse(struct span json, struct receipt *out)
{
	AUTO(form) f;
	struct receipt r = {.index = 0};

	memset(&f, 0, sizeof(f));
	REQUIRE_WHY(json.len <= MAX_RECEIPT, ERR_TOO_LONG, "receipt: longer than %d bytes", MAX_RECEIPT);
	TRY(json_decode(json, &form_table, &f));
	TRY(read_proof(&f.proof, &r.proof));
	REQUIRE_WHY((f.salt.ptr == NULL) == (f.private_part == NULL), ERR_MALFORMED,
		"receipt: salt and private come together or not at all");
	r.entry = f.entry;
	r.index = (uint64_t)f.index;
	r.size = (uint64_t)f.size;
	r.checkpoint = f.checkpoint;
	r.salt = f.salt;
	r.private_part = f.private_part;
	f.entry.ptr = f.salt.ptr = NULL; /* they are out's now */
	f.checkpoint = f.private_part = NULL;
	*out = r;
	return ERR_OK;
}

enum err
receipt_write(const struct receipt *r, struct writer *w)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_bytes64(&j, "entry", span_at(r->entry.ptr, r->entry.len));
	json_int(&j, "index", (int64_t)r->index);
	json_int(&j, "size", (int64_t)r->size);
	json_array(&j, "proof");
	for (size_t i = 0; i < r->proof.count; i++)
		json_bytes64(&j, NULL, sha256_span(&r->proof.nodes[i]));
	json_array_end(&j);
	json_text(&j, "checkpoint", r->checkpoint);
	if (r->private_part != NULL) {
		json_bytes64(&j, "salt", span_at(r->salt.ptr, r->salt.len));
		json_raw(&j, "private", span_of(r->private_part));
	}
	json_object_end(&j);
	return writer_done(w);
}

void
receipt_free(struct receipt *r)
{
	free(r->entry.ptr);
	free(r->salt.ptr);
	free(r->checkpoint);
	free(r->private_part);
	*r = (struct receipt){.index = 0};
}

/* Both trees of a log are signed by its key; the private one's checkpoints (logins) say so in their origin. */
static enum err
verify_checkpoint(const char *note, const char *origin, EVP_PKEY *key, struct checkpoint *out)
{
	AUTO(writer) private_origin = writer_new(MAX_ORIGIN);
	const char *name = origin;

	writer_format(&private_origin, "%s/private", origin);
	if (writer_done(&private_origin) == ERR_OK &&
		span_equal(span_at(note, strcspn(note, "\n")), writer_span(&private_origin)))
		name = (const char *)writer_span(&private_origin).ptr;
	return checkpoint_verify(span_of(note), name, key, out);
}

enum err
receipt_check(const struct receipt *r, const char *origin, EVP_PKEY *log_key)
{
	const struct sha256 leaf = leaf_hash(span_at(r->entry.ptr, r->entry.len));
	struct checkpoint c;

	TRY(verify_checkpoint(r->checkpoint, origin, log_key, &c));
	REQUIRE_WHY(c.size == r->size, ERR_MISMATCH, "receipt: its size is not its checkpoint's");
	TRY(merkle_inclusion_check(&leaf, r->index, r->size, &r->proof, &c.root));
	if (r->private_part != NULL)
		TRY(event_opens(span_at(r->entry.ptr, r->entry.len), span_at(r->salt.ptr, r->salt.len),
			span_of(r->private_part)));
	return ERR_OK;
}
