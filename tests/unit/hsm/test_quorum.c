#include "authenticator.h"
#include "rig.h"

#include <openssl/x509v3.h>
#include <signal.h>
#include <time.h>

#include "audit/chain.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"
#include "hsm/quorum/approval.h"
#include "hsm/quorum/proposal.h"
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

/* ---- a root ---- */

static void
extend(X509 *x, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, context, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A root certificate as a ceremony makes it, signed by key. */
static X509 *
root_make(EVP_PKEY *key, const char *cn, int days)
{
	X509 *x = X509_new();
	X509V3_CTX context;

	assert_true(
		X509_set_version(x, 2) && X509_set_pubkey(x, key) && ASN1_INTEGER_set(X509_get_serialNumber(x), 4711));
	assert_true(
		X509_gmtime_adj(X509_getm_notBefore(x), 0) && X509_gmtime_adj(X509_getm_notAfter(x), 86400L * days));
	assert_true(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1,
		-1, 0));
	assert_true(X509_set_issuer_name(x, X509_get_subject_name(x)));
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	extend(x, &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
	extend(x, &context, NID_key_usage, "critical,keyCertSign,cRLSign");
	extend(x, &context, NID_subject_key_identifier, "hash");
	if (X509_sign(x, key, EVP_sha384()) <= 0) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static void
tbs_of(X509 *x, struct writer *out)
{
	uint8_t *der = NULL;
	const int len = i2d_re_X509_tbs(x, &der);

	assert_true(len > 0);
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
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

/* The signed part of a root for the HSM's key. */
static void
object_make(struct rig *r, struct writer *out)
{
	AUTO(writer) spki = writer_new(1024);
	OWN(EVP_PKEY) other = EVP_EC_gen("P-384");
	OWN(EVP_PKEY) key = NULL;
	OWN(X509) x = NULL;
	const unsigned char *at;

	assert_ok(keyring_pubkey(r->keyring, "root-ca", &spki));
	at = spki.ptr;
	key = d2i_PUBKEY(NULL, &at, (long)spki.len);
	x = root_make(other, "Test Root", 100);
	assert_true(X509_set_pubkey(x, key));
	X509_delete_ext(x, X509_get_ext_by_NID(x, NID_subject_key_identifier, -1));
	tbs_of(x, out);
}

struct asked {
	struct writer object;
	struct hsm_proposal p;
};

static void
asked_free(struct asked *a)
{
	writer_free(&a->object);
}

static struct asked
ask(struct rig *r)
{
	struct asked a = {.object = writer_new(1 << 16)};

	object_make(r, &a.object);
	assert_ok(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&a.object), SPAN(""), &a.p));
	return a;
}

static enum err
approve_bytes(struct rig *r, int custodian, const struct hsm_proposal *p, struct span object, int64_t *missing,
	struct writer *result)
{
	AUTO(writer) act = writer_new(8192);
	bool executed;

	rig_approval(r, custodian, p, object, &act);
	TRY(keyring_approve(r->keyring, p->id, object, writer_span(&act), &executed, missing, result));
	assert_int_equal(executed, *missing == 0);
	return ERR_OK;
}

static enum err
approve(struct rig *r, int custodian, const struct asked *a, int64_t *missing)
{
	AUTO(writer) result = writer_new(1024);
	const enum err e = approve_bytes(r, custodian, &a->p, writer_span(&a->object), missing, &result);

	if (e == ERR_OK)
		assert_int_equal(result.len > 0, *missing == 0);
	return e;
}

CASE(one_custodian_is_not_enough_and_counts_once)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = ask(r);
	int64_t missing;

	assert_int_equal(a.p.k, 2);
	assert_ok(approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
	assert_err(approve(r, 0, &a, &missing), ERR_USED);
	assert_err(approve(r, 0, &a, &missing), ERR_USED);
	assert_ok(approve(r, 2, &a, &missing));
	assert_int_equal(missing, 0);
}

CASE(an_executed_proposal_is_not_executed_again)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = ask(r);
	int64_t missing;

	assert_ok(approve(r, 0, &a, &missing));
	assert_ok(approve(r, 1, &a, &missing));
	for (int i = 0; i < CUSTODIANS; i++)
		assert_err(approve(r, i, &a, &missing), ERR_USED);
}

