/* act: an order signed on a person's card (registrar, CA operator, custodian): compact JWS, typ "act+jwt". Used by cad, idpd and mohar-hsmd, each for itself: nobody
 * takes another process's word that a registrar signed. The operators are in keys.json, which genesis sealed. */
#ifndef MOHAR_JOSE_ACT_H
#define MOHAR_JOSE_ACT_H

#include "jose/jose.h"

enum { MAX_ACT = 48 << 10, MAX_ACT_AGE = 300, MAX_OPERATORS = 4096 };

/* A FIDO2 key: its credential id, and its COSE_Key (RFC 9052 7), which mohar-hsmd parses. */
struct operator_credential {
	struct json_bytes id, key;
};

/* Who may order what: "operators" of keys.json. Each has a card's key, a FIDO2 key, or both. */
struct operator_row {
	char *name;
	struct json_list roles; /* "registrar", "ca-operator", "client-operator", "custodian" */
	char *jwk;              /* public JWK text (JSON_RAW) of a card; NULL: none */
	struct jwk *key;        /* parsed; owned; NULL without jwk */
	bool has_credential;    /* a custodian's FIDO2 key, which signs approvals in mohar-hsmd and no acts */
	struct operator_credential credential;
};
struct operators {
	struct operator_row *rows;
	size_t count;
};
/* Reads only the "operators" member of keys.json. */
MUST_USE enum err operators_read(const char *keys_json_path, struct operators *out);
/* The same from the bytes of that file; path is only what the reasons call it. */
MUST_USE enum err operators_parse(struct span keys_json, const char *path, struct operators *out);
void operators_free(struct operators *o);

struct act {
	char *name;     /* "citizen.add" */
	char *audience; /* the service's base URL */
	char *jti;      /* the daemon's database consumes it once */
	int64_t iat, exp;
	char *payload;                 /* the whole payload's JSON text, for a table of the act's own (open) */
	const struct operator_row *by; /* borrowed from operators */
};
/* Signature by one operator who has role; name and audience (NULL: any) equal; iat/exp contain now; at most MAX_ACT_AGE long. ERR_UNAUTHENTICATED, ERR_REFUSED, ERR_EXPIRED. */
MUST_USE enum err act_verify(struct span jws, const struct operators *operators, const char *role, const char *name,
	const char *audience, unix_time now, struct act *out);
void act_free(struct act *a);

#endif
