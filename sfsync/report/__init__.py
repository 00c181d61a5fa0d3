"""What are managers told of what is wrong, and how does the mail look?"""

from sfsync.report.build import Edition, build_reports
from sfsync.report.lines import Report
from sfsync.report.orders import (
    REPORTS_FILE,
    ReportOrder,
    SummaryOrder,
    load_orders,
    load_summary_order,
)
from sfsync.report.people import Person
from sfsync.report.render import Rendered, render, render_summary
from sfsync.report.sentence import FieldNames
from sfsync.report.summary import SUMMARY, Period, Summary, summarise
from sfsync.report.told import Told

__all__ = [
    "REPORTS_FILE",
    "SUMMARY",
    "Edition",
    "FieldNames",
    "Period",
    "Person",
    "Rendered",
    "Report",
    "ReportOrder",
    "Summary",
    "SummaryOrder",
    "Told",
    "build_reports",
    "load_orders",
    "load_summary_order",
    "render",
    "render_summary",
    "summarise",
]
