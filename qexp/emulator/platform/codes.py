"""What the platform says no with: HTTP status, and code of its registry where known."""

from __future__ import annotations

NOT_AUTHORIZED = (401, 1200)
WRONG_CREDENTIALS = (401, 1201)
TOO_MANY_TAGS = (400, 1204)
TAG_TOO_LONG = (400, 1205)
NOT_VALID = (400, 1101)
NO_JOB = (404, 3250)
NOT_CANCELLED = (409, 3208)
NOT_ENDED = (409, 3211)
NO_SESSION = (404, 1000)
SESSION_CLOSED = (400, 4001)
USED_UP = (409, 1000)
NOT_OF_THE_DEVICE = (400, 1517)
NOT_READ = (400, 1603)
