#include "hsm/settings.h"

#define AT(member) offsetof(struct settings, member)

const struct config_row settings_rows[] = {
	{"socket", CONFIG_PATH, AT(socket), NULL, "Unix socket to listen on (at most 107 bytes)", 0, 0},
	{"module", CONFIG_PATH, AT(module), NULL, "the HSM's PKCS#11 library", 0, 0},
	{"module_config", CONFIG_PATH, AT(module_config), "", "settings file of SoftHSM (SOFTHSM2_CONF)", 0, 0},
	{"module_folder", CONFIG_PATH, AT(module_folder), "",
		"the one folder that the library may write (SoftHSM: directories.tokendir)", 0, 0},
	{"module_network", CONFIG_BOOL, AT(module_network), "no", "may the library open network connections", 0, 0},
	{"module_syscalls", CONFIG_PATH, AT(module_syscalls), "",
		"file of the system calls that the library needs beside mohar's own list, `name # reason` a line", 0,
		0},
	{"module_parameters", CONFIG_TEXT, AT(module_parameters), "",
		"what the library wants to be told at its start (NSS: configdir='sql:FOLDER' ...)", 0, 0},
	{"token", CONFIG_TEXT, AT(token), NULL, "label of the token", 0, 0},
	{"mirror", CONFIG_TEXT, AT(mirror), "",
		"label of a second token of the same library with the same keys: it takes over when the first one fails",
		0, 0},
	{"share", CONFIG_BOOL, AT(share), "no",
		"with 'mirror': both tokens work in turn (no: the second one only when the first has failed)", 0, 0},
	{"serves", CONFIG_TEXT, AT(serves), "main", "which token of keys.json that is", 0, 0},
	{"pin_file", CONFIG_PATH, AT(pin_file), "",
		"file with the PIN, readable by mohar-hsmd's user only; or start with --pin-fd", 0, 0},
	{"pin_credential", CONFIG_TEXT, AT(pin_credential), "",
		"name of the systemd credential with the PIN (LoadCredential=), in place of pin_file", 0, 0},
	{"keys", CONFIG_PATH, AT(keys), NULL, "keys.json, as genesis sealed it", 0, 0},
	{"journal", CONFIG_PATH, AT(journal), NULL, "file of the journal", 0, 0},
	{"operations", CONFIG_PATH, AT(operations), "",
		"files of the record of operations, PATH.000001 and on (nothing: the journal's path and .operations)",
		0, 0},
	{"operations_segment", CONFIG_NUMBER, AT(operations_segment), "64", "size of one of them, MiB", 1, 4096},
	{"workers", CONFIG_NUMBER, AT(workers), "4", "threads, each with one PKCS#11 session", 1, 64},
	{"queue", CONFIG_NUMBER, AT(queue), "256", "requests that may wait; more are told to come back", 1, 65536},
	{"deadline_ms", CONFIG_NUMBER, AT(deadline_ms), "2000", "longest wait of a request, milliseconds", 10, 60000},
	{"recycle_after", CONFIG_NUMBER, AT(recycle_after), "50000",
		"unwraps after which the library is begun anew (SoftHSM leaks 240 bytes with each); 0: never", 0,
		1LL << 40},
	{"hot_keys", CONFIG_NUMBER, AT(hot_keys), "1000", "citizens' keys that stay unwrapped after use", 1, 100000},
};
const size_t settings_count = sizeof(settings_rows) / sizeof(settings_rows[0]);

enum err
settings_read(const char *path, struct settings *out)
{
	return config_read(path, settings_rows, settings_count, out);
}

void
settings_free(struct settings *s)
{
	config_free(settings_rows, settings_count, s);
}
