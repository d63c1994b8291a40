/* The QcStatements of ETSI EN 319 412-5: compliance (4.2.1), sscd (4.2.2), type (4.2.3). */
#include <openssl/asn1t.h>
#include <string.h>

#include "x509/own.h"
#include "x509/profile.h"

#define ID_ETSI_QCS "0.4.0.1862.1"

static const struct statement {
	const char *name, *oid;
	const char *type; /* QcType: the one object it lists */
} statements[] = {
	{"compliance", ID_ETSI_QCS ".1", NULL},
	{"sscd", ID_ETSI_QCS ".4", NULL},
	{"type-esign", ID_ETSI_QCS ".6", ID_ETSI_QCS ".6.1"},
	{"type-eseal", ID_ETSI_QCS ".6", ID_ETSI_QCS ".6.2"},
	{"type-web", ID_ETSI_QCS ".6", ID_ETSI_QCS ".6.3"},
};

/* RFC 3739 3.2.6: QCStatement ::= SEQUENCE { statementId OBJECT IDENTIFIER, statementInfo ANY OPTIONAL } */
typedef struct qc_statement {
	ASN1_OBJECT *id;
	ASN1_TYPE *info;
} QC_STATEMENT;
typedef STACK_OF(QC_STATEMENT) QC_STATEMENTS;
DEFINE_STACK_OF(QC_STATEMENT)

ASN1_SEQUENCE(QC_STATEMENT) = {
	ASN1_SIMPLE(QC_STATEMENT, id, ASN1_OBJECT),
	ASN1_OPT(QC_STATEMENT, info, ASN1_ANY),
} static_ASN1_SEQUENCE_END(QC_STATEMENT)

ASN1_ITEM_TEMPLATE(QC_STATEMENTS) =
	ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SEQUENCE_OF, 0, QC_STATEMENTS, QC_STATEMENT)
static_ASN1_ITEM_TEMPLATE_END(QC_STATEMENTS)

static const struct statement *
statement_find(const char *name)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (strcmp(statements[i].name, name) == 0)
			return &statements[i];
	return NULL;
}

bool
qc_statement_known(const char *name)
{
	return statement_find(name) != NULL;
}

/* SEQUENCE OF OBJECT IDENTIFIER with the one type. */
static enum err
type_info(const char *oid, ASN1_TYPE **out)
{
	OWN(ASN1_OBJECT) object = OBJ_txt2obj(oid, 1);
	ASN1_STRING *sequence = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	uint8_t der[32], *p = der + 2;

	*out = ASN1_TYPE_new();
	const int len = object ? i2d_ASN1_OBJECT(object, NULL) : -1;
	bool ok = *out && sequence && len > 0 && (size_t)len <= sizeof(der) - 2;

	if (ok) {
		der[0] = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;
		der[1] = (uint8_t)i2d_ASN1_OBJECT(object, &p);
		ok = ASN1_STRING_set(sequence, der, 2 + len) == 1;
	}
	if (!ok) {
		ASN1_STRING_free(sequence);
		return own_failed(ERR_CRYPTO, "EN 319 412-5 4.2.3: QcType");
	}
	ASN1_TYPE_set(*out, V_ASN1_SEQUENCE, sequence); /* takes it */
	return ERR_OK;
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
