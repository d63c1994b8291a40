#include "hsm/quorum/kind.h"

static const struct kind *const kinds[] = {&kind_sign, &kind_generate, &kind_delete, &kind_policy, &kind_restore};

enum err
kind_find(struct span name, const struct kind **out)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_is(name, kinds[i]->name)) {
			*out = kinds[i];
			return ERR_OK;
		}
	return err_because(ERR_UNSUPPORTED, "proposed can be: sign, generate, delete, policy, restore");
}
