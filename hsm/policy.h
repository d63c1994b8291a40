/* policy: keys.json, the table of who may do what with which key. Used by mohar-hsmd, which serves only under the file whose hash and version
 * genesis sealed into the token. Read-only after policy_read(). */
#ifndef MOHAR_HSM_POLICY_H
#define MOHAR_HSM_POLICY_H

#include <sys/types.h>

#include "base/digest.h"
#include "jose/act.h"
#include "json/json.h"
#include "keyring/keyring.h"

enum {
	MAX_KEYS = 256,
	MAX_CALLERS = 32,
	MAX_CALLER_USERS = 32,
	MAX_RULES = 64,
	MAX_ORIGINS = 8,
	MAX_POLICY = 1 << 20,
	APPROVAL_MINUTES = 60,
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
	uint32_t allowed;              /* callers as a mask over policy.callers; from policy_read, not from the file */
};

struct caller {
	char *name;
	struct json_list users; /* operating system users, by name or number */
	uid_t uids[MAX_CALLER_USERS];
};

struct custodians {
	int64_t k;
	int64_t minutes;        /* that a proposal is open; 0 in the file: APPROVAL_MINUTES */
	struct json_list names; /* operators with role custodian */
};

struct policy {
	int64_t version;
	struct json_list callers; /* struct caller */
	struct json_list keys;    /* struct key_rule */
	struct custodians custodians;
	char *operators_text; /* as read; the parsed ones follow */
	struct operators operators;
	struct sha256 hash;  /* of the file's bytes */
	struct writer bytes; /* those: what a proposed policy is compared with */
};

/* Reads and checks path: members, users, callers, purposes, algorithms against each other. ERR_CONFIG with "PATH: …" as the reason. */
MUST_USE enum err policy_read(const char *path, struct policy *out);
/* The same of a file's bytes, which are not in force yet: users stay names (the sandbox hides this machine's), and custodians must be able to approve the next
 * change: k of them have keys. ERR_MALFORMED, ERR_REFUSED. */
MUST_USE enum err policy_parse(struct span bytes, struct policy *out);
void policy_free(struct policy *p);

/* The rule of a label on a token; NULL if there is none. */
const struct key_rule *policy_key(const struct policy *p, struct span label);

/* Which callers uid is: a mask, several if users are shared, 0 for a stranger. */
uint32_t policy_callers(const struct policy *p, uid_t uid);

/* The mask of one caller by name; 0 if there is no such. */
uint32_t policy_caller(const struct policy *p, const char *name);

/* Warns, once, if one user is several callers: permits then no longer part them. */
void policy_warn_shared(const struct policy *p);

#endif
