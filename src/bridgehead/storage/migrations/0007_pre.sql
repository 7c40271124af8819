-- What operators stop, and effects that are taken back.

create table controls (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('deployment', 'release', 'tool', 'all')),
    name text not null,                  -- a deployment's or tool's name, a release's digest in hex; '' for all
    deployment text not null default '', -- for a tool: only in this deployment; '' is every one
    action text not null check (action in ('pause', 'kill')),
    set_by text not null,
    reason text not null,
    set_at timestamptz not null default clock_timestamp(),
    lifted_by text,
    lifted_at timestamptz
);
create unique index controls_one on controls (kind, name, deployment) where lifted_at is null;

create table undos (
    id bigint generated always as identity primary key,
    deployment text not null,
    scope text not null,                 -- what was asked for, in the words of the command line
    made_by text not null,
    reason text not null,
    unchecked boolean not null default false,  -- also effects that nobody can read back
    made_at timestamptz not null default bridgehead_now(),
    finished_at timestamptz,
    epoch bigint not null default 0,     -- the fencing token of whoever carries it out
    holder text,
    lease_until timestamptz not null default clock_timestamp()
);
create index undos_open on undos (id) where finished_at is null;

create table undo_items (
    undo_id bigint not null references undos,
    place integer not null,              -- the order in which they are taken back: the last one committed first
    effect_id bigint not null references effects,
    case_id bigint not null references cases,
    object bytea not null,               -- what else was done to the same thing: equal, or another thing
    state text not null default 'planned' check (state in ('planned', 'intended', 'unknown', 'undone', 'left')),
    attempt integer not null default 0,
    why text not null default '',        -- of one that was left: a word of the closed list in effects/undoing.py
    detail bytea references blobs,       -- why in full, and what the system answered
    decision_id bigint references decisions,
    review_id bigint references reviews, -- where a person finds what was left
    settle_from timestamptz,             -- by clock_timestamp(): from here what is read back counts
    moved_at timestamptz not null default bridgehead_now(),
    primary key (undo_id, place)
);
-- One undo of an effect at a time, and one for good.
create unique index undo_items_one on undo_items (effect_id) where state in ('planned', 'intended', 'unknown', 'undone');
create index undo_items_case on undo_items (case_id);
