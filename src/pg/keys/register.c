/* register.c -- what keys/ hooks into the server when the library is loaded. */
#include "keys/keys_impl.h"

#include "ddl/ddl.h"

void
lancedb_keys_register(void)
{
	lancedb_note_preload();
	lancedb_register_key_method();
	lancedb_register_planner_hook();
	lancedb_register_owner_hook();
	lancedb_register_utility_hook();
	lancedb_keys_recheck_hook = lancedb_keys_recheck;
}