/* An act that says what it says, and other bytes beside it: each byte is looked at. */
CASE(an_approval_of_other_bytes_is_refused)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = ask(r);
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
		assert_err(approve(r, 0, &a, &missing), ERR_MISMATCH); /* signed over them, too */
		a.object.ptr[i] ^= 1;
	}
	assert_err(keyring_approve(r->keyring, a.p.id, span_at(a.object.ptr, a.object.len - 1), writer_span(&act),
			   &executed, &missing, &result),
		ERR_MISMATCH);
	assert_err(keyring_approve(r->keyring, a.p.id, SPAN(""), writer_span(&act), &executed, &missing, &result),
		ERR_MISMATCH);
	assert_ok(approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
}

CASE(an_approval_of_another_proposal_or_summary_is_refused)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = ask(r);
	AUTO(asked) b = ask(r);
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
	assert_err(approve_bytes(r, 0, &other, writer_span(&a.object), &missing, &result), ERR_MISMATCH);
	other = a.p;
	other.id[0] ^= 1;
	assert_err(approve_bytes(r, 0, &other, writer_span(&a.object), &missing, &result), ERR_NOT_FOUND);
}

struct order {
	EVP_PKEY *by;
	const char *act, *audience;
	int64_t age;
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
	AUTO(asked) a = ask(r);
	OWN(EVP_PKEY) stranger = EVP_EC_gen("P-256");
	const struct order good = {r->custodians[0], "proposal.approve", "mohar:ceremony", 0};
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
	AUTO(asked) a = ask(r);
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

	object_make(r, &object);
	assert_err(keyring_propose(r->keyring, "generate", "root-ca", SPAN(""), SPAN(""), &p), ERR_UNSUPPORTED);
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

/* ---- starts in between ---- */

static void
again(struct rig *r)
{
	rig_stop(r, SIGKILL);
	rig_start(r);
}

CASE(approvals_given_before_a_kill_count_after_it)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = ask(r);
	int64_t missing;

	again(r);
	assert_ok(approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
	again(r);
	assert_err(approve(r, 0, &a, &missing), ERR_USED);
	assert_ok(approve(r, 1, &a, &missing));
	assert_int_equal(missing, 0);
	again(r);
	assert_err(approve(r, 2, &a, &missing), ERR_USED);
}

/* Whoever owns the disk can write lines that follow; they count for nothing. */
CASE(an_approval_forged_into_the_journal_is_not_counted)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = ask(r);
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(writer) json = writer_new(8192);
	struct sha256 last, hash;
	char path[128], *line;
	int64_t missing;
	size_t len;

	rig_stop(r, SIGKILL);
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &text));
	text.ptr[text.len - 1] = '\0';
	line = strrchr((char *)text.ptr, '\n') + 1;
	text.ptr[text.len - 1] = '\n';
	assert_ok(hex_read(span_at(line, 64), last.bytes, SHA256_LEN, &len));
	writer_text(&json, "{\"n\":999,\"at\":\"2026-01-01T00:00:00Z\",\"act\":\"approve\",\"id\":\"");
	hex_write(&json, span_at(a.p.id, HSM_NONCE_LEN));
	writer_text(&json, "\",\"detail\":\"custodian-2\\ne30.e30.AAAA\"}");
	hash = sha256_of_parts((const struct span[]){sha256_span(&last), writer_span(&json)}, 2);
	hex_write(&text, sha256_span(&hash));
	writer_format(&text, " %s\n", (const char *)writer_span(&json).ptr);
	assert_ok(file_write(path, writer_span(&text), 0600));
	rig_start(r);
	assert_true(rig_said(r, "an approval in the journal does not verify"));
	assert_ok(approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
	assert_ok(approve(r, 1, &a, &missing));
}

/* ---- FIDO2 keys ---- */

