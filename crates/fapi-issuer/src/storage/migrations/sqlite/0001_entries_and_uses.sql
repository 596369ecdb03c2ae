-- What is kept, by the SHA-256 of its name. Times are seconds since 1970.
CREATE TABLE entry (
    kind TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 32),
    body TEXT NOT NULL,
    -- The client in whose name it is kept; NULL: the issuer.
    owner TEXT,
    expires INTEGER NOT NULL,
    -- 1: somebody has had it, and nobody will again.
    taken INTEGER NOT NULL DEFAULT 0 CHECK (taken IN (0, 1)),
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_by_expiry ON entry (expires);

-- Proofs and assertions that were used.
CREATE TABLE used (
    key BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_by_expiry ON used (expires);

-- The highest expiry that was ever dropped, of each kind of entry and of what was used ('used').
CREATE TABLE swept (
    kind TEXT NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which storage this is, and since when it remembers: one row.
CREATE TABLE epoch (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT;
