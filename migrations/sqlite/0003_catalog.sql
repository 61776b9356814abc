-- +goose Up
-- Goods and how they are arranged. Texts in several languages are JSON objects
-- keyed by language; "fields" are JSON objects of custom field values keyed by
-- the field's code, checked against the field table on every write. field.used
-- is set once a value was sealed away with a customer or an order, where nobody
-- can count it any more.

CREATE TABLE field (
    id         TEXT NOT NULL PRIMARY KEY, -- public
    owner      TEXT   NOT NULL CHECK (owner IN ('product', 'variant', 'category', 'customer', 'order')), -- public
    code       TEXT NOT NULL,             -- public
    kind       TEXT   NOT NULL CHECK (kind IN ('number', 'colour', 'date', 'choice', 'text', 'truth')), -- public
    unit       TEXT   NOT NULL,                       -- public
    decimals   INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 6), -- public
    name       TEXT   NOT NULL,                       -- public
    choices    TEXT   NOT NULL,                       -- public
    required   INTEGER NOT NULL CHECK (required IN (0, 1)), -- internal
    shown      INTEGER NOT NULL CHECK (shown IN (0, 1)), -- internal
    facet      INTEGER NOT NULL CHECK (facet IN (0, 1)), -- internal
    searchable INTEGER NOT NULL CHECK (searchable IN (0, 1)), -- internal
    used       INTEGER NOT NULL CHECK (used IN (0, 1)), -- internal
    removed    INTEGER NOT NULL CHECK (removed IN (0, 1)), -- internal
    position   INTEGER NOT NULL,                       -- internal
    created_at INTEGER NOT NULL,                       -- internal
    version    INTEGER NOT NULL,                       -- internal
    UNIQUE (owner, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE media (
    id         TEXT NOT NULL PRIMARY KEY, -- public
    hash       TEXT NOT NULL UNIQUE,      -- public
    mime       TEXT   NOT NULL,                       -- public
    width      INTEGER NOT NULL CHECK (width > 0),     -- public
    height     INTEGER NOT NULL CHECK (height > 0),    -- public
    bytes      INTEGER NOT NULL CHECK (bytes > 0),     -- internal
    colour     TEXT   NOT NULL,                       -- public
    alt        TEXT   NOT NULL,                       -- public
    name       TEXT   NOT NULL,                       -- internal
    created_at INTEGER NOT NULL,                       -- internal
    version    INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

CREATE TABLE category (
    id              TEXT NOT NULL PRIMARY KEY, -- public
    parent_id       TEXT REFERENCES category (id), -- public
    position        INTEGER NOT NULL,                       -- public
    status          TEXT   NOT NULL CHECK (status IN ('active', 'hidden')), -- internal
    name            TEXT   NOT NULL,                       -- public
    description     TEXT   NOT NULL,                       -- public
    seo_title       TEXT   NOT NULL,                       -- public
    seo_description TEXT   NOT NULL,                       -- public
    media_id        TEXT REFERENCES media (id), -- public
    fields          TEXT   NOT NULL,                       -- public
    created_at      INTEGER NOT NULL,                       -- internal
    updated_at      INTEGER NOT NULL,                       -- internal
    version         INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX category_parent ON category (parent_id, position);

CREATE TABLE product (
    id              TEXT NOT NULL PRIMARY KEY, -- public
    handle          TEXT NOT NULL UNIQUE,      -- internal
    status          TEXT   NOT NULL CHECK (status IN ('draft', 'scheduled', 'active', 'archived', 'deleted')), -- internal
    publish_at      INTEGER,                                -- internal
    end_at          INTEGER,                                -- internal
    brand           TEXT   NOT NULL,                       -- public
    name            TEXT   NOT NULL,                       -- public
    subtitle        TEXT   NOT NULL,                       -- public
    description     TEXT   NOT NULL,                       -- public
    seo_title       TEXT   NOT NULL,                       -- public
    seo_description TEXT   NOT NULL,                       -- public
    tax_class_id    TEXT NOT NULL REFERENCES tax_class (id), -- public
    category_id     TEXT REFERENCES category (id), -- public
    tags            TEXT   NOT NULL,                       -- public
    fields          TEXT   NOT NULL,                       -- public
    sort_name       TEXT NOT NULL,             -- internal
    created_at      INTEGER NOT NULL,                       -- internal
    updated_at      INTEGER NOT NULL,                       -- internal
    version         INTEGER NOT NULL,                       -- internal
    CHECK (status <> 'scheduled' OR publish_at IS NOT NULL),
    CHECK (end_at > publish_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_updated ON product (updated_at, id);
CREATE INDEX product_name ON product (sort_name, id);
CREATE INDEX product_category_main ON product (category_id);

CREATE TABLE product_option (
    id         TEXT NOT NULL PRIMARY KEY, -- public
    product_id TEXT NOT NULL REFERENCES product (id), -- public
    code       TEXT NOT NULL, -- public
    name       TEXT   NOT NULL,           -- public
    position   INTEGER NOT NULL,           -- public
    UNIQUE (product_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE option_value (
    id        TEXT NOT NULL PRIMARY KEY, -- public
    option_id TEXT NOT NULL REFERENCES product_option (id), -- public
    code      TEXT NOT NULL, -- public
    name      TEXT   NOT NULL,           -- public
    colour    TEXT   NOT NULL,           -- public
    position  INTEGER NOT NULL,           -- public
    UNIQUE (option_id, code)
) STRICT, WITHOUT ROWID;

-- combination is the option values' ids in option order, joined by "+"; the
-- only variant of a product without options has "". sku_key is the folded sku;
-- it is NULL without a sku, and once the variant is deleted.
CREATE TABLE variant (
    id           TEXT NOT NULL PRIMARY KEY, -- public
    product_id   TEXT NOT NULL REFERENCES product (id), -- public
    sku          TEXT   NOT NULL,                       -- public
    sku_key      TEXT,                      -- internal
    gtin         TEXT   NOT NULL,                       -- public
    combination  TEXT NOT NULL,             -- public
    status       TEXT   NOT NULL CHECK (status IN ('active', 'archived', 'deleted')), -- internal
    position     INTEGER NOT NULL,                       -- public
    tracked      INTEGER NOT NULL CHECK (tracked IN (0, 1)), -- internal
    weight_grams INTEGER NOT NULL CHECK (weight_grams BETWEEN 0 AND 100000000), -- public
    length_mm    INTEGER NOT NULL CHECK (length_mm BETWEEN 0 AND 10000000), -- public
    width_mm     INTEGER NOT NULL CHECK (width_mm BETWEEN 0 AND 10000000), -- public
    height_mm    INTEGER NOT NULL CHECK (height_mm BETWEEN 0 AND 10000000), -- public
    hs_code      TEXT   NOT NULL,                       -- public
    origin       TEXT   NOT NULL,                       -- public
    media_id     TEXT REFERENCES media (id), -- public
    fields       TEXT   NOT NULL,                       -- public
    created_at   INTEGER NOT NULL,                       -- internal
    updated_at   INTEGER NOT NULL,                       -- internal
    CONSTRAINT variant_sku UNIQUE (sku_key)
) STRICT, WITHOUT ROWID;
-- Archived variants keep their combination; only living ones must differ.
CREATE UNIQUE INDEX variant_combination ON variant (product_id, combination) WHERE status = 'active';
CREATE INDEX variant_product ON variant (product_id, position);

CREATE TABLE price (
    list_id    TEXT NOT NULL REFERENCES price_list (id), -- public
    variant_id TEXT NOT NULL REFERENCES variant (id),    -- public
    currency   TEXT   NOT NULL CHECK (length(currency) = 3),         -- public
    amount     INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000), -- public
    compare_at INTEGER CHECK (compare_at > amount),                   -- public
    updated_at INTEGER NOT NULL,                                      -- internal
    PRIMARY KEY (list_id, variant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX price_variant ON price (variant_id);

CREATE TABLE product_media (
    product_id TEXT NOT NULL REFERENCES product (id), -- public
    media_id   TEXT NOT NULL REFERENCES media (id),   -- public
    position   INTEGER NOT NULL,                                   -- public
    PRIMARY KEY (product_id, media_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_media_media ON product_media (media_id);

CREATE TABLE product_category (
    category_id TEXT NOT NULL REFERENCES category (id), -- public
    product_id  TEXT NOT NULL REFERENCES product (id),  -- public
    position    INTEGER NOT NULL,                                    -- public
    PRIMARY KEY (category_id, product_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_category_product ON product_category (product_id);

CREATE TABLE product_relation (
    product_id TEXT NOT NULL REFERENCES product (id), -- public
    related_id TEXT NOT NULL REFERENCES product (id), -- public
    position   INTEGER NOT NULL,                                   -- public
    PRIMARY KEY (product_id, related_id),
    CHECK (product_id <> related_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_relation_related ON product_relation (related_id);

-- by_stock: its rule looks at stock, so every sale asks it.
CREATE TABLE collection (
    id              TEXT NOT NULL PRIMARY KEY, -- public
    code            TEXT NOT NULL UNIQUE,      -- internal
    kind            TEXT   NOT NULL CHECK (kind IN ('manual', 'rule')), -- internal
    rule            TEXT   NOT NULL,                       -- internal
    by_stock        INTEGER NOT NULL CHECK (by_stock IN (0, 1)), -- internal
    status          TEXT   NOT NULL CHECK (status IN ('active', 'hidden')), -- internal
    name            TEXT   NOT NULL,                       -- public
    description     TEXT   NOT NULL,                       -- public
    seo_title       TEXT   NOT NULL,                       -- public
    seo_description TEXT   NOT NULL,                       -- public
    media_id        TEXT REFERENCES media (id), -- public
    position        INTEGER NOT NULL,                       -- public
    created_at      INTEGER NOT NULL,                       -- internal
    updated_at      INTEGER NOT NULL,                       -- internal
    version         INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;

CREATE TABLE collection_product (
    collection_id TEXT NOT NULL REFERENCES collection (id), -- public
    product_id    TEXT NOT NULL REFERENCES product (id),    -- public
    position      INTEGER NOT NULL,                                      -- public
    PRIMARY KEY (collection_id, product_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_product_product ON collection_product (product_id);

-- Every address an object ever had. The row with current = 1 is where it lives;
-- the others redirect there, so chains and loops cannot exist. A deleted
-- object leaves object_id NULL and either goes to gone_to or answers 410.
CREATE TABLE slug (
    kind       TEXT NOT NULL CHECK (kind IN ('product', 'category', 'collection', 'page')), -- public
    locale     TEXT NOT NULL, -- public
    slug       TEXT NOT NULL, -- public
    object_id  TEXT,          -- public
    current    INTEGER NOT NULL CHECK (current IN (0, 1)), -- public
    gone_to    TEXT   NOT NULL,           -- public
    created_at INTEGER NOT NULL,           -- internal
    PRIMARY KEY (kind, locale, slug),
    CHECK (current = 0 OR object_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX slug_current ON slug (object_id, locale) WHERE current = 1;
CREATE INDEX slug_object ON slug (object_id);
CREATE INDEX slug_gone ON slug (gone_to) WHERE gone_to <> '';

-- +goose Down
DROP TABLE slug; DROP TABLE collection_product; DROP TABLE collection; DROP TABLE product_relation;
DROP TABLE product_category; DROP TABLE product_media; DROP TABLE price; DROP TABLE variant;
DROP TABLE option_value; DROP TABLE product_option; DROP TABLE product; DROP TABLE category; DROP TABLE media; DROP TABLE field;
