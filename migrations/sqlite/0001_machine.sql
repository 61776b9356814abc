-- +goose Up
-- What the machine itself needs: the change log, the outbox, jobs, request
-- keys and throttles. Every column ends in its class: public (anyone may read
-- it), internal (staff), personal (sealed under a person's key, or a blind
-- index of such a value), secret (nobody reads it back).

CREATE TABLE change_log (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- internal
    at          INTEGER NOT NULL,                                     -- internal
    actor_kind  TEXT   NOT NULL CHECK (actor_kind IN ('system', 'staff', 'customer', 'guest', 'key')), -- internal
    actor_id    TEXT   NOT NULL,                                     -- internal
    action      TEXT   NOT NULL,                                     -- internal
    object_kind TEXT   NOT NULL,                                     -- internal
    object_id   TEXT NOT NULL,                           -- internal
    before      TEXT   NOT NULL,                                     -- internal
    after       TEXT   NOT NULL,                                     -- internal
    reason      TEXT   NOT NULL                                      -- internal
) STRICT;
CREATE INDEX change_log_object ON change_log (object_kind, object_id, seq);

CREATE TABLE outbox (
    id         TEXT NOT NULL PRIMARY KEY, -- internal
    topic      TEXT   NOT NULL,                       -- internal
    payload    TEXT   NOT NULL,                       -- internal
    created_at INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_created ON outbox (created_at);

CREATE TABLE job (
    id           TEXT NOT NULL PRIMARY KEY, -- internal
    kind         TEXT   NOT NULL,                       -- internal
    args         TEXT   NOT NULL,                       -- internal
    unique_key   TEXT UNIQUE,               -- internal
    priority     INTEGER NOT NULL,                       -- internal
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'dead')), -- internal
    run_at       INTEGER NOT NULL,                       -- internal
    again_at     INTEGER,                               -- internal
    attempts     INTEGER NOT NULL CHECK (attempts >= 0), -- internal
    max_attempts INTEGER NOT NULL CHECK (max_attempts > 0), -- internal
    lease_until  INTEGER,                                -- internal
    lease_by     TEXT,                                  -- internal
    last_error   TEXT   NOT NULL,                       -- internal
    created_at   INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX job_due ON job (priority, run_at) WHERE state = 'waiting';

CREATE TABLE request_key (
    scope      TEXT NOT NULL, -- internal
    key        TEXT NOT NULL, -- internal
    body_hash  BLOB  NOT NULL,           -- internal
    state      TEXT   NOT NULL CHECK (state IN ('running', 'done')), -- internal
    status     INTEGER NOT NULL,           -- internal
    headers    TEXT   NOT NULL,           -- internal
    response   BLOB,                     -- personal
    created_at INTEGER NOT NULL,           -- internal
    expires_at INTEGER NOT NULL,           -- internal
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_key_expires ON request_key (expires_at);

-- The state of one rate limiter (GCRA): the theoretical arrival time of the
-- next request that is not early.
CREATE TABLE throttle (
    bucket     TEXT NOT NULL PRIMARY KEY, -- internal
    arrival_at INTEGER NOT NULL,                       -- internal
    expires_at INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX throttle_expires ON throttle (expires_at);

-- +goose Down
DROP TABLE throttle; DROP TABLE request_key; DROP TABLE job; DROP TABLE outbox; DROP TABLE change_log;
