-- +goose Up
-- What is where. Per variant and location:
--   on_hand    units on the shelf
--   allocated  of these, sold and not yet shipped
--   held       promised to shoppers who are paying now (sum of held reservations)
--   safety     kept back
-- Sellable is on_hand - allocated - held - safety + backorder_limit. on_hand and
-- allocated are the sums of the movements.

CREATE TABLE location (
    id         TEXT NOT NULL PRIMARY KEY, -- internal
    code       TEXT   NOT NULL UNIQUE,                -- internal
    name       TEXT   NOT NULL,                       -- internal
    country    TEXT   NOT NULL CHECK (length(country) = 2), -- internal
    position   INTEGER NOT NULL,                       -- internal
    active     INTEGER NOT NULL CHECK (active IN (0, 1)), -- internal
    created_at INTEGER NOT NULL,                       -- internal
    version    INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

CREATE TABLE stock_level (
    variant_id      TEXT NOT NULL REFERENCES variant (id),  -- internal
    location_id     TEXT NOT NULL REFERENCES location (id), -- internal
    on_hand         INTEGER NOT NULL CHECK (on_hand BETWEEN 0 AND 1000000000), -- internal
    allocated       INTEGER NOT NULL CHECK (allocated >= 0),             -- internal
    held            INTEGER NOT NULL CHECK (held >= 0),                  -- internal
    safety          INTEGER NOT NULL CHECK (safety BETWEEN 0 AND 1000000000), -- internal
    backorder_limit INTEGER NOT NULL CHECK (backorder_limit BETWEEN 0 AND 1000000000), -- internal
    updated_at      INTEGER NOT NULL,                                    -- internal
    PRIMARY KEY (variant_id, location_id)
) STRICT, WITHOUT ROWID;

-- Append-only. cause says why, document names the paper (an order line, a
-- shipment, an import run).
CREATE TABLE stock_movement (
    id              TEXT NOT NULL PRIMARY KEY, -- internal
    variant_id      TEXT NOT NULL REFERENCES variant (id),  -- internal
    location_id     TEXT NOT NULL REFERENCES location (id), -- internal
    on_hand_delta   INTEGER NOT NULL,                       -- internal
    allocated_delta INTEGER NOT NULL,                       -- internal
    cause           TEXT   NOT NULL CHECK (cause IN ('opening', 'adjustment', 'count', 'import', 'sale', 'shipment', 'cancellation', 'return')), -- internal
    document        TEXT NOT NULL,             -- internal
    note            TEXT   NOT NULL,                       -- internal
    actor_kind      TEXT   NOT NULL,                       -- internal
    actor_id        TEXT   NOT NULL,                       -- internal
    created_at      INTEGER NOT NULL,                       -- internal
    CHECK (on_hand_delta <> 0 OR allocated_delta <> 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_movement_variant ON stock_movement (variant_id, created_at, id);
CREATE INDEX stock_movement_document ON stock_movement (document);

-- +goose Down
DROP TABLE stock_movement; DROP TABLE stock_level; DROP TABLE location;
