/* inverse: the inverse of a number modulo an odd one, both of at most 256 bits and both public: its time tells what they are. Used by verifier.c, where libcrypto's
 * takes a third of what a whole verification does. By Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (2019), sections 8 to 11, but with
 * as few steps as the numbers allow. */
#ifndef MOHAR_HSM_TOKEN_INVERSE_H
#define MOHAR_HSM_TOKEN_INVERSE_H

#include <stdbool.h>

#include <openssl/bn.h>

/* out = 1 / n modulo m; m is odd, 0 < n < m < 2^256. False: there is none, or no memory. */
bool inverse_mod(BIGNUM *out, const BIGNUM *n, const BIGNUM *m);

#endif
