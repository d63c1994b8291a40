#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"

enum { VECTORS = 15, AUTHDATA_FLAGS = 32, AUTHDATA_AAGUID_END = 53 };

static enum err
registers(const struct vector *v, const struct ceremony *c, struct webauthn_credential *out)
{
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	const struct webauthn_expect expect = vector_expect(v, &v->registration);

	vector_registration(&json, v, c);
	assert_int_equal(writer_done(&json), ERR_OK);
	return webauthn_register(writer_span(&json), &expect, out);
}

static enum err
authenticates(const struct vector *v, const struct ceremony *c, const struct webauthn_key *key,
	struct webauthn_assertion *out)
{
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	const struct webauthn_expect expect = vector_expect(v, &v->authentication);

	vector_authentication(&json, v, c);
	assert_int_equal(writer_done(&json), ERR_OK);
	return webauthn_authenticate(writer_span(&json), &expect, key, out);
}

static struct webauthn_key *
registered_key(const struct vector *v)
{
	struct webauthn_credential credential;
	struct webauthn_key *key = NULL;

	if (registers(v, &v->registration, &credential) != ERR_OK)
		fail_msg("%s: %s", v->name, err_why());
	assert_int_equal(webauthn_key_parse(span_at(credential.cose_key, credential.cose_key_len), &key), ERR_OK);
	return key;
}

static const struct vectors *
needed(void)
{
	const struct vectors *all = vectors();

	if (all == NULL) {
		print_message("skipped: no webauthn-l3.json in $MOHAR_VECTORS\n");
		skip();
	}
	return all;
}

static void
every_registration_is_accepted(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	assert_int_equal(all->count, VECTORS);
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		struct webauthn_credential c;

		if (registers(v, &v->registration, &c) != ERR_OK)
			fail_msg("%s: %s", v->name, err_why());
		assert_memory_equal(c.aaguid, v->aaguid.ptr, sizeof(c.aaguid));
		assert_true(span_equal(span_at(c.id, c.id_len), bytes_span(&v->credential_id)));
		assert_int_equal(strncmp(v->name, c.format, strlen(c.format)), 0); /* each is named for its format */
		assert_int_equal(c.trust,
			strstr(v->name, "self") != NULL         ? WEBAUTHN_TRUST_SELF
				: strcmp(c.format, "none") == 0 ? WEBAUTHN_TRUST_NONE
								: WEBAUTHN_TRUST_ANCHORED);
	}
}

static void
every_authentication_is_accepted(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		AUTO(webauthn_key) *key = registered_key(v);
		struct webauthn_assertion a;

		if (authenticates(v, &v->authentication, key, &a) != ERR_OK)
			fail_msg("%s: %s", v->name, err_why());
		assert_true(span_equal(span_at(a.credential_id, a.credential_id_len), bytes_span(&v->credential_id)));
	}
}

/* Where authData begins in an attestation object: it is the last member and reaches to the end. */
static size_t
authdata_start(const struct bytes *object)
{
	const uint8_t *name = memmem(object->ptr, object->len, "hauthData", 9);

	assert_non_null(name);
	return (size_t)(name - object->ptr) + 9 + (name[9] == 0x58 ? 2 : 3);
}

/* What the statement does not cover: U2F signs neither flags (but for UP, which is asked), counter nor AAGUID. */
static bool
is_covered(const struct vector *v, size_t at)
{
	const size_t start = authdata_start(&v->registration.attestation_object);

	if (strncmp(v->name, "fido-u2f", 8) == 0)
		return at < start + AUTHDATA_FLAGS || at >= start + AUTHDATA_AAGUID_END;
	if (strncmp(v->name, "none", 4) ==
		0) /* the relying party's name, the id, and the syntax are all that there is */
		return at < start + AUTHDATA_FLAGS ||
			(at >= start + AUTHDATA_AAGUID_END &&
				at < start + AUTHDATA_AAGUID_END + 2 + v->credential_id.len);
	return true;
}

