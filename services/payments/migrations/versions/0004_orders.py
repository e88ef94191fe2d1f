"""Customers, catalogue, coupons, carts and orders."""

from shared.runtime import migrations

revision = "0004"
down_revision = "0003"

_CUSTOMERS = r"""
CREATE TABLE customers (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    email           text CHECK (char_length(email) <= 320),
    phone           text CHECK (phone ~ '^\+[1-9][0-9]{5,14}$'),
    locale          text NOT NULL CHECK (char_length(locale) <= 35),
    time_zone       text NOT NULL CHECK (char_length(time_zone) <= 64),
    address         jsonb,                                -- line1, line2, city, postal_code, country
    state_code      text CHECK (state_code ~ '^[0-9]{2}$'),
    gstin           text CHECK (gstin ~ '^[0-9]{2}[0-9A-Z]{13}$'),
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    erased_at       timestamptz,                          -- state and GSTIN stay: tax records name them
    CHECK (erased_at IS NULL OR num_nonnulls(email, phone, address) = 0)
);
CREATE INDEX customers_of_organization ON customers (organization_id, id);
CREATE INDEX customers_by_email ON customers (organization_id, lower(email));
"""

_CATALOG = r"""
CREATE TABLE products (
    organization_id  uuid NOT NULL,
    sku              text NOT NULL CHECK (sku ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    name             text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    hsn_sac          text NOT NULL CHECK (hsn_sac ~ '^([0-9]{4}|[0-9]{6}|[0-9]{8})$'),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor BETWEEN 0 AND 1000000000000000),
    currency         char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    tax_rate_bp      integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    capability       text CHECK (capability ~ '^[a-z][a-z0-9_]{0,63}$'), -- what its maker must be able to do; NULL: from stock
    lead_time_days   integer NOT NULL DEFAULT 0 CHECK (lead_time_days BETWEEN 0 AND 365),
    active           boolean NOT NULL DEFAULT true,
    version          bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at       timestamptz NOT NULL,
    updated_by       text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200),
    PRIMARY KEY (organization_id, sku)
);

-- Every state that a product was ever in. Written by a trigger, so that no way of changing a price goes around it.
CREATE TABLE product_versions (LIKE products INCLUDING CONSTRAINTS, PRIMARY KEY (organization_id, sku, version));
CREATE FUNCTION note_product_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO product_versions VALUES (NEW.*);
    RETURN NULL;
END $$;
CREATE TRIGGER products_are_noted AFTER INSERT OR UPDATE ON products FOR EACH ROW EXECUTE FUNCTION note_product_version();

CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER product_versions_are_kept BEFORE UPDATE OR DELETE ON product_versions
    FOR EACH ROW EXECUTE FUNCTION keep_history();
"""

_COUPONS = r"""
CREATE TABLE coupons (
    id                    uuid PRIMARY KEY,
    organization_id       uuid NOT NULL,
    code                  text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]{2,39}$'),
    percent_bp            integer CHECK (percent_bp BETWEEN 1 AND 10000),
    amount_minor          bigint CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    minimum_minor         bigint NOT NULL DEFAULT 0 CHECK (minimum_minor BETWEEN 0 AND 1000000000000000),
    currency              char(3) CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from            timestamptz NOT NULL,
    valid_until           timestamptz CHECK (valid_until > valid_from),  -- no use at or after this moment
    max_uses              integer CHECK (max_uses >= 1),
    max_uses_per_customer integer CHECK (max_uses_per_customer >= 1),
    uses                  integer NOT NULL DEFAULT 0 CHECK (uses >= 0),
    active                boolean NOT NULL DEFAULT true,
    version               bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at            timestamptz NOT NULL,
    created_by            text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200),
    UNIQUE (organization_id, code),
    CHECK (num_nonnulls(percent_bp, amount_minor) = 1),
    CHECK (currency IS NOT NULL OR (amount_minor IS NULL AND minimum_minor = 0))
);
-- How often each customer has used a coupon. The row of the coupon, which is changed first, is the lock of both counts.
CREATE TABLE coupon_customers (
    coupon_id   uuid NOT NULL REFERENCES coupons,
    customer_id uuid NOT NULL REFERENCES customers,
    uses        integer NOT NULL CHECK (uses >= 0),
    PRIMARY KEY (coupon_id, customer_id)
);
"""

