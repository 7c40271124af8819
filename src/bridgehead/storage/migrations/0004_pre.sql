-- Crosswalks: what a name of theirs means here, confirmed by a person once.

create table crosswalks (
    id bigint generated always as identity primary key,
    deployment text not null,
    name text not null,                  -- which table of names, such as parts
    scope text not null,                 -- whose names they are, such as a customer's number; '' is everybody's
    value text not null,                 -- as it was met
    spelled text not null,               -- the same without case and outer or doubled spaces: what is looked for
    target text not null,
    confirmed_by text not null,
    confirmed_at timestamptz not null default bridgehead_now(),
    review_id bigint references reviews, -- the question it answered; null when it was entered by hand
    retired_at timestamptz,
    retired_by text
);

create unique index crosswalks_one on crosswalks (deployment, name, scope, spelled) where retired_at is null;
