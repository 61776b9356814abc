-- +goose Up
-- From the bag to the parcel. Amounts are minor units of the row's or its
-- order's currency.

CREATE TABLE cart (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    token_hash      TEXT COLLATE "C" NOT NULL UNIQUE,      -- secret
    customer_id     TEXT COLLATE "C" REFERENCES customer (id), -- internal
    key_id          TEXT COLLATE "C",                      -- internal
    market_id       TEXT COLLATE "C" NOT NULL REFERENCES market (id), -- internal
    currency        TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    locale          TEXT   NOT NULL,                       -- internal
    state           TEXT   NOT NULL CHECK (state IN ('open', 'ordered', 'merged')), -- internal
    contact         BYTEA,                                 -- personal
    shipping_method TEXT   NOT NULL,                       -- internal
    payment_method  TEXT   NOT NULL,                       -- internal
    created_at      BIGINT NOT NULL,                       -- internal
    updated_at      BIGINT NOT NULL,                       -- internal
    expires_at      BIGINT NOT NULL,                       -- internal
    version         BIGINT NOT NULL                        -- internal
);
-- A customer has one open cart on all devices.
CREATE UNIQUE INDEX cart_customer ON cart (customer_id) WHERE state = 'open';
CREATE INDEX cart_expires ON cart (expires_at);

-- personal_key is the hash of everything that makes a line one of its own
-- (an engraving), "" for none.
CREATE TABLE cart_line (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    cart_id      TEXT COLLATE "C" NOT NULL REFERENCES cart (id), -- internal
    variant_id   TEXT COLLATE "C" NOT NULL REFERENCES variant (id), -- internal
    personal_key TEXT COLLATE "C" NOT NULL,             -- internal
    quantity     BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 1000000), -- internal
    seen_price   BIGINT NOT NULL CHECK (seen_price >= 0), -- internal
    created_at   BIGINT NOT NULL,                       -- internal
    UNIQUE (cart_id, variant_id, personal_key)
);

CREATE TABLE orders (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    number              BIGINT UNIQUE,                         -- internal
    token_hash          TEXT COLLATE "C" NOT NULL UNIQUE,      -- secret
    token               BYTEA  NOT NULL,                       -- personal
    cart_id             TEXT COLLATE "C" UNIQUE REFERENCES cart (id) ON DELETE SET NULL, -- internal
    cart_version        BIGINT NOT NULL,                       -- internal
    customer_id         TEXT COLLATE "C" REFERENCES customer (id), -- internal
    key_id              TEXT COLLATE "C" NOT NULL,             -- internal
    market_id           TEXT COLLATE "C" NOT NULL REFERENCES market (id), -- internal
    currency            TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    locale              TEXT   NOT NULL,                       -- internal
    state               TEXT   NOT NULL CHECK (state IN ('draft', 'placed', 'cancelled', 'expired')), -- internal
    payment_state       TEXT   NOT NULL CHECK (payment_state IN ('none', 'pending', 'authorised', 'partly_paid', 'paid', 'partly_refunded', 'refunded', 'voided', 'failed', 'review')), -- internal
    fulfilment_state    TEXT   NOT NULL CHECK (fulfilment_state IN ('unfulfilled', 'partly_shipped', 'shipped', 'nothing')), -- internal
    return_state        TEXT   NOT NULL CHECK (return_state IN ('none', 'partly_returned', 'returned')), -- internal
    email_index         BYTEA  NOT NULL,                       -- personal
    contact             BYTEA  NOT NULL,                       -- personal
    note                BYTEA,                                 -- personal
    fields              BYTEA,                                 -- personal
    shipping_country    TEXT   NOT NULL CHECK (length(shipping_country) = 2), -- internal
    shipping_code       TEXT   NOT NULL,                       -- internal
    shipping_name       TEXT   NOT NULL,                       -- internal
    payment_method      TEXT   NOT NULL,                       -- internal
    prices_include_tax  BIGINT NOT NULL CHECK (prices_include_tax IN (0, 1)), -- internal
    goods_total         BIGINT NOT NULL CHECK (goods_total >= 0), -- internal
    discount_total      BIGINT NOT NULL CHECK (discount_total >= 0), -- internal
    shipping_total      BIGINT NOT NULL CHECK (shipping_total >= 0), -- internal
    shipping_tax        BIGINT NOT NULL CHECK (shipping_tax >= 0), -- internal
    tax_total           BIGINT NOT NULL CHECK (tax_total >= 0), -- internal
    total               BIGINT NOT NULL CHECK (total >= 0),    -- internal
    authorised_total    BIGINT NOT NULL CHECK (authorised_total >= 0), -- internal
    captured_total      BIGINT NOT NULL CHECK (captured_total >= 0), -- internal
    refunded_total      BIGINT NOT NULL CHECK (refunded_total BETWEEN 0 AND captured_total), -- internal
    refunded_shipping   BIGINT NOT NULL CHECK (refunded_shipping BETWEEN 0 AND shipping_total), -- internal
    quote               TEXT   NOT NULL,                       -- internal
    terms_version       TEXT   NOT NULL,                       -- internal
    cancel_reason       TEXT   NOT NULL,                       -- internal
    hold_until          BIGINT,                                -- internal
    created_at          BIGINT NOT NULL,                       -- internal
    placed_at           BIGINT,                                -- internal
    local_day           TEXT   NOT NULL,                       -- internal
    updated_at          BIGINT NOT NULL,                       -- internal
    version             BIGINT NOT NULL                        -- internal
);
CREATE INDEX orders_placed ON orders (placed_at, id) WHERE placed_at IS NOT NULL;
CREATE INDEX orders_customer ON orders (customer_id, placed_at);
CREATE INDEX orders_hold ON orders (hold_until) WHERE state = 'draft';
CREATE INDEX orders_email ON orders (email_index);
CREATE INDEX orders_day ON orders (local_day) WHERE placed_at IS NOT NULL;

