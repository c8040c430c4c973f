"""Who works with urbansense: users, what they may do, how they log in, and what they did."""

from accounts.audit.log import AuditEntry, AuditVerdict, append_audit, read_audit, verify_audit
from accounts.credentials.secrets import Scope
from accounts.sessions.authentication import Authenticator, Bearer, Caller, Session
from accounts.sessions.service import LoginSessions, NewSession, SessionTerms
from accounts.tokens.service import Token, TokenService
from accounts.users.service import UserService
from accounts.users.user import Department, NewUser, User, UserChange

__all__ = [
    "AuditEntry",
    "AuditVerdict",
    "Authenticator",
    "Bearer",
    "Caller",
    "Department",
    "LoginSessions",
    "NewSession",
    "NewUser",
    "Scope",
    "Session",
    "SessionTerms",
    "Token",
    "TokenService",
    "User",
    "UserChange",
    "UserService",
    "append_audit",
    "read_audit",
    "verify_audit",
]
