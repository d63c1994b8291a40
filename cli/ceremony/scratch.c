#include "cli/ceremony/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

enum { MAX_ARGUMENTS = 16, MAX_OUTPUT = 1 << 20, START_TRIES = 1000, TRY_MICROSECONDS = 10000 };

extern char **environ;

static const char *const tokens[] = {"root", "main"};

void
scratch_path(const struct scratch *s, const char *name, char out[MAX_CEREMONY_PATH])
{
	(void)snprintf(out, MAX_CEREMONY_PATH, "%s/%s", s->dir, name);
}

/* ---- other programs ---- */

/* Standard output and error go to dir/said. */
static enum err
spawn(const struct scratch *s, const char *const *arguments, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	char said[MAX_CEREMONY_PATH];
	int r;

	scratch_path(s, "said", said);
	REQUIRE(posix_spawn_file_actions_init(&actions) == 0, ERR_NO_MEMORY);
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(pid, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	REQUIRE_WHY(r == 0, ERR_NOT_FOUND, "%s: cannot be run: %s", arguments[0], strerror(r));
	return ERR_OK;
}

static enum err
said(const struct scratch *s, struct writer *out)
{
	char path[MAX_CEREMONY_PATH];

	scratch_path(s, "said", path);
	return file_read(path, MAX_OUTPUT, out);
}

static enum err
run(const struct scratch *s, const char *const *arguments)
{
	AUTO(writer) out = writer_new(MAX_OUTPUT);
	int status = 0;
	pid_t pid;

	TRY(spawn(s, arguments, &pid));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	(void)said(s, &out);
	return err_because(ERR_UNAVAILABLE, "%s %s failed: %.160s", arguments[0], arguments[1],
		(const char *)writer_span(&out).ptr);
}

/* ---- tokens and cards ---- */

static enum err
softhsm_use(const struct scratch *s, const char *name)
{
	char path[MAX_CEREMONY_PATH], file[64];

	(void)snprintf(file, sizeof(file), "%s.conf", name);
	scratch_path(s, file, path);
	REQUIRE(setenv("SOFTHSM2_CONF", path, 1) == 0, ERR_NO_MEMORY);
	return ERR_OK;
}

static enum err
softhsm_make(const struct scratch *s, const char *name)
{
	char path[MAX_CEREMONY_PATH], text[2 * MAX_CEREMONY_PATH], file[64];

	(void)snprintf(file, sizeof(file), "%s-tokens", name);
	scratch_path(s, file, path);
	REQUIRE_WHY(mkdir(path, 0700) == 0, ERR_IO, "%s: %s", path, strerror(errno));
	(void)snprintf(text, sizeof(text), "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
		path);
	(void)snprintf(file, sizeof(file), "%s.conf", name);
	scratch_path(s, file, path);
	return file_write(path, span_of(text), 0600);
}

static enum err
token_make(const struct scratch *s, const char *label)
{
	const char *const arguments[] = {"/proc/self/exe", "card", "init", "--module", s->module, "--token", label,
		"--so-pin", "87654321", "--pin", SCRATCH_PIN, NULL};

	return run(s, arguments);
}

struct shown {
	char *jwk;
};
static const struct json_row shown_rows[] = {{"jwk", JSON_RAW, JSON_REQUIRED, 0, .max = 4096}};
static const struct json_table shown_table = {"card", shown_rows, 1, sizeof(struct shown), true};

static enum err
card_make(struct scratch *s, const char *label, char **jwk)
{
	const char *const key[] = {"/proc/self/exe", "card", "key", "--module", s->module, "--token", label, "--pin",
		SCRATCH_PIN, NULL};
	const char *const show[] = {"/proc/self/exe", "card", "show", "--module", s->module, "--token", label, "--jwk",
		"--json", NULL};
	AUTO(writer) out = writer_new(MAX_OUTPUT);
	struct shown shown;

	TRY(token_make(s, label));
	TRY(run(s, key));
	TRY(run(s, show));
	TRY(said(s, &out));
	TRY(json_decode(writer_span(&out), &shown_table, &shown));
	*jwk = shown.jwk;
	return ERR_OK;
}

static enum err
hsmd_find(struct scratch *s, const char *given)
{
	char own[MAX_CEREMONY_PATH - 32];
	const ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	if (given != NULL) {
		(void)snprintf(s->hsmd, sizeof(s->hsmd), "%s", given);
		return ERR_OK;
	}
	REQUIRE(len > 0, ERR_IO);
	own[len] = '\0';
	slash = strrchr(own, '/');
	*slash = '\0';
	(void)snprintf(s->hsmd, sizeof(s->hsmd), "%s/mohar-hsmd", own);
	if (access(s->hsmd, X_OK) != 0)
		(void)snprintf(s->hsmd, sizeof(s->hsmd), "%s/../sbin/mohar-hsmd", own);
	REQUIRE_WHY(access(s->hsmd, X_OK) == 0, ERR_NOT_FOUND,
		"mohar-hsmd is not beside this command: name it by --hsmd");
	return ERR_OK;
}

enum err
scratch_begin(struct scratch *s, const char *module, const char *hsmd, const struct json_list *custodians)
{
	const char *place = getenv("TMPDIR");
	char pin[MAX_CEREMONY_PATH];

	*s = (struct scratch){.module = module};
	REQUIRE_WHY(access(module, R_OK) == 0, ERR_NOT_FOUND,
		"%s: a rehearsal needs SoftHSM (--scratch-module says where its module is)", module);
	TRY(hsmd_find(s, hsmd));
	(void)snprintf(s->dir, sizeof(s->dir), "%.60s/mohar-dry-XXXXXX", place == NULL ? "/tmp" : place);
	if (mkdtemp(s->dir) == NULL) {
		s->dir[0] = '\0';
		return err_because(ERR_IO, "no folder for the rehearsal: %s", strerror(errno));
	}
	scratch_path(s, "pin", pin);
	TRY(file_write(pin, SPAN(SCRATCH_PIN "\n"), 0600));
	for (size_t i = 0; i < 2; i++) {
		TRY(softhsm_make(s, tokens[i]));
		TRY(softhsm_use(s, tokens[i]));
		TRY(token_make(s, tokens[i]));
	}
	TRY(softhsm_make(s, "cards"));
	TRY(softhsm_use(s, "cards")); /* and so it stays: for the cards of here */
	REQUIRE_WHY(custodians->count <= sizeof(s->jwks) / sizeof(s->jwks[0]), ERR_TOO_LONG, "too many custodians");
	for (size_t i = 0; i < custodians->count; i++)
		TRY(card_make(s, json_text_at(custodians, i), &s->jwks[i]));
	return ERR_OK;
}

/* ---- keys.json ---- */

struct caller_name {
	char *name;
};
struct keys_text {
	int64_t version;
	struct json_list callers;
	char *keys, *custodians, *operators;
};
static const struct json_row caller_rows[] = {{"name", JSON_TEXT, JSON_REQUIRED, 0, .max = 64}};
static const struct json_table caller_table = {"caller", caller_rows, 1, sizeof(struct caller_name), true};
static const struct json_row text_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, offsetof(struct keys_text, version), .min = 1, .max = 1 << 30},
	{"callers", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct keys_text, callers), .max = 64,
		.table = &caller_table},
	{"keys", JSON_RAW, JSON_REQUIRED, offsetof(struct keys_text, keys), .max = MAX_SCRIPT},
	{"custodians", JSON_RAW, JSON_REQUIRED, offsetof(struct keys_text, custodians), .max = MAX_SCRIPT},
	{"operators", JSON_RAW, JSON_REQUIRED, offsetof(struct keys_text, operators), .max = MAX_SCRIPT},
};
static const struct json_table text_table = {"keys.json", text_rows, 5, sizeof(struct keys_text), false};