-- The public number of an order: ascending, gaps allowed.
CREATE TABLE order_number (
    number   BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, -- internal
    order_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES orders (id) -- internal
);

-- A snapshot: nothing here changes when the variant is renamed or gone.
CREATE TABLE order_line (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id       TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    position       BIGINT NOT NULL,                       -- internal
    variant_id     TEXT COLLATE "C" REFERENCES variant (id) ON DELETE SET NULL, -- internal
    product_id     TEXT COLLATE "C" REFERENCES product (id) ON DELETE SET NULL, -- internal
    sku            TEXT   NOT NULL,                       -- internal
    name           TEXT   NOT NULL,                       -- internal
    options        TEXT   NOT NULL,                       -- internal
    image          TEXT   NOT NULL,                       -- internal
    quantity       BIGINT NOT NULL CHECK (quantity > 0),  -- internal
    unit_price     BIGINT NOT NULL CHECK (unit_price >= 0), -- internal
    discount       BIGINT NOT NULL CHECK (discount >= 0), -- internal
    net            BIGINT NOT NULL CHECK (net >= 0),      -- internal
    tax            BIGINT NOT NULL CHECK (tax >= 0),      -- internal
    gross          BIGINT NOT NULL CHECK (gross = net + tax), -- internal
    tax_rate       BIGINT NOT NULL CHECK (tax_rate >= 0), -- internal
    tax_code       TEXT   NOT NULL,                       -- internal
    weight_grams   BIGINT NOT NULL CHECK (weight_grams >= 0), -- internal
    hs_code        TEXT   NOT NULL,                       -- internal
    origin         TEXT   NOT NULL,                       -- internal
    shipped        BIGINT NOT NULL CHECK (shipped >= 0),  -- internal
    cancelled      BIGINT NOT NULL CHECK (cancelled >= 0), -- internal
    refunded       BIGINT NOT NULL CHECK (refunded BETWEEN 0 AND quantity), -- internal
    restocked      BIGINT NOT NULL CHECK (restocked BETWEEN 0 AND quantity), -- internal
    refunded_gross BIGINT NOT NULL CHECK (refunded_gross BETWEEN 0 AND gross), -- internal
    returned       BIGINT NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND shipped), -- internal
    CHECK (shipped + cancelled <= quantity),
    UNIQUE (order_id, position)
);
CREATE INDEX order_line_variant ON order_line (variant_id);

