#include "ca/authority.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "x509/own.h"

enum { MAX_PATH = 4096, MAX_PEM = 128 << 10, SUFFIX_LEN = 4 };

static void
authority_close(struct authority *a)
{
	X509_free(a->certificate);
	X509_free(a->responder);
	EVP_PKEY_free(a->responder_key);
	EVP_PKEY_free(a->key);
	writer_free(&a->der);
	writer_free(&a->pem);
	pthread_mutex_destroy(&a->lock);
}

static enum err
hash_into(const EVP_MD *digest, struct span bytes, uint8_t *out)
{
	CRYPTO_OK(EVP_Digest(bytes.ptr, bytes.len, out, NULL, digest, NULL) == 1, "digest");
	return ERR_OK;
}

static enum err
hash_names(struct authority *a)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(a->certificate);
	const struct span key_bits = span_at(key->data, (size_t)key->length);
	const unsigned char *name;
	size_t name_len;

	CRYPTO_OK(X509_NAME_get0_der(X509_get_subject_name(a->certificate), &name, &name_len) == 1, "subject");
	TRY(hash_into(EVP_sha1(), span_at(name, name_len), a->name_sha1));
	TRY(hash_into(EVP_sha256(), span_at(name, name_len), a->name_sha256));
	TRY(hash_into(EVP_sha1(), key_bits, a->key_sha1));
	return hash_into(EVP_sha256(), key_bits, a->key_sha256);
}

static enum err
read_not_before(struct authority *a)
{
	struct tm tm;

	REQUIRE(ASN1_TIME_to_tm(X509_get0_notBefore(a->certificate), &tm) == 1, ERR_MALFORMED);
	a->not_before = timegm(&tm);
	return ERR_OK;
}

static enum err
authority_open(const char *path, const char *label, size_t label_len, struct authority *a)
{
	AUTO(writer) text = writer_new(MAX_PEM);

	*a = (struct authority){.der = writer_new(MAX_CERTIFICATE), .pem = writer_new(MAX_PEM)};
	pthread_mutex_init(&a->lock, NULL);
	(void)snprintf(a->label, sizeof(a->label), "%.*s", (int)label_len, label);
	TRY(file_read(path, MAX_PEM, &text));
	if (certificate_pem(writer_span(&text), &a->certificate) != ERR_OK)
		return err_because(ERR_CONFIG, "%s: no certificate in it", path);
	REQUIRE_WHY(X509_check_ca(a->certificate) == 1, ERR_CONFIG, "%s: not a CA's certificate", path);
	a->is_root = X509_NAME_cmp(X509_get_subject_name(a->certificate), X509_get_issuer_name(a->certificate)) == 0;
	/* By convention the key "citizen-ocsp" answers for "citizen-ca". */
	if (!a->is_root && label_len > 3 && memcmp(label + label_len - 3, "-ca", 3) == 0)
		(void)snprintf(a->ocsp_label, sizeof(a->ocsp_label), "%.*s-ocsp", (int)label_len - 3, label);
	TRY(read_not_before(a));
	TRY(certificate_der(a->certificate, &a->der));
	TRY(certificate_pem_write(a->certificate, &a->pem));
	return hash_names(a);
}

static int
is_pem(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > SUFFIX_LEN && len - SUFFIX_LEN <= MAX_AUTHORITY_LABEL - 8 &&
		strcmp(entry->d_name + len - SUFFIX_LEN, ".pem") == 0;
}

static enum err
read_all(const char *folder, struct dirent **entries, size_t count, struct authorities *out)
{
	bool root = false;

	REQUIRE_WHY(count <= MAX_AUTHORITIES, ERR_CONFIG, "%s: more than %d CA certificates", folder, MAX_AUTHORITIES);
	out->rows = calloc(count + 1, sizeof(*out->rows));
	REQUIRE(out->rows != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char path[MAX_PATH];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
		out->count = i + 1;
		TRY(authority_open(path, name, strlen(name) - SUFFIX_LEN, &out->rows[i]));
		root = root || out->rows[i].is_root;
	}
	REQUIRE_WHY(root && count > 1, ERR_CONFIG,
		"%s: wants the root's certificate and at least one issuing CA's, LABEL.pem each; run the ceremony first",
		folder);
	return ERR_OK;
}

