/* est: Enrollment over Secure Transport (RFC 7030, RFC 8951): the routes of it, for the rows of ca/routes.c. Who may is told by HTTP Basic with an enrolment secret, or by the certificate of the TLS
 * session. The path may name a profile: /.well-known/est/tls-client/simpleenroll. */
#ifndef MOHAR_CA_EST_EST_H
#define MOHAR_CA_EST_EST_H

#include "http/server.h"

enum { MAX_EST_BODY = 64 << 10 };

/* RFC 7030 4.1, 4.2.1, 4.2.2, 4.5 */
enum err est_cacerts(void *daemon, struct request *request, struct reply *reply);
enum err est_simpleenroll(void *daemon, struct request *request, struct reply *reply);
enum err est_simplereenroll(void *daemon, struct request *request, struct reply *reply);
enum err est_csrattrs(void *daemon, struct request *request, struct reply *reply);

#endif
