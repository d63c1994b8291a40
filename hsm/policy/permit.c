#include "hsm/policy/permit.h"

#include "policy/purpose.h"

enum err
permit_check(const struct policy *p, uid_t uid, uint8_t op, const struct key_rule *rule)
{
	const uint32_t callers = policy_callers(p, uid);
	const uint32_t ceremony = keys_file_caller(&p->file, "ceremony");

	REQUIRE_WHY(callers != 0, ERR_REFUSED, "user %ld is no caller in keys.json", (long)uid);
	switch (op) {
	case OP_STATUS:
	case OP_LIST:
	case OP_RANDOM:
	case OP_METRICS:
	case OP_PUBKEY: /* public halves are for every caller */
		return ERR_OK;
	case OP_GENERATE:
		REQUIRE_WHY(callers & ceremony, ERR_REFUSED, "user %ld may not GENERATE: keys are made by a ceremony",
			(long)uid);
		return ERR_OK;
	case OP_PROPOSE: /* what it comes to, custodians decide by their signatures; this only keeps others from asking */
	case OP_APPROVE:
		REQUIRE_WHY(callers & ceremony, ERR_REFUSED, "user %ld may not %s: that is for a ceremony", (long)uid,
			op_name(op));
		return ERR_OK;
	default:
		break;
	}
	REQUIRE(rule != NULL, ERR_REFUSED);
	REQUIRE_WHY(purpose_find(rule->purpose)->ops & 1U << op, ERR_REFUSED, "key '%s' (%s) is not for %s",
		rule->label, rule->purpose, op_name(op));
	REQUIRE_WHY(callers & rule->allowed, ERR_REFUSED, "user %ld may not %s with key '%s'", (long)uid, op_name(op),
		rule->label);
	return ERR_OK;
}
