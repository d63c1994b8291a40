/* Certificate requests, certificates and lists from strangers. A request that was taken has a key and names that can be used. */
/* covers: lib/x509/csr.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "x509/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_facts r;
	char type[16], hex[41];
	X509 *x = NULL;

	if (csr_parse(span_at(data, size), &r) == ERR_OK) {
		if (spki_type(span_at(r.spki.ptr, r.spki.len), type) != ERR_OK || strcmp(type, r.key_type) != 0)
			abort();
		for (size_t i = 0; i < r.names_count; i++)
			if (!r.names[i].value || !r.names[i].type)
				abort();
		csr_free(&r);
	}
	if (certificate_parse(span_at(data, size), &x) == ERR_OK) {
		char *name = NULL;

		(void)!certificate_serial_hex(x, hex);
		(void)!certificate_attribute(x, "CN", &name);
		(void)!crl_check(span_at(data, size), x, x, 1767225600);
		free(name);
		X509_free(x);
	}
	return 0;
}