_CARTS = r"""
CREATE TABLE carts (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    customer_id     uuid REFERENCES customers,
    secret_hash     bytea UNIQUE CHECK (octet_length(secret_hash) = 32), -- SHA-256 of what opens an anonymous cart
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'locked', 'converted', 'merged')),
    currency        char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    coupon_id       uuid REFERENCES coupons,
    locked_until    timestamptz,
    merged_into     uuid,
    abandoned_step  smallint NOT NULL DEFAULT 0 CHECK (abandoned_step BETWEEN 0 AND 3), -- reminders since the last change
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK (customer_id IS NOT NULL OR secret_hash IS NOT NULL),
    CHECK ((status = 'locked') = (locked_until IS NOT NULL)),
    CHECK ((status = 'merged') = (merged_into IS NOT NULL))
);
CREATE UNIQUE INDEX carts_one_per_customer ON carts (customer_id) WHERE status IN ('active', 'locked');
CREATE INDEX carts_of_organization ON carts (organization_id, id);
CREATE INDEX carts_by_age ON carts (updated_at, id);
CREATE INDEX carts_unreminded ON carts (updated_at)
    WHERE status = 'active' AND abandoned_step < 3 AND customer_id IS NOT NULL;

-- Name, price and rate are those that the customer has seen; the catalogue's may have changed since.
CREATE TABLE cart_items (
    cart_id          uuid NOT NULL REFERENCES carts ON DELETE CASCADE,
    sku              text NOT NULL,
    name             text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity BETWEEN 1 AND 100000),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor BETWEEN 0 AND 1000000000000000),
    tax_rate_bp      integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    added_at         timestamptz NOT NULL,
    PRIMARY KEY (cart_id, sku)
);
"""

