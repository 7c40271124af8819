-- Searching a million cases and their effects, and requests of the API that are sent twice.

-- What a case is found by besides its number: keyed digests of its key's fields and of its customer, none in plain.
-- A row goes with its case's data key: erasing one deletes the other.
create table case_terms (
    term bytea not null,
    case_id bigint not null references cases,
    primary key (term, case_id)
);
create index case_terms_case on case_terms (case_id);

-- How much money a case is about, as its input said when it was opened.
create table case_amounts (
    case_id bigint primary key references cases,
    amount numeric not null,
    currency text not null               -- empty: the input names none
);
create index case_amounts_amount on case_amounts (amount, case_id);

-- Who erases a case's key forgets by what the case was found, without having to think of it.
create function forget_finding() returns trigger language plpgsql as $$
begin
    delete from case_terms t using cases c where c.key_id = new.id and t.case_id = c.id;
    delete from case_amounts a using cases c where c.key_id = new.id and a.case_id = c.id;
    return null;
end $$;
create trigger data_keys_erased after update of wrapped on data_keys
    for each row when (old.wrapped is not null and new.wrapped is null) execute function forget_finding();

-- Lists in their order, whatever they are narrowed to.
create index cases_deployment on cases (deployment, id);
create index cases_opened on cases (opened_at, id);
create index cases_error on cases (error_class, id) where error_class is not null;
create index cases_outcome on cases (outcome, id) where outcome is not null and outcome <> 'completed';
create index effects_deployment on effects (deployment, id);
create index effects_tool on effects (tool, id);
create index effects_state on effects (state, id) where state <> 'committed';
create index arrivals_deployment on arrivals (deployment, id);
create index arrivals_state on arrivals (state, id) where state <> 'read';
create index undos_deployment on undos (deployment, id);

-- Requests that carry a key of their sender: what was asked, and what was answered, for a day.
create table api_requests (
    sender text not null,                -- the person whose token it was
    key text not null,
    digest bytea not null,               -- HMAC of method, path and body: the same key with other content is another request
    started_at timestamptz not null default clock_timestamp(),
    run bigint not null default 1,       -- the fencing token: who was thought dead stores no answer
    status integer,                      -- null: it is under way
    wrapped bytea,                       -- the answer, sealed under a key of its own
    sealed bytea,
    commitment bytea,
    primary key (sender, key)
);
create index api_requests_old on api_requests (started_at);
