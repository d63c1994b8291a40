/* The same mohar-hsmd, unchanged, in front of two more PKCS#11 modules: NSS's softokn, which keeps its keys in a database of its own, and p11-kit's proxy over SoftHSM, which numbers slots,
 * sessions and objects in its own way. On each: genesis, every key, every kind of operation, a library begun anew under load, a start over. */
#include "load.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/random.h"
#include "x509/own.h"
#include "x509/x509.h"

static const char proxy[] = "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so",
		  softokn[] = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so";

/* ---- the suite ---- */

static enum err
root_make(EVP_PKEY *key, X509 **out)
{
	AUTO(profile) p = {0};
	AUTO(writer) spki = writer_new(1024);
	const char *root = getenv("MOHAR_ROOT");
	const struct name_part name = {"CN", "Test Root"};
	const struct clock clock = clock_system();
	struct certificate_facts f = {.profile = &p, .subject = &name, .subject_count = 1};
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/policies/profiles/root.json", root == NULL ? "." : root);
	TRY(profile_read(path, &p));
	writer_bytes(&spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	f.spki = writer_span(&spki);
	f.not_before = clock_now(&clock);
	f.not_after = f.not_before + 86400;
	random_bytes(f.serial, sizeof(f.serial));
	return certificate_make(&f, key, out);
}

static void
a_certificate(struct rig *r)
{
	struct rig_signer signer = {.rig = r, .keyring = r->keyring};
	OWN(EVP_PKEY) key = NULL;
	OWN(X509) x = NULL;

	assert_ok(keyring_provider_load(r->keyring));
	assert_ok(keyring_key_signed_by(r->keyring, "root-ca", rig_sign, &signer, &key));
	assert_ok(root_make(key, &x));
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
}

static void
a_mac(struct rig *r, uint8_t tag[32])
{
	struct keyring *k = rig_keyring(r, UID_IDP);

	assert_ok(keyring_mac(k, "number-index", SPAN("0123456789"), tag));
	keyring_free(&k);
}

static void
a_corrupt_blob(struct rig *r)
{
	struct keyring *k = rig_keyring(r, UID_IDP);
	AUTO(writer) blob = writer_new(256);
	struct secret *key = NULL;

	assert_ok(keyring_wrap(k, "number-wrap", &blob, &key));
	secret_free(&key);
	blob.ptr[3] ^= 1;
	assert_err(keyring_unwrap(k, "number-wrap", writer_span(&blob), &key), ERR_CORRUPT);
	blob.ptr[3] ^= 1;
	assert_ok(keyring_unwrap(k, "number-wrap", writer_span(&blob), &key));
	secret_free(&key);
	keyring_free(&k);
}

/* Tokens are signed, data keys unwrapped, citizens sign, while the library is begun anew. */
static void
a_load(struct rig *r)
{
	const struct timespec while_they_ask = {3, 0}, a_little_more = {0, 500000000};
	struct load_sum sum;
	struct load l;

	load_start(&l, r, 6);
	(void)nanosleep(&while_they_ask, NULL);
	for (int i = 0; i < 60 && rig_number(r, "recycles") == 0; i++) /* a busy machine takes its time */
		(void)nanosleep(&a_little_more, NULL);
	load_stop(&l);
	sum = load_sum(&l);
	load_tell(&l);
	print_message("%lu operations, library begun anew %lu times\n", sum.done, rig_number(r, "recycles"));
	assert_true(sum.done > 100);
	assert_int_equal(sum.refused + sum.wrong, 0);
	assert_int_equal(load_unrecorded(&l), 0);
	assert_in_range(rig_number(r, "recycles"), 1, 1000000);
	load_free(&l);
}

static void
everything(struct rig *r)
{
	uint8_t random[32], before[32], after[32];

	rig_set(r, "recycle_after", "100"); /* NSS does some hundred operations a second */
	rig_up(r, NULL);
	rig_generate(r, NULL);
	a_certificate(r);
	a_mac(r, before);
	a_corrupt_blob(r);
	assert_ok(keyring_random(r->keyring, random, sizeof(random)));
	a_load(r);
	keyring_provider_unload();
	rig_stop(r, SIGTERM);
	assert_int_equal(rig_run(r, "check"), 0);
	rig_start(r);
	a_mac(r, after);
	assert_memory_equal(before, after, sizeof(before));
}

/* ---- the modules ---- */

CASE(everything_is_done_through_p11_kits_proxy)
{
	struct rig *r;

	(void)state;
	if (access(proxy, R_OK) != 0 || access("/usr/share/p11-kit/modules/softhsm2.module", R_OK) != 0) {
		print_message("skipped: needs p11-kit's proxy, with SoftHSM among its modules\n");
		skip();
	}
	r = rig_new();
	if (r == NULL)
		skip();
	rig_set(r, "module", proxy);
	everything(r);
	rig_free(&r);
}

/* keys.json with another algorithm in place of one that the module lacks; as long as that one. */
static void
exchange(const struct rig *r, const char *algorithm, const char *other)
{
	AUTO(writer) text = writer_new(1 << 20);
	char path[128], *at;

	rig_path(r, "keys.json", path);
	assert_ok(file_read(path, 1 << 20, &text));
	while ((at = strstr((char *)(uintptr_t)writer_span(&text).ptr, algorithm)) != NULL)
		memcpy(at, other, strlen(other));
	assert_ok(file_write(path, writer_span(&text), 0644));
}

static void
nss_make(struct rig *r)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "cd '%s' && mkdir nss && certutil -N -d sql:nss -f pin >/dev/null", r->dir);
	assert_int_equal(system(text), 0);
	(void)snprintf(text, sizeof(text),
		"configdir='sql:%s/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags= dbTokenDescription='main'",
		r->dir);
	rig_set(r, "module", softokn);
	rig_set(r, "module_config", NULL);
	rig_path(r, "nss", text);
	rig_set(r, "module_folder", text);
	(void)snprintf(text, sizeof(text),
		"configdir='sql:%s/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags= dbTokenDescription='main'",
		r->dir);
	rig_set(r, "module_parameters", text);
}

CASE(everything_is_done_by_nss_and_what_it_lacks_is_named)
{
	struct rig *r;

	(void)state;
	if (access(softokn, R_OK) != 0 || access("/usr/bin/certutil", X_OK) != 0) {
		print_message("skipped: needs libnss3 and libnss3-tools\n");
		skip();
	}
	r = rig_new();
	if (r == NULL)
		skip();
	nss_make(r);
	assert_int_equal(rig_run(r, "genesis"), 1);
	assert_true(rig_said(r,
		"key 'log': the token has no CKM_EC_EDWARDS_KEY_PAIR_GEN, which Ed25519 needs: name another algorithm in keys.json"));
	exchange(r, "\"Ed25519\"", "\"P-256\"  ");
	everything(r);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_done_through_p11_kits_proxy),
		cmocka_unit_test(everything_is_done_by_nss_and_what_it_lacks_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
