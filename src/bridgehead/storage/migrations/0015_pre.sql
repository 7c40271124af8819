-- Who is told of work for people: an outbox that is filled in the transaction that makes the work, and what became of
-- each message. Contents are read when a message is sent, so that what is erased is told no more.

create table notices (                   -- something that happened to a review, and how far telling of it has come
    id bigint generated always as identity primary key,
    review_id bigint not null references reviews,
    deployment text not null,
    event text not null check (event in ('opened', 'escalated', 'overdue', 'decided')),
    role text not null,                  -- whom it was for at that moment
    state text not null default 'new' check (state in ('new', 'telling', 'told', 'no_channel', 'closed')),
    place integer not null default 0,    -- which of the role's channels is tried
    at timestamptz not null default bridgehead_now(),
    due_at timestamptz default bridgehead_now() -- when the next step is to be taken; null: none, or messages are out
);
create index notices_due on notices (due_at) where due_at is not null;
create index notices_untold on notices (id) where state in ('telling', 'no_channel');
create index notices_review on notices (review_id);

create table notifications (             -- one message to one recipient by one channel
    id bigint generated always as identity primary key,
    notice_id bigint not null references notices on delete cascade,
    review_id bigint not null references reviews,
    deployment text not null,
    place integer not null,
    channel text not null,               -- as the deployment's file names it
    kind text not null,
    person text not null default '',     -- empty: whoever reads the channel
    dedupe text not null unique,         -- the same at each attempt: by it a message that came twice is known
    state text not null default 'due' check (state in ('due', 'sent', 'failed', 'dropped')),
    attempts integer not null default 0,
    due_at timestamptz not null default bridgehead_now(),
    held_until timestamptz,              -- by clock_timestamp(): a sender has it before it
    first_at timestamptz,
    settled_at timestamptz,
    error_class text,
    why text not null default '',
    reference text not null default '',  -- where the message stands, for channels that can change it
    unique (notice_id, place, channel, person, reference)
);
create index notifications_due on notifications (deployment, channel, due_at) where state = 'due';
create index notifications_review on notifications (review_id);
create index notifications_state on notifications (state, id);

create table review_links (              -- a link in a mail: opens one review for one person, and decides once
    code bytea primary key,              -- SHA-256; the code itself is nowhere but in the mail
    notification_id bigint not null references notifications on delete cascade,
    review_id bigint not null references reviews,
    person text not null,
    args_digest bytea,                   -- what is decided: the exact arguments of that moment
    expires_at timestamptz not null,
    used_at timestamptz
);
create index review_links_review on review_links (review_id);

-- Whatever code changes a review, what happened to it is told: nobody can forget to write the notice.
create function review_happened() returns trigger language plpgsql as $$
declare happened text;
begin
    if tg_op = 'INSERT' then
        happened := case when new.state = 'open' then 'opened' end;
    elsif old.state = 'open' and new.state <> 'open' then
        happened := 'decided';
    elsif new.state = 'open' and old.role <> new.role then
        happened := 'escalated';
    elsif new.state = 'open' and old.timed_out_at is null and new.timed_out_at is not null then
        happened := 'overdue';
    end if;
    if happened is not null then
        insert into notices (review_id, deployment, event, role) values (new.id, new.deployment, happened, new.role);
    end if;
    return null;
end $$;
create trigger review_happened after insert or update of state, role, timed_out_at on reviews
    for each row execute function review_happened();
