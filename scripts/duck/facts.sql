-- What is known of each account when a pass starts: sections 3, 5 and 6 of the sales loop's
-- description. `now`, `today` and the other moments are variables; day_of, start_of, end_of, past,
-- entered_field and pause_days are macros.

-- Activities and next steps of each account.
CREATE TEMP TABLE activity AS
SELECT account, max(done) AS last_at, min(planned) AS next_step_on,
    count(*) FILTER (done >= getvariable('recent_from')) AS recent,
    bool_or(is_event AND done >= getvariable('recent_from')) AS has_recent_event
FROM (
    SELECT account, false AS is_event,
        CASE WHEN is_closed THEN least(getvariable('now'), CASE
            WHEN completed > due + 29 AND day_of(completed) - due > 30 THEN end_of(due)
            WHEN completed IS NOT NULL THEN completed
            WHEN due <= getvariable('today') THEN start_of(due)
            ELSE created END) END AS done,
        CASE WHEN NOT is_closed AND due >= getvariable('today') THEN due END AS planned
    FROM task
    WHERE account IS NOT NULL AND NOT is_recurrence
        AND NOT coalesce(starts_with(subject, '[sfsync]'), false)
    UNION ALL
    SELECT account, true, CASE WHEN begins <= getvariable('now') THEN begins END,
        CASE WHEN begins > getvariable('now') THEN if(is_all_day, day, day_of(begins)) END
    FROM (SELECT *, CASE WHEN is_all_day THEN start_of(day) ELSE starts END AS begins FROM event)
    WHERE account IS NOT NULL AND NOT is_child AND NOT is_recurrence
)
GROUP BY account;

-- What the history says of each account, the service's own changes of status aside: the latest
-- change into its present status, whether there was any change, and whether its creation is there.
CREATE TEMP TABLE history AS
WITH row_of_status AS (
    SELECT holder.id, holder.status, new_value, history.created,
        CASE WHEN created_by = getvariable('own_user')
            THEN past(entered_field(new_value, holder)) END AS field_at,
        coalesce(created_by, getvariable('own_user')) = getvariable('own_user') AS may_be_own
    FROM account_history AS history JOIN account AS holder ON holder.id = history.account
    WHERE history.field = 'Status__c'
), journalled AS (
    SELECT DISTINCT each.id, each.new_value, each.created
    FROM row_of_status AS each JOIN own_write
        ON own_write.id = each.id AND own_write.value IS NOT DISTINCT FROM each.new_value
        AND each.created BETWEEN sent_at - INTERVAL 5 MINUTE AND sent_at + INTERVAL 1 HOUR
    WHERE may_be_own AND own_write.object = 'Account'
), change AS (
    SELECT each.id, max(each.created) FILTER (each.new_value IS NOT DISTINCT FROM each.status) AS changed_at
    FROM row_of_status AS each LEFT JOIN journalled
        ON journalled.id = each.id AND journalled.created = each.created
        AND journalled.new_value IS NOT DISTINCT FROM each.new_value AND may_be_own
    WHERE journalled.id IS NULL
        AND NOT coalesce(each.created BETWEEN field_at AND field_at + INTERVAL 1 HOUR, false)
    GROUP BY each.id
), tracked AS (
    SELECT DISTINCT account AS id FROM account_history WHERE field = 'created'
)
SELECT id, changed_at, change.id IS NOT NULL AS has_changed, tracked.id IS NOT NULL AS is_tracked
FROM change FULL JOIN tracked USING (id);

-- Since when each account is in its status.
CREATE TEMP TABLE entry AS
SELECT *, day_of(entered_at) AS entered_on
FROM (
    SELECT id, status, subscription_end, field_at, CASE
        WHEN was_read AND left_in IS DISTINCT FROM status
            AND NOT coalesce(known > getvariable('previous'), false) THEN getvariable('now')
        WHEN known IS NOT NULL THEN known
        WHEN created > getvariable('previous') OR is_tracked AND NOT has_changed THEN created
        END AS entered_at
    FROM (
        SELECT *, greatest(field_at, changed_at) AS known
        FROM (
            SELECT account.id, account.status, subscription_end, created, is_tracked, has_changed,
                changed_at, previous.id IS NOT NULL AS was_read, previous.status AS left_in,
                past(entered_field(account.status, account)) AS field_at
            FROM account LEFT JOIN history ON history.id = account.id
                LEFT JOIN previous ON previous.id = account.id
        )
    )
);

