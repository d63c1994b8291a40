/* wycheproof: Project Wycheproof's cases for JWS and JWK, each with its keys as a JWK Set. Used by test_wycheproof and by the test that puts
 * the same cases to the command. */
#ifndef MOHAR_TESTS_WYCHEPROOF_H
#define MOHAR_TESTS_WYCHEPROOF_H

#include <stdbool.h>
#include <stddef.h>

struct wycheproof_case {
	char *name; /* "wycheproof-jws 18 es256: acceptsValid" */
	char *keys; /* JWK Set */
	char *jws;
	char *alg; /* "HS256": what the header says, where it says one that can be read */
	bool valid;
};

struct wycheproof {
	struct wycheproof_case *at;
	size_t count;
};

/* Both files, read once for the process. count 0 if they are not there: the caller skips. */
const struct wycheproof *wycheproof(void);

/* Is the case about an algorithm that is not built here (a MAC)? Those that should verify are skipped by name; those that should not are
 * refused all the same. */
bool wycheproof_unsupported(const struct wycheproof_case *c);

#endif
