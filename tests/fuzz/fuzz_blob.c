/* A citizen's key as its keeper brings it: form, public half, credentials. What is read must be written the same way again. */
/* covers: lib/keyring/blob.c hsm/citizen/citizen_key.c */
#include <stdint.h>
#include <stdlib.h>

#include "hsm/citizen/citizen_key.h"
#include "tests/fuzz/country.h"

static void
same_again(const struct blob *b)
{
	AUTO(writer) w = writer_new(MAX_BLOB);

	blob_write(&w, b);
	promise(writer_done(&w) == ERR_OK && span_equal(writer_span(&w), b->sealed));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(citizen_key) *k = NULL;
	struct blob b;

	if (blob_read(span_at(data, size), &b) == ERR_OK) {
		promise(b.sealed.len + BLOB_MAC_LEN == size && b.count <= MAX_BLOB_CREDENTIALS);
		promise((b.state == BLOB_BORN) == (b.count > 0));
		same_again(&b);
	}
	if (citizen_key_read(span_at(data, size), &k) == ERR_OK) {
		promise(k->public_key != NULL && k->algorithm != NULL);
		for (size_t i = 0; i < k->blob.count; i++)
			promise((k->credentials[i].passkey != NULL) != (k->credentials[i].card != NULL));
	}
	err_forget();
	return 0;
}
