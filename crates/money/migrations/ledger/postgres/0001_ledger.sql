-- The ledger: transactions and their postings. Rows are only ever added. A posting needs no foreign key: both are
-- written by the same part of a commit, and folded from the same event.
CREATE TABLE ledger_transactions (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    order_id UUID,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    currency TEXT NOT NULL,
    at BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE INDEX ledger_transactions_at ON ledger_transactions (organisation, at, id);

CREATE INDEX ledger_transactions_order ON ledger_transactions (organisation, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE ledger_postings (
    organisation BIGINT NOT NULL,
    transaction_id UUID NOT NULL,
    account TEXT NOT NULL,
    minor BIGINT NOT NULL CHECK (minor <> 0),
    checksum BIGINT NOT NULL,
    PRIMARY KEY (organisation, transaction_id, account)
);
