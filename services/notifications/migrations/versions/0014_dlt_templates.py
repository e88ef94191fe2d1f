"""The registry of Indian SMS texts."""

from shared.runtime import migrations

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    migrations.script("""
        -- Texts as the operators' registry (TRAI's DLT) knows them. organization_id: whose; NULL where everybody may send them.
        CREATE TABLE dlt_templates (
            id                   uuid PRIMARY KEY,
            organization_id      uuid,
            dlt_template_id      text NOT NULL CHECK (dlt_template_id ~ '^[0-9]{6,30}$'),     -- the registry's
            provider_template_id text NOT NULL CHECK (provider_template_id ~ '^[A-Za-z0-9_-]{3,64}$'),  -- MSG91's own
            entity_id            text NOT NULL CHECK (entity_id ~ '^[0-9]{6,30}$'),           -- the sender's (PE id)
            header               text NOT NULL CHECK (header ~ '^[A-Za-z0-9]{3,9}(-[PSTG])?$'),
            class                text NOT NULL CHECK (class IN ('P', 'SE', 'SI', 'T')),
            text                 text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 2000),
            -- By MSG91's names, in the order of the text's placeholders.
            variables            text[] NOT NULL CHECK (cardinality(variables) <= 20),
            template_name        text CHECK (template_name ~ '^[a-z][a-z0-9_]{0,99}$'),       -- of ours; NULL for any
            locale               text CHECK (char_length(locale) <= 35),                      -- NULL for any
            active               boolean NOT NULL DEFAULT true,
            revision             bigint NOT NULL DEFAULT 1 CHECK (revision >= 1),
            created_by           text NOT NULL,
            created_at           timestamptz NOT NULL,
            updated_at           timestamptz NOT NULL,
            CONSTRAINT dlt_templates_registered_once UNIQUE NULLS NOT DISTINCT (organization_id, dlt_template_id),
            CONSTRAINT dlt_templates_variables_named CHECK (cardinality(variables) = regexp_count(text, '[{]#var#[}]'))
        );
    """)
