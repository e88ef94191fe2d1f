"""Templates for SMS and the in-app inbox, the variables that they take, what an override was written over, and which versions
a delivery was made of.

`seed_template` keeps its first six arguments, so that a migration that gives an e-mail alone still can.
"""

from shared.runtime import migrations

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    migrations.script("""
        ALTER TABLE template_versions
            DROP CONSTRAINT template_versions_check,
            ADD COLUMN sms        text CHECK (char_length(sms) BETWEEN 1 AND 8000),
            ADD COLUMN push_title text CHECK (char_length(push_title) BETWEEN 1 AND 8000),
            ADD COLUMN push_body  text CHECK (char_length(push_body) BETWEEN 1 AND 8000),
            -- {name: {type, required, description}}; see templates/variables.py.
            ADD COLUMN variables  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(variables) = 'object'),
            -- Of an override: the number of the default's version that its readers would have got when it was written.
            ADD COLUMN based_on   integer CHECK (based_on >= 1),
            -- What it is sent as, where its author has said so.
            ADD COLUMN category   text CHECK (category ~ '^[a-z][a-z0-9_]{0,49}$'),
            ADD CONSTRAINT template_versions_say_something
                CHECK (coalesce(subject, text, html, sms, push_title, push_body) IS NOT NULL);

        -- Which versions a message is made of: [{organization_id, locale, version, parts}], see templates/version_models.py.
        ALTER TABLE deliveries
            ADD COLUMN template_versions jsonb CHECK (jsonb_typeof(template_versions) = 'array');

        CREATE OR REPLACE FUNCTION keep_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.published_at IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.published_at IS NULL
                OR (NEW.id, NEW.template_id, NEW.number, NEW.locale, NEW.subject, NEW.text, NEW.html, NEW.sms, NEW.push_title,
                    NEW.push_body, NEW.variables, NEW.sample_context, NEW.based_on, NEW.category, NEW.created_by, NEW.created_at)
                   IS DISTINCT FROM
                   (OLD.id, OLD.template_id, OLD.number, OLD.locale, OLD.subject, OLD.text, OLD.html, OLD.sms, OLD.push_title,
                    OLD.push_body, OLD.variables, OLD.sample_context, OLD.based_on, OLD.category, OLD.created_by, OLD.created_at))
            THEN
                RAISE EXCEPTION 'a version that was published cannot change; add another one'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'template_versions_immutable';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END $$;

        DROP FUNCTION seed_template(text, text, text, text, text, jsonb);
        CREATE FUNCTION seed_template(of_name text, of_locale text, of_subject text, of_text text, of_html text, sample jsonb,
                                      of_sms text DEFAULT NULL, of_push_title text DEFAULT NULL, of_push_body text DEFAULT NULL,
                                      of_variables jsonb DEFAULT '{}')
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
            IF newest.id IS NOT NULL
               AND (newest.subject, newest.text, newest.html, newest.sms, newest.push_title, newest.push_body, newest.variables,
                    newest.sample_context)
                   IS NOT DISTINCT FROM (of_subject, of_text, of_html, of_sms, of_push_title, of_push_body, of_variables, sample)
            THEN
                RETURN;
            END IF;
            is_ours := NOT EXISTS (SELECT FROM template_versions WHERE template_id = template AND locale = of_locale
                                      AND state = 'published' AND created_by <> 'waybill');
            IF is_ours THEN
                UPDATE template_versions SET state = 'retired'
                 WHERE template_id = template AND locale = of_locale AND state = 'published';
            END IF;
            INSERT INTO template_versions (template_id, number, locale, subject, text, html, sms, push_title, push_body,
                                           variables, sample_context, created_by, state, published_at)
            SELECT template, coalesce(max(number), 0) + 1, of_locale, of_subject, of_text, of_html, of_sms, of_push_title,
                   of_push_body, of_variables, sample, 'waybill',
                   CASE WHEN is_ours THEN 'published' ELSE 'draft' END, CASE WHEN is_ours THEN now() END
              FROM template_versions WHERE template_id = template;
        END $$;
    """)
