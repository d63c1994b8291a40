/* What a real mohar-hsmd leaves behind and tells: records under kill -9, counters, refusals. */
#include "rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "audit/chain.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "json/json.h"

enum { CLIENTS = 4, LOAD_TICKS = 2500000, KILLS = 4, MAX_TEXT = 64 << 20, NAME = 43 /* of a hash in base64url */ };

static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	rig_generate(r, "idp-token");
	rig_generate(r, "number-index");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

static uid_t
idp(const struct rig *r)
{
	return r->separate ? UID_IDP : getuid();
}

struct signer {
	char kid[64];
	uint64_t n;
};

static enum err
signer_open(struct keyring *k, struct signer *s)
{
	AUTO(writer) spki = writer_new(1024);
	struct jwk *jwk = NULL;

	TRY(keyring_pubkey(k, "idp-token", &spki));
	TRY(jwk_from_spki(writer_span(&spki), NULL, &jwk));
	(void)snprintf(s->kid, sizeof(s->kid), "%s", jwk_kid(jwk));
	jwk_free(&jwk);
	return ERR_OK;
}

/* A token of its own each time; *object is the hash that the record must have. */
static enum err
sign_one(struct keyring *k, struct signer *s, struct sha256 *object)
{
	AUTO(writer) text = writer_new(2048);
	AUTO(writer) payload = writer_new(512);
	AUTO(writer) header = writer_new(512);
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);
	const time_t now = time(NULL);

	writer_format(&header, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", s->kid);
	writer_format(&payload, "{\"iat\":%lld,\"exp\":%lld,\"n\":\"%d.%llu\"}", (long long)now, (long long)now + 60,
		(int)getpid(), (unsigned long long)s->n++);
	base64url_write(&text, writer_span(&header));
	writer_u8(&text, '.');
	base64url_write(&text, writer_span(&payload));
	*object = sha256_of(writer_span(&text));
	return keyring_sign(k, "idp-token", writer_span(&text), SPAN(""), &signature);
}

static void
file_of(const struct rig *r, int client, char out[160])
{
	(void)snprintf(out, 160, "%s/token/acknowledged-%d", r->dir, client);
}

/* Signs as long as the load lasts; each hash goes to the client's file once the signature is there. */
static enum err
act_load(struct rig *r, struct keyring *k, void *context)
{
	FILE *f = context;
	const int64_t until = clock_ticks() + LOAD_TICKS;
	struct signer s = {.n = 0};

	(void)r;
	while (signer_open(k, &s) != ERR_OK && clock_ticks() < until)
		err_forget();
	while (clock_ticks() < until) {
		AUTO(writer) name = writer_new(64);
		struct sha256 object;

		if (sign_one(k, &s, &object) != ERR_OK) {
			err_forget();
			continue;
		}
		base64url_write(&name, sha256_span(&object));
		(void)fprintf(f, "%s\n", (const char *)writer_span(&name).ptr);
	}
	return fflush(f) == 0 ? ERR_OK : ERR_IO;
}

/* The supervisor's one child. */
static pid_t
worker_of(const struct rig *r)
{
	char path[64], text[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)r->daemon, (int)r->daemon);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	(void)fclose(f);
	return (pid_t)strtol(text, NULL, 10);
}

