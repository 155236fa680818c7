/* created.h -- created.c for the event triggers of CREATE FOREIGN TABLE. */
#ifndef LANCEDB_CREATED_H
#define LANCEDB_CREATED_H

#include "fdw/fdw.h"

/* CREATE FOREIGN TABLE t () and nothing that would give it columns. */
extern bool lancedb_says_nothing_of_columns(const Node *statement);

/*
 * The Lance table that the statement of the event trigger under way made, or InvalidOid. Asked of
 * the server and not looked up by name: IF NOT EXISTS leaves alone what is there, which may be
 * somebody else's. Needs a connection to SPI.
 */
extern Oid lancedb_created_table(void);

/* Runs a command through SPI. */
extern void lancedb_run(const char *sql, int expected);

/* Columns that are there, dropped ones aside. */
extern int lancedb_count_columns(Oid relid);

#endif
