#include "asked.h"

#include <time.h>

#include "base/file.h"
#include "hsm/quorum/proposal.h"
#include "json/json.h"
#include "x509/own.h"
#include "x509/x509.h"

static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	rig_generate(r, "citizen-ca");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

static enum err
act_root(struct rig *r, struct keyring *k, void *context)
{
	struct rig_signer signer = {r, k};
	AUTO(writer) pem = writer_new(8192);
	OWN(EVP_PKEY) key = NULL;
	OWN(X509) x = NULL;
	char path[128];

	(void)context;
	TRY(keyring_provider_load(k));
	TRY(keyring_key_signed_by(k, "root-ca", rig_sign, &signer, &key));
	x = root_make(key, "Test Root", 100);
	if (x == NULL)
		return own_failed(ERR_CRYPTO, "root");
	TRY(certificate_pem_write(x, &pem));
	rig_path(r, "root.pem", path);
	return file_write(path, writer_span(&pem), 0644);
}

CASE(a_root_signed_by_two_of_three_custodians_verifies_with_openssl)
{
	struct rig *r = rig_of(state);
	char command[512];

	assert_ok(rig_as(r, 0, act_root, NULL));
	(void)snprintf(command, sizeof(command),
		"openssl verify -check_ss_sig -x509_strict -CAfile %s/root.pem %s/root.pem >/dev/null", r->dir, r->dir);
	assert_int_equal(system(command), 0);
}

/* ---- one proposal, asked in many ways ---- */

CASE(one_custodian_is_not_enough_and_counts_once)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	int64_t missing;

	assert_int_equal(a.p.k, 2);
	assert_ok(asked_approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
	assert_err(asked_approve(r, 0, &a, &missing), ERR_USED);
	assert_err(asked_approve(r, 0, &a, &missing), ERR_USED);
	assert_ok(asked_approve(r, 2, &a, &missing));
	assert_int_equal(missing, 0);
}

CASE(an_executed_proposal_is_not_executed_again)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	int64_t missing;

	assert_ok(asked_approve(r, 0, &a, &missing));
	assert_ok(asked_approve(r, 1, &a, &missing));
	for (int i = 0; i < CUSTODIANS; i++)
		assert_err(asked_approve(r, i, &a, &missing), ERR_USED);
}

/* An act that says what it says, and other bytes beside it: each byte is looked at. */
CASE(an_approval_of_other_bytes_is_refused)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	AUTO(writer) act = writer_new(8192);
	AUTO(writer) result = writer_new(1024);
	bool executed;
	int64_t missing;

	rig_approval(r, 0, &a.p, writer_span(&a.object), &act);
	for (size_t i = 0; i < a.object.len; i += 7) {
		a.object.ptr[i] ^= 1;
		assert_err(keyring_approve(r->keyring, a.p.id, writer_span(&a.object), writer_span(&act), &executed,
				   &missing, &result),
			ERR_MISMATCH);
		assert_err(asked_approve(r, 0, &a, &missing), ERR_MISMATCH); /* signed over them, too */
		a.object.ptr[i] ^= 1;
	}
	assert_err(keyring_approve(r->keyring, a.p.id, span_at(a.object.ptr, a.object.len - 1), writer_span(&act),
			   &executed, &missing, &result),
		ERR_MISMATCH);
	assert_err(keyring_approve(r->keyring, a.p.id, SPAN(""), writer_span(&act), &executed, &missing, &result),
		ERR_MISMATCH);
	assert_ok(asked_approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
}

CASE(an_approval_of_another_proposal_or_summary_is_refused)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	AUTO(asked) b = asked_new(r);
	AUTO(writer) act = writer_new(8192);
	AUTO(writer) result = writer_new(1024);
	struct hsm_proposal other = a.p;
	bool executed;
	int64_t missing;

	rig_approval(r, 0, &b.p, writer_span(&a.object), &act);
	assert_err(keyring_approve(r->keyring, a.p.id, writer_span(&a.object), writer_span(&act), &executed, &missing,
			   &result),
		ERR_MISMATCH);
	other.summary[20] ^= 1;
	assert_err(asked_approve_bytes(r, 0, &other, writer_span(&a.object), &missing, &result), ERR_MISMATCH);
	other = a.p;
	other.id[0] ^= 1;
	assert_err(asked_approve_bytes(r, 0, &other, writer_span(&a.object), &missing, &result), ERR_NOT_FOUND);
}

