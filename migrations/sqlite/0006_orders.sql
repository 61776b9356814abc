-- +goose Up
-- From the bag to the parcel. Amounts are minor units of the row's or its
-- order's currency.

CREATE TABLE cart (
    id              TEXT NOT NULL PRIMARY KEY, -- internal
    token_hash      TEXT NOT NULL UNIQUE,      -- secret
    customer_id     TEXT REFERENCES customer (id), -- internal
    key_id          TEXT,                      -- internal
    market_id       TEXT NOT NULL REFERENCES market (id), -- internal
    currency        TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    locale          TEXT   NOT NULL,                       -- internal
    state           TEXT   NOT NULL CHECK (state IN ('open', 'ordered', 'merged')), -- internal
    contact         BLOB,                                 -- personal
    shipping_method TEXT   NOT NULL,                       -- internal
    payment_method  TEXT   NOT NULL,                       -- internal
    created_at      INTEGER NOT NULL,                       -- internal
    updated_at      INTEGER NOT NULL,                       -- internal
    expires_at      INTEGER NOT NULL,                       -- internal
    version         INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
-- A customer has one open cart on all devices.
CREATE UNIQUE INDEX cart_customer ON cart (customer_id) WHERE state = 'open';
CREATE INDEX cart_expires ON cart (expires_at);

-- personal_key is the hash of everything that makes a line one of its own
-- (an engraving), "" for none.
CREATE TABLE cart_line (
    id           TEXT NOT NULL PRIMARY KEY, -- internal
    cart_id      TEXT NOT NULL REFERENCES cart (id), -- internal
    variant_id   TEXT NOT NULL REFERENCES variant (id), -- internal
    personal_key TEXT NOT NULL,             -- internal
    quantity     INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000000), -- internal
    seen_price   INTEGER NOT NULL CHECK (seen_price >= 0), -- internal
    created_at   INTEGER NOT NULL,                       -- internal
    UNIQUE (cart_id, variant_id, personal_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id                  TEXT NOT NULL PRIMARY KEY, -- internal
    number              INTEGER UNIQUE,                         -- internal
    token_hash          TEXT NOT NULL UNIQUE,      -- secret
    token               BLOB  NOT NULL,                       -- personal
    cart_id             TEXT UNIQUE REFERENCES cart (id) ON DELETE SET NULL, -- internal
    cart_version        INTEGER NOT NULL,                       -- internal
    customer_id         TEXT REFERENCES customer (id), -- internal
    key_id              TEXT NOT NULL,             -- internal
    market_id           TEXT NOT NULL REFERENCES market (id), -- internal
    currency            TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    locale              TEXT   NOT NULL,                       -- internal
    state               TEXT   NOT NULL CHECK (state IN ('draft', 'placed', 'cancelled', 'expired')), -- internal
    payment_state       TEXT   NOT NULL CHECK (payment_state IN ('none', 'pending', 'authorised', 'partly_paid', 'paid', 'partly_refunded', 'refunded', 'voided', 'failed', 'review')), -- internal
    fulfilment_state    TEXT   NOT NULL CHECK (fulfilment_state IN ('unfulfilled', 'partly_shipped', 'shipped', 'nothing')), -- internal
    return_state        TEXT   NOT NULL CHECK (return_state IN ('none', 'partly_returned', 'returned')), -- internal
    email_index         BLOB  NOT NULL,                       -- personal
    contact             BLOB  NOT NULL,                       -- personal
    note                BLOB,                                 -- personal
    fields              BLOB,                                 -- personal
    shipping_country    TEXT   NOT NULL CHECK (length(shipping_country) = 2), -- internal
    shipping_code       TEXT   NOT NULL,                       -- internal
    shipping_name       TEXT   NOT NULL,                       -- internal
    payment_method      TEXT   NOT NULL,                       -- internal
    prices_include_tax  INTEGER NOT NULL CHECK (prices_include_tax IN (0, 1)), -- internal
    goods_total         INTEGER NOT NULL CHECK (goods_total >= 0), -- internal
    discount_total      INTEGER NOT NULL CHECK (discount_total >= 0), -- internal
    shipping_total      INTEGER NOT NULL CHECK (shipping_total >= 0), -- internal
    shipping_tax        INTEGER NOT NULL CHECK (shipping_tax >= 0), -- internal
    tax_total           INTEGER NOT NULL CHECK (tax_total >= 0), -- internal
    total               INTEGER NOT NULL CHECK (total >= 0),    -- internal
    authorised_total    INTEGER NOT NULL CHECK (authorised_total >= 0), -- internal
    captured_total      INTEGER NOT NULL CHECK (captured_total >= 0), -- internal
    refunded_total      INTEGER NOT NULL CHECK (refunded_total BETWEEN 0 AND captured_total), -- internal
    refunded_shipping   INTEGER NOT NULL CHECK (refunded_shipping BETWEEN 0 AND shipping_total), -- internal
    quote               TEXT   NOT NULL,                       -- internal
    terms_version       TEXT   NOT NULL,                       -- internal
    cancel_reason       TEXT   NOT NULL,                       -- internal
    hold_until          INTEGER,                                -- internal
    created_at          INTEGER NOT NULL,                       -- internal
    placed_at           INTEGER,                                -- internal
    local_day           TEXT   NOT NULL,                       -- internal
    updated_at          INTEGER NOT NULL,                       -- internal
    version             INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_placed ON orders (placed_at, id) WHERE placed_at IS NOT NULL;
CREATE INDEX orders_customer ON orders (customer_id, placed_at);
CREATE INDEX orders_hold ON orders (hold_until) WHERE state = 'draft';
CREATE INDEX orders_email ON orders (email_index);
CREATE INDEX orders_day ON orders (local_day) WHERE placed_at IS NOT NULL;

-- The public number of an order: ascending, gaps allowed.
CREATE TABLE order_number (
    number   INTEGER PRIMARY KEY AUTOINCREMENT, -- internal
    order_id TEXT NOT NULL UNIQUE REFERENCES orders (id) -- internal
) STRICT;

-- A snapshot: nothing here changes when the variant is renamed or gone.
CREATE TABLE order_line (
    id             TEXT NOT NULL PRIMARY KEY, -- internal
    order_id       TEXT NOT NULL REFERENCES orders (id), -- internal
    position       INTEGER NOT NULL,                       -- internal
    variant_id     TEXT REFERENCES variant (id) ON DELETE SET NULL, -- internal
    product_id     TEXT REFERENCES product (id) ON DELETE SET NULL, -- internal
    sku            TEXT   NOT NULL,                       -- internal
    name           TEXT   NOT NULL,                       -- internal
    options        TEXT   NOT NULL,                       -- internal
    image          TEXT   NOT NULL,                       -- internal
    quantity       INTEGER NOT NULL CHECK (quantity > 0),  -- internal
    unit_price     INTEGER NOT NULL CHECK (unit_price >= 0), -- internal
    discount       INTEGER NOT NULL CHECK (discount >= 0), -- internal
    net            INTEGER NOT NULL CHECK (net >= 0),      -- internal
    tax            INTEGER NOT NULL CHECK (tax >= 0),      -- internal
    gross          INTEGER NOT NULL CHECK (gross = net + tax), -- internal
    tax_rate       INTEGER NOT NULL CHECK (tax_rate >= 0), -- internal
    tax_code       TEXT   NOT NULL,                       -- internal
    weight_grams   INTEGER NOT NULL CHECK (weight_grams >= 0), -- internal
    hs_code        TEXT   NOT NULL,                       -- internal
    origin         TEXT   NOT NULL,                       -- internal
    shipped        INTEGER NOT NULL CHECK (shipped >= 0),  -- internal
    cancelled      INTEGER NOT NULL CHECK (cancelled >= 0), -- internal
    refunded       INTEGER NOT NULL CHECK (refunded BETWEEN 0 AND quantity), -- internal
    restocked      INTEGER NOT NULL CHECK (restocked BETWEEN 0 AND quantity), -- internal
    refunded_gross INTEGER NOT NULL CHECK (refunded_gross BETWEEN 0 AND gross), -- internal
    returned       INTEGER NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND shipped), -- internal
    CHECK (shipped + cancelled <= quantity),
    UNIQUE (order_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_line_variant ON order_line (variant_id);

-- The tax of an order per rate; its sums equal the lines' plus shipping's.
CREATE TABLE order_tax (
    order_id TEXT NOT NULL REFERENCES orders (id), -- internal
    code     TEXT   NOT NULL,                -- internal
    name     TEXT   NOT NULL,                -- internal
    rate     INTEGER NOT NULL CHECK (rate >= 0), -- internal
    net      INTEGER NOT NULL CHECK (net >= 0), -- internal
    tax      INTEGER NOT NULL CHECK (tax >= 0), -- internal
    PRIMARY KEY (order_id, code, rate)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservation (
    id            TEXT NOT NULL PRIMARY KEY, -- internal
    order_id      TEXT NOT NULL REFERENCES orders (id), -- internal
    order_line_id TEXT NOT NULL REFERENCES order_line (id), -- internal
    variant_id    TEXT NOT NULL REFERENCES variant (id), -- internal
    location_id   TEXT NOT NULL REFERENCES location (id), -- internal
    quantity      INTEGER NOT NULL CHECK (quantity >= 0), -- internal
    state         TEXT   NOT NULL CHECK (state IN ('held', 'used', 'released')), -- internal
    expires_at    INTEGER NOT NULL,                       -- internal
    created_at    INTEGER NOT NULL,                       -- internal
    UNIQUE (order_line_id, location_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_held ON reservation (variant_id, location_id, expires_at) WHERE state = 'held';
CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'held';
CREATE INDEX reservation_order ON reservation (order_id);

CREATE TABLE payment_attempt (
    id             TEXT NOT NULL PRIMARY KEY, -- internal
    order_id       TEXT NOT NULL REFERENCES orders (id), -- internal
    provider       TEXT   NOT NULL,                       -- internal
    method         TEXT   NOT NULL,                       -- internal
    amount         INTEGER NOT NULL CHECK (amount >= 0),   -- internal
    currency       TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    live           INTEGER NOT NULL CHECK (live IN (0, 1)), -- internal
    account        TEXT   NOT NULL,                       -- internal
    state          TEXT   NOT NULL CHECK (state IN ('started', 'continue', 'leaving', 'pending', 'approved', 'declined', 'voided', 'expired', 'review')), -- internal
    provider_ref   TEXT NOT NULL,             -- internal
    continue_url   TEXT   NOT NULL,                       -- internal
    decline_reason TEXT   NOT NULL,                       -- internal
    doubts         TEXT   NOT NULL,                       -- internal
    facts          TEXT   NOT NULL,                       -- internal
    subject        TEXT   NOT NULL,                       -- internal
    created_at     INTEGER NOT NULL,                       -- internal
    updated_at     INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_attempt_order ON payment_attempt (order_id, created_at);
CREATE INDEX payment_attempt_ref ON payment_attempt (provider, provider_ref);

-- Append-only: what happened to money, as the provider tells it.
CREATE TABLE payment_entry (
    id           TEXT NOT NULL PRIMARY KEY, -- internal
    order_id     TEXT NOT NULL REFERENCES orders (id), -- internal
    attempt_id   TEXT NOT NULL REFERENCES payment_attempt (id), -- internal
    kind         TEXT   NOT NULL CHECK (kind IN ('authorisation', 'capture', 'refund', 'void')), -- internal
    amount       INTEGER NOT NULL CHECK (amount > 0),    -- internal
    currency     TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    provider_ref TEXT NOT NULL,             -- internal
    created_at   INTEGER NOT NULL,                       -- internal
    UNIQUE (attempt_id, kind, provider_ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_entry_order ON payment_entry (order_id, created_at);

CREATE TABLE provider_event (
    provider     TEXT NOT NULL, -- internal
    event_id     TEXT NOT NULL, -- internal
    attempt_id   TEXT NOT NULL, -- internal
    kind         TEXT   NOT NULL,           -- internal
    received_at  INTEGER NOT NULL,           -- internal
    processed_at INTEGER,                    -- internal
    PRIMARY KEY (provider, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE shipment (
    id           TEXT NOT NULL PRIMARY KEY, -- internal
    order_id     TEXT NOT NULL REFERENCES orders (id), -- internal
    position     INTEGER NOT NULL,                       -- internal
    location_id  TEXT NOT NULL REFERENCES location (id), -- internal
    carrier      TEXT   NOT NULL,                       -- internal
    tracking     TEXT   NOT NULL,                       -- internal
    tracking_url TEXT   NOT NULL,                       -- internal
    shipped_at   INTEGER NOT NULL,                       -- internal
    delivered_at INTEGER,                                -- internal
    UNIQUE (order_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE shipment_line (
    shipment_id   TEXT NOT NULL REFERENCES shipment (id), -- internal
    order_line_id TEXT NOT NULL REFERENCES order_line (id), -- internal
    quantity      INTEGER NOT NULL CHECK (quantity > 0), -- internal
    PRIMARY KEY (shipment_id, order_line_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refund (
    id           TEXT NOT NULL PRIMARY KEY, -- internal
    order_id     TEXT NOT NULL REFERENCES orders (id), -- internal
    attempt_id   TEXT NOT NULL REFERENCES payment_attempt (id), -- internal
    amount       INTEGER NOT NULL CHECK (amount > 0),    -- internal
    tax          INTEGER NOT NULL CHECK (tax BETWEEN 0 AND amount), -- internal
    shipping     INTEGER NOT NULL CHECK (shipping BETWEEN 0 AND amount), -- internal
    state        TEXT   NOT NULL CHECK (state IN ('pending', 'done', 'failed')), -- internal
    reason       TEXT   NOT NULL,                       -- internal
    provider_ref TEXT NOT NULL,             -- internal
    created_at   INTEGER NOT NULL,                       -- internal
    updated_at   INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX refund_order ON refund (order_id, created_at);

CREATE TABLE refund_line (
    refund_id     TEXT NOT NULL REFERENCES refund (id), -- internal
    order_line_id TEXT NOT NULL REFERENCES order_line (id), -- internal
    quantity      INTEGER NOT NULL CHECK (quantity > 0), -- internal
    amount        INTEGER NOT NULL CHECK (amount >= 0),  -- internal
    tax           INTEGER NOT NULL CHECK (tax BETWEEN 0 AND amount), -- internal
    restocked     INTEGER NOT NULL CHECK (restocked BETWEEN 0 AND quantity), -- internal
    cancelled     INTEGER NOT NULL CHECK (cancelled >= 0), -- internal
    returned      INTEGER NOT NULL CHECK (returned >= 0), -- internal
    CHECK (cancelled + returned <= quantity),
    PRIMARY KEY (refund_id, order_line_id)
) STRICT, WITHOUT ROWID;

-- Notes of staff on an order; the rest of its timeline is the change log.
-- staff_id is stf_… or, of a program, tok_….
CREATE TABLE order_note (
    id         TEXT NOT NULL PRIMARY KEY, -- internal
    order_id   TEXT NOT NULL REFERENCES orders (id), -- internal
    staff_id   TEXT NOT NULL, -- internal
    note       BLOB  NOT NULL,                       -- personal
    created_at INTEGER NOT NULL                        -- internal
) STRICT, WITHOUT ROWID;
CREATE INDEX order_note_order ON order_note (order_id, created_at);

-- +goose Down
DROP TABLE order_note; DROP TABLE refund_line; DROP TABLE refund; DROP TABLE shipment_line; DROP TABLE shipment;
DROP TABLE provider_event; DROP TABLE payment_entry; DROP TABLE payment_attempt; DROP TABLE reservation;
DROP TABLE order_tax; DROP TABLE order_line; DROP TABLE order_number; DROP TABLE orders; DROP TABLE cart_line; DROP TABLE cart;
