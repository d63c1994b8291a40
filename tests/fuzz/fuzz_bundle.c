/* Files as they are handed to `mohar verify`, in up to ten parts. Each part's first byte says what it is: T a trust file, K our own (its text goes nowhere), B an offline bundle, F a file to be judged;
 * D, S and L are files made from what follows: a decision's payload sealed, a status list's payload signed, an entry's good receipt. */
/* covers: cli/verify/pile.c cli/verify/verify.c */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/fuzz/country.h"

enum { MAX_PARTS = 10 };

/* cli/verbs.c knows rooms weakly; this one must be linked. */
extern const struct cli_verb *const needed;
const struct cli_verb *const needed = cli_verify;

/* The command line. What comes first is an option's name where the part is not a plain file. */
struct line {
	char *arguments[8 + 2 * MAX_PARTS];
	int count;
};

static void
say(struct line *l, const char *argument)
{
	l->arguments[l->count++] = (char *)(uintptr_t)argument;
}

static void
say_part(struct line *l, unsigned place, struct span part)
{
	const struct span rest = span_at(part.ptr + 1, part.len - 1);
	AUTO(writer) made = writer_new(1 << 20);

	switch (part.ptr[0]) {
	case 'K':
		writer_bytes(&made, writer_span(&country()->jwks));
		break;
	case 'D':
		country_seal(country()->land, "decision+jwt", rest, &made);
		break;
	case 'S':
		country_seal(country()->status, "statuslist+jwt", rest, &made);
		break;
	case 'L':
		country_receipt(rest, &made);
		break;
	default:
		writer_bytes(&made, rest);
	}
	if (part.ptr[0] == 'T' || part.ptr[0] == 'K')
		say(l, "--trust");
	if (part.ptr[0] == 'B')
		say(l, "--offline");
	say(l, place_file(place, writer_span(&made)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool quiet;
	struct span rest = span_at(data, size), part = {0};
	struct line l = {.count = 0};
	bool trusted = false, decision = false;
	int code;

	if (!quiet)
		be_quiet();
	quiet = true;
	if (size > 1 << 16)
		return 0;
	say(&l, "mohar");
	say(&l, "verify");
	say(&l, "--json");
	say(&l, "--at");
	say(&l, "2027-01-15T08:00:00Z");
	for (unsigned place = 0; place < MAX_PARTS && part_take(&rest, &part); place++) {
		if (part.len == 0)
			continue;
		trusted = trusted || part.ptr[0] == 'T' || part.ptr[0] == 'K';
		decision = decision || part.ptr[0] == 'D';
		say_part(&l, place, part);
	}
	code = cli_main(l.count, l.arguments);
	promise(code >= EXIT_DONE && code <= EXIT_USAGE);
	promise(code != EXIT_DONE || !decision || trusted); /* no decision is valid whom nobody was told to believe */
	return 0;
}
