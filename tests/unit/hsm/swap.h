/* swap: what somebody with the PIN does behind mohar-hsmd's back: another key under the label and CKA_ID of the one that was there. Used by the tests of what the journal knows. */
#ifndef MOHAR_TEST_SWAP_H
#define MOHAR_TEST_SWAP_H

#include "rig.h"

/* On that token of the rig's SoftHSM, which nobody else may have open: the secret key or the pair of that label is destroyed, and a fresh one of the same type made. */
void swap_key(const struct rig *r, const char *token, const char *label);

#endif
