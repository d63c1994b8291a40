/* Names as they are ordered, granted and asked for, and addresses and networks. Each line of the input is one; a first character chooses: d, a dns identifier; i, an ip identifier; g, a grant; n, acme_networks; a, an
 * address; r, a renewal identifier; c, a contact; u, the common name of a request for what was ordered last. What is granted and read is written and read again. */
/* covers: ca/acme/identifier.c ca/acme/network.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ca/acme/decide.h"
#include "ca/acme/identifier.h"
#include "ca/acme/network.h"
#include "tests/fuzz/country.h"

static char grant[300] = "land.example", ordered[MAX_IDENTIFIER_TEXT + 1] = "dns:land.example";
static struct networks networks;

static void
identifier(const char *type, const char *value)
{
	char *items[] = {grant}, text[MAX_IDENTIFIER_TEXT + 1], again[MAX_IDENTIFIER_TEXT + 1], sni[MAX_DNS_NAME + 81];
	const struct json_list grants = {items, 1};
	struct identifier i, back;

	if (identifier_read(type, value, &i) != ACME_OK)
		return;
	identifier_text(&i, text);
	promise(identifier_parse(text, &back) == ERR_OK);
	identifier_text(&back, again);
	promise(strcmp(text, again) == 0);
	identifier_sni(&i, sni);
	promise(sni[0] != '\0');
	(void)grants_allow(&grants, &i);
	memcpy(ordered, text, sizeof(ordered));
}

static void
address(const char *value)
{
	char text[ADDRESS_TEXT_LEN + 1];
	struct sockaddr_storage to;
	struct address a, back;
	socklen_t len;

	if (address_read(span_of(value), &a) != ERR_OK)
		return;
	address_text(&a, text);
	promise(address_read(span_of(text), &back) == ERR_OK && memcmp(&a, &back, sizeof(a)) == 0);
	address_socket(&a, 80, &to, &len);
	(void)networks_allow(&networks, &a);
}

static void
request(const char *common_name)
{
	static uint8_t spki[] = "a key", account[SHA256_LEN];
	char *items[] = {ordered};
	const struct json_list names = {items, 1};
	const struct json_bytes other = {account, sizeof(account)};
	struct name_part part = {"dns", common_name};
	const struct request_facts csr = {.spki = {spki, sizeof(spki)},
		.names = &part,
		.names_count = 1,
		.common_name = (char *)(uintptr_t)common_name};
	struct identifier i;

	if (csr_decide(&names, &csr, &other) == ACME_OK)
		promise(identifier_read("dns", common_name, &i) == ACME_OK);
}

static void
line(const char *text)
{
	struct renewal_id id;
	char *items[] = {(char *)(uintptr_t)(text + 1)};
	const struct json_list list = {items, 1};
	struct networks n;

	switch (text[0]) {
	case 'd':
		identifier("dns", text + 1);
		break;
	case 'i':
		identifier("ip", text + 1);
		break;
	case 'e':
		identifier("email", text + 1);
		break;
	case 'g':
		if (grant_check(text + 1) == ERR_OK && strlen(text + 1) < sizeof(grant))
			strcpy(grant, text + 1);
		break;
	case 'n':
		if (networks_read(text + 1, &n) == ERR_OK)
			networks = n;
		break;
	case 'a':
		address(text + 1);
		break;
	case 'r':
		(void)!renewal_id_read(text + 1, &id);
		break;
	case 'c':
		(void)!contacts_check(&list);
		break;
	case 'u':
		request(text + 1);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], *rest = text, *one;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	while ((one = strsep(&rest, "\n")) != NULL)
		line(one);
	return 0;
}
