#include <stdio.h>

#include "cli/cli.h"
#include "sandbox/sandbox.h"

int
main(int argc, char **argv)
{
	/* PINs pass through here: no core file, no debugger. */
	if (sandbox_harden() != ERR_OK) {
		fprintf(stderr, "mohar: %s\n", err_why());
		return EXIT_REFUSED;
	}
	return cli_main(argc, argv);
}
