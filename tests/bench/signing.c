/* signing: P-256 signatures by the same key of one token: by bare C_Sign calls, or through mohar-hsmd and the OpenSSL provider, from so many threads for so
 * long. Prints `signatures/s  median latency in microseconds`.
 *
 *   signing make SOCKET LABEL                                  has mohar-hsmd make the key
 *   signing raw MODULE TOKEN PINFILE LABEL THREADS MS
 *   signing provider SOCKET LABEL THREADS MS
 *   signing floor MODULE TOKEN PINFILE LABEL THREADS MS CHECK  what no daemon of this shape goes below: another process does bare C_Sign calls, checks each signature
 *                                                              (CHECK is 1; 0: does not), writes a line and answers over a socket, and nothing else
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <p11-kit/pkcs11.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "hsm/token/verifier.h"
#include "keyring/keyring.h"
#include "tests/bench/object.h"

enum { MAX_THREADS = 64, MAX_SAMPLES = 1 << 20, MAX_SLOTS = 16 };

static void
must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "signing: %s: %s\n", what, err_why());
	_exit(EXIT_FAILURE);
}

/* ---- what is measured: one signature ---- */
struct hand {
	void (*sign)(struct hand *h);
	CK_FUNCTION_LIST *calls;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	EVP_PKEY *pkey;
	struct span object;
	int fd;
	int64_t *samples, count, until;
};

static void
sign_raw(struct hand *h)
{
	CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
	uint8_t signature[64];
	CK_ULONG len = sizeof(signature);
	struct sha256 hash = sha256_of(h->object);

	must(h->calls->C_SignInit(h->session, &mechanism, h->key) == CKR_OK, "C_SignInit");
	must(h->calls->C_Sign(h->session, hash.bytes, SHA256_LEN, signature, &len) == CKR_OK, "C_Sign");
}

static void
sign_provider(struct hand *h)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t signature[MAX_SIGNATURE];
	size_t len = sizeof(signature);

	must(EVP_DigestSignInit_ex(c, NULL, "SHA256", NULL, NULL, h->pkey, NULL) == 1 &&
			EVP_DigestSign(c, signature, &len, h->object.ptr, h->object.len) == 1,
		"EVP_DigestSign");
	EVP_MD_CTX_free(c);
}

static void *
hand_run(void *argument)
{
	struct hand *h = argument;
	int64_t before = clock_ticks();

	while (before < h->until && h->count < MAX_SAMPLES) {
		int64_t after;

		h->sign(h);
		after = clock_ticks();
		h->samples[h->count++] = after - before;
		before = after;
	}
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
measure(struct hand *hands, int threads, int64_t ms)
{
	const int64_t start = clock_ticks();
	int64_t *all, total = 0;
	pthread_t ids[MAX_THREADS];

	for (int i = 0; i < threads; i++) {
		hands[i].until = start + ms * 1000;
		hands[i].samples = malloc(MAX_SAMPLES * sizeof(int64_t));
		must(hands[i].samples != NULL && pthread_create(&ids[i], NULL, hand_run, &hands[i]) == 0, "a thread");
	}
	for (int i = 0; i < threads; i++) {
		(void)pthread_join(ids[i], NULL);
		total += hands[i].count;
	}
	const double spent = (double)(clock_ticks() - start) / 1e6;

	all = malloc((size_t)total * sizeof(int64_t));
	must(all != NULL && total > 0, "no signature at all");
	total = 0;
	for (int i = 0; i < threads; i++) {
		memcpy(all + total, hands[i].samples, (size_t)hands[i].count * sizeof(int64_t));
		total += hands[i].count;
	}
	qsort(all, (size_t)total, sizeof(int64_t), compare);
	printf("%.0f %lld\n", (double)total / spent, (long long)all[total / 2]);
	(void)fflush(stdout);
}

/* A JWS signing input that a token-jws key signs now. */
static struct span
object_make(EVP_PKEY *key)
{
	static struct writer w;

	w = writer_new(4096);
	object_write(key, &w);
	must(writer_done(&w) == ERR_OK, "an object");
	return writer_span(&w);
}

/* ---- raw ---- */
static CK_SLOT_ID
slot_of(CK_FUNCTION_LIST *c, const char *label)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG count = MAX_SLOTS;
	CK_TOKEN_INFO info;

	must(c->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK, "C_GetSlotList");
	for (CK_ULONG i = 0; i < count; i++)
		if (c->C_GetTokenInfo(slots[i], &info) == CKR_OK && memcmp(info.label, label, strlen(label)) == 0 &&
			info.label[strlen(label)] == ' ')
			return slots[i];
	must(false, "no such token");
	return 0;
}

