"""Legal entities, invoices and credit notes with their numbers and PDFs, tariffs, billable trips, reminders.

What a document says is fixed from the moment it has a number, and the database sees to it: triggers refuse every change of an
issued invoice but those of its money and its end, and every change of its lines and its PDF.
"""

from shared.runtime import migrations

revision = "0005"
down_revision = "0004"

_LEGAL_ENTITIES = r"""
CREATE TABLE legal_entities (
    id                         uuid PRIMARY KEY,
    organization_id            uuid NOT NULL,
    is_default                 boolean NOT NULL,           -- issues where nobody names another one
    name                       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    address                    jsonb,                      -- line1, line2, city, postal_code, country
    state_code                 text CHECK (state_code ~ '^[0-9]{2}$'),
    gstin                      text CHECK (gstin ~ '^[0-9]{2}[0-9A-Z]{13}$'),
    email                      text CHECK (char_length(email) <= 320),
    phone                      text CHECK (char_length(phone) <= 32),
    currency                   char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    invoice_prefix             text NOT NULL CHECK (invoice_prefix ~ '^[A-Z0-9][A-Z0-9-]{0,4}$'),
    credit_note_prefix         text NOT NULL CHECK (credit_note_prefix ~ '^[A-Z0-9][A-Z0-9-]{0,4}$'),
    time_zone                  text NOT NULL CHECK (char_length(time_zone) <= 64),
    financial_year_start_month smallint NOT NULL CHECK (financial_year_start_month BETWEEN 1 AND 12),
    upi_id                     text CHECK (upi_id ~ '^[A-Za-z0-9._-]{2,255}@[A-Za-z][A-Za-z0-9]{1,63}$'),
    bank                       jsonb,                      -- account_name, account_number, ifsc, bank_name
    lut_reference              text CHECK (char_length(lut_reference) BETWEEN 1 AND 50),
    signatory                  text CHECK (char_length(signatory) BETWEEN 1 AND 200),
    terms_days                 integer NOT NULL CHECK (terms_days BETWEEN 0 AND 365),
    round_to_minor             integer NOT NULL CHECK (round_to_minor BETWEEN 1 AND 100000),
    version                    bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at                 timestamptz NOT NULL,
    updated_at                 timestamptz NOT NULL,
    updated_by                 text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200),
    CHECK (invoice_prefix <> credit_note_prefix),          -- each series is one kind of document
    CHECK (gstin IS NULL OR state_code = left(gstin, 2))
);
CREATE INDEX legal_entities_of_organization ON legal_entities (organization_id, id);
CREATE UNIQUE INDEX legal_entities_default ON legal_entities (organization_id) WHERE is_default;

-- The last number of each series and year. Its row is locked from the taking of a number to the end of that transaction, which is
-- what makes the numbers gapless; the day keeps documents in the order of their numbers.
CREATE TABLE invoice_counters (
    legal_entity_id uuid NOT NULL REFERENCES legal_entities,
    series          text NOT NULL,
    financial_year  char(4) NOT NULL,                      -- 2627: April 2026 to March 2027
    last_sequence   integer NOT NULL CHECK (last_sequence BETWEEN 1 AND 9999999),
    last_issued_on  date NOT NULL,
    PRIMARY KEY (legal_entity_id, series, financial_year)
);
"""