/* keys.json with the first from replaced. */
static void
exchange(const char *from, const char *to, struct writer *text)
{
	AUTO(writer) out = writer_new(1 << 20);
	const char *at = strstr((const char *)writer_span(text).ptr, from);

	assert_non_null(at);
	writer_bytes(&out, span_at(text->ptr, (size_t)((const uint8_t *)at - text->ptr)));
	writer_text(&out, to);
	writer_text(&out, at + strlen(from));
	writer_reset(text);
	writer_bytes(text, writer_span(&out));
	(void)writer_span(text);
}

static void
keys_read(const struct rig *r, struct writer *text)
{
	char path[128];

	rig_path(r, "keys.json", path);
	assert_ok(file_read(path, 1 << 20, text));
}

static void
keys_write(const struct rig *r, const struct writer *text)
{
	char path[128];

	rig_path(r, "keys.json", path);
	assert_ok(file_write(path, writer_span(text), 0644));
}

static enum err
approve_by_key(struct rig *r, const struct asked *a, const struct authenticator *key, const struct wish *w)
{
	AUTO(writer) json = writer_new(8192);
	AUTO(writer) result = writer_new(1024);
	bool executed;
	int64_t missing;

	authenticator_assert(key, w, &json);
	return keyring_approve(r->keyring, a->p.id, writer_span(&a->object), writer_span(&json), &executed, &missing,
		&result);
}

/* A rig whose third custodian has a FIDO2 key and no card. */
static struct rig *
rig_with_key(const struct authenticator *key)
{
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(writer) row = writer_new(8192);
	AUTO(writer) cose = writer_new(1024);
	struct rig *r = rig_new();
	char *at;

	assert_non_null(r);
	keys_read(r, &text);
	at = strstr((char *)text.ptr, "{\"name\": \"custodian-3\"");
	text.len = (size_t)((uint8_t *)at - text.ptr);
	authenticator_key(key, &cose);
	writer_text(&text, "{\"name\": \"custodian-3\", \"roles\": [\"custodian\"], \"credential\": {\"id\": \"");
	base64url_write(&text, span_at(key->id, sizeof(key->id)));
	writer_text(&text, "\", \"key\": \"");
	base64url_write(&text, writer_span(&cose));
	writer_text(&text, "\"}}]}\n");
	keys_write(r, &text);
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	return r;
}

CASE(a_fido2_key_approves_and_each_wrong_assertion_is_refused)
{
	struct authenticator key = authenticator_new(), stranger = authenticator_new();
	struct rig *r;

	(void)rig_of(state);
	r = rig_with_key(&key);
	AUTO(asked) a = ask(r);
	const struct sha256 object = sha256_of(writer_span(&a.object)), summary = sha256_of(span_of(a.p.summary)),
			    challenge = approval_challenge(a.p.id, &object, &summary),
			    other = approval_challenge(a.p.id, &summary, &object);
	struct wish good = wish_for(sha256_span(&challenge)), w;
	int64_t missing;

	good.rp_id = APPROVAL_RP_ID;
	good.origin = APPROVAL_AUDIENCE;
	w = good;
	w.flags = AUTHENTICATOR_UP;
	assert_int_not_equal(approve_by_key(r, &a, &key, &w), ERR_OK);
	w = good;
	w.origin = "https://sign.localhost:8447";
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.rp_id = "sign.localhost";
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.challenge = sha256_span(&other);
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.type = "webauthn.create";
	assert_int_not_equal(approve_by_key(r, &a, &key, &w), ERR_OK);
	assert_err(approve_by_key(r, &a, &stranger, &good), ERR_UNAUTHENTICATED);
	memcpy(stranger.id, key.id, sizeof(key.id));
	assert_err(approve_by_key(r, &a, &stranger, &good), ERR_BAD_SIGNATURE);
	assert_ok(approve_by_key(r, &a, &key, &good));
	assert_err(approve_by_key(r, &a, &key, &good), ERR_USED);
	again(r); /* and it is verified again from the journal */
	assert_err(approve_by_key(r, &a, &key, &good), ERR_USED);
	assert_ok(approve(r, 0, &a, &missing));
	assert_int_equal(missing, 0);
	rig_free(&r);
	authenticator_free(&key);
	authenticator_free(&stranger);
}

/* ---- keys.json ---- */

static enum err
propose_text(struct rig *r, const struct writer *text)
{
	struct hsm_proposal p;

	return keyring_propose(r->keyring, "policy", NULL, writer_span(text), SPAN(""), &p);
}

