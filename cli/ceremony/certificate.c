#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"
#include "cli/ceremony/ceremony.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { DAY = 86400, MAX_SUBJECT = 8 };

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
	char path[MAX_CEREMONY_PATH];

	REQUIRE(strchr(name, '/') == NULL &&
			snprintf(path, sizeof(path), "%s/profiles/%s.json", c->policies, name) < (int)sizeof(path),
		ERR_CONFIG);
	return profile_read(path, out);
}

/* The public half, from whichever token has it, or from the request or certificate that was brought along. */
static enum err
spki_of(const struct ceremony *c, const struct script_step *s, struct writer *spki)
{
	AUTO(writer) bytes = writer_new(MAX_CERTIFICATE);
	struct request_facts request;
	const struct input *in;
	OWN(X509) x = NULL;

	if (s->input == NULL) {
		if (c->main != NULL && keyring_pubkey(c->main, s->key, spki) == ERR_OK)
			return ERR_OK;
		REQUIRE_WHY(c->root != NULL, ERR_CONFIG, "the key '%s' is on no token here", s->key);
		writer_reset(spki);
		return keyring_pubkey(c->root, s->key, spki);
	}
	TRY(ceremony_input(c, s->input, &in));
	TRY(file_read(in->path, MAX_CERTIFICATE, &bytes));
	if (certificate_pem(writer_span(&bytes), &x) == ERR_OK)
		return certificate_spki(x, spki);
	TRY(csr_parse(writer_span(&bytes), &request));
	writer_bytes(spki, span_at(request.spki.ptr, request.spki.len));
	csr_free(&request);
	return writer_done(spki);
}

enum err
ceremony_path(const struct ceremony *c, const char *name, const char *suffix, char out[MAX_CEREMONY_PATH])
{
	REQUIRE_WHY(strchr(name, '/') == NULL &&
			snprintf(out, MAX_CEREMONY_PATH, "%s/%s%s%s", c->out, name, suffix[0] == '\0' ? "" : ".",
				suffix) < MAX_CEREMONY_PATH,
		ERR_CONFIG, "'%s' is no file's name", name);
	return ERR_OK;
}

enum err
ceremony_put(const struct ceremony *c, const char *name, const char *suffix, struct span bytes)
{
	char path[MAX_CEREMONY_PATH];

	TRY(ceremony_path(c, name, suffix, path));
	return file_write(path, bytes, 0644);
}

static enum err
certificate_take(struct ceremony *c, const char *key, const char *path)
{
	AUTO(writer) bytes = writer_new(MAX_CERTIFICATE);
	X509 *x;

	REQUIRE(c->made_count < MAX_CERTIFICATES, ERR_CONFIG);
	TRY(file_read(path, MAX_CERTIFICATE, &bytes));
	TRY(cli_about(path, certificate_pem(writer_span(&bytes), &x)));
	c->made[c->made_count++] = (struct made){key, x};
	return ERR_OK;
}

enum err
ceremony_certificate_again(struct ceremony *c, const char *key)
{
	char path[MAX_CEREMONY_PATH];

	TRY(ceremony_path(c, key, "pem", path));
	return certificate_take(c, key, path);
}

/* An issuer's certificate: made in this ceremony, or brought along under its key's label. */
static enum err
issuer_of(struct ceremony *c, const char *key, X509 **out)
{
	const struct input *in;

	*out = made_find(c, key);
	if (*out != NULL)
		return ERR_OK;
	REQUIRE_WHY(ceremony_input(c, key, &in) == ERR_OK, ERR_CONFIG,
		"'%s' has no certificate yet: make it first, or bring it along as an input of that name", key);
	TRY(certificate_take(c, in->row->name, in->path));
	*out = made_find(c, key);
	return ERR_OK;
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
	TRY(ceremony_put(c, s->key, "pem", writer_span(&pem)));
	hash = sha256_of(writer_span(&der));
	json_text(&c->json, "serial", serial);
	json_hex(&c->json, "sha256", sha256_span(&hash));
	json_bytes64(&c->json, "certificate", writer_span(&der));
	return ERR_OK;
}