_INVOICES = r"""
CREATE TABLE invoice_transitions_allowed (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO invoice_transitions_allowed (from_status, to_status) VALUES ('draft', 'issued'), ('issued', 'void');

CREATE TABLE invoices (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    legal_entity_id uuid NOT NULL REFERENCES legal_entities,
    customer_id     uuid,
    status          text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'issued', 'void')),
    series          text,
    financial_year  char(4),
    sequence        integer CHECK (sequence >= 1),
    number          text CHECK (number ~ '^[A-Za-z0-9/-]{1,16}$'),                   -- CGST Rules, rule 46(b)
    issued_at       timestamptz,
    issued_on       date,                                                            -- in the zone of the legal entity
    due_on          date,
    supplied_from   date,
    supplied_to     date,
    currency        char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    taxable_minor   bigint NOT NULL CHECK (taxable_minor BETWEEN 0 AND 1000000000000000),
    tax_minor       bigint NOT NULL CHECK (tax_minor >= 0),                          -- as shown
    charged_tax_minor bigint NOT NULL CHECK (charged_tax_minor BETWEEN 0 AND tax_minor), -- 0 under reverse charge
    round_off_minor bigint NOT NULL,
    total_minor     bigint NOT NULL CHECK (total_minor BETWEEN 0 AND 1000000000000000),
    prepaid_minor   bigint NOT NULL DEFAULT 0,                                       -- paid before it was issued
    paid_minor      bigint NOT NULL DEFAULT 0 CHECK (paid_minor BETWEEN 0 AND total_minor),
    credited_minor  bigint NOT NULL DEFAULT 0 CHECK (credited_minor BETWEEN 0 AND total_minor),
    balance_minor   bigint NOT NULL GENERATED ALWAYS AS (CASE WHEN status = 'issued'
                        THEN greatest(total_minor - paid_minor - credited_minor, 0) ELSE 0 END) STORED,
    seller          jsonb,                                                           -- the legal entity as it was; NULL: a draft
    buyer           jsonb NOT NULL,
    place_of_supply text CHECK (place_of_supply ~ '^[0-9]{2}$'),
    supply_kind     text NOT NULL CHECK (supply_kind IN ('domestic', 'export_with_lut', 'export_without_lut', 'sez_with_lut',
                                                         'sez_without_lut')),
    reverse_charge  boolean NOT NULL,
    terms_days      integer CHECK (terms_days BETWEEN 0 AND 365),                    -- NULL: the legal entity's
    notes           text CHECK (char_length(notes) <= 2000),
    order_id        uuid,
    subscription_id uuid,
    period_start    date,
    trip_id         uuid,
    pdf_sha256      text CHECK (pdf_sha256 ~ '^[0-9a-f]{64}$'),
    disputed_at     timestamptz,
    voided_at       timestamptz,
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    changed_by      text NOT NULL CHECK (char_length(changed_by) BETWEEN 1 AND 200),
    change_reason   text CHECK (char_length(change_reason) <= 1000),
    previous_status text,                                                            -- kept by a trigger
    CHECK (total_minor = taxable_minor + charged_tax_minor + round_off_minor),
    CHECK (prepaid_minor BETWEEN 0 AND total_minor),
    CHECK ((status = 'draft') = (number IS NULL)),
    CHECK (num_nonnulls(number, series, financial_year, sequence, issued_at, issued_on, due_on, seller) IN (0, 8)),
    CHECK ((status = 'void') = (voided_at IS NOT NULL)),
    CHECK ((supplied_from IS NULL) = (supplied_to IS NULL) AND supplied_from <= supplied_to),
    CHECK (num_nonnulls(order_id, subscription_id, trip_id) <= 1),
    CHECK ((subscription_id IS NULL) = (period_start IS NULL)),
    CONSTRAINT invoices_number UNIQUE (legal_entity_id, series, financial_year, sequence),
    CONSTRAINT invoices_shown_number UNIQUE (legal_entity_id, number),
    CONSTRAINT invoices_transition
        FOREIGN KEY (previous_status, status) REFERENCES invoice_transitions_allowed (from_status, to_status)
);
-- One invoice for each order, period and trip. What is void gives its place free, so that a wrong one can be issued anew.
CREATE UNIQUE INDEX invoices_of_order ON invoices (order_id) WHERE order_id IS NOT NULL AND status <> 'void';
CREATE UNIQUE INDEX invoices_of_period ON invoices (subscription_id, period_start)
    WHERE subscription_id IS NOT NULL AND status <> 'void';
CREATE UNIQUE INDEX invoices_of_trip ON invoices (trip_id) WHERE trip_id IS NOT NULL AND status <> 'void';
CREATE INDEX invoices_of_organization ON invoices (organization_id, id);
CREATE INDEX invoices_of_customer ON invoices (customer_id, id);
CREATE INDEX invoices_by_day ON invoices (organization_id, issued_on, id) WHERE issued_on IS NOT NULL;
CREATE INDEX invoices_unpaid ON invoices (due_on, id) WHERE balance_minor > 0;

CREATE TABLE invoice_lines (
    invoice_id       uuid NOT NULL REFERENCES invoices ON DELETE CASCADE,
    number           integer NOT NULL CHECK (number >= 1),
    description      text NOT NULL CHECK (char_length(description) BETWEEN 1 AND 500),
    hsn_sac          text CHECK (hsn_sac ~ '^([0-9]{4}|[0-9]{6}|[0-9]{8})$'),
    quantity         bigint NOT NULL CHECK (quantity >= 1),
    unit             text NOT NULL CHECK (char_length(unit) BETWEEN 1 AND 10),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    discount_minor   bigint NOT NULL CHECK (discount_minor >= 0),
    rate_bp          integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    taxable_minor    bigint NOT NULL CHECK (taxable_minor = quantity * unit_price_minor - discount_minor),
    cgst_minor       bigint NOT NULL CHECK (cgst_minor >= 0),
    sgst_minor       bigint NOT NULL CHECK (sgst_minor >= 0),
    utgst_minor      bigint NOT NULL CHECK (utgst_minor >= 0),
    igst_minor       bigint NOT NULL CHECK (igst_minor >= 0),
    total_minor      bigint NOT NULL CHECK (total_minor >= 0),
    PRIMARY KEY (invoice_id, number)
);

-- What was paid on an invoice and taken back from it, once for each payment and refund.
CREATE TABLE invoice_payments (
    invoice_id    uuid NOT NULL REFERENCES invoices,
    kind          text NOT NULL CHECK (kind IN ('payment', 'refund')),
    source_id     uuid NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    applied_minor bigint NOT NULL CHECK (applied_minor BETWEEN 0 AND amount_minor),
    at            timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, kind, source_id)
);

CREATE TABLE invoice_pdfs (
    invoice_id  uuid PRIMARY KEY REFERENCES invoices,
    content     bytea NOT NULL,
    sha256      text NOT NULL CHECK (sha256 = encode(sha256(content), 'hex')),
    rendered_at timestamptz NOT NULL DEFAULT now()
);

-- number: the invoice's version that the change made.
CREATE TABLE invoice_changes (
    invoice_id  uuid NOT NULL,
    number      bigint NOT NULL CHECK (number >= 1),
    from_status text,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    reason      text,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, number)
);
"""