CASE(a_policy_that_could_not_rule_is_refused_when_it_is_proposed)
{
	struct rig *r = rig_of(state);
	AUTO(writer) now = writer_new(1 << 20);
	static const char *const changes[][2] = {
		{"\"version\": 1", "\"version\": 1 "}, /* not higher */
		{"\"version\": 1", "\"version\": 2, \"verzion\": 2"},
		{"\"k\": 2", "\"k\": 4"},
		{"[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[]"},
		{"[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[\"custodian-1\", \"custodian-1\"]"},
		{"[\"custodian-1\", \"custodian-2\", \"custodian-3\"]",
			"[\"custodian-1\", \"nobody-1\", \"nobody-2\"]"},
		{"\"purpose\": \"ocsp\"", "\"purpose\": \"anything\""},
	};

	keys_read(r, &now);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		AUTO(writer) text = writer_new(1 << 20);

		writer_bytes(&text, writer_span(&now));
		exchange(changes[i][0], changes[i][1], &text);
		if (i > 1)
			exchange("\"version\": 1", "\"version\": 2", &text);
		assert_int_not_equal(propose_text(r, &text), ERR_OK);
	}
	now.len /= 2;
	assert_err(propose_text(r, &now), ERR_MALFORMED);
}

/* A rig of its own: what it changes stays. */
static struct rig *
rig_fresh(void **state, const char *label)
{
	struct rig *r;

	(void)rig_of(state);
	r = rig_new();
	assert_non_null(r);
	rig_up(r, NULL);
	rig_generate(r, label);
	return r;
}

CASE(an_approved_policy_takes_over_and_the_old_one_is_refused_then)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(writer) old = writer_new(1 << 20);
	AUTO(writer) new = writer_new(1 << 20);
	AUTO(writer) nothing = writer_new(1024);
	AUTO(writer) json = writer_new(1 << 16);
	AUTO(asked) before = ask(r);
	struct hsm_proposal p;
	int64_t missing;

	assert_ok(approve(r, 2, &before, &missing));
	keys_read(r, &old);
	writer_bytes(&new, writer_span(&old));
	exchange("\"version\": 1", "\"version\": 2", &new);
	exchange("[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[\"custodian-1\", \"custodian-2\"]", &new);
	keys_write(r, &new);
	assert_int_equal(rig_run(r, "check"), 1); /* nobody has approved it */
	keys_write(r, &old);
	assert_ok(rig_approve(r, r->keyring, "policy", NULL, writer_span(&new), &nothing));
	/* What was open is void, and nothing else is decided until the new file is in place. */
	assert_err(approve(r, 0, &before, &missing), ERR_REVOKED);
	assert_err(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&before.object), SPAN(""), &p),
		ERR_REFUSED);
	assert_int_not_equal(propose_text(r, &new), ERR_OK);
	again(r);
	assert_true(rig_said(r, "but version 1 is in place: exchange it"));
	assert_err(approve(r, 0, &before, &missing), ERR_REVOKED);
	rig_stop(r, SIGTERM);
	keys_write(r, &new);
	assert_int_equal(rig_run(r, "check"), 0);
	rig_start(r);
	assert_true(rig_said(r, "keys.json version 2 takes over from version 1"));
	assert_ok(keyring_status(r->keyring, &json));
	assert_non_null(strstr((const char *)writer_span(&json).ptr, "\"version\":2"));
	assert_err(approve(r, 0, &before, &missing), ERR_REVOKED);
	AUTO(asked) after = ask(r);
	assert_err(approve(r, 2, &after, &missing), ERR_REFUSED); /* no custodian any more */
	assert_ok(approve(r, 0, &after, &missing));
	assert_ok(approve(r, 1, &after, &missing));
	rig_stop(r, SIGTERM);
	keys_write(r, &old);
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "is not the one that genesis sealed"));
	rig_free(&r);
}

