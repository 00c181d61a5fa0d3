"""What are managers and owners told of what is wrong, and how does the mail look?"""

from sfsync.report.admin import (
    AdminNews,
    Failed,
    Recovered,
    RefusedAgain,
    ReserveTouched,
    refused_again,
)
from sfsync.report.admin import (
    Occasion as AdminOccasion,
)
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
from sfsync.report.render import Rendered, render, render_admin, render_alerts, render_summary
from sfsync.report.sentence import FieldNames
from sfsync.report.summary import SUMMARY, Period, Summary, summarise

__all__ = [
    "MOVES_TOLD_FOR",
    "REPORTS_FILE",
    "SUMMARY",
    "AdminNews",
    "AdminOccasion",
    "AlertMail",
    "AlertOrders",
    "Commitment",
    "Edition",
    "Failed",
    "FieldNames",
    "Moved",
    "Occasion",
    "Period",
    "Person",
    "Recovered",
    "RefusedAgain",
    "Rendered",
    "Report",
    "ReportOrder",
    "ReserveTouched",
    "Summary",
    "SummaryOrder",
    "build_alerts",
    "build_reports",
    "file_name",
    "incomplete_ids",
    "load_alerts",
    "load_orders",
    "load_summary_order",
    "refused_again",
    "render",
    "render_admin",
    "render_alerts",
    "render_summary",
    "summarise",
]
