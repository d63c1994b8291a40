#include "webauthn/attestation/statement.h"

#include "webauthn/cbor.h"

static enum err
read_alg(struct reader *r, struct statement *s)
{
	return cbor_int(r, &s->alg);
}

static enum err
read_sig(struct reader *r, struct statement *s)
{
	return cbor_bytes(r, &s->sig);
}

static enum err
read_x5c(struct reader *r, struct statement *s)
{
	size_t count;

	TRY(cbor_array(r, &count));
	REQUIRE_WHY(count > 0, ERR_MALFORMED, "WebAuthn 6.5: x5c is empty");
	REQUIRE_WHY(count <= MAX_CERTIFICATES, ERR_TOO_LONG, "WebAuthn 6.5: x5c of %zu certificates", count);
	for (size_t i = 0; i < count; i++)
		TRY(cbor_bytes(r, &s->x5c[i]));
	s->x5c_count = count;
	return ERR_OK;
}

static enum err
read_ver(struct reader *r, struct statement *s)
{
	return cbor_text(r, &s->ver);
}

static enum err
read_pub_area(struct reader *r, struct statement *s)
{
	return cbor_bytes(r, &s->pub_area);
}

static enum err
read_cert_info(struct reader *r, struct statement *s)
{
	return cbor_bytes(r, &s->cert_info);
}

static const struct member {
	const char *name;
	enum statement_member bit;
	enum err (*read)(struct reader *r, struct statement *s);
} members[] = {
	{"alg", STATEMENT_ALG, read_alg},
	{"sig", STATEMENT_SIG, read_sig},
	{"x5c", STATEMENT_X5C, read_x5c},
	{"ver", STATEMENT_VER, read_ver},
	{"pubArea", STATEMENT_PUB_AREA, read_pub_area},
	{"certInfo", STATEMENT_CERT_INFO, read_cert_info},
};

static const struct member *
member_of(struct span name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (span_is(name, members[i].name))
			return &members[i];
	return NULL;
}

enum err
statement_parse(struct span cbor, struct statement *out)
{
	struct reader r = reader_over(cbor);
	struct statement s = {0};
	size_t pairs;

	TRY(cbor_map(&r, &pairs));
	for (size_t i = 0; i < pairs; i++) {
		const struct member *m;
		struct span name;

		TRY(cbor_text(&r, &name));
		m = member_of(name);
		REQUIRE_WHY(m != NULL, ERR_MALFORMED, "WebAuthn 6.5: unknown member '%.*s' of attStmt", (int)name.len,
			(const char *)name.ptr);
		TRY(m->read(&r, &s));
		s.members |= m->bit;
	}
	TRY(reader_done(&r));
	*out = s;
	return ERR_OK;
}
