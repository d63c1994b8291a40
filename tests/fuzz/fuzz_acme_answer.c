/* What a stranger's web server answers to http-01, and where its redirects lead. The first byte chooses: an A, an answer; an L, a Location. Reading in parts gives what reading whole gives. */
/* covers: ca/acme/http_answer.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ca/acme/http_answer.h"
#include "tests/fuzz/country.h"

static void
answer(struct span bytes)
{
	struct http_answer whole, part;
	bool more, more_of_part;
	const enum problem a = http_answer_read(bytes, &whole, &more);

	for (size_t len = 0; len < bytes.len; len += 1 + bytes.len / 8) {
		if (http_answer_read(span_at(bytes.ptr, len), &part, &more_of_part) != ACME_OK)
			promise(a != ACME_OK); /* what is refused early stays refused */
		else if (!more_of_part && a == ACME_OK)
			promise(part.status == whole.status && part.body.len <= whole.body.len);
	}
	if (a == ACME_OK && !more)
		promise(whole.status >= 0 && whole.status <= 999 && whole.body.len <= bytes.len);
}

static void
location(struct span text)
{
	const struct http_place from = {.host = "a.test", .authority = "a.test", .target = "/x"};
	struct http_place to;

	if (http_place_read(text, &from, &to) != ACME_OK)
		return;
	promise(to.host[0] != '\0' && to.target[0] == '/');
	promise(strpbrk(to.target, " \r\n#") == NULL && strpbrk(to.authority, " \r\n/@?#") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MAX_HTTP_ANSWER)
		return 0;
	if (data[0] == 'A')
		answer(span_at(data + 1, size - 1));
	else if (data[0] == 'L')
		location(span_at(data + 1, size - 1));
	return 0;
}
