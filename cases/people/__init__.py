"""Who works with urbansense: users, what they may do, how they log in, and what they did."""

# The book of cases writes into the audit log: whichever of the two packages is asked for first, that one is loaded first.
import cases.storage  # noqa: F401
from cases.people.audit import AuditEntry, AuditVerdict, append_audit, read_audit, verify_audit
from cases.people.book import PeopleBook
from cases.people.credentials import Scope
from cases.people.door import Bearer, Caller, Doorkeeper, Session
from cases.people.logins import Logins, NewSession, SessionTerms
from cases.people.tokens import Token, TokenBook
from cases.people.user import Department, NewUser, User, UserChange

__all__ = [
    "AuditEntry",
    "AuditVerdict",
    "Bearer",
    "Caller",
    "Department",
    "Doorkeeper",
    "Logins",
    "NewSession",
    "NewUser",
    "PeopleBook",
    "Scope",
    "Session",
    "SessionTerms",
    "Token",
    "TokenBook",
    "User",
    "UserChange",
    "append_audit",
    "read_audit",
    "verify_audit",
]
