/* handler.c -- the table of callbacks that the server gets from lancedb_fdw_handler. */
#include "fdw/fdw.h"

#include "fdw/modify.h"

PG_FUNCTION_INFO_V1(lancedb_fdw_handler);

Datum
lancedb_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = lancedb_get_rel_size;
	routine->GetForeignPaths = lancedb_get_paths;
	routine->GetForeignPlan = lancedb_get_plan;
	routine->GetForeignUpperPaths = lancedb_get_upper_paths;

	routine->BeginForeignScan = lancedb_begin_scan;
	routine->IterateForeignScan = lancedb_iterate_scan;
	routine->ReScanForeignScan = lancedb_rescan;
	routine->EndForeignScan = lancedb_end_scan;
	routine->ExplainForeignScan = lancedb_explain_scan;
	routine->AnalyzeForeignTable = lancedb_analyze;

	routine->IsForeignScanParallelSafe = lancedb_scan_is_parallel_safe;
	routine->EstimateDSMForeignScan = lancedb_estimate_dsm;
	routine->InitializeDSMForeignScan = lancedb_initialize_dsm;
	routine->ReInitializeDSMForeignScan = lancedb_reinitialize_dsm;
	routine->InitializeWorkerForeignScan = lancedb_initialize_worker;
	routine->ShutdownForeignScan = lancedb_shutdown_scan;

	routine->IsForeignRelUpdatable = lancedb_is_updatable;
	routine->AddForeignUpdateTargets = lancedb_add_update_targets;
	routine->BeginForeignModify = lancedb_begin_modify;
	routine->ExecForeignInsert = lancedb_exec_insert;
	routine->ExecForeignUpdate = lancedb_exec_update;
	routine->ExecForeignDelete = lancedb_exec_delete;
	routine->EndForeignModify = lancedb_end_modify;
	routine->BeginForeignInsert = lancedb_begin_insert;
	routine->EndForeignInsert = lancedb_end_modify;
	routine->ExplainForeignModify = lancedb_explain_modify;

	routine->PlanDirectModify = lancedb_plan_direct_modify;
	routine->BeginDirectModify = lancedb_begin_direct_modify;
	routine->IterateDirectModify = lancedb_iterate_direct_modify;
	routine->EndDirectModify = lancedb_end_direct_modify;
	routine->ExplainDirectModify = lancedb_explain_direct_modify;

	routine->ExecForeignTruncate = lancedb_truncate;

	routine->ImportForeignSchema = lancedb_import_schema;

	PG_RETURN_POINTER(routine);
}
