/* The words of a profile and what they stand for. */
#include <string.h>

#include "x509/profile.h"

static const char *const key_usages[] = {
	/* by bit, RFC 5280 4.2.1.3 */
	"digitalSignature",
	"nonRepudiation",
	"keyEncipherment",
	"dataEncipherment",
	"keyAgreement",
	"keyCertSign",
	"cRLSign",
	"encipherOnly",
	"decipherOnly",
	NULL,
};

/* RFC 5280 4.2.1.12 */
static const struct purpose {
	const char *name, *oid;
} purposes[] = {
	{"serverAuth", "1.3.6.1.5.5.7.3.1"},
	{"clientAuth", "1.3.6.1.5.5.7.3.2"},
	{"codeSigning", "1.3.6.1.5.5.7.3.3"},
	{"emailProtection", "1.3.6.1.5.5.7.3.4"},
	{"timeStamping", "1.3.6.1.5.5.7.3.8"},
	{"ocspSigning", "1.3.6.1.5.5.7.3.9"},
};

int
key_usage_bit(const char *name)
{
	for (int i = 0; key_usages[i]; i++)
		if (strcmp(key_usages[i], name) == 0)
			return i;
	return -1;
}

/* The OID of a purpose's name; the name itself if it is none. */
static const char *
purpose_oid(const char *name)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strcmp(purposes[i].name, name) == 0)
			return purposes[i].oid;
	return name;
}

ASN1_OBJECT *
extended_key_usage_object(const char *name)
{
	return OBJ_txt2obj(purpose_oid(name), 1);
}

int
extended_key_usage_nid(const char *name)
{
	return OBJ_txt2nid(purpose_oid(name));
}

bool
profile_lists(const struct json_list *list, const char *oid)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(purpose_oid(json_text_at(list, i)), oid) == 0)
			return true;
	return false;
}
