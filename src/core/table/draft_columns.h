/* draft_columns.h -- schemas of a draft with another column. */
#ifndef LDB_TABLE_DRAFT_COLUMNS_H
#define LDB_TABLE_DRAFT_COLUMNS_H

#include "ldb/table/draft.h"

/* A copy of the field with ids that the table never had. */
LdbStatus ldb_draft_new_field(LdbDraft *draft, const LdbField *field, LdbField **made,
							  LdbError *err);

/* The draft's columns with the field at the end, or in place of the one that it replaces. */
LdbStatus ldb_draft_schema_with(LdbDraft *draft, LdbField *field, const char *replaces,
								LdbSchema **schema, LdbError *err);

#endif
