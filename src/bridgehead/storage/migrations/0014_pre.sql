-- Who is signed in: roles, sessions, tokens, people of an issuer, one-time links, and how often somebody guessed.
-- No secret is kept: of cookies, tokens and links the SHA-256, of what was typed as a name a keyed digest.

alter table users add column roles text[] not null default '{}';

-- People of an issuer who have signed in here, as its last token for them said.
create table subjects (
    issuer text not null,
    subject text not null,
    shown text not null,                 -- how pages call them; nothing is decided by it
    groups text[] not null default '{}',
    seen_at timestamptz not null,
    primary key (issuer, subject)
);

create table sessions (
    id bigint generated always as identity primary key,
    digest bytea not null unique,
    issuer text not null default '',     -- empty: subject is a local user
    subject text not null,
    opened_at timestamptz not null,
    used_at timestamptz not null,        -- to the minute
    ends_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    address text not null,
    browser text not null,
    hint_wrapped bytea,                  -- the issuer's own token, sealed: it is shown when signing out there
    hint_sealed bytea,
    hint_commitment bytea
);
create index sessions_of on sessions (issuer, subject) where ended_at is null;
create index sessions_over on sessions (ends_at);

create table api_tokens (
    id bigint generated always as identity primary key,
    token_digest bytea not null unique,
    label text not null,
    issuer text not null default '',
    subject text not null,
    scopes text[] not null,
    made_by text not null,
    made_at timestamptz not null,
    ends_at timestamptz not null,
    used_at timestamptz,                 -- to the minute
    revoked_by text,
    revoked_at timestamptz,
    revoked_why text
);
create index api_tokens_of on api_tokens (issuer, subject);

-- Links that work once: the first owner's, and those by which somebody sets a password.
create table one_time_links (
    digest bytea primary key,
    name text not null,                  -- the user who sets a password; empty: the first owner, who chooses a name
    groups text[] not null default '{}',
    made_by text not null,
    ends_at timestamptz not null
);

-- Sign-ins at an issuer that are under way; each answer counts once, in the browser that asked.
create table sign_ins_elsewhere (
    state bytea primary key,
    browser bytea not null,
    target text not null,
    ends_at timestamptz not null
);

-- Guesses, by account and by address, over all processes.
create table sign_in_attempts (
    kind text not null check (kind in ('account', 'address')),
    key bytea not null,
    failures integer not null,
    last_at timestamptz not null,
    blocked_until timestamptz not null,
    primary key (kind, key)
);
create index sign_in_attempts_old on sign_in_attempts (last_at);
