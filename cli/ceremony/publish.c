#include "cli/ceremony/publish.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "cli/order.h"
#include "verify/transcript.h"

enum { RECEIPT_TRIES = 40, TRY_MILLISECONDS = 250, MAX_URL = 2 << 10, MAX_PATH_TEXT = 4096 };

const struct cli_option ceremony_publish_options[] = {
	{"--signer-url", "URL", "the service that keeps the log", "MOHAR_SIGNER_URL", true, false},
	ORDER_TLS_OPTION,
	{0},
};

enum err
ceremony_receipt_path(const char *transcript, char *out, size_t size)
{
	size_t len = strlen(transcript);

	if (len > 5 && strcmp(transcript + len - 5, ".json") == 0)
		len -= 5;
	REQUIRE((size_t)snprintf(out, size, "%.*s.receipt.json", (int)len, transcript) < size, ERR_TOO_LONG);
	return ERR_OK;
}

/* Until a checkpoint holds it; each time it is not there yet the service says UNAVAILABLE. */
static enum err
receipt_wait(struct cli *c, const char *url, struct writer *receipt)
{
	const struct timespec pause = {0, TRY_MILLISECONDS * 1000000L};
	enum err e = ERR_UNAVAILABLE;

	for (size_t i = 0; i < RECEIPT_TRIES && e == ERR_UNAVAILABLE; i++) {
		err_forget();
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		writer_reset(receipt);
		e = order_get(c, url, receipt);
	}
	return e;
}

static enum err
post(struct cli *c, const struct transcript *t, struct span file, struct writer *receipt)
{
	AUTO(writer) url = writer_new(MAX_URL);
	AUTO(writer) answer = writer_new(MAX_ORDER_REPLY);

	writer_format(&url, "%s/ceremonies", cli_value(c, "--signer-url"));
	TRY(writer_done(&url));
	TRY(order_post(c, (const char *)writer_span(&url).ptr, "application/jose+json", file, &answer));
	writer_u8(&url, '/');
	hex_write(&url, sha256_span(&t->hash));
	writer_text(&url, "/receipt");
	TRY(writer_done(&url));
	return receipt_wait(c, (const char *)writer_span(&url).ptr, receipt);
}

enum err
ceremony_post(struct cli *c, const char *path)
{
	AUTO(writer) file = writer_new(2 * MAX_JWS);
	AUTO(writer) receipt = writer_new(MAX_RECEIPT);
	char receipt_path[MAX_PATH_TEXT];
	struct transcript t;
	enum err e;

	TRY(ceremony_receipt_path(path, receipt_path, sizeof(receipt_path)));
	TRY(file_read(path, 2 * MAX_JWS, &file));
	TRY(cli_about(path, transcript_read(writer_span(&file), &t)));
	e = post(c, &t, writer_span(&file), &receipt);
	if (e == ERR_OK)
		e = file_write(receipt_path, writer_span(&receipt), 0644);
	if (e == ERR_OK) {
		cli_hex(c, "transcript_sha256", sha256_span(&t.hash));
		cli_text(c, "receipt", receipt_path);
	}
	transcript_free(&t);
	return e;
}

int
ceremony_publish(struct cli *c)
{
	enum err e;

	cli_begin(c);
	e = cli_file_count(c) == 1 ? ceremony_post(c, cli_file(c, 0))
				   : err_because(ERR_MALFORMED, "name one transcript");
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
