#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "x509/x509.h"

static const char pin[] = "12345678";

static const char *
module_path(void)
{
	static const char *const places[] = {"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"};
	const char *own = getenv("MOHAR_TEST_MODULE");

	if (own != NULL)
		return own;
	for (size_t i = 0; i < 2; i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

static void
program(char out[512])
{
	const char *build = getenv("MOHAR_BUILD");

	(void)snprintf(out, 512, "%s/bin/mohar-hsmd", build == NULL ? "build" : build);
}

void
rig_path(const struct rig *r, const char *name, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", r->dir, name);
}

static void
put(const struct rig *r, const char *name, const char *text, mode_t mode)
{
	char path[128];

	rig_path(r, name, path);
	assert_ok(file_write(path, span_of(text), mode));
}

/* Runs argv with its output at the end of the log; its exit code, -1 for a signal. */
static pid_t
spawn(const struct rig *r, char *const argv[])
{
	const pid_t pid = fork();

	if (pid == 0) {
		const int fd = open(r->log, O_WRONLY | O_APPEND | O_CREAT, 0644);

		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static int
finish(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
token_make(struct rig *r)
{
	char text[256],
		*argv[] = {"softhsm2-util", "--init-token", "--free", "--label", "main", "--pin",
			(char *)(uintptr_t)pin, "--so-pin", "87654321", NULL};
	char path[128];

	rig_path(r, "token", path);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(text, sizeof(text), "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
		path);
	put(r, "softhsm.conf", text, 0644);
	rig_path(r, "softhsm.conf", path);
	assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
	assert_int_equal(finish(spawn(r, argv)), 0);
	put(r, "pin", pin, 0600);
}

/* The repository's own keys.json: callers and operators exchanged, every key on this token. */
static void
policy_make(struct rig *r, const char *more)
{
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(writer) out = writer_new(1 << 20);
	const char *root = getenv("MOHAR_ROOT");
	char path[512], *at;

	(void)snprintf(path, sizeof(path), "%s/policies/keys.json", root == NULL ? "." : root);
	assert_ok(file_read(path, 1 << 20, &text));
	while ((at = strstr((char *)text.ptr, "\"root\", \"callers\"")) != NULL)
		memcpy(at, "\"main\"", 6);
	at = strstr((char *)text.ptr, "\"keys\": [");
	assert_non_null(at);
	writer_format(&out, "{\"version\": 1, \"callers\": [{\"name\": \"ceremony\", \"users\": [\"%ld\"]},",
		(long)getuid());
	writer_format(&out, "{\"name\": \"ca\", \"users\": [\"%ld\"]},", r->separate ? (long)UID_CA : (long)getuid());
	writer_format(&out, "{\"name\": \"idp\", \"users\": [\"%ld\"]},", r->separate ? (long)UID_IDP : (long)getuid());
	writer_format(&out, "{\"name\": \"signer\", \"users\": [\"%ld\"]}],\n",
		r->separate ? (long)UID_SIGNER : (long)getuid());
	*strstr(at, "\"operators\"") = '\0';
	at = strchr(at, '[') + 1;
	writer_format(&out,
		"\"keys\": [%s%s\"operators\": [{\"name\": \"registrar-1\", \"roles\": [\"registrar\"], \"jwk\": ",
		more, at);
	assert_ok(jwk_write(r->registrar_jwk, &out));
	writer_text(&out, "},\n{\"name\": \"clerk-1\", \"roles\": [\"ca-operator\"], \"jwk\": ");
	assert_ok(jwk_write(r->clerk_jwk, &out));
	for (int i = 0; i < CUSTODIANS; i++) {
		writer_format(&out, "},\n{\"name\": \"custodian-%d\", \"roles\": [\"custodian\"], \"jwk\": ", i + 1);
		assert_ok(jwk_write(r->custodian_jwks[i], &out));
	}
	writer_text(&out, "}]}\n");
	assert_ok(writer_done(&out));
	put(r, "keys.json", (const char *)out.ptr, 0644);
}

struct rig *
rig_new(void)
{
	return rig_new_with("");
}

struct rig *
rig_new_with(const char *more)
{
	struct rig *r = calloc(1, sizeof(*r));
	char text[1024], exe[512];

	program(exe);
	if (module_path() == NULL || access("/usr/bin/softhsm2-util", X_OK) != 0 || access(exe, X_OK) != 0) {
		print_message("skipped: needs softhsm2 and %s\n", exe);
		free(r);
		return NULL;
	}
	assert_non_null(r);
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/mohar-rig-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_int_equal(chmod(r->dir, 0755), 0);
	rig_path(r, "log", text);
	memcpy(r->log, text, sizeof(r->log) - 1);
	r->separate = getuid() == 0;
	r->registrar = EVP_EC_gen("P-256");
	assert_ok(jwk_from_key(r->registrar, NULL, &r->registrar_jwk));
	for (int i = 0; i < CUSTODIANS; i++) {
		r->custodians[i] = EVP_EC_gen("P-256");
		assert_ok(jwk_from_key(r->custodians[i], NULL, &r->custodian_jwks[i]));
	}
	r->clerk = EVP_EC_gen("P-256");
	assert_ok(jwk_from_key(r->clerk, NULL, &r->clerk_jwk));
	token_make(r);
	policy_make(r, more);
	(void)snprintf(text, sizeof(text),
		"socket = hsmd.sock\nmodule = %s\nmodule_config = softhsm.conf\nmodule_folder = token\ntoken = main\npin_file = pin\nkeys = keys.json\n"
		"journal = journal\n",
		module_path());
	put(r, "hsmd.conf", text, 0644);
	return r;
}

struct rig *
rig_of(void **state)
{
	if (*state == NULL)
		skip();
	return *state;
}

/* The daemons' own sanitizers speak into the log, and nobody else looks. */
static void
log_is_clean(const struct rig *r)
{
	static const char *const words[] = {"Sanitizer", "runtime error:"};
	AUTO(writer) log = writer_new(16 << 20);

	if (file_read(r->log, 16 << 20, &log) != ERR_OK)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr((const char *)writer_span(&log).ptr, words[i]) != NULL)
			fail_msg("mohar-hsmd: %s", (const char *)log.ptr);
}

void
rig_free(struct rig **r)
{
	char command[128];

	if (*r == NULL)
		return;
	rig_stop(*r, SIGTERM);
	log_is_clean(*r);
	EVP_PKEY_free((*r)->registrar);
	jwk_free(&(*r)->registrar_jwk);
	for (int i = 0; i < CUSTODIANS; i++) {
		EVP_PKEY_free((*r)->custodians[i]);
		jwk_free(&(*r)->custodian_jwks[i]);
	}
	EVP_PKEY_free((*r)->clerk);
	jwk_free(&(*r)->clerk_jwk);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", (*r)->dir);
	assert_int_equal(system(command), 0);
	free(*r);
	*r = NULL;
}

int
rig_run(struct rig *r, const char *mode)
{
	char exe[512], config[128], *argv[] = {exe, (char *)(uintptr_t)mode, "--config", config, NULL};

	program(exe);
	rig_path(r, "hsmd.conf", config);
	return finish(spawn(r, argv));
}

void
rig_start(struct rig *r)
{
	char exe[512], config[128], path[128], *argv[] = {exe, "serve", "--config", config, NULL};
	AUTO(writer) json = writer_new(1 << 20);
	const struct timespec pause = {0, 2000000};
	enum err e = ERR_UNAVAILABLE;

	program(exe);
	rig_path(r, "hsmd.conf", config);
	rig_path(r, "hsmd.sock", path);
	r->daemon = spawn(r, argv);
	assert_ok(keyring_open(path, 8, &r->keyring));
	for (int i = 0; i < 2500 && e != ERR_OK; i++) {
		writer_reset(&json);
		e = keyring_status(r->keyring, &json);
		if (e != ERR_OK)
			(void)nanosleep(&pause, NULL);
	}
	if (e != ERR_OK)
		(void)rig_said(r, "");
	assert_ok(e);
}

void
rig_up(struct rig *r, const char *extra)
{
	(void)extra;
	assert_int_equal(rig_run(r, "genesis"), 0);
	rig_start(r);
}

void
rig_stop(struct rig *r, int signal)
{
	keyring_free(&r->keyring);
	if (r->daemon > 0) {
		(void)kill(r->daemon, signal);
		(void)finish(r->daemon);
	}
	r->daemon = 0;
}

void
rig_set(struct rig *r, const char *name, const char *value)
{
	AUTO(writer) text = writer_new(1 << 16);
	AUTO(writer) out = writer_new(1 << 16);
	char path[128], *line, *rest;
	const size_t len = strlen(name);

	rig_path(r, "hsmd.conf", path);
	assert_ok(file_read(path, 1 << 16, &text));
	for (line = strtok_r((char *)text.ptr, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, name, len) != 0 || line[len] != ' ')
			writer_format(&out, "%s\n", line);
	if (value != NULL)
		writer_format(&out, "%s = %s\n", name, value);
	assert_ok(file_write(path, writer_span(&out), 0644));
}

bool
rig_said(const struct rig *r, const char *text)
{
	AUTO(writer) log = writer_new(16 << 20);
	bool found;

	assert_ok(file_read(r->log, 16 << 20, &log));
	found = strstr((const char *)writer_span(&log).ptr, text) != NULL;
	if (!found || text[0] == '\0')
		print_message("mohar-hsmd did not say '%s'; its log:\n%s\n", text, (const char *)writer_span(&log).ptr);
	return found;
}

void
rig_generate(struct rig *r, const char *label)
{
	static const char *const all[] = {"root-ca", "citizen-ca", "service-ca", "citizen-ocsp", "service-ocsp",
		"idp-token", "seal-land", "seal-complaints", "status", "log", "number-index", "device-secret",
		"number-wrap", "citizen-keys", "citizen-seal"};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		AUTO(writer) json = writer_new(1 << 16);

		if (label == NULL || strcmp(label, all[i]) == 0)
			assert_ok(keyring_generate(r->keyring, all[i], &json));
	}
}

enum err
rig_as(struct rig *r, uid_t uid, rig_act *act, void *context)
{
	const pid_t pid = fork();
	struct keyring *k;
	char path[128];
	int code;

	if (pid == 0) {
		rig_path(r, "hsmd.sock", path);
		if (getuid() == 0 && uid != 0 &&
			(setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
			_exit(255);
		if (keyring_open(path, 2, &k) != ERR_OK)
			_exit(254);
		code = (int)act(r, k, context);
		if (code != 0 && getenv("MOHAR_TEST_TALK") != NULL)
			print_message("  uid %ld: %s %s\n", (long)uid, err_name((enum err)code), err_why());
		_exit(code);
	}
	code = finish(pid);
	assert_in_range(code, 0, 100);
	return (enum err)code;
}

struct keyring *
rig_keyring(struct rig *r, uid_t uid)
{
	AUTO(writer) json = writer_new(1 << 20);
	struct keyring *k;
	char path[128];

	rig_path(r, "hsmd.sock", path);
	assert_ok(keyring_open(path, 1, &k));
	assert_int_equal(r->separate ? seteuid(uid) : 0, 0);
	assert_ok(keyring_status(k, &json));
	assert_int_equal(r->separate ? seteuid(0) : 0, 0);
	return k;
}

void
rig_order(EVP_PKEY *by, const char *act, const char *members, struct writer *jws)
{
	AUTO(writer) payload = writer_new(16384);
	struct jwk *jwk = NULL;
	const int64_t now = time(NULL);

	assert_ok(jwk_from_key(by, NULL, &jwk));
	writer_format(&payload,
		"{\"act\":\"%s\",\"aud\":\"https://ca\",\"jti\":\"0123456789abcdef0123\",\"iat\":%lld,\"exp\":%lld%s}",
		act, (long long)now, (long long)now + 300, members);
	assert_ok(jws_sign(by, &(struct jws_sign_options){.typ = "act+jwt", .kid = jwk_kid(jwk)}, writer_span(&payload),
		jws));
	jwk_free(&jwk);
}

void
rig_evidence(struct rig *r, const EVP_PKEY *key, const char *profile, const char *cn, struct writer *jws)
{
	AUTO(writer) payload = writer_new(8192);
	const struct jws_sign_options options = {.typ = "act+jwt", .kid = jwk_kid(r->registrar_jwk)};
	const int64_t now = time(NULL);
	struct sha256 hash;

	assert_ok(spki_hash(key, &hash));
	writer_format(&payload,
		"{\"act\":\"certificate.issue\",\"aud\":\"https://ca\",\"jti\":\"0123456789abcdef0123\",\"iat\":%lld,\"exp\":%lld,\"profile\":\"%s\","
		"\"subject\":[{\"type\":\"CN\",\"value\":\"%s\"}],\"spki_sha256\":\"",
		(long long)now, (long long)now + 300, profile, cn);
	base64url_write(&payload, sha256_span(&hash));
	writer_text(&payload, "\"}");
	assert_ok(jws_sign(r->registrar, &options, writer_span(&payload), jws));
}

void
rig_approval(struct rig *r, int custodian, const struct hsm_proposal *p, struct span object, struct writer *jws)
{
	AUTO(writer) payload = writer_new(8192);
	const struct jws_sign_options options = {.typ = "act+jwt", .kid = jwk_kid(r->custodian_jwks[custodian])};
	const struct sha256 hash = sha256_of(object), summary = sha256_of(span_of(p->summary));
	const int64_t now = time(NULL);
	struct json_writer j = json_to(&payload);

	json_object(&j, NULL);
	json_text(&j, "act", "proposal.approve");
	json_text(&j, "aud", "mohar:ceremony");
	json_text(&j, "jti", "0123456789abcdef0123");
	json_int(&j, "iat", now);
	json_int(&j, "exp", now + 300);
	json_bytes64(&j, "proposal", span_at(p->id, HSM_NONCE_LEN));
	json_int(&j, "expires", p->expires);
	json_bytes64(&j, "object_sha256", sha256_span(&hash));
	json_bytes64(&j, "summary_sha256", sha256_span(&summary));
	json_object_end(&j);
	assert_ok(jws_sign(r->custodians[custodian], &options, writer_span(&payload), jws));
}

enum err
rig_approve(struct rig *r, struct keyring *k, const char *kind, const char *label, struct span object,
	struct writer *result)
{
	struct hsm_proposal p;
	bool executed = false;
	int64_t missing;

	TRY(keyring_propose(k, kind, label, object, SPAN(""), &p));
	for (int i = 0; i < 2; i++) {
		AUTO(writer) act = writer_new(8192);

		rig_approval(r, i, &p, object, &act);
		TRY(keyring_approve(k, p.id, object, writer_span(&act), &executed, &missing, result));
	}
	return executed ? ERR_OK : ERR_MISMATCH;
}

enum err
rig_sign(void *context, const char *label, struct span object, struct writer *signature)
{
	const struct rig_signer *s = context;

	return rig_approve(s->rig, s->keyring, "sign", label, object, signature);
}
