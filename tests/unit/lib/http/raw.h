/* raw: asks a server on loopback byte for byte, as no library would. Used by the tests of lib/http. */
#ifndef MOHAR_TEST_HTTP_RAW_H
#define MOHAR_TEST_HTTP_RAW_H

#include "base/writer.h"

/* Sends bytes to 127.0.0.1:port, reads to the end of the connection (or 2 s of silence) into out. The status of the first answer; 0 if none came. */
int raw_ask(int port, struct span bytes, struct writer *out);

/* raw_ask() with text. */
int raw_text(int port, const char *text, struct writer *out);

#endif
