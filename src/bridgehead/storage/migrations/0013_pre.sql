-- The desk: who has a review before them, until when it should be decided, how much is at stake, who stands in
-- for whom, and looks at what people decided.

alter table reviews
    add column within_s double precision,        -- the time its role has, by its calendar; null: no promise
    add column due_at timestamptz,               -- by bridgehead_now(): decided until then, or late
    add column timed_out_at timestamptz,         -- nobody of the whole chain decided in time; it can still be decided
    add column no_channel_at timestamptz,        -- nobody could be told of it; it can still be decided
    add column no_channel_why text,
    add column claimed_by text,                  -- who has it before them; counts until claim_until
    add column claimed_at timestamptz,
    add column claim_until timestamptz,
    add column stake numeric,                    -- the money it is about, as the arguments state it
    add column stake_currency text,
    add column decided_via text,                 -- console, api, cli, mail, slack
    add column decided_for text,                 -- whose role the decider had been handed
    add column looks_at bigint references reviews,  -- audit, seeded: the review that this one is made from
    add column planted bytea references blobs;   -- seeded: what is wrong on purpose

alter table reviews drop constraint reviews_kind_check, add constraint reviews_kind_check check (kind in
    ('approval', 'question', 'exception', 'unknown_effect', 'deadline', 'conflict', 'document', 'audit', 'seeded'));
alter table reviews drop constraint reviews_state_check, add constraint reviews_state_check check (state in
    ('open', 'approved', 'edited', 'rejected', 'answered', 'taken', 'returned', 'superseded', 'cancelled', 'expired'));

update reviews set due_at = escalate_at where state = 'open' and escalate_at is not null;

-- The order of every queue: what is due first, by the quarter of an hour; then the most money, then the oldest.
create function review_due(due_at timestamptz, escalate_at timestamptz) returns timestamptz language sql immutable as
    $$ select date_bin('15 minutes', coalesce(due_at, escalate_at, 'infinity'), '2000-01-01 00:00:00+00') $$;
create index reviews_queue on reviews
    (review_due(due_at, escalate_at), (-coalesce(stake, 0)), id) where state = 'open';
create index reviews_queue_role on reviews
    (role, review_due(due_at, escalate_at), (-coalesce(stake, 0)), id) where state = 'open';
create index reviews_claimed on reviews (claimed_by) where state = 'open' and claimed_by is not null;
create index reviews_decider on reviews (decided_by, id) where decided_by is not null;
create index reviews_looks_at on reviews (looks_at) where looks_at is not null;
create index reviews_state on reviews (state, id);

-- What the file that was loaded last says of a deployment's roles: the desk, the sweep and every process read it here.
create table deployment_roles (
    deployment text not null,
    role text not null,
    members text[] not null,
    hours text,
    holidays date[] not null default '{}',
    within_s double precision,
    then_role text,
    claim_s double precision not null,
    claims integer,                              -- so many one person may have claimed at once; null: any number
    rate numeric,
    rate_currency text,
    idle_cap_minutes double precision,
    resume_s double precision not null,
    primary key (deployment, role)
);

create table delegations (
    id bigint generated always as identity primary key,
    deployment text not null,
    role text not null,
    from_person text not null,
    from_issuer text,                            -- null: a local user
    to_person text not null,
    from_at timestamptz not null default bridgehead_now(),
    until_at timestamptz not null,
    ended_at timestamptz,
    reason text not null
);
create index delegations_to on delegations (to_person, until_at) where ended_at is null;
