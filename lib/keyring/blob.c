#include "keyring/blob.h"

enum { MAX_ALGORITHM = 16 };

static void
credential_write(struct writer *w, const struct blob_credential *c)
{
	writer_u8(w, (uint8_t)c->kind);
	writer_block16(w, c->id);
	writer_block16(w, c->key);
}

void
blob_write(struct writer *w, const struct blob *b)
{
	writer_u8(w, BLOB_VERSION);
	writer_u8(w, (uint8_t)b->state);
	writer_u32(w, b->generation);
	writer_bytes(w, b->id);
	writer_bytes(w, b->instance);
	writer_u64(w, (uint64_t)b->made);
	writer_block16(w, b->algorithm);
	writer_block16(w, b->person);
	writer_block16(w, b->profile);
	writer_block16(w, b->spki);
	writer_u8(w, (uint8_t)b->count);
	for (size_t i = 0; i < b->count; i++)
		credential_write(w, &b->credentials[i]);
	writer_block16(w, b->wrapped);
}

static enum err
credential_read(struct reader *r, struct blob_credential *c)
{
	uint8_t kind;

	TRY(reader_u8(r, &kind));
	REQUIRE(kind == BLOB_PASSKEY || kind == BLOB_CARD, ERR_MALFORMED);
	c->kind = (enum blob_kind)kind;
	TRY(reader_block16(r, MAX_BLOB_CREDENTIAL_ID, &c->id));
	TRY(reader_block16(r, MAX_BLOB_CREDENTIAL_KEY, &c->key));
	REQUIRE((c->id.len > 0) == (c->kind == BLOB_PASSKEY) && c->key.len > 0, ERR_MALFORMED);
	return ERR_OK;
}

static enum err
credentials_read(struct reader *r, struct blob *b)
{
	uint8_t count;

	TRY(reader_u8(r, &count));
	REQUIRE(count <= MAX_BLOB_CREDENTIALS, ERR_TOO_LONG);
	for (b->count = 0; b->count < count; b->count++)
		TRY(credential_read(r, &b->credentials[b->count]));
	return ERR_OK;
}

static enum err
head_read(struct reader *r, struct blob *b)
{
	uint64_t made;
	uint8_t version, state;

	TRY(reader_u8(r, &version));
	REQUIRE(version == BLOB_VERSION, ERR_UNSUPPORTED);
	TRY(reader_u8(r, &state));
	REQUIRE(state == BLOB_UNBORN || state == BLOB_BORN, ERR_MALFORMED);
	b->state = (enum blob_state)state;
	TRY(reader_u32(r, &b->generation));
	TRY(reader_bytes(r, BLOB_ID_LEN, &b->id));
	TRY(reader_bytes(r, BLOB_INSTANCE_LEN, &b->instance));
	TRY(reader_u64(r, &made));
	REQUIRE(made <= INT64_MAX, ERR_MALFORMED);
	b->made = (unix_time)made;
	return ERR_OK;
}

/* Whoever is born has an owner, a profile and somebody to activate it; whoever is not has none. */
static enum err
state_check(const struct blob *b)
{
	const bool born = b->state == BLOB_BORN;

	REQUIRE((b->generation > 0) == born && (b->person.len > 0) == born && (b->profile.len > 0) == born &&
			(b->count > 0) == born,
		ERR_MALFORMED);
	REQUIRE(b->spki.len > 0 && b->wrapped.len > 0 && b->algorithm.len > 0, ERR_MALFORMED);
	return ERR_OK;
}

enum err
blob_read(struct span bytes, struct blob *out)
{
	struct reader r = reader_over(bytes);
	struct blob b = {0};

	REQUIRE(bytes.len <= MAX_BLOB, ERR_TOO_LONG);
	TRY(head_read(&r, &b));
	TRY(reader_block16(&r, MAX_ALGORITHM, &b.algorithm));
	TRY(reader_block16(&r, MAX_BLOB_PERSON, &b.person));
	TRY(reader_block16(&r, MAX_BLOB_PROFILE, &b.profile));
	TRY(reader_block16(&r, MAX_BLOB_SPKI, &b.spki));
	TRY(credentials_read(&r, &b));
	TRY(reader_block16(&r, MAX_BLOB_WRAPPED, &b.wrapped));
	b.sealed = span_at(bytes.ptr, bytes.len - r.left.len);
	TRY(reader_bytes(&r, BLOB_MAC_LEN, &b.mac));
	TRY(reader_done(&r));
	TRY(state_check(&b));
	*out = b;
	return ERR_OK;
}