CASE(a_profile_with_quorum_is_signed_by_custodians_only)
{
	AUTO(writer) text = writer_new(1 << 20);
	struct rig *r;

	(void)rig_of(state);
	r = rig_new();
	keys_read(r, &text);
	exchange("{\"profile\": \"root\",", "{\"profile\": \"root\", \"quorum\": true,", &text);
	keys_write(r, &text);
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	AUTO(writer) object = writer_new(1 << 16);
	AUTO(writer) signature = writer_new(1024);
	object_make(r, &object);
	assert_err(keyring_sign(r->keyring, "root-ca", writer_span(&object), SPAN(""), &signature), ERR_REFUSED);
	assert_ok(rig_approve(r, r->keyring, "sign", "root-ca", writer_span(&object), &signature));
	assert_true(signature.len > 64);
	rig_free(&r);
}

/* ---- destruction ---- */

static enum err
pubkey(struct rig *r, const char *label)
{
	AUTO(writer) spki = writer_new(1024);

	return keyring_pubkey(r->keyring, label, &spki);
}

/* The worker is replaced behind the answer: connections of before are gone. */
CASE(a_deleted_key_is_gone_and_an_old_copy_of_the_token_does_not_bring_it_back)
{
	struct rig *r = rig_fresh(state, "status");
	AUTO(writer) nothing = writer_new(1024);
	AUTO(writer) json = writer_new(1 << 16);
	struct hsm_proposal p;
	char command[512];

	rig_stop(r, SIGTERM);
	(void)snprintf(command, sizeof(command), "cp -a %s/token %s/old-token", r->dir, r->dir);
	assert_int_equal(system(command), 0);
	rig_start(r);
	assert_err(keyring_propose(r->keyring, "delete", "log", SPAN(""), SPAN(""), &p), ERR_NOT_FOUND);
	assert_err(keyring_propose(r->keyring, "delete", "status", SPAN("x"), SPAN(""), &p), ERR_MALFORMED);
	assert_ok(rig_approve(r, r->keyring, "delete", "status", SPAN(""), &nothing));
	rig_stop(r, SIGTERM);
	rig_start(r);
	assert_err(pubkey(r, "status"), ERR_NOT_FOUND);
	rig_stop(r, SIGTERM);
	(void)snprintf(command, sizeof(command), "rm -rf %s/token && mv %s/old-token %s/token", r->dir, r->dir, r->dir);
	assert_int_equal(system(command), 0);
	rig_start(r);
	assert_true(rig_said(r, "key 'status' was deleted by custodians"));
	assert_err(pubkey(r, "status"), ERR_NOT_FOUND);
	assert_err(keyring_generate(r->keyring, "status", &json), ERR_EXISTS);
	rig_free(&r);
}

/* ---- restore ---- */

static void
shell(struct rig *r, const char *format)
{
	char command[512];

	(void)snprintf(command, sizeof(command), format, r->dir, r->dir, r->dir);
	assert_int_equal(system(command), 0);
}

/* What STATUS wants proposed; "" if it is not waiting for that. */
static void
restore_text(struct rig *r, char out[512])
{
	AUTO(writer) json = writer_new(1 << 16);
	const char *at;

	assert_ok(keyring_status(r->keyring, &json));
	at = strstr((const char *)writer_span(&json).ptr, "\"restore\":\"");
	out[0] = '\0';
	if (at != NULL)
		(void)snprintf(out, 512, "%.*s", (int)strcspn(at + 11, "\""), at + 11);
	assert_true((at != NULL) == (strstr((const char *)writer_span(&json).ptr, "\"state\":\"restore\"") != NULL));
}

static void
serves_again(struct rig *r)
{
	const struct timespec pause = {0, 5000000};
	uint8_t bytes[8];
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < 1000 && e != ERR_OK; i++) {
		e = keyring_random(r->keyring, bytes, sizeof(bytes));
		(void)nanosleep(&pause, NULL);
	}
	assert_ok(e);
}