/* Logged in, with a session for each hand and the key's handle. argv: MODULE TOKEN PINFILE LABEL THREADS MS. */
static CK_FUNCTION_LIST *
token_open(char **argv, struct hand *hands, int threads)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, argv[3], strlen(argv[3])}};
	AUTO(writer) pin = writer_new(256);
	void *library = dlopen(argv[0], RTLD_NOW);
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST *c = NULL;
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG n = 0;
	CK_SLOT_ID slot;

	must(library != NULL && threads > 0 && threads <= MAX_THREADS, "the module, or how many threads");
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	must(get != NULL && get(&c) == CKR_OK && c->C_Initialize(&args) == CKR_OK, "C_Initialize");
	slot = slot_of(c, argv[1]);
	must(file_read(argv[2], 256, &pin) == ERR_OK, "the PIN");
	for (int i = 0; i < threads; i++) {
		hands[i] = (struct hand){.sign = sign_raw,
			.calls = c,
			.fd = hands[i].fd,
			.object = SPAN("something of a usual length")};
		must(c->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &hands[i].session) == CKR_OK,
			"C_OpenSession");
	}
	must(c->C_Login(hands[0].session, CKU_USER, pin.ptr, pin.len) == CKR_OK, "C_Login");
	must(c->C_FindObjectsInit(hands[0].session, template, 2) == CKR_OK &&
			c->C_FindObjects(hands[0].session, &key, 1, &n) == CKR_OK && n == 1,
		"the key");
	(void)c->C_FindObjectsFinal(hands[0].session);
	for (int i = 0; i < threads; i++)
		hands[i].key = key;
	return c;
}

static int
raw(char **argv)
{
	static struct hand hands[MAX_THREADS];
	const int threads = atoi(argv[4]);

	(void)token_open(argv, hands, threads);
	measure(hands, threads, atoll(argv[5]));
	return EXIT_SUCCESS;
}

/* ---- floor ---- */

enum { ASKED = 280, ANSWERED = 92, LINE = 227 }; /* bytes, as SIGN of a token has them */

/* A request of that size, and its answer: with the calls that the keyring makes. */
static void
sign_floor(struct hand *h)
{
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	uint8_t bytes[ASKED] = {0};

	must(send(h->fd, bytes, ASKED, MSG_NOSIGNAL) == ASKED && poll(&p, 1, 5000) == 1 &&
			recv(h->fd, bytes, sizeof(bytes), 0) == ANSWERED,
		"the other process");
}

static struct {
	struct verifier *verifier; /* NULL: it believes */
	int file;
} floor_state;

static void *
floor_serve(void *argument)
{
	struct hand *h = argument;
	CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
	uint8_t bytes[ASKED];

	while (recv(h->fd, bytes, sizeof(bytes), 0) == ASKED) {
		const struct sha256 hash = sha256_of(span_at(bytes, sizeof(bytes)));
		uint8_t signature[64];
		CK_ULONG len = sizeof(signature);

		must(h->calls->C_SignInit(h->session, &mechanism, h->key) == CKR_OK &&
				h->calls->C_Sign(h->session, (CK_BYTE *)(uintptr_t)hash.bytes, SHA256_LEN, signature,
					&len) == CKR_OK,
			"C_Sign");
		must(floor_state.verifier == NULL ||
				verifier_check(floor_state.verifier, sha256_span(&hash),
					span_at(signature, sizeof(signature))) == ERR_OK,
			"the signature");
		must(write(floor_state.file, bytes, LINE) == LINE &&
				send(h->fd, bytes, ANSWERED, MSG_NOSIGNAL) == ANSWERED,
			"the answer");
	}
	return NULL;
}

