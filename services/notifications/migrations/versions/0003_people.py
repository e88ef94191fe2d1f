"""People: whom references of other services stand for."""

from shared.runtime import migrations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    migrations.script("""
        -- What the owner of a person has told us. An erased person stays as a bare reference and version, so that what was
        -- sent before the erasure and arrives after it does not bring the person back.
        CREATE TABLE people (
            reference       text PRIMARY KEY CHECK (char_length(reference) <= 200 AND reference ~ '^[a-z]+[.][a-z_]+:.+$'),
            organization_id uuid,
            name            text CHECK (char_length(name) BETWEEN 1 AND 200),
            email           text CHECK (char_length(email) <= 320),
            phone           text CHECK (phone ~ '^[+][1-9][0-9]{6,14}$'),   -- E.164
            locale          text CHECK (char_length(locale) <= 35),          -- BCP 47
            time_zone       text CHECK (char_length(time_zone) <= 64),       -- IANA
            entity_version  bigint NOT NULL CHECK (entity_version >= 0),     -- the owner's count; 0: the owner has said nothing
            revision        bigint NOT NULL CHECK (revision >= 1),           -- ours, which every change raises
            updated_at      timestamptz NOT NULL,
            erased_at       timestamptz,
            CHECK (erased_at IS NULL OR coalesce(name, email, phone, locale, time_zone) IS NULL)
        );
        CREATE INDEX people_of_organization ON people (organization_id, reference) WHERE organization_id IS NOT NULL;
        CREATE INDEX people_by_email ON people (lower(email)) WHERE email IS NOT NULL;
        CREATE INDEX people_by_name ON people (lower(name) text_pattern_ops) WHERE name IS NOT NULL;
    """)