_CREDIT_NOTES = r"""
CREATE TABLE credit_notes (
    id                uuid PRIMARY KEY,
    organization_id   uuid NOT NULL,
    legal_entity_id   uuid NOT NULL REFERENCES legal_entities,
    invoice_id        uuid NOT NULL REFERENCES invoices,
    series            text NOT NULL,
    financial_year    char(4) NOT NULL,
    sequence          integer NOT NULL CHECK (sequence >= 1),
    number            text NOT NULL CHECK (number ~ '^[A-Za-z0-9/-]{1,16}$'),
    issued_at         timestamptz NOT NULL,
    issued_on         date NOT NULL,
    reason            text NOT NULL CHECK (reason IN ('goods_returned', 'deficiency', 'price_change', 'cancelled', 'duplicate',
                                                      'other')),
    note              text CHECK (char_length(note) <= 500),
    currency          char(3) NOT NULL,
    taxable_minor     bigint NOT NULL CHECK (taxable_minor >= 0),
    tax_minor         bigint NOT NULL CHECK (tax_minor >= 0),
    charged_tax_minor bigint NOT NULL CHECK (charged_tax_minor BETWEEN 0 AND tax_minor),
    round_off_minor   bigint NOT NULL,
    total_minor       bigint NOT NULL CHECK (total_minor > 0),
    pdf_sha256        text CHECK (pdf_sha256 ~ '^[0-9a-f]{64}$'),
    created_by        text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200),
    CHECK (total_minor = taxable_minor + charged_tax_minor + round_off_minor),
    CONSTRAINT credit_notes_number UNIQUE (legal_entity_id, series, financial_year, sequence)
);
CREATE INDEX credit_notes_of_organization ON credit_notes (organization_id, id);
CREATE INDEX credit_notes_of_invoice ON credit_notes (invoice_id, id);
CREATE INDEX credit_notes_by_day ON credit_notes (organization_id, issued_on, id);

CREATE TABLE credit_note_lines (
    credit_note_id uuid NOT NULL REFERENCES credit_notes,
    invoice_line   integer NOT NULL,
    quantity       bigint CHECK (quantity >= 1),           -- NULL: of the price alone
    taxable_minor  bigint NOT NULL CHECK (taxable_minor >= 0),
    cgst_minor     bigint NOT NULL CHECK (cgst_minor >= 0),
    sgst_minor     bigint NOT NULL CHECK (sgst_minor >= 0),
    utgst_minor    bigint NOT NULL CHECK (utgst_minor >= 0),
    igst_minor     bigint NOT NULL CHECK (igst_minor >= 0),
    total_minor    bigint NOT NULL CHECK (total_minor >= 0),
    PRIMARY KEY (credit_note_id, invoice_line)
);

CREATE TABLE credit_note_pdfs (
    credit_note_id uuid PRIMARY KEY REFERENCES credit_notes,
    content        bytea NOT NULL,
    sha256         text NOT NULL CHECK (sha256 = encode(sha256(content), 'hex')),
    rendered_at    timestamptz NOT NULL DEFAULT now()
);
"""

