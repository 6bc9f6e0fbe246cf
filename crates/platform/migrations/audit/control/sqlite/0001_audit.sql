CREATE TABLE audit_heads (
    region TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    signer INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (region)
) STRICT;
