-- Which rule moves which account, and what is written into which field: sections 4 to 7 of the sales
-- loop's description. A row of the plan is object, id, field, new value as the API takes it, cause.

CREATE TEMP TABLE moved AS
SELECT *, coalesce(target, status) AS after,
    CASE WHEN target = 'Backlog' THEN coalesce(backlog_count, 0) + 1 END AS next_count,
    if(rule = 'opportunities-lost' AND coalesce(lost_reason = 'Too small', false), 365,
        pause_days(coalesce(backlog_count, 0) + 1)) AS next_pause
FROM (
    SELECT *, CASE rule
        WHEN 'won' THEN 'Customer' WHEN 'opportunity-opened' THEN 'Working'
        WHEN 'out-of-target' THEN 'Disqualified' WHEN 'subscription-ended' THEN 'Churn'
        WHEN 'opportunities-lost' THEN 'Backlog' WHEN 'activity' THEN 'Target'
        WHEN 'idle' THEN 'Backlog' WHEN 'backlog-expired-high' THEN 'Qualified Pool'
        WHEN 'backlog-expired-low' THEN 'Unqualified Pool'
        WHEN 'churn-cooled-down' THEN 'Qualified Pool'
        WHEN 'qualified-by-data' THEN 'Qualified Pool' WHEN 'entered-high' THEN 'Qualified Pool'
        WHEN 'entered-low' THEN 'Unqualified Pool' END AS target
    FROM (
        SELECT *, CASE
            WHEN won_since AND (status IS NULL OR status IN ('Unqualified Pool', 'Qualified Pool',
                'Target', 'Working', 'Backlog', 'Churn')) THEN 'won'
            WHEN open >= 1 AND (status IS NULL OR status IN ('Unqualified Pool', 'Qualified Pool',
                'Target', 'Backlog', 'Churn')) THEN 'opportunity-opened'
            WHEN employees > 5000 AND disqualified_at IS NULL AND (status IS NULL OR status IN
                ('Unqualified Pool', 'Qualified Pool', 'Target', 'Backlog')) THEN 'out-of-target'
            WHEN status = 'Customer' AND subscription_end < getvariable('today') AND open = 0
                AND customer_at IS DISTINCT FROM getvariable('now') AND NOT won_after_subscription
                THEN 'subscription-ended'
            WHEN status = 'Working' AND lost_since AND NOT won_since AND open = 0
                THEN 'opportunities-lost'
            WHEN status = 'Qualified Pool' AND last_at > entered_at THEN 'activity'
            WHEN status = 'Target' AND entered_at IS NOT NULL AND days_since >= 60
                AND next_step_on IS NULL THEN 'idle'
            WHEN status = 'Backlog' AND pause_end <= getvariable('today')
                THEN if(potential >= 50, 'backlog-expired-high', 'backlog-expired-low')
            WHEN status = 'Churn' AND getvariable('today') - entered_on >= 90
                THEN 'churn-cooled-down'
            WHEN status = 'Unqualified Pool' AND potential >= 50
                AND enriched_at BETWEEN getvariable('enriched_from') AND getvariable('now')
                THEN 'qualified-by-data'
            WHEN status IS NULL THEN if(potential >= 50, 'entered-high', 'entered-low')
            END AS rule
        FROM fact
    )
);

-- What the fields of accounts become. Where a rule moves the account its name is the cause of all.
CREATE TEMP TABLE account_write AS
SELECT id, 1 AS turn, 'Status__c' AS field, after AS value, rule FROM moved WHERE rule IS NOT NULL
UNION ALL
SELECT id, 1, field_of_status(after), written(getvariable('now')), rule
FROM moved JOIN account USING (id)
WHERE rule IS NOT NULL AND entered_field(after, account) IS DISTINCT FROM getvariable('now')
UNION ALL
SELECT id, 1, 'Backlog_Count__c', next_count::VARCHAR, rule FROM moved
WHERE target = 'Backlog'
UNION ALL
SELECT id, 1, 'Backlog_Until__c', (getvariable('today') + next_pause)::VARCHAR, rule FROM moved
WHERE target = 'Backlog' AND NOT coalesce(backlog_until > getvariable('today'), false)
    AND backlog_until IS DISTINCT FROM getvariable('today') + next_pause
