/* ceremony_script: what a ceremony does, step by step, from a file that is read aloud and approved before anything happens. Used by `mohar ceremony run`. */
#ifndef MOHAR_CLI_CEREMONY_SCRIPT_H
#define MOHAR_CLI_CEREMONY_SCRIPT_H

#include "base/digest.h"
#include "json/json.h"

enum { MAX_STEPS = 256, MAX_SCRIPT = 1 << 20, MAX_INPUTS = 16, MAX_ROLES = 16 };

/* One step. Which members it has follows from what it does: the table in ceremony_script.c. */
struct script_step {
	char *what;   /* "generate" */
	char *say;    /* read aloud before it is done */
	char *token;  /* "root", "main" */
	char *key;    /* a label */
	char *issuer; /* the label that signs; key itself: self-signed */
	char *profile;
	char *input;              /* the name of an input */
	char *file, *sha256;      /* expect: a file made before, and its hash in hex, or input */
	struct json_list subject; /* struct script_name */
	struct json_list revoke;  /* texts: inputs with certificates that the list revokes */
	int64_t days, number;
};

struct script_name {
	char *type, *value;
};

/* A file that is brought along. */
struct script_input {
	char *name, *what; /* "keys-next"; in words */
	char *sha256;      /* hex, or NULL: as it is, to be compared by those present */
};

struct script {
	char *title;
	struct json_list roles;  /* texts: who must be present; "custodian" are those with cards */
	struct json_list inputs; /* struct script_input */
	struct json_list steps;
	struct sha256 hash; /* of the file's bytes: what the custodians approve */
};

/* ERR_CONFIG with "PATH:LINE: …": unknown members, steps that there are not, members that a step lacks or does not take, inputs that are not declared. The
 * caller frees with script_free. */
MUST_USE enum err script_read(const char *path, struct script *out);
void script_free(struct script *s);

#endif
