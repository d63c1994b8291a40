#include "load.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"

enum { MAX_RECORDS = 256 << 20 };

struct hand {
	struct load *load;
	struct client *me;
	struct keyring *keyring;
	EVP_PKEY *key; /* idp-token's */
	char kid[64];
	size_t number;
	unsigned long turn;
	int acks;
};

static enum err
wrong(struct hand *h)
{
	atomic_fetch_add(&h->me->wrong, 1);
	return ERR_OK;
}

static enum err
key_learn(struct hand *h)
{
	AUTO(writer) spki = writer_new(1024);
	struct jwk *jwk = NULL;
	const uint8_t *at;

	if (h->key != NULL)
		return ERR_OK;
	TRY(keyring_pubkey(h->keyring, "idp-token", &spki));
	TRY(jwk_from_spki(writer_span(&spki), NULL, &jwk));
	(void)snprintf(h->kid, sizeof(h->kid), "%s", jwk_kid(jwk));
	jwk_free(&jwk);
	at = spki.ptr;
	h->key = d2i_PUBKEY(NULL, &at, (long)spki.len);
	return h->key == NULL ? ERR_CRYPTO : ERR_OK;
}

static bool
verifies(EVP_PKEY *key, struct span object, struct span signature)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	const bool good = EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(c, signature.ptr, signature.len, object.ptr, object.len) == 1;

	EVP_MD_CTX_free(c);
	return good;
}

static enum err
task_sign(struct hand *h)
{
	AUTO(writer) text = writer_new(2048);
	AUTO(writer) payload = writer_new(512);
	AUTO(writer) header = writer_new(512);
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);
	const time_t now = time(NULL);
	struct sha256 hash;

	TRY(key_learn(h));
	writer_format(&header, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", h->kid);
	writer_format(&payload, "{\"iat\":%lld,\"exp\":%lld,\"sub\":\"%zu-%lu-%ld\"}", (long long)now,
		(long long)now + 60, h->number, h->turn, (long)getpid());
	base64url_write(&text, writer_span(&header));
	writer_u8(&text, '.');
	base64url_write(&text, writer_span(&payload));
	TRY(keyring_sign(h->keyring, "idp-token", writer_span(&text), SPAN(""), &signature));
	if (!verifies(h->key, writer_span(&text), writer_span(&signature)))
		return wrong(h);
	hash = sha256_of(writer_span(&text));
	(void)!write(h->acks, hash.bytes, SHA256_LEN);
	return ERR_OK;
}

static enum err
task_unwrap(struct hand *h)
{
	struct secret *key = NULL;

	TRY(keyring_unwrap(h->keyring, "number-wrap", writer_span(&h->load->blob), &key));
	if (!span_equal(secret_span(key), span_at(h->load->data_key, sizeof(h->load->data_key))))
		(void)wrong(h);
	secret_free(&key);
	return ERR_OK;
}

static enum err
task_activate(struct hand *h)
{
	AUTO(writer) signatures = writer_new(1 << 16);
	const struct digests d = digests_some(32, 3);

	TRY(person_sign(h->keyring, &h->load->citizen, &d, NULL, &signatures));
	return person_signed(&h->load->citizen, &d, writer_span(&signatures)) ? ERR_OK : wrong(h);
}

static enum err (*const tasks[LOAD_TASKS])(struct hand *h) = {task_sign, task_unwrap, task_activate};
static const uid_t users[LOAD_TASKS] = {UID_IDP, UID_IDP, UID_SIGNER};

static void
one(struct hand *h)
{
	const int64_t began = clock_ticks();
	const enum err e = tasks[h->number % LOAD_TASKS](h);
	const int64_t took = clock_ticks() - began;
	const struct timespec breath = {0, 5000000};

	h->turn++;
	if (took > atomic_load(&h->me->longest))
		atomic_store(&h->me->longest, took);
	if (e == ERR_OK) {
		atomic_fetch_add(&h->me->done, 1);
		return;
	}
	(void)snprintf(h->me->why, LOAD_WHY, "task %zu: %s: %s", h->number % LOAD_TASKS, err_name(e), err_why());
	err_forget();
	atomic_fetch_add(&h->me->refused, 1);
	(void)nanosleep(&breath, NULL);
}

static _Noreturn void
client_main(struct load *l, size_t number)
{
	struct hand h = {.load = l, .me = &l->clients[number], .number = number};
	const uid_t uid = users[number % LOAD_TASKS];
	char path[128], name[32];

	(void)snprintf(name, sizeof(name), "acks.%zu", number);
	rig_path(l->rig, name, path);
	h.acks = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	rig_path(l->rig, "hsmd.sock", path);
	if (h.acks < 0 ||
		(l->rig->separate &&
			(setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)) ||
		keyring_open(path, 2, &h.keyring) != ERR_OK)
		_exit(1);
	while (!atomic_load(l->stop))
		one(&h);
	_exit(0);
}

static void *
shared(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	return at;
}

static void
data_key_make(struct load *l, struct keyring *k)
{
	struct secret *key = NULL;

	l->blob = writer_new(256);
	assert_ok(keyring_wrap(k, "number-wrap", &l->blob, &key));
	assert_int_equal(secret_span(key).len, sizeof(l->data_key));
	memcpy(l->data_key, secret_span(key).ptr, sizeof(l->data_key));
	secret_free(&key);
}

