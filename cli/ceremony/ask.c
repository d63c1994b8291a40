#include "cli/ceremony/ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ANSWER = 64 };

enum err
ceremony_ask(struct cli *c, const char *question)
{
	char answer[MAX_ANSWER] = "";

	if (cli_flag(c, "--yes"))
		return ERR_OK;
	REQUIRE_WHY(isatty(STDIN_FILENO) != 0, ERR_REFUSED, "nobody is at a terminal to be asked: %s (--yes answers)",
		question);
	fprintf(stderr, "%s Type yes: ", question);
	REQUIRE_WHY(fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0, ERR_REFUSED,
		"not confirmed: %s", question);
	return ERR_OK;
}
