"""The tables of the ledger, and how older ones become today's."""

from __future__ import annotations

TABLES = """
CREATE TABLE sweep (
    id TEXT PRIMARY KEY,          -- begins as its key does
    key TEXT NOT NULL,            -- digest of MLflow experiment, services and points
    name TEXT NOT NULL,           -- the MLflow experiment
    service TEXT NOT NULL,        -- the kind
    seed INTEGER NOT NULL,
    nonce TEXT NOT NULL,          -- tells its jobs from those of any other sweep
    command TEXT NOT NULL,        -- the command line, JSON
    store TEXT NOT NULL,          -- the MLflow store, without credentials
    version TEXT NOT NULL,        -- qexp's
    created REAL NOT NULL,        -- seconds since 1970, as this machine's clock had it
    swept INTEGER NOT NULL,       -- 0 for a single point
    state TEXT NOT NULL,          -- open, done, cancelled
    asked TEXT                    -- what another process asks of the one that runs it
);
CREATE INDEX sweep_key ON sweep (key);
CREATE TABLE batch (
    sweep TEXT NOT NULL,
    number INTEGER NOT NULL,
    file TEXT NOT NULL,           -- the plan, as it was made
    digest TEXT NOT NULL,
    source TEXT,                  -- the sweep that measured it, where it is used again
    PRIMARY KEY (sweep, number)
);
CREATE TABLE submission (
    sweep TEXT NOT NULL,
    id TEXT NOT NULL,
    batch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    device TEXT NOT NULL,
    circuits INTEGER NOT NULL,
    seconds REAL,                 -- QPU time by the plan
    attempt INTEGER NOT NULL,     -- how often it was withdrawn
    state TEXT NOT NULL,          -- planned, sending, sent, got, cancelled
    job TEXT,                     -- the service's id
    seen TEXT,                    -- what the service last said of it
    used REAL,                    -- QPU seconds, as the service reports them
    PRIMARY KEY (sweep, id)
);
CREATE TABLE point (
    sweep TEXT NOT NULL,
    id TEXT NOT NULL,
    batch INTEGER NOT NULL,
    submission TEXT NOT NULL,
    state TEXT NOT NULL,          -- planned, done, failed, cancelled
    error TEXT,
    PRIMARY KEY (sweep, id)
);
CREATE INDEX point_id ON point (id);
CREATE TABLE answer (
    sweep TEXT NOT NULL,
    submission TEXT NOT NULL,
    file TEXT NOT NULL,
    digest TEXT NOT NULL,
    job TEXT NOT NULL,
    parts TEXT NOT NULL,          -- what it answers: names of points and sentinels, JSON
    at REAL NOT NULL,
    calibrated TEXT,              -- when the device was calibrated
    PRIMARY KEY (sweep, file)
);
CREATE TABLE run (
    sweep TEXT NOT NULL,
    point TEXT NOT NULL,          -- empty for the run of the sweep itself
    store TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (sweep, point, store)
);
CREATE TABLE event (
    n INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    sweep TEXT NOT NULL,
    submission TEXT,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,         -- JSON
    sum INTEGER NOT NULL          -- CRC-32 of the others
);
CREATE INDEX event_sweep ON event (sweep);
"""

MIGRATIONS: list[str] = [TABLES]
"""What makes version n + 1 of version n, by n; an empty file is version 0."""

VERSION = len(MIGRATIONS)
