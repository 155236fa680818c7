/* remembered.h -- remembered.c for converter.c and field.c. */
#ifndef LANCEDB_CONVERT_REMEMBERED_H
#define LANCEDB_CONVERT_REMEMBERED_H

#include "convert/convert_impl.h"

/* The key in a field's metadata. */
#define LANCEDB_TYPE_KEY "lancedb:type"

/* What the metadata says of a type, in UTF-8; NULL when there is no word for it. */
extern const char *lancedb_describe_type(Oid typid, int32 typmod);

/*
 * The type that the field's metadata names, if it has some, the type exists here and the current
 * user may use it. Metadata comes from files: it can name but plain types of the server, enums
 * and pgvector's types, nothing that runs code of others.
 */
extern bool lancedb_remembered_type(const LdbField *field, Oid *typid, int32 *typmod);

#endif
