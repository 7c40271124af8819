-- How long the agent has worked on a case, and what was checked of what it read and came to.

alter table cases add column worked_s double precision not null default 0;

create table checks (
    id bigint generated always as identity primary key,
    case_id bigint not null references cases,
    deployment text not null,
    subject text not null,               -- a tool's name, or outcome
    checked_by text not null,            -- the check's own name
    attempt integer not null,            -- 0 for what came first, 1 for what came in its place
    passed boolean not null,
    duration_ms double precision not null,
    checked_at timestamptz not null default bridgehead_now()
);
create index checks_case on checks (case_id);