static void
callers_write(struct json_writer *j, const struct keys_text *k)
{
	const struct caller_name *callers = k->callers.items;
	char me[24];

	(void)snprintf(me, sizeof(me), "%ld", (long)getuid());
	json_array(j, "callers");
	for (size_t i = 0; i < k->callers.count; i++) {
		json_object(j, NULL);
		json_text(j, "name", callers[i].name);
		json_array(j, "users");
		json_text(j, NULL, me);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
operators_write(struct json_writer *j, const struct scratch *s, const struct json_list *custodians)
{
	json_array(j, "operators");
	for (size_t i = 0; i < custodians->count; i++) {
		json_object(j, NULL);
		json_text(j, "name", json_text_at(custodians, i));
		json_array(j, "roles");
		json_text(j, NULL, "custodian");
		json_array_end(j);
		json_raw(j, "jwk", span_of(s->jwks[i]));
		json_object_end(j);
	}
	json_array_end(j);
}

enum err
scratch_keys(const struct scratch *s, const char *from, const char *to, const struct json_list *custodians,
	int64_t version)
{
	AUTO(writer) text = writer_new(2 * MAX_SCRIPT);
	struct json_writer j = json_to(&text);
	struct keys_text k;

	TRY(json_decode_file(from, &text_table, &k));
	json_object(&j, NULL);
	json_int(&j, "version", version > 0 ? version : k.version);
	callers_write(&j, &k);
	json_raw(&j, "keys", span_of(k.keys));
	json_raw(&j, "custodians", span_of(k.custodians));
	operators_write(&j, s, custodians);
	json_object_end(&j);
	json_free(&text_table, &k);
	TRY(writer_done(&text));
	return file_write(to, writer_span(&text), 0644);
}

/* ---- mohar-hsmd ---- */

static size_t
index_of(const char *token)
{
	return strcmp(token, tokens[0]) == 0 ? 0 : 1;
}

static enum err
settings_write(const struct scratch *s, const char *token, char path[MAX_CEREMONY_PATH])
{
	AUTO(writer) w = writer_new(8 << 10);
	char file[64];

	writer_format(&w,
		"socket = %s.sock\nmodule = %s\nmodule_config = %s.conf\nmodule_folder = %s-tokens\ntoken = %s\nserves = %s\n"
		"pin_file = pin\nkeys = %s.keys.json\njournal = %s.journal\n",
		token, s->module, token, token, token, token, token, token);
	(void)snprintf(file, sizeof(file), "hsmd-%s.conf", token);
	scratch_path(s, file, path);
	TRY(writer_done(&w));
	return file_write(path, writer_span(&w), 0600);
}

enum err
scratch_genesis(struct scratch *s, const char *token)
{
	char path[MAX_CEREMONY_PATH];
	const char *const arguments[] = {s->hsmd, "genesis", "--config", path, NULL};

	TRY(settings_write(s, token, path));
	return run(s, arguments);
}

enum err
scratch_start(struct scratch *s, const char *token)
{
	AUTO(writer) out = writer_new(MAX_OUTPUT);
	char path[MAX_CEREMONY_PATH], socket[MAX_CEREMONY_PATH], file[64];
	const char *const arguments[] = {s->hsmd, "--config", path, NULL};
	pid_t *pid = &s->daemons[index_of(token)];

	TRY(settings_write(s, token, path));
	(void)snprintf(file, sizeof(file), "%s.sock", token);
	scratch_path(s, file, socket);
	TRY(spawn(s, arguments, pid));
	for (size_t i = 0; i < START_TRIES; i++) {
		if (access(socket, F_OK) == 0)
			return ERR_OK;
		if (waitpid(*pid, NULL, WNOHANG) == *pid)
			break;
		(void)usleep(TRY_MICROSECONDS);
	}
	(void)said(s, &out);
	return err_because(ERR_UNAVAILABLE, "the rehearsal's mohar-hsmd does not start: %.160s",
		(const char *)writer_span(&out).ptr);
}

void
scratch_stop(struct scratch *s, const char *token)
{
	pid_t *pid = &s->daemons[index_of(token)];
	char socket[MAX_CEREMONY_PATH], file[64];

	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGTERM);
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
	(void)snprintf(file, sizeof(file), "%s.sock", token);
	scratch_path(s, file, socket);
	(void)unlink(socket);
}

static int
remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info;
	(void)kind;
	(void)at;
	return remove(path);
}

void
scratch_end(struct scratch *s)
{
	for (size_t i = 0; i < 2; i++)
		scratch_stop(s, tokens[i]);
	for (size_t i = 0; i < sizeof(s->jwks) / sizeof(s->jwks[0]); i++)
		free(s->jwks[i]);
	if (s->dir[0] != '\0')
		(void)nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*s = (struct scratch){0};
}
