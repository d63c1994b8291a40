#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>

#include "base/encode.h"
#include "verify/decision.h"

#define LIST "https://signer.test/status/1"
enum { NOW = 1800000000 };

/* A little country: an agency's seal, another agency's, the status key, and a stranger's. */
struct country {
	EVP_PKEY *land, *tax, *status, *stranger;
	struct writer jwks;
	struct trust trust;
};

static void
publish(struct json_writer *j, EVP_PKEY *key, const char *purpose, const char *agency)
{
	AUTO(writer) text = writer_new(4096);
	struct jwk *jwk;

	assert_int_equal(jwk_from_key(key, NULL, &jwk), ERR_OK);
	assert_int_equal(jwk_write(jwk, &text), ERR_OK);
	text.len--;
	writer_format(&text, ",\"mohar_purpose\":\"%s\"", purpose);
	if (agency != NULL)
		writer_format(&text, ",\"agency\":\"%s\"", agency);
	writer_text(&text, "}");
	json_raw(j, NULL, writer_span(&text));
	jwk_free(&jwk);
}

static int
found(void **state)
{
	struct country *const c = calloc(1, sizeof(*c));
	struct json_writer j;

	c->land = EVP_EC_gen("P-256");
	c->tax = EVP_EC_gen("P-256");
	c->status = EVP_EC_gen("P-256");
	c->stranger = EVP_EC_gen("P-256");
	c->jwks = writer_new(64 << 10);
	j = json_to(&c->jwks);
	json_object(&j, NULL);
	json_array(&j, "keys");
	publish(&j, c->land, "seal", "land");
	publish(&j, c->tax, "seal", "tax");
	publish(&j, c->status, "status", NULL);
	json_array_end(&j);
	json_object_end(&j);
	assert_int_equal(trust_read(writer_span(&c->jwks), &c->trust), ERR_OK);
	*state = c;
	return 0;
}

static int
dissolve(void **state)
{
	struct country *const c = *state;

	trust_free(&c->trust);
	writer_free(&c->jwks);
	EVP_PKEY_free(c->land);
	EVP_PKEY_free(c->tax);
	EVP_PKEY_free(c->status);
	EVP_PKEY_free(c->stranger);
	free(c);
	return 0;
}

static struct decision
sample(void)
{
	return (struct decision){
		.issuer = "https://signer.test",
		.id = "00000000-0000-4000-8000-000000000001",
		.agency = "land",
		.type = "land-transfer",
		.outcome = "approved",
		.subject = "pairwise",
		.version = 1,
		.issued_at = NOW - 10,
		.received_at = NOW - 100,
		.due = NOW + 100,
		.time_limit_days = 30,
		.office = {"land-registrar", "Registrar of land"},
		.appeal = {"Land Tribunal", 60},
		.facts = "{\"parcel\":\"T-1\"}",
		.status = {LIST, 7},
	};
}

static void
jws_of(EVP_PKEY *key, const char *typ, struct span payload, struct writer *out)
{
	struct jws_sign_options options = {.typ = typ};
	char kid[THUMBPRINT_TEXT_LEN + 1];
	struct jwk *jwk;

	assert_int_equal(jwk_from_key(key, NULL, &jwk), ERR_OK);
	assert_int_equal(jwk_thumbprint(jwk, kid), ERR_OK);
	options.kid = kid;
	assert_int_equal(jws_sign(key, &options, payload, out), ERR_OK);
	jwk_free(&jwk);
}

static void
seal(EVP_PKEY *key, const char *typ, const struct decision *d, struct writer *out)
{
	AUTO(writer) payload = writer_new(MAX_DECISION);

	assert_int_equal(decision_write(d, &payload), ERR_OK);
	jws_of(key, typ, writer_span(&payload), out);
}

static void
list(const struct country *c, unsigned seventh, const char *uri, unix_time exp, struct writer *out)
{
	AUTO(statuslist) s = {0};
	AUTO(writer) payload = writer_new(1 << 20);

	assert_int_equal(statuslist_new(2, 64, &s), ERR_OK);
	assert_int_equal(statuslist_set(&s, 7, seventh), ERR_OK);
	assert_int_equal(statuslist_payload(&s, uri, NOW - 5, exp, 30, &payload), ERR_OK);
	jws_of(c->status, "statuslist+jwt", writer_span(&payload), out);
}

static enum verdict
judge(const struct trust *trust, const struct writer *jws, const struct writer *status)
{
	const struct decision_evidence evidence = {.jws = writer_span(jws),
		.status_token = status != NULL ? writer_span(status) : (struct span){0},
		.at = NOW};
	AUTO(decision_finding) f = {0};

	assert_int_equal(decision_verify(&evidence, trust, &f), ERR_OK);
	assert_true(f.verdict == VERDICT_VALID || *f.why != '\0');
	return f.verdict;
}

