-- Circuit breakers: one row for each dependency that was ever down, shared by all workers.

create table breakers (
    dependency text primary key,         -- a connector's name, model:NAME, or a tool's name
    phase text not null default 'closed' check (phase in ('closed', 'open', 'half_open')),
    since timestamptz not null default bridgehead_now(),
    down_since timestamptz not null default bridgehead_now(),
    probe_at timestamptz not null default bridgehead_now(),
    lost integer not null default 0,     -- probes that failed in a row
    passed integer not null default 0,   -- probes that succeeded in a row
    holder text not null default '',     -- who probes
    lease_until timestamptz not null default bridgehead_now(),
    down_s double precision not null default 0,
    failures integer not null default 0,
    closings integer not null default 0
);