void
load_start(struct load *l, struct rig *r, size_t count)
{
	struct keyring *idp = rig_keyring(r, UID_IDP), *signer = rig_keyring(r, UID_SIGNER);

	*l = (struct load){.rig = r, .count = count};
	l->clients = shared(MAX_CLIENTS * sizeof(*l->clients));
	l->stop = shared(sizeof(*l->stop));
	data_key_make(l, idp);
	person_birth(r, signer, &l->citizen);
	keyring_free(&idp);
	keyring_free(&signer);
	for (size_t i = 0; i < count; i++) {
		l->clients[i].pid = fork();
		if (l->clients[i].pid == 0)
			client_main(l, i);
		assert_true(l->clients[i].pid > 0);
	}
}

void
load_stop(struct load *l)
{
	atomic_store(l->stop, true);
	for (size_t i = 0; i < l->count; i++)
		if (l->clients[i].pid > 0) {
			int status = 0;

			(void)waitpid(l->clients[i].pid, &status, 0);
			assert_int_equal(status, 0);
			l->clients[i].pid = 0;
		}
}

void
load_free(struct load *l)
{
	if (l->clients == NULL)
		return;
	person_free(&l->citizen);
	writer_free(&l->blob);
	(void)munmap(l->clients, MAX_CLIENTS * sizeof(*l->clients));
	(void)munmap((void *)l->stop, sizeof(*l->stop));
}

struct load_sum
load_sum(const struct load *l)
{
	struct load_sum s = {0};

	for (size_t i = 0; i < l->count; i++) {
		const int64_t longest = atomic_load(&l->clients[i].longest);

		s.done += atomic_load(&l->clients[i].done);
		s.refused += atomic_load(&l->clients[i].refused);
		s.wrong += atomic_load(&l->clients[i].wrong);
		s.longest = longest > s.longest ? longest : s.longest;
	}
	return s;
}

void
load_tell(const struct load *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->clients[i].why[0] != '\0')
			print_message("client %zu: %lu refused, the last: %s\n", i, atomic_load(&l->clients[i].refused),
				l->clients[i].why);
}

/* ---- what was recorded ---- */

struct hashes {
	struct sha256 *all; /* owned */
	size_t count, room;
};

static void
add(struct hashes *h, const struct sha256 *hash)
{
	if (h->count == h->room) {
		h->room = h->room == 0 ? 4096 : 2 * h->room;
		h->all = realloc(h->all, h->room * sizeof(*h->all));
		assert_non_null(h->all);
	}
	h->all[h->count++] = *hash;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sha256));
}

static void
recorded_read(const char *path, struct hashes *out)
{
	AUTO(writer) text = writer_new(MAX_RECORDS);
	char *rest = NULL;

	assert_ok(file_read(path, MAX_RECORDS, &text));
	for (char *line = strtok_r((char *)text.ptr, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		const char *at = strstr(line, "\"op\":\"SIGN\"") == NULL || strstr(line, "\"outcome\":\"OK\"") == NULL
			? NULL
			: strstr(line, "\"sha256\":\"");
		struct sha256 hash;
		size_t len;

		if (at != NULL && base64url_read(span_at(at + 10, 43), hash.bytes, SHA256_LEN, &len) == ERR_OK)
			add(out, &hash);
	}
}

static void
files_read(const struct rig *r, const char *prefix, struct hashes *recorded, struct hashes *acks)
{
	DIR *d = opendir(r->dir);
	char path[400];

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", r->dir, e->d_name);
		if (recorded != NULL) {
			recorded_read(path, recorded);
		} else {
			AUTO(writer) bytes = writer_new(MAX_RECORDS);

			assert_ok(file_read(path, MAX_RECORDS, &bytes));
			for (size_t i = 0; i + SHA256_LEN <= bytes.len; i += SHA256_LEN) {
				struct sha256 hash;

				memcpy(hash.bytes, bytes.ptr + i, SHA256_LEN);
				add(acks, &hash);
			}
		}
	}
	(void)closedir(d);
}

size_t
load_unrecorded(const struct load *l)
{
	struct hashes recorded = {0}, acks = {0};
	size_t missing = 0;

	files_read(l->rig, "journal.operations.", &recorded, NULL);
	files_read(l->rig, "acks.", NULL, &acks);
	assert_true(acks.count > 0 && recorded.count > 0);
	qsort(recorded.all, recorded.count, sizeof(*recorded.all), compare);
	for (size_t i = 0; i < acks.count; i++)
		missing += bsearch(&acks.all[i], recorded.all, recorded.count, sizeof(*recorded.all), compare) == NULL;
	free(recorded.all);
	free(acks.all);
	return missing;
}

/* ---- the worker ---- */

pid_t
rig_worker(const struct rig *r)
{
	char path[64];
	long pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)r->daemon, (long)r->daemon);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	(void)fclose(f);
	return (pid_t)pid;
}

long
rig_resident(const struct rig *r)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)rig_worker(r));
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	(void)fclose(f);
	return kib;
}

unsigned long
rig_number(struct rig *r, const char *name)
{
	AUTO(writer) json = writer_new(1 << 20);
	char wanted[64];
	const char *at;

	(void)snprintf(wanted, sizeof(wanted), "\"%s\":", name);
	if (keyring_status(r->keyring, &json) != ERR_OK)
		return 0;
	at = strstr((const char *)writer_span(&json).ptr, wanted);
	assert_non_null(at);
	return strtoul(at + strlen(wanted), NULL, 10);
}
