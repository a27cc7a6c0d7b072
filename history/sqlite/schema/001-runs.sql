-- What reports are made of, each content once.
CREATE TABLE content (
    id   INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,  -- SHA-256 of the text
    data BLOB NOT NULL          -- the text, DEFLATE
) STRICT;

CREATE TABLE run (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         BLOB NOT NULL UNIQUE,  -- the same run is not added twice
    domain      TEXT NOT NULL,
    started     INTEGER NOT NULL,      -- milliseconds since 1970
    verdict     TEXT NOT NULL,
    score       INTEGER,
    low         INTEGER NOT NULL,
    high        INTEGER NOT NULL,
    grade       TEXT NOT NULL,
    questions   INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    version     TEXT NOT NULL,
    findings    INTEGER NOT NULL,      -- how many differ from the standing before
    records     INTEGER NOT NULL,
    volatile    BLOB NOT NULL,         -- times and TTLs taken out of the parts, DEFLATE
    standing    INTEGER NOT NULL REFERENCES content (id)
) STRICT;
CREATE INDEX run_domain ON run (domain, id);
CREATE INDEX run_started ON run (started);
CREATE INDEX run_standing ON run (standing);

-- The members of a run's report, in order.
CREATE TABLE part (
    run     INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    content INTEGER NOT NULL REFERENCES content (id),
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX part_content ON part (content);

-- What is believed of a domain, and what of it has been told.
CREATE TABLE belief (
    domain   TEXT PRIMARY KEY,
    believed INTEGER NOT NULL REFERENCES content (id),
    told     INTEGER NOT NULL REFERENCES content (id),
    pending  TEXT NOT NULL  -- JSON: changes that wait to be seen again
) STRICT, WITHOUT ROWID;
CREATE INDEX belief_believed ON belief (believed);
CREATE INDEX belief_told ON belief (told);