struct order {
	EVP_PKEY *by;
	const char *act, *audience;
	int64_t age, longer; /* longer: than the proposal is open */
};

static enum err
approve_as(struct rig *r, const struct asked *a, const struct order *o)
{
	AUTO(writer) payload = writer_new(8192);
	AUTO(writer) jws = writer_new(8192);
	AUTO(writer) result = writer_new(1024);
	const struct sha256 hash = sha256_of(writer_span(&a->object)), summary = sha256_of(span_of(a->p.summary));
	const int64_t iat = time(NULL) - o->age;
	struct json_writer j = json_to(&payload);
	struct jwk *jwk = NULL;
	bool executed;
	int64_t missing;

	json_object(&j, NULL);
	json_text(&j, "act", o->act);
	json_text(&j, "aud", o->audience);
	json_text(&j, "jti", "0123456789abcdef0123");
	json_int(&j, "iat", iat);
	json_int(&j, "exp", iat + 300);
	json_bytes64(&j, "proposal", span_at(a->p.id, HSM_NONCE_LEN));
	json_int(&j, "expires", a->p.expires + o->longer);
	json_bytes64(&j, "object_sha256", sha256_span(&hash));
	json_bytes64(&j, "summary_sha256", sha256_span(&summary));
	json_object_end(&j);
	assert_ok(jwk_from_key(o->by, NULL, &jwk));
	assert_ok(jws_sign(o->by, &(struct jws_sign_options){.typ = "act+jwt", .kid = jwk_kid(jwk)},
		writer_span(&payload), &jws));
	jwk_free(&jwk);
	return keyring_approve(r->keyring, a->p.id, writer_span(&a->object), writer_span(&jws), &executed, &missing,
		&result);
}

CASE(a_registrar_a_stranger_an_old_act_another_act_and_another_audience_are_refused)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	OWN(EVP_PKEY) stranger = EVP_EC_gen("P-256");
	const struct order good = {r->custodians[0], "proposal.approve", "mohar:ceremony", 0, 0};
	struct order o = good;

	o.by = r->registrar;
	assert_err(approve_as(r, &a, &o), ERR_REFUSED);
	o.by = stranger;
	assert_err(approve_as(r, &a, &o), ERR_UNAUTHENTICATED);
	o = good;
	o.age = 301;
	assert_err(approve_as(r, &a, &o), ERR_EXPIRED);
	o = good;
	o.act = "ceremony.approve";
	assert_err(approve_as(r, &a, &o), ERR_REFUSED);
	o = good;
	o.audience = "https://ca";
	assert_err(approve_as(r, &a, &o), ERR_REFUSED);
	o = good;
	o.longer = 1;
	assert_err(approve_as(r, &a, &o), ERR_MISMATCH);
	assert_ok(approve_as(r, &a, &good));
}

static enum err
act_propose(struct rig *r, struct keyring *k, void *context)
{
	struct asked *a = context;
	struct hsm_proposal p;

	(void)r;
	return keyring_propose(k, "sign", "root-ca", writer_span(&a->object), SPAN(""), &p);
}

static enum err
act_approve(struct rig *r, struct keyring *k, void *context)
{
	struct asked *a = context;
	AUTO(writer) act = writer_new(8192);
	AUTO(writer) result = writer_new(1024);
	bool executed;
	int64_t missing;

	rig_approval(r, 0, &a->p, writer_span(&a->object), &act);
	return keyring_approve(k, a->p.id, writer_span(&a->object), writer_span(&act), &executed, &missing, &result);
}

CASE(only_the_ceremony_proposes_and_brings_approvals)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	static const uid_t others[] = {UID_CA, UID_IDP, UID_SIGNER, UID_STRANGER};

	if (!r->separate) {
		print_message("skipped: several users need root\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_err(rig_as(r, others[i], act_propose, &a), ERR_REFUSED);
		assert_err(rig_as(r, others[i], act_approve, &a), ERR_REFUSED);
	}
	assert_ok(rig_as(r, 0, act_approve, &a));
}

