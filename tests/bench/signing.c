/* signing: P-256 signatures by the same key of one token: by bare C_Sign calls, or through mohar-hsmd and the OpenSSL provider, from so many threads for so
 * long. Prints `signatures/s  median latency in microseconds`.
 *
 *   signing make SOCKET LABEL                                  has mohar-hsmd make the key
 *   signing raw MODULE TOKEN PINFILE LABEL THREADS MS
 *   signing provider SOCKET LABEL THREADS MS
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "jose/jose.h"
#include "keyring/keyring.h"

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
	AUTO(writer) header = writer_new(512);
	AUTO(writer) payload = writer_new(512);
	struct jwk *jwk = NULL;

	must(jwk_from_key(key, NULL, &jwk) == ERR_OK, "a JWK");
	writer_format(&header, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", jwk_kid(jwk));
	writer_format(&payload, "{\"iat\":%lld,\"exp\":%lld,\"sub\":\"%064d\"}", (long long)time(NULL),
		(long long)time(NULL) + 300, 7);
	w = writer_new(4096);
	base64url_write(&w, writer_span(&header));
	writer_u8(&w, '.');
	base64url_write(&w, writer_span(&payload));
	must(writer_done(&w) == ERR_OK, "an object");
	jwk_free(&jwk);
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

static int
raw(char **argv)
{
	static struct hand hands[MAX_THREADS];
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, argv[3], strlen(argv[3])}};
	const int threads = atoi(argv[4]);
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
		hands[i] = (struct hand){.sign = sign_raw, .calls = c, .object = SPAN("something of a usual length")};
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
	measure(hands, threads, atoll(argv[5]));
	return EXIT_SUCCESS;
}

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
	else if (argc == 6 && strcmp(argv[1], "provider") == 0)
		code = provider(argv + 2);
	else if (argc == 4 && strcmp(argv[1], "make") == 0)
		code = make(argv + 2);
	else
		(void)fprintf(stderr, "signing: raw, provider or make; see the head of signing.c\n");
	(void)fflush(stdout);
	_exit(code); /* SoftHSM does not survive libcrypto's end */
}
