CREATE TRIGGER `order_events_no_update` BEFORE UPDATE ON `order_events`
BEGIN
	SELECT RAISE(ABORT, 'order_events is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `order_events_no_delete` BEFORE DELETE ON `order_events`
WHEN NOT EXISTS (SELECT 1 FROM `meta` WHERE `pruning` = 1)
BEGIN
	SELECT RAISE(ABORT, 'order_events is append-only');
END;
--> statement-breakpoint
PRAGMA application_id = 1869767795;
