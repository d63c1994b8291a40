/* A mohar-hsmd that believes its HSM, to measure what not believing it costs: `make bench` links it with --wrap. It is never installed. */
#include "hsm/token/verifier.h"

MUST_USE enum err __wrap_verifier_check(struct verifier *v, struct span input, struct span signature);

enum err
__wrap_verifier_check(struct verifier *v, struct span input, struct span signature)
{
	(void)v;
	(void)input;
	(void)signature;
	return ERR_OK;
}
