"""What is counted of events, by minute, hour and day, with histograms that can be added up."""

from shared.runtime import migrations

revision = "0004"
down_revision = "0003"

# hist[1] is the number of the first bucket, and the counts of it and the following ones come after. Bucket 0 holds what is not
# above nothing; bucket k holds what lies above 1.05^(k-2) and not above 1.05^(k-1). Sums are of integers, so that their order
# makes no difference.
_HISTOGRAMS = r"""
CREATE FUNCTION hist_bucket(value bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value <= 0 THEN 0 WHEN value = 1 THEN 1
                ELSE 1 + ceil(ln(value::double precision) / ln(1.05::double precision))::integer END
$$;
CREATE FUNCTION hist_of(buckets integer[], counts bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH filled AS (
        SELECT bucket, sum(n)::bigint AS n FROM unnest(buckets, counts) AS found (bucket, n)
         WHERE bucket IS NOT NULL GROUP BY bucket
    ), bounds AS (SELECT min(bucket) AS first, max(bucket) AS last FROM filled)
    SELECT CASE WHEN first IS NULL THEN NULL ELSE first::bigint || (
               SELECT array_agg(coalesce(n, 0) ORDER BY wanted)
                 FROM generate_series(first, last) AS wanted LEFT JOIN filled ON filled.bucket = wanted) END
      FROM bounds
$$;
CREATE FUNCTION hist_add(one bigint[], other bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT least(one[1], other[1]) || array_agg(
               CASE WHEN k >= one[1] THEN coalesce(one[k - one[1] + 2], 0) ELSE 0 END
             + CASE WHEN k >= other[1] THEN coalesce(other[k - other[1] + 2], 0) ELSE 0 END ORDER BY k)
      FROM generate_series(least(one[1], other[1]),
                           greatest(one[1] + cardinality(one), other[1] + cardinality(other)) - 2) AS k
$$;
CREATE AGGREGATE hist_sum(bigint[]) (sfunc = hist_add, stype = bigint[], combinefunc = hist_add, parallel = safe);
"""

# organization_id: zeros for what is nobody's, and f's for all together, so that one row is read whoever asks.
_TABLE = r"""
CREATE TABLE rollup_{grain}s (
    series          text NOT NULL,
    organization_id uuid NOT NULL,
    bucket          timestamptz NOT NULL,
    dimension       text NOT NULL,                        -- '' where the series has none
    n               bigint NOT NULL CHECK (n >= 1),
    total           numeric(38, 0),                       -- null where the series only counts
    lowest          bigint,
    highest         bigint,
    hist            bigint[],
    PRIMARY KEY (series, organization_id, bucket, dimension),
    CHECK (num_nonnulls(total, lowest, highest, hist) IN (0, 4))
);
CREATE INDEX rollup_{grain}s_by_time ON rollup_{grain}s (bucket);
"""

# One row. rolled_at: what was committed before then is counted.
_STATE = r"""
CREATE TABLE rollup_state (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    rolled_at timestamptz,
    minutes   bigint NOT NULL DEFAULT 0,                  -- counted so far, again and again
    took_ms   double precision NOT NULL DEFAULT 0
);
INSERT INTO rollup_state DEFAULT VALUES;

-- Days of which something has changed since people's days were worked out.
CREATE TABLE changed_event_days (day date PRIMARY KEY);
"""


def upgrade() -> None:
    tables = (_TABLE.replace("{grain}", grain) for grain in ("minute", "hour", "day"))
    for part in (_HISTOGRAMS, *tables, _STATE):
        migrations.script(part)
