#include "keyring/frame.h"

struct op_row {
	const char *name;
	unsigned demanded, allowed;
};

static const struct op_row ops[] = {
#define X(name, number, demanded, allowed) [number] = {#name, (demanded), (allowed)},
	OP_TABLE(X)
#undef X
};

/* What may come back, by a number of its own. */
static const struct {
	enum err e;
	uint8_t code;
} codes[] = {
	{ERR_OK, 0},
	{ERR_MALFORMED, 1},
	{ERR_TOO_LONG, 2},
	{ERR_UNSUPPORTED, 3},
	{ERR_REFUSED, 4},
	{ERR_NOT_FOUND, 5},
	{ERR_EXISTS, 6},
	{ERR_TOO_MANY, 7},
	{ERR_MISMATCH, 8},
	{ERR_CRYPTO, 9},
	{ERR_CORRUPT, 10},
	{ERR_IO, 11},
	{ERR_UNAVAILABLE, 12},
	{ERR_UNAUTHENTICATED, 13},
	{ERR_EXPIRED, 14},
	{ERR_BAD_SIGNATURE, 15},
	{ERR_USED, 16},
	{ERR_REVOKED, 17},
};

static const struct op_row *
op_row(uint8_t op)
{
	return op < sizeof(ops) / sizeof(ops[0]) && ops[op].name != NULL ? &ops[op] : NULL;
}

const char *
op_name(uint8_t op)
{
	const struct op_row *row = op_row(op);

	return row == NULL ? "?" : row->name;
}

enum err
frame_head_read(struct span bytes, struct frame_head *out)
{
	struct reader r = reader_over(bytes);
	uint32_t length, id;
	uint8_t version, op;

	TRY(reader_u32(&r, &length));
	TRY(reader_u8(&r, &version));
	TRY(reader_u8(&r, &op));
	TRY(reader_u32(&r, &id));
	TRY(reader_done(&r));
	REQUIRE(length >= FRAME_HEAD - 4, ERR_MALFORMED);
	REQUIRE(length <= MAX_HSM_FRAME - 4, ERR_TOO_LONG);
	REQUIRE(version == FRAME_VERSION, ERR_UNSUPPORTED);
	*out = (struct frame_head){.op = op & (uint8_t)~FRAME_MORE,
		.more = op & FRAME_MORE,
		.id = id,
		.len = length - (FRAME_HEAD - 4)};
	return ERR_OK;
}

void
frame_write(struct writer *w, uint8_t op, uint32_t id, struct span body)
{
	struct span left = body;

	do {
		const size_t len = left.len < MAX_FRAME_BYTES ? left.len : MAX_FRAME_BYTES;

		writer_u32(w, (uint32_t)(len + FRAME_HEAD - 4));
		writer_u8(w, FRAME_VERSION);
		writer_u8(w, left.len > len ? op | FRAME_MORE : op);
		writer_u32(w, id);
		writer_bytes(w, span_at(left.ptr, len));
		if (len > 0)
			left = span_at(left.ptr + len, left.len - len);
	} while (left.len > 0);
}

void
field_write(struct writer *w, enum field field, struct span value)
{
	writer_u8(w, (uint8_t)(field + 1));
	writer_block32(w, value);
}

/* Tags ascend, so that nothing comes twice and one content has one form. */
static enum err
fields_read(struct span body, struct fields *out)
{
	struct reader r = reader_over(body);
	struct fields f = {0};
	uint8_t tag, last = 0;

	while (r.left.len > 0) {
		TRY(reader_u8(&r, &tag));
		REQUIRE(tag > last && tag <= FIELDS, ERR_MALFORMED);
		TRY(reader_block32(&r, MAX_MESSAGE, &f.at[tag - 1]));
		f.present |= 1U << (tag - 1);
		last = tag;
	}
	*out = f;
	return ERR_OK;
}

static bool
label_is_good(struct span label)
{
	for (size_t i = 0; i < label.len; i++) {
		const uint8_t c = label.ptr[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
			return false;
	}
	return label.len > 0 && label.len <= MAX_KEY_LABEL;
}

/* These may be longer than a frame; nothing else may fill the memory over there. */
bool
op_is_long(uint8_t op)
{
	return op == OP_SIGN || op == OP_PROPOSE || op == OP_APPROVE;
}

enum err
digests_read(struct span field, struct digests *out)
{
	struct reader r = reader_over(field);
	uint8_t len;

	TRY(reader_u8(&r, &len));
	REQUIRE_WHY(len == 32 || len == 48 || len == 64, ERR_MALFORMED, "a digest of %d bytes", len);
	REQUIRE(r.left.len > 0 && r.left.len % len == 0, ERR_MALFORMED);
	REQUIRE_WHY(r.left.len / len <= MAX_DIGESTS, ERR_TOO_LONG, "more than %d digests at once", MAX_DIGESTS);
	*out = (struct digests){.bytes = r.left, .each = len, .count = r.left.len / len};
	return ERR_OK;
}

struct span
digest_at(const struct digests *d, size_t i)
{
	return span_at(d->bytes.ptr + i * d->each, d->each);
}

enum err
request_read(uint8_t op, struct span body, struct fields *out)
{
	const struct op_row *row = op_row(op);
	struct fields f;

	REQUIRE_WHY(row != NULL, ERR_UNSUPPORTED, "no operation %d here", op);
	TRY(fields_read(body, &f));
	REQUIRE_WHY((f.present & row->demanded) == row->demanded, ERR_MALFORMED, "%s lacks a field", row->name);
	REQUIRE_WHY((f.present & ~(row->demanded | row->allowed)) == 0, ERR_MALFORMED, "%s has a field too many",
		row->name);
	REQUIRE_WHY(!(f.present & FIELD_BIT(LABEL)) || label_is_good(f.at[FIELD_LABEL]), ERR_MALFORMED,
		"that is no key label");
	REQUIRE(!(f.present & FIELD_BIT(COUNT)) || f.at[FIELD_COUNT].len == 2, ERR_MALFORMED);
	REQUIRE(!(f.present & FIELD_BIT(NONCE)) || f.at[FIELD_NONCE].len == HSM_NONCE_LEN, ERR_MALFORMED);
	REQUIRE_WHY(!(f.present & FIELD_BIT(KIND)) || label_is_good(f.at[FIELD_KIND]), ERR_MALFORMED,
		"that is no kind of act");
	REQUIRE(f.at[FIELD_OBJECT].len <= MAX_HSM_OBJECT, ERR_TOO_LONG);
	*out = f;
	return ERR_OK;
}

enum err
reply_read(struct span body, struct fields *out)
{
	const unsigned allowed = FIELD_BIT(CODE) | FIELD_BIT(REASON) | FIELD_BIT(RESULT) | FIELD_BIT(SECRET);
	struct fields f;

	TRY(fields_read(body, &f));
	REQUIRE((f.present & FIELD_BIT(CODE)) && f.at[FIELD_CODE].len == 1, ERR_MALFORMED);
	REQUIRE((f.present & ~allowed) == 0, ERR_MALFORMED);
	*out = f;
	return ERR_OK;
}

uint8_t
code_of(enum err e)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].e == e)
			return codes[i].code;
	return code_of(ERR_UNAVAILABLE);
}

enum err
code_error(uint8_t code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].e;
	return ERR_UNAVAILABLE;
}
