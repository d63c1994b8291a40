/* cad: mohar-cad's own code under load, in this process, against a real database and a real mohar-hsmd. For the benchmarks: what one issuance, revocation and OCSP answer cost, how many
 * certificates are issued a second, how long a night's suspensions and a whole set of lists take.
 *
 *   cad issue CONFIG THREADS SECONDS    certificates a second
 *   cad cost CONFIG COUNT               medians in microseconds: OCSP look-up and signature, issuance, revocation
 *   cad suspend CONFIG PROFILE COUNT    certificates, seconds
 *   cad lists CONFIG                    lists, entries, seconds */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ca/issue/issue.h"
#include "ca/revoke/many.h"
#include "ca/status/crl_renew.h"
#include "ca/status/crl_set.h"
#include "ca/status/ocsp.h"
#include "ca/status/responder.h"
#include "ca/store/statements.h"
#include "audit/event.h"
#include "x509/own.h"

enum { MAX_THREADS = 64, MICROSECONDS = 1000000, MAX_COUNT = 5000, MAX_SPKI = 256 };

static struct cad cad;

static void
must(enum err e)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "cad: %s %s\n", err_name(e), err_why());
	exit(1);
}

static void
issue(unsigned long n, X509 **out)
{
	const struct profile *profile = profile_find(&cad.profiles, "tls-client");
	OWN(EVP_PKEY) key = EVP_EC_gen("P-256");
	AUTO(writer) name = writer_new(64);
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	writer_format(&name, "Test Agency %lu", n);
	const struct name_part subject[] = {{"CN", (const char *)writer_span(&name).ptr}};
	const struct issuance i = {.profile = profile,
		.spki = span_at(der, (size_t)len),
		.subject = subject,
		.subject_count = 1,
		.actor = "bench",
		.channel = "local"};

	must(certificate_issue(&cad, &i, out));
	OPENSSL_free(der);
}

struct load {
	pthread_t thread;
	int64_t until;
	unsigned long count;
};

static void *
run(void *context)
{
	struct load *l = context;

	while (clock_ticks() < l->until) {
		OWN(X509) x = NULL;

		issue(l->count, &x);
		l->count++;
	}
	return NULL;
}

static void
issue_all(int threads, int seconds)
{
	static struct load loads[MAX_THREADS];
	const int64_t began = clock_ticks();
	unsigned long count = 0;

	for (int i = 0; i < threads; i++) {
		loads[i].until = began + (int64_t)seconds * MICROSECONDS;
		(void)pthread_create(&loads[i].thread, NULL, run, &loads[i]);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(loads[i].thread, NULL);
		count += loads[i].count;
	}
	printf("%.1f\n", (double)count * MICROSECONDS / (double)(clock_ticks() - began));
}

/* ---- what one costs ---- */

static int
by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t
median(int64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), by_size);
	return times[count / 2];
}

static void
answer(const struct authority *a, struct span serial)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) der = writer_new(MAX_OCSP_RESPONSE);
	const struct ocsp_entry *entry;
	struct ocsp_question q;

	must(ocsp_ask_serial(a->certificate, serial, SPAN("0123456789abcdef0123456789abcdef"), &request));
	must(ocsp_parse(writer_span(&request), &q));
	must(ocsp_sign(&cad, &q, &entry, &der));
}

static void
revoke(struct span serial)
{
	struct event event;
	const unix_time at = cad_now(&cad);
	size_t affected = 0;

	must(event_make(&event, "ca", "certificate.revoked", LOG_TREE_PUBLIC, at, SPAN("{}"), SPAN("{}")));
	const struct db_param params[] = {db_bytes(serial), db_time(at), db_int(1), db_text("bench"), db_text("bench"),
		db_text("local"), db_uuid(&event.id), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};

	must(db_pool_run(cad.db, CA_CERTIFICATE_REVOKE, params, &affected));
	must(affected == 1 ? ERR_OK : ERR_NOT_FOUND);
	event_free(&event);
}