enum err
authorities_read(const char *folder, struct authorities *out)
{
	struct dirent **entries = NULL;
	const int count = scandir(folder, &entries, is_pem, alphasort);

	*out = (struct authorities){0};
	REQUIRE_WHY(count >= 0, ERR_CONFIG, "%s: the folder of CA certificates cannot be read; run the ceremony first",
		folder);
	const enum err e = read_all(folder, entries, (size_t)count, out);

	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	if (e != ERR_OK)
		authorities_free(out);
	return e;
}

void
authorities_free(struct authorities *a)
{
	for (size_t i = 0; i < a->count; i++)
		authority_close(&a->rows[i]);
	free(a->rows);
	*a = (struct authorities){0};
}

struct authority *
authority_find(const struct authorities *a, const char *label)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->rows[i].label, label) == 0)
			return &a->rows[i];
	return NULL;
}

struct authority *
authority_of(const struct authorities *a, const struct ocsp_question *q)
{
	for (size_t i = 0; i < a->count; i++) {
		struct authority *row = &a->rows[i];
		const bool sha1 = q->hash_len == 20;

		if (memcmp(q->issuer_key_hash, sha1 ? row->key_sha1 : row->key_sha256, q->hash_len) == 0 &&
			memcmp(q->issuer_name_hash, sha1 ? row->name_sha1 : row->name_sha256, q->hash_len) == 0)
			return row;
	}
	return NULL;
}

enum err
authority_chain(const struct authority *a, struct writer *pem)
{
	if (!a->is_root)
		writer_bytes(pem, writer_span(&a->pem));
	return writer_done(pem);
}

static EVP_PKEY *
kept_key(struct authority *a)
{
	pthread_mutex_lock(&a->lock);
	EVP_PKEY *key = a->key;

	if (key != NULL)
		EVP_PKEY_up_ref(key);
	pthread_mutex_unlock(&a->lock);
	return key;
}

enum err
authority_key(struct keyring *keyring, struct authority *a, struct span evidence, EVP_PKEY **out)
{
	if (evidence.len > 0)
		return keyring_key(keyring, a->label, evidence, out);
	*out = kept_key(a);
	if (*out != NULL)
		return ERR_OK;
	TRY(keyring_key(keyring, a->label, evidence, out));
	EVP_PKEY_up_ref(*out);
	pthread_mutex_lock(&a->lock);
	EVP_PKEY *old = a->key;

	a->key = *out;
	pthread_mutex_unlock(&a->lock);
	EVP_PKEY_free(old);
	return ERR_OK;
}

enum err
authority_responder(struct authority *a, X509 **certificate, EVP_PKEY **key)
{
	pthread_mutex_lock(&a->lock);
	const bool there = a->responder != NULL;

	if (there) {
		X509_up_ref(a->responder);
		EVP_PKEY_up_ref(a->responder_key);
		*certificate = a->responder;
		*key = a->responder_key;
	}
	pthread_mutex_unlock(&a->lock);
	REQUIRE_WHY(there, ERR_UNAVAILABLE, "%s has no OCSP responder yet", a->label);
	return ERR_OK;
}

void
authority_responder_set(struct authority *a, X509 *certificate, EVP_PKEY *key)
{
	pthread_mutex_lock(&a->lock);
	X509 *old = a->responder;
	EVP_PKEY *old_key = a->responder_key;

	a->responder = certificate;
	a->responder_key = key;
	pthread_mutex_unlock(&a->lock);
	X509_free(old);
	EVP_PKEY_free(old_key);
}
