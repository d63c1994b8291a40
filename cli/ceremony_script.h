/* ceremony_script: what a ceremony does, step by step, from a file that is read aloud and approved before anything happens. Used by `mohar ceremony run`. */
#ifndef MOHAR_CLI_CEREMONY_SCRIPT_H
#define MOHAR_CLI_CEREMONY_SCRIPT_H

#include "base/digest.h"
#include "json/json.h"

enum { MAX_STEPS = 256, MAX_SCRIPT = 1 << 20 };

/* One step. Which members it has follows from what it does: ceremony_step.c's table. */
struct script_step {
	char *what;   /* "token", "generate", "certificate", "list" */
	char *token;  /* "root", "main" */
	char *key;    /* a label */
	char *issuer; /* the label that signs; key itself: self-signed */
	char *profile;
	struct json_list subject; /* struct script_name */
	int64_t days;
};

struct script_name {
	char *type, *value;
};

struct script {
	char *title;
	struct json_list steps;
	struct sha256 hash; /* of the file's bytes: what the custodians approve */
};

/* ERR_CONFIG with "PATH:LINE: …". The caller frees with script_free. */
MUST_USE enum err script_read(const char *path, struct script *out);
void script_free(struct script *s);

#endif