-- The closings of opportunities: the exact instant, else only the day. Open ones have neither.
CREATE TEMP TABLE deal AS
SELECT *, coalesce(stage_changed, start_of(closed_on)) AS closed_at
FROM (
    SELECT id, account, stage, is_closed, is_won, lost_reason, stage_changed,
        CASE WHEN is_closed THEN if(stage_changed IS NULL,
            if(close_date IS NULL, NULL,
                greatest(least(close_date, getvariable('today')), day_of(created))),
            day_of(stage_changed)) END AS closed_on
    FROM opportunity
);

-- What became of each account's opportunities.
CREATE TEMP TABLE deals AS
SELECT account,
    count(*) FILTER (NOT is_closed) AS open,
    bool_or(is_won AND since) AS won_since,
    bool_or(NOT is_won AND since) AS lost_since,
    bool_or(is_known AND is_won AND closed_on > subscription_end) AS won_after_subscription,
    arg_max({'reason': lost_reason}, {'closed_at': closed_at, 'id': id})
        FILTER (is_known AND NOT is_won AND closed_at IS NOT NULL).reason AS lost_reason
FROM (
    SELECT account, deal.id, is_closed, is_won, lost_reason, closed_on, closed_at, subscription_end,
        is_closed AND coalesce(closed_at <= getvariable('now'), true) AS is_known,
        is_known AND CASE
            WHEN entry.entered_at IS NULL THEN coalesce(entry.status = 'Working', true)
            WHEN is_won THEN closed_on >= entry.entered_on
            WHEN stage_changed IS NOT NULL THEN stage_changed > entry.entered_at
            ELSE closed_on > entry.entered_on END AS since
    FROM deal JOIN entry ON entry.id = deal.account
)
GROUP BY account;

-- The score of each account, and the last day of its pause where it is in Backlog.
CREATE TEMP VIEW fact AS
WITH decision_maker AS (
    SELECT DISTINCT account FROM contact
    WHERE regexp_matches(lower(strip_accents(title)), getvariable('titles'))
), qualified AS (
    SELECT DISTINCT account FROM opportunity
    WHERE stage IN getvariable('qualified_stages') OR id IN (
        SELECT opportunity FROM opportunity_history
        WHERE stage IN getvariable('qualified_stages'))
)
SELECT account.id, account.status, employees, disqualified_at, account.subscription_end,
    customer_at, enriched_at, backlog_count, backlog_until, potential_score, field_at,
    entered_at, entered_on, last_at, next_step_on,
    getvariable('today') - day_of(greatest(entry.entered_at, last_at)) AS days_since,
    coalesce(deals.open, 0) AS open, coalesce(won_since, false) AS won_since,
    coalesce(lost_since, false) AS lost_since,
    coalesce(won_after_subscription, false) AS won_after_subscription, deals.lost_reason,
    least(100, greatest(0,
        25 * coalesce(employees BETWEEN 10 AND 250, false)::INT
        + 20 * coalesce(industry IN getvariable('good_industries'), false)::INT
        + 15 * (decision_maker.account IS NOT NULL)::INT
        + 15 * coalesce(recent >= 3, false)::INT
        + 15 * coalesce(has_recent_event, false)::INT
        + 25 * (qualified.account IS NOT NULL)::INT
        - 50 * coalesce(deals.lost_reason = 'Not a fit', false)::INT)) AS potential,
    CASE WHEN account.status = 'Backlog' THEN
        if(coalesce(backlog_until < entry.entered_on, backlog_until IS NULL),
            entry.entered_on + pause_days(coalesce(backlog_count, 0)), backlog_until) END AS pause_end
FROM account JOIN entry ON entry.id = account.id
    LEFT JOIN activity ON activity.account = account.id
    LEFT JOIN deals ON deals.account = account.id
    LEFT JOIN decision_maker ON decision_maker.account = account.id
    LEFT JOIN qualified ON qualified.account = account.id;
