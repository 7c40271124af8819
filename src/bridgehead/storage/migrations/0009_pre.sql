-- Which checks could say anything, and what people say of what was checked: how good a check is, is measured by it.

alter table checks add column said boolean not null default true;  -- false: it could not say, so nothing passed
create index checks_of_deployment on checks (deployment, checked_at);

create table check_labels (
    check_id bigint primary key references checks,
    is_right boolean not null,           -- whether what was checked was right, whatever the check said
    labelled_by text not null,
    labelled_at timestamptz not null default bridgehead_now()
);