CASE(what_cannot_be_proposed_is_said_at_once)
{
	struct rig *r = rig_of(state);
	AUTO(writer) object = writer_new(1 << 16);
	struct hsm_proposal p;

	asked_object(r, &object);
	assert_err(keyring_propose(r->keyring, "dance", "root-ca", SPAN(""), SPAN(""), &p), ERR_UNSUPPORTED);
	assert_err(keyring_propose(r->keyring, "sign", NULL, writer_span(&object), SPAN(""), &p), ERR_MALFORMED);
	assert_err(keyring_propose(r->keyring, "policy", "root-ca", writer_span(&object), SPAN(""), &p), ERR_MALFORMED);
	assert_err(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&object), SPAN("evidence"), &p),
		ERR_MALFORMED);
	assert_err(keyring_propose(r->keyring, "sign", "citizen-ca", writer_span(&object), SPAN(""), &p), ERR_REFUSED);
	assert_err(keyring_propose(r->keyring, "sign", "root-ca", SPAN("hello"), SPAN(""), &p), ERR_REFUSED);
	assert_err(keyring_propose(r->keyring, "sign", "log", SPAN("hello"), SPAN(""), &p), ERR_NOT_FOUND);
	assert_err(keyring_propose(r->keyring, "restore", NULL, SPAN(""), SPAN(""), &p), ERR_REFUSED);
	object.ptr[object.len / 2] ^= 1;
	assert_int_not_equal(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&object), SPAN(""), &p),
		ERR_OK);
}

/* ---- time, and how many ---- */

CASE(an_expired_an_executed_and_a_voided_proposal_are_refused)
{
	struct policy policy = {.hash = {{1}}};
	struct proposal p = {.policy = {{1}}, .at = 1000, .expires = 2000};

	(void)state;
	assert_ok(proposal_open(&p, &policy, 1999));
	assert_err(proposal_open(&p, &policy, 2000), ERR_EXPIRED);
	assert_ok(proposal_open(&p, &policy, 940));
	assert_err(proposal_open(&p, &policy, 939), ERR_EXPIRED);
	p.policy.bytes[0] = 2;
	assert_err(proposal_open(&p, &policy, 1999), ERR_REVOKED);
	p.policy.bytes[0] = 1;
	p.executed = true;
	assert_err(proposal_open(&p, &policy, 1999), ERR_USED);
}

CASE(a_full_table_waits_until_something_expires)
{
	struct proposals *t = calloc(1, sizeof(*t));
	struct policy policy = {0};
	struct proposal p = {.at = 1000, .expires = 2000}, *row;

	(void)state;
	assert_non_null(t);
	proposals_open(t, &policy, 0);
	for (int i = 0; i < MAX_PROPOSALS; i++) {
		p.id[0] = (uint8_t)i;
		assert_ok(proposals_add(t, &p, &row));
	}
	p.id[0] = 200;
	assert_err(proposals_add(t, &p, &row), ERR_TOO_MANY);
	p.at = 2000;
	p.expires = 3000;
	assert_ok(proposals_add(t, &p, &row));
	assert_int_equal(t->count, 1);
	assert_ptr_equal(proposals_find(t, span_at(p.id, HSM_NONCE_LEN)), row);
	free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_signed_by_two_of_three_custodians_verifies_with_openssl),
		cmocka_unit_test(one_custodian_is_not_enough_and_counts_once),
		cmocka_unit_test(an_executed_proposal_is_not_executed_again),
		cmocka_unit_test(an_approval_of_other_bytes_is_refused),
		cmocka_unit_test(an_approval_of_another_proposal_or_summary_is_refused),
		cmocka_unit_test(a_registrar_a_stranger_an_old_act_another_act_and_another_audience_are_refused),
		cmocka_unit_test(only_the_ceremony_proposes_and_brings_approvals),
		cmocka_unit_test(what_cannot_be_proposed_is_said_at_once),
		cmocka_unit_test(an_expired_an_executed_and_a_voided_proposal_are_refused),
		cmocka_unit_test(a_full_table_waits_until_something_expires),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
