/* blob: a citizen's signing key as its keeper (signerd) stores it: the private half wrapped by the HSM's master key, and beside it whose it is, who may
 * activate it, and its generation, all under a MAC that only mohar-hsmd can make. Written by hsm/citizen, read by it and by signerd, which can read
 * everything but the wrapped half and change nothing. Both directions in one file. */
#ifndef MOHAR_KEYRING_BLOB_H
#define MOHAR_KEYRING_BLOB_H

#include "base/clock.h"
#include "base/reader.h"
#include "base/writer.h"
#include "keyring/keyring.h"

enum {
	BLOB_VERSION = 1,
	BLOB_ID_LEN = 16,
	BLOB_INSTANCE_LEN = 16,
	BLOB_MAC_LEN = 32,
	MAX_BLOB_PERSON = 64,
	MAX_BLOB_PROFILE = 64,
	MAX_BLOB_SPKI = 600,
	MAX_BLOB_WRAPPED = 2600, /* an RSA-4096 private key */
	MAX_BLOB_CREDENTIALS = 4,
	MAX_BLOB_CREDENTIAL_ID = 512,
	MAX_BLOB_CREDENTIAL_KEY = 600,
};

enum blob_state { BLOB_UNBORN = 0, BLOB_BORN = 1 };
enum blob_kind {
	BLOB_PASSKEY = 1, /* id: the credential id; key: its COSE_Key */
	BLOB_CARD = 2,    /* id: empty; key: DER SubjectPublicKeyInfo of the card's signing key */
};

struct blob_credential {
	enum blob_kind kind;
	struct span id, key;
};

/* All spans borrowed: from the bytes that were read, or from the writer's caller. */
struct blob {
	enum blob_state state;
	uint32_t generation;   /* from 1; 0 while unborn */
	struct span id;        /* BLOB_ID_LEN, random, the key's own for life */
	struct span instance;  /* BLOB_INSTANCE_LEN: the mohar-hsmd that made it; an unborn blob is good only there */
	unix_time made;        /* when it was made; an unborn blob is good for fifteen minutes */
	struct span algorithm; /* "P-256": a row of lib/policy/algorithm.c */
	struct span person;    /* as the registrar's act names them; empty while unborn */
	struct span profile;   /* likewise */
	struct span spki;      /* DER */
	struct blob_credential credentials[MAX_BLOB_CREDENTIALS];
	size_t count;
	struct span wrapped; /* the private half */
	struct span sealed;  /* read: the bytes that mac covers */
	struct span mac;     /* read: BLOB_MAC_LEN, HMAC-SHA-256 */
};

/* Everything but the MAC, which the caller makes over what was written and appends. */
void blob_write(struct writer *w, const struct blob *b);

/* Reads the form; whether mac is right only mohar-hsmd knows. ERR_MALFORMED, ERR_TOO_LONG, ERR_UNSUPPORTED (version). */
MUST_USE enum err blob_read(struct span bytes, struct blob *out);

#endif
