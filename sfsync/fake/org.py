"""How do tests and the demo use the fake org?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import requests

from sfsync.fake.adapter import FakeAdapter
from sfsync.fake.assertions import read_key
from sfsync.fake.clock import Clock
from sfsync.fake.describing import field_from_json
from sfsync.fake.founding import found_org
from sfsync.fake.ids import normalise
from sfsync.fake.importing import Given, import_record
from sfsync.fake.recording.save import save_folder
from sfsync.fake.schema import ObjectType
from sfsync.fake.server import Hook, Server
from sfsync.fake.signin import issue_token
from sfsync.fake.soql.render import cell_of
from sfsync.fake.state import OrgState, ValidationRule
from sfsync.fake.values import Row, wire_datetime
from sfsync.fake.write import Writer


@dataclass(slots=True, repr=False)
class FakeOrg:
    """A Salesforce org in memory.

    `session()` gives clients their way in; `add`, `edit`, `remove` are the people who work in it.
    All methods may be called from several threads.
    """

    state: OrgState
    server: Server

    @classmethod
    def of(cls, state: OrgState) -> "FakeOrg":
        """Return the org around a state."""
        return cls(state, Server(state))

    @classmethod
    def standard(
        cls,
        now: datetime,
        zone: str = "Europe/Paris",
        custom_fields: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        stages: Sequence[Mapping[str, Given]] | None = None,
    ) -> "FakeOrg":
        """Return an org with the standard objects and one user, who is the service's.

        `custom_fields`: per object, descriptions of fields in the form of `describe.json`; a name
        that exists changes that field. `stages`: rows of OpportunityStage (MasterLabel,
        DefaultProbability, IsClosed, IsWon, ...) instead of the platform's default ones.
        """
        return cls.of(found_org(now, zone, custom_fields or {}, stages))

    @property
    def clock(self) -> Clock:
        """The org's clock."""
        return self.state.clock

    @property
    def host(self) -> str:
        """The host name of the org, for simple-salesforce's `instance`."""
        return self.state.host

    @property
    def url(self) -> str:
        """Where clients find the org: `https://` and its host."""
        return self.state.url

    @property
    def user_id(self) -> str:
        """The Id of the service's user."""
        return self.state.user_id

    @property
    def on_request(self) -> list[Hook]:
        """The hooks asked before and after each request; tests append theirs."""
        return self.server.hooks

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The requests answered so far, as (method, path)."""
        return self.server.calls

    @property
    def call_count(self) -> int:
        """How many requests were answered so far."""
        return len(self.server.calls)

    def session(self) -> requests.Session:
        """Return a session whose https requests all come here."""
        session = requests.Session()
        session.mount("https://", FakeAdapter(self.server))
        # There is no network on this way: to look for its proxies before each request takes long.
        session.trust_env = False
        return session

    def token(self, user_id: str | None = None) -> str:
        """Sign a user in (the service's by default) and return the access token."""
        with self.state.lock:
            return issue_token(self.state, user_id or self.user_id)

    def register_key(self, pem: str) -> None:
        """Give the org's app a certificate, or a public key alone; JWTs are then checked with it.

        Raises ValueError on what is neither.
        """
        self.state.app_key = read_key(pem)

    def expire_tokens(self) -> None:
        """Make every token given out so far a bad one."""
        with self.state.lock:
            self.state.sessions.clear()

    def add(self, object_name: str, *, history: bool = False, **fields: Given) -> str:
        """Put a record into the org as an import would and return its Id.

        Audit and derived fields may be given (CreatedDate, CompletedDateTime, IsDeleted ...) and
        are then kept; the others are derived, and an activity old enough is archived. Picklists,
        lengths and required fields are not checked. A person may be given by Name alone, an event
        without end lasts an hour. The clock does not move. `history`: write history rows, stamped
        with CreatedDate. Raises KeyError on an unknown object, ValueError on an unknown field or a
        value of the wrong type, RecordRefused where fields contradict each other.
        """
        with self.state.lock:
            owner = self._object(object_name)
            record_id = import_record(self.state, owner, fields, history=history)
            self.state.commit()
            return record_id

    def edit(
        self, object_name: str, record_id: str, user: str | None = None, **fields: Given
    ) -> None:
        """Change a record as a person would, by the API's rules.

        The person is the service's user if none is named.

        Raises RecordRefused as the platform refuses; ValueError on a value of the wrong type.
        """
        owner = self._object(object_name)
        body = {name: _as_json(value) for name, value in fields.items()}
        with self.state.lock, self.state.transaction() as moment:
            Writer(self.state, user or self.user_id, moment).update(owner, record_id, body)

    def remove(self, object_name: str, record_id: str, user: str | None = None) -> None:
        """Delete a record as a person would; raises RecordRefused as the platform refuses."""
        owner = self._object(object_name)
        with self.state.lock, self.state.transaction() as moment:
            Writer(self.state, user or self.user_id, moment).delete(owner, record_id)

    def record(self, object_name: str, record_id: str) -> dict[str, object]:
        """Return a record, deleted or not, with every field (null as None) in the API's JSON form.

        Raises KeyError where there is none.
        """
        with self.state.lock:
            owner = self._object(object_name)
            found = self.state.store.table(owner.name).rows[normalise(record_id) or record_id]
            return _whole(owner, found)

    def records(self, object_name: str) -> list[dict[str, object]]:
        """Return the records of an object that are not deleted, each as `record` does.

        Archived ones are among them.
        """
        with self.state.lock:
            owner = self._object(object_name)
            return [_whole(owner, row) for row in self.state.store.live_rows(owner.name)]

    def declare(self, object_name: str, *fields: Mapping[str, object]) -> None:
        """Add fields to an object, or change those it has, from descriptions as in `describe.json`.

        A new checkbox is false on every record. Raises ValueError on a description that makes no
        sense.
        """
        with self.state.lock:
            owner = self._object(object_name)
            for described in fields:
                known = owner.fields.get(str(described.get("name")))
                owner.declare(field_from_json(described, known))

    def touch(self, object_name: str, record_id: str) -> None:
        """Let the platform itself touch a record: only SystemModstamp moves.

        Raises KeyError where there is none.
        """
        with self.state.lock, self.state.transaction() as moment:
            owner = self._object(object_name)
            found = self.state.store.table(owner.name).rows[normalise(record_id) or record_id]
            self.state.store.put(owner.name, {**found, "SystemModstamp": wire_datetime(moment)})

    def drop_field(self, object_name: str, field: str) -> None:
        """Take a field out of the org, with its values; raises KeyError if there is none."""
        with self.state.lock:
            owner = self._object(object_name)
            del owner.fields[field]
            owner.refresh()
            for row in list(self.state.store.table(owner.name).rows.values()):
                if field in row:
                    kept = {name: value for name, value in row.items() if name != field}
                    self.state.store.put(owner.name, kept)
            self.state.commit()

    def drop_object(self, object_name: str) -> None:
        """Take an object out of the org, with its records; raises KeyError if there is none."""
        with self.state.lock:
            name = self._object(object_name).name
            self.state.store.schema.drop(name)
            self.state.store.tables.pop(name, None)

    def hide_field(self, object_name: str, field: str, *, hidden: bool = True) -> None:
        """Let field-level security hide a field from the API, or show it again."""
        with self.state.lock:
            owner = self._object(object_name)
            if hidden:
                owner.hidden.add(field)
            else:
                owner.hidden.discard(field)
            owner.refresh()

    def add_validation_rule(self, object_name: str, rule: ValidationRule) -> None:
        """Let a callable judge every save through the API and `edit`.

        It gets the record before (None on creation) and after, and returns None, the text of its
        error, or the text and the field the error is shown at.
        """
        with self.state.lock:
            name = self._object(object_name).name
            self.state.validation_rules.setdefault(name, []).append(rule)

    def revise(self, change: Callable[[str, Row], Row], *, write: bool = True) -> int:
        """Put what `change` makes of each row, by its object, in its place, as if it had always
        been so: no stamp moves, and nothing follows from it. Return how many rows differ; without
        `write` that is all.
        """
        with self.state.lock:
            store, number = self.state.store, 0
            for name, table in list(store.tables.items()):
                for row in list(table.rows.values()):
                    new = change(name, row)
                    number += new != row
                    if write and new != row:
                        store.put(name, new)
            self.state.commit()
            return number

    def rows(self, object_name: str) -> list[Row]:
        """Return the rows of an object as they are kept, deleted ones, too; none where the org has
        no such object.
        """
        with self.state.lock:
            owner = self.state.store.schema.find(object_name)
            return list(self.state.store.table(owner.name).rows.values()) if owner else []

    def save(self, folder: Path) -> None:
        """Write the whole org in the form of Data Export, with describe.json and state.json.

        `load_folder` makes the same org of it, except for hooks, validation rules and tokens.
        """
        with self.state.lock:
            save_folder(self.state, folder)

    def _object(self, name: str) -> ObjectType:
        found = self.state.store.schema.find(name)
        if found is None:
            raise KeyError(f"the fake org has no object {name}")
        return found


def _whole(owner: ObjectType, row: Row) -> dict[str, object]:
    return {name: cell_of(each)(row, "") for name, each in owner.fields.items()}


def _as_json(value: Given) -> object:
    if isinstance(value, datetime):
        return wire_datetime(value)
    return value.isoformat() if isinstance(value, date) else value
