/* statements: registrations with a certified attestation statement, made to measure. Used by the tests of the attestation formats. */
#ifndef MOHAR_TESTS_WEBAUTHN_STATEMENTS_H
#define MOHAR_TESTS_WEBAUTHN_STATEMENTS_H

#include "forge.h"
#include "maker.h"

/* A registration, the maker of its authenticator, and what is expected of it. */
struct trial {
	struct forgery forgery;
	struct maker maker;
	struct maker_order order;
	struct webauthn_expect expect;
	enum webauthn_trust trust; /* of the last registration */
};

/* cmocka's set-up and tear-down; *state becomes a trial in which nothing is wrong. */
int trial_open(void **state);
int trial_close(void **state);

/* The verdict on a statement (CBOR) of that format. */
enum err trial_registers(struct trial *t, const char *format, const struct writer *statement);

/* Fails the test unless the verdict is that one, and its reason holds why. */
void is_refused(enum err e, enum err expected, const char *why);
void is_accepted(enum err e);

/* {alg, sig, x5c} over the usual bytes; no x5c without an order. */
void write_statement(struct writer *w, const struct trial *t, int64_t alg, EVP_PKEY *signer,
	const struct maker_order *order);

#define TRIAL(name) cmocka_unit_test_setup_teardown(name, trial_open, trial_close)

#endif