static void
load(struct rig *r, int kills)
{
	const struct timespec pause = {0, LOAD_TICKS / (KILLS + 1) * 1000L};
	pid_t clients[CLIENTS];
	char path[160];

	for (int i = 0; i < CLIENTS; i++) {
		file_of(r, i, path);
		clients[i] = fork();
		if (clients[i] == 0) {
			FILE *f = fopen(path, "we");

			_exit(f == NULL ? 99 : (int)rig_as(r, idp(r), act_load, f));
		}
	}
	for (int i = 0; i < kills; i++) {
		pid_t worker;

		(void)nanosleep(&pause, NULL);
		worker = worker_of(r);
		if (worker > 1)
			assert_int_equal(kill(worker, SIGKILL), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		int status;

		assert_int_equal(waitpid(clients[i], &status, 0), clients[i]);
		assert_int_equal(status, 0);
	}
}

/* ---- the hashes of all signatures in the record ---- */

struct found {
	char (*names)[NAME + 1];
	size_t count, room;
};

static enum err
visit(void *context, const struct chain_head *head, struct span json)
{
	struct found *f = context;
	const char *at = memmem(json.ptr, json.len, "\"sha256\":\"", 10);

	(void)head;
	if (at == NULL || memmem(json.ptr, json.len, "\"op\":\"SIGN\"", 11) == NULL ||
		memmem(json.ptr, json.len, "\"outcome\":\"OK\"", 14) == NULL)
		return ERR_OK;
	if (f->count == f->room) {
		f->room = f->room == 0 ? 1024 : 2 * f->room;
		f->names = reallocarray(f->names, f->room, sizeof(*f->names));
		assert_non_null(f->names);
	}
	memcpy(f->names[f->count], at + 10, NAME);
	f->names[f->count++][NAME] = '\0';
	return ERR_OK;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static size_t
check_acknowledged(struct rig *r, const struct found *f)
{
	size_t count = 0;

	for (int i = 0; i < CLIENTS; i++) {
		char path[160], line[64];
		FILE *file;

		file_of(r, i, path);
		file = fopen(path, "re");
		assert_non_null(file);
		for (; fgets(line, sizeof(line), file) != NULL; count++) {
			line[NAME] = '\0';
			if (bsearch(line, f->names, f->count, sizeof(*f->names), compare) == NULL)
				fail_msg("acknowledged, and in no record: %s", line);
		}
		(void)fclose(file);
	}
	return count;
}

CASE(every_signature_acknowledged_under_kill_9_is_in_the_chain)
{
	struct rig *r = rig_of(state);
	struct found f = {0};
	struct chain_walk w = {.what = "operations", .visit = visit, .context = &f};
	char path[128];
	size_t acknowledged;

	load(r, KILLS);
	rig_stop(r, SIGTERM);
	rig_path(r, "journal.operations.000001", path);
	assert_ok(chain_walk(path, &w));
	assert_false(w.torn);
	qsort(f.names, f.count, sizeof(*f.names), compare);
	acknowledged = check_acknowledged(r, &f);
	print_message("%zu acknowledged, %zu recorded, %d kills\n", acknowledged, f.count, KILLS);
	assert_true(acknowledged > 100 && f.count >= acknowledged);
	assert_true(rig_said(r, "was killed by signal 9"));
	free(f.names);
	rig_start(r); /* and it goes on from there */
	assert_ok(rig_as(r, idp(r), act_load, stderr == NULL ? NULL : fopen("/dev/null", "we")));
}

CASE(records_cost_no_throughput_worth_speaking_of)
{
	struct rig *r = rig_of(state);
	size_t count = 0;

	load(r, 0);
	for (int i = 0; i < CLIENTS; i++) {
		char path[160];
		AUTO(writer) text = writer_new(MAX_TEXT);

		file_of(r, i, path);
		assert_ok(file_read(path, MAX_TEXT, &text));
		count += text.len / (NAME + 1);
	}
	print_message("%zu signatures a second from %d clients\n", count * 1000000 / LOAD_TICKS, CLIENTS);
	assert_true(count > 0);
}

/* ---- refusals, and what must not be written ---- */

static enum err
act_refused(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);

	(void)r;
	(void)context;
	for (int i = 0; i < 300; i++)
		assert_true(keyring_sign(k, "idp-token", SPAN("nonsense"), SPAN(""), &signature) != ERR_OK);
	return ERR_OK;
}

static enum err
act_mac(struct rig *r, struct keyring *k, void *context)
{
	uint8_t tag[32];

	(void)r;
	(void)context;
	return keyring_mac(k, "number-index", SPAN("a national number"), tag);
}

static void
record_read(const struct rig *r, struct writer *text)
{
	char path[128];

	rig_path(r, "journal.operations.000001", path);
	writer_reset(text);
	assert_ok(file_read(path, MAX_TEXT, text));
}

CASE(refusals_are_recorded_and_a_flood_of_them_is_counted)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(MAX_TEXT);
	AUTO(writer) journal = writer_new(MAX_TEXT);
	const struct timespec two = {2, 0};
	size_t lines = 0;
	char path[128];

	assert_ok(rig_as(r, idp(r), act_refused, NULL));
	(void)nanosleep(&two, NULL);
	record_read(r, &text);
	for (const char *at = (const char *)text.ptr; (at = strstr(at, "\"outcome\":\"REFUSED\"")) != NULL; at++)
		lines++;
	assert_in_range(lines, 1, 20);
	assert_non_null(strstr((const char *)text.ptr, "\"count\":"));
	rig_path(r, "journal", path);
	assert_ok(file_read(path, MAX_TEXT, &journal));
	assert_null(strstr((const char *)writer_span(&journal).ptr, "refuse")); /* its lines are for ever */
}

CASE(the_input_of_a_mac_leaves_no_hash)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(MAX_TEXT);
	const char *at;

	assert_ok(rig_as(r, idp(r), act_mac, NULL));
	record_read(r, &text);
	at = strstr((const char *)text.ptr, "\"op\":\"MAC\"");
	assert_non_null(at);
	assert_true(strstr(at, "sha256") == NULL || strstr(at, "sha256") > strchr(at, '\n'));
}

/* ---- the page for Prometheus ---- */

static bool
is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789", text[i]) == NULL ||
			(i == 0 && text[0] >= '0' && text[0] <= '9'))
			return false;
	return len > 0;
}

