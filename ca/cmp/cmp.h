/* cmp: the Certificate Management Protocol (RFC 4210, RFC 9810) over HTTP (RFC 6712, RFC 9811): one address that takes a PKIMessage and answers with one. Used by ca/routes.c.
 * libcrypto's own server (OSSL_CMP_SRV_CTX of OpenSSL 3.0) is not used: it keeps a transaction in one process's memory, does not show the key that a template asks for, answers every refusal with
 * badRequest, and knows no PBMAC1. */
#ifndef MOHAR_CA_CMP_CMP_H
#define MOHAR_CA_CMP_CMP_H

#include "http/server.h"

enum { MAX_CMP_BODY = 64 << 10 };

/* POST /.well-known/cmp, and .../p/{profile}. */
enum err cmp_post(void *daemon, struct request *request, struct reply *reply);

#endif
