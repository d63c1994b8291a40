#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ca/profiles.h"
#include "x509/lint/lint.h"

static char folder[] = "/tmp/mohar-profiles-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (text == NULL)
		unlink(path);
	else
		assert_ok(file_write(path, span_of(text), 0600));
}

static const char kiosk[] =
	"{\"name\": \"kiosk\", \"description\": \"A machine at a counter\", \"issuer\": \"service-ca\", \"days\": 30,\n"
	"\"key_usage\": [\"digitalSignature\"], \"extended_key_usage\": [\"clientAuth\"], \"policies\": [\"1.3.6.1.4.1.99999.1.50\"],\n"
	"\"subject\": [\"CN\"], \"alternative_names\": [\"dns\"], \"dns_suffixes\": [\"kiosk.example\"], \"key_types\": [\"P-256\"]}";

/* A certificate of profile for key, signed by itself: enough to see that the profile is one. */
static enum err
made(const struct profile *p, const char *host)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);
	const struct name_part subject = {"CN", "counter 1"}, name = {"dns", host};
	const struct certificate_facts f = {.profile = p,
		.spki = span_at(der, (size_t)len),
		.serial = {1, 2, 3, 4, 5, 6, 7, 8, 9},
		.subject = &subject,
		.subject_count = 1,
		.names = &name,
		.names_count = 1,
		.not_before = 1767225600,
		.not_after = 1767225600 + 86400,
		.crl_url = "http://pki.test/a.crl"};
	X509 *x = NULL;
	const enum err e = certificate_make(&f, key, &x);

	X509_free(x);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return e;
}

CASE(a_profile_is_added_by_adding_a_file)
{
	struct profiles all;

	put("kiosk.json", kiosk);
	put("schema.json", "{}"); /* beside the profiles, and none */
	put("README.md", "x");
	assert_ok(profiles_read(folder, &all));
	assert_int_equal(all.count, 1);
	const struct profile *p = profile_find(&all, "kiosk");

	assert_non_null(p);
	assert_null(profile_find(&all, "schema"));
	assert_ok(made(p, "one.kiosk.example"));
	assert_err(made(p, "one.example"), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "dns_suffixes"));
	assert_err(made(p, "*.kiosk.example"), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "wildcard"));
	assert_err(made(p, "b\xc3\xbc.kiosk.example"), ERR_MALFORMED);
	assert_non_null(strstr(err_why(), "A-labels"));
	profiles_free(&all);
}

CASE(a_profile_is_called_as_its_file)
{
	struct profiles all;

	put("other.json", kiosk);
	assert_err(profiles_read(folder, &all), ERR_CONFIG);
	put("other.json", NULL);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	put("kiosk.json", NULL);
	put("schema.json", NULL);
	put("README.md", NULL);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_profile_is_added_by_adding_a_file),
		cmocka_unit_test(a_profile_is_called_as_its_file)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