_IMMUTABLE = r"""
CREATE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['status', 'previous_status', 'paid_minor', 'credited_minor', 'balance_minor',
                                        'disputed_at', 'voided_at', 'pdf_sha256', 'version', 'updated_at', 'changed_by',
                                        'change_reason'];
    sums record;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION 'invoice % is issued and stays', OLD.number USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.status <> OLD.status THEN
        NEW.previous_status := OLD.status;
    END IF;
    IF OLD.status <> 'draft' AND to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'invoice % is issued, what it says stays; issue a credit note', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.pdf_sha256 IS NOT NULL AND NEW.pdf_sha256 IS DISTINCT FROM OLD.pdf_sha256 THEN
        RAISE EXCEPTION 'invoice % has its PDF', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'void' AND (NEW.paid_minor > 0 OR NEW.credited_minor > 0) THEN
        RAISE EXCEPTION 'invoice % has payments or credit notes and cannot be void', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'issued' THEN
        SELECT count(*) AS lines, sum(taxable_minor) AS taxable, sum(total_minor) AS total,
               sum(cgst_minor + sgst_minor + utgst_minor + igst_minor) AS tax
          INTO sums FROM invoice_lines WHERE invoice_id = NEW.id;
        IF sums.lines = 0 OR sums.taxable <> NEW.taxable_minor OR sums.tax <> NEW.tax_minor
           OR sums.total <> NEW.total_minor - NEW.round_off_minor THEN
            RAISE EXCEPTION 'invoice % and its lines do not add up', NEW.number USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoices_are_guarded BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION guard_invoice();

-- FOR SHARE, so that lines are not written while their invoice is being issued.
CREATE FUNCTION guard_invoice_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parents CONSTANT uuid[] := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id] WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]
                                          ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END;
    parent_status text;
BEGIN
    FOR parent_status IN SELECT status FROM invoices WHERE id = ANY (parents) FOR SHARE LOOP
        IF parent_status <> 'draft' THEN
            RAISE EXCEPTION 'the lines of an issued invoice stay' USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER invoice_lines_are_guarded BEFORE INSERT OR UPDATE OR DELETE ON invoice_lines
    FOR EACH ROW EXECUTE FUNCTION guard_invoice_lines();

CREATE FUNCTION guard_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.pdf_sha256 IS NOT NULL OR to_jsonb(NEW) - 'pdf_sha256' <> to_jsonb(OLD) - 'pdf_sha256' THEN
        RAISE EXCEPTION 'credit note % is issued, what it says stays', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_notes_are_guarded BEFORE UPDATE ON credit_notes FOR EACH ROW EXECUTE FUNCTION guard_credit_note();

CREATE FUNCTION keep_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER credit_notes_stay BEFORE DELETE ON credit_notes FOR EACH ROW EXECUTE FUNCTION keep_document();
CREATE TRIGGER credit_note_lines_are_kept BEFORE UPDATE OR DELETE ON credit_note_lines
    FOR EACH ROW EXECUTE FUNCTION keep_document();
CREATE TRIGGER credit_note_pdfs_are_kept BEFORE UPDATE OR DELETE ON credit_note_pdfs
    FOR EACH ROW EXECUTE FUNCTION keep_document();
CREATE TRIGGER invoice_pdfs_are_kept BEFORE UPDATE OR DELETE ON invoice_pdfs FOR EACH ROW EXECUTE FUNCTION keep_document();
CREATE TRIGGER invoice_payments_are_kept BEFORE UPDATE OR DELETE ON invoice_payments
    FOR EACH ROW EXECUTE FUNCTION keep_document();
CREATE TRIGGER invoice_changes_are_kept BEFORE UPDATE OR DELETE ON invoice_changes
    FOR EACH ROW EXECUTE FUNCTION keep_document();
CREATE TRIGGER invoices_are_kept_whole BEFORE TRUNCATE ON invoices FOR EACH STATEMENT EXECUTE FUNCTION keep_document();
CREATE TRIGGER invoice_lines_are_kept_whole BEFORE TRUNCATE ON invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION keep_document();
CREATE TRIGGER invoice_pdfs_are_kept_whole BEFORE TRUNCATE ON invoice_pdfs FOR EACH STATEMENT EXECUTE FUNCTION keep_document();

-- Written by the database, so that no change of an issued invoice goes without its line, whoever makes it. Drafts are no record.
CREATE FUNCTION note_invoice_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted   CONSTANT text[] := ARRAY['status', 'number', 'paid_minor', 'credited_minor', 'disputed_at', 'voided_at',
                                     'pdf_sha256'];
    changed record;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, to_jsonb(OLD) -> key), '{}') AS before,
           coalesce(jsonb_object_agg(key, to_jsonb(NEW) -> key), '{}') AS after
      INTO changed
      FROM unnest(noted) AS key WHERE to_jsonb(OLD) -> key IS DISTINCT FROM to_jsonb(NEW) -> key;
    IF NEW.version = OLD.version THEN
        RAISE EXCEPTION 'invoice % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO invoice_changes (invoice_id, number, from_status, to_status, actor, reason, before, after, at)
    VALUES (NEW.id, NEW.version, OLD.status, NEW.status, NEW.changed_by, NEW.change_reason, changed.before, changed.after,
            NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER invoices_are_noted AFTER UPDATE ON invoices
    FOR EACH ROW WHEN (NEW.status <> 'draft') EXECUTE FUNCTION note_invoice_change();
"""