UNION ALL
SELECT id, 1, 'Backlog_Until__c', NULL, rule FROM moved
WHERE backlog_until IS NOT NULL AND rule IN ('won', 'opportunity-opened', 'out-of-target',
    'backlog-expired-high', 'backlog-expired-low')
UNION ALL
SELECT id, 2, 'Backlog_Until__c', pause_end::VARCHAR, rule FROM moved
WHERE rule IS NULL AND pause_end IS NOT NULL AND backlog_until IS DISTINCT FROM pause_end
UNION ALL
SELECT id, 3, field_of_status(status), written(entered_at), rule FROM moved
WHERE field_of_status(status) IS NOT NULL AND entered_at IS NOT NULL
    AND coalesce(field_at < entered_at, true)
UNION ALL
SELECT id, 4, 'Potential_Score__c', potential::VARCHAR, rule FROM moved
WHERE after IN ('Unqualified Pool', 'Qualified Pool', 'Target', 'Backlog')
    AND potential_score IS DISTINCT FROM potential;

-- Since when each opportunity is in its stage, of those whose stage has a field and whose closing is
-- not left to the cleanup.
CREATE TEMP TABLE stage_entry AS
WITH judged AS (
    SELECT id, stage, past(stage_changed) AS stage_changed, past(stage_field(stage, opportunity)) AS field_at
    FROM opportunity SEMI JOIN (
        SELECT id FROM deal WHERE NOT coalesce(getvariable('today') - closed_on > 30, false)
    ) USING (id)
    WHERE field_of_stage(stage) IS NOT NULL
), run AS (
    SELECT history.opportunity AS id, history.id AS row_id, created, created_by,
        history.stage = judged.stage AND history.stage IS DISTINCT FROM lag(history.stage)
            OVER (PARTITION BY opportunity ORDER BY created, history.id) AS begins
    FROM opportunity_history AS history JOIN judged ON judged.id = history.opportunity
), latest AS (
    SELECT id, arg_max({'begun': created, 'by': created_by}, {'begun': created, 'row_id': row_id}) AS row
    FROM run WHERE begins GROUP BY id
), entered AS (
    SELECT judged.*, row.begun AS begun,
        coalesce(row.by = getvariable('own_user') AND row.begun BETWEEN field_at
            AND field_at + INTERVAL 1 HOUR, false)
        OR coalesce(row.by, getvariable('own_user')) = getvariable('own_user') AND EXISTS (
            FROM own_write WHERE object = 'Opportunity' AND own_write.id = judged.id
                AND value = judged.stage AND row.begun BETWEEN sent_at - INTERVAL 5 MINUTE
                AND sent_at + INTERVAL 1 HOUR) AS is_own
    FROM judged LEFT JOIN latest ON latest.id = judged.id
)
SELECT id, stage, field_at, CASE
    WHEN begun IS NOT NULL AND NOT is_own THEN greatest(begun, field_at)
    ELSE coalesce(field_at, stage_changed) END AS entered_at
FROM entered;

CREATE TEMP TABLE plan AS
SELECT 'Account' AS object, id, field, value, if(rule IS NULL, CASE
        min(turn) OVER (PARTITION BY id)
        WHEN 2 THEN 'pause' WHEN 3 THEN 'timestamps' ELSE 'score' END, 'rule:' || rule) AS cause
FROM account_write
UNION ALL
SELECT 'Opportunity', id, field_of_stage(stage), written(entered_at), 'timestamps'
FROM stage_entry WHERE entered_at IS NOT NULL AND coalesce(field_at < entered_at, true);
