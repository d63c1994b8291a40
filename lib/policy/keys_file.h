/* keys_file: policies/keys.json: which keys there are, what they are for, who may use them, and who decides over them. mohar-hsmd serves only under the one that genesis
 * sealed into the token; `mohar policy check`, a ceremony and signerd read the same. What a purpose asks of its key is in purpose.h. */
#ifndef MOHAR_POLICY_KEYS_FILE_H
#define MOHAR_POLICY_KEYS_FILE_H

#include "jose/act.h"
#include "json/json.h"

enum {
	MAX_KEYS = 256,
	MAX_CALLERS = 32,
	MAX_CALLER_USERS = 32,
	MAX_RULES = 64,
	MAX_ORIGINS = 8,
	MAX_KEYS_FILE = 1 << 20,
	MAX_APPROVAL_MINUTES = 1440
};

/* One kind of certificate that a CA key may sign. A TBSCertificate must fit exactly one of its key's. */
struct certificate_rule {
	char *profile;
	char *policy;             /* certificate policy OID that tells it; NULL: it has no certificate policy */
	int64_t days;             /* longest validity */
	bool ca;                  /* must be a CA certificate; else must not */
	int64_t path_length;      /* largest pathLenConstraint of a CA */
	bool self_signed;         /* subject key = signing key */
	bool registrar_signature; /* only with a registrar's act as evidence */
	char *subject_key;        /* the label whose public key it must certify; NULL: any */
	char *wrapped_by; /* the label of a citizen-keys key: only for a key that was born under it, shown by its blob; NULL: any */
	bool quorum;                /* only by k custodians' approval (PROPOSE); of a root-ca key everything is */
	struct json_list key_usage; /* names of RFC 5280 4.2.1.3; these at most */
	struct json_list extended_key_usage; /* dotted OIDs; exactly these at most */
};

/* How a citizen shows that a signature is wanted. */
struct activation {
	char *rp_id; /* of the signing page: "sign.localhost". Credentials of another RP ID, the login's, are refused */
	struct json_list origins; /* "https://sign.localhost:8447"; byte for byte */
};

struct key_rule {
	char *label, *purpose, *algorithm;
	char *token;                   /* which token holds it: "main" */
	struct json_list callers;      /* names of callers that may use the private half */
	struct json_list certificates; /* struct certificate_rule: purposes root-ca, issuing-ca */
	int64_t list_days;             /* longest nextUpdate of a CRL, or of an OCSP answer */
	struct json_list typ;          /* JWS: accepted protected header typ */
	char *agency;                  /* JWS: the payload's agency must be this */
	int64_t lifetime;              /* JWS: largest exp - iat, seconds; 0: not looked at */
	char *origin;                  /* checkpoint: first line; NULL: any */
	struct json_list policies;     /* time-stamp: dotted OIDs, of which a TSTInfo names one */
	int64_t per_second, burst;     /* MAC: rate limit; 0: none */
	char *seal;                    /* citizen-keys: label of the blob-seal key */
	char *born;                    /* citizen-keys: algorithm of the keys made under it */
	struct activation activation;  /* citizen-keys */
	char *generate;                /* "quorum": made by custodians' approval only; NULL: by a ceremony's GENERATE */
	uint32_t allowed;              /* callers as a mask over keys_file.callers; worked out, not from the file */
};

struct caller {
	char *name;
	struct json_list users; /* operating system users, by name or number */
};

struct custodians {
	int64_t k;
	int64_t minutes;        /* that a proposal is open; 0: mohar-hsmd's own choice */
	struct json_list names; /* operators with role custodian */
};

struct keys_file {
	int64_t version;
	struct json_list callers; /* struct caller */
	struct json_list keys;    /* struct key_rule */
	struct custodians custodians;
	char *operators_text; /* as read; the parsed ones follow */
	struct operators operators;
};

/* Decodes and checks: names differ, callers and keys that are named exist, purposes, algorithms and limits belong together, operators and custodians are
 * whole. ERR_MALFORMED, ERR_TOO_LONG; ERR_CONFIG if it contradicts itself. On error *out owns nothing. */
MUST_USE enum err keys_file_parse(struct span bytes, struct keys_file *out);
/* The same of a file, whose bytes are in bytes afterwards (empty before, of MAX_KEYS_FILE, the caller's; NULL: not wanted): what is hashed must be what was read. ERR_CONFIG "PATH: …". */
MUST_USE enum err keys_file_read(const char *path, struct writer *bytes, struct keys_file *out);
void keys_file_free(struct keys_file *f);

/* The rule of a label; NULL if there is none. */
const struct key_rule *keys_file_key(const struct keys_file *f, struct span label);
/* The mask of one caller by name, a bit for its place in callers; 0 if there is no such. */
uint32_t keys_file_caller(const struct keys_file *f, const char *name);

#endif
