/* lifetimes: how long each thing that the provider hands out is good for, in seconds. Used by the OpenID Connect endpoints. */
#ifndef MOHAR_IDP_OIDC_LIFETIMES_H
#define MOHAR_IDP_OIDC_LIFETIMES_H

enum {
	CODE_SECONDS = 60, /* RFC 6749 4.1.2 wants at most ten minutes; FAPI 2.0 5.3.1.1 at most 60 s */
	PAR_SECONDS = 60,  /* RFC 9126 2.2: short-lived */
	ID_TOKEN_SECONDS = 600,
	ACCESS_SECONDS = 600,
	REFRESH_SECONDS = 12 * 3600,   /* of the whole family: no session stands for anything longer */
	MAX_ASSERTION_SECONDS = 300,   /* RFC 7523 3: exp of a client's assertion */
	ASSERTION_LEEWAY_SECONDS = 10, /* FAPI 2.0 5.3.1.1: clocks may differ that much */
};

#endif
