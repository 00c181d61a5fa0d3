"""What does a SOQL statement say?

A recursive-descent parser. What the fake does not know (TYPEOF, ROLLUP, CUBE, WITH DATA CATEGORY
and so on) is refused like any other word at the wrong place.
"""

from dataclasses import replace

from sfsync.fake.soql.conditions import ConditionParser
from sfsync.fake.soql.syntax import FieldsOf, Ordering, Query, Selected
from sfsync.fake.soql.tokens import malformed

_CLAUSES = ("WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "USING", "ALL")


def parse(statement: str) -> Query:
    """Parse a whole statement; raises ApiError MALFORMED_QUERY."""
    parser = QueryParser(statement)
    query = parser.query()
    parser.end()
    return query


class QueryParser(ConditionParser):
    """The clauses of a query."""

    def query(self) -> Query:
        """Parse SELECT ... with all its clauses."""
        self.expect_word("SELECT")
        select = [self._item()]
        while self.accept(","):
            select.append(self._item())
        self.expect_word("FROM")
        name = self.word()
        query = Query(tuple(select), name.text, name.at, alias=self._from_alias())
        if self.accept_word("WHERE"):
            query = replace(query, where=self.condition())
        query = self._grouped(query)
        if self.accept_word("ORDER"):
            self.expect_word("BY")
            query = replace(query, order_by=self._list_of_orderings())
        return self._bounded(query)

    def _from_alias(self) -> str | None:
        self.accept_word("AS")
        if self.current.kind == "word" and self.current.text.upper() not in _CLAUSES:
            return self.take().text
        return None

    def _item(self) -> Selected | FieldsOf | Query:
        if self.accept("("):
            query = self.query()
            self.expect(")")
            return query
        if self.current.is_word("FIELDS") and self.following.text == "(":
            return self._fields()
        expression = self.expression()
        alias = None
        if self.current.kind == "word" and not self.current.is_word("FROM"):
            alias = self.take().text
        return Selected(expression, alias)

    def _fields(self) -> FieldsOf:
        at = self.take().at
        self.expect("(")
        which = self.word()
        if not which.is_word("ALL", "STANDARD", "CUSTOM"):
            raise malformed(self.statement, which.at, f"Invalid FIELDS() argument: {which.text}")
        self.expect(")")
        return FieldsOf(which.text.upper(), at)

    def _grouped(self, query: Query) -> Query:
        if self.accept_word("GROUP"):
            self.expect_word("BY")
            expressions = [self.expression()]
            while self.accept(","):
                expressions.append(self.expression())
            query = replace(query, group_by=tuple(expressions))
        if self.accept_word("HAVING"):
            query = replace(query, having=self.condition())
        return query

    def _list_of_orderings(self) -> tuple[Ordering, ...]:
        found = [self._ordering()]
        while self.accept(","):
            found.append(self._ordering())
        return tuple(found)

    def _ordering(self) -> Ordering:
        expression = self.expression()
        descending = self.accept_word("DESC")
        if not descending:
            self.accept_word("ASC")
        nulls_last = False
        if self.accept_word("NULLS"):
            nulls_last = self.accept_word("LAST")
            if not nulls_last:
                self.expect_word("FIRST")
        return Ordering(expression, descending, nulls_last)

    def _bounded(self, query: Query) -> Query:
        if self.accept_word("LIMIT"):
            at = self.current.at
            query = replace(query, limit=self.whole_number(), limit_at=at)
        if self.accept_word("OFFSET"):
            at = self.current.at
            query = replace(query, offset=self.whole_number(), offset_at=at)
        if self.current.is_word("FOR") and self.following.is_word("VIEW", "REFERENCE"):
            self.take()
            self.take()
        return query
