#include "tests/fuzz/country.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

void
promise(bool kept)
{
	if (!kept)
		abort();
}

static EVP_PKEY *
key_of(uint8_t seed)
{
	uint8_t secret[32];
	EVP_PKEY *key;

	memset(secret, seed, sizeof(secret));
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
	promise(key != NULL);
	return key;
}

/* One key as signerd publishes it. */
static void
publish(struct json_writer *j, EVP_PKEY *key, const char *purpose, const char *name, const char *value)
{
	AUTO(writer) text = writer_new(4096);
	AUTO(jwk) *jwk = NULL;

	promise(jwk_from_key(key, NULL, &jwk) == ERR_OK && jwk_write(jwk, &text) == ERR_OK);
	text.len--; /* the closing brace */
	writer_format(&text, ",\"mohar_purpose\":\"%s\"", purpose);
	if (name != NULL)
		writer_format(&text, ",\"%s\":\"%s\"", name, value);
	writer_text(&text, "}");
	json_raw(j, NULL, writer_span(&text));
}

static void
publish_all(const struct country *c, bool with_log, struct writer *out)
{
	struct json_writer j = json_to(out);

	json_object(&j, NULL);
	json_array(&j, "keys");
	publish(&j, c->land, "seal", "agency", "land");
	publish(&j, c->tax, "seal", "agency", "tax");
	publish(&j, c->status, "status", NULL, NULL);
	if (with_log)
		publish(&j, c->log, "log", "origin", COUNTRY_ORIGIN);
	json_array_end(&j);
	json_object_end(&j);
	promise(writer_done(out) == ERR_OK);
}

const struct country *
country(void)
{
	static struct country c;
	AUTO(writer) without_log = writer_new(64 << 10);

	if (c.land != NULL)
		return &c;
	c = (struct country){.land = key_of(1), .tax = key_of(2), .status = key_of(3), .log = key_of(4)};
	c.jwks = writer_new(64 << 10);
	publish_all(&c, true, &c.jwks);
	publish_all(&c, false, &without_log);
	promise(trust_read(writer_span(&c.jwks), &c.trust) == ERR_OK &&
		trust_read(writer_span(&without_log), &c.without_log) == ERR_OK);
	return &c;
}

void
country_seal(EVP_PKEY *key, const char *typ, struct span payload, struct writer *out)
{
	struct jws_sign_options options = {.typ = typ};
	char kid[THUMBPRINT_TEXT_LEN + 1];
	AUTO(jwk) *jwk = NULL;

	promise(jwk_from_key(key, NULL, &jwk) == ERR_OK && jwk_thumbprint(jwk, kid) == ERR_OK);
	options.kid = kid;
	promise(jws_sign(key, &options, payload, out) == ERR_OK);
}

void
country_note(uint64_t size, const struct sha256 *root, struct writer *out)
{
	AUTO(writer) text = writer_new(MAX_CHECKPOINT);
	struct checkpoint head = {.origin = COUNTRY_ORIGIN, .size = size, .root = *root};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY *key = country()->log;
	uint8_t *spki = NULL, signature[64];
	size_t len = sizeof(signature);
	const int spki_len = i2d_PUBKEY(key, &spki);

	promise(md != NULL && spki_len > 0 && checkpoint_text(&head, &text) == ERR_OK);
	promise(EVP_DigestSignInit(md, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(md, signature, &len, text.ptr, text.len) == 1);
	promise(checkpoint_note(&head, span_at(spki, (size_t)spki_len), span_at(signature, len), out) == ERR_OK);
	EVP_MD_CTX_free(md);
	OPENSSL_free(spki);
}

void
country_receipt(struct span entry, struct writer *out)
{
	const struct sha256 leaf = leaf_hash(entry);
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct json_writer j = json_to(out);

	country_note(1, &leaf, &note);
	json_object(&j, NULL);
	json_bytes64(&j, "entry", entry);
	json_int(&j, "index", 0);
	json_int(&j, "size", 1);
	json_array(&j, "proof");
	json_array_end(&j);
	json_span(&j, "checkpoint", writer_span(&note));
	json_object_end(&j);
}

/* RFC 5280 4.2.1.2 (1) */
static void
add_key_identifier(X509 *x)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	promise(id != NULL && X509_pubkey_digest(x, EVP_sha1(), hash, &len) == 1);
	promise(ASN1_OCTET_STRING_set(id, hash, (int)len) == 1 &&
		X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0) == 1);
	ASN1_OCTET_STRING_free(id);
}

/* A certificate with what RFC 5280 wants of it and no more. */
static X509 *
certificate_of(const char *name, const uint8_t serial[16], EVP_PKEY *key, X509_NAME *issuer)
{
	X509 *x = X509_new();
	BIGNUM *number = BN_bin2bn(serial, 16, NULL);

	promise(x != NULL && number != NULL && X509_set_version(x, X509_VERSION_3) == 1);
	promise(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1,
			0) == 1);
	promise(X509_set_issuer_name(x, issuer != NULL ? issuer : X509_get_subject_name(x)) == 1 &&
		BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL && X509_set_pubkey(x, key) == 1);
	promise(ASN1_TIME_set(X509_getm_notBefore(x), COUNTRY_NOW - 86400) != NULL &&
		ASN1_TIME_set(X509_getm_notAfter(x), COUNTRY_NOW + 86400) != NULL);
	add_key_identifier(x);
	promise(X509_sign(x, country()->land, NULL) > 0);
	BN_free(number);
	return x;
}

X509 *
country_ca(void)
{
	static const uint8_t serial[16] = {1};
	static X509 *x;

	if (x == NULL)
		x = certificate_of("Country CA", serial, country()->land, NULL);
	return x;
}

X509 *
country_card(void)
{
	static const uint8_t serial[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	static X509 *x;

	if (x == NULL)
		x = certificate_of("Country Card", serial, country()->tax, X509_get_subject_name(country_ca()));
	return x;
}

bool
part_take(struct span *rest, struct span *part)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->ptr, 0x1e, rest->len) : NULL;

	if (rest->len == 0)
		return false;
	*part = span_at(rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len);
	*rest = end != NULL ? span_at(end + 1, rest->len - part->len - 1) : (struct span){0};
	return true;
}

const char *
place_file(unsigned place, struct span bytes)
{
	static int files[MAX_PLACES];
	static char paths[MAX_PLACES][32];

	promise(place < MAX_PLACES);
	if (files[place] == 0) {
		files[place] = memfd_create("input", MFD_CLOEXEC);
		promise(files[place] > 0);
		(void)snprintf(paths[place], sizeof(paths[place]), "/proc/self/fd/%d", files[place]);
	}
	promise(ftruncate(files[place], 0) == 0 && pwrite(files[place], bytes.ptr, bytes.len, 0) == (ssize_t)bytes.len);
	return paths[place];
}

void
be_quiet(void)
{
	FILE *nowhere = fopen("/dev/null", "w");

	promise(nowhere != NULL);
	stdout = stderr = nowhere;
}
