CREATE TABLE `accounts` (
	`account` text PRIMARY KEY NOT NULL,
	`venue` text NOT NULL,
	`environment` text NOT NULL,
	`identity` text NOT NULL,
	`state` text NOT NULL,
	`stream_state` text NOT NULL,
	`tracked_since` integer NOT NULL,
	`last_poll_at` integer,
	`last_complete_at` integer,
	`history_through` integer,
	`open_orders` integer DEFAULT 0 NOT NULL,
	`missing` integer DEFAULT 0 NOT NULL,
	`unknown` integer DEFAULT 0 NOT NULL,
	`quarantined` integer DEFAULT 0 NOT NULL,
	`last_error` text,
	`rejections` integer DEFAULT 0 NOT NULL,
	`pinned_identity` text NOT NULL,
	`partitions` text
);
--> statement-breakpoint
CREATE TABLE `fills` (
	`account` text NOT NULL,
	`venue_order_id` text NOT NULL,
	`trade_id` text NOT NULL,
	`quantity` text NOT NULL,
	`price` text,
	`fee` text,
	`fee_asset` text,
	`venue_time` integer,
	`kind` text NOT NULL,
	`reversed` integer NOT NULL,
	`stated_quantity` text NOT NULL,
	PRIMARY KEY(`account`, `venue_order_id`, `trade_id`)
);
--> statement-breakpoint
CREATE TABLE `meta` (
	`id` integer PRIMARY KEY NOT NULL,
	`log_id` text NOT NULL,
	`schema_version` integer NOT NULL,
	`first_seq` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`last_recorded_at` integer NOT NULL,
	`pruning` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "meta_is_one_row" CHECK("meta"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE `observations` (
	`id` integer PRIMARY KEY NOT NULL,
	`account` text NOT NULL,
	`kind` text NOT NULL,
	`venue_order_id` text NOT NULL,
	`at` integer NOT NULL,
	`source` text NOT NULL,
	`effect` text NOT NULL,
	`why` text NOT NULL,
	`said` text NOT NULL,
	`stored` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `observations_order` ON `observations` (`account`,`kind`,`venue_order_id`,`id`);--> statement-breakpoint
CREATE INDEX `observations_strangers` ON `observations` (`account`,`id`) WHERE stored = 0;--> statement-breakpoint
CREATE TABLE `order_events` (
	`seq` integer PRIMARY KEY NOT NULL,
	`event_id` text NOT NULL,
	`type` text NOT NULL,
	`account` text NOT NULL,
	`venue` text NOT NULL,
	`kind` text NOT NULL,
	`venue_order_id` text NOT NULL,
	`client_order_id` text,
	`symbol` text NOT NULL,
	`version` integer NOT NULL,
	`side` text,
	`venue_time` integer,
	`recorded_at` integer NOT NULL,
	`evidence` text NOT NULL,
	`reason` text,
	`fill_quantity` text,
	`fill_price` text,
	`filled_quantity` text NOT NULL,
	`quantity` text,
	`price` text,
	`trigger_price` text,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `order_events_event_id` ON `order_events` (`event_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `order_events_order` ON `order_events` (`account`,`kind`,`venue_order_id`,`version`);--> statement-breakpoint
CREATE TABLE `orders` (
	`id` integer PRIMARY KEY NOT NULL,
	`account` text NOT NULL,
	`venue` text NOT NULL,
	`kind` text NOT NULL,
	`venue_order_id` text NOT NULL,
	`client_order_id` text,
	`parent_order_id` text,
	`symbol` text NOT NULL,
	`base` text,
	`quote` text,
	`side` text,
	`position_side` text,
	`type` text NOT NULL,
	`time_in_force` text,
	`post_only` integer,
	`reduce_only` integer,
	`quantity` text,
	`quote_quantity` text,
	`price` text,
	`trigger_price` text,
	`filled_quantity` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`evidence` text NOT NULL,
	`opened_at` integer,
	`closed_at` integer,
	`replaces` text,
	`replaced_by` text,
	`version` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`venue_status` text,
	`venue_updated_at` integer,
	`first_seen_at` integer NOT NULL,
	`missing_since` integer,
	`average_fill_price` text,
	`fee` text,
	`fee_asset` text,
	`details` text NOT NULL,
	`venue_clock` text,
	`partition` text,
	`ended` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `orders_identity` ON `orders` (`account`,`kind`,`venue_order_id`);--> statement-breakpoint
CREATE INDEX `orders_status` ON `orders` (`account`,`status`,`symbol`);--> statement-breakpoint
CREATE INDEX `orders_unknown` ON `orders` (`account`,`id`) WHERE status = 'unknown';--> statement-breakpoint
CREATE INDEX `orders_symbol` ON `orders` (`account`,`symbol`);--> statement-breakpoint
CREATE INDEX `orders_client` ON `orders` (`client_order_id`) WHERE client_order_id is not null;--> statement-breakpoint
CREATE INDEX `orders_replaces` ON `orders` (`account`,`replaces`) WHERE replaces is not null;--> statement-breakpoint
CREATE TABLE `quarantine` (
	`id` integer PRIMARY KEY NOT NULL,
	`account` text NOT NULL,
	`place` text NOT NULL,
	`problem` text NOT NULL,
	`sample` text NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	`times` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `quarantine_item` ON `quarantine` (`account`,`place`,`problem`,`sample`);--> statement-breakpoint
CREATE INDEX `quarantine_age` ON `quarantine` (`account`,`last_at`);--> statement-breakpoint
CREATE TABLE `scopes` (
	`account` text NOT NULL,
	`scope` text NOT NULL,
	`last_complete_at` integer NOT NULL,
	PRIMARY KEY(`account`, `scope`)
);
--> statement-breakpoint
CREATE VIEW `open_orders` AS 
  select o.account, o.venue, o.kind, o.venue_order_id, o.client_order_id, o.parent_order_id, o.symbol, o.base, o.quote,
    o.side, o.position_side, o.type, o.time_in_force, o.post_only, o.reduce_only, o.quantity, o.quote_quantity, o.price,
    o.trigger_price, o.filled_quantity, o.evidence, o.opened_at, o.replaces, o.first_seen_at, o.missing_since, o.version,
    o.last_seq,
    (select max(s.last_complete_at) from scopes s where s.account = o.account and s.scope in
      (o.kind || '/account', o.kind || '/symbol/' || o.symbol, o.kind || '/partition/' || o.partition)) as as_of
  from accounts a join orders o on o.account = a.account and o.status = 'open'
  where a.state not in ('disabled', 'removed')
    and (a.partitions is null or o.partition is null or o.partition in (select value from json_each(a.partitions)));