#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"
#include "cli/ceremony.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { DAY = 86400, MAX_PATH_TEXT = 512, MAX_SUBJECT = 8, MAX_ATTRIBUTES = 8 << 10 };

struct doing {
	const char *name;
	enum err (*run)(struct ceremony *c, const struct script_step *s);
};

/* ---- token ---- */

/* What mohar-hsmd says of itself, as far as it is compared here. */
struct status {
	char *serves, *token;
	struct {
		char *sha256;
	} policy;
};
static const struct json_row policy_rows[] = {{"sha256", JSON_TEXT, JSON_REQUIRED, 0, .max = 64}};
static const struct json_table policy_table = {"policy", policy_rows, 1, sizeof(char *), true};
static const struct json_row status_rows[] = {
	{"serves", JSON_TEXT, JSON_REQUIRED, offsetof(struct status, serves), .max = 32},
	{"token", JSON_TEXT, JSON_REQUIRED, offsetof(struct status, token), .max = 64},
	{"policy", JSON_OBJECT, JSON_REQUIRED, offsetof(struct status, policy), .table = &policy_table},
};
static const struct json_table status_table = {"status", status_rows, 3, sizeof(struct status), true};

static enum err
keyring_of(const struct ceremony *c, const char *token, struct keyring **out)
{
	REQUIRE_WHY(token != NULL && (strcmp(token, "root") == 0 || strcmp(token, "main") == 0), ERR_CONFIG,
		"a step's token is 'root' or 'main'");
	*out = strcmp(token, "root") == 0 ? c->root : c->main;
	return ERR_OK;
}

static enum err
status_check(const struct ceremony *c, const struct script_step *s, const struct status *status)
{
	AUTO(writer) hash = writer_new(2 * SHA256_LEN);

	hex_write(&hash, sha256_span(&c->keys_hash));
	TRY(writer_done(&hash));
	REQUIRE_WHY(strcmp(status->serves, s->token) == 0, ERR_MISMATCH,
		"that mohar-hsmd serves token '%s', not '%s': exchange --root-socket and "
		"--main-socket",
		status->serves, s->token);
	REQUIRE_WHY(span_is(writer_span(&hash), status->policy.sha256), ERR_MISMATCH,
		"the token '%s' was sealed with another keys.json than --keys names", s->token);
	return ERR_OK;
}

/* Genesis has been: is this the token, and is it under the very keys.json that the custodians approve? */
static enum err
do_token(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) json = writer_new(1 << 20);
	struct keyring *k;
	struct status status;
	enum err e;

	TRY(keyring_of(c, s->token, &k));
	TRY(keyring_status(k, &json));
	TRY(json_decode(writer_span(&json), &status_table, &status));
	e = status_check(c, s, &status);
	if (e == ERR_OK) {
		json_text(&c->json, "label", status.token);
		json_text(&c->json, "policy_sha256", status.policy.sha256);
	}
	json_free(&status_table, &status);
	return e;
}

/* ---- generate ---- */

static enum err
do_generate(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) attributes = writer_new(MAX_ATTRIBUTES);
	struct keyring *k;

	REQUIRE_WHY(s->key != NULL, ERR_CONFIG, "step generate lacks 'key'");
	TRY(keyring_of(c, s->token, &k));
	TRY(keyring_generate(k, s->key, &attributes));
	json_raw(&c->json, "made", writer_span(&attributes));
	return ERR_OK;
}

/* ---- certificate ---- */

static X509 *
made_find(const struct ceremony *c, const char *key)
{
	for (size_t i = 0; i < c->made_count; i++)
		if (strcmp(c->made[i].key, key) == 0)
			return c->made[i].x;
	return NULL;
}

static enum err
profile_of(const struct ceremony *c, const char *name, struct profile *out)
{
	char path[MAX_PATH_TEXT];

	REQUIRE(strchr(name, '/') == NULL &&
			snprintf(path, sizeof(path), "%s/profiles/%s.json", c->policies, name) < (int)sizeof(path),
		ERR_CONFIG);
	return profile_read(path, out);
}

/* The public half, from whichever token has it. */
static enum err
spki_of(const struct ceremony *c, const char *key, struct writer *spki)
{
	if (keyring_pubkey(c->main, key, spki) == ERR_OK)
		return ERR_OK;
	writer_reset(spki);
	return keyring_pubkey(c->root, key, spki);
}

static enum err
file_put(const struct ceremony *c, const char *name, const char *suffix, struct span bytes)
{
	char path[MAX_PATH_TEXT];

	REQUIRE(snprintf(path, sizeof(path), "%s/%s.%s", c->out, name, suffix) < (int)sizeof(path), ERR_CONFIG);
	return file_write(path, bytes, 0644);
}

