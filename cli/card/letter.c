#include "cli/card/letter.h"

#include <string.h>

#include "base/file.h"
#include "base/random.h"

enum { PIN_DIGITS = 6, PUK_DIGITS = 8, MAX_LETTER = 4 << 10, MAX_LETTER_PATH = 4 << 10 };

void
letter_free(struct letter *l)
{
	secret_free(&l->pin);
	secret_free(&l->puk);
}

/* Each digit alike: bytes from 250 on are drawn again. */
static enum err
draw(size_t digits, struct secret **out)
{
	TRY(secret_new(digits, out));
	for (size_t i = 0; i < digits;) {
		uint8_t byte;

		random_bytes(&byte, 1);
		if (byte < 250)
			secret_bytes(*out)[i++] = (uint8_t)('0' + byte % 10);
	}
	return ERR_OK;
}

static enum err
line_of(struct span text, const char *name, struct secret **out)
{
	const size_t len = strlen(name);
	const uint8_t *at = memmem(text.ptr, text.len, name, len);
	size_t n = 0;

	REQUIRE_WHY(at != NULL, ERR_CORRUPT, "no line '%s' is in the letter", name + 1);
	at += len;
	while (at + n < text.ptr + text.len && at[n] >= '0' && at[n] <= '9')
		n++;
	REQUIRE_WHY(n > 0, ERR_CORRUPT, "no digits stand behind '%s' in the letter", name + 1);
	return secret_copy(span_at(at, n), out);
}

static enum err
read_letter(struct span text, struct letter *out)
{
	TRY(line_of(text, "\nPIN: ", &out->pin));
	return line_of(text, "\nPUK: ", &out->puk);
}

static void
write_letter(struct writer *w, const char *label, const char *handle, const struct letter *l)
{
	writer_format(w, "Your card %s\nFor: %s\n\nPIN: ", label, handle);
	writer_bytes(w, secret_span(l->pin));
	writer_text(w, "\nPUK: ");
	writer_bytes(w, secret_span(l->puk));
	writer_text(w,
		"\n\n"
		"The PIN is asked when you log in, and at every signature. Nobody else needs it: not at the counter, not by telephone.\n"
		"Change it at your first use. The PUK sets a new PIN when three wrong ones have locked the card; keep this letter apart from it.\n");
}

enum err
letter_of(const char *folder, const char *label, const char *handle, struct letter *out)
{
	AUTO(writer) path = writer_new(MAX_LETTER_PATH);
	AUTO(writer) text = writer_new(MAX_LETTER);

	*out = (struct letter){0};
	writer_format(&path, "%s/%s.txt", folder, label);
	TRY(writer_done(&path));
	const char *file = (const char *)writer_span(&path).ptr;
	enum err e = file_read(file, MAX_LETTER, &text);

	if (e == ERR_OK)
		return read_letter(writer_span(&text), out);
	REQUIRE(e == ERR_NOT_FOUND, e);
	err_forget();
	TRY(draw(PIN_DIGITS, &out->pin));
	TRY(draw(PUK_DIGITS, &out->puk));
	write_letter(&text, label, handle, out);
	TRY(writer_done(&text));
	return file_write(file, writer_span(&text), 0600);
}
