"""Deliveries of templated e-mails, and cancellations."""

from shared.runtime import migrations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    migrations.script("""
        -- A templated e-mail to an unknown person has no address, and one that could not be rendered has no subject.
        ALTER TABLE deliveries
            ALTER COLUMN to_address DROP NOT NULL,
            ALTER COLUMN subject DROP NOT NULL,
            ADD COLUMN to_person        text,                 -- who was meant, where no address was named
            ADD COLUMN template_name    text,
            ADD COLUMN template_version integer CHECK (template_version >= 1),
            ADD COLUMN asked_at         timestamptz NOT NULL DEFAULT now(),  -- when the message was published
            ADD COLUMN cancelled_at     timestamptz CHECK (cancelled_at IS NULL OR status = 'dropped');
        CREATE INDEX deliveries_about_subject ON deliveries (subject_key, created_at, id) WHERE subject_key IS NOT NULL;
        CREATE INDEX deliveries_of_requester ON deliveries (requester, created_at, id) WHERE requester IS NOT NULL;
        CREATE INDEX deliveries_to_address ON deliveries (to_address, created_at, id) WHERE to_address IS NOT NULL;

        -- What a template made for a delivery that has not ended: every attempt says the same. Gone when it ends.
        CREATE TABLE delivery_texts (
            delivery_id uuid PRIMARY KEY REFERENCES deliveries ON DELETE CASCADE,
            to_name     text,
            text        text NOT NULL,
            html        text
        );

        -- What was asked for about a subject until then is not to be sent any more. The newest word counts.
        CREATE TABLE cancellations (
            subject_key     text NOT NULL,
            organization_id uuid,                             -- whose messages alone; NULL for everybody's
            cancelled_at    timestamptz NOT NULL,
            reason          text NOT NULL,
            cancelled_by    text NOT NULL,
            UNIQUE NULLS NOT DISTINCT (subject_key, organization_id)
        );
        CREATE INDEX cancellations_oldest ON cancellations (cancelled_at);
    """)