static enum err
certificate_tell(struct ceremony *c, const struct script_step *s, const X509 *x)
{
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	AUTO(writer) pem = writer_new(2 * MAX_CERTIFICATE);
	char serial[2 * 20 + 1];
	struct sha256 hash;

	TRY(certificate_der(x, &der));
	TRY(certificate_pem_write(x, &pem));
	TRY(certificate_serial_hex(x, serial));
	TRY(file_put(c, s->key, "pem", writer_span(&pem)));
	hash = sha256_of(writer_span(&der));
	json_text(&c->json, "serial", serial);
	json_hex(&c->json, "sha256", sha256_span(&hash));
	json_bytes64(&c->json, "certificate", writer_span(&der));
	return ERR_OK;
}

/* Where an issuing CA's own status is found: the root answers by its list only. */
static void
addresses_of(const struct ceremony *c, const char *issuer, struct certificate_facts *f, char crl[MAX_PATH_TEXT],
	char ca[MAX_PATH_TEXT])
{
	if (c->pki_url == NULL)
		return;
	(void)snprintf(crl, MAX_PATH_TEXT, "%s/crl/%s.crl", c->pki_url, issuer);
	(void)snprintf(ca, MAX_PATH_TEXT, "%s/ca/%s.cer", c->pki_url, issuer);
	f->crl_url = crl;
	f->ca_url = ca;
}

static enum err
certificate_of(struct ceremony *c, const struct script_step *s, const struct profile *p, X509 **out)
{
	AUTO(writer) spki = writer_new(1024);
	const struct script_name *names = s->subject.items;
	struct name_part subject[MAX_SUBJECT];
	char crl[MAX_PATH_TEXT], ca[MAX_PATH_TEXT];
	OWN(EVP_PKEY) key = NULL;
	struct certificate_facts f = {.profile = p,
		.subject = subject,
		.subject_count = s->subject.count,
		.not_before = cli_now(c->cli)};

	for (size_t i = 0; i < s->subject.count; i++)
		subject[i] = (struct name_part){names[i].type, names[i].value};
	TRY(spki_of(c, s->key, &spki));
	f.spki = writer_span(&spki);
	f.not_after = f.not_before + s->days * DAY;
	random_bytes(f.serial, sizeof(f.serial));
	if (strcmp(s->issuer, s->key) != 0) {
		f.issuer = made_find(c, s->issuer);
		REQUIRE_WHY(f.issuer != NULL, ERR_CONFIG, "step certificate: '%s' has no certificate yet", s->issuer);
		addresses_of(c, s->issuer, &f, crl, ca);
	}
	TRY(ceremony_key(c, s->issuer, &key));
	return certificate_make(&f, key, out);
}

static enum err
do_certificate(struct ceremony *c, const struct script_step *s)
{
	AUTO(profile) p = {0};
	X509 *x = NULL;

	REQUIRE_WHY(s->key != NULL && s->issuer != NULL && s->profile != NULL && s->days > 0 && s->subject.count > 0,
		ERR_CONFIG, "step certificate needs key, issuer, profile, days and subject");
	REQUIRE(c->made_count < MAX_CERTIFICATES, ERR_CONFIG);
	TRY(profile_of(c, s->profile, &p));
	TRY(certificate_of(c, s, &p, &x));
	c->made[c->made_count++] = (struct made){s->key, x};
	return certificate_tell(c, s, x);
}

/* ---- list ---- */

static enum err
do_list(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) der = writer_new(1 << 20);
	OWN(EVP_PKEY) key = NULL;
	struct crl_facts f = {.number = 1, .this_update = cli_now(c->cli)};

	REQUIRE_WHY(s->key != NULL && s->days > 0, ERR_CONFIG, "step list needs key and days");
	f.issuer = made_find(c, s->key);
	f.next_update = f.this_update + s->days * DAY;
	REQUIRE_WHY(f.issuer != NULL, ERR_CONFIG, "step list: '%s' has no certificate yet", s->key);
	TRY(ceremony_key(c, s->key, &key));
	TRY(crl_make(&f, key, &der));
	json_bytes64(&c->json, "list", writer_span(&der));
	return file_put(c, s->key, "crl", writer_span(&der));
}

static const struct doing doings[] = {
	{"token", do_token},
	{"generate", do_generate},
	{"certificate", do_certificate},
	{"list", do_list},
};

enum err
ceremony_step(struct ceremony *c, const struct script_step *s)
{
	const struct doing *found = NULL;

	for (size_t i = 0; i < sizeof(doings) / sizeof(doings[0]); i++)
		if (strcmp(doings[i].name, s->what) == 0)
			found = &doings[i];
	REQUIRE_WHY(found != NULL, ERR_CONFIG,
		"a ceremony has no step '%s'; known are: token, generate, certificate, list", s->what);
	cli_progress(c->cli, "%s %s", s->what, s->key != NULL ? s->key : s->token != NULL ? s->token : "");
	json_object(&c->json, NULL);
	json_text(&c->json, "do", s->what);
	json_text(&c->json, "token", s->token);
	json_text(&c->json, "key", s->key);
	json_text(&c->json, "issuer", s->issuer);
	json_text(&c->json, "profile", s->profile);
	json_time(&c->json, "at", cli_now(c->cli));
	TRY(found->run(c, s));
	json_object_end(&c->json);
	return writer_done(&c->transcript);
}
