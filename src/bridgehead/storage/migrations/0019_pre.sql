-- Why cases left the agent's hands, and documents that became no case are found.

-- The word by which an agent handed a case over by itself: '' where it named none, null where it did not hand it over.
alter table cases add column cause text;
create index cases_left on cases (opened_at, deployment, error_class) include (id, release, state, cause)
    where error_class is not null;
drop index cases_failed;

-- What a document is found by that opened no case: keyed digests of the words of its name, its sender and its subject.
create table arrival_terms (
    term bytea not null,
    arrival_id bigint not null references arrivals,
    primary key (term, arrival_id)
);
create index arrival_terms_arrival on arrival_terms (arrival_id);

create or replace function forget_finding() returns trigger language plpgsql as $$
begin
    delete from case_terms t using cases c where c.key_id = new.id and t.case_id = c.id;
    delete from case_amounts a using cases c where c.key_id = new.id and a.case_id = c.id;
    delete from arrival_terms t using arrivals a where a.key_id = new.id and t.arrival_id = a.id;
    return null;
end $$;
