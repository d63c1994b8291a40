#include "cli/log/receipt.h"

#include <string.h>
#include <unistd.h>

enum { WAIT_MICROSECONDS = 10000000, PAUSE_MICROSECONDS = 200000 };

enum err
receipt_fetch(struct log_client *l, const char *schema, const struct uuid *event, struct receipt *out)
{
	const int64_t end = clock_ticks() + WAIT_MICROSECONDS;
	struct log_path p = {.resource = LOG_RECEIPT, .event = *event};
	AUTO(writer) json = writer_new(MAX_RECEIPT);
	enum err e;

	REQUIRE(strlen(schema) < sizeof(p.schema), ERR_NOT_FOUND);
	memcpy(p.schema, schema, strlen(schema));
	while ((e = log_client_get(l, &p, MAX_RECEIPT, &json)) == ERR_UNAVAILABLE && clock_ticks() < end) {
		err_forget();
		writer_reset(&json);
		(void)usleep(PAUSE_MICROSECONDS);
	}
	TRY(e);
	TRY(receipt_parse(writer_span(&json), out));
	e = receipt_check(out, l->trust.log_origin, l->trust.log_key);
	if (e != ERR_OK)
		receipt_free(out);
	return e;
}