/* {name="value",...}; the text after it. Fails on anything else (Prometheus, exposition formats, text format 0.0.4). */
static const char *
labels_pass(const char *at)
{
	assert_int_equal(*at++, '{');
	for (;;) {
		const size_t len = strcspn(at, "=");

		assert_true(is_name(at, len));
		at += len + 1;
		assert_int_equal(*at++, '"');
		for (; *at != '"'; at++) {
			assert_true(*at != '\0' && *at != '\n');
			if (*at == '\\')
				assert_non_null(strchr("\\\"n", *++at));
		}
		at++;
		if (*at == '}')
			return at + 1;
		assert_int_equal(*at++, ',');
	}
}

struct page {
	char family[128], kind[16];
	char series[512]; /* of the last bucket, without le */
	double bucket;
	size_t samples, families;
};

static void
comment_check(struct page *p, char *line)
{
	char name[128], kind[16];

	if (sscanf(line, "# TYPE %127s %15s", name, kind) == 2) {
		assert_true(
			strcmp(kind, "counter") == 0 || strcmp(kind, "gauge") == 0 || strcmp(kind, "histogram") == 0);
		assert_string_equal(name, p->family); /* HELP came just before */
		memcpy(p->kind, kind, sizeof(kind));
		p->families++;
		return;
	}
	assert_int_equal(sscanf(line, "# HELP %127s", p->family), 1);
}

static void
sample_check(struct page *p, char *line)
{
	const size_t len = strcspn(line, "{ "), family = strlen(p->family);
	const char *at = line + len;
	char *end;
	double value;

	assert_true(is_name(line, len));
	assert_memory_equal(line, p->family, family);
	if (strcmp(p->kind, "histogram") == 0)
		assert_true(strncmp(line + family, "_bucket", len - family) == 0 ||
			strncmp(line + family, "_sum", len - family) == 0 ||
			strncmp(line + family, "_count", len - family) == 0);
	else
		assert_int_equal(len, family);
	if (strcmp(p->kind, "counter") == 0)
		assert_string_equal(p->family + family - 6, "_total");
	if (*at == '{')
		at = labels_pass(at);
	assert_int_equal(*at++, ' ');
	value = strtod(at, &end);
	assert_true(end != at && *end == '\0' && value >= 0);
	if (strstr(line, "_bucket{") != NULL) { /* cumulative within a series */
		const size_t series = (size_t)(strstr(line, ",le=") - line);

		if (strncmp(p->series, line, series) == 0 && p->series[series] == '\0')
			assert_true(value >= p->bucket);
		(void)snprintf(p->series, sizeof(p->series), "%.*s", (int)series, line);
		p->bucket = value;
	}
	p->samples++;
}

CASE(the_metrics_are_a_page_that_prometheus_reads)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(1 << 20);
	struct page p = {.samples = 0};
	char *rest, *line;

	assert_ok(rig_as(r, idp(r), act_mac, NULL));
	assert_ok(rig_as(r, idp(r), act_refused, NULL));
	assert_ok(keyring_metrics(r->keyring, &text));
	assert_non_null(strstr((char *)writer_span(&text).ptr,
		"mohar_hsm_operations_total{key=\"number-index\",op=\"MAC\",outcome=\"OK\"} 1\n"));
	assert_non_null(strstr((char *)text.ptr,
		"mohar_hsm_operations_total{key=\"idp-token\",op=\"SIGN\",outcome=\"REFUSED\"} 300\n"));
	assert_non_null(
		strstr((char *)text.ptr, "mohar_hsm_operation_seconds_count{key=\"idp-token\",op=\"SIGN\"} 300\n"));
	assert_non_null(
		strstr((char *)text.ptr, "mohar_hsm_key_present{key=\"idp-token\",purpose=\"token-jws\",algorithm="));
	assert_int_equal(text.ptr[text.len - 1], '\n');
	for (line = strtok_r((char *)text.ptr, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			comment_check(&p, line);
		else
			sample_check(&p, line);
	}
	assert_true(p.families >= 14 && p.samples > 60);
}

CASE(the_status_tells_records_and_what_became_of_each_keys_work)
{
	struct rig *r = rig_of(state);
	AUTO(writer) json = writer_new(1 << 20);

	assert_ok(rig_as(r, idp(r), act_mac, NULL));
	assert_ok(keyring_status(r->keyring, &json));
	assert_non_null(strstr((const char *)writer_span(&json).ptr, "\"operations\":{\"records\":3,"));
	assert_non_null(strstr((const char *)json.ptr, "\"operations\":1,\"refused\":0,\"failed\":0"));
}

#define WITH_RIG(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(every_signature_acknowledged_under_kill_9_is_in_the_chain),
		WITH_RIG(records_cost_no_throughput_worth_speaking_of),
		WITH_RIG(refusals_are_recorded_and_a_flood_of_them_is_counted),
		WITH_RIG(the_input_of_a_mac_leaves_no_hash),
		WITH_RIG(the_metrics_are_a_page_that_prometheus_reads),
		WITH_RIG(the_status_tells_records_and_what_became_of_each_keys_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
