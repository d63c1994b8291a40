#include "ca/device/secret.h"

#include <string.h>

#include "base/encode.h"
#include "ca/device/device.h"

enum { TAG_LEN = 32, SECRET_BYTES = ENROLMENT_SECRET_LEN / 2, MAX_LABELLED = 64 };

enum err
secret_derive(struct cad *c, const char *id, struct enrolment_secret *out)
{
	AUTO(writer) input = writer_new(MAX_LABELLED);
	AUTO(writer) text = writer_new(MAX_LABELLED);
	uint8_t tag[TAG_LEN];

	writer_format(&input, "device enrolment %s", id);
	TRY(writer_done(&input));
	const enum err e = keyring_mac(c->keyring, DEVICE_KEY_LABEL, writer_span(&input), tag);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_CONFIG,
		"mohar-hsmd has no key '" DEVICE_KEY_LABEL
		"', from which enrolment secrets are made; see docs/DEVICES.md");
	TRY(e);
	hex_write(&text, span_at(tag, SECRET_BYTES));
	explicit_bzero(tag, sizeof(tag));
	TRY(writer_done(&text));
	memcpy(out->text, writer_span(&text).ptr, sizeof(out->text));
	return ERR_OK;
}

enum err
enrolment_decide(const struct enrolment_row *row, unix_time now)
{
	REQUIRE_WHY(row->revoked_at == 0, ERR_REVOKED, "the enrolment secret %s was revoked", row->id);
	REQUIRE_WHY(row->expires > now, ERR_EXPIRED, "the enrolment secret %s has expired; ask for another", row->id);
	REQUIRE_WHY(row->uses > 0, ERR_USED, "the enrolment secret %s is used up; ask for another", row->id);
	return ERR_OK;
}

enum err
enrolment_read(struct cad *c, const char *id, struct enrolment_row *out)
{
	const struct db_param params[] = {db_text(id)};

	REQUIRE(strlen(id) == ENROLMENT_ID_LEN && strspn(id, "0123456789abcdef") == ENROLMENT_ID_LEN, ERR_NOT_FOUND);
	return db_pool_one(c->devices->db, DEVICE_GET, params, out);
}

static enum err
wrong(void)
{
	return err_because(ERR_UNAUTHENTICATED, "no enrolment has this name and secret");
}

enum err
enrolment_open(struct cad *c, const char *id, struct span secret, struct enrolment_row *out)
{
	struct enrolment_secret right;
	struct enrolment_row row;
	const enum err e = enrolment_read(c, id, &row);

	if (e == ERR_NOT_FOUND)
		return wrong();
	TRY(e);
	enum err judged = secret_derive(c, id, &right);

	if (judged == ERR_OK && !secret_equal(secret, span_at(right.text, ENROLMENT_SECRET_LEN)))
		judged = wrong();
	explicit_bzero(&right, sizeof(right));
	if (judged == ERR_OK)
		judged = enrolment_decide(&row, cad_now(c));
	if (judged != ERR_OK)
		enrolment_free(&row);
	else
		*out = row;
	return judged;
}

void
enrolment_free(struct enrolment_row *row)
{
	db_row_free(&device_statements[DEVICE_GET], row);
}
