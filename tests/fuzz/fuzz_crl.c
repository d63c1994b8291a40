/* Revocation lists from a network that lies, judged for one certificate. An M makes a list instead: hours from now to its beginning and end, its number, then 18 bytes for each entry (serial, hour, reason); the
 * verdict on it is known beforehand. */
/* covers: lib/x509/crl.c */
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "tests/fuzz/country.h"
#include "x509/x509.h"

enum { MAX_ENTRIES = 64, ENTRY = SERIAL_LEN + 2, HOUR = 3600 };

static const uint8_t own_serial[SERIAL_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void
make(struct span input)
{
	struct crl_entry entries[MAX_ENTRIES];
	struct crl_facts f = {.issuer = country_ca(), .entries = entries};
	AUTO(writer) der = writer_new(MAX_CRL);
	bool listed = false;
	enum err e;

	if (input.len < 3)
		return;
	f.this_update = COUNTRY_NOW + HOUR * (int8_t)input.ptr[0];
	f.next_update = COUNTRY_NOW + HOUR * (int8_t)input.ptr[1];
	f.number = (int8_t)input.ptr[2];
	for (const uint8_t *p = input.ptr + 3; p + ENTRY <= input.ptr + input.len && f.count < MAX_ENTRIES;
		p += ENTRY) {
		entries[f.count] =
			(struct crl_entry){.at = COUNTRY_NOW + HOUR * (int8_t)p[16], .reason = (int8_t)p[17] % 7};
		memcpy(entries[f.count].serial, p, SERIAL_LEN);
		listed = listed || memcmp(p, own_serial, SERIAL_LEN) == 0;
		f.count++;
	}
	if (crl_make(&f, country()->land, &der) != ERR_OK)
		return;
	promise(f.number > 0 && f.this_update < f.next_update);
	e = crl_check(writer_span(&der), country_ca(), country_card(), COUNTRY_NOW);
	if (f.this_update > COUNTRY_NOW || f.next_update < COUNTRY_NOW)
		promise(e == ERR_EXPIRED);
	else
		promise(e == (listed ? ERR_REVOKED : ERR_OK));
	promise(crl_make(&f, country()->tax, &der) == ERR_CONFIG); /* not the issuer's key */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 'M')
		make(span_at(data + 1, size - 1));
	else if (crl_check(span_at(data, size), country_ca(), country_card(), COUNTRY_NOW) == ERR_OK)
		promise(crl_check(span_at(data, size), country_card(), country_card(), COUNTRY_NOW) != ERR_OK);
	err_forget();
	return 0;
}