static void
a_flipped_bit_in_any_attestation_object_is_refused(void **state)
{
	const struct vectors *all = needed();
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		struct webauthn_credential c;

		for (size_t at = 0; at < v->registration.attestation_object.len; at++) {
			uint8_t *byte = &v->registration.attestation_object.ptr[at];
			const uint8_t was = *byte;
			enum err e;

			if (!is_covered(v, at))
				continue;
			*byte ^= (uint8_t)(1 << at % 8);
			e = registers(v, &v->registration, &c);
			*byte = was;
			if (e == ERR_OK)
				fail_msg("%s: a flip at %zu is accepted", v->name, at);
			tried++;
		}
	}
	assert_true(tried > 10000);
}

/* A none attestation covers no client data; the three members that matter are refused by clientdata's own tests. */
static void
a_flipped_bit_in_any_attested_client_data_is_refused(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		struct webauthn_credential c;

		if (strncmp(v->name, "none", 4) == 0)
			continue;
		for (size_t at = 0; at < v->registration.client_data.len; at++) {
			uint8_t *byte = &v->registration.client_data.ptr[at];

			*byte ^= (uint8_t)(1 << at % 8);
			if (registers(v, &v->registration, &c) == ERR_OK)
				fail_msg("%s: a flip at %zu is accepted", v->name, at);
			*byte ^= (uint8_t)(1 << at % 8);
		}
	}
}

static void
refuses_every_flip(const struct vector *v, const struct webauthn_key *key, const struct bytes *part, const char *what)
{
	struct webauthn_assertion a;

	for (size_t at = 0; at < part->len; at++) {
		part->ptr[at] ^= (uint8_t)(1 << at % 8);
		if (authenticates(v, &v->authentication, key, &a) == ERR_OK)
			fail_msg("%s: a flip at %zu of the %s is accepted", v->name, at, what);
		part->ptr[at] ^= (uint8_t)(1 << at % 8);
	}
}

static void
a_flipped_bit_in_any_assertion_is_refused(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		AUTO(webauthn_key) *key = registered_key(v);

		refuses_every_flip(v, key, &v->authentication.auth_data, "authenticator data");
		refuses_every_flip(v, key, &v->authentication.client_data, "client data");
		refuses_every_flip(v, key, &v->authentication.signature, "signature");
	}
}

static void
an_assertion_with_another_vectors_key_is_refused(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		AUTO(webauthn_key) *key = registered_key(&all->at[(i + 1) % all->count]);
		struct webauthn_assertion a;

		assert_int_equal(authenticates(&all->at[i], &all->at[i].authentication, key, &a), ERR_BAD_SIGNATURE);
	}
}

static void
without_a_root_the_path_is_reported_not_required(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		struct webauthn_expect expect = vector_expect(v, &v->registration);
		AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
		struct webauthn_credential c;

		expect.attestation_trust = NULL;
		vector_registration(&json, v, &v->registration);
		assert_int_equal(webauthn_register(writer_span(&json), &expect, &c), ERR_OK);
		assert_int_not_equal(c.trust, WEBAUTHN_TRUST_ANCHORED);
	}
}

static void
a_path_outside_its_validity_is_refused(void **state)
{
	const struct vectors *all = needed();

	(void)state;
	for (size_t i = 0; i < all->count; i++) {
		const struct vector *v = &all->at[i];
		struct webauthn_expect expect = vector_expect(v, &v->registration);
		AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
		struct webauthn_credential c;

		expect.at = 1600000000; /* before 2024 */
		vector_registration(&json, v, &v->registration);
		assert_int_equal(webauthn_register(writer_span(&json), &expect, &c),
			strncmp(v->name, "none", 4) == 0 || strstr(v->name, "self") != NULL ? ERR_OK : ERR_UNTRUSTED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_registration_is_accepted),
		cmocka_unit_test(every_authentication_is_accepted),
		cmocka_unit_test(a_flipped_bit_in_any_attestation_object_is_refused),
		cmocka_unit_test(a_flipped_bit_in_any_attested_client_data_is_refused),
		cmocka_unit_test(a_flipped_bit_in_any_assertion_is_refused),
		cmocka_unit_test(an_assertion_with_another_vectors_key_is_refused),
		cmocka_unit_test(without_a_root_the_path_is_reported_not_required),
		cmocka_unit_test(a_path_outside_its_validity_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
