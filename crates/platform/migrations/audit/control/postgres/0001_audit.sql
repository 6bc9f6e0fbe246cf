CREATE TABLE audit_heads (
    region TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    signer BIGINT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (region)
);
