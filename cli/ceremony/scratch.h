/* ceremony_scratch: a place that looks like the ceremony's, for rehearsing it: SoftHSM tokens, a mohar-hsmd for each, custodians' cards, keys.json with those, all in one folder
 * that is removed. Used by ceremony_dry.c. */
#ifndef MOHAR_CLI_CEREMONY_SCRATCH_H
#define MOHAR_CLI_CEREMONY_SCRATCH_H

#include <sys/types.h>

#include "cli/ceremony/ceremony.h"

#define SCRATCH_PIN "123456"

struct scratch {
	char dir[96];
	const char *module;
	char hsmd[MAX_CEREMONY_PATH];
	pid_t daemons[2];               /* root, main; 0: not running */
	char *jwks[2 * MAX_CUSTODIANS]; /* of the custodians' cards, in their order; owned */
};

/* Folder, tokens, cards for these custodians. hsmd: NULL for the one beside this program. ERR_NOT_FOUND names what is missing. The caller ends it with scratch_end whatever is
 * returned. */
MUST_USE enum err scratch_begin(struct scratch *s, const char *module, const char *hsmd,
	const struct json_list *custodians);
void scratch_end(struct scratch *s);

/* dir/NAME */
void scratch_path(const struct scratch *s, const char *name, char out[MAX_CEREMONY_PATH]);

/* keys.json with the cards of here and this user as every caller; version 0: its own. */
MUST_USE enum err scratch_keys(const struct scratch *s, const char *from, const char *to,
	const struct json_list *custodians, int64_t version);

/* Genesis under dir/TOKEN.keys.json; starting mohar-hsmd, and stopping it. */
MUST_USE enum err scratch_genesis(struct scratch *s, const char *token);
MUST_USE enum err scratch_start(struct scratch *s, const char *token);
void scratch_stop(struct scratch *s, const char *token);

#endif
