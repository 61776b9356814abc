-- +goose Up
-- The wrapped keys of people, in a file of their own that long-lived backups
-- leave out: deleting a row makes that person's data unreadable everywhere.

CREATE TABLE subject_key (
    id         TEXT NOT NULL PRIMARY KEY, -- secret
    wrapped    BLOB   NOT NULL,                       -- secret
    created_at INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE subject_key;
