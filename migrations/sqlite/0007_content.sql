-- +goose Up
-- Words and letters: pages, blocks of the home page, messages, mails, imports.

CREATE TABLE page (
    id              TEXT NOT NULL PRIMARY KEY, -- public
    code            TEXT NOT NULL UNIQUE,      -- internal
    status          TEXT   NOT NULL CHECK (status IN ('draft', 'active')), -- internal
    menu            TEXT   NOT NULL CHECK (menu IN ('', 'shop', 'help', 'legal')), -- public
    position        INTEGER NOT NULL,                       -- public
    title           TEXT   NOT NULL,                       -- public
    body            TEXT   NOT NULL,                       -- public
    seo_description TEXT   NOT NULL,                       -- public
    created_at      INTEGER NOT NULL,                       -- internal
    updated_at      INTEGER NOT NULL,                       -- internal
    version         INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

-- One piece of the home page. target names what it links to, as kind:id
-- ("category:cat_…"), or is empty.
CREATE TABLE content_block (
    id         TEXT NOT NULL PRIMARY KEY, -- public
    place      TEXT   NOT NULL CHECK (place IN ('home', 'announcement')), -- public
    kind       TEXT   NOT NULL CHECK (kind IN ('hero', 'categories', 'products', 'story', 'notice')), -- public
    position   INTEGER NOT NULL,                       -- public
    status     TEXT   NOT NULL CHECK (status IN ('draft', 'active')), -- internal
    title      TEXT   NOT NULL,                       -- public
    body       TEXT   NOT NULL,                       -- public
    action     TEXT   NOT NULL,                       -- public
    target     TEXT   NOT NULL,                       -- public
    media_id   TEXT REFERENCES media (id), -- public
    created_at INTEGER NOT NULL,                       -- internal
    updated_at INTEGER NOT NULL,                       -- internal
    version    INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_message (
    id         TEXT NOT NULL PRIMARY KEY, -- internal
    key_id     TEXT NOT NULL,             -- internal
    message    BLOB  NOT NULL,                       -- personal
    email_index BLOB NOT NULL,                   -- personal
    state      TEXT   NOT NULL CHECK (state IN ('new', 'done')), -- internal
    created_at INTEGER NOT NULL,                       -- internal
    updated_at INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_message_created ON contact_message (created_at, id);
CREATE INDEX contact_message_email ON contact_message (email_index, id);

-- once_key is "template:object:version": one letter each.
CREATE TABLE mail_message (
    id         TEXT NOT NULL PRIMARY KEY, -- internal
    once_key   TEXT NOT NULL UNIQUE,      -- internal
    template   TEXT   NOT NULL,                       -- internal
    object_id  TEXT NOT NULL,             -- internal
    key_id     TEXT NOT NULL,             -- internal
    locale     TEXT   NOT NULL,                       -- internal
    recipient  BLOB  NOT NULL,                       -- personal
    recipient_index BLOB  NOT NULL,                       -- personal
    content    BLOB,                                 -- personal
    state      TEXT   NOT NULL CHECK (state IN ('queued', 'kept', 'sent', 'failed')), -- internal
    attempts   INTEGER NOT NULL CHECK (attempts >= 0), -- internal
    last_error TEXT   NOT NULL,                       -- internal
    created_at INTEGER NOT NULL,                       -- internal
    sent_at    INTEGER                                 -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_message_created ON mail_message (created_at, id);
CREATE INDEX mail_message_object ON mail_message (object_id);
CREATE INDEX mail_message_failed ON mail_message (created_at, id) WHERE state = 'failed';
CREATE INDEX mail_message_recipient ON mail_message (recipient_index, created_at, id);

CREATE TABLE import_run (
    id          TEXT NOT NULL PRIMARY KEY, -- internal
    platform    TEXT   NOT NULL,                       -- internal
    file_name   TEXT   NOT NULL,                       -- internal
    file_hash   TEXT   NOT NULL,                       -- internal
    dry_run     INTEGER NOT NULL CHECK (dry_run IN (0, 1)), -- internal
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')), -- internal
    total       INTEGER NOT NULL,                       -- internal
    done        INTEGER NOT NULL,                       -- internal
    report      TEXT   NOT NULL,                       -- internal
    created_at  INTEGER NOT NULL,                       -- internal
    updated_at  INTEGER NOT NULL,                       -- internal
    finished_at INTEGER                                 -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX import_run_created ON import_run (created_at, id);
-- A file has one run under way; who finds it taken goes on with that one.
CREATE UNIQUE INDEX import_run_under_way ON import_run (platform, file_hash, dry_run) WHERE state IN ('waiting', 'running');

-- +goose Down
DROP TABLE import_run; DROP TABLE mail_message; DROP TABLE contact_message; DROP TABLE content_block; DROP TABLE page;
