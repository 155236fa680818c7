/* head.c -- see head.h. */
#include "head.h"

#include "manifest_write.h"

LdbStatus
ldb_head_read(LdbLocations *locations, const LdbVersionHome *home, LdbVersionEntry *entry,
			  LdbArena *arena, LdbHead *head, const LdbCancel *cancel, LdbError *err)
{
	LdbManifest *manifest;

	*head = (LdbHead){.locations = locations, .uri = home->uri};
	LDB_TRY(ldb_versions_read(home, entry, arena, &head->file, cancel, err));
	head->name = entry->name;
	LDB_TRY(ldb_manifest_unpack(head->file, head->name, arena, &manifest, &head->message, err));
	if (manifest->version != entry->version)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\" says that it is version %llu", head->name,
				 (unsigned long long) manifest->version);
	head->manifest = manifest;
	return LDB_OK;
}

LdbStatus
ldb_head_dataset(LdbHead *head, LdbDataset **dataset, const LdbCancel *cancel, LdbError *err)
{
	LdbVersionChoice choice = {.version = head->manifest->version};

	if (head->dataset == NULL)
	{
		LDB_TRY(ldb_dataset_open(head->locations, head->uri, &choice, cancel, &head->dataset, err));
		head->owns_dataset = true;
	}
	*dataset = head->dataset;
	return LDB_OK;
}

void
ldb_head_close(LdbHead *head)
{
	if (head->owns_dataset)
		ldb_dataset_close(head->dataset);
	head->dataset = NULL;
	head->owns_dataset = false;
}

LdbStatus
ldb_head_deletions(LdbHead *head, size_t fragment_index, const uint8_t **deleted,
				   const LdbCancel *cancel, LdbError *err)
{
	LdbDataset *dataset;

	*deleted = NULL;
	if (head->manifest->fragments[fragment_index].deletion == NULL)
		return LDB_OK;
	LDB_TRY(ldb_head_dataset(head, &dataset, cancel, err));
	return ldb_dataset_deletions(dataset, fragment_index, deleted, NULL, cancel, err);
}

LdbStatus
ldb_head_indices(const LdbHead *head, LdbSlice *section, LdbError *err)
{
	*section = ldb_slice(NULL, 0);
	if (!head->message->has_index_section)
		return LDB_OK;
	return ldb_manifest_section(head->file, head->name, head->message->index_section, section, err);
}
