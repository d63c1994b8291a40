#include "webauthn/attestation/attestation.h"

/* 8.7: an empty map, which the row's members already say. */
static enum err
verify(const struct attestation *a)
{
	(void)a;
	return ERR_OK;
}

extern const struct attestation_format attestation_none;
const struct attestation_format attestation_none = {
	.name = "none",
	.verify = verify,
};
