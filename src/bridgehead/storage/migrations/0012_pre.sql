-- What tools with caps may still do, drawn by workers ahead of their calls (D8).

create table allowance_counters (        -- locked by whoever draws: what is left is read and taken as one step
    deployment text not null,
    tool text not null,
    counter text not null,               -- calls/86400, money:EUR/86400, recipients/60: kind, currency, window in seconds
    primary key (deployment, tool, counter)
);

create table allowances (                -- drawn and not yet given back: all of it counts as used
    id bigint generated always as identity primary key,
    deployment text not null,
    tool text not null,
    counter text not null,
    worker_id bigint not null references workers,
    drawn numeric not null check (drawn >= 0),
    recorded boolean not null,           -- uses are recorded with the intents of effects; those of reads are not
    foreign key (deployment, tool, counter) references allowance_counters
);
create index allowances_counter on allowances (deployment, tool, counter);

create table allowance_uses (            -- of allowances that are out; an intent on one that was taken back cannot commit
    allowance_id bigint not null references allowances on delete cascade,
    effect_id bigint not null references effects,
    amount numeric not null
);
create index allowance_uses_allowance on allowance_uses (allowance_id);

create table allowance_spent (           -- what was used, by sixtieths of the window
    deployment text not null,
    tool text not null,
    counter text not null,
    slot bigint not null,
    used numeric not null,
    primary key (deployment, tool, counter, slot),
    foreign key (deployment, tool, counter) references allowance_counters
);

-- A slot counts until the window has passed since its end.
create function allowance_slot(window_s double precision) returns bigint language sql stable as
    $$ select ceil(extract(epoch from bridgehead_now())::float8 / (window_s / 60))::bigint $$;

create function close_allowance(wanted bigint, window_s double precision, used_of_it numeric) returns void
language plpgsql as $$
declare one allowances;
begin
    -- Waits for intents under way: their rows are seen by what follows, later ones meet no allowance.
    select * into one from allowances where id = wanted for update;
    if not found then
        return;
    end if;
    if used_of_it is null then
        used_of_it := case when one.recorded
            then least(one.drawn, (select coalesce(sum(u.amount), 0) from allowance_uses u where u.allowance_id = wanted))
            else one.drawn end;
    end if;
    if used_of_it > 0 then
        insert into allowance_spent as s (deployment, tool, counter, slot, used)
        values (one.deployment, one.tool, one.counter, allowance_slot(window_s), used_of_it)
        on conflict (deployment, tool, counter, slot) do update set used = s.used + excluded.used;
    end if;
    delete from allowances where id = wanted;
end $$;

create function give_back_allowance(wanted bigint, window_s double precision, still_drawn numeric, used_of_it numeric)
returns void language plpgsql as $$
begin
    perform 1 from allowance_counters c join allowances a using (deployment, tool, counter)
    where a.id = wanted for update of c;
    if still_drawn is null then
        perform close_allowance(wanted, window_s, used_of_it);
    else
        update allowances set drawn = least(drawn, still_drawn) where id = wanted;
    end if;
end $$;

-- Draws at least what is needed, or nothing: a share of what is left for each worker, as long as that is more.
create function draw_allowance(
    of_deployment text, of_tool text, of_counter text, window_s double precision, most numeric, by_worker bigint,
    needed numeric, unit numeric, is_recorded boolean,
    out allowance bigint, out amount numeric, out spent numeric, out elsewhere numeric
) language plpgsql as $$
declare
    dead bigint;
    reach numeric;
    remaining numeric;
    workers_now bigint;
begin
    perform 1 from allowance_counters where deployment = of_deployment and tool = of_tool and counter = of_counter
    for update;
    if not found then
        insert into allowance_counters values (of_deployment, of_tool, of_counter) on conflict do nothing;
        perform 1 from allowance_counters where deployment = of_deployment and tool = of_tool and counter = of_counter
        for update;
    end if;
    for dead in
        select a.id from allowances a join workers w on w.id = a.worker_id
        where a.deployment = of_deployment and a.tool = of_tool and a.counter = of_counter
          and w.stopped_at is not null order by a.id
    loop
        perform close_allowance(dead, window_s, null);
    end loop;
    delete from allowance_spent s where s.deployment = of_deployment and s.tool = of_tool and s.counter = of_counter
        and s.slot * (window_s / 60) + window_s <= extract(epoch from bridgehead_now())::float8;
    select coalesce(sum(s.used), 0) into spent from allowance_spent s
    where s.deployment = of_deployment and s.tool = of_tool and s.counter = of_counter;
    select coalesce(sum(a.drawn), 0), coalesce(sum(a.drawn) filter (where a.worker_id <> by_worker), 0)
    into reach, elsewhere from allowances a
    where a.deployment = of_deployment and a.tool = of_tool and a.counter = of_counter;
    remaining := most - spent - reach;
    spent := spent + reach - elsewhere;
    amount := 0;
    if most is null then
        amount := needed;
    elsif remaining >= needed then
        select greatest(count(*), 1) into workers_now from workers w
        where w.stopped_at is null
          and exists (select from worker_releases r where r.worker_id = w.id and r.deployment = of_deployment);
        amount := greatest(needed, floor(remaining / (4 * workers_now) / unit) * unit);
    end if;
    if amount > 0 then
        insert into allowances (deployment, tool, counter, worker_id, drawn, recorded)
        values (of_deployment, of_tool, of_counter, by_worker, amount, is_recorded) returning id into allowance;
    end if;
end $$;
