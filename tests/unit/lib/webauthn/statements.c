#include "statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "webauthn/cbor.h"

int
trial_open(void **state)
{
	static struct trial t;

	t = (struct trial){.forgery = forgery_new(true),
		.maker = maker_new("Test Maker Root"),
		.expect = forge_expect()};
	t.order = maker_order_packed(&t.maker);
	t.expect.attestation_trust = t.maker.root_pem;
	*state = &t;
	return 0;
}

int
trial_close(void **state)
{
	struct trial *t = *state;

	forgery_free(&t->forgery);
	maker_free(&t->maker);
	return 0;
}

enum err
trial_registers(struct trial *t, const char *format, const struct writer *statement)
{
	AUTO(writer) object = writer_new(16384);
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	struct webauthn_credential c;

	assert_int_equal(writer_done(statement), ERR_OK);
	forge_object(&object, &t->forgery, format, writer_span(statement));
	forge_registration(&json, &t->forgery, writer_span(&object));
	const enum err e = webauthn_register(writer_span(&json), &t->expect, &c);

	t->trust = c.trust;
	return e;
}

void
is_refused(enum err e, enum err expected, const char *why)
{
	if (e != expected || strstr(err_why(), why) == NULL)
		fail_msg("%s (%s) where %s (…%s…) belongs", err_name(e), err_why(), err_name(expected), why);
}

void
is_accepted(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_why());
}

void
write_statement(struct writer *w, const struct trial *t, int64_t alg, EVP_PKEY *signer, const struct maker_order *order)
{
	AUTO(writer) attested = writer_new(4096);
	AUTO(writer) signature = writer_new(512);
	AUTO(writer) der = writer_new(8192);

	forge_attested(&attested, &t->forgery);
	forge_signature(&signature, signer, writer_span(&attested));
	cbor_write_map(w, order != NULL ? 3 : 2);
	cbor_write_text(w, SPAN("alg"));
	cbor_write_int(w, alg);
	cbor_write_text(w, SPAN("sig"));
	cbor_write_bytes(w, writer_span(&signature));
	if (order == NULL)
		return;
	maker_certificate(&der, &t->maker, order);
	cbor_write_text(w, SPAN("x5c"));
	cbor_write_array(w, 1);
	cbor_write_bytes(w, writer_span(&der));
}
