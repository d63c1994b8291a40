#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "hsm/type/type.h"

static bool
looks(struct span object)
{
	return object.len > 0 && object.len <= MAX_CHECKPOINT && object.ptr[object.len - 1] == '\n' &&
		span_is_text(object);
}

static enum err
check(const struct type_question *q, char *detail)
{
	struct checkpoint c;

	TRY(checkpoint_text_parse(q->object, &c));
	REQUIRE_WHY(q->rule->origin == NULL || strcmp(c.origin, q->rule->origin) == 0, ERR_REFUSED,
		"key '%s' signs checkpoints of '%s' only", q->rule->label, q->rule->origin);
	(void)snprintf(detail, MAX_TYPE_DETAIL, "size=%" PRIu64, c.size);
	return ERR_OK;
}

const struct type type_checkpoint = {"checkpoint", false, looks, check};