-- The tax of an order per rate; its sums equal the lines' plus shipping's.
CREATE TABLE order_tax (
    order_id TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    code     TEXT   NOT NULL,                -- internal
    name     TEXT   NOT NULL,                -- internal
    rate     BIGINT NOT NULL CHECK (rate >= 0), -- internal
    net      BIGINT NOT NULL CHECK (net >= 0), -- internal
    tax      BIGINT NOT NULL CHECK (tax >= 0), -- internal
    PRIMARY KEY (order_id, code, rate)
);

CREATE TABLE reservation (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id      TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    order_line_id TEXT COLLATE "C" NOT NULL REFERENCES order_line (id), -- internal
    variant_id    TEXT COLLATE "C" NOT NULL REFERENCES variant (id), -- internal
    location_id   TEXT COLLATE "C" NOT NULL REFERENCES location (id), -- internal
    quantity      BIGINT NOT NULL CHECK (quantity >= 0), -- internal
    state         TEXT   NOT NULL CHECK (state IN ('held', 'used', 'released')), -- internal
    expires_at    BIGINT NOT NULL,                       -- internal
    created_at    BIGINT NOT NULL,                       -- internal
    UNIQUE (order_line_id, location_id)
);
CREATE INDEX reservation_held ON reservation (variant_id, location_id, expires_at) WHERE state = 'held';
CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'held';
CREATE INDEX reservation_order ON reservation (order_id);

CREATE TABLE payment_attempt (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id       TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    provider       TEXT   NOT NULL,                       -- internal
    method         TEXT   NOT NULL,                       -- internal
    amount         BIGINT NOT NULL CHECK (amount >= 0),   -- internal
    currency       TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    live           BIGINT NOT NULL CHECK (live IN (0, 1)), -- internal
    account        TEXT   NOT NULL,                       -- internal
    state          TEXT   NOT NULL CHECK (state IN ('started', 'continue', 'leaving', 'pending', 'approved', 'declined', 'voided', 'expired', 'review')), -- internal
    provider_ref   TEXT COLLATE "C" NOT NULL,             -- internal
    continue_url   TEXT   NOT NULL,                       -- internal
    decline_reason TEXT   NOT NULL,                       -- internal
    doubts         TEXT   NOT NULL,                       -- internal
    facts          TEXT   NOT NULL,                       -- internal
    subject        TEXT   NOT NULL,                       -- internal
    created_at     BIGINT NOT NULL,                       -- internal
    updated_at     BIGINT NOT NULL                        -- internal
);
CREATE INDEX payment_attempt_order ON payment_attempt (order_id, created_at);
CREATE INDEX payment_attempt_ref ON payment_attempt (provider, provider_ref);

-- Append-only: what happened to money, as the provider tells it.
CREATE TABLE payment_entry (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id     TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    attempt_id   TEXT COLLATE "C" NOT NULL REFERENCES payment_attempt (id), -- internal
    kind         TEXT   NOT NULL CHECK (kind IN ('authorisation', 'capture', 'refund', 'void')), -- internal
    amount       BIGINT NOT NULL CHECK (amount > 0),    -- internal
    currency     TEXT   NOT NULL CHECK (length(currency) = 3), -- internal
    provider_ref TEXT COLLATE "C" NOT NULL,             -- internal
    created_at   BIGINT NOT NULL,                       -- internal
    UNIQUE (attempt_id, kind, provider_ref)
);
CREATE INDEX payment_entry_order ON payment_entry (order_id, created_at);

