-- Words of the sales loop's description that all other texts use. `day_of` and `start_of` come from
-- the org's time zone.
CREATE MACRO instant(text) AS left(text::VARCHAR, 19)::TIMESTAMP;
CREATE MACRO past(moment) AS if(moment <= getvariable('now'), moment, NULL);
CREATE MACRO end_of(day) AS start_of(day + 1) - INTERVAL 1 SECOND;
CREATE MACRO written(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.000+0000');
CREATE MACRO pause_days(stay) AS CASE WHEN stay <= 1 THEN 90 WHEN stay = 2 THEN 180 ELSE 365 END;
-- The instant in the field of a status or stage, of a row of the records' table.
CREATE MACRO entered_field(status, row) AS CASE status
    WHEN 'Unqualified Pool' THEN row.unqualified_pool_at
    WHEN 'Qualified Pool' THEN row.qualified_pool_at WHEN 'Target' THEN row.target_at
    WHEN 'Working' THEN row.working_at WHEN 'Customer' THEN row.customer_at
    WHEN 'Backlog' THEN row.backlog_at WHEN 'Disqualified' THEN row.disqualified_at
    WHEN 'Churn' THEN row.churn_at END;
CREATE MACRO stage_field(stage, row) AS CASE stage
    WHEN 'Opportunity Identified' THEN row.identified_at
    WHEN 'Qualified Opportunity' THEN row.qualified_at WHEN 'Free Trial' THEN row.free_trial_at
    WHEN 'Closing' THEN row.closing_at WHEN 'Commit' THEN row.commit_at
    WHEN 'Closed Won' THEN row.won_at WHEN 'Closed Lost' THEN row.lost_at END;

-- Its name in the API; null for what is no status or stage of the loop.
CREATE MACRO field_of_status(status) AS CASE WHEN status IN ('Unqualified Pool', 'Qualified Pool',
    'Target', 'Working', 'Customer', 'Backlog', 'Disqualified', 'Churn')
    THEN replace(status, ' ', '_') || '_At__c' END;
CREATE MACRO field_of_stage(stage) AS CASE stage
    WHEN 'Opportunity Identified' THEN 'Identified_At__c'
    WHEN 'Qualified Opportunity' THEN 'Qualified_At__c'
    WHEN 'Free Trial' THEN 'Free_Trial_At__c' WHEN 'Closing' THEN 'Closing_At__c'
    WHEN 'Commit' THEN 'Commit_At__c' WHEN 'Closed Won' THEN 'Won_At__c'
    WHEN 'Closed Lost' THEN 'Lost_At__c' END;
