-- Sources of arrivals: how far each polled one was read, and why an arrival goes to a person unread.

create table intake_cursors (
    deployment text not null,
    source text not null,                -- connector.read
    value text not null,                 -- the highest value that is stored, in the form of its field's type
    moved_at timestamptz not null default clock_timestamp(),
    primary key (deployment, source)
);

alter table arrivals add column unfit bytea references blobs;  -- why no reader is asked: a person gets the original
