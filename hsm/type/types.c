#include "hsm/type/type.h"

static const struct type *const types[OBJECT_TYPES] = {
	[OBJECT_TBSCERTIFICATE] = &type_tbscertificate,
	[OBJECT_TBSCERTLIST] = &type_tbscertlist,
	[OBJECT_RESPONSEDATA] = &type_responsedata,
	[OBJECT_JWS] = &type_jws,
	[OBJECT_CHECKPOINT] = &type_checkpoint,
	[OBJECT_DOCUMENT] = &type_document,
	[OBJECT_TSTINFO] = &type_tstinfo,
};

const struct type *
type_find(const struct purpose *p, struct span object)
{
	for (size_t i = 0; i < MAX_PURPOSE_TYPES && p->types[i] != OBJECT_NONE; i++)
		if (types[p->types[i]]->looks(object))
			return types[p->types[i]];
	return NULL;
}
