"""What are managers told of what is wrong, and how does the mail look?"""

from sfsync.report.build import Edition, build_reports
from sfsync.report.lines import Report
from sfsync.report.orders import REPORTS_FILE, ReportOrder, load_orders
from sfsync.report.people import Person
from sfsync.report.render import Rendered, render
from sfsync.report.sentence import FieldNames

__all__ = [
    "REPORTS_FILE",
    "Edition",
    "FieldNames",
    "Person",
    "Rendered",
    "Report",
    "ReportOrder",
    "build_reports",
    "load_orders",
    "render",
]
