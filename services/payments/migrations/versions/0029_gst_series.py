"""A series of documents is one seller's under its GSTIN: CGST Rules, rule 46(b), wants a number unique for each of them and year.

Sellers that share one by now go on as they do, for their documents are issued: the one that has numbered by it, and then the
older one, is who it belongs to, and the API says of the others that they are to name another one. A new one is refused.
"""

from shared.runtime import migrations

revision = "0029"
down_revision = "0028"

_SERIES = r"""
-- Whose a prefix is under a GSTIN, whatever kind of document it numbers, and for ever once a document is numbered by it.
CREATE TABLE gst_series (
    gstin           text NOT NULL,
    series          text NOT NULL,
    legal_entity_id uuid NOT NULL REFERENCES legal_entities ON DELETE CASCADE,
    PRIMARY KEY (gstin, series)
);
CREATE INDEX gst_series_by_legal_entity ON gst_series (legal_entity_id);

-- What a seller names anew is made its own, so that the key refuses what is another one's; what it has named before is left as it
-- is. That a seller names it which it does not belong to, since they shared it before there was a key, is enough to refuse it.
CREATE FUNCTION claim_gst_series() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    prefix text;
BEGIN
    DELETE FROM gst_series AS claim
     WHERE legal_entity_id = NEW.id
       AND NOT (gstin IS NOT DISTINCT FROM NEW.gstin AND series IN (NEW.invoice_prefix, NEW.credit_note_prefix))
       AND NOT EXISTS (SELECT FROM invoice_counters AS counter
                        WHERE counter.legal_entity_id = NEW.id AND counter.series = claim.series);
    IF NEW.gstin IS NULL THEN
        RETURN NULL;
    END IF;
    FOREACH prefix IN ARRAY ARRAY[NEW.invoice_prefix, NEW.credit_note_prefix] LOOP
        CONTINUE WHEN TG_OP = 'UPDATE' AND OLD.gstin = NEW.gstin AND prefix IN (OLD.invoice_prefix, OLD.credit_note_prefix);
        IF EXISTS (SELECT FROM legal_entities WHERE gstin = NEW.gstin AND id <> NEW.id
                                                AND prefix IN (invoice_prefix, credit_note_prefix)) THEN
            RAISE EXCEPTION 'another legal entity with the GSTIN numbers by %', prefix
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'gst_series_pkey';
        END IF;
        INSERT INTO gst_series (gstin, series, legal_entity_id)
        SELECT NEW.gstin, prefix, NEW.id
         WHERE NOT EXISTS (SELECT FROM gst_series AS claim
                            WHERE claim.gstin = NEW.gstin AND claim.series = prefix AND claim.legal_entity_id = NEW.id);
    END LOOP;
    RETURN NULL;
END $$;
CREATE INDEX legal_entities_by_gstin ON legal_entities (gstin) WHERE gstin IS NOT NULL;
CREATE TRIGGER legal_entities_claim_their_series
    AFTER INSERT OR UPDATE OF gstin, invoice_prefix, credit_note_prefix ON legal_entities
    FOR EACH ROW EXECUTE FUNCTION claim_gst_series();
"""

# Nobody writes legal entities until this is over: the trigger's lock lasts until then.
KNOWN = r"""
INSERT INTO gst_series (gstin, series, legal_entity_id)
SELECT DISTINCT ON (gstin, series) gstin, series, id
  FROM (SELECT entity.gstin, named.series, entity.id, entity.created_at,
               EXISTS (SELECT FROM invoice_counters AS counter
                        WHERE counter.legal_entity_id = entity.id AND counter.series = named.series) AS has_numbers
          FROM legal_entities AS entity
         CROSS JOIN LATERAL (SELECT unnest(ARRAY[entity.invoice_prefix, entity.credit_note_prefix]) AS series
                             UNION
                             SELECT series FROM invoice_counters WHERE legal_entity_id = entity.id) AS named
         WHERE entity.gstin IS NOT NULL) AS used
 ORDER BY gstin, series, has_numbers DESC, created_at, id
ON CONFLICT DO NOTHING;

DO $$
DECLARE
    sharing bigint;
BEGIN
    SELECT count(DISTINCT entity.id) INTO sharing
      FROM legal_entities AS entity
      JOIN gst_series AS claim ON claim.gstin = entity.gstin AND claim.legal_entity_id <> entity.id
                              AND claim.series IN (entity.invoice_prefix, entity.credit_note_prefix);
    IF sharing > 0 THEN
        RAISE WARNING '% legal entities number documents as another one with their GSTIN does; `shared_prefixes` of '
                      'GET /v1/legal-entities lists them: give each another prefix (CGST Rules, rule 46(b))', sharing;
    END IF;
END $$;
"""


def upgrade() -> None:
    migrations.script(_SERIES)
    migrations.script(KNOWN)
