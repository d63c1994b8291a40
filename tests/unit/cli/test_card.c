#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "cli/card/card.h"
#include "cli/card/module.h"
#include "cli/card/role.h"
#include "cli/card/succession.h"
#include "cli/card/token.h"
#include "jose/act.h"
#include "x509/own.h"
#include "x509/x509.h"

/* Two real tokens of SoftHSM in a folder of their own: a registrar's card and a citizen's. */
static const char *const modules[] = {"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", NULL};
static const char *module;
static char folder[] = "/tmp/mohar-card-XXXXXX";
static struct secret *so_pin, *registrar_pin, *citizen_pin, *wrong_pin;

static void
run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	assert_int_equal(system(command), 0);
}

static int
setup(void **state)
{
	char path[128], text[256];
	char serial[17];

	(void)state;
	for (const char *const *m = modules; module == NULL && *m != NULL; m++)
		if (access(*m, R_OK) == 0)
			module = *m;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/tokens", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(text, sizeof(text), "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
		path);
	(void)snprintf(path, sizeof(path), "%s/softhsm2.conf", folder);
	assert_int_equal(file_write(path, span_of(text), 0600), ERR_OK);
	assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
	assert_int_equal(secret_copy(SPAN("12345678"), &so_pin), ERR_OK);
	assert_int_equal(secret_copy(SPAN("1111"), &registrar_pin), ERR_OK);
	assert_int_equal(secret_copy(SPAN("2222"), &citizen_pin), ERR_OK);
	assert_int_equal(secret_copy(SPAN("9999"), &wrong_pin), ERR_OK);
	if (module == NULL)
		return 0;
	assert_int_equal(card_token_init(module, "registrar", so_pin, registrar_pin, serial), ERR_OK);
	assert_int_equal(card_token_init(module, "citizen", so_pin, citizen_pin, serial), ERR_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	secret_free(&so_pin);
	secret_free(&registrar_pin);
	secret_free(&citizen_pin);
	secret_free(&wrong_pin);
	run("rm -rf %s", folder);
	return 0;
}

static void
need_softhsm(void)
{
	if (module == NULL)
		skip(); /* libsofthsm2 is not installed */
}

static void
a_label_is_given_once_and_blank_ones_are_found(void **state)
{
	char serial[17];

	(void)state;
	need_softhsm();
	assert_int_equal(card_token_init(module, "citizen", so_pin, citizen_pin, serial), ERR_EXISTS);
	assert_int_equal(card_token_init("/nonexistent/module.so", "x", so_pin, citizen_pin, serial), ERR_NOT_FOUND);
}

static void
a_pin_that_the_card_cannot_take_leaves_it_blank(void **state)
{
	struct secret *shortest;
	char serial[17];

	(void)state;
	need_softhsm();
	assert_int_equal(secret_copy(SPAN("1"), &shortest), ERR_OK);
	assert_int_equal(card_token_init(module, "third", so_pin, shortest, serial), ERR_MALFORMED);
	assert_int_equal(card_token_init(module, "third", shortest, citizen_pin, serial), ERR_MALFORMED);
	assert_int_equal(card_token_init(module, "third", so_pin, citizen_pin, serial), ERR_OK);
	secret_free(&shortest);
	err_forget();
}

static void
a_wrong_pin_is_refused_and_not_retried(void **state)
{
	AUTO(writer) attributes = writer_new(4 << 10);
	struct card *card;

	(void)state;
	need_softhsm();
	assert_int_equal(card_open(module, "citizen", wrong_pin, &card), ERR_REFUSED);
	assert_null(card);
	assert_int_equal(card_open(module, "nobody", citizen_pin, &card), ERR_NOT_FOUND);
	assert_int_equal(card_generate(module, "citizen", wrong_pin, 1, "x", &attributes), ERR_REFUSED);
	assert_int_equal(card_token_pin(module, "citizen", wrong_pin, citizen_pin), ERR_REFUSED);
}

