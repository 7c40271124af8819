-- Whom cases act for: people, what they have shown of themselves, grants and their keys.

create table users (
    name text primary key,
    groups text[] not null default '{}',
    password bytea,                      -- salt and scrypt hash; null: it signs in elsewhere
    added_by text not null,
    added_at timestamptz not null default clock_timestamp(),
    disabled_by text,
    disabled_at timestamptz,
    disabled_why text
);

-- Subjects of an issuer who may not act here any more, whatever their tokens say.
create table barred_subjects (
    issuer text not null,
    subject text not null,
    barred_by text not null,
    reason text not null,
    primary key (issuer, subject)
);

create table signing_keys (
    id bigint generated always as identity primary key,
    kid text not null unique,
    public bytea not null,               -- 32 bytes (RFC 8032)
    wrapped bytea not null,              -- a data key under the master key
    sealed bytea not null,               -- the private key under it
    commitment bytea not null,
    made_at timestamptz not null default clock_timestamp(),
    retired_at timestamptz               -- signs nothing any more; what it signed stays good until it ends
);
create unique index signing_keys_one on signing_keys ((true)) where retired_at is null;

-- Stored before the arrival that it is about, and found by what that is known again by.
create table mandates (
    deployment text not null,
    source_key bytea not null,
    principal text not null,             -- JSON: subject, groups, scopes, issuer; no token
    stored_at timestamptz not null default clock_timestamp(),
    primary key (deployment, source_key)
);

create table grants (
    case_id bigint primary key references cases,
    subject text not null,
    issuer text not null,
    kid text not null references signing_keys (kid),
    token text not null,                 -- a signed JWT that says what is granted; it opens no door
    narrowed integer not null default 0,
    expires_at timestamptz not null
);
create index grants_subject on grants (subject);

create table revocations (
    case_id bigint primary key references cases,
    revoked_by text not null,
    reason text not null,
    revoked_at timestamptz not null default clock_timestamp()
);

-- Moves with every change that workers must know within a second.
create table authority_news (
    only_row boolean primary key default true check (only_row),
    version bigint not null default 0
);
insert into authority_news default values;
