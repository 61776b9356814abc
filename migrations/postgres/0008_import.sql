-- +goose Up
-- What an import knows beyond its run: how far it came, what was wrong, and
-- which product came from where.

CREATE TABLE import_count (
    run_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES import_run (id), -- internal
    created   BIGINT  NOT NULL CHECK (created >= 0),   -- internal
    updated   BIGINT  NOT NULL CHECK (updated >= 0),   -- internal
    unchanged BIGINT  NOT NULL CHECK (unchanged >= 0), -- internal
    refused   BIGINT  NOT NULL CHECK (refused >= 0),   -- internal
    variants  BIGINT  NOT NULL CHECK (variants >= 0),  -- internal
    pictures  BIGINT  NOT NULL CHECK (pictures >= 0),  -- internal
    problems  BIGINT  NOT NULL CHECK (problems >= 0)   -- internal
);

-- at_row counts like a spreadsheet: the header is row 1; 0 is the whole file.
CREATE TABLE import_problem (
    run_id    TEXT COLLATE "C" NOT NULL REFERENCES import_run (id), -- internal
    seq       BIGINT  NOT NULL CHECK (seq > 0),            -- internal
    at_row    BIGINT  NOT NULL,                            -- internal
    at_column TEXT   NOT NULL,                            -- internal
    product   TEXT   NOT NULL,                            -- internal
    reason    TEXT   NOT NULL,                            -- internal
    params    TEXT   NOT NULL,                            -- internal
    value     TEXT   NOT NULL,                            -- internal
    notice    BIGINT  NOT NULL CHECK (notice IN (0, 1)),   -- internal
    PRIMARY KEY (run_id, seq)
);

-- source is the product's identity in the file it came from. hash is of what
-- the file said last, kept what of it the catalogue has no place for.
CREATE TABLE import_product (
    product_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES product (id), -- internal
    source     TEXT COLLATE "C" NOT NULL UNIQUE, -- internal
    hash       TEXT   NOT NULL,        -- internal
    kept       TEXT   NOT NULL,        -- internal
    updated_at BIGINT  NOT NULL         -- internal
);

-- headings are the columns that imported files of a kind had, so that an export
-- calls them the same.
CREATE TABLE import_heading (
    platform TEXT COLLATE "C" NOT NULL, -- internal
    kind     TEXT COLLATE "C" NOT NULL, -- internal
    headings TEXT NOT NULL, -- internal
    PRIMARY KEY (platform, kind)
);

-- +goose Down
DROP TABLE import_heading; DROP TABLE import_product; DROP TABLE import_problem; DROP TABLE import_count;
