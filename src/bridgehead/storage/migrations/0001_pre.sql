-- The first schema. Payloads are bytes (sealed blobs), never jsonb; rows here hold ids, states,
-- times and salted digests only, so that erasing a data key forgets a case and breaks no chain.

create table bridgehead_clock (
    only_row boolean primary key default true check (only_row),
    shift interval not null default interval '0'
);
insert into bridgehead_clock default values;

-- Deadlines, expiry and freshness use this; the test clock moves it. Leases never do.
create function bridgehead_now() returns timestamptz language sql stable as
    $$ select clock_timestamp() + (select shift from bridgehead_clock) $$;

create table data_keys (
    id bigint generated always as identity primary key,
    wrapped bytea,                       -- null once erased
    erased_at timestamptz
);

create table blobs (
    commitment bytea primary key,        -- sha-256(salt || payload); also the reference to the payload
    key_id bigint not null references data_keys,
    sealed bytea not null                -- AES-GCM(salt || payload)
);
create index blobs_key on blobs (key_id);

create table chains (
    chain text primary key,              -- C-17, A-5, D-orders
    seq bigint not null default 0,
    head bytea not null default '\x'
);

create table ledger (
    chain text not null references chains,
    seq bigint not null,
    body bytea not null,                 -- RFC 8785 canonical JSON
    hash bytea not null,                 -- sha-256(previous hash || body)
    primary key (chain, seq)
);

create table releases (
    digest bytea primary key,
    deployment text not null,
    manifest bytea not null,             -- canonical JSON of what the digest covers
    registered_at timestamptz not null default clock_timestamp()
);

create table levels (
    deployment text primary key,
    level text not null check (level in ('shadow', 'approve', 'canary', 'autonomous')),
    set_by text not null,
    set_at timestamptz not null default clock_timestamp()
);

create table workers (
    id bigint generated always as identity primary key,
    name text not null,
    pid integer not null,
    started_at timestamptz not null default clock_timestamp(),
    lease_until timestamptz not null,    -- by clock_timestamp(); a session advisory lock on the id tells death sooner
    stopped_at timestamptz
);

create table worker_releases (
    worker_id bigint not null references workers on delete cascade,
    release bytea not null,
    deployment text not null,
    primary key (worker_id, release)
);

create table arrivals (
    id bigint generated always as identity primary key,
    deployment text not null,
    source text not null,                -- file, webhook, mail, api
    source_key bytea not null,           -- HMAC of the source's own id and the content digest
    key_id bigint not null references data_keys,
    document bytea not null references blobs,   -- the original, as it came
    name text not null,                  -- file name or subject, shortened, for lists
    size_bytes bigint not null,
    state text not null default 'stored' check (state in ('stored', 'read', 'no_case', 'review', 'settled')),
    attempts integer not null default 0,
    hinted_at timestamptz,
    received_at timestamptz not null default bridgehead_now(),
    settled_at timestamptz,
    unique (deployment, source_key)
);
create index arrivals_stored on arrivals (id) where state = 'stored';

create table cases (
    id bigint generated always as identity primary key,
    deployment text not null,
    release bytea not null references releases,
    level text not null check (level in ('shadow', 'approve', 'canary', 'autonomous')),
    business_key bytea not null,         -- HMAC of the declared key fields
    content bytea not null,              -- HMAC of the canonical input: an exact resend attaches, a changed one revises
    revision integer not null default 1,
    revises bigint references cases,
    key_id bigint not null references data_keys,
    input bytea not null references blobs,
    state text not null check (state in ('due', 'running', 'waiting', 'with_person', 'done')),
    epoch bigint not null default 0,     -- the fencing token
    worker_id bigint references workers,
    wake boolean not null default false, -- something happened for this case since it was claimed
    wake_at timestamptz,                 -- by bridgehead_now(): due again then
    deadline_at timestamptz,             -- null while an approval is open
    deadline_left interval,              -- what was left when it stopped
    hinted_at timestamptz,               -- by clock_timestamp(): when the queue last heard of it
    lost_segments integer not null default 0,  -- in a row, without progress
    next_step integer not null default 1,
    outcome text check (outcome in ('completed', 'settled_by_person', 'would_hand_over', 'not_comparable')),
    outcome_blob bytea,
    error_class text,                    -- why it left the agent's hands, if it did
    opened_at timestamptz not null default bridgehead_now(),
    received_at timestamptz not null default bridgehead_now(),
    closed_at timestamptz,
    unique (deployment, business_key, revision)
);
create index cases_due on cases (id) where state = 'due';
create index cases_running on cases (worker_id) where state = 'running';
create index cases_wake on cases (wake_at) where state = 'waiting' and wake_at is not null;
create index cases_deadline on cases (deadline_at) where deadline_at is not null and state not in ('with_person', 'done');

