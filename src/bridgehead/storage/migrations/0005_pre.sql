-- Indexes for what a worker asks each second and with each arrival, so that neither grows with what is stored.

-- Which arrivals belong to a case: asked when a document comes under a known key, and when a case is shown.
create index arrival_cases_case on arrival_cases (case_id);

-- The sweep looks for open reviews that nobody decided in time, among all that are open.
create index reviews_escalate on reviews (escalate_at) where state = 'open' and escalate_at is not null;

-- Which reviews belong to an arrival: asked when one of them is decided.
create index reviews_arrival on reviews (arrival_id) where arrival_id is not null;

-- Lists of open cases by state, newest first, however many are done.
create index cases_open on cases (state, id) where state <> 'done';

-- Lists of open work in the order they are shown, of everybody or of one role, however many were decided before.
create index reviews_open_id on reviews (id) where state = 'open';
create index reviews_open_role on reviews (role, id) where state = 'open';
drop index reviews_open;

-- Which roles ever had work, and what was decided in one: a look-up for each role in place of a pass over all.
create index reviews_role on reviews (role, id);
