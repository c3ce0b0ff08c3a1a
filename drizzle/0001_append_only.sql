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
CREATE TRIGGER `order_events_dense` BEFORE INSERT ON `order_events`
WHEN NEW.`seq` IS NOT coalesce((SELECT max(`seq`) FROM `order_events`), (SELECT `last_seq` FROM `meta`)) + 1
	OR EXISTS (SELECT 1 FROM `order_events` WHERE `event_id` = NEW.`event_id`)
BEGIN
	SELECT RAISE(ABORT, 'order_events is append-only');
END;
--> statement-breakpoint
PRAGMA application_id = 1869767795;
