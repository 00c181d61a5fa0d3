"""What are managers and owners told of what is wrong, and how does the mail look?"""

from sfsync.report.alert_orders import AlertOrders
from sfsync.report.alerts import MOVES_TOLD_FOR, AlertMail, Moved, Occasion, build_alerts
from sfsync.report.build import Edition, build_reports
from sfsync.report.lines import Report
from sfsync.report.orders import REPORTS_FILE, ReportOrder, load_alerts, load_orders
from sfsync.report.people import Person
from sfsync.report.render import Rendered, render, render_alerts
from sfsync.report.sentence import FieldNames

__all__ = [
    "MOVES_TOLD_FOR",
    "REPORTS_FILE",
    "AlertMail",
    "AlertOrders",
    "Edition",
    "FieldNames",
    "Moved",
    "Occasion",
    "Person",
    "Rendered",
    "Report",
    "ReportOrder",
    "build_alerts",
    "build_reports",
    "load_alerts",
    "load_orders",
    "render",
    "render_alerts",
]
