/* test: what every unit test of idp/ begins with. */
#ifndef MOHAR_TEST_IDP_H
#define MOHAR_TEST_IDP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "idp/client/client.h"
#include "policy/assurance.h"
#include "policy/claims.h"

/* The policies as they are shipped. */
void test_policies(struct assurance_policy *assurance, struct claims_policy *claims);

/* A client registered for the code flow at levels 1 to 2, with one redirect address, scopes openid, profile, offline_access, and one resource. Freed by client_free. */
struct client *test_client(void);
#define TEST_REDIRECT "http://localhost:9009/cb"

/* A list of texts from words. */
struct json_list test_texts(const char *words);

/* The reason names this clause or word. */
#define assert_why(part) assert_non_null(strstr(err_why(), (part)))

#endif
