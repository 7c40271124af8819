-- How deployments do over a period: what was closed then, and what left the agent's hands, each off an index alone.

create index cases_closed on cases (deployment, closed_at) include (id, level, outcome, error_class)
    where closed_at is not null;
create index cases_failed on cases (opened_at, deployment, error_class) include (id, release, state)
    where error_class is not null;