CREATE TABLE provider_event (
    provider     TEXT COLLATE "C" NOT NULL, -- internal
    event_id     TEXT COLLATE "C" NOT NULL, -- internal
    attempt_id   TEXT COLLATE "C" NOT NULL, -- internal
    kind         TEXT   NOT NULL,           -- internal
    received_at  BIGINT NOT NULL,           -- internal
    processed_at BIGINT,                    -- internal
    PRIMARY KEY (provider, event_id)
);

CREATE TABLE shipment (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id     TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    position     BIGINT NOT NULL,                       -- internal
    location_id  TEXT COLLATE "C" NOT NULL REFERENCES location (id), -- internal
    carrier      TEXT   NOT NULL,                       -- internal
    tracking     TEXT   NOT NULL,                       -- internal
    tracking_url TEXT   NOT NULL,                       -- internal
    shipped_at   BIGINT NOT NULL,                       -- internal
    delivered_at BIGINT,                                -- internal
    UNIQUE (order_id, position)
);

CREATE TABLE shipment_line (
    shipment_id   TEXT COLLATE "C" NOT NULL REFERENCES shipment (id), -- internal
    order_line_id TEXT COLLATE "C" NOT NULL REFERENCES order_line (id), -- internal
    quantity      BIGINT NOT NULL CHECK (quantity > 0), -- internal
    PRIMARY KEY (shipment_id, order_line_id)
);

CREATE TABLE refund (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id     TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    attempt_id   TEXT COLLATE "C" NOT NULL REFERENCES payment_attempt (id), -- internal
    amount       BIGINT NOT NULL CHECK (amount > 0),    -- internal
    tax          BIGINT NOT NULL CHECK (tax BETWEEN 0 AND amount), -- internal
    shipping     BIGINT NOT NULL CHECK (shipping BETWEEN 0 AND amount), -- internal
    state        TEXT   NOT NULL CHECK (state IN ('pending', 'done', 'failed')), -- internal
    reason       TEXT   NOT NULL,                       -- internal
    provider_ref TEXT COLLATE "C" NOT NULL,             -- internal
    created_at   BIGINT NOT NULL,                       -- internal
    updated_at   BIGINT NOT NULL                        -- internal
);
CREATE INDEX refund_order ON refund (order_id, created_at);

CREATE TABLE refund_line (
    refund_id     TEXT COLLATE "C" NOT NULL REFERENCES refund (id), -- internal
    order_line_id TEXT COLLATE "C" NOT NULL REFERENCES order_line (id), -- internal
    quantity      BIGINT NOT NULL CHECK (quantity > 0), -- internal
    amount        BIGINT NOT NULL CHECK (amount >= 0),  -- internal
    tax           BIGINT NOT NULL CHECK (tax BETWEEN 0 AND amount), -- internal
    restocked     BIGINT NOT NULL CHECK (restocked BETWEEN 0 AND quantity), -- internal
    cancelled     BIGINT NOT NULL CHECK (cancelled >= 0), -- internal
    returned      BIGINT NOT NULL CHECK (returned >= 0), -- internal
    CHECK (cancelled + returned <= quantity),
    PRIMARY KEY (refund_id, order_line_id)
);

-- Notes of staff on an order; the rest of its timeline is the change log.
-- staff_id is stf_… or, of a program, tok_….
CREATE TABLE order_note (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- internal
    order_id   TEXT COLLATE "C" NOT NULL REFERENCES orders (id), -- internal
    staff_id   TEXT COLLATE "C" NOT NULL, -- internal
    note       BYTEA  NOT NULL,                       -- personal
    created_at BIGINT NOT NULL                        -- internal
);
CREATE INDEX order_note_order ON order_note (order_id, created_at);

-- +goose Down
DROP TABLE order_note; DROP TABLE refund_line; DROP TABLE refund; DROP TABLE shipment_line; DROP TABLE shipment;
DROP TABLE provider_event; DROP TABLE payment_entry; DROP TABLE payment_attempt; DROP TABLE reservation;
DROP TABLE order_tax; DROP TABLE order_line; DROP TABLE order_number; DROP TABLE orders; DROP TABLE cart_line; DROP TABLE cart;
