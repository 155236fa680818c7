/* next_transaction.c -- tells other writers what the next version does. */
#include "next.h"

#include "ldb/proto/proto.h"

typedef union Operation
{
	Ldb__Transaction__Append append;
	Ldb__Transaction__Delete delete_;
	Ldb__Transaction__Overwrite overwrite;
	Ldb__Transaction__Merge merge;
	Ldb__Transaction__Restore restore;
	Ldb__Transaction__Update update;
	Ldb__Transaction__Project project;
} Operation;

static LdbStatus
add_properties(const LdbNext *next, Ldb__Transaction *transaction, LdbError *err)
{
	const LdbCommitOptions *options = next->options;
	Ldb__ConfigEntry *entries;

	LDB_NEW(next->arena, transaction->transaction_properties, options->property_count, err);
	LDB_NEW(next->arena, entries, options->property_count, err);
	for (size_t i = 0; i < options->property_count; i++)
	{
		ldb__config_entry__init(&entries[i]);
		entries[i].key = (char *) (uintptr_t) options->properties[i].key;
		entries[i].value = (char *) (uintptr_t) options->properties[i].value;
		transaction->transaction_properties[i] = &entries[i];
	}
	transaction->n_transaction_properties = options->property_count;
	return LDB_OK;
}

static LdbStatus
set_rows(const LdbNext *next, Ldb__Transaction *transaction, Operation *operation, LdbError *err)
{
	if (next->operation == LDB_OPERATION_APPEND)
	{
		ldb__transaction__append__init(&operation->append);
		operation->append.n_fragments = next->added_count;
		operation->append.fragments = next->added;
		transaction->operation_case = LDB__TRANSACTION__OPERATION_APPEND;
		transaction->append = &operation->append;
		return LDB_OK;
	}
	if (next->operation == LDB_OPERATION_DELETE)
	{
		ldb__transaction__delete__init(&operation->delete_);
		operation->delete_.n_updated_fragments = next->updated_count;
		operation->delete_.updated_fragments = next->updated;
		operation->delete_.n_deleted_fragment_ids = next->removed_count;
		operation->delete_.deleted_fragment_ids = next->removed;
		operation->delete_.predicate = (char *) (uintptr_t) "";
		transaction->operation_case = LDB__TRANSACTION__OPERATION_DELETE;
		transaction->delete_ = &operation->delete_;
		return LDB_OK;
	}
	ldb__transaction__update__init(&operation->update);
	operation->update.n_removed_fragment_ids = next->removed_count;
	operation->update.removed_fragment_ids = next->removed;
	operation->update.n_updated_fragments = next->updated_count;
	operation->update.updated_fragments = next->updated;
	operation->update.n_new_fragments = next->added_count;
	operation->update.new_fragments = next->added;
	transaction->operation_case = LDB__TRANSACTION__OPERATION_UPDATE;
	transaction->update = &operation->update;
	return ldb_next_changed_fields(next, &operation->update.fields_for_preserving_frag_bitmap,
								   &operation->update.n_fields_for_preserving_frag_bitmap, err);
}

static void
set_columns(const LdbNext *next, Ldb__Transaction *transaction, Operation *operation)
{
	const Ldb__Manifest *message = &next->message;

	if (next->operation == LDB_OPERATION_PROJECT)
	{
		ldb__transaction__project__init(&operation->project);
		operation->project.n_schema = message->n_fields;
		operation->project.schema = message->fields;
		transaction->operation_case = LDB__TRANSACTION__OPERATION_PROJECT;
		transaction->project = &operation->project;
		return;
	}
	ldb__transaction__merge__init(&operation->merge);
	operation->merge.n_fragments = next->fragment_count;
	operation->merge.fragments = next->fragments;
	operation->merge.n_schema = message->n_fields;
	operation->merge.schema = message->fields;
	operation->merge.n_schema_metadata = message->n_schema_metadata;
	operation->merge.schema_metadata = message->schema_metadata;
	transaction->operation_case = LDB__TRANSACTION__OPERATION_MERGE;
	transaction->merge = &operation->merge;
}

static void
set_whole_table(const LdbNext *next, Ldb__Transaction *transaction, Operation *operation)
{
	if (next->operation == LDB_OPERATION_RESTORE)
	{
		ldb__transaction__restore__init(&operation->restore);
		operation->restore.has_version = true;
		operation->restore.version = next->content->manifest->version;
		transaction->operation_case = LDB__TRANSACTION__OPERATION_RESTORE;
		transaction->restore = &operation->restore;
		return;
	}
	ldb__transaction__overwrite__init(&operation->overwrite);
	operation->overwrite.n_fragments = next->added_count;
	operation->overwrite.fragments = next->added;
	operation->overwrite.n_schema = next->message.n_fields;
	operation->overwrite.schema = next->message.fields;
	transaction->operation_case = LDB__TRANSACTION__OPERATION_OVERWRITE;
	transaction->overwrite = &operation->overwrite;
}

LdbStatus
ldb_next_transaction(LdbNext *next, LdbSlice *bytes, LdbError *err)
{
	Ldb__Transaction transaction = LDB__TRANSACTION__INIT;
	Operation operation;

	transaction.has_read_version = true;
	transaction.read_version = next->version - 1;
	transaction.uuid = next->uuid;
	LDB_TRY(add_properties(next, &transaction, err));
	switch (next->operation)
	{
		case LDB_OPERATION_APPEND:
		case LDB_OPERATION_DELETE:
		case LDB_OPERATION_UPDATE:
			LDB_TRY(set_rows(next, &transaction, &operation, err));
			break;
		case LDB_OPERATION_PROJECT:
		case LDB_OPERATION_MERGE:
			set_columns(next, &transaction, &operation);
			break;
		case LDB_OPERATION_OVERWRITE:
		case LDB_OPERATION_RESTORE:
			set_whole_table(next, &transaction, &operation);
			break;
	}
	return ldb_proto_pack(&transaction.base, next->arena, "transaction", bytes, err);
}
