/* call: one PKIMessage under way: taken apart, whoever sent it, its transaction, and the answer in the making. Used by cmp.c, whose request handler owns it, who.c and transaction.c. */
#ifndef MOHAR_CA_CMP_CALL_H
#define MOHAR_CA_CMP_CALL_H

#include "ca/cmp/answer.h"
#include "ca/cmp/message.h"
#include "ca/device/enroll.h"
#include "ca/device/secret.h"

enum { MAX_SKEW = 300, MAX_SENDER = 64 }; /* seconds; "certificate:SERIAL" */

/* One message under way. */
struct cmp_call {
	struct cad *cad;
	const char *profile; /* that the URL names; NULL: none */
	const char *address; /* whose message it is, for the limit */
	unix_time now;
	struct cmp_message m;
	struct writer part;     /* ProtectedPart */
	enum cmp_protection by; /* CMP_UNPROTECTED until it has been checked */
	char sender[MAX_SENDER];
	unix_time worthless; /* when what protects it ends */
	/* by a secret */
	struct enrolment_row enrolment;
	struct enrolment_secret secret;
	/* by a certificate */
	struct shown shown;
	/* the answer */
	struct span request_id; /* of a certificate's request, INTEGER whole */
	uint8_t nonce[CMP_NONCE_LEN];
	bool implicit;
	int type;
	struct writer body;
	struct writer extra;
};

/* who.c: is the message protected by the secret of an enrolment, or by a device's certificate (RFC 9810 5.1.3), and of now? From then on call->by says how, and the answer is protected likewise. */
MUST_USE enum cmp_fail cmp_who(struct cmp_call *call);

/* transaction.c: the transaction of the call begins, once: TRANSACTION_ID_IN_USE. */
MUST_USE enum cmp_fail cmp_begin(struct cmp_call *call);
/* It is over; from: the state that it must be in ("open", "waiting"). CERT_CONFIRMED if it is not. */
MUST_USE enum cmp_fail cmp_done(struct cmp_call *call, const char *from);
/* It waits for the holder of x to confirm it. */
MUST_USE enum err cmp_wait(struct cmp_call *call, const X509 *x);
/* certConf (RFC 9810 5.3.18): the end of one that waits; whoever rejects the certificate has it revoked. Writes the answer's body. */
MUST_USE enum cmp_fail cmp_confirm(struct cmp_call *call);

#endif
