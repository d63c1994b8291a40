#include "asked.h"

#include <openssl/x509v3.h>
#include <signal.h>

#include "base/file.h"
#include "x509/own.h"

static void
extend(X509 *x, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, context, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A root certificate as a ceremony makes it, signed by key. */
X509 *
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

void
tbs_write(X509 *x, struct writer *out)
{
	uint8_t *der = NULL;
	const int len = i2d_re_X509_tbs(x, &der);

	assert_true(len > 0);
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

/* The signed part of a root for the HSM's key. */
void
asked_object(struct rig *r, struct writer *out)
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
	X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_subject_key_identifier, -1)));
	tbs_write(x, out);
}

void
asked_free(struct asked *a)
{
	writer_free(&a->object);
}

struct asked
asked_new(struct rig *r)
{
	struct asked a = {.object = writer_new(1 << 16)};

	asked_object(r, &a.object);
	assert_ok(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&a.object), SPAN(""), &a.p));
	return a;
}

enum err
asked_approve_bytes(struct rig *r, int custodian, const struct hsm_proposal *p, struct span object, int64_t *missing,
	struct writer *result)
{
	AUTO(writer) act = writer_new(8192);
	bool executed;

	rig_approval(r, custodian, p, object, &act);
	TRY(keyring_approve(r->keyring, p->id, object, writer_span(&act), &executed, missing, result));
	assert_int_equal(executed, *missing == 0);
	return ERR_OK;
}

enum err
asked_approve(struct rig *r, int custodian, const struct asked *a, int64_t *missing)
{
	AUTO(writer) result = writer_new(1024);
	const enum err e = asked_approve_bytes(r, custodian, &a->p, writer_span(&a->object), missing, &result);

	if (e == ERR_OK)
		assert_int_equal(result.len > 0, *missing == 0);
	return e;
}

void
rig_again(struct rig *r)
{
	rig_stop(r, SIGKILL);
	rig_start(r);
}

/* keys.json with the first from replaced. */
void
text_exchange(const char *from, const char *to, struct writer *text)
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

void
rig_keys_read(const struct rig *r, struct writer *text)
{
	char path[128];

	rig_path(r, "keys.json", path);
	assert_ok(file_read(path, 1 << 20, text));
}

void
rig_keys_write(const struct rig *r, const struct writer *text)
{
	char path[128];

	rig_path(r, "keys.json", path);
	assert_ok(file_write(path, writer_span(text), 0644));
}

/* A rig of its own: what it changes stays. */
struct rig *
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
