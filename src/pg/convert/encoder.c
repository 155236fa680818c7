/* encoder.c -- chooses how values of a column become those of its Lance column. */
#include "convert/encode_impl.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "convert/convert_impl.h"

/* Nothing but NULL fits a column of Lance's type null. */
static void
refuse_value(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	lancedb_encode_error(encoder, ERRCODE_DATA_EXCEPTION, "value that is not NULL");
}

static bool
make_nested(LancedbEncoder *encoder, const LdbField *field)
{
	if (encoder->typid == JSONBOID || encoder->typid == JSONOID)
		return lancedb_make_json_encoder(encoder, field);
	if (encoder->type->kind == LDB_TYPE_STRUCT || encoder->type->kind == LDB_TYPE_MAP)
		return false;
	return lancedb_make_array_encoder(encoder, field);
}

LancedbEncoder *
lancedb_encoder_of_type(const LdbType *type, const LdbField *field, const char *column, Oid typid,
						int32 typmod)
{
	LancedbEncoder *encoder = palloc0(sizeof(*encoder));

	check_stack_depth();
	encoder->type = ldb_type_value(type);
	encoder->column = column;
	encoder->typid = getBaseTypeAndTypmod(typid, &typmod);
	encoder->typmod = typmod;
	encoder->nullable = field == NULL || field->nullable;

	if (encoder->type->kind == LDB_TYPE_NULL)
		encoder->encode = refuse_value;
	else if (lancedb_is_nested(encoder->type->kind))
		return make_nested(encoder, field) ? encoder : NULL;
	else
		encoder->encode = lancedb_encode_function(encoder->type, encoder->typid);
	if (encoder->encode == lancedb_string_of_output)
	{
		Oid function;
		bool is_varlena;

		getTypeOutputInfo(encoder->typid, &function, &is_varlena);
		fmgr_info(function, &encoder->output);
	}
	return encoder->encode == NULL ? NULL : encoder;
}

LancedbEncoder *
lancedb_encoder_new(const LdbField *field, const char *column_name, Oid typid, int32 typmod)
{
	LancedbEncoder *encoder;

	/* what cannot be read back is not written */
	(void) lancedb_converter_new(field, column_name, typid, typmod);
	encoder = lancedb_encoder_of_type(&field->type, field, pstrdup(column_name), typid, typmod);
	if (encoder == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
						errmsg("values of column \"%s\" of type %s cannot be written to its Lance "
							   "column of type %s",
							   column_name, format_type_with_typemod(typid, typmod),
							   lancedb_field_type_name(field))));
	return encoder;
}

pg_noreturn static void
refuse_null(const LancedbEncoder *encoder)
{
	if (encoder->is_part)
		lancedb_encode_error(encoder, ERRCODE_NULL_VALUE_NOT_ALLOWED, "NULL element");
	ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
					errmsg("null value in column \"%s\" violates the not-null constraint of its "
						   "Lance column",
						   encoder->column)));
}

void
lancedb_encode(LancedbEncoder *encoder, Datum value, bool isnull, LdbBuilder *builder)
{
	LdbError err;

	if (!isnull)
		encoder->encode(encoder, value, builder);
	else if (encoder->nullable)
		lancedb_check(ldb_builder_null(builder, &err), &err);
	else
		refuse_null(encoder);
}

void
lancedb_add_fixed(LdbBuilder *builder, const void *value)
{
	LdbError err;

	lancedb_check(ldb_builder_fixed(builder, value, &err), &err);
}

void
lancedb_add_bytes(LdbBuilder *builder, const void *bytes, size_t length)
{
	LdbError err;

	lancedb_check(ldb_builder_bytes_value(builder, ldb_slice(bytes, length), &err), &err);
}

void
lancedb_close_row(LdbBuilder *builder)
{
	LdbError err;

	lancedb_check(ldb_builder_close_row(builder, &err), &err);
}

void
lancedb_encode_error(const LancedbEncoder *encoder, int sqlstate, const char *what)
{
	const char *name = ldb_type_name(encoder->type, lancedb_arena_new(CurrentMemoryContext));

	ereport(ERROR, (errcode(sqlstate), errmsg("%s in column \"%s\"", what, encoder->column),
					errdetail("Its Lance type is %s.", lancedb_message_text(name))));
}

static void
name_column(void *argument)
{
	errcontext("column \"%s\"", ((const LancedbEncoder *) argument)->column);
}

void
lancedb_push_encoder(ErrorContextCallback *callback, const LancedbEncoder *encoder)
{
	callback->callback = name_column;
	callback->arg = unconstify(LancedbEncoder *, encoder);
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

void
lancedb_pop_encoder(ErrorContextCallback *callback)
{
	error_context_stack = callback->previous;
}
