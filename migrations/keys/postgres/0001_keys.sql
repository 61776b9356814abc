-- +goose Up
-- The wrapped keys of people, in a schema of their own that long-lived backups
-- leave out: deleting a row makes that person's data unreadable everywhere.

CREATE TABLE subject_key (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- secret
    wrapped    BYTEA  NOT NULL,                       -- secret
    created_at BIGINT NOT NULL                        -- internal
);

-- +goose Down
DROP TABLE subject_key;
