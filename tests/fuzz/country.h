/* country: a little country that fuzz targets can seal, sign and log in, so that mutation reaches what stands behind a signature. Its keys are the same in every run; they are
 * worth nothing. Used by the targets of decisions, status lists, bundles and the log. */
#ifndef MOHAR_TESTS_FUZZ_COUNTRY_H
#define MOHAR_TESTS_FUZZ_COUNTRY_H

#include <openssl/x509.h>

#include "verify/decision.h"

#define COUNTRY_ORIGIN "mohar.example/log"
#define COUNTRY_LIST "https://signer.example/status/1"
enum { COUNTRY_NOW = 1800000000 }; /* 2027-01-15T08:00:00Z */

struct country {
	EVP_PKEY *land, *tax, *status, *log; /* two agencies' seals, status lists, checkpoints: all Ed25519 */
	struct writer jwks;                  /* what signerd would publish */
	struct trust trust, without_log;
};

/* Made when first asked for, for the life of the process. */
const struct country *country(void);

/* Appends payload as a compact JWS of typ by key, kid its thumbprint. */
void country_seal(EVP_PKEY *key, const char *typ, struct span payload, struct writer *out);
/* Appends a checkpoint's note signed by the log. */
void country_note(uint64_t size, const struct sha256 *root, struct writer *out);
/* Appends the receipt of an entry that is alone in the log. */
void country_receipt(struct span entry, struct writer *out);

/* A CA's certificate, its key that of land; and one it issued, serial 01 02 .. 10. Borrowed. */
X509 *country_ca(void);
X509 *country_card(void);

/* Inputs of several parts: each ends at a record separator (0x1e) or at the input's end. False: there is none left. */
bool part_take(struct span *rest, struct span *part);

/* Aborts unless kept: what a target promises of its code. */
void promise(bool kept);

/* A path that opens these bytes as a regular file until the next call with the same place, 0 to 15. */
enum { MAX_PLACES = 16 };
const char *place_file(unsigned place, struct span bytes);

/* What the program prints goes nowhere from now on; libFuzzer's own words and sanitizers' reports stay. */
void be_quiet(void);

#endif
