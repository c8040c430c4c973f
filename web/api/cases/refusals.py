"""What the workflow and the store refuse, as problem documents; and texts that no database holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from cases.attachments import NoPhoto, NoRoom, PhotoTooLarge, TooMany, TooMuchInADay
from cases.storage import Conflict, KeyReused, UnknownCase
from cases.workflow.refusals import Illegal, Incomplete, NotAllowed
from web.http.problems import Fault, Refused
from web.http.text_limits import refuse_unstorable as refuse_unstorable


@contextmanager
def refusals() -> Iterator[None]:
    """Turns what is refused into the answer that names why."""
    try:
        yield
    except Illegal as error:
        raise Refused(HTTPStatus.CONFLICT, "illegal-transition", str(error), legal=list(error.legal)) from error
    except NotAllowed as error:
        raise Refused(HTTPStatus.FORBIDDEN, "not-allowed", str(error)) from error
    except Incomplete as error:
        faults = [Fault(where=name, detail="needed for this transition") for name in error.needs]
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, "incomplete", str(error), faults, needs=list(error.needs)
        ) from error
    except Conflict as error:
        done = [
            {"revision": entry.revision, "transition": entry.transition, "actor": entry.actor, "at_ms": entry.at_ms}
            for entry in error.meanwhile
        ]
        raise Refused(
            HTTPStatus.PRECONDITION_FAILED, "version-conflict", str(error), meanwhile=done, revision=error.case.revision
        ) from error
    except UnknownCase as error:
        raise Refused(HTTPStatus.NOT_FOUND, "not-found", str(error)) from error
    except KeyReused as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", str(error)) from error
    except NoPhoto as error:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", str(error)) from error
    except PhotoTooLarge as error:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", str(error)) from error
    except TooMany as error:
        raise Refused(HTTPStatus.CONFLICT, "conflict", str(error)) from error
    except TooMuchInADay as error:
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too-much", str(error)) from error
    except NoRoom as error:
        raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, "no-room", str(error)) from error