_ORDERS = r"""
CREATE TABLE order_settings (
    organization_id    uuid PRIMARY KEY,
    tax                text NOT NULL CHECK (tax IN ('gst', 'none')),
    state_code         text CHECK (state_code ~ '^[0-9]{2}$'),
    has_lut            boolean NOT NULL DEFAULT false,      -- exports go out under a letter of undertaking, without tax
    round_to_minor     integer NOT NULL CHECK (round_to_minor BETWEEN 1 AND 100000),
    price_tolerance_bp integer NOT NULL DEFAULT 0 CHECK (price_tolerance_bp BETWEEN 0 AND 10000),
    pay_within_h       integer NOT NULL DEFAULT 72 CHECK (pay_within_h BETWEEN 1 AND 8760),
    version            bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at         timestamptz NOT NULL,
    updated_by         text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200),
    CHECK ((tax = 'gst') = (state_code IS NOT NULL))
);

-- A status that stays is a transition as well: each change of an order is one.
CREATE TABLE order_transitions_allowed (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO order_transitions_allowed (from_status, to_status) VALUES
    ('draft', 'draft'), ('draft', 'placed'), ('draft', 'paid'), ('draft', 'cancelled'),
    ('placed', 'placed'), ('placed', 'partially_paid'), ('placed', 'paid'), ('placed', 'in_production'), ('placed', 'cancelled'),
    ('partially_paid', 'partially_paid'), ('partially_paid', 'paid'), ('partially_paid', 'in_production'),
    ('partially_paid', 'cancelled'),
    ('paid', 'paid'), ('paid', 'placed'), ('paid', 'partially_paid'), ('paid', 'in_production'), ('paid', 'partially_fulfilled'),
    ('paid', 'fulfilled'), ('paid', 'cancelled'),
    ('in_production', 'in_production'), ('in_production', 'partially_fulfilled'), ('in_production', 'fulfilled'),
    ('in_production', 'cancelled'),
    ('partially_fulfilled', 'partially_fulfilled'), ('partially_fulfilled', 'fulfilled'),
    ('fulfilled', 'fulfilled'),
    ('cancelled', 'cancelled');

CREATE TABLE orders (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    customer_id      uuid NOT NULL REFERENCES customers,
    number           text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 40),
    status           text NOT NULL CHECK (status IN ('draft', 'placed', 'partially_paid', 'paid', 'in_production',
                                                     'partially_fulfilled', 'fulfilled', 'cancelled')),
    currency         char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal_minor   bigint NOT NULL CHECK (subtotal_minor >= 0),        -- before discount and tax
    discount_minor   bigint NOT NULL CHECK (discount_minor BETWEEN 0 AND subtotal_minor),
    tax_minor        bigint NOT NULL CHECK (tax_minor >= 0),
    round_off_minor  bigint NOT NULL,
    total_minor      bigint NOT NULL CHECK (total_minor BETWEEN 0 AND 1000000000000000),
    cancelled_minor  bigint NOT NULL DEFAULT 0 CHECK (cancelled_minor BETWEEN 0 AND total_minor), -- what is owed no more
    paid_minor       bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    released_minor   bigint NOT NULL DEFAULT 0 CHECK (released_minor BETWEEN 0 AND paid_minor), -- for what was cancelled since
    refunded_minor   bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND paid_minor),
    in_payment_since timestamptz,                                        -- a gateway is at it and has not said how it ended
    payment_status   text NOT NULL GENERATED ALWAYS AS (CASE
                         WHEN refunded_minor > 0 AND refunded_minor = paid_minor THEN 'refunded'
                         WHEN refunded_minor > 0 THEN 'partially_refunded'
                         WHEN total_minor = 0 OR (paid_minor > 0 AND paid_minor - released_minor >= total_minor - cancelled_minor)
                              THEN 'paid'
                         WHEN paid_minor > 0 THEN 'partially_paid'
                         WHEN in_payment_since IS NOT NULL THEN 'processing'
                         ELSE 'unpaid' END) STORED,
    -- A refund does not make it due again: what is given back out of kindness is not asked for a second time.
    due_minor        bigint NOT NULL GENERATED ALWAYS AS (CASE
                         WHEN status IN ('draft', 'cancelled') THEN 0
                         ELSE total_minor - cancelled_minor - (paid_minor - released_minor) END) STORED,
    supply_kind      text NOT NULL CHECK (supply_kind IN ('domestic', 'export_with_lut', 'export_without_lut', 'untaxed')),
    supplier_state   text CHECK (supplier_state ~ '^[0-9]{2}$'),
    place_of_supply  text CHECK (place_of_supply ~ '^[0-9]{2}$'),
    round_to_minor   integer NOT NULL CHECK (round_to_minor >= 1),
    delivery         jsonb NOT NULL,                                     -- address, state_code, latitude, longitude
    due_on           date,                                               -- the delivery that the customer wants
    placed_at        timestamptz,
    pay_until        timestamptz,                                        -- after this, an order with no money on it expires
    cart_id          uuid UNIQUE,                                        -- carts are cleaned up, orders stay
    coupon_id        uuid REFERENCES coupons,
    coupon_held      boolean NOT NULL DEFAULT false,                     -- whether the order counts as a use of its coupon
    subscription_id  uuid,
    period_start     date,
    remind_at        timestamptz,                                        -- when the customer is to be reminded next
    reminders        smallint NOT NULL DEFAULT 0,
    cancelled_at     timestamptz,
    version          bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    changed_by       text NOT NULL CHECK (char_length(changed_by) BETWEEN 1 AND 200),
    change_reason    text CHECK (char_length(change_reason) <= 1000),
    change_details   jsonb,                                              -- of the newest change: lines, payment, parcel
    previous_status  text,                                               -- kept by a trigger; NULL until the first change
    UNIQUE (organization_id, number),
    UNIQUE (subscription_id, period_start),
    CHECK (total_minor = subtotal_minor - discount_minor + tax_minor + round_off_minor),
    CHECK (paid_minor - released_minor <= total_minor - cancelled_minor),
    CHECK ((subscription_id IS NULL) = (period_start IS NULL)),
    CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)),
    CHECK (placed_at IS NOT NULL OR status IN ('draft', 'cancelled')),
    CHECK (NOT coupon_held OR coupon_id IS NOT NULL),
    CHECK ((supply_kind = 'untaxed') = (supplier_state IS NULL)),
    CONSTRAINT orders_status_transition
        FOREIGN KEY (previous_status, status) REFERENCES order_transitions_allowed (from_status, to_status)
);
CREATE INDEX orders_of_organization ON orders (organization_id, id);
CREATE INDEX orders_of_customer ON orders (customer_id, id);
CREATE INDEX orders_of_coupon ON orders (coupon_id) WHERE coupon_held;
CREATE INDEX orders_expiring ON orders (pay_until) WHERE status = 'placed';
CREATE INDEX orders_waiting ON orders (id) WHERE status = 'paid';
CREATE INDEX orders_reminding ON orders (remind_at) WHERE remind_at IS NOT NULL;

CREATE TABLE order_lines (
    order_id           uuid NOT NULL REFERENCES orders,
    number             integer NOT NULL CHECK (number >= 1),
    sku                text NOT NULL,
    name               text NOT NULL,
    hsn_sac            text NOT NULL,
    quantity           integer NOT NULL CHECK (quantity BETWEEN 1 AND 100000),
    unit_price_minor   bigint NOT NULL CHECK (unit_price_minor >= 0),
    discount_minor     bigint NOT NULL CHECK (discount_minor >= 0),
    tax_rate_bp        integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    taxable_minor      bigint NOT NULL CHECK (taxable_minor = quantity * unit_price_minor - discount_minor),
    cgst_minor         bigint NOT NULL CHECK (cgst_minor >= 0),
    sgst_minor         bigint NOT NULL CHECK (sgst_minor >= 0),
    utgst_minor        bigint NOT NULL CHECK (utgst_minor >= 0),
    igst_minor         bigint NOT NULL CHECK (igst_minor >= 0),
    total_minor        bigint NOT NULL,
    capability         text,
    fulfilled_quantity integer NOT NULL DEFAULT 0 CHECK (fulfilled_quantity >= 0),
    cancelled_quantity integer NOT NULL DEFAULT 0 CHECK (cancelled_quantity >= 0),
    PRIMARY KEY (order_id, number),
    UNIQUE (order_id, sku),
    CHECK (total_minor = taxable_minor + cgst_minor + sgst_minor + utgst_minor + igst_minor),
    CHECK (fulfilled_quantity + cancelled_quantity <= quantity)
);
"""

