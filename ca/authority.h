/* authority: a CA that this daemon speaks for: its certificate, what names it in an OCSP request, and its responder. Used by issue/, status/
 * and routes. The certificates come from a folder that the ceremony filled, LABEL.pem each; the root is served, but issues nothing here. */
#ifndef MOHAR_CA_AUTHORITY_H
#define MOHAR_CA_AUTHORITY_H

#include <pthread.h>

#include "keyring/keyring.h"
#include "x509/ocsp.h"
#include "x509/x509.h"

enum { MAX_AUTHORITIES = 16, MAX_AUTHORITY_LABEL = 64 };

struct authority {
	char label[MAX_AUTHORITY_LABEL + 1];      /* "citizen-ca" */
	char ocsp_label[MAX_AUTHORITY_LABEL + 1]; /* "citizen-ocsp"; "" for the root */
	X509 *certificate;
	struct writer der, pem;
	/* RFC 6960 4.1.1: issuerNameHash and issuerKeyHash, by SHA-1 and SHA-256 */
	uint8_t name_sha1[20], key_sha1[20], name_sha256[32], key_sha256[32];
	bool is_root;
	unix_time not_before; /* nothing that it issued since is ever forgotten */

	pthread_mutex_t lock; /* guards what follows, which the keeper replaces while others read */
	EVP_PKEY *key;        /* in mohar-hsmd, for what takes no evidence; NULL: not asked for yet */
	X509 *responder;
	EVP_PKEY *responder_key;
};

struct authorities {
	struct authority *rows;
	size_t count;
};

/* Every *.pem of the folder. ERR_CONFIG with the file's name: not a CA's certificate, or no root among them. */
MUST_USE enum err authorities_read(const char *folder, struct authorities *out);
void authorities_free(struct authorities *a);
struct authority *authority_find(const struct authorities *a, const char *label);
/* The one that a CertID names; NULL if none. */
struct authority *authority_of(const struct authorities *a, const struct ocsp_question *q);
/* PEM of the CA certificates that a server sends after its own, the root left out. Appended. */
MUST_USE enum err authority_chain(const struct authority *a, struct writer *pem);

/* The CA's own key in mohar-hsmd, with evidence (may be empty) for it. The caller frees *out with EVP_PKEY_free. As keyring_key(). */
MUST_USE enum err authority_key(struct keyring *keyring, struct authority *a, struct span evidence, EVP_PKEY **out);

/* References of their own to the responder's certificate and key; the caller frees. ERR_UNAVAILABLE while there is none. */
MUST_USE enum err authority_responder(struct authority *a, X509 **certificate, EVP_PKEY **key);
/* Takes both. */
void authority_responder_set(struct authority *a, X509 *certificate, EVP_PKEY *key);

#endif