create table arrival_cases (
    arrival_id bigint not null references arrivals,
    case_id bigint not null references cases,
    relation text not null check (relation in ('opened', 'resend', 'revision')),
    primary key (arrival_id, case_id)
);

create table steps (
    case_id bigint not null references cases,
    seq integer not null,                -- order of recording within the case
    kind text not null check (kind in ('read', 'effect', 'model', 'question', 'timer')),
    branch text not null,
    name text not null,
    args_digest bytea not null,          -- HMAC of the canonical arguments, or of the results fed to a model turn
    occurrence integer not null,         -- or the ordinal of a model turn
    ok boolean not null,
    payload bytea not null references blobs,   -- arguments and result, or error class and attributes
    started_at timestamptz not null,
    duration_ms double precision not null,
    epoch bigint not null,
    primary key (case_id, seq)
);

create table decisions (
    id bigint generated always as identity primary key,
    case_id bigint not null references cases,
    tool text not null,
    args_digest bytea not null,
    verdict text not null check (verdict in ('allow', 'hold', 'deny')),
    policy_digest bytea not null,
    detail bytea not null references blobs,    -- reasons in full
    at timestamptz not null default bridgehead_now()
);
create index decisions_case on decisions (case_id);

create table effects (
    id bigint generated always as identity primary key,
    case_id bigint not null references cases,
    deployment text not null,
    tool text not null,
    key bytea not null,                  -- HMAC of deployment, tool and the arguments named in key=
    args_digest bytea not null,
    branch text not null,
    occurrence integer not null default 0,
    level text not null,
    state text not null check (state in
        ('proposed', 'denied', 'virtual', 'held', 'intended', 'superseded', 'cancelled',
         'committed', 'failed', 'unknown', 'undone')),
    attempt integer not null default 0,
    epoch bigint not null,
    payload bytea not null references blobs,   -- arguments
    result bytea references blobs,             -- result, or error class and attributes
    send_by timestamptz,                 -- by clock_timestamp(): after this no worker sends this attempt
    settle_from timestamptz,             -- by clock_timestamp(): from here "absent" may be believed
    superseded_by bigint references effects,
    decision_id bigint references decisions,
    proposed_at timestamptz not null default bridgehead_now(),
    settled_at timestamptz
);
create index effects_case on effects (case_id);
create index effects_unsettled on effects (settle_from) where state in ('intended', 'unknown');
-- One live effect per key in the whole deployment: the second to come is a conflict.
create unique index effects_key on effects (deployment, tool, key, occurrence)
    where state in ('intended', 'unknown', 'committed');

create table reviews (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('approval', 'question', 'exception', 'unknown_effect', 'deadline', 'conflict', 'document')),
    deployment text not null,
    role text not null,
    case_id bigint references cases,
    arrival_id bigint references arrivals,
    effect_id bigint references effects,
    args_digest bytea,                   -- what is approved: the exact arguments shown
    error_class text,
    key_id bigint not null references data_keys,
    payload bytea not null references blobs,   -- what the person is shown
    state text not null default 'open' check (state in
        ('open', 'approved', 'edited', 'rejected', 'answered', 'taken', 'superseded', 'cancelled', 'expired')),
    opened_at timestamptz not null default bridgehead_now(),
    escalate_at timestamptz,             -- within: escalates, decides nothing
    valid_for interval,                  -- bounds a granted approval
    decided_at timestamptz,
    decided_by text,
    answer bytea references blobs,
    minutes numeric,                     -- human minutes, open to close, idle capped
    used_at timestamptz,                 -- an approval is used once
    check (case_id is not null or arrival_id is not null)
);
create index reviews_open on reviews (role, opened_at) where state = 'open';
create index reviews_case on reviews (case_id);

create table costs (
    case_id bigint not null references cases,
    seq bigint generated always as identity,
    kind text not null check (kind in ('tool', 'model', 'human')),
    name text not null,
    amount numeric,                      -- null: unknown, which is not zero
    currency text,
    input_tokens bigint,
    output_tokens bigint,
    minutes numeric,
    at timestamptz not null default bridgehead_now(),
    primary key (case_id, seq)
);