_HISTORY = r"""
-- number: the order's version that the change made. before and after: the columns that it changed.
CREATE TABLE order_changes (
    order_id    uuid NOT NULL REFERENCES orders,
    number      bigint NOT NULL CHECK (number >= 1),
    from_status text,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    reason      text,
    details     jsonb,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (order_id, number),
    FOREIGN KEY (from_status, to_status) REFERENCES order_transitions_allowed (from_status, to_status)
);
CREATE TRIGGER order_changes_are_kept BEFORE UPDATE OR DELETE ON order_changes FOR EACH ROW EXECUTE FUNCTION keep_history();

CREATE FUNCTION note_previous_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.previous_status := OLD.status;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_status_change BEFORE UPDATE ON orders
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION note_previous_status();

-- Written by the database, so that no change of an order goes without its line, whoever makes it. Reminders are no change of the
-- order, and where it is delivered is the customer's own and not repeated where it could not be erased.
CREATE FUNCTION note_order_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was       jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    unnoted   CONSTANT text[] := ARRAY['version', 'updated_at', 'changed_by', 'change_reason', 'change_details',
                                       'previous_status', 'delivery', 'remind_at', 'reminders'];
    changed   record;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, was -> key) FILTER (WHERE was ? key), '{}') AS before,
           coalesce(jsonb_object_agg(key, value), '{}') AS after
      INTO changed
      FROM jsonb_each(to_jsonb(NEW) - unnoted)
     WHERE was -> key IS DISTINCT FROM value AND (TG_OP = 'UPDATE' OR value <> 'null');
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        IF changed.after <> '{}' THEN
            RAISE EXCEPTION 'order % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO order_changes (order_id, number, from_status, to_status, actor, reason, details, before, after, at)
    VALUES (NEW.id, NEW.version, was ->> 'status', NEW.status, NEW.changed_by, NEW.change_reason, NEW.change_details,
            changed.before, changed.after, NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER orders_are_noted AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_order_change();

CREATE FUNCTION check_order_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owed  bigint;
    lines bigint;
BEGIN
    SELECT total_minor - round_off_minor INTO owed FROM orders WHERE id = NEW.id;
    SELECT coalesce(sum(total_minor), 0) INTO lines FROM order_lines WHERE order_id = NEW.id;
    IF owed <> lines THEN
        RAISE EXCEPTION 'order % is % and its lines are %', NEW.id, owed, lines USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orders_add_up AFTER INSERT OR UPDATE OF total_minor, round_off_minor ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_order_sum();

CREATE TABLE order_fulfilments (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL REFERENCES orders,
    lines           jsonb NOT NULL,                       -- number and quantity of each line in the parcel
    carrier         text CHECK (char_length(carrier) <= 100),
    tracking_number text CHECK (char_length(tracking_number) <= 100),
    tracking_url    text CHECK (char_length(tracking_url) <= 500),
    fulfilled_at    timestamptz NOT NULL,
    fulfilled_by    text NOT NULL
);
CREATE INDEX order_fulfilments_of_order ON order_fulfilments (order_id, id);

-- Money that a payment or a refund has moved, once each. surplus_minor: what the order had no use for.
CREATE TABLE order_receipts (
    kind          text NOT NULL CHECK (kind IN ('payment', 'refund')),
    source_id     uuid NOT NULL,
    order_id      uuid NOT NULL REFERENCES orders,
    applied_minor bigint NOT NULL CHECK (applied_minor >= 0),
    surplus_minor bigint NOT NULL CHECK (surplus_minor >= 0),
    at            timestamptz NOT NULL,
    PRIMARY KEY (kind, source_id, order_id)
);
CREATE INDEX order_receipts_of_order ON order_receipts (order_id);

-- What a cancellation gives back, line by line. The money is moved by whoever carries the plan out.
CREATE TABLE refund_plans (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL REFERENCES orders,
    order_version   bigint NOT NULL,                      -- the change that cancelled
    currency        char(3) NOT NULL,
    lines           jsonb NOT NULL,                       -- what each line comes to less
    round_off_minor bigint NOT NULL,
    cancelled_minor bigint NOT NULL CHECK (cancelled_minor >= 0),
    refund_minor    bigint NOT NULL CHECK (refund_minor BETWEEN 1 AND cancelled_minor),
    status          text NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'executing', 'executed', 'failed')),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    UNIQUE (order_id, order_version)
);
CREATE INDEX refund_plans_open ON refund_plans (created_at) WHERE status <> 'executed';
"""


def upgrade() -> None:
    for part in (_CUSTOMERS, _CATALOG, _COUPONS, _CARTS, _ORDERS, _HISTORY):
        migrations.script(part)
