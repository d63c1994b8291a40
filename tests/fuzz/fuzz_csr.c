/* Certificate requests, certificates and lists from strangers. A request that was taken has a key and names that can be used. */
/* covers: lib/x509/csr.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/country.h"
#include "x509/x509.h"

/* A request made here from an M and parts like "CN=x" and "dns=x" is read as it was made. */
static void
make(struct span input)
{
	struct name_part parts[8];
	size_t count = 0;
	char *text[8] = {NULL};
	AUTO(writer) der = writer_new(MAX_CSR);
	struct request_facts r;
	struct span part;

	while (count < 8 && part_take(&input, &part) && span_text(part, &text[count]) == ERR_OK) {
		char *equals = strchr(text[count], '=');

		parts[count] = (struct name_part){text[count], equals == NULL ? "" : equals + 1};
		if (equals != NULL)
			*equals = '\0';
		count++;
	}
	for (size_t subject = 0; subject <= count; subject++) {
		writer_reset(&der);
		if (csr_make(country()->land, parts, subject, parts + subject, count - subject, &der) != ERR_OK ||
			csr_parse(writer_span(&der), &r) != ERR_OK)
			continue;
		promise(r.names_count == count - subject && strcmp(r.key_type, "Ed25519") == 0);
		csr_free(&r);
	}
	for (size_t i = 0; i < 8; i++)
		free(text[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_facts r;
	char type[16], hex[41];
	X509 *x = NULL;

	if (size > 0 && data[0] == 'M') {
		make(span_at(data + 1, size - 1));
		err_forget();
		return 0;
	}
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
