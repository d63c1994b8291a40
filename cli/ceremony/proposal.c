#include "cli/ceremony/proposal.h"

#include "base/file.h"
#include "cli/ceremony/facts.h"

static const struct json_row approval_rows[] = {
	{"by", JSON_TEXT, JSON_REQUIRED, offsetof(struct carried_approval, by), .max = 64},
	{"at", JSON_INT, JSON_REQUIRED, offsetof(struct carried_approval, at), .min = 0, .max = 1LL << 40},
};
static const struct json_table approval_table = {"approval", approval_rows, 2, sizeof(struct carried_approval), false};
static const struct json_row carried_rows[] = {
	{"proposal", JSON_BYTES, JSON_REQUIRED, offsetof(struct carried, id), .max = HSM_NONCE_LEN},
	{"kind", JSON_TEXT, JSON_REQUIRED, offsetof(struct carried, kind), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct carried, key), .max = MAX_KEY_LABEL},
	{"object", JSON_BYTES, JSON_REQUIRED, offsetof(struct carried, object), .max = MAX_PROPOSED},
	{"summary", JSON_TEXT, JSON_REQUIRED, offsetof(struct carried, summary), .max = MAX_SUMMARY - 1},
	{"expires", JSON_INT, JSON_REQUIRED, offsetof(struct carried, expires), .min = 0, .max = 1LL << 40},
	{"k", JSON_INT, JSON_REQUIRED, offsetof(struct carried, k), .min = 1, .max = MAX_APPROVERS},
	{"executed", JSON_BOOL, JSON_REQUIRED, offsetof(struct carried, executed), .max = 0},
	{"result", JSON_BYTES, JSON_OPTIONAL, offsetof(struct carried, result), .max = 64 << 10},
	{"approvals", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct carried, approvals), .max = MAX_APPROVERS,
		.table = &approval_table},
};
static const struct json_table carried_table = {"proposal", carried_rows,
	sizeof(carried_rows) / sizeof(carried_rows[0]), sizeof(struct carried), false};

enum err
carried_read(const char *path, struct carried *out)
{
	enum err e;

	TRY(json_decode_file(path, &carried_table, out));
	e = out->id.len == HSM_NONCE_LEN ? ERR_OK
					 : err_because(ERR_CONFIG, "%s: its id is not %d bytes", path, HSM_NONCE_LEN);
	if (e == ERR_OK)
		e = facts_agree(out->kind, out->key, span_at(out->object.ptr, out->object.len), out->summary);
	if (e != ERR_OK)
		carried_free(out);
	return e;
}

void
carried_free(struct carried *p)
{
	json_free(&carried_table, p);
}

static void
approval_write(struct json_writer *j, const char *by, unix_time at)
{
	json_object(j, NULL);
	json_text(j, "by", by);
	json_int(j, "at", at);
	json_object_end(j);
}

enum err
carried_write(const char *path, const struct carried *p, const char *by, unix_time at)
{
	AUTO(writer) text = writer_new(MAX_PROPOSAL_TEXT);
	const struct carried_approval *approvals = p->approvals.items;
	struct json_writer j = json_to(&text);

	json_object(&j, NULL);
	json_bytes64(&j, "proposal", span_at(p->id.ptr, p->id.len));
	json_text(&j, "kind", p->kind);
	json_text(&j, "key", p->key);
	json_bytes64(&j, "object", span_at(p->object.ptr, p->object.len));
	json_text(&j, "summary", p->summary);
	json_int(&j, "expires", p->expires);
	json_int(&j, "k", p->k);
	json_bool(&j, "executed", p->executed);
	if (p->result.len > 0)
		json_bytes64(&j, "result", span_at(p->result.ptr, p->result.len));
	json_array(&j, "approvals");
	for (size_t i = 0; i < p->approvals.count; i++)
		approval_write(&j, approvals[i].by, approvals[i].at);
	if (by != NULL)
		approval_write(&j, by, at);
	json_array_end(&j);
	json_object_end(&j);
	writer_u8(&text, '\n');
	TRY(writer_done(&text));
	return file_write(path, writer_span(&text), 0644);
}
