"""What people want to get, and when."""

from shared.runtime import migrations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    migrations.script("""
        -- What messages are about. organization_id: whose own it is; NULL for those that Waybill brings along, which have their
        -- names to themselves. The legal class says what may be declined, so it never changes.
        CREATE TABLE categories (
            name            text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,49}$'),
            organization_id uuid,
            legal_class     text NOT NULL CHECK (legal_class IN ('transactional', 'service', 'marketing')),
            title           text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 100),
            title_hi        text CHECK (char_length(title_hi) BETWEEN 1 AND 100),
            revision        bigint NOT NULL DEFAULT 1 CHECK (revision >= 1),
            updated_at      timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT categories_name_key UNIQUE NULLS NOT DISTINCT (name, organization_id),
            CONSTRAINT categories_built_in_names CHECK (organization_id IS NULL OR name NOT IN (
                'general', 'orders', 'payments', 'subscriptions', 'invoices', 'trips', 'alerts', 'account', 'reminders',
                'digests', 'marketing'))
        );
        CREATE INDEX categories_of_organization ON categories (organization_id, name) WHERE organization_id IS NOT NULL;
        INSERT INTO categories (name, legal_class, title, title_hi) VALUES
            ('general', 'transactional', 'General notices', 'सामान्य सूचनाएँ'),
            ('orders', 'transactional', 'Orders', 'ऑर्डर'),
            ('payments', 'transactional', 'Payments', 'भुगतान'),
            ('subscriptions', 'transactional', 'Subscriptions', 'सब्सक्रिप्शन'),
            ('invoices', 'transactional', 'Invoices', 'इनवॉइस'),
            ('trips', 'transactional', 'Trips', 'यात्राएँ'),
            ('alerts', 'transactional', 'Shipment alerts', 'शिपमेंट अलर्ट'),
            ('account', 'transactional', 'Account and security', 'खाता और सुरक्षा'),
            ('reminders', 'service', 'Reminders', 'रिमाइंडर'),
            ('digests', 'service', 'Daily summary', 'दैनिक सारांश'),
            ('marketing', 'marketing', 'Offers and news', 'ऑफ़र और समाचार');
        -- What the law says of a category, the one answer for all who ask: an organization's own, or a built-in one, which has
        -- its name to itself. One that nobody has declared is a service that can be declined, and counts as marketing where
        -- somebody has had enough of that, because it may be: both err towards the reader.
        CREATE FUNCTION law_of(asked_organization_id uuid, asked_category text)
            RETURNS TABLE (legal_class text, can_be_declined boolean, counts_as_marketing boolean)
            LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
            SELECT coalesce(known.legal_class, 'service'),
                   known.legal_class IS DISTINCT FROM 'transactional',
                   coalesce(known.legal_class, 'marketing') = 'marketing'
              FROM (SELECT) AS one
              LEFT JOIN categories AS known
                     ON known.name = asked_category
                    AND (known.organization_id IS NULL OR known.organization_id = asked_organization_id)
        $$;
        CREATE FUNCTION keep_legal_class() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND (NEW.legal_class, NEW.name, NEW.organization_id)
                                    IS DISTINCT FROM (OLD.legal_class, OLD.name, OLD.organization_id)
               OR TG_OP = 'DELETE' AND OLD.organization_id IS NULL
            THEN
                RAISE EXCEPTION 'a category keeps its legal class, and a built-in one stays'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'categories_legal_class_kept';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END $$;
        CREATE TRIGGER categories_legal_class_kept BEFORE UPDATE OR DELETE ON categories
            FOR EACH ROW EXECUTE FUNCTION keep_legal_class();

        -- How an organization wants its messages sent. What is NULL is left to Waybill's defaults; see policies/models.py.
        CREATE TABLE organization_policies (
            organization_id   uuid PRIMARY KEY,
            revision          bigint NOT NULL CHECK (revision >= 1),
            display_name      text CHECK (char_length(display_name) BETWEEN 1 AND 100),  -- as mails and pages call it
            country           text CHECK (country ~ '^[A-Z]{2}$'),                       -- of numbers without a plus
            locale            text CHECK (char_length(locale) <= 35),                    -- of people who have none
            time_zone         text CHECK (char_length(time_zone) <= 64),                 -- of people who have none
            frontend_url      text CHECK (frontend_url ~ '^https?://' AND char_length(frontend_url) <= 300),
            quiet_from        time,
            quiet_until       time,
            quiet_days        smallint[] CHECK (quiet_days <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]),
            throttle_per_hour integer CHECK (throttle_per_hour >= 1),                    -- per recipient and category
            throttle_per_day  integer CHECK (throttle_per_day >= 1),
            dedupe_hours      integer CHECK (dedupe_hours BETWEEN 1 AND 720),
            soft_bounce_count integer CHECK (soft_bounce_count BETWEEN 1 AND 100),       -- so many ...
            soft_bounce_days  integer CHECK (soft_bounce_days BETWEEN 1 AND 90),         -- ... within so many days ...
            soft_bounce_suppress_days integer CHECK (soft_bounce_suppress_days BETWEEN 1 AND 365),  -- ... suppress for these
            updated_at        timestamptz NOT NULL,
            updated_by        text NOT NULL,
            CHECK (num_nulls(quiet_from, quiet_until, quiet_days) IN (0, 3))
        );

        -- What an organization's people get who have not chosen themselves; what is missing is on.
        CREATE TABLE organization_choices (
            organization_id uuid NOT NULL REFERENCES organization_policies ON DELETE CASCADE,
            category        text NOT NULL CHECK (category ~ '^[a-z][a-z0-9_]{0,49}$'),
            channel         text NOT NULL CHECK (channel IN ('email', 'sms', 'in_app')),
            choice          text NOT NULL CHECK (choice IN ('on', 'off', 'daily')),
            PRIMARY KEY (organization_id, category, channel),
            CHECK (choice <> 'daily' OR (channel = 'email' AND category <> 'digests')),
            CONSTRAINT organization_choices_locked CHECK (choice = 'on' OR category NOT IN (
                'general', 'orders', 'payments', 'subscriptions', 'invoices', 'trips', 'alerts', 'account'))
        );

        -- When a person wants no messages. Quiet hours that are NULL are the organization's; those of no day are none. Nothing
        -- here refers to people, so that a word of somebody who was erased, or is told of later, counts as well.
        CREATE TABLE preference_sheets (
            person       text PRIMARY KEY CHECK (char_length(person) <= 200),
            revision     bigint NOT NULL CHECK (revision >= 0),
            quiet_from   time,
            quiet_until  time,
            quiet_days   smallint[] CHECK (quiet_days <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]),
            paused_until date,                                -- nothing before this day begins where the person is
            updated_at   timestamptz NOT NULL,
            CHECK (num_nulls(quiet_from, quiet_until, quiet_days) IN (0, 3))
        );

        -- What a person has chosen. A category that nobody has declared can be declined as well.
        CREATE TABLE preferences (
            person     text NOT NULL REFERENCES preference_sheets ON DELETE CASCADE,
            category   text NOT NULL CHECK (category ~ '^[a-z][a-z0-9_]{0,49}$'),
            channel    text NOT NULL CHECK (channel IN ('email', 'sms', 'in_app')),
            choice     text NOT NULL CHECK (choice IN ('on', 'off', 'daily')),
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (person, category, channel),
            CHECK (choice <> 'daily' OR (channel = 'email' AND category <> 'digests')),
            CONSTRAINT preferences_locked CHECK (choice = 'on' OR category NOT IN (
                'general', 'orders', 'payments', 'subscriptions', 'invoices', 'trips', 'alerts', 'account'))
        );

        -- Who has changed what, and by which way. Rows are added, and deleted when their time has ended.
        CREATE TABLE preference_changes (
            id              uuid PRIMARY KEY DEFAULT uuidv7(),
            person          text,
            address_hash    text,                             -- of a recipient who is nobody known
            organization_id uuid,
            what            text NOT NULL CHECK (what IN ('choice', 'quiet_hours', 'paused_until')),
            category        text,
            channel         text,
            before          text,
            after           text,
            source          text NOT NULL CHECK (source IN ('operator', 'one_click', 'unsubscribe_page', 'preference_page')),
            actor           text NOT NULL,
            key_id          text,                             -- of the key that had signed the link
            changed_at      timestamptz NOT NULL,
            CHECK (num_nonnulls(person, address_hash) = 1),
            CHECK ((what = 'choice') = (category IS NOT NULL) AND (category IS NULL) = (channel IS NULL))
        );
        CREATE INDEX preference_changes_of_person ON preference_changes (person, changed_at, id) WHERE person IS NOT NULL;
        CREATE INDEX preference_changes_of_address ON preference_changes (address_hash, changed_at)
            WHERE address_hash IS NOT NULL;
        CREATE INDEX preference_changes_oldest ON preference_changes (changed_at);
    """)
