#include "hsm/citizen/seal.h"

static const char title[] = "mohar blob v1"; /* with its NUL */

struct sealing {
	struct span input;
	uint8_t mac[BLOB_MAC_LEN];
};

static enum err
act_mac(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct sealing *sealing = context;

	return token_mac(s, &k->found, handle, sealing->input, sealing->mac);
}

static enum err
mac(struct service *service, struct session *s, const struct key *master, struct span sealed, struct sealing *out)
{
	AUTO(writer) input = writer_new(MAX_BLOB + sizeof(title) + MAX_KEY_LABEL + 1);
	struct key *seal = keys_find(&service->keys, span_of(master->rule->seal));

	REQUIRE_WHY(seal != NULL, ERR_NOT_FOUND, "there is no key '%s' on this token", master->rule->seal);
	writer_bytes(&input, span_at(title, sizeof(title)));
	writer_text(&input, master->rule->label);
	writer_u8(&input, 0);
	writer_bytes(&input, sealed);
	TRY(writer_done(&input));
	out->input = writer_span(&input);
	return key_use(s, seal, &service->breaker, act_mac, out);
}

enum err
seal_write(struct service *service, struct session *s, const struct key *master, const struct blob *b,
	struct writer *out)
{
	AUTO(writer) sealed = writer_new(MAX_BLOB - BLOB_MAC_LEN);
	struct sealing made;

	blob_write(&sealed, b);
	TRY(writer_done(&sealed));
	TRY(mac(service, s, master, writer_span(&sealed), &made));
	writer_bytes(out, writer_span(&sealed));
	writer_bytes(out, span_at(made.mac, sizeof(made.mac)));
	return writer_done(out);
}

enum err
seal_read(struct service *service, struct session *s, const struct key *master, struct span bytes, struct blob *out)
{
	struct sealing made;
	struct blob b;

	TRY(blob_read(bytes, &b));
	TRY(mac(service, s, master, b.sealed, &made));
	REQUIRE_WHY(secret_equal(b.mac, span_at(made.mac, sizeof(made.mac))), ERR_CORRUPT,
		"that blob was not made here, or not under key '%s', or was changed", master->rule->label);
	*out = b;
	return ERR_OK;
}
