-- +goose Up
-- Where and how the shop sells. There is one shop row.

CREATE TABLE tax_class (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- public
    code     TEXT   NOT NULL UNIQUE,                -- public
    name     TEXT   NOT NULL,                       -- public
    position BIGINT NOT NULL,                       -- public
    version  BIGINT NOT NULL                        -- internal
);

CREATE TABLE tax_rate (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- public
    country        TEXT   NOT NULL CHECK (length(country) = 2), -- public
    region         TEXT   NOT NULL,                       -- public
    tax_class_id   TEXT COLLATE "C" NOT NULL REFERENCES tax_class (id), -- public
    rate           BIGINT NOT NULL CHECK (rate BETWEEN 0 AND 1000000), -- public
    name           TEXT   NOT NULL,                       -- public
    source         TEXT   NOT NULL CHECK (source <> ''),  -- public
    effective_from BIGINT NOT NULL,                       -- public
    effective_to   BIGINT,                                -- public
    version        BIGINT NOT NULL,                       -- internal
    UNIQUE (country, region, tax_class_id, effective_from)
);

CREATE TABLE price_list (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    code     TEXT   NOT NULL UNIQUE,                -- internal
    name     TEXT   NOT NULL,                       -- internal
    currency TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    version  BIGINT NOT NULL                        -- internal
);

CREATE TABLE market (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- public
    code               TEXT   NOT NULL UNIQUE,                -- public
    name               TEXT   NOT NULL,                       -- public
    currency           TEXT   NOT NULL CHECK (length(currency) = 3), -- public
    locale             TEXT   NOT NULL,                       -- public
    price_list_id      TEXT COLLATE "C" NOT NULL REFERENCES price_list (id), -- internal
    prices_include_tax BIGINT NOT NULL CHECK (prices_include_tax IN (0, 1)), -- public
    tax_rounding       TEXT   NOT NULL CHECK (tax_rounding IN ('unit', 'line', 'order')), -- public
    tax_outside        TEXT   NOT NULL CHECK (tax_outside IN ('refuse', 'zero')), -- public
    price_kept         TEXT   NOT NULL CHECK (price_kept IN ('gross', 'net')), -- public
    is_default         BIGINT NOT NULL CHECK (is_default IN (0, 1)), -- public
    version            BIGINT NOT NULL                        -- internal
);

CREATE TABLE shop (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id = 'shop'), -- public
    name           TEXT   NOT NULL,                          -- public
    email          TEXT   NOT NULL,                          -- public
    phone          TEXT   NOT NULL,                          -- public
    address        TEXT   NOT NULL,                          -- public
    country        TEXT   NOT NULL CHECK (length(country) = 2), -- public
    languages      TEXT   NOT NULL,                          -- public
    zone           TEXT   NOT NULL,                          -- public
    stock_display  TEXT   NOT NULL CHECK (stock_display IN ('exact', 'few', 'hidden')), -- public
    few_threshold  BIGINT NOT NULL CHECK (few_threshold >= 0), -- internal
    hold_minutes   BIGINT NOT NULL CHECK (hold_minutes BETWEEN 1 AND 30), -- internal
    max_per_line   BIGINT NOT NULL CHECK (max_per_line BETWEEN 1 AND 1000000), -- public
    cut_off        BIGINT NOT NULL CHECK (cut_off BETWEEN 0 AND 1440), -- public
    workdays       TEXT   NOT NULL,                          -- public
    closed_days    TEXT   NOT NULL,                          -- public
    bank_details   TEXT   NOT NULL,                          -- public
    opened_at      BIGINT NOT NULL,                          -- internal
    version        BIGINT NOT NULL                           -- internal
);

-- The mark of a shop that was made to look at and may be thrown away; a shop of
-- somebody's own has no row. products is how many it was given, 0 while it is
-- being thrown away.
CREATE TABLE demo (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id = 'demo'), -- internal
    products BIGINT NOT NULL CHECK (products >= 0) -- internal
);

CREATE TABLE shipping_zone (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- public
    name     TEXT   NOT NULL,                       -- public
    position BIGINT NOT NULL,                       -- public
    version  BIGINT NOT NULL                        -- internal
);

-- A place in a zone: a country, of it one region, of that a range of
-- postcodes. Empty text means all.
CREATE TABLE shipping_zone_place (
    zone_id       TEXT COLLATE "C" NOT NULL REFERENCES shipping_zone (id), -- public
    country       TEXT NOT NULL CHECK (length(country) = 2), -- public
    region        TEXT NOT NULL,                             -- public
    postcode_from TEXT COLLATE "C" NOT NULL,                 -- public
    postcode_to   TEXT COLLATE "C" NOT NULL,                 -- public
    PRIMARY KEY (zone_id, country, region, postcode_from)
);

CREATE TABLE shipping_method (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- public
    zone_id       TEXT COLLATE "C" NOT NULL REFERENCES shipping_zone (id), -- public
    code          TEXT   NOT NULL,                       -- public
    name          TEXT   NOT NULL,                       -- public
    kind          TEXT   NOT NULL CHECK (kind IN ('flat', 'weight')), -- public
    currency      TEXT   NOT NULL CHECK (length(currency) = 3), -- public
    price         BIGINT NOT NULL CHECK (price >= 0),    -- public
    free_from     BIGINT CHECK (free_from > 0),          -- public
    tax_class_id  TEXT COLLATE "C" REFERENCES tax_class (id), -- public
    days_min      BIGINT NOT NULL CHECK (days_min >= 0), -- public
    days_max      BIGINT NOT NULL CHECK (days_max >= days_min), -- public
    position      BIGINT NOT NULL,                       -- public
    active        BIGINT NOT NULL CHECK (active IN (0, 1)), -- public
    version       BIGINT NOT NULL,                       -- internal
    UNIQUE (zone_id, code)
);

CREATE TABLE shipping_rate (
    method_id TEXT COLLATE "C" NOT NULL REFERENCES shipping_method (id), -- public
    max_grams BIGINT NOT NULL CHECK (max_grams > 0), -- public
    price     BIGINT NOT NULL CHECK (price >= 0),    -- public
    PRIMARY KEY (method_id, max_grams)
);

-- What a payment provider is told. settings is JSON, sealed whole.
CREATE TABLE payment_provider (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    active   BIGINT NOT NULL CHECK (active IN (0, 1)), -- internal
    settings BYTEA  NOT NULL,                       -- secret
    version  BIGINT NOT NULL                        -- internal
);

-- +goose Down
DROP TABLE payment_provider;
DROP TABLE shipping_rate; DROP TABLE shipping_method; DROP TABLE shipping_zone_place; DROP TABLE shipping_zone;
DROP TABLE demo; DROP TABLE shop; DROP TABLE market; DROP TABLE price_list; DROP TABLE tax_rate; DROP TABLE tax_class;
