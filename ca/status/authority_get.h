/* authority_get: CA certificates over HTTP, as certificates name them (RFC 5280 4.2.2.1): /ca/LABEL.cer in DER, /ca/bundle.pem all of them. Used by routes.c. */
#ifndef MOHAR_CA_STATUS_AUTHORITY_GET_H
#define MOHAR_CA_STATUS_AUTHORITY_GET_H

#include "http/server.h"

enum err authority_get(void *daemon, struct request *request, struct reply *reply);

#endif
