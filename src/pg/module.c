/* module.c -- what happens once when the server loads lancedb.so. */
#include "lancedb/pg.h"

#include "ann/ann.h"
#include "lancedb/write.h"

#include "fdw/modify.h"
#include "lancedb/keys.h"

#include "ldb/simd/distance.h"
#include "ldb/store/mapping.h"

LANCEDB_MODULE_MAGIC;

void
_PG_init(void)
{
	lancedb_define_settings();
	lancedb_xact_register();
	lancedb_ann_register();
	lancedb_keys_register();
	lancedb_modify_register();
	/* Both are safe in the postmaster: neither starts a thread nor opens a file. */
	ldb_simd_init();
	ldb_mapping_install_handler();
}
