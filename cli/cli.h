/* cli: the frame of the one command `mohar`: a table of verbs, options, and two ways of telling (people, --json). Used by every verb.
 * Exit codes (INTERFACES.md): 0 done, 1 refused or invalid, 2 wrong usage, 3 service not reachable. */
#ifndef MOHAR_CLI_CLI_H
#define MOHAR_CLI_CLI_H

#include "base/clock.h"
#include "base/writer.h"
#include "json/json.h"

enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	MAX_CLI_OPTIONS = 24,
	MAX_CLI_FILES = 64
};

/* An option: "--rp-id" takes a value unless flag. env: a variable that stands in if the option is absent, or NULL. */
struct cli_option {
	const char *name;  /* with its dashes */
	const char *value; /* how the help names the value, "ID"; NULL: a flag */
	const char *help;
	const char *env;
	bool required;
	bool repeated;
};

struct cli; /* a parsed command line */

struct cli_verb {
	const char *group;                /* "verify"; NULL: a verb of one word, like status */
	const char *name;                 /* "webauthn"; NULL: the group's default, `mohar verify FILE...` */
	const char *files;                /* how the help names its operands, "FILE..."; NULL: none taken */
	const char *help;                 /* one line */
	const struct cli_option *options; /* ended by {0} */
	int (*run)(struct cli *c);        /* returns an exit code */
};

/* Every room of cli/ exports its verbs as a table ended by {0}; main.c lists the tables. */
extern const struct cli_verb cli_verify_webauthn[], cli_verify_jws[], cli_verify_certificate[], cli_verify[],
	cli_ceremony[], cli_card[], cli_ca[], cli_ca_queue[], cli_ca_bulk[], cli_eab[], cli_device[], cli_citizen[],
	cli_client[], cli_decision[], cli_log[], cli_policy[], cli_status[];

/* Value of an option (or of its environment variable); NULL if absent. The i-th value of a repeated one. */
const char *cli_value(const struct cli *c, const char *name);
const char *cli_value_at(const struct cli *c, const char *name, size_t i);
bool cli_flag(const struct cli *c, const char *name);
size_t cli_file_count(const struct cli *c);
const char *cli_file(const struct cli *c, size_t i);
bool cli_is_json(const struct cli *c);
/* --at TIME where the verb has it, else the system's clock. */
unix_time cli_now(const struct cli *c);

/* Under --json everything a verb tells is one document on standard output, written here between start and end; otherwise the calls print "name: value" lines for
 * people. A verb uses only these to speak, so that both forms always say the same. */
void cli_begin(struct cli *c);
void cli_text(struct cli *c, const char *name, const char *value);
void cli_int(struct cli *c, const char *name, int64_t n);
void cli_bool(struct cli *c, const char *name, bool b);
void cli_base64url(struct cli *c, const char *name, struct span bytes);
void cli_hex(struct cli *c, const char *name, struct span bytes);
void cli_time(struct cli *c, const char *name, unix_time t);
void cli_json(struct cli *c, const char *name,
	struct span json);                      /* a ready JSON value; for people it is printed indented */
void cli_item(struct cli *c, const char *list); /* opens an object in list: for tables of results */
void cli_item_end(struct cli *c);
/* Ends the document: "result" is "valid", "invalid", "unknown", "done" or "refused"; why may be NULL. Returns code. On a refusal the reason goes to standard error too. */
int cli_end(struct cli *c, const char *result, const char *why, int code);
/* cli_end for an error: "refused" (or unreachable), with err_text and err_why. */
int cli_fail(struct cli *c, enum err e);
/* e, and its reason with the file that it is about in front: "land.jwk: line 1: ...". ERR_OK stays. */
MUST_USE enum err cli_about(const char *path, enum err e);
/* Progress for people, on standard error when it is a terminal. */
void cli_progress(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tests: a whole command line without a process. */
int cli_main(int argc, char **argv);

#endif
