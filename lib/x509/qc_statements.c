/* The QcStatements of ETSI EN 319 412-5: compliance (4.2.1), sscd (4.2.2), type (4.2.3), legislation (4.2.4). */
#include <openssl/asn1t.h>
#include <string.h>

#include "x509/own.h"
#include "x509/profile.h"

#define ID_ETSI_QCS "0.4.0.1862.1"

static const struct statement {
	const char *name, *oid;
	const char *type; /* QcType: the one object it lists */
	bool country;     /* the name ends in a country code, which is listed */
} statements[] = {
	{"compliance", ID_ETSI_QCS ".1", NULL, false},
	{"sscd", ID_ETSI_QCS ".4", NULL, false},
	{"type-esign", ID_ETSI_QCS ".6", ID_ETSI_QCS ".6.1", false},
	{"type-eseal", ID_ETSI_QCS ".6", ID_ETSI_QCS ".6.2", false},
	{"type-web", ID_ETSI_QCS ".6", ID_ETSI_QCS ".6.3", false},
	{"legislation-", ID_ETSI_QCS ".7", NULL, true},
};

/* RFC 3739 3.2.6: QCStatement ::= SEQUENCE { statementId OBJECT IDENTIFIER, statementInfo ANY OPTIONAL } */
typedef struct qc_statement {
	ASN1_OBJECT *id;
	ASN1_TYPE *info;
} QC_STATEMENT;
typedef STACK_OF(QC_STATEMENT) QC_STATEMENTS;
DEFINE_STACK_OF(QC_STATEMENT)

ASN1_SEQUENCE(QC_STATEMENT) =
	{
		ASN1_SIMPLE(QC_STATEMENT, id, ASN1_OBJECT),
		ASN1_OPT(QC_STATEMENT, info, ASN1_ANY),
} static_ASN1_SEQUENCE_END(QC_STATEMENT)

		ASN1_ITEM_TEMPLATE(QC_STATEMENTS) = ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SEQUENCE_OF, 0, QC_STATEMENTS,
			QC_STATEMENT) static_ASN1_ITEM_TEMPLATE_END(QC_STATEMENTS)

	/* ISO 3166-1: two capital letters. */
	static bool is_country(const char *code)
{
	return code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && code[2] == 0;
}

static const struct statement *
statement_find(const char *name)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const size_t len = strlen(statements[i].name);

		if (!statements[i].country ? strcmp(statements[i].name, name) == 0
					   : strncmp(statements[i].name, name, len) == 0 && is_country(name + len))
			return &statements[i];
	}
	return NULL;
}

bool
qc_statement_known(const char *name)
{
	return statement_find(name) != NULL;
}

/* A SEQUENCE of the one element given in DER. */
static enum err
sequence_of(struct span element, ASN1_TYPE **out)
{
	ASN1_STRING *sequence = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	uint8_t der[32];

	*out = ASN1_TYPE_new();
	bool ok = *out && sequence && element.len <= sizeof(der) - 2;

	if (ok) {
		der[0] = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;
		der[1] = (uint8_t)element.len;
		memcpy(der + 2, element.ptr, element.len);
		ok = ASN1_STRING_set(sequence, der, (int)(2 + element.len)) == 1;
	}
	if (!ok) {
		ASN1_STRING_free(sequence);
		return own_failed(ERR_CRYPTO, "EN 319 412-5 4.2: statementInfo");
	}
	ASN1_TYPE_set(*out, V_ASN1_SEQUENCE, sequence); /* takes it */
	return ERR_OK;
}

/* 4.2.3: QcType ::= SEQUENCE OF OBJECT IDENTIFIER */
static enum err
type_info(const char *oid, ASN1_TYPE **out)
{
	OWN(ASN1_OBJECT) object = OBJ_txt2obj(oid, 1);
	unsigned char *der = NULL;
	const int len = object ? i2d_ASN1_OBJECT(object, &der) : -1;

	CRYPTO_OK(len > 0, "EN 319 412-5 4.2.3: QcType");
	const enum err e = sequence_of(span_at(der, (size_t)len), out);

	OPENSSL_free(der);
	return e;
}

/* 4.2.4: QcCClegislation ::= SEQUENCE OF PrintableString (SIZE (2)) */
static enum err
legislation_info(const char *country, ASN1_TYPE **out)
{
	const uint8_t der[] = {V_ASN1_PRINTABLESTRING, 2, (uint8_t)country[0], (uint8_t)country[1]};

	return sequence_of(span_at(der, sizeof(der)), out);
}

static void
qc_statement_free(QC_STATEMENT *s)
{
	ASN1_item_free((ASN1_VALUE *)s, ASN1_ITEM_rptr(QC_STATEMENT));
}

static enum err
statement_push(const char *name, QC_STATEMENTS *list)
{
	const struct statement *known = statement_find(name);

	REQUIRE_WHY(known, ERR_CONFIG, "EN 319 412-5 4.2: statement %s is not known here", name);
	QC_STATEMENT *s = (QC_STATEMENT *)ASN1_item_new(ASN1_ITEM_rptr(QC_STATEMENT));

	if (!s || !sk_QC_STATEMENT_push(list, s)) {
		qc_statement_free(s);
		return ERR_NO_MEMORY;
	}
	ASN1_OBJECT_free(s->id);
	s->id = OBJ_txt2obj(known->oid, 1);
	CRYPTO_OK(s->id, "QcStatement");
	if (known->country)
		return legislation_info(name + strlen(known->name), &s->info);
	return known->type ? type_info(known->type, &s->info) : ERR_OK;
}

static enum err
add_encoded(QC_STATEMENTS *list, X509 *x)
{
	OWN(ASN1_OCTET_STRING) value = ASN1_OCTET_STRING_new();
	unsigned char *der = NULL;
	const int len = ASN1_item_i2d((ASN1_VALUE *)list, &der, ASN1_ITEM_rptr(QC_STATEMENTS));

	CRYPTO_OK(value && len > 0, "QcStatements");
	ASN1_STRING_set0(value, der, len); /* takes der */
	OWN(X509_EXTENSION) extension = X509_EXTENSION_create_by_NID(NULL, NID_qcStatements, 0, value);

	CRYPTO_OK(extension && X509_add_ext(x, extension, -1) == 1, "QcStatements");
	return ERR_OK;
}

enum err
qc_statements_add(const struct json_list *names, X509 *x)
{
	QC_STATEMENTS *list = sk_QC_STATEMENT_new_null();
	enum err e = list ? ERR_OK : ERR_NO_MEMORY;

	for (size_t i = 0; i < names->count && e == ERR_OK; i++)
		e = statement_push(json_text_at(names, i), list);
	if (e == ERR_OK)
		e = add_encoded(list, x);
	sk_QC_STATEMENT_pop_free(list, qc_statement_free);
	return e;
}