/* Serials from all over the table. */
static void
pick(const struct authority *a, uint8_t out[][SERIAL_LEN], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t from[SERIAL_LEN];
		struct json_list list;

		random_bytes(from, sizeof(from));
		from[0] = (uint8_t)(from[0] % 120);
		const struct db_param params[] = {db_text(a->label), db_bytes(span_at(from, SERIAL_LEN)), db_int(1)};

		must(db_pool_all(cad.db, CA_SERIALS_OF, params, &list));
		must(list.count == 1 ? ERR_OK : ERR_NOT_FOUND);
		memcpy(out[i], ((const struct serial_row *)list.items)->serial.ptr, SERIAL_LEN);
		db_rows_free(&ca_statements[CA_SERIALS_OF], &list);
	}
}

static void
cost(size_t count)
{
	static int64_t times[3][MAX_COUNT];
	static uint8_t serials[MAX_COUNT][SERIAL_LEN];
	const struct authority *a = authority_find(&cad.authorities, "service-ca");

	pick(a, serials, count);
	for (size_t i = 0; i < count; i++) {
		OWN(X509) x = NULL;
		int64_t at = clock_ticks();

		answer(a, span_at(serials[i], SERIAL_LEN));
		times[0][i] = clock_ticks() - at;
		at = clock_ticks();
		issue(i, &x);
		times[1][i] = clock_ticks() - at;
		uint8_t serial[20];

		(void)BN_bn2binpad(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL), serial, SERIAL_LEN);
		at = clock_ticks();
		revoke(span_at(serial, SERIAL_LEN));
		times[2][i] = clock_ticks() - at;
	}
	printf("%lld %lld %lld\n", (long long)median(times[0], count), (long long)median(times[1], count),
		(long long)median(times[2], count));
}

/* ---- many ---- */

static enum err
enough(void *context, size_t done)
{
	return done >= *(const size_t *)context ? ERR_USED : ERR_OK;
}

static void
suspend(const char *profile, size_t count)
{
	const struct suspend_query q = {.profile = profile};
	const struct suspend_order order = {.actor = "bench", .channel = "local", .bulk = "bench"};
	const int64_t began = clock_ticks();
	size_t done;

	const enum err e = suspend_many(&cad, &q, &order, enough, &count, &done);

	must(e == ERR_USED ? ERR_OK : e);
	printf("%zu %.1f\n", done, (double)(clock_ticks() - began) / MICROSECONDS);
}

static void
lists(void)
{
	const int64_t began = clock_ticks();
	int64_t made = 0, entries = 0;

	for (size_t i = 0; i < cad.authorities.count; i++) {
		const struct authority *a = &cad.authorities.rows[i];

		for (int64_t shard = 0; !a->is_root && shard <= cad.config.crl_shards; shard++, made++) {
			struct crl_reading r;
			struct crl_entry entry;

			must(crl_renew(&cad, a, shard, true));
			struct crl *l = crl_set_list(cad.lists, a, shard);

			for (must(crl_read(crl_der(l), &r)); crl_next(&r, &entry) == ERR_OK;)
				entries++;
			crl_drop(l);
		}
	}
	printf("%lld %lld %.1f\n", (long long)made, (long long)entries, (double)(clock_ticks() - began) / MICROSECONDS);
}

int
main(int argc, char **argv)
{
	log_open("cad", LOG_LEVEL_WARN);
	if (argc < 3)
		return 2;
	must(cad_read(argv[2], &cad));
	must(cad_connect(&cad));
	for (size_t i = 0; i < cad.authorities.count; i++) {
		bool changed;

		if (!cad.authorities.rows[i].is_root)
			must(responder_ensure(&cad, &cad.authorities.rows[i], &changed));
	}
	if (strcmp(argv[1], "issue") == 0 && argc == 5)
		issue_all(atoi(argv[3]) > MAX_THREADS ? MAX_THREADS : atoi(argv[3]), atoi(argv[4]));
	else if (strcmp(argv[1], "cost") == 0 && argc == 4)
		cost(atoi(argv[3]) > MAX_COUNT ? MAX_COUNT : (size_t)atoi(argv[3]));
	else if (strcmp(argv[1], "suspend") == 0 && argc == 5)
		suspend(argv[3], (size_t)atol(argv[4]));
	else if (strcmp(argv[1], "lists") == 0)
		lists();
	else
		return 2;
	cad_free(&cad);
	return 0;
}