/* The public half of that label. */
static EVP_PKEY *
public_half(CK_FUNCTION_LIST *c, CK_SESSION_HANDLE session, char *label)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, strlen(label)}};
	uint8_t der[80];
	CK_ATTRIBUTE point = {CKA_EC_POINT, der, sizeof(der)};
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG n = 0;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	must(c->C_FindObjectsInit(session, template, 2) == CKR_OK &&
			c->C_FindObjects(session, &object, 1, &n) == CKR_OK && n == 1 &&
			c->C_FindObjectsFinal(session) == CKR_OK &&
			c->C_GetAttributeValue(session, object, &point, 1) == CKR_OK && point.ulValueLen == 67,
		"the public key");
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t) "P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, der + 2, 65),
		OSSL_PARAM_construct_end(),
	};
	must(EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1,
		"the public key");
	EVP_PKEY_CTX_free(context);
	return key;
}

static _Noreturn void
floor_server(char **argv, struct hand *hands, int threads)
{
	CK_FUNCTION_LIST *c;
	pthread_t id;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	c = token_open(argv, hands, threads);
	floor_state.file = memfd_create("lines", MFD_CLOEXEC);
	if (atoi(argv[6]) != 0)
		must(verifier_new(public_half(c, hands[0].session, argv[3]), &floor_state.verifier) == ERR_OK,
			"the key");
	for (int i = 1; i < threads; i++)
		must(pthread_create(&id, NULL, floor_serve, &hands[i]) == 0, "a thread");
	(void)floor_serve(&hands[0]);
	for (;;)
		(void)pause();
}

static int
floor_run(char **argv)
{
	static struct hand hands[MAX_THREADS], servers[MAX_THREADS];
	const int threads = atoi(argv[4]);

	must(threads > 0 && threads <= MAX_THREADS, "how many threads");
	for (int i = 0; i < threads; i++) {
		int pair[2];

		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "a socket");
		hands[i] = (struct hand){.sign = sign_floor, .fd = pair[0]};
		servers[i].fd = pair[1];
	}
	if (fork() == 0)
		floor_server(argv, servers, threads);
	for (int i = 0; i < threads; i++)
		for (int n = 0; n < 20; n++) /* until it is there, and the key's table is made */
			sign_floor(&hands[i]);
	measure(hands, threads, atoll(argv[5]));
	return EXIT_SUCCESS;
}

/* ---- provider ---- */

static int
provider(char **argv)
{
	static struct hand hands[MAX_THREADS];
	const int threads = atoi(argv[2]);
	struct keyring *k = NULL;
	EVP_PKEY *key = NULL;

	must(threads > 0 && threads <= MAX_THREADS, "how many threads");
	must(keyring_open(argv[0], (size_t)threads, &k) == ERR_OK && keyring_provider_load(k) == ERR_OK &&
			keyring_key(k, argv[1], SPAN(""), &key) == ERR_OK,
		"mohar-hsmd");
	for (int i = 0; i < threads; i++)
		hands[i] = (struct hand){.sign = sign_provider, .pkey = key, .object = object_make(key)};
	measure(hands, threads, atoll(argv[3]));
	return EXIT_SUCCESS;
}

static int
make(char **argv)
{
	AUTO(writer) json = writer_new(1 << 16);
	struct keyring *k = NULL;

	must(keyring_open(argv[0], 1, &k) == ERR_OK && keyring_generate(k, argv[1], &json) == ERR_OK, "the key");
	keyring_free(&k);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	int code = 2;

	if (argc == 8 && strcmp(argv[1], "raw") == 0)
		code = raw(argv + 2);
	else if (argc == 9 && strcmp(argv[1], "floor") == 0)
		code = floor_run(argv + 2);
	else if (argc == 6 && strcmp(argv[1], "provider") == 0)
		code = provider(argv + 2);
	else if (argc == 4 && strcmp(argv[1], "make") == 0)
		code = make(argv + 2);
	else
		(void)fprintf(stderr, "signing: raw, floor, provider or make; see the head of signing.c\n");
	(void)fflush(stdout);
	_exit(code); /* SoftHSM does not survive libcrypto's end */
}
