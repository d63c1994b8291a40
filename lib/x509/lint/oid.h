/* oid: object identifiers that rules look for, as the bytes in the certificate. Used by the rule groups only. */
#ifndef MOHAR_X509_LINT_OID_H
#define MOHAR_X509_LINT_OID_H

#include "base/span.h"

#define OID_CE(n) SPAN("\x55\x1d" n)                            /* 2.5.29 */
#define OID_PE(n) SPAN("\x2b\x06\x01\x05\x05\x07\x01" n)        /* 1.3.6.1.5.5.7.1 */
#define OID_KP(n) SPAN("\x2b\x06\x01\x05\x05\x07\x03" n)        /* 1.3.6.1.5.5.7.3 */
#define OID_AD(n) SPAN("\x2b\x06\x01\x05\x05\x07\x30" n)        /* 1.3.6.1.5.5.7.48 */
#define OID_QT(n) SPAN("\x2b\x06\x01\x05\x05\x07\x02" n)        /* 1.3.6.1.5.5.7.2 */
#define OID_AT(n) SPAN("\x55\x04" n)                            /* 2.5.4 */
#define OID_QCS(n) SPAN("\x04\x00\x8e\x46\x01" n)               /* 0.4.0.1862.1 */
#define OID_PKCS1(n) SPAN("\x2a\x86\x48\x86\xf7\x0d\x01\x01" n) /* 1.2.840.113549.1.1 */
#define OID_ECDSA_SHA2(n) SPAN("\x2a\x86\x48\xce\x3d\x04\x03" n)

#define OID_ANY_POLICY OID_CE("\x20\x00")
#define OID_ANY_PURPOSE OID_CE("\x25\x00")
#define OID_SERVER_AUTH OID_KP("\x01")
#define OID_CLIENT_AUTH OID_KP("\x02")
#define OID_CODE_SIGNING OID_KP("\x03")
#define OID_EMAIL_PROTECTION OID_KP("\x04")
#define OID_TIME_STAMPING OID_KP("\x08")
#define OID_OCSP_SIGNING OID_KP("\x09")
#define OID_OCSP OID_AD("\x01")
#define OID_CA_ISSUERS OID_AD("\x02")
#define OID_CPS OID_QT("\x01")
#define OID_USER_NOTICE OID_QT("\x02")

#define OID_COMMON_NAME OID_AT("\x03")
#define OID_SURNAME OID_AT("\x04")
#define OID_SERIAL_NUMBER OID_AT("\x05")
#define OID_COUNTRY OID_AT("\x06")
#define OID_ORGANIZATION OID_AT("\x0a")
#define OID_GIVEN_NAME OID_AT("\x2a")
#define OID_PSEUDONYM OID_AT("\x41")
#define OID_ORGANIZATION_ID OID_AT("\x61")
#define OID_EMAIL SPAN("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")
#define OID_DOMAIN_COMPONENT SPAN("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19")

#define OID_RSA OID_PKCS1("\x01")
#define OID_RSA_PSS OID_PKCS1("\x0a")
#define OID_EC SPAN("\x2a\x86\x48\xce\x3d\x02\x01")
#define OID_P256 SPAN("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384 SPAN("\x2b\x81\x04\x00\x22")
#define OID_P521 SPAN("\x2b\x81\x04\x00\x23")
#define OID_ED25519 SPAN("\x2b\x65\x70")
#define OID_ED448 SPAN("\x2b\x65\x71")
#define OID_ECDSA_SHA1 SPAN("\x2a\x86\x48\xce\x3d\x04\x01")

#define OID_QC_COMPLIANCE OID_QCS("\x01")
#define OID_QC_LIMIT OID_QCS("\x02")
#define OID_QC_RETENTION OID_QCS("\x03")
#define OID_QC_SSCD OID_QCS("\x04")
#define OID_QC_PDS OID_QCS("\x05")
#define OID_QC_TYPE OID_QCS("\x06")
#define OID_QC_LEGISLATION OID_QCS("\x07")
#define OID_QC_ESIGN OID_QCS("\x06\x01")
#define OID_QC_ESEAL OID_QCS("\x06\x02")
#define OID_QC_WEB OID_QCS("\x06\x03")

#endif
