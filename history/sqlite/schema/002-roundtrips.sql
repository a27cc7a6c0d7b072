-- Synthetic mails: each once, as it stood after the last run that waited for it.
CREATE TABLE roundtrip (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    started    INTEGER NOT NULL,  -- milliseconds since 1970
    verdict    TEXT NOT NULL,
    why        TEXT NOT NULL,
    deliver_ms INTEGER,
    seen_ms    INTEGER,
    tries      INTEGER NOT NULL,
    duplicates INTEGER NOT NULL
) STRICT;
CREATE INDEX roundtrip_name ON roundtrip (name, id);
CREATE INDEX roundtrip_started ON roundtrip (started);