static void
a_key_is_made_once_and_cannot_leave_the_card(void **state)
{
	AUTO(writer) attributes = writer_new(4 << 10);
	AUTO(writer) again = writer_new(4 << 10);

	(void)state;
	need_softhsm();
	assert_int_equal(card_generate(module, "citizen", citizen_pin, 1, "authentication", &attributes), ERR_OK);
	assert_non_null(
		strstr((const char *)writer_span(&attributes).ptr, "\"extractable\":false,\"never_extractable\":true"));
	assert_int_equal(card_generate(module, "citizen", citizen_pin, 1, "authentication", &again), ERR_EXISTS);
	assert_int_equal(card_generate(module, "registrar", registrar_pin, 1, "authentication", &again), ERR_OK);
}

/* Free of the card's handle, which does not outlive the card. */
static X509 *
signed_by_itself(EVP_PKEY *key, long serial)
{
	OWN(X509) made = X509_new();
	unsigned char *der = NULL;
	const unsigned char *at;
	int len;

	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), 3600));
	assert_int_equal(X509_set_pubkey(made, key), 1);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	len = i2d_X509(made, &der);
	assert_true(len > 0);
	at = der;
	X509 *out = d2i_X509(NULL, &at, len);
	OPENSSL_free(der);
	assert_non_null(out);
	return out;
}

/* NSS overlooks a certificate object without it, and the browser has no card. */
static void
assert_serial_on_card(uint8_t serial)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof(class)}};
	const uint8_t expected[] = {0x02, 0x01, serial};
	AUTO(writer) value = writer_new(64);
	CK_OBJECT_HANDLE objects[MAX_CARD_OBJECTS];
	struct card_module *m;
	CK_SESSION_HANDLE session;
	CK_SLOT_ID slot;
	CK_ULONG count;

	assert_int_equal(card_module_open(module, &m), ERR_OK);
	assert_int_equal(card_module_find(m, "citizen", &slot), ERR_OK);
	assert_int_equal(card_module_session(m, slot, CKU_USER, citizen_pin, &session), ERR_OK);
	assert_int_equal(card_module_objects(m, session, match, 1, objects, &count), ERR_OK);
	assert_int_equal(count, 1);
	card_module_value(m, session, objects[0], CKA_SERIAL_NUMBER, &value);
	assert_true(span_equal(writer_span(&value), span_at(expected, sizeof(expected))));
	card_module_free(&m);
}

static void
request_and_certificate_go_through_the_card(void **state)
{
	static const struct name_part subject[] = {{"CN", "Test Citizen One"}};
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct request_facts facts;
	struct card *card;
	EVP_PKEY *key, *none;
	X509 *certificates[2];
	OWN(X509) read = NULL;
	const struct card_place at = {module, "citizen", citizen_pin};

	(void)state;
	need_softhsm();
	assert_int_equal(card_open(module, "citizen", citizen_pin, &card), ERR_OK);
	assert_int_equal(card_key(card, 2, &none), ERR_NOT_FOUND);
	assert_int_equal(card_certificate(card, 1, &read), ERR_NOT_FOUND);
	assert_int_equal(card_key(card, 1, &key), ERR_OK);
	assert_int_equal(csr_make(key, subject, 1, NULL, 0, &csr), ERR_OK);
	assert_int_equal(csr_parse(writer_span(&csr), &facts), ERR_OK);
	assert_string_equal(facts.key_type, "P-256");
	csr_free(&facts);
	/* Signed by itself is enough to see it stored: twice, and only the second is kept. */
	for (int i = 0; i < 2; i++)
		certificates[i] = signed_by_itself(key, i + 1);
	card_free(&card);
	assert_null(card);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(card_write(&at, 1, "authentication", certificates[i]), ERR_OK);
		X509_free(certificates[i]);
	}
	assert_int_equal(card_open(module, "citizen", citizen_pin, &card), ERR_OK);
	assert_int_equal(card_certificate(card, 1, &read), ERR_OK);
	assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(read)), 2);
	card_free(&card);
	assert_serial_on_card(2);
}

