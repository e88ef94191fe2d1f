"""Templates and their versions, and the texts that Waybill brings along.

The texts are files, so that they are read and changed like code, and they come into the table here and not when a process
starts: then there are no two processes that do it at once, and an application role that need not be trusted with it. A
later change of the files is a later migration that calls `seed_template` again; what operators have published is left alone.
"""

from alembic import op
from sqlalchemy import text

from services.notifications.templates.seeding import builtins
from shared.runtime import migrations

revision = "0004"
down_revision = "0003"

_BUILTIN = ("shipment_alert", "shipment_alert_digest")
_TABLES = """
    -- organization_id: whose override of the default it is; NULL for the default.
    CREATE TABLE templates (
        id              uuid PRIMARY KEY DEFAULT uuidv7(),
        name            text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,99}$'),
        organization_id uuid,
        created_at      timestamptz NOT NULL DEFAULT now(),
        UNIQUE NULLS NOT DISTINCT (name, organization_id)
    );

    -- One text in one language. An override may leave subject, text or html to the default.
    CREATE TABLE template_versions (
        id             uuid PRIMARY KEY DEFAULT uuidv7(),
        template_id    uuid NOT NULL REFERENCES templates ON DELETE CASCADE,
        number         integer NOT NULL CHECK (number >= 1),
        locale         text NOT NULL CHECK (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
        subject        text CHECK (char_length(subject) BETWEEN 1 AND 48000),
        text           text CHECK (char_length(text) BETWEEN 1 AND 48000),
        html           text CHECK (char_length(html) BETWEEN 1 AND 48000),
        sample_context jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(sample_context) = 'object'),
        state          text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'retired')),
        created_by     text NOT NULL,
        created_at     timestamptz NOT NULL DEFAULT now(),
        published_at   timestamptz,                       -- the last time; NULL while it never was
        UNIQUE (template_id, number),
        CHECK (coalesce(subject, text, html) IS NOT NULL),
        CHECK ((state = 'draft') = (published_at IS NULL))
    );
    CREATE UNIQUE INDEX template_versions_published ON template_versions (template_id, locale) WHERE state = 'published';

    -- What has gone out under a number must be found under it for ever.
    CREATE FUNCTION keep_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.published_at IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.published_at IS NULL
            OR (NEW.id, NEW.template_id, NEW.number, NEW.locale, NEW.subject, NEW.text, NEW.html, NEW.sample_context,
                NEW.created_by, NEW.created_at)
               IS DISTINCT FROM
               (OLD.id, OLD.template_id, OLD.number, OLD.locale, OLD.subject, OLD.text, OLD.html, OLD.sample_context,
                OLD.created_by, OLD.created_at))
        THEN
            RAISE EXCEPTION 'a version that was published cannot change; add another one'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'template_versions_immutable';
        END IF;
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END $$;
    CREATE TRIGGER template_versions_immutable BEFORE UPDATE OR DELETE ON template_versions
        FOR EACH ROW EXECUTE FUNCTION keep_published_version();

    -- A text that Waybill brings along: the same again changes nothing; another one replaces the published version only
    -- where that is Waybill's own, and is a draft beside an operator's.
    CREATE FUNCTION seed_template(of_name text, of_locale text, of_subject text, of_text text, of_html text, sample jsonb)
    RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        template uuid;
        newest   template_versions;
        is_ours  boolean;
    BEGIN
        INSERT INTO templates (name) VALUES (of_name) ON CONFLICT DO NOTHING;
        SELECT id INTO template FROM templates WHERE name = of_name AND organization_id IS NULL FOR UPDATE;
        SELECT * INTO newest FROM template_versions
         WHERE template_id = template AND locale = of_locale AND created_by = 'waybill' ORDER BY number DESC LIMIT 1;
        IF (newest.subject, newest.text, newest.html, newest.sample_context)
           IS NOT DISTINCT FROM (of_subject, of_text, of_html, sample) THEN
            RETURN;
        END IF;
        is_ours := NOT EXISTS (SELECT FROM template_versions WHERE template_id = template AND locale = of_locale
                                  AND state = 'published' AND created_by <> 'waybill');
        IF is_ours THEN
            UPDATE template_versions SET state = 'retired'
             WHERE template_id = template AND locale = of_locale AND state = 'published';
        END IF;
        INSERT INTO template_versions (template_id, number, locale, subject, text, html, sample_context, created_by, state,
                                       published_at)
        SELECT template, coalesce(max(number), 0) + 1, of_locale, of_subject, of_text, of_html, sample, 'waybill',
               CASE WHEN is_ours THEN 'published' ELSE 'draft' END, CASE WHEN is_ours THEN now() END
          FROM template_versions WHERE template_id = template;
    END $$;
"""
_SEED = text("SELECT seed_template(:name, :locale, :subject, :text, :html, CAST(:sample AS jsonb))")


def upgrade() -> None:
    migrations.script(_TABLES)
    for one in builtins(_BUILTIN):
        parts = {"subject": one.subject, "text": one.text, "html": one.html}
        op.get_bind().execute(_SEED, {"name": one.name, "locale": one.locale, "sample": one.sample, **parts})
