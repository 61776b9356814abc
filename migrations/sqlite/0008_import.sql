-- +goose Up
-- What an import knows beyond its run: how far it came, what was wrong, and
-- which product came from where.

CREATE TABLE import_count (
    run_id    TEXT NOT NULL PRIMARY KEY REFERENCES import_run (id), -- internal
    created   INTEGER NOT NULL CHECK (created >= 0),   -- internal
    updated   INTEGER NOT NULL CHECK (updated >= 0),   -- internal
    unchanged INTEGER NOT NULL CHECK (unchanged >= 0), -- internal
    refused   INTEGER NOT NULL CHECK (refused >= 0),   -- internal
    variants  INTEGER NOT NULL CHECK (variants >= 0),  -- internal
    pictures  INTEGER NOT NULL CHECK (pictures >= 0),  -- internal
    problems  INTEGER NOT NULL CHECK (problems >= 0)   -- internal
) STRICT, WITHOUT ROWID;

-- at_row counts like a spreadsheet: the header is row 1; 0 is the whole file.
CREATE TABLE import_problem (
    run_id    TEXT NOT NULL REFERENCES import_run (id), -- internal
    seq       INTEGER NOT NULL CHECK (seq > 0),            -- internal
    at_row    INTEGER NOT NULL,                            -- internal
    at_column TEXT    NOT NULL,                            -- internal
    product   TEXT    NOT NULL,                            -- internal
    reason    TEXT    NOT NULL,                            -- internal
    params    TEXT    NOT NULL,                            -- internal
    value     TEXT    NOT NULL,                            -- internal
    notice    INTEGER NOT NULL CHECK (notice IN (0, 1)),   -- internal
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

-- source is the product's identity in the file it came from. hash is of what
-- the file said last, kept what of it the catalogue has no place for.
CREATE TABLE import_product (
    product_id TEXT NOT NULL PRIMARY KEY REFERENCES product (id), -- internal
    source     TEXT NOT NULL UNIQUE, -- internal
    hash       TEXT    NOT NULL,        -- internal
    kept       TEXT    NOT NULL,        -- internal
    updated_at INTEGER NOT NULL         -- internal
) STRICT, WITHOUT ROWID;

-- headings are the columns that imported files of a kind had, so that an export
-- calls them the same.
CREATE TABLE import_heading (
    platform TEXT NOT NULL, -- internal
    kind     TEXT NOT NULL, -- internal
    headings TEXT NOT NULL, -- internal
    PRIMARY KEY (platform, kind)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE import_heading; DROP TABLE import_product; DROP TABLE import_problem; DROP TABLE import_count;