static void
sign_and_check(const char *token, const struct secret *pin, const struct operators *operators, enum err expected)
{
	AUTO(writer) jws = writer_new(MAX_ACT);
	struct card *card;
	struct act a;

	assert_int_equal(card_open(module, token, pin, &card), ERR_OK);
	assert_int_equal(act_sign(card, "citizen.add", "https://idp.test", SPAN("{ \"handle\":\"one\" }"), 1770000000,
				 &jws),
		ERR_OK);
	card_free(&card);
	assert_int_equal(act_verify(writer_span(&jws), operators, "registrar", "citizen.add", "https://idp.test",
				 1770000001, &a),
		expected);
	if (expected == ERR_OK)
		assert_non_null(strstr(a.payload, "\"handle\":\"one\""));
	act_free(&a);
}

/* One module, two cards, one after the other in one process: what enrolment does. */
static void
two_cards_take_turns_and_only_the_registrars_orders_count(void **state)
{
	AUTO(writer) keys = writer_new(8 << 10);
	EVP_PKEY *key;
	struct operators operators;
	struct card *card;
	struct jwk *jwk;
	char path[128];

	(void)state;
	need_softhsm();
	assert_int_equal(card_open(module, "registrar", NULL, &card), ERR_OK);
	assert_int_equal(card_public_key(card, 1, &key), ERR_OK);
	writer_text(&keys, "{\"operators\":[{\"name\":\"Test Registrar\",\"roles\":[\"registrar\"],\"jwk\":");
	assert_int_equal(card_jwk(key, &jwk), ERR_OK);
	assert_int_equal(jwk_write(jwk, &keys), ERR_OK);
	writer_text(&keys, "}]}");
	jwk_free(&jwk);
	card_free(&card);
	(void)snprintf(path, sizeof(path), "%s/keys.json", folder);
	assert_int_equal(file_write(path, writer_span(&keys), 0600), ERR_OK);
	assert_int_equal(operators_read(path, &operators), ERR_OK);
	for (int turn = 0; turn < 3; turn++) {
		sign_and_check("registrar", registrar_pin, &operators, ERR_OK);
		sign_and_check("citizen", citizen_pin, &operators, ERR_UNAUTHENTICATED);
	}
	operators_free(&operators);
}

static void
a_body_cannot_bring_its_own_jti_or_be_no_object(void **state)
{
	AUTO(writer) jws = writer_new(MAX_ACT);
	struct card *card;

	(void)state;
	need_softhsm();
	assert_int_equal(card_open(module, "registrar", registrar_pin, &card), ERR_OK);
	assert_int_equal(act_sign(card, "x", "y", SPAN("{\"jti\":\"mine\"}"), 1, &jws), ERR_MALFORMED);
	assert_int_equal(act_sign(card, "x", "y", SPAN("[]"), 1, &jws), ERR_MALFORMED);
	assert_int_equal(act_sign(card, "x", "y", SPAN("{}"), 1, &jws), ERR_OK);
	card_free(&card);
}

/* ---- succession ---- */

static void
make_with_certificate(const struct card_place *at, uint8_t id, long serial)
{
	AUTO(writer) attributes = writer_new(4 << 10);
	char label[MAX_CARD_KEY_LABEL];
	struct card *card;
	EVP_PKEY *key;
	X509 *x;

	card_key_label(id, label);
	assert_int_equal(card_generate(at->module, at->token, at->pin, id, label, &attributes), ERR_OK);
	assert_int_equal(card_open(at->module, at->token, at->pin, &card), ERR_OK);
	assert_int_equal(card_key(card, id, &key), ERR_OK);
	x = signed_by_itself(key, serial);
	card_free(&card);
	assert_int_equal(card_write(at, id, label, x), ERR_OK);
	X509_free(x);
}

/* A signature key asks its PIN at every use: what libp11 asks for is answered. */
static void
assert_signs(const struct card_place *at, uint8_t id, long serial)
{
	struct card *card;
	X509 *x;

	assert_int_equal(card_open(at->module, at->token, at->pin, &card), ERR_OK);
	assert_int_equal(card_certificate(card, id, &x), ERR_OK);
	assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(x)), serial);
	assert_int_equal(card_proves(card, id, x), ERR_OK);
	X509_free(x);
	card_free(&card);
}

