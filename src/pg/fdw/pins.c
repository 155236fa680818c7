/* pins.c -- which version of a dataset a statement or a transaction reads. */
#include "fdw/fdw.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/*
 * How long a version that the planner saw may be taken over by the execution. Both belong to one
 * statement, but the planner does not say when a plan is thrown away (EXPLAIN), so a later
 * statement of the same function could otherwise read a version from before its own start.
 */
#define HANDOVER_MS 200

typedef enum PinScope
{
	PIN_TRANSACTION, /* until the transaction ends */
	PIN_SNAPSHOT,    /* while a scan or a portal under this snapshot is open */
	PIN_PLANNED      /* until an execution takes it over */
} PinScope;

typedef struct Pin
{
	dlist_node node;
	PinScope scope;
	char *key;
	LancedbVersion version;
	/*
	 * PIN_SNAPSHOT: compared, never followed. Its owners are executors and a portal that hold the
	 * snapshot longer than the memory that holds this pin, so the address is not used again too
	 * early. It is not registered again: the server changes snapshots that nobody else holds.
	 */
	Snapshot snapshot;
	Portal portal;         /* PIN_SNAPSHOT: NULL unless the portal is an owner */
	TimestampTz statement; /* PIN_PLANNED: when the client's message came */
	TimestampTz made;      /* PIN_PLANNED */
	int user_count;        /* PIN_SNAPSHOT */
	bool listed;
} Pin;

/* Pins of the current transaction. */
static dlist_head pins = DLIST_STATIC_INIT(pins);

static void
forget(Pin *pin)
{
	if (pin->listed)
		dlist_delete(&pin->node);
	pin->listed = false;
	if (pin->user_count == 0)
		pfree(pin);
}

static void
forget_all(XactEvent event, void *argument)
{
	dlist_mutable_iter at;

	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PARALLEL_PRE_COMMIT ||
		event == XACT_EVENT_PRE_PREPARE)
		return;
	dlist_foreach_modify(at, &pins) forget(dlist_container(Pin, node, at.cur));
}

static void
release(void *handle)
{
	Pin *pin = handle;

	if (--pin->user_count == 0)
		forget(pin);
}

static bool
was_just_planned(const Pin *pin)
{
	return pin->scope == PIN_PLANNED && pin->statement == GetCurrentStatementStartTimestamp() &&
		   !TimestampDifferenceExceeds(pin->made, GetCurrentTimestamp(), HANDOVER_MS);
}

static bool
applies_now(const Pin *pin)
{
	if (pin->scope == PIN_TRANSACTION)
		return true;
	/* a portal that failed is still there, but its snapshot is not */
	return pin->scope == PIN_SNAPSHOT && (pin->portal == NULL || pin->portal->queryDesc != NULL) &&
		   ActiveSnapshotSet() && pin->snapshot == GetActiveSnapshot();
}

static Pin *
find_pin(const char *key, bool (*wanted)(const Pin *pin))
{
	dlist_iter at;

	dlist_foreach(at, &pins)
	{
		Pin *pin = dlist_container(Pin, node, at.cur);

		if (strcmp(pin->key, key) == 0 && wanted(pin))
			return pin;
	}
	return NULL;
}

static void
add_owner(Pin *pin, MemoryContext context)
{
	pin->user_count++;
	lancedb_own(context, pin, release);
}

/*
 * What the planner sees under the snapshot of a running statement is that statement's: functions
 * of a query are planned in the middle of it.
 */
bool
lancedb_pin_find(const char *key, LancedbPinPurpose purpose, MemoryContext context,
				 LancedbVersion *version)
{
	Pin *pin = find_pin(key, applies_now);

	if (pin != NULL)
	{
		*version = pin->version;
		if (pin->scope == PIN_SNAPSHOT && purpose == LANCEDB_PIN_EXECUTION)
			add_owner(pin, context);
		return true;
	}
	pin = find_pin(key, was_just_planned);
	if (pin == NULL)
		return false;
	*version = pin->version;
	if (purpose == LANCEDB_PIN_EXECUTION)
		lancedb_pin_add(key, purpose, context, version);
	return true;
}

static PinScope
scope_for(LancedbPinPurpose purpose)
{
	if (IsolationUsesXactSnapshot())
		return PIN_TRANSACTION;
	return purpose == LANCEDB_PIN_PLANNING ? PIN_PLANNED : PIN_SNAPSHOT;
}

void
lancedb_pin_forget_planned(const char *key)
{
	dlist_mutable_iter at;

	dlist_foreach_modify(at, &pins)
	{
		Pin *pin = dlist_container(Pin, node, at.cur);

		if (pin->scope == PIN_PLANNED && strcmp(pin->key, key) == 0)
			forget(pin);
	}
}

/*
 * A STABLE function runs under the snapshot of the query that calls it, again and again: its pin
 * must not end with the function's own scan. Statements without a portal of their own snapshot
 * (INSERT ... SELECT) do not get that far: there each call decides anew.
 */
static void
own_by_snapshot(Pin *pin, MemoryContext context)
{
	pin->snapshot = GetActiveSnapshot();
	add_owner(pin, context);
	if (ActivePortal == NULL || ActivePortal->queryDesc == NULL ||
		ActivePortal->queryDesc->snapshot != pin->snapshot)
		return;
	add_owner(pin, ActivePortal->portalContext);
	pin->portal = ActivePortal;
}

void
lancedb_pin_add(const char *key, LancedbPinPurpose purpose, MemoryContext context,
				const LancedbVersion *version)
{
	static bool callback_registered = false;
	PinScope scope = scope_for(purpose);
	Pin *pin;

	if (scope == PIN_SNAPSHOT && !ActiveSnapshotSet())
		return;
	if (!callback_registered)
		RegisterXactCallback(forget_all, NULL);
	callback_registered = true;
	lancedb_pin_forget_planned(key); /* at most one for each key */

	/* Not the transaction's memory: the holder's may live a little longer. */
	pin = MemoryContextAllocZero(TopMemoryContext, sizeof(*pin) + strlen(key) + 1);
	pin->key = (char *) (pin + 1);
	memcpy(pin->key, key, strlen(key) + 1);
	pin->scope = scope;
	pin->version = *version;
	pin->statement = GetCurrentStatementStartTimestamp();
	pin->made = GetCurrentTimestamp();
	pin->listed = true;
	dlist_push_head(&pins, &pin->node);
	if (scope == PIN_SNAPSHOT)
		own_by_snapshot(pin, context);
}