CASE(a_journal_that_lost_lines_serves_nothing_until_custodians_restore)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(writer) result = writer_new(1024);
	AUTO(asked) root = ask(r);
	struct hsm_proposal p;
	char text[512], later[512];
	uint8_t bytes[8];
	int64_t missing;

	rig_stop(r, SIGTERM);
	shell(r, "cp %s/journal %s/journal.old");
	rig_start(r);
	rig_generate(r, "log");
	rig_stop(r, SIGTERM);
	shell(r, "cp %s/journal.old %s/journal");
	assert_int_equal(rig_run(r, "check"), 1);
	rig_start(r);
	restore_text(r, text);
	assert_true(text[0] != '\0');
	assert_err(keyring_random(r->keyring, bytes, sizeof(bytes)), ERR_UNAVAILABLE);
	assert_err(pubkey(r, "root-ca"), ERR_UNAVAILABLE);
	assert_err(keyring_sign(r->keyring, "root-ca", writer_span(&root.object), SPAN(""), &result), ERR_UNAVAILABLE);
	assert_err(keyring_propose(r->keyring, "delete", "root-ca", SPAN(""), SPAN(""), &p), ERR_REFUSED);
	assert_err(approve(r, 0, &root, &missing), ERR_REFUSED);
	assert_err(keyring_propose(r->keyring, "restore", NULL, SPAN(""), SPAN(""), &p), ERR_MALFORMED);
	memcpy(later, text, sizeof(text));
	*strstr(later, "token=") = 't';
	strstr(later, "token=")[6] ^= 1;
	assert_err(keyring_propose(r->keyring, "restore", NULL, span_of(later), SPAN(""), &p), ERR_MISMATCH);
	assert_ok(keyring_propose(r->keyring, "restore", NULL, span_of(text), SPAN(""), &p));
	assert_non_null(strstr(p.summary, "lines of the journal or more"));
	assert_ok(approve_bytes(r, 0, &p, span_of(text), &missing, &result));
	again(r); /* still waiting, and nothing is forgotten */
	restore_text(r, later);
	assert_true(later[0] != '\0');
	assert_err(approve_bytes(r, 0, &p, span_of(text), &missing, &result), ERR_USED);
	assert_ok(approve_bytes(r, 2, &p, span_of(text), &missing, &result));
	assert_int_equal(missing, 0);
	serves_again(r);
	restore_text(r, text);
	assert_true(text[0] == '\0');
	rig_stop(r, SIGTERM);
	assert_int_equal(rig_run(r, "check"), 0);
	rig_start(r);
	assert_ok(approve(r, 1, &root, &missing));
	rig_free(&r);
}

CASE(an_older_copy_of_the_token_does_not_bring_an_old_policy_back)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(writer) old = writer_new(1 << 20);
	AUTO(writer) new = writer_new(1 << 20);
	AUTO(writer) nothing = writer_new(1024);
	char text[512];

	rig_stop(r, SIGTERM);
	shell(r, "cp -a %s/token %s/old-token");
	rig_start(r);
	keys_read(r, &old);
	writer_bytes(&new, writer_span(&old));
	exchange("\"version\": 1", "\"version\": 2", &new);
	assert_ok(rig_approve(r, r->keyring, "policy", NULL, writer_span(&new), &nothing));
	rig_stop(r, SIGTERM);
	shell(r, "rm -rf %s/token && mv %s/old-token %s/token");
	rig_start(r);
	restore_text(r, text);
	assert_non_null(strstr(text, "policy=1:2"));
	assert_true(rig_said(r, "the token is an older copy"));
	assert_ok(rig_approve(r, r->keyring, "restore", NULL, span_of(text), &nothing));
	serves_again(r);
	rig_free(&r);
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
		cmocka_unit_test(approvals_given_before_a_kill_count_after_it),
		cmocka_unit_test(an_approval_forged_into_the_journal_is_not_counted),
		cmocka_unit_test(a_fido2_key_approves_and_each_wrong_assertion_is_refused),
		cmocka_unit_test(a_policy_that_could_not_rule_is_refused_when_it_is_proposed),
		cmocka_unit_test(an_approved_policy_takes_over_and_the_old_one_is_refused_then),
		cmocka_unit_test(a_profile_with_quorum_is_signed_by_custodians_only),
		cmocka_unit_test(a_deleted_key_is_gone_and_an_old_copy_of_the_token_does_not_bring_it_back),
		cmocka_unit_test(a_journal_that_lost_lines_serves_nothing_until_custodians_restore),
		cmocka_unit_test(an_older_copy_of_the_token_does_not_bring_an_old_policy_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