static void
a_key_takes_the_place_of_another_with_its_own_certificate(void **state)
{
	const struct card_place at = {module, "citizen", citizen_pin};
	struct succession s;

	(void)state;
	need_softhsm();
	make_with_certificate(&at, CARD_SIGNATURE, 11);
	assert_int_equal(succession_finish(&at, CARD_SIGNATURE, false), ERR_NOT_FOUND);
	assert_signs(&at, CARD_SIGNATURE, 11);
	make_with_certificate(&at, CARD_SIGNATURE | CARD_NEXT, 12);
	assert_int_equal(succession_read(&at, CARD_SIGNATURE, &s), ERR_OK);
	assert_true(s.begun && s.next_key && s.now != NULL && s.next != NULL);
	succession_free(&s);
	assert_signs(&at, CARD_SIGNATURE, 11);
	assert_int_equal(succession_finish(&at, CARD_SIGNATURE, true), ERR_OK);
	assert_signs(&at, CARD_SIGNATURE, 12);
	assert_int_equal(succession_read(&at, CARD_SIGNATURE, &s), ERR_OK);
	assert_true(!s.begun && !s.next_key && s.next == NULL);
	succession_free(&s);
	assert_int_equal(succession_finish(&at, CARD_SIGNATURE, true), ERR_NOT_FOUND);
	assert_signs(&at, CARD_SIGNATURE, 12);
	err_forget();
}

static void
a_signature_does_not_pass_for_another_keys(void **state)
{
	struct card *card;
	X509 *x;

	(void)state;
	need_softhsm();
	assert_int_equal(card_open(module, "citizen", citizen_pin, &card), ERR_OK);
	assert_int_equal(card_certificate(card, CARD_SIGNATURE, &x), ERR_OK);
	assert_int_equal(card_proves(card, CARD_AUTHENTICATION, x), ERR_MISMATCH);
	X509_free(x);
	card_free(&card);
	err_forget();
}

static void
unblocking_takes_the_officers_pin_and_costs_no_try_for_a_bad_new_one(void **state)
{
	struct secret *shortest;
	struct card *card;

	(void)state;
	need_softhsm();
	assert_int_equal(secret_copy(SPAN("1"), &shortest), ERR_OK);
	assert_int_equal(card_token_unblock(module, "citizen", so_pin, NULL, shortest), ERR_MALFORMED);
	assert_int_equal(card_token_unblock(module, "citizen", wrong_pin, NULL, citizen_pin), ERR_REFUSED);
	assert_int_equal(card_token_unblock(module, "citizen", so_pin, NULL, wrong_pin), ERR_OK);
	assert_int_equal(card_open(module, "citizen", wrong_pin, &card), ERR_OK);
	card_free(&card);
	assert_int_equal(card_token_unblock(module, "citizen", so_pin, NULL, citizen_pin), ERR_OK);
	secret_free(&shortest);
	err_forget();
}

static void
a_changed_pin_replaces_the_old_one(void **state)
{
	struct secret *changed;
	struct card *card;

	(void)state;
	need_softhsm();
	assert_int_equal(secret_copy(SPAN("3333"), &changed), ERR_OK);
	assert_int_equal(card_token_pin(module, "citizen", citizen_pin, changed), ERR_OK);
	assert_int_equal(card_open(module, "citizen", citizen_pin, &card), ERR_REFUSED);
	assert_int_equal(card_open(module, "citizen", changed, &card), ERR_OK);
	card_free(&card);
	secret_free(&changed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_is_given_once_and_blank_ones_are_found),
		cmocka_unit_test(a_pin_that_the_card_cannot_take_leaves_it_blank),
		cmocka_unit_test(a_wrong_pin_is_refused_and_not_retried),
		cmocka_unit_test(a_key_is_made_once_and_cannot_leave_the_card),
		cmocka_unit_test(request_and_certificate_go_through_the_card),
		cmocka_unit_test(two_cards_take_turns_and_only_the_registrars_orders_count),
		cmocka_unit_test(a_body_cannot_bring_its_own_jti_or_be_no_object),
		cmocka_unit_test(a_key_takes_the_place_of_another_with_its_own_certificate),
		cmocka_unit_test(a_signature_does_not_pass_for_another_keys),
		cmocka_unit_test(unblocking_takes_the_officers_pin_and_costs_no_try_for_a_bad_new_one),
		cmocka_unit_test(a_changed_pin_replaces_the_old_one),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
