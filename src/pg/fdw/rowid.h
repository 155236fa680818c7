/*
 * rowid.h -- rows of a Lance table as ctid.
 *
 * The executor carries a row's identity in a Var, and the only one that a foreign table's slots
 * offer is ctid with its 48 bits. A ctid here counts the physical rows of one view of the table, so it
 * means something within one statement (one transaction from REPEATABLE READ on, until it writes).
 */
#ifndef LANCEDB_ROWID_H
#define LANCEDB_ROWID_H

#include "lancedb/table.h"

#include "storage/itemptr.h"

typedef struct LancedbRowIds LancedbRowIds;

/* The table is borrowed. */
extern LancedbRowIds *lancedb_row_ids_new(const LancedbTable *table, MemoryContext context);

/* Blocks that ctids can be in. */
extern BlockNumber lancedb_row_block_count(const LancedbRowIds *ids);

/* The ctid of a row by its address, and the address of a row by its ctid. */
extern void lancedb_row_ctid(LancedbRowIds *ids, uint64 address, ItemPointer ctid);
extern uint64 lancedb_row_address(LancedbRowIds *ids, const ItemPointerData *ctid);

#endif