_TARIFFS = r"""
-- A tariff is the rows of one organization and mobility; each holds from its moment until a newer one does, and is never changed.
CREATE TABLE tariff_versions (
    id                   uuid PRIMARY KEY,
    organization_id      uuid NOT NULL,
    mobility             text NOT NULL CHECK (mobility ~ '^[a-z][a-z0-9_]{0,49}$'),
    valid_from           timestamptz NOT NULL,
    currency             char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    base_minor           bigint NOT NULL CHECK (base_minor BETWEEN 0 AND 1000000000000),
    per_km_minor         bigint NOT NULL CHECK (per_km_minor BETWEEN 0 AND 1000000000),
    per_minute_minor     bigint NOT NULL CHECK (per_minute_minor BETWEEN 0 AND 1000000000),
    waiting_minute_minor bigint NOT NULL CHECK (waiting_minute_minor BETWEEN 0 AND 1000000000),
    free_waiting_s       integer NOT NULL CHECK (free_waiting_s BETWEEN 0 AND 86400),
    minimum_minor        bigint NOT NULL CHECK (minimum_minor BETWEEN 0 AND 1000000000000),
    tax_rate_bp          integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    sac                  text NOT NULL CHECK (sac ~ '^([0-9]{4}|[0-9]{6}|[0-9]{8})$'),
    created_at           timestamptz NOT NULL,
    created_by           text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200),
    UNIQUE (organization_id, mobility, valid_from)
);
CREATE TRIGGER tariff_versions_are_kept BEFORE UPDATE OR DELETE ON tariff_versions
    FOR EACH ROW EXECUTE FUNCTION keep_document();

-- What a trip is billed by, as trips has told of it. A newer entity_version takes the place of an older one.
CREATE TABLE billable_trips (
    trip_id         uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    entity_version  bigint NOT NULL CHECK (entity_version >= 1),
    trip_number     text NOT NULL,
    customer_id     uuid,                                  -- NULL: nobody is billed
    mobility        text NOT NULL,
    distance_m      bigint NOT NULL CHECK (distance_m >= 0),
    duration_s      bigint NOT NULL CHECK (duration_s >= 0),
    waiting_s       bigint NOT NULL CHECK (waiting_s >= 0),
    completed_at    timestamptz NOT NULL
);
CREATE INDEX billable_trips_of_organization ON billable_trips (organization_id, trip_id);
"""

_REMINDERS = r"""
-- One reminder of each step, once. days: after the due day, negative before it.
CREATE TABLE invoice_reminders (
    invoice_id  uuid NOT NULL REFERENCES invoices,
    days        smallint NOT NULL,
    reminded_on date NOT NULL,                             -- in the zone of the legal entity
    due_minor   bigint NOT NULL CHECK (due_minor > 0),
    slot        timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, days)
);
"""


def upgrade() -> None:
    for part in (_LEGAL_ENTITIES, _INVOICES, _CREDIT_NOTES, _IMMUTABLE, _TARIFFS, _REMINDERS):
        migrations.script(part)
