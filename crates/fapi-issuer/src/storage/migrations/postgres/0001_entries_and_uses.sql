-- What is kept, by the SHA-256 of its name. Times are seconds since 1970.
CREATE TABLE fapi_entry (
    kind text NOT NULL,
    id bytea NOT NULL CHECK (length(id) = 32),
    body text NOT NULL,
    -- The client in whose name it is kept; NULL: the issuer.
    owner text,
    expires bigint NOT NULL,
    -- Somebody has had it, and nobody will again.
    taken boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kind, id)
);

CREATE INDEX fapi_entry_by_expiry ON fapi_entry (expires);

-- Proofs and assertions that were used.
CREATE TABLE fapi_used (
    key bytea NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    expires bigint NOT NULL
);

CREATE INDEX fapi_used_by_expiry ON fapi_used (expires);

-- The highest expiry that was ever dropped, of each kind of entry and of what was used ('used').
CREATE TABLE fapi_swept (
    kind text NOT NULL PRIMARY KEY,
    until bigint NOT NULL
);

-- Which storage this is, and since when it remembers: one row.
CREATE TABLE fapi_epoch (
    one boolean NOT NULL PRIMARY KEY CHECK (one),
    id bigint NOT NULL,
    since bigint NOT NULL
);

-- Uses up one after the other, and stops after the first that is not fresh: what was used may have been so before
-- ('seen'), or so long ago that nobody can tell ('forgotten').
CREATE FUNCTION fapi_use_once(keys bytea[], expiries bigint[], at bigint) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    outcomes text[] := '{}';
BEGIN
    FOR place IN 1 .. cardinality(keys) LOOP
        -- Waits for whoever is using or sweeping the same.
        INSERT INTO fapi_used AS held (key, expires)
        SELECT keys[place], expiries[place] WHERE expiries[place] >= at
        ON CONFLICT (key) DO UPDATE SET expires = excluded.expires
        WHERE held.expires < at AND held.expires < excluded.expires;
        IF FOUND THEN
            -- Looked at only now: an issuer whose clock is ahead may have swept it meanwhile.
            IF NOT EXISTS (SELECT FROM fapi_swept WHERE kind = 'used' AND until >= expiries[place]) THEN
                outcomes := outcomes || 'fresh'::text;
                CONTINUE;
            END IF;
            DELETE FROM fapi_used WHERE key = keys[place];
        ELSIF EXISTS (SELECT FROM fapi_used WHERE key = keys[place]) THEN
            RETURN outcomes || 'seen'::text;
        END IF;
        RETURN outcomes || 'forgotten'::text;
    END LOOP;
    RETURN outcomes;
END
$$;
