/* handlers: the routes of ACME, for the rows of ca/routes.c. */
#ifndef MOHAR_CA_ACME_HANDLERS_H
#define MOHAR_CA_ACME_HANDLERS_H

#include "http/server.h"

/* directory.c: RFC 8555 7.1.1, 7.2 */
enum err acme_directory(void *daemon, struct request *request, struct reply *reply);
enum err acme_new_nonce(void *daemon, struct request *request, struct reply *reply);

/* account.c: RFC 8555 7.3, 7.1.2.1 */
enum err acme_new_account(void *daemon, struct request *request, struct reply *reply);
enum err acme_account(void *daemon, struct request *request, struct reply *reply);
enum err acme_orders(void *daemon, struct request *request, struct reply *reply);

/* key_change.c: RFC 8555 7.3.5 */
enum err acme_key_change(void *daemon, struct request *request, struct reply *reply);

/* order.c: RFC 8555 7.4 */
enum err acme_new_order(void *daemon, struct request *request, struct reply *reply);
enum err acme_order(void *daemon, struct request *request, struct reply *reply);

/* finalize.c: RFC 8555 7.4, 7.4.2 */
enum err acme_finalize(void *daemon, struct request *request, struct reply *reply);
enum err acme_certificate(void *daemon, struct request *request, struct reply *reply);

/* authorization.c: RFC 8555 7.5 */
enum err acme_authorization(void *daemon, struct request *request, struct reply *reply);
enum err acme_challenge(void *daemon, struct request *request, struct reply *reply);

/* revoke.c: RFC 8555 7.6 */
enum err acme_revoke(void *daemon, struct request *request, struct reply *reply);

/* renewal.c: RFC 9773 4 */
enum err acme_renewal(void *daemon, struct request *request, struct reply *reply);

/* eab.c: operators' acts about keys for external account binding */
enum err eab_add(void *daemon, struct request *request, struct reply *reply);
enum err eab_revoke(void *daemon, struct request *request, struct reply *reply);
enum err eab_list(void *daemon, struct request *request, struct reply *reply);

#endif
