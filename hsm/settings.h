/* settings: mohar-hsmd's settings file. Used by supervisor and worker; the rows are exported for the man page and for whoever writes such a file. */
#ifndef MOHAR_HSM_SETTINGS_H
#define MOHAR_HSM_SETTINGS_H

#include "base/config.h"

struct settings {
	char *socket;            /* where it listens */
	char *module;            /* PKCS#11 library */
	char *module_config;     /* SOFTHSM2_CONF for it; "" none */
	char *module_folder;     /* the only folder the module may write; "" none */
	bool module_network;     /* a network HSM's module needs sockets */
	char *module_syscalls;   /* "" none */
	char *module_parameters; /* for C_Initialize; "" none */
	char *token;             /* label of the token */
	char *mirror;            /* label of a second token with the same keys; "" none */
	bool share;              /* both of them work in turn */
	char *serves;            /* which token of keys.json it is: "main" */
	char *pin_file;          /* "" if --pin-fd is given */
	char *pin_credential;    /* "" none */
	char *keys;              /* keys.json */
	char *journal;
	char *operations;           /* "": the journal's path and ".operations" */
	int64_t operations_segment; /* MiB */
	int64_t workers, queue, deadline_ms, recycle_after, hot_keys;
};

extern const struct config_row settings_rows[];
extern const size_t settings_count;

/* ERR_CONFIG, ERR_NOT_FOUND with the reason. The caller frees with settings_free. */
MUST_USE enum err settings_read(const char *path, struct settings *out);
void settings_free(struct settings *s);

#endif
