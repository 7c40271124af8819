-- What systems can bear, counted over all workers. Times are by clock_timestamp(): the test clock
-- moves deadlines, never what goes to a real system. Rows change far more often than they are added,
-- so pages keep room for the next version of a row.

create table limits (
    system text primary key,
    tat timestamptz not null default clock_timestamp(),      -- the theoretical arrival time of the next request
    paused_until timestamptz not null default '-infinity',   -- the system asked for a pause
    waiting_holder text,                 -- the worker that the next place is for: of those that wait, who holds fewest
    waiting_held integer,
    waiting_at timestamptz
) with (fillfactor = 20);

create table limit_places (
    system text not null references limits on delete cascade,
    place integer not null,
    holder text,                         -- a worker's own random name; null when free
    reserved_for text,                   -- a free place that another worker let go for this one, until lease_until
    lease_until timestamptz,
    primary key (system, place)
) with (fillfactor = 20);
