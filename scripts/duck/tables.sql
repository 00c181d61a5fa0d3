-- The records of a bench org as native tables: typed, without what is deleted or was created after
-- the pass began (a task counts whenever it was created). In the folder lie the records as the API
-- gives them.
CREATE TABLE account AS
SELECT Id AS id, Status__c::VARCHAR AS status, instant(CreatedDate) AS created,
    NumberOfEmployees::BIGINT AS employees, Industry::VARCHAR AS industry,
    Backlog_Count__c::INTEGER AS backlog_count, Backlog_Until__c::DATE AS backlog_until,
    Potential_Score__c::INTEGER AS potential_score,
    Subscription_End__c::DATE AS subscription_end, instant(Enriched_At__c) AS enriched_at,
    instant(Unqualified_Pool_At__c) AS unqualified_pool_at,
    instant(Qualified_Pool_At__c) AS qualified_pool_at, instant(Target_At__c) AS target_at,
    instant(Working_At__c) AS working_at, instant(Customer_At__c) AS customer_at,
    instant(Backlog_At__c) AS backlog_at, instant(Disqualified_At__c) AS disqualified_at,
    instant(Churn_At__c) AS churn_at
FROM read_parquet(getvariable('folder') || '/Account.parquet')
WHERE NOT IsDeleted AND NOT coalesce(instant(CreatedDate) > getvariable('now'), false);

CREATE TABLE opportunity AS
SELECT Id AS id, AccountId::VARCHAR AS account, StageName::VARCHAR AS stage,
    IsClosed AS is_closed, IsWon AS is_won, CloseDate::DATE AS close_date,
    instant(CreatedDate) AS created, instant(LastStageChangeDate) AS stage_changed,
    Lost_Reason__c::VARCHAR AS lost_reason, instant(Identified_At__c) AS identified_at,
    instant(Qualified_At__c) AS qualified_at, instant(Free_Trial_At__c) AS free_trial_at,
    instant(Closing_At__c) AS closing_at, instant(Commit_At__c) AS commit_at,
    instant(Won_At__c) AS won_at, instant(Lost_At__c) AS lost_at
FROM read_parquet(getvariable('folder') || '/Opportunity.parquet')
WHERE NOT IsDeleted AND NOT coalesce(instant(CreatedDate) > getvariable('now'), false);

CREATE TABLE task AS
SELECT AccountId::VARCHAR AS account, Subject::VARCHAR AS subject, IsClosed AS is_closed,
    IsRecurrence AS is_recurrence, ActivityDate::DATE AS due,
    instant(CompletedDateTime) AS completed, instant(CreatedDate) AS created
FROM read_parquet(getvariable('folder') || '/Task.parquet')
WHERE NOT IsDeleted;

CREATE TABLE event AS
SELECT AccountId::VARCHAR AS account, IsAllDayEvent AS is_all_day, IsChild AS is_child,
    IsRecurrence AS is_recurrence, ActivityDate::DATE AS day, instant(StartDateTime) AS starts,
    instant(CreatedDate) AS created
FROM read_parquet(getvariable('folder') || '/Event.parquet')
WHERE NOT IsDeleted AND NOT coalesce(instant(CreatedDate) > getvariable('now'), false);

CREATE TABLE contact AS
SELECT AccountId::VARCHAR AS account, Title::VARCHAR AS title, instant(CreatedDate) AS created
FROM read_parquet(getvariable('folder') || '/Contact.parquet')
WHERE NOT IsDeleted AND NOT coalesce(instant(CreatedDate) > getvariable('now'), false);

CREATE TABLE account_history AS
SELECT AccountId AS account, Field AS field, NewValue::VARCHAR AS new_value,
    instant(CreatedDate) AS created, CreatedById::VARCHAR AS created_by
FROM read_parquet(getvariable('folder') || '/AccountHistory.parquet')
WHERE instant(CreatedDate) <= getvariable('now');

CREATE TABLE opportunity_history AS
SELECT Id AS id, OpportunityId AS opportunity, StageName::VARCHAR AS stage,
    instant(CreatedDate) AS created, CreatedById::VARCHAR AS created_by
FROM read_parquet(getvariable('folder') || '/OpportunityHistory.parquet')
WHERE instant(CreatedDate) <= getvariable('now');

CREATE TABLE previous AS
SELECT id, state AS status FROM read_parquet(getvariable('folder') || '/previous.parquet')
WHERE object = 'Account';

CREATE TABLE own_write AS
SELECT object, id, value, timezone('UTC', sent_at) AS sent_at
FROM read_parquet(getvariable('folder') || '/own_write.parquet');