static void
a_sealed_decision_that_stands_is_valid(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) status = writer_new(1 << 20);

	seal(c->land, "decision+jwt", &d, &jws);
	list(c, STATUS_VALID, LIST, NOW + 100, &status);
	assert_int_equal(judge(&c->trust, &jws, &status), VERDICT_VALID);
}

static void
every_changed_character_is_never_valid(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) status = writer_new(1 << 20);

	seal(c->land, "decision+jwt", &d, &jws);
	list(c, STATUS_VALID, LIST, NOW + 100, &status);
	for (size_t i = 0; i < jws.len; i++) {
		const uint8_t was = jws.ptr[i];

		jws.ptr[i] = was == 'A' ? 'B' : 'A';
		assert_int_not_equal(judge(&c->trust, &jws, &status), VERDICT_VALID);
		jws.ptr[i] = was;
	}
}

static void
nobody_trusted_means_unknown(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) status = writer_new(1 << 20);

	seal(c->stranger, "decision+jwt", &d, &jws);
	list(c, STATUS_VALID, LIST, NOW + 100, &status);
	assert_int_equal(judge(NULL, &jws, &status), VERDICT_UNKNOWN);
	assert_int_equal(judge(&c->trust, &jws, &status), VERDICT_UNKNOWN);
}

static void
a_seal_of_another_agency_is_invalid(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) status = writer_new(1 << 20);

	seal(c->tax, "decision+jwt", &d, &jws);
	list(c, STATUS_VALID, LIST, NOW + 100, &status);
	assert_int_equal(judge(&c->trust, &jws, &status), VERDICT_INVALID);
}

static void
a_status_key_seals_nothing(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);

	seal(c->status, "decision+jwt", &d, &jws);
	assert_int_not_equal(judge(&c->trust, &jws, NULL), VERDICT_VALID);
}

static void
another_typ_is_no_decision(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);

	seal(c->land, "JWT", &d, &jws);
	assert_int_equal(judge(&c->trust, &jws, NULL), VERDICT_INVALID);
}

static void
revoked_and_suspended_are_invalid(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) revoked = writer_new(1 << 20);
	AUTO(writer) suspended = writer_new(1 << 20);

	seal(c->land, "decision+jwt", &d, &jws);
	list(c, STATUS_INVALID, LIST, NOW + 100, &revoked);
	list(c, STATUS_SUSPENDED, LIST, NOW + 100, &suspended);
	assert_int_equal(judge(&c->trust, &jws, &revoked), VERDICT_INVALID);
	assert_int_equal(judge(&c->trust, &jws, &suspended), VERDICT_INVALID);
}

static void
no_list_a_stale_one_and_a_substituted_one_leave_it_unknown(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) stale = writer_new(1 << 20);
	AUTO(writer) other = writer_new(1 << 20);

	seal(c->land, "decision+jwt", &d, &jws);
	list(c, STATUS_VALID, LIST, NOW - 1, &stale);
	list(c, STATUS_VALID, "https://signer.test/status/2", NOW + 100, &other);
	assert_int_equal(judge(&c->trust, &jws, NULL), VERDICT_UNKNOWN);
	assert_int_equal(judge(&c->trust, &jws, &stale), VERDICT_UNKNOWN);
	assert_int_equal(judge(&c->trust, &jws, &other), VERDICT_UNKNOWN);
}

static void
a_decision_from_the_future_is_invalid(void **state)
{
	const struct country *const c = *state;
	struct decision d = sample();
	AUTO(writer) jws = writer_new(1 << 20);

	d.issued_at = NOW + 3600;
	seal(c->land, "decision+jwt", &d, &jws);
	assert_int_equal(judge(&c->trust, &jws, NULL), VERDICT_INVALID);
}

static void
an_unknown_member_is_refused_even_when_sealed(void **state)
{
	const struct country *const c = *state;
	const struct decision d = sample();
	AUTO(writer) payload = writer_new(MAX_DECISION);
	AUTO(writer) jws = writer_new(1 << 20);

	assert_int_equal(decision_write(&d, &payload), ERR_OK);
	payload.len--;
	writer_text(&payload, ",\"surprise\":1}");
	jws_of(c->land, "decision+jwt", writer_span(&payload), &jws);
	assert_int_equal(judge(&c->trust, &jws, NULL), VERDICT_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_decision_that_stands_is_valid),
		cmocka_unit_test(every_changed_character_is_never_valid),
		cmocka_unit_test(nobody_trusted_means_unknown),
		cmocka_unit_test(a_seal_of_another_agency_is_invalid),
		cmocka_unit_test(a_status_key_seals_nothing),
		cmocka_unit_test(another_typ_is_no_decision),
		cmocka_unit_test(revoked_and_suspended_are_invalid),
		cmocka_unit_test(no_list_a_stale_one_and_a_substituted_one_leave_it_unknown),
		cmocka_unit_test(a_decision_from_the_future_is_invalid),
		cmocka_unit_test(an_unknown_member_is_refused_even_when_sealed),
	};
	return cmocka_run_group_tests(tests, found, dissolve);
}
