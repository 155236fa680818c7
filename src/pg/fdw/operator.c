/* operator.c -- recognises the built-in operators whose meaning the core shares. */
#include "fdw/push.h"

#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

/* Families without a symbol in the server's headers; their numbers are fixed in pg_opfamily.dat. */
#define FLOAT_BTREE_FAMILY 1970
#define NUMERIC_BTREE_FAMILY 1988
#define DATETIME_BTREE_FAMILY 434
#define TIME_BTREE_FAMILY 1996

static Oid
btree_family(Oid typid)
{
	switch (typid)
	{
		case BOOLOID:
			return BOOL_BTREE_FAM_OID;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return INTEGER_BTREE_FAM_OID;
		case FLOAT4OID:
		case FLOAT8OID:
			return FLOAT_BTREE_FAMILY;
		case NUMERICOID:
			return NUMERIC_BTREE_FAMILY;
		case TEXTOID:
			return TEXT_BTREE_FAM_OID;
		case BYTEAOID:
			return BYTEA_BTREE_FAM_OID;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return DATETIME_BTREE_FAMILY;
		case TIMEOID:
			return TIME_BTREE_FAMILY;
		default:
			return InvalidOid;
	}
}

static bool
operator_in_family(Oid opno, Oid family, LdbCompareOp *op)
{
	switch (get_op_opfamily_strategy(opno, family))
	{
		case BTLessStrategyNumber:
			*op = LDB_OP_LT;
			return true;
		case BTLessEqualStrategyNumber:
			*op = LDB_OP_LE;
			return true;
		case BTEqualStrategyNumber:
			*op = LDB_OP_EQ;
			return true;
		case BTGreaterEqualStrategyNumber:
			*op = LDB_OP_GE;
			return true;
		case BTGreaterStrategyNumber:
			*op = LDB_OP_GT;
			return true;
		default:
			break;
	}
	/* <> is in no family, but its negator is */
	*op = LDB_OP_NE;
	opno = get_negator(opno);
	return OidIsValid(opno) && get_op_opfamily_strategy(opno, family) == BTEqualStrategyNumber;
}

/* `column op value`: only operators that came with the server, whoever extended a family. */
bool
lancedb_push_comparison(Oid opno, const LancedbPushColumn *column, LdbCompareOp *op,
						Oid *value_type)
{
	Oid family = btree_family(column->typid);
	Oid left;

	if (!OidIsValid(opno) || opno >= FirstGenbkiObjectId || !OidIsValid(family) ||
		!operator_in_family(opno, family, op))
		return false;
	op_input_types(opno, &left, value_type);
	return left == column->typid && lancedb_push_value_fits(column, *value_type);
}

/* Bytes decide equality under deterministic collations, and order under C alone. */
bool
lancedb_push_collation(const LancedbPushColumn *column, LdbCompareOp op, Oid collation)
{
	if (column->typid != TEXTOID)
		return true;
	if (!OidIsValid(collation))
		return false;
	if (op == LDB_OP_EQ || op == LDB_OP_NE)
		return get_collation_isdeterministic(collation);
	return lancedb_collation_is_c(collation);
}
