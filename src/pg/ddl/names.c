/* names.c -- names that the columns of a Lance table cannot have. */
#include "fdw/fdw.h"

#include "ddl/alter.h"

/* Every Lance table has these already, when they are asked for: readers fail on a second one. */
static const char *const system_columns[] = {
	"_rowid", "_rowaddr", "_rowoffset", "_row_created_at_version", "_row_last_updated_at_version",
};

static void
refuse(const char *column_name, const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
					errmsg("column \"%s\" cannot have that name in a Lance table", column_name),
					errdetail_internal("%s", detail),
					errhint("Give the column another name, or an option column_name.")));
}

void
lancedb_check_new_name(const char *lance_name, const char *column_name)
{
	if (*lance_name == '\0')
		refuse(column_name, "Its option column_name is empty.");
	if (strchr(lance_name, '.') != NULL)
		refuse(column_name, psprintf("\"%s\" has a dot, which stands for parts of columns there.",
									 lancedb_message_text(lance_name)));
	for (size_t i = 0; i < lengthof(system_columns); i++)
	{
		if (strcmp(lance_name, system_columns[i]) == 0)
			refuse(column_name, psprintf("\"%s\" is a system column there.", lance_name));
	}
}
