/* say: what a daemon would log, for tests/flows/operations: `say FORMAT [WHAT [TEXT]]` writes one line on standard error in that format; without TEXT a name that tries to end the line, the
 * structure and the terminal's patience. */
#include <stdio.h>

#include "base/log.h"

static const char hostile[] =
	"name=a\n<14>1 2026-01-01T00:00:00Z h mohar-idpd 1 login - forged\r]\"\\ [x@1 y=\"z\"]\x1b[2J\xc2\x9b"
	"1m\xe2\x80\xae"
	"evil\xe2\x80\xa8x\xff\xe0\xa4\xa8";

int
main(int argc, char **argv)
{
	if (argc < 2 || log_format_use(argv[1]) != ERR_OK) {
		(void)fprintf(stderr, "usage: say text|json|syslog [WHAT [TEXT]]\n");
		return 2;
	}
	log_open("mohar-test", LOG_LEVEL_INFO);
	log_refusal(argc > 2 ? argv[2] : "login", ERR_REFUSED, argc > 3 ? argv[3] : hostile);
	return 0;
}