/* Where an issuing CA's own status is found: the root answers by its list only. */
static void
addresses_of(const struct ceremony *c, const char *issuer, struct certificate_facts *f, char crl[MAX_CEREMONY_PATH],
	char ca[MAX_CEREMONY_PATH])
{
	if (c->pki_url == NULL)
		return;
	(void)snprintf(crl, MAX_CEREMONY_PATH, "%s/crl/%s.crl", c->pki_url, issuer);
	(void)snprintf(ca, MAX_CEREMONY_PATH, "%s/ca/%s.cer", c->pki_url, issuer);
	f->crl_url = crl;
	f->ca_url = ca;
}

static enum err
certificate_of(struct ceremony *c, const struct script_step *s, const struct profile *p, X509 **out)
{
	AUTO(writer) spki = writer_new(1024);
	const struct script_name *names = s->subject.items;
	struct name_part subject[MAX_SUBJECT];
	char crl[MAX_CEREMONY_PATH], ca[MAX_CEREMONY_PATH];
	OWN(EVP_PKEY) key = NULL;
	struct certificate_facts f = {.profile = p,
		.subject = subject,
		.subject_count = s->subject.count,
		.not_before = cli_now(c->cli)};

	for (size_t i = 0; i < s->subject.count; i++)
		subject[i] = (struct name_part){names[i].type, names[i].value};
	TRY(spki_of(c, s, &spki));
	f.spki = writer_span(&spki);
	f.not_after = f.not_before + s->days * DAY;
	random_bytes(f.serial, sizeof(f.serial));
	if (strcmp(s->issuer, s->key) != 0) {
		TRY(issuer_of(c, s->issuer, &f.issuer));
		addresses_of(c, s->issuer, &f, crl, ca);
	}
	TRY(ceremony_key(c, s->issuer, &key));
	return certificate_make(&f, key, out);
}

enum err
ceremony_certificate(struct ceremony *c, const struct script_step *s)
{
	AUTO(profile) p = {0};
	X509 *x = NULL;

	TRY(profile_of(c, s->profile, &p));
	TRY(certificate_of(c, s, &p, &x));
	if (c->made_count == MAX_CERTIFICATES) {
		X509_free(x);
		return err_because(ERR_CONFIG, "more than %d certificates in one ceremony", MAX_CERTIFICATES);
	}
	c->made[c->made_count++] = (struct made){s->key, x};
	return certificate_tell(c, s, x);
}

/* ---- list ---- */

static enum err
revoked_of(struct ceremony *c, const struct script_step *s, struct crl_entry *entries)
{
	for (size_t i = 0; i < s->revoke.count; i++) {
		AUTO(writer) bytes = writer_new(MAX_CERTIFICATE);
		const struct input *in;
		OWN(X509) x = NULL;
		const ASN1_INTEGER *serial;

		TRY(ceremony_input(c, json_text_at(&s->revoke, i), &in));
		TRY(file_read(in->path, MAX_CERTIFICATE, &bytes));
		TRY(cli_about(in->path, certificate_pem(writer_span(&bytes), &x)));
		serial = X509_get0_serialNumber(x);
		REQUIRE_WHY(ASN1_STRING_length(serial) <= SERIAL_LEN, ERR_UNSUPPORTED,
			"%s: its serial number is too long", in->path);
		memcpy(entries[i].serial + SERIAL_LEN - ASN1_STRING_length(serial), ASN1_STRING_get0_data(serial),
			(size_t)ASN1_STRING_length(serial));
		entries[i].at = cli_now(c->cli);
		entries[i].reason = 5; /* RFC 5280 5.3.1: cessationOfOperation */
	}
	return ERR_OK;
}

enum err
ceremony_list(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) der = writer_new(1 << 20);
	OWN(EVP_PKEY) key = NULL;
	struct crl_entry entries[MAX_INPUTS] = {0};
	struct crl_facts f = {.number = s->number > 0 ? s->number : 1,
		.this_update = cli_now(c->cli),
		.entries = entries,
		.count = s->revoke.count};
	struct sha256 hash;

	TRY(issuer_of(c, s->key, &f.issuer));
	TRY(revoked_of(c, s, entries));
	f.next_update = f.this_update + s->days * DAY;
	TRY(ceremony_key(c, s->key, &key));
	TRY(crl_make(&f, key, &der));
	hash = sha256_of(writer_span(&der));
	json_hex(&c->json, "sha256", sha256_span(&hash));
	json_bytes64(&c->json, "list", writer_span(&der));
	return ceremony_put(c, s->key, "crl", writer_span(&der));
}
