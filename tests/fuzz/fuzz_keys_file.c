/* keys.json: who may use which key, and who decides over them. A changed file comes to mohar-hsmd as a proposal, from whoever reaches its socket. What is taken keeps what
 * keys_file.h promises; what is refused says why and owns nothing. */
/* covers: lib/policy/keys_file.c */
#include <string.h>

#include "policy/keys_file.h"
#include "policy/purpose.h"
#include "tests/fuzz/country.h"

static void
key_kept(const struct keys_file *f, const struct key_rule *k)
{
	uint32_t allowed = 0;

	promise(keys_file_key(f, span_of(k->label)) == k); /* one label, one key */
	promise((k->callers.count > 0) == purpose_has_callers(k->purpose));
	for (size_t i = 0; i < k->callers.count; i++) {
		const uint32_t bit = keys_file_caller(f, json_text_at(&k->callers, i));

		promise(bit != 0);
		allowed |= bit;
	}
	promise(k->allowed == allowed);
	promise(k->certificates.count <= MAX_RULES && k->activation.origins.count <= MAX_ORIGINS);
}

static void
file_kept(const struct keys_file *f)
{
	promise(f->version >= 1 && f->callers.count <= MAX_CALLERS && f->keys.count <= MAX_KEYS);
	promise(keys_file_caller(f, "ceremony") != 0);
	promise(keys_file_key(f, SPAN("no such label")) == NULL || f->keys.count > 0);
	for (size_t i = 0; i < f->keys.count; i++)
		key_kept(f, (const struct key_rule *)f->keys.items + i);
	promise(f->custodians.k >= 1 && (size_t)f->custodians.k <= f->custodians.names.count);
	for (size_t i = 0; i < f->operators.count; i++)
		promise(f->operators.rows[i].key != NULL || f->operators.rows[i].has_credential);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = span_at(data, size);
	AUTO(writer) bytes = writer_new(MAX_KEYS_FILE);
	AUTO(keys_file) read = {0};
	AUTO(keys_file) parsed = {0};
	enum err e;

	if (size > 1 << 16)
		return 0;
	e = keys_file_parse(text, &parsed);
	if (e == ERR_OK) {
		file_kept(&parsed);
	} else {
		promise(err_why()[0] != '\0');
		promise(parsed.version == 0 && parsed.keys.items == NULL && parsed.operators.count == 0);
	}
	/* The same from a file: what is hashed is what was read. */
	promise((keys_file_read(place_file(0, text), &bytes, &read) == ERR_OK) == (e == ERR_OK));
	promise(span_equal(writer_span(&bytes), text));
	err_forget();
	return 0;
}
