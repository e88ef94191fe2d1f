"""The ledger: transactions of entries that balance, are never changed, and are there once per source."""

from shared.runtime import migrations

revision = "0002"
down_revision = "0001"

_TABLES = r"""
CREATE TABLE ledger_transactions (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    source          text NOT NULL CHECK (source ~ '^[a-z][a-z_]{0,39}$'),
    source_id       text NOT NULL CHECK (char_length(source_id) BETWEEN 1 AND 200),
    occurred_at     timestamptz NOT NULL,             -- when that happened which it follows from: balances count by this
    description     text NOT NULL CHECK (char_length(description) BETWEEN 1 AND 500),
    reverses        uuid UNIQUE REFERENCES ledger_transactions,  -- a transaction is undone once at most
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, source_id),                       -- what makes a repeated posting post nothing
    UNIQUE (id, organization_id, occurred_at)         -- so that entries can carry both, and a foreign key keeps them true
);
CREATE INDEX ledger_transactions_of_organization ON ledger_transactions (organization_id, id);

-- amount_minor: a debit is positive, a credit negative. number: from 1 within the transaction.
CREATE TABLE ledger_entries (
    transaction_id  uuid NOT NULL,
    number          smallint NOT NULL CHECK (number >= 1),
    organization_id uuid NOT NULL,
    occurred_at     timestamptz NOT NULL,
    account         text NOT NULL,
    currency        char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor    bigint NOT NULL
                    CHECK (amount_minor <> 0 AND amount_minor BETWEEN -100000000000000000 AND 100000000000000000),
    PRIMARY KEY (transaction_id, number),
    FOREIGN KEY (transaction_id, organization_id, occurred_at)
        REFERENCES ledger_transactions (id, organization_id, occurred_at),
    CONSTRAINT ledger_entries_account CHECK (account IN (
        'accounts_receivable', 'bad_debt', 'bank', 'cash', 'customer_credit', 'dispute_losses', 'disputes', 'gateway_fees',
        'gateway_receivable', 'gst_input', 'gst_output_cgst', 'gst_output_igst', 'gst_output_sgst', 'gst_output_utgst',
        'manufacturer_costs', 'manufacturer_payable', 'refunds_payable', 'revenue', 'round_off', 'suspense'))
);
-- Balances and statements read this index and nothing else, once its pages are known to be visible.
CREATE INDEX ledger_entries_of_account
    ON ledger_entries (organization_id, account, currency, occurred_at, transaction_id, number) INCLUDE (amount_minor);

CREATE FUNCTION ledger_require_balance(checked uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_entries WHERE transaction_id = checked GROUP BY currency HAVING sum(amount_minor) <> 0)
        OR (SELECT count(*) < 2 FROM ledger_entries WHERE transaction_id = checked)
    THEN
        RAISE EXCEPTION 'the entries of ledger transaction % are out of balance', checked
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_balance';
    END IF;
END $$;
CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_require_balance(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION ledger_still_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_require_balance(NEW.transaction_id);
    RETURN NULL;
END $$;
-- Deferred, because a transaction is in balance once it is whole. The second one is for entries that come to an old transaction.
CREATE CONSTRAINT TRIGGER ledger_transactions_balance AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balances();
CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_still_balances();

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is posted stays, and is undone by a posting of its own', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_transactions_are_kept BEFORE UPDATE OR DELETE ON ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_transactions_are_kept_whole BEFORE TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_entries_are_kept BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_entries_are_kept_whole BEFORE TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- The beginning of the month after a moment, in UTC.
CREATE FUNCTION ledger_month_after(moment timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (date_trunc('month', moment AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';

-- A checkpoint is the balance of an account from all entries before the beginning of a month in UTC. It spares a sum and holds
-- nothing of its own: all of them can be removed and made again.
CREATE TABLE ledger_checkpoints (
    organization_id uuid NOT NULL,
    account         text NOT NULL,
    currency        char(3) NOT NULL,
    before          timestamptz NOT NULL CHECK (before = ledger_month_after(before - interval '1 second')),
    balance_minor   bigint NOT NULL,
    PRIMARY KEY (organization_id, account, currency, before)
);

-- A posting that counts for an earlier month takes away the checkpoints that it makes wrong. Whoever makes checkpoints holds the
-- lock alone, so it either sees the posting, or the posting sees the checkpoint. Postings of the present month need no lock:
-- checkpoints are made of months that have been over for two hours, and no transaction lasts one.
CREATE FUNCTION ledger_overtakes_checkpoints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM posted WHERE ledger_month_after(occurred_at) <= now() - interval '1 hour') THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('payments.ledger_checkpoints', 0));
        DELETE FROM ledger_checkpoints WHERE (organization_id, account, currency, before) IN (
            SELECT kept.organization_id, kept.account, kept.currency, kept.before
              FROM ledger_checkpoints AS kept
              JOIN (SELECT organization_id, account, currency, min(occurred_at) AS since FROM posted GROUP BY 1, 2, 3) AS late
                ON (kept.organization_id, kept.account, kept.currency) = (late.organization_id, late.account, late.currency)
               AND kept.before > late.since
             ORDER BY 1, 2, 3, 4 FOR UPDATE OF kept);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_overtake_checkpoints AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION ledger_overtakes_checkpoints();
"""


def upgrade() -> None:
    migrations.script(_TABLES)
