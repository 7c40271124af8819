-- How fast calls come back after an outage: counted over all workers, and turns that all of them draw.

alter table breakers
    add column calls_before integer not null default 0, -- that succeeded in the last before_s before the outage
    add column before_s double precision not null default 0,
    add column arrived integer not null default 0,      -- cases that came for the first time since it began
    add column turn_at timestamptz not null default '-infinity'; -- the next call's, by clock_timestamp()
