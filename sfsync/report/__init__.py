"""What are managers and owners told of what is wrong, and how does the mail look?"""

from sfsync.report.alert_orders import AlertOrders
from sfsync.report.alerts import MOVES_TOLD_FOR, AlertMail, Moved, Occasion, build_alerts
from sfsync.report.build import Edition, build_reports
from sfsync.report.files import file_name
from sfsync.report.forecast import Commitment, incomplete_ids
from sfsync.report.lines import Report
from sfsync.report.orders import (
    REPORTS_FILE,
    ReportOrder,
    SummaryOrder,
    load_alerts,
    load_orders,
    load_summary_order,
)
from sfsync.report.people import Person
from sfsync.report.render import Rendered, render, render_alerts, render_summary
from sfsync.report.sentence import FieldNames
from sfsync.report.summary import SUMMARY, Period, Summary, summarise

__all__ = [
    "MOVES_TOLD_FOR",
    "REPORTS_FILE",
    "SUMMARY",
    "AlertMail",
    "AlertOrders",
    "Commitment",
    "Edition",
    "FieldNames",
    "Moved",
    "Occasion",
    "Period",
    "Person",
    "Rendered",
    "Report",
    "ReportOrder",
    "Summary",
    "SummaryOrder",
    "build_alerts",
    "build_reports",
    "file_name",
    "incomplete_ids",
    "load_alerts",
    "load_orders",
    "load_summary_order",
    "render",
    "render_alerts",
    "render_summary",
    "summarise",
]
