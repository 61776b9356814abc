-- +goose Up
-- Customers, staff, and how they stay signed in. Personal values are sealed
-- under the key named by key_id; *_index columns are blind indexes for look-up.

CREATE TABLE customer (
    id            TEXT NOT NULL PRIMARY KEY, -- internal
    key_id        TEXT NOT NULL,             -- internal
    email         BLOB  NOT NULL,                       -- personal
    email_index   BLOB  NOT NULL UNIQUE,                -- personal
    name          BLOB  NOT NULL,                       -- personal
    phone         BLOB  NOT NULL,                       -- personal
    fields        BLOB  NOT NULL,                       -- personal
    password_hash TEXT   NOT NULL,                       -- secret
    locale        TEXT   NOT NULL,                       -- internal
    verified_at   INTEGER,                                -- internal
    created_at    INTEGER NOT NULL,                       -- internal
    updated_at    INTEGER NOT NULL,                       -- internal
    version       INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_created ON customer (created_at, id);

CREATE TABLE customer_address (
    id               TEXT NOT NULL PRIMARY KEY, -- internal
    customer_id      TEXT NOT NULL REFERENCES customer (id), -- internal
    address          BLOB  NOT NULL,                       -- personal
    country          TEXT   NOT NULL CHECK (length(country) = 2), -- internal
    default_shipping INTEGER NOT NULL CHECK (default_shipping IN (0, 1)), -- internal
    default_billing  INTEGER NOT NULL CHECK (default_billing IN (0, 1)), -- internal
    created_at       INTEGER NOT NULL,                       -- internal
    updated_at       INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_address_customer ON customer_address (customer_id, id);

CREATE TABLE staff (
    id            TEXT NOT NULL PRIMARY KEY, -- internal
    key_id        TEXT NOT NULL,             -- internal
    email         BLOB  NOT NULL,                       -- personal
    email_index   BLOB  NOT NULL UNIQUE,                -- personal
    name          BLOB  NOT NULL,                       -- personal
    password_hash TEXT   NOT NULL,                       -- secret
    role          TEXT   NOT NULL,                       -- internal
    active        INTEGER NOT NULL CHECK (active IN (0, 1)), -- internal
    locale        TEXT   NOT NULL,                       -- internal
    single_keys   INTEGER NOT NULL CHECK (single_keys IN (0, 1)), -- internal
    created_at    INTEGER NOT NULL,                       -- internal
    updated_at    INTEGER NOT NULL,                       -- internal
    version       INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

-- id is the SHA-256 of the cookie's token, device what kind of browser holds it.
CREATE TABLE session (
    id         TEXT NOT NULL PRIMARY KEY, -- secret
    kind       TEXT   NOT NULL CHECK (kind IN ('customer', 'staff')), -- internal
    subject_id TEXT NOT NULL,             -- internal
    created_at INTEGER NOT NULL,                       -- internal
    seen_at    INTEGER NOT NULL,                       -- internal
    expires_at INTEGER NOT NULL,                       -- internal
    device     TEXT                                     -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX session_subject ON session (kind, subject_id);
CREATE INDEX session_expires ON session (expires_at);

-- A key of the API for a program. token_hash is the SHA-256 of the key, hint its last
-- four characters, scopes a JSON list of permissions.
CREATE TABLE api_token (
    id         TEXT NOT NULL PRIMARY KEY, -- internal
    token_hash TEXT   NOT NULL UNIQUE,                -- secret
    hint       TEXT   NOT NULL,                       -- internal
    name       TEXT   NOT NULL,                       -- internal
    scopes     TEXT   NOT NULL,                       -- internal
    made_by    TEXT REFERENCES staff (id), -- internal
    created_at INTEGER NOT NULL,                       -- internal
    expires_at INTEGER,                                -- internal
    used_at    INTEGER,                                -- internal
    revoked_at INTEGER                                 -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_made_by ON api_token (made_by);

-- id is the SHA-256 of the token in the link, sealed (under
-- the key of its subject) what else the link changes.
CREATE TABLE one_time_token (
    id         TEXT NOT NULL PRIMARY KEY, -- secret
    purpose    TEXT   NOT NULL CHECK (purpose IN ('setup', 'customer_reset', 'customer_verify', 'customer_email', 'staff_reset', 'staff_invite')), -- internal
    subject_id TEXT NOT NULL,             -- internal
    created_at INTEGER NOT NULL,                       -- internal
    expires_at INTEGER NOT NULL,                       -- internal
    used_at    INTEGER,                                -- internal
    sealed     BLOB                                     -- personal
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_token_subject ON one_time_token (purpose, subject_id);

-- +goose Down
DROP TABLE one_time_token; DROP TABLE api_token; DROP TABLE session; DROP TABLE staff; DROP TABLE customer_address; DROP TABLE customer;
