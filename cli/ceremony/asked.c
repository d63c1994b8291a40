#include "cli/ceremony/asked.h"

#include <string.h>

static const struct {
	const char *what, *title; /* title: %t the token, %k the key, %i the input */
	const char *asked;        /* %c: so many custodians */
} rows[] = {
	{"token", "Is this the token '%t'?", "the auditor writes down the head of its journal"},
	{"genesis-check", "Is the token '%t' fresh?",
		"the auditor compares the hash of keys.json, and writes down the head of the journal"},
	{"generate", "Make key '%k' on token '%t'", "the auditor compares the key's attributes as they are read back"},
	{"certificate", "Certify key '%k'", "%c read the summary, compare, and approve with card and PIN"},
	{"cross-certificate", "Certify the key of '%i' as '%k'",
		"its holder reads the key's SHA-256 aloud; %c read the summary, compare, and approve with card and PIN"},
	{"list", "Make the list of key '%k'", "%c read the summary, compare, and approve with card and PIN"},
	{"policy", "Propose '%i' as the next keys.json of token '%t'",
		"%c read the difference line by line, and approve with card and PIN; then the operator puts the file in place and restarts mohar-hsmd"},
	{"delete", "Destroy key '%k' of token '%t'",
		"%c read what depends on it, and approve with card and PIN; it cannot be undone"},
	{"destroy", "Destroy every key of token '%t'",
		"%c approve each key's end with card and PIN; it cannot be undone"},
	{"backup", "Name every file of '%i'", "the auditor compares the hash with the book"},
	{"restore", "Go on with token '%t' and journal as they are",
		"where they do not fit, %c read what is lost, and approve with card and PIN"},
	{"note", "Read aloud", "the ceremony leader reads; nobody has to answer"},
	{"confirm", "Confirm", "everybody looks; the operator types the word 'yes'"},
	{"expect", "Compare a result with what was expected", "the auditor compares the hash"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char guarded_asked[] =
	"%c read the summary, and approve with card and PIN; the auditor compares the key's attributes as they are read back";

static void
custodians_write(int64_t k, struct writer *w)
{
	if (k > 0)
		writer_format(w, "%lld custodians", (long long)k);
	else
		writer_text(w, "custodians");
}

void
asked_title(const char *what, const char *token, const char *key, const char *input, struct writer *w)
{
	const char *title = what;

	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].what, what) == 0)
			title = rows[i].title;
	for (; *title != '\0'; title++) {
		const char *value = title[0] != '%' ? NULL : title[1] == 't' ? token : title[1] == 'k' ? key : input;

		if (title[0] != '%') {
			writer_u8(w, (uint8_t)*title);
			continue;
		}
		writer_text(w, value == NULL ? "?" : value);
		title++;
	}
}

void
asked_of(const char *what, int64_t k, bool guarded, struct writer *w)
{
	const char *asked = "";

	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].what, what) == 0)
			asked = rows[i].asked;
	if (guarded && strcmp(what, "generate") == 0)
		asked = guarded_asked;
	for (; *asked != '\0'; asked++)
		if (asked[0] == '%') {
			custodians_write(k, w);
			asked++;
		} else {
			writer_u8(w, (uint8_t)*asked);
		}
}
