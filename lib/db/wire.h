/* wire: constants of PostgreSQL's binary formats (src/include/catalog/pg_type.dat; documentation 55.2). Used inside lib/db only. */
#ifndef MOHAR_DB_WIRE_H
#define MOHAR_DB_WIRE_H

enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_BOOL_ARRAY = 1000,
	OID_BYTEA_ARRAY = 1001,
	OID_TEXT_ARRAY = 1009,
	OID_INT8_ARRAY = 1016,
	OID_TIMESTAMPTZ_ARRAY = 1185,
	OID_UUID_ARRAY = 2951,
	OID_JSONB_ARRAY = 3807,
	OID_VARCHAR = 1043,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_JSONB = 3802,
};

enum { JSONB_VERSION = 1 };

#define WIRE_EPOCH ((int64_t)946684800)       /* 2000-01-01 in seconds since 1970 */
#define MAX_WIRE_TIME ((int64_t)253402300800) /* the year 10000: RFC 3339 ends there, and so do we */

#endif
